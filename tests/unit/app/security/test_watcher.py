"""The security watcher: whole images in order, each told once; none before the first."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.errors import CatalogError
from app.cluster.security_catalog import SecurityCatalog
from app.cluster.security_records import SecurityRecords
from app.security.image import SecurityImage
from app.security.watcher import SecurityWatcher


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    yield catalog
    await catalog.close()


@pytest.fixture
def catalog(metadata: Catalog) -> SecurityCatalog:
    return SecurityCatalog(metadata.engine)


class Seen:
    """A subscriber that keeps what it was told and lets others wait for the next."""

    def __init__(self) -> None:
        self.versions: list[tuple[int | None, int]] = []
        self._told = asyncio.Event()

    def __call__(self, old: SecurityImage | None, new: SecurityImage) -> None:
        self.versions.append((None if old is None else old.version, new.version))
        self._told.set()

    async def next(self) -> None:
        await asyncio.wait_for(self._told.wait(), timeout=30)
        self._told.clear()


async def test_there_is_no_image_before_the_first_and_late_subscribers_are_told_at_once(
    catalog: SecurityCatalog,
) -> None:
    watcher = SecurityWatcher(catalog)
    early, late = Seen(), Seen()
    watcher.subscribe(early)
    assert watcher.image is None

    image = await watcher.refresh()
    watcher.subscribe(late)

    assert watcher.image is image
    assert early.versions == late.versions == [(None, 0)]


async def test_refresh_without_a_change_keeps_the_image_and_a_topic_is_none(
    metadata: Catalog, catalog: SecurityCatalog
) -> None:
    watcher = SecurityWatcher(catalog)
    seen = Seen()
    watcher.subscribe(seen)
    first = await watcher.refresh()
    await metadata.secret("x")

    assert await watcher.refresh() is first
    assert seen.versions == [(None, 0)]


async def test_image_read_before_a_newer_one_was_applied_is_thrown_away(
    catalog: SecurityCatalog,
) -> None:
    class SlowCatalog(SecurityCatalog):
        """Hands records over only when it is told to."""

        def __init__(self) -> None:
            super().__init__(catalog._engine)
            self.loaded: asyncio.Queue[asyncio.Event] = asyncio.Queue()

        async def load(self) -> SecurityRecords:
            records = await super().load()
            go = asyncio.Event()
            await self.loaded.put(go)
            await go.wait()
            return records

    slow = SlowCatalog()
    watcher = SecurityWatcher(slow)
    earlier = asyncio.create_task(watcher.refresh())
    let_earlier_go = await slow.loaded.get()
    await catalog.create_user("alice")
    later = asyncio.create_task(watcher.refresh())
    (await slow.loaded.get()).set()
    newest = await later

    let_earlier_go.set()

    assert await earlier is newest
    assert list(newest.users) == ["alice"]


async def test_run_follows_what_others_change_and_outlives_a_database_that_is_away(
    catalog: SecurityCatalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.security.watcher")
    watcher = SecurityWatcher(catalog, poll_interval_s=0.005)
    seen = Seen()
    watcher.subscribe(seen)
    failures = 0

    async def away() -> int:
        nonlocal failures
        failures += 1
        raise CatalogError("away")

    running = asyncio.create_task(watcher.run())
    await seen.next()
    monkeypatch.setattr(catalog, "version", away)
    async with asyncio.timeout(30):
        while failures < 3:
            await asyncio.sleep(0.005)
    monkeypatch.undo()
    await catalog.create_user("alice")
    await seen.next()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert seen.versions == [(None, 0), (0, 1)]
    assert [record.getMessage() for record in caplog.records] == [
        "security stays at the last known version: away",
        "the metadata database is back",
    ]
