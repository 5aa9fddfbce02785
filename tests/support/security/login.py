"""An authenticator on a real database, with a clock that a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.security_catalog import SecurityCatalog
from app.security.authenticator import Authenticator
from app.security.delegation import DelegationTokens
from app.security.logins.key_usage import KeyUsage
from app.security.logins.passwords import Passwords
from app.security.tokens.access_tokens import AccessTokens
from app.security.tokens.bearers import Bearers
from app.security.watcher import SecurityWatcher


@dataclass
class MovedClock:
    """Both kinds of time, in seconds that a test adds."""

    seconds: float = 1_000.0

    def now_ms(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Login:
    """What a login needs."""

    catalog: SecurityCatalog
    watcher: SecurityWatcher
    passwords: Passwords
    authenticator: Authenticator
    tokens: AccessTokens
    clock: MovedClock
    delegation_tokens: DelegationTokens
    usage: KeyUsage = field(repr=False)


@asynccontextmanager
async def login(tmp_path: Path) -> AsyncIterator[Login]:
    metadata = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    catalog = SecurityCatalog(metadata.engine)
    watcher = SecurityWatcher(catalog)
    passwords, usage, clock = Passwords(), KeyUsage(), MovedClock()
    delegation_tokens = DelegationTokens(watcher, clock, b"master")
    tokens = AccessTokens(b"k" * 32, "this-cluster")
    authenticator = Authenticator(
        *(watcher, clock, passwords, usage),
        bearers=Bearers(tokens),
        pretence=b"secret",
        failed_login_delay_s=0.0,
        delegation_tokens=delegation_tokens,
    )
    yield Login(
        catalog=catalog,
        watcher=watcher,
        passwords=passwords,
        authenticator=authenticator,
        tokens=tokens,
        clock=clock,
        delegation_tokens=delegation_tokens,
        usage=usage,
    )
    passwords.close()
    await metadata.close()
