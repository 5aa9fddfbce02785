"""Exchanges: what the mechanisms of SASL say and hear, until it is known who the client is.

An exchange takes the client's messages one by one and gives back the server's. It is used once, and
the first message that is wrong ends it. A message that is none of the mechanism's is written down
here as a failed login, without a byte of it; wrong passwords, keys and tokens are written down by
the authenticator.
Called by: login. Calls: the authenticator.
Source: RFC 4616 (PLAIN), RFC 5802 and KIP-84 (SCRAM), RFC 7628 and KIP-255 (OAUTHBEARER), KIP-43.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.cluster.security_records import ScramRecord
from app.security.authenticator import Authenticator
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import key_id_of, key_of_pair
from app.security.logins.scram_keys import SCRAM_SHA_256, SCRAM_SHA_512
from app.security.principal import Principal
from app.security.scram import ScramName, ScramServer

PLAIN = "PLAIN"
OAUTHBEARER = "OAUTHBEARER"
INVALID_TOKEN = b'{"status":"invalid_token"}'
"""What is said of every token that is not good (RFC 7628, 3.2.2; KIP-255)."""

_SEPARATOR = b"\x01"
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
_KEY = re.compile(rb"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Step:
    """What the server says next."""

    answer: bytes
    principal: Principal | None = None
    """Who the client is; None while that is not shown yet."""


class Exchange(Protocol):
    """One login by one mechanism."""

    async def take(self, message: bytes) -> Step:
        """Return what is said to a message of the client's.

        Raises:
            AuthenticationFailed: The client does not get in.
        """


class PlainExchange:
    """A user and its password, or the id of an API key and its secret, in one message."""

    def __init__(self, authenticator: Authenticator, host: str) -> None:
        """Await the message.

        Args:
            authenticator: Knows users and keys.
            host: The client's address, without the port.
        """
        self._authenticator = authenticator
        self._host = host

    async def take(self, message: bytes) -> Step:
        """Return who it is, with nothing to say."""
        try:
            user, secret = _pair_of(message)
        except AuthenticationFailed as failed:
            self._authenticator.logins.failed("", PLAIN, self._host, failed.log_reason)
            raise
        return Step(b"", await self._principal(user, secret))

    async def _principal(self, user: str, secret: str) -> Principal:
        key = key_of_pair(user, secret)
        if key is not None:
            return self._authenticator.api_key(key, self._host)
        return await self._authenticator.password(user, secret, self._host)


class ScramExchange:
    """Two messages, by which a client proves that it knows a password."""

    def __init__(self, mechanism: str, authenticator: Authenticator, host: str) -> None:
        """Await the first message.

        Args:
            mechanism: ``SCRAM-SHA-256`` or ``SCRAM-SHA-512``.
            authenticator: Knows the credentials.
            host: The client's address, without the port.
        """
        self._mechanism = mechanism
        self._authenticator = authenticator
        self._host = host
        self._server = ScramServer(mechanism, self._find)
        self._who: ScramName | None = None

    async def take(self, message: bytes) -> Step:
        """Return the server's first message, then its final one and who it is."""
        who, authenticator = self._who, self._authenticator
        try:
            if who is None:
                return Step(self._server.first(message))
            shown = f"token {who.name}" if who.is_token else who.name
            authenticator.begin_proof(shown, self._host)
            answer = self._server.final(message)
            if who.is_token:
                principal = authenticator.token_principal(who.name, self._host)
                authenticator.logins.succeeded(principal, self._mechanism)
                return Step(answer, principal)
            return Step(answer, authenticator.scram_principal(self._server.proved, self._host))
        except AuthenticationFailed as failed:
            shown = self._who.name if self._who is not None else ""
            authenticator.logins.failed(shown, self._mechanism, self._host, failed.log_reason)
            raise

    def _find(self, who: ScramName) -> ScramRecord:
        self._who = who
        if who.is_token:
            return self._authenticator.token_credential(self._mechanism, who.name)
        return self._authenticator.scram_credential(self._mechanism, who.name)


