"""Authenticator: who are you? Every door asks it, none looks at a credential itself.

It answers from the security image of this node; without one, nobody gets in. A refusal says
nothing of which part was wrong, and costs the same for a user that is not there.
Called by: the doors. Calls: the security watcher, ``logins``.
"""

import asyncio
import hmac

from app.cluster.security_records import ScramRecord
from app.security.audit.logins import LoginAudit
from app.security.delegation import DelegationTokens
from app.security.errors import AuthenticationFailed
from app.security.image import SecurityImage
from app.security.logins.api_key import hash_of, key_id_of
from app.security.logins.failed_logins import FailedLogins
from app.security.logins.key_usage import KeyUsage
from app.security.logins.passwords import Passwords, TooManyLogins
from app.security.logins.revocation import stands
from app.security.logins.scram_keys import pretended
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from app.security.tls.client_certificate import ClientCertificate
from app.security.tls.principal_mapping import NoMatchingRule, PrincipalMapping
from app.security.tls.revoked import RevokedCertificates
from app.security.tokens.bearers import Bearers
from app.security.tokens.compact import BadToken
from app.security.watcher import SecurityWatcher
from app.telemetry.clock import Clock

PRETENCE_SECRET = "scram-pretence"  # noqa: S105 - the name of one
"""What the cluster's secret for credentials of nobody is called."""

FAILED_LOGIN_DELAY_S = 0.1
"""How long a refusal waits (Kafka's ``connection.failed.authentication.delay.ms``)."""

_NO_HASH = bytes(32)


