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
    clock: MovedClock
    delegation_tokens: DelegationTokens
    usage: KeyUsage = field(repr=False)


@asynccontextmanager
async def login(tmp_path: Path) -> AsyncIterator[Login]:
    metadata = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    catalog = SecurityCatalog(metadata.engine)
    watcher = SecurityWatcher(catalog)
    passwords, usage, clock = Passwords(), KeyUsage(), MovedClock()
    tokens = DelegationTokens(watcher, clock, b"master")
    authenticator = Authenticator(
        *(watcher, clock, passwords, usage),
        pretence=b"secret",
        failed_login_delay_s=0.0,
        delegation_tokens=tokens,
    )
    yield Login(catalog, watcher, passwords, authenticator, clock, tokens, usage)
    passwords.close()
    await metadata.close()