class BearerExchange:
    """A token or a whole API key in one message; who shows a bad one is told so, then refused."""

    def __init__(self, authenticator: Authenticator, host: str) -> None:
        """Await the message.

        Args:
            authenticator: Knows tokens and keys.
            host: The client's address, without the port.
        """
        self._authenticator = authenticator
        self._host = host
        self._is_refused = False

    async def take(self, message: bytes) -> Step:
        """Return who it is; of a bad token, what is wrong, and then nothing but a refusal."""
        if self._is_refused:
            raise AuthenticationFailed("a bad token")
        logins = self._authenticator.logins
        try:
            on_behalf_of, token = _token_of(message)
        except AuthenticationFailed as failed:
            logins.failed("", OAUTHBEARER, self._host, failed.log_reason)
            raise
        try:
            principal = await self._principal(token)
        except AuthenticationFailed:
            self._is_refused = True
            return Step(INVALID_TOKEN)
        if on_behalf_of not in ("", principal.name):
            self._is_refused = True
            reason = "OAUTHBEARER on behalf of another"
            logins.failed(principal.name, OAUTHBEARER, self._host, reason)
            return Step(INVALID_TOKEN)
        return Step(b"", principal)

    async def _principal(self, token: str) -> Principal:
        if key_id_of(token) is not None:
            return self._authenticator.api_key(token, self._host)
        return await self._authenticator.bearer(token, self._host)


def _pair_of(message: bytes) -> tuple[str, str]:
    """Return the user and the password of a message of PLAIN.

    Raises:
        AuthenticationFailed: It is none, or on behalf of another.
    """
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise AuthenticationFailed("not a message of PLAIN")
    try:
        on_behalf_of, user, secret = (one.decode() for one in parts)
    except UnicodeDecodeError:
        raise AuthenticationFailed("a message of PLAIN that is no text") from None
    if not user or not secret or on_behalf_of not in ("", user):
        raise AuthenticationFailed("PLAIN without a user or a password, or for another")
    return user, secret


def _token_of(message: bytes) -> tuple[str, str]:
    """Return on whose behalf a client's first message of OAUTHBEARER is, and the token.

    Other keys than ``auth`` are for others (KIP-342) and are not looked at.

    Raises:
        AuthenticationFailed: It is none.
    """
    header, *pairs = message.split(_SEPARATOR)
    parts = header.split(b",")
    is_header = len(parts) == 3 and parts[0] in (b"n", b"y") and parts[2] == b""
    if not is_header or parts[1][:2] not in (b"", b"a=") or pairs[-2:] != [b"", b""]:
        raise AuthenticationFailed("not a message of OAUTHBEARER")
    values: dict[bytes, bytes] = {}
    for pair in pairs[:-2]:
        key, found, value = pair.partition(b"=")
        if not found or not _KEY.fullmatch(key) or key in values:
            raise AuthenticationFailed("not a message of OAUTHBEARER")
        values[key] = value
    bearer = _BEARER.fullmatch(values.get(b"auth", b""))
    if bearer is None:
        raise AuthenticationFailed("OAUTHBEARER without a token")
    try:
        name = parts[1][2:].decode().replace("=2C", ",").replace("=3D", "=")
    except UnicodeDecodeError:
        raise AuthenticationFailed("OAUTHBEARER on behalf of what is no text") from None
    return name, bearer[1].decode()


Opens = Callable[[Authenticator, str], Exchange]
EXCHANGES: Mapping[str, Opens] = {
    PLAIN: PlainExchange,
    OAUTHBEARER: BearerExchange,
    SCRAM_SHA_256: lambda authenticator, host: ScramExchange(SCRAM_SHA_256, authenticator, host),
    SCRAM_SHA_512: lambda authenticator, host: ScramExchange(SCRAM_SHA_512, authenticator, host),
}
"""What opens an exchange, by mechanism."""

SHOWING_SECRETS = frozenset({PLAIN, OAUTHBEARER})
"""Mechanisms that show to whoever listens what one logs in with."""