class Authenticator:
    """Checks what parties show."""

    def __init__(
        self,
        watcher: SecurityWatcher,
        clock: Clock,
        passwords: Passwords,
        usage: KeyUsage,
        *,
        bearers: Bearers,
        pretence: bytes,
        failed_login_delay_s: float = FAILED_LOGIN_DELAY_S,
        delegation_tokens: DelegationTokens | None = None,
        mapping: PrincipalMapping | None = None,
        revoked: RevokedCertificates | None = None,
        logins: LoginAudit | None = None,
    ) -> None:
        """Remember no failure.

        Args:
            watcher: Of the security image.
            clock: Of this node.
            passwords: Checks them.
            usage: Is told which keys are used.
            bearers: Reads tokens.
            pretence: A secret of the cluster, of which credentials of nobody are made.
            failed_login_delay_s: How long a refused password waits.
            delegation_tokens: Those of the cluster; without them nobody logs in by one.
            mapping: What names certificates stand for; their whole names if None.
            revoked: Certificates that are good no more; none if None.
            logins: Writes down who logged in and who did not; nobody does if None.
        """
        self._mapping = mapping or PrincipalMapping()
        self._revoked = revoked or RevokedCertificates()
        self._watcher = watcher
        self.clock = clock
        self._passwords = passwords
        self._usage = usage
        self._bearers = bearers
        self._pretence = pretence
        self._delay_s = failed_login_delay_s
        self._delegation_tokens = delegation_tokens
        self._failed = FailedLogins()
        self.logins = logins or LoginAudit(clock)
        """Is told of what doors refuse before they ask here."""

    @property
    def image(self) -> SecurityImage | None:
        """What is judged by at this moment; None before the first was loaded."""
        return self._watcher.image

    async def password(self, user: str, password: str, host: str) -> Principal:
        """Return who logs in with a password.

        Args:
            user: The name shown.
            password: The password shown.
            host: The peer's address, without the port.

        Raises:
            AuthenticationFailed: Nobody does.
        """
        try:
            principal = await self._password(user, password, host)
        except AuthenticationFailed as failed:
            self.logins.failed(user, CredentialKind.PASSWORD, host, failed.log_reason)
            raise
        self.logins.succeeded(principal, CredentialKind.PASSWORD)
        return principal

    async def _password(self, user: str, password: str, host: str) -> Principal:
        image = self._image()
        known = image.users.get(user)
        generation = -1 if known is None else known.generation
        password_hash = None if known is None else known.password_hash
        now = self.clock.monotonic()
        mark = self._passwords.mark(user, generation, password)
        locked_s = self._failed.locked_s(user, host, now)
        if locked_s:
            raise AuthenticationFailed("locked out after failed logins", retry_after_s=locked_s)
        if not self._passwords.is_known(mark, now):
            await self._check(mark, password_hash, user, password, host)
        credential = Credential(CredentialKind.PASSWORD, user, generation)
        return Principal(user, host=host, credential=credential)

    async def _check(
        self, mark: bytes, password_hash: str | None, user: str, password: str, host: str
    ) -> None:
        """Return if it is the user's password; the same guess made twice at once counts once."""
        now = self.clock.monotonic()
        is_first = not self._passwords.is_being_checked(mark)
        if is_first:
            self._failed.begin(user, host, now)
        try:
            good = await self._passwords.check(mark, password_hash, password, host, now)
        except TooManyLogins:
            self._failed.abandoned(user, host)
            raise AuthenticationFailed("too many logins at once", retry_after_s=1.0) from None
        if not good:
            await asyncio.sleep(self._delay_s)
            raise AuthenticationFailed("wrong user or password")
        if is_first:
            self._failed.succeeded(user, host)

    def scram_credential(self, mechanism: str, user: str) -> ScramRecord:
        """Return what SCRAM checks a user's proof against; a stable pretence for nobody.

        Raises:
            AuthenticationFailed: Users are not loaded yet.
        """
        image = self._image()
        pretence = pretended(self._pretence, user, mechanism, image.scram_shapes)
        # made for everybody, for it takes longer than to find one
        return image.scram.get((user, mechanism), pretence)

    def begin_proof(self, user: str, host: str) -> None:
        """Count a proof that is about to be checked, as failed until its principal is asked for.

        Raises:
            AuthenticationFailed: After failed logins no proof of the user's is looked at.
        """
        now = self.clock.monotonic()
        locked_s = self._failed.locked_s(user, host, now)
        if locked_s:
            raise AuthenticationFailed("locked out after failed logins", retry_after_s=locked_s)
        self._failed.begin(user, host, now)

    def scram_principal(self, shown: ScramRecord, host: str) -> Principal:
        """Return who has just proved to know the password of a credential.

        Raises:
            AuthenticationFailed: It was changed or deleted meanwhile, or was a pretence.
        """
        image = self._image()
        user = image.users.get(shown.user)
        if user is None or image.scram.get((shown.user, shown.mechanism)) != shown:
            raise AuthenticationFailed("no such SCRAM credential")
        self._failed.succeeded(user.name, host)
        credential = Credential(CredentialKind.SCRAM, user.name, user.generation)
        principal = Principal(user.name, host=host, credential=credential)
        self.logins.succeeded(principal, shown.mechanism)
        return principal

    def token_credential(self, mechanism: str, token_id: str) -> ScramRecord:
        """Return what SCRAM checks a delegation token's proof against; a pretence for none."""
        tokens = self._delegation_tokens
        found = None if tokens is None else tokens.scram_credential(mechanism, token_id)
        return found or pretended(self._pretence, f"token {token_id}", mechanism)

    def token_principal(self, token_id: str, host: str) -> Principal:
        """Return whose delegation token's secret was just proved to be known.

        Raises:
            AuthenticationFailed: It is over or deleted meanwhile, or was a pretence.
        """
        tokens = self._delegation_tokens
        found = None if tokens is None else tokens.principal(token_id, host)
        if found is None:
            raise AuthenticationFailed("no such delegation token")
        self._failed.succeeded(f"token {token_id}", host)
        return found

    def api_key(self, key: str, host: str) -> Principal:
        """Return who logs in with an API key.

        Args:
            key: The whole key.
            host: The peer's address, without the port.

        Raises:
            AuthenticationFailed: Nobody does.
        """
        try:
            principal = self._api_key(key, host)
        except AuthenticationFailed as failed:
            shown = key_id_of(key) or ""
            self.logins.failed(shown, CredentialKind.API_KEY, host, failed.log_reason)
            raise
        self.logins.succeeded(principal, CredentialKind.API_KEY)
        return principal

    def _api_key(self, key: str, host: str) -> Principal:
        image = self._image()
        key_id = key_id_of(key)
        record = None if key_id is None else image.api_keys.get(key_id)
        kept = _NO_HASH if record is None else record.secret_hash
        is_same = hmac.compare_digest(hash_of(key), kept)
        now_ms = self.clock.now_ms()
        if record is None or not is_same or record.user not in image.users:
            raise AuthenticationFailed("unknown API key")
        if record.expires_at_ms is not None and record.expires_at_ms <= now_ms:
            raise AuthenticationFailed("expired API key")
        self._usage.used(record.key_id, now_ms)
        return Principal(
            record.user,
            host=host,
            scopes=record.scopes,
            credential=Credential(CredentialKind.API_KEY, record.key_id),
            expires_at_ms=record.expires_at_ms,
        )

    async def bearer(self, token: str, host: str) -> Principal:
        """Return who logs in with a token, one issued here or an identity provider's.

        Args:
            token: As it was shown; no API key.
            host: The peer's address, without the port.

        Raises:
            AuthenticationFailed: Nobody does.
        """
        try:
            principal = await self._bearer(token, host)
        except AuthenticationFailed as failed:
            self.logins.failed("", "bearer", host, failed.log_reason)
            raise
        self.logins.succeeded(principal, "bearer")
        return principal

    async def _bearer(self, token: str, host: str) -> Principal:
        self._image()
        try:
            principal = await self._bearers.read(token, self.clock.now_ms())
        except BadToken as bad:
            raise AuthenticationFailed(str(bad)) from None
        if not stands(principal, self._image(), self.clock.now_ms()):
            raise AuthenticationFailed("a token that is revoked, or whose user or key changed")
        return principal.from_host(host)

    def certificate(self, shown: ClientCertificate, host: str) -> Principal:
        """Return who shows a certificate that TLS has verified; it need be no user of ours.

        Args:
            shown: The certificate.
            host: The peer's address, without the port.

        Raises:
            AuthenticationFailed: No rule names anybody, or the certificate is too old by now, or
                revoked.
        """
        kind = CredentialKind.CERTIFICATE
        try:
            principal = self._certificate(shown, host)
        except AuthenticationFailed as failed:
            self.logins.failed(shown.distinguished_name, kind, host, failed.log_reason)
            raise
        self.logins.succeeded(principal, kind)
        return principal

    def _certificate(self, shown: ClientCertificate, host: str) -> Principal:
        if shown.expires_at_ms <= self.clock.now_ms():
            raise AuthenticationFailed("expired certificate")
        try:
            name = self._mapping.name(shown.distinguished_name)
        except NoMatchingRule as error:
            raise AuthenticationFailed(str(error)) from None
        if not name or name == ANONYMOUS.name:
            raise AuthenticationFailed("a certificate that names nobody")
        credential = Credential(
            CredentialKind.CERTIFICATE,
            shown.distinguished_name,
            issuer=shown.issuer,
            serial=shown.serial,
        )
        if self._revoked.has(credential):
            raise AuthenticationFailed("revoked certificate")
        return Principal(name, host=host, credential=credential, expires_at_ms=shown.expires_at_ms)

    def _image(self) -> SecurityImage:
        image = self._watcher.image
        if image is None:
            raise AuthenticationFailed("users and keys are not loaded yet")
        return image
