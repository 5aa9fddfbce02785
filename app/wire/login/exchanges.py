"""Exchanges: what the mechanisms of SASL say and hear, until it is known who the client is.

An exchange takes the client's messages one by one and gives back the server's. It is used once, and
the first message that is wrong ends it.
Called by: login. Calls: the authenticator.
Source: RFC 4616 (PLAIN), RFC 5802 and KIP-84 (SCRAM), KIP-43.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.cluster.security_records import ScramRecord
from app.security.authenticator import Authenticator
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import key_of_pair
from app.security.logins.scram_keys import SCRAM_SHA_256, SCRAM_SHA_512
from app.security.principal import Principal
from app.security.scram import ScramName, ScramServer

PLAIN = "PLAIN"


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
        parts = message.split(b"\0")
        if len(parts) != 3:
            raise AuthenticationFailed("not a message of PLAIN")
        try:
            on_behalf_of, user, secret = (one.decode() for one in parts)
        except UnicodeDecodeError:
            raise AuthenticationFailed("a message of PLAIN that is no text") from None
        if not user or not secret or on_behalf_of not in ("", user):
            raise AuthenticationFailed("PLAIN without a user or a password, or for another")
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
        self._user: str | None = None

    async def take(self, message: bytes) -> Step:
        """Return the server's first message, then its final one and who it is."""
        if self._user is None:
            return Step(self._server.first(message))
        authenticator = self._authenticator
        authenticator.begin_proof(self._user, self._host)
        answer = self._server.final(message)
        return Step(answer, authenticator.scram_principal(self._server.proved, self._host))

    def _find(self, who: ScramName) -> ScramRecord:
        if who.is_token:
            raise AuthenticationFailed("SCRAM with a delegation token, which is not here")
        self._user = who.name
        return self._authenticator.scram_credential(self._mechanism, who.name)


Opens = Callable[[Authenticator, str], Exchange]
EXCHANGES: Mapping[str, Opens] = {
    PLAIN: PlainExchange,
    SCRAM_SHA_256: lambda authenticator, host: ScramExchange(SCRAM_SHA_256, authenticator, host),
    SCRAM_SHA_512: lambda authenticator, host: ScramExchange(SCRAM_SHA_512, authenticator, host),
}
"""What opens an exchange, by mechanism."""

SHOWING_SECRETS = frozenset({PLAIN})
"""Mechanisms that show to whoever listens what one logs in with."""
