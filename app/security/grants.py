"""Grants: what a party shows, and the tokens it gets for it.

For a password, or a SCRAM proof of one, there is an access token and a refresh token; for an API
key an access token alone, for the key is there to be shown again. A refresh token is used once: it
has one successor. One that is used twice was stolen, or its successor was: the whole login ends,
with its access tokens.

Invariants:
    A token gives no more than what it was got with: not wider scopes, not for longer than a key.
    A login ends after ``LOGIN_LIFE_MS``, its access tokens with it.
    Refresh tokens are kept as their SHA-256. Nothing that was shown is in an error.
    An exchange of SCRAM gets tokens once, on whichever node.
    What is used or revoked is remembered until it is over by the slowest clock (``SKEW_MS``).
Called by: api.v3.security.tokens. Calls: the authenticator, access_tokens, exchanges, the
catalog.
Source: RFC 6749 (4.4, 5, 6), RFC 7009, RFC 9700 (4.14.2).
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from app.cluster.errors import UnknownUser
from app.cluster.security_records import RefreshTokenRecord, ScramRecord
from app.security.acls import Resource, ResourceType
from app.security.audit.audit import Audit, NoAudit
from app.security.audit.changes import written_down
from app.security.authenticator import FAILED_LOGIN_DELAY_S, Authenticator
from app.security.authorizer.scopes import SCOPES
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import key_of_pair
from app.security.logins.scram_keys import HASH_NAMES
from app.security.principal import CredentialKind, Principal
from app.security.scram import ScramName, ScramServer
from app.security.tokens.access_tokens import LIFE_MS, SKEW_MS, AccessTokens, Grant
from app.security.tokens.exchanges import Exchange, Exchanges
from app.security.watcher import SecurityWatcher
from app.telemetry.clock import Clock

REFRESH_PREFIX = "cauce-refresh-"
CLIENT_CREDENTIALS = "client_credentials"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - RFC 6749's word for a grant
REVOKE_TOKEN = "RevokeToken"  # noqa: S105 - the name of a method
REFRESH_LIFE_MS = 24 * 60 * 60 * 1000
"""How long a refresh token may lie unused."""

LOGIN_LIFE_MS = 30 * 24 * 60 * 60 * 1000
"""How long refresh tokens of one login are given, however often they are used."""

SECRET_BYTES = 32


class GrantRefused(Exception):
    """No token is given; ``error`` is RFC 6749's word for why, the text is for people."""

    def __init__(self, error: str, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.error = error
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What a party gets."""

    access_token: str = field(repr=False)
    expires_in_s: int
    scopes: frozenset[str] | None
    refresh_token: str | None = field(repr=False)


class Grants:
    """Gives tokens."""

    def __init__(
        self,
        authenticator: Authenticator,
        access_tokens: AccessTokens,
        exchanges: Exchanges,
        watcher: SecurityWatcher,
        clock: Clock,
        *,
        audit: Audit | None = None,
        failed_login_delay_s: float = FAILED_LOGIN_DELAY_S,
    ) -> None:
        """Give none yet.

        Args:
            authenticator: Judges what is shown.
            access_tokens: Issues them.
            exchanges: Keeps those of SCRAM, with the clients.
            watcher: Of the security image.
            clock: Of this node.
            audit: Where revocations are written down; nowhere if None.
            failed_login_delay_s: How long a refused proof waits.
        """
        self._authenticator = authenticator
        self._access_tokens = access_tokens
        self._watcher = watcher
        self._clock = clock
        self._audit = audit or NoAudit()
        self._delay_s = failed_login_delay_s
        self._exchanges = exchanges

    async def log_in(
        self, name: str, secret: str, host: str, scopes: frozenset[str] | None
    ) -> Issued:
        """Return tokens for a user and its password, or for an API key.

        Raises:
            GrantRefused: They are wrong, or the scopes are wider.
            CatalogError: The database cannot be asked.
        """
        key = key_of_pair(name, secret)
        try:
            if key is None:
                principal = await self._authenticator.password(name, secret, host)
            else:
                principal = self._authenticator.api_key(key, host)
        except AuthenticationFailed as failed:
            raise _refused(failed, "invalid_client") from None
        return await self._issue(principal, scopes, CLIENT_CREDENTIALS)

    def unreadable(self, host: str, reason: str) -> GrantRefused:
        """Write down that a header does not read; return what the party is told."""
        self._authenticator.logins.failed("", CLIENT_CREDENTIALS, host, reason)
        return GrantRefused("invalid_client", reason)

    def begin_scram(self, mechanism: str, message: bytes, host: str) -> tuple[str, bytes]:
        """Return what the client keeps of a new exchange, and the server's first message.

        Raises:
            GrantRefused: The message is not one.
        """
        if mechanism not in HASH_NAMES:
            raise GrantRefused("invalid_request", "the mechanisms are " + ", ".join(HASH_NAMES))
        begun, kept = self._exchanges.begin(mechanism, message, host, self._clock.now_ms())
        try:
            _, _, answer = self._begin(begun)
        except AuthenticationFailed as failed:
            self._authenticator.logins.failed("", mechanism, host, failed.log_reason)
            raise _refused(failed, "invalid_grant") from None
        return kept, answer

    async def end_scram(
        self, exchange: str, message: bytes, host: str, scopes: frozenset[str] | None
    ) -> tuple[Issued, bytes]:
        """Return tokens, and the server's own proof.

        Raises:
            GrantRefused: The proof is wrong, or there is no such exchange of this address.
            CatalogError: The database cannot be asked.
        """
        begun = self._exchanges.read(exchange, host, self._clock.now_ms())
        if begun is None:
            reason = "an exchange that is none, another's or over"
            self._authenticator.logins.failed("", CredentialKind.SCRAM, host, reason)
            raise GrantRefused("invalid_grant", "there is no such exchange here")
        user = ""
        try:
            server, user, _ = self._begin(begun)
            self._authenticator.begin_proof(user, host)
            answer = server.final(message)
            known_until_ms = begun.ends_at_ms + SKEW_MS
            if not await self._watcher.catalog.use_once(begun.id, known_until_ms):
                raise AuthenticationFailed("a SCRAM exchange that was used before")
            principal = self._authenticator.scram_principal(server.proved, host)
        except AuthenticationFailed as failed:
            self._authenticator.logins.failed(user, begun.mechanism, host, failed.log_reason)
            await asyncio.sleep(self._delay_s)
            raise _refused(failed, "invalid_grant") from None
        return await self._issue(principal, scopes, begun.mechanism), answer

    def _begin(self, begun: Exchange) -> tuple[ScramServer, str, bytes]:
        """Return the server of an exchange after its first message, the user and its answer."""
        users: list[str] = []

        def find(who: ScramName) -> ScramRecord:
            if who.is_token:
                raise AuthenticationFailed("a delegation token, which gets no tokens")
            users.append(who.name)
            return self._authenticator.scram_credential(begun.mechanism, who.name)

        server = ScramServer(begun.mechanism, find, begun.nonce)
        answer = server.first(begun.first)
        return server, users[0], answer

    async def refresh(self, token: str, host: str, scopes: frozenset[str] | None) -> Issued:
        """Return tokens for a refresh token, which is good no more.

        Args:
            token: As it was shown.
            host: The peer's address, without the port.
            scopes: What the access token is to be narrowed to.

        Raises:
            GrantRefused: It is not good, or the scopes are wider.
            CatalogError: The database cannot be asked.
        """
        if not token.startswith(REFRESH_PREFIX):
            raise self._no_refresh("", host, "not a refresh token")
        known = await self._watcher.catalog.refresh_token(_hash_of(token))
        if known is None:
            raise self._no_refresh("", host, "unknown refresh token")
        wanted = _narrowed(known.scopes, scopes)  # before it is used
        successor, now_ms = _new_refresh_token(), self._clock.now_ms()
        record = await self._watcher.catalog.rotate_refresh_token(
            _hash_of(token),
            _hash_of(successor),
            now_ms=now_ms,
            expires_at_ms=now_ms + REFRESH_LIFE_MS,
            revoked_until_ms=now_ms + LIFE_MS + SKEW_MS,
        )
        image = self._watcher.image
        if record is None and (known.used_at_ms is not None or now_ms < known.expires_at_ms):
            image = await self._watcher.refresh()
            if known.family in image.revoked:  # also if it was used since it was looked up above
                reason = "a refresh token that was used before: its login is ended"
                raise self._no_refresh(known.user, host, reason)
        user = None if image is None or record is None else image.users.get(record.user)
        if record is None or user is None:
            reason = "a refresh token that is over, or whose user is gone"
            raise self._no_refresh(known.user, host, reason)
        grant = Grant(
            user=user.name,
            generation=user.generation,
            scopes=wanted,
            login=record.family,
            ends_at_ms=record.login_ends_at_ms,
        )
        return self._issued(grant, Principal(user.name, host=host), REFRESH_TOKEN, successor)

    def _no_refresh(self, user: str, host: str, reason: str) -> GrantRefused:
        """Write down why there is no token; return what the party is told."""
        self._authenticator.logins.failed(user, REFRESH_TOKEN, host, reason)
        return GrantRefused("invalid_grant", "the refresh token is not good")

    async def revoke(self, token: str, host: str) -> None:
        """Have a token, and all that came of its login, refused; one that is not known is.

        Args:
            token: As it was shown.
            host: The peer's address, without the port.

        Raises:
            AuditUnwritable: It cannot be written down, and stands as it did.
            CatalogError: The database cannot be asked.
        """
        catalog, now_ms = self._watcher.catalog, self._clock.now_ms()
        if token.startswith(REFRESH_PREFIX):
            record = await catalog.refresh_token(_hash_of(token))
            if record is None:
                return
            owner, what = Principal(record.user, host=host), f"login {record.family}"
            end = partial(catalog.end_family, record.family, now_ms + LIFE_MS + SKEW_MS)
        else:
            try:
                owner = await self._authenticator.bearer(token, host)
            except AuthenticationFailed:
                return
            credential, ends = owner.credential, owner.expires_at_ms
            assert credential is not None, "a token is a credential"
            assert ends is not None, "every token has an end"
            what = f"token {credential.id}"
            end = partial(catalog.revoke_token, credential.id, ends + SKEW_MS)
        user = Resource(ResourceType.USER, str(owner))
        async with written_down(self._audit, REVOKE_TOKEN, owner, user, items=[what]):
            await end()
        await self._watcher.refresh()

    async def _issue(
        self, principal: Principal, scopes: frozenset[str] | None, mechanism: str
    ) -> Issued:
        wanted = _narrowed(principal.scopes, scopes)
        credential = principal.credential
        assert credential is not None, "whoever logged in showed something"
        image = self._watcher.image
        user = None if image is None else image.users.get(principal.name)
        if user is None:
            raise GrantRefused("invalid_client", "Authentication failed.")
        if credential.kind is CredentialKind.API_KEY:
            grant = Grant(
                user=user.name,
                generation=user.generation,
                scopes=wanted,
                key_id=credential.id,
                ends_at_ms=principal.expires_at_ms,
            )
            return self._issued(grant, principal, mechanism, None)
        token, family = _new_refresh_token(), secrets.token_urlsafe(16)
        now_ms = self._clock.now_ms()
        record = RefreshTokenRecord(
            token_hash=_hash_of(token),
            family=family,
            user=user.name,
            scopes=wanted,
            expires_at_ms=now_ms + REFRESH_LIFE_MS,
            login_ends_at_ms=now_ms + LOGIN_LIFE_MS,
        )
        try:
            await self._watcher.catalog.add_refresh_token(record, generation=credential.generation)
        except UnknownUser:
            raise GrantRefused("invalid_client", "Authentication failed.") from None
        grant = Grant(user=user.name, generation=credential.generation, scopes=wanted, login=family)
        return self._issued(grant, principal, mechanism, token)

    def _issued(
        self, grant: Grant, principal: Principal, mechanism: str, refresh_token: str | None
    ) -> Issued:
        now_ms = self._clock.now_ms()
        access = self._access_tokens.issue(grant, now_ms)
        self._authenticator.logins.issued(principal, mechanism, access.id, grant.login)
        return Issued(
            access_token=access.token,
            expires_in_s=max(0, (access.expires_at_ms - now_ms) // 1000),
            scopes=grant.scopes,
            refresh_token=refresh_token,
        )


def scopes_of(fields: Mapping[str, str]) -> frozenset[str] | None:
    """Return the scopes that a request asks for; None for all.

    Raises:
        GrantRefused: One is unknown.
    """
    text = fields.get("scope", "").split()
    if not SCOPES.keys() >= set(text):
        raise GrantRefused("invalid_scope", f"scopes are one or more of {', '.join(SCOPES)}")
    return frozenset(text) or None


def _narrowed(own: frozenset[str] | None, wanted: frozenset[str] | None) -> frozenset[str] | None:
    if own is None or wanted is None:
        return wanted if own is None else own
    if wanted - own:
        raise GrantRefused("invalid_scope", "scopes are not wider than one's own")
    return wanted


def _refused(failed: AuthenticationFailed, error: str) -> GrantRefused:
    if failed.retry_after_s is not None:
        return GrantRefused("temporarily_unavailable", "too many logins", failed.retry_after_s)
    return GrantRefused(error, str(failed))


def _new_refresh_token() -> str:
    return REFRESH_PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def _hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
