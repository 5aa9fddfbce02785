"""The security of one node: its image, its authenticator, its background work, built in order."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cluster.catalog import Catalog
from app.cluster.security_catalog import SecurityCatalog
from app.security.audit.audit import NoAudit
from app.security.audit.log import AuditLog
from app.security.audit.logins import LoginAudit
from app.security.authenticator import FAILED_LOGIN_DELAY_S, PRETENCE_SECRET, Authenticator
from app.security.bootstrap import ensure_admin
from app.security.delegation import MASTER_SECRET, DelegationTokens
from app.security.grants import Grants
from app.security.logins.key_usage import KeyUsage
from app.security.logins.passwords import Passwords
from app.security.logins.upkeep import Upkeep
from app.security.open_connections import OpenConnections
from app.security.private_files import keep_secret
from app.security.tls.principal_mapping import PrincipalMapping
from app.security.tls.revoked import RevokedCertificates
from app.security.tokens.access_tokens import KEY_NAME, AccessTokens, load_library
from app.security.tokens.bearers import Bearers
from app.security.tokens.exchanges import KEY_NAME as EXCHANGE_KEY
from app.security.tokens.exchanges import Exchanges
from app.security.tokens.oidc_rules import OidcRules
from app.security.watcher import SecurityWatcher
from app.telemetry.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSecurity:
    """What a node knows of who may log in."""

    watcher: SecurityWatcher
    passwords: Passwords
    authenticator: Authenticator
    """Also where clients need not log in: who says who it is is not believed unasked."""

    grants: Grants
    """Gives tokens."""

    delegation_tokens: DelegationTokens
    open_connections: OpenConnections
    upkeep: Upkeep
    provider: Any
    """Reads an identity provider's tokens; None if there is none."""

    audit: AuditLog | None
    """None where nothing is to be written down."""

    @classmethod
    async def open(
        cls,
        catalog: Catalog,
        clock: Clock,
        data_dir: Path,
        *,
        is_required: bool,
        failed_login_delay_s: float = FAILED_LOGIN_DELAY_S,
        mapping: PrincipalMapping | None = None,
        revoked: RevokedCertificates | None = None,
        oidc: OidcRules | None = None,
        audit: AuditLog | None = None,
    ) -> "NodeSecurity":
        """Read the image; make the first user where clients must log in and there is none.

        Args:
            catalog: The cluster's.
            clock: The node's.
            data_dir: Where the first user's password is written.
            is_required: Whether clients must log in.
            failed_login_delay_s: How long a refused password waits.
            mapping: What names certificates stand for.
            revoked: Certificates that are good no more.
            oidc: Of the identity provider whose tokens are taken; none if None.
            audit: Where logins are written down.

        Raises:
            CatalogError: The database cannot be asked.
            AuditUnwritable: The first user cannot be written down.
            InsecureFile: Others can read that password.
            OSError: It cannot be written.
        """
        watcher = SecurityWatcher(SecurityCatalog(catalog.engine))
        await watcher.refresh()
        passwords, usage = Passwords(), KeyUsage()
        try:
            await _prepare(watcher, passwords, data_dir, audit, is_required=is_required)
            pretence = await catalog.secret(PRETENCE_SECRET)
            tokens = DelegationTokens(watcher, clock, await catalog.secret(MASTER_SECRET))
            access = AccessTokens(await catalog.secret(KEY_NAME), await catalog.cluster_id())
            exchanges = Exchanges(await catalog.secret(EXCHANGE_KEY))
            provider = None if oidc is None else await asyncio.to_thread(_provider, oidc, clock)
            authenticator = Authenticator(
                *(watcher, clock, passwords, usage),
                bearers=Bearers(access, provider),
                pretence=pretence,
                failed_login_delay_s=failed_login_delay_s,
                delegation_tokens=tokens,
                mapping=mapping,
                revoked=revoked,
                logins=LoginAudit(clock, audit),
            )
        except BaseException:
            passwords.close()
            raise
        connections = OpenConnections(clock, revoked)
        watcher.subscribe(connections.apply)
        known = (authenticator, access, exchanges, watcher, clock)
        return cls(
            watcher=watcher,
            passwords=passwords,
            authenticator=authenticator,
            grants=Grants(*known, audit=audit, failed_login_delay_s=failed_login_delay_s),
            delegation_tokens=tokens,
            open_connections=connections,
            upkeep=Upkeep(watcher.catalog, usage, clock),
            provider=provider,
            audit=audit,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watcher.run(), name="security-watcher")
            tasks.create_task(self.open_connections.run(), name="open-connections")
            tasks.create_task(self.upkeep.run(), name="login-upkeep")
            if self.provider is not None:
                tasks.create_task(self.provider.run(), name="provider-keys")
            if self.audit is not None:
                tasks.create_task(self.audit.run(), name="audit")

    async def stop(self) -> None:
        """Write down what is not, while the database is there."""
        await self.upkeep.stop()
        if self.audit is not None:
            await self.audit.stop()

    def close(self) -> None:
        """End the threads."""
        self.passwords.close()
        if self.audit is not None:
            self.audit.close()


async def _prepare(
    watcher: SecurityWatcher,
    passwords: Passwords,
    data_dir: Path,
    audit: AuditLog | None,
    *,
    is_required: bool,
) -> None:
    """Have the first user made where there must be one, and its password kept from others."""
    if is_required:
        await _ensure_admin(watcher, passwords, data_dir, audit)
        await asyncio.to_thread(load_library)  # or the first token would stop the loop
    if watcher.image is not None and watcher.image.users:
        keep_secret(data_dir)


async def _ensure_admin(
    watcher: SecurityWatcher, passwords: Passwords, data_dir: Path, audit: AuditLog | None
) -> None:
    if audit is None:
        await ensure_admin(watcher, passwords, data_dir, NoAudit())
        return
    async with audit.writing():
        await ensure_admin(watcher, passwords, data_dir, audit)


def _provider(rules: OidcRules, clock: Clock) -> Any:
    from app.security.tokens.oidc import provider_of  # noqa: PLC0415 - imports the library

    return provider_of(rules, clock)
