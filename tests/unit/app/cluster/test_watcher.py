"""The watcher: whole images in order, each told once, and what happens without a database."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.errors import CatalogError
from app.cluster.metadata_image import BrokerRegistration, MetadataImage
from app.cluster.watcher import MetadataWatcher, Subscriber

POLL_INTERVAL_S = 0.005


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    await catalog.register_broker(
        BrokerRegistration(node_id=1, host="h", http_port=1, kafka_port=2)
    )
    yield catalog
    await catalog.close()


class Seen:
    """A subscriber that keeps what it was told and lets others wait for the next."""

    def __init__(self) -> None:
        self.versions: list[tuple[int | None, int]] = []
        self._told = asyncio.Event()

    def __call__(self, old: MetadataImage | None, new: MetadataImage) -> None:
        self.versions.append((None if old is None else old.version, new.version))
        self._told.set()

    async def next(self) -> None:
        await asyncio.wait_for(self._told.wait(), timeout=10)
        self._told.clear()


def hide(tmp_path: Path) -> None:
    """Take the database away: a link to a directory stands where its file was."""
    (tmp_path / "a.db").rename(tmp_path / "hidden.db")
    (tmp_path / "a.db").symlink_to(tmp_path, target_is_directory=True)


def bring_back(tmp_path: Path) -> None:
    """Put the file back in one step, or SQLite could make a new one in between."""
    (tmp_path / "hidden.db").replace(tmp_path / "a.db")


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in caplog.text:
            await asyncio.sleep(POLL_INTERVAL_S)


def test_nothing_is_loaded_before_the_first_refresh() -> None:
    watcher = MetadataWatcher(Catalog.__new__(Catalog))

    assert not watcher.is_loaded
    with pytest.raises(AssertionError):
        _ = watcher.image


async def test_subscriber_before_the_first_image_is_told_when_it_comes(catalog: Catalog) -> None:
    watcher = MetadataWatcher(catalog)
    seen = Seen()
    watcher.subscribe(seen)
    told_at_once = list(seen.versions)

    image = await watcher.refresh()

    assert told_at_once == []
    assert seen.versions == [(None, image.version)]
    assert watcher.is_loaded
    assert watcher.image is image


async def test_refresh_without_a_change_keeps_the_image_and_tells_nobody(
    catalog: Catalog,
) -> None:
    watcher = MetadataWatcher(catalog)
    first = await watcher.refresh()
    seen = Seen()
    watcher.subscribe(seen)
    seen.versions.clear()

    second = await watcher.refresh()

    assert second is first
    assert seen.versions == []


async def test_subscribers_are_called_in_order_with_the_image_in_place(catalog: Catalog) -> None:
    watcher = MetadataWatcher(catalog)
    calls: list[tuple[str, bool]] = []

    def subscriber(name: str) -> Subscriber:
        return lambda _, new: calls.append((name, watcher.image is new))

    for name in ("first", "second", "third"):
        watcher.subscribe(subscriber(name))

    await watcher.refresh()

    assert calls == [("first", True), ("second", True), ("third", True)]


async def test_subscriber_that_joins_from_within_a_call_is_told_of_that_image_once(
    catalog: Catalog,
) -> None:
    watcher = MetadataWatcher(catalog)
    late = Seen()
    watcher.subscribe(lambda old, _: watcher.subscribe(late) if old is None else None)

    image = await watcher.refresh()

    assert late.versions == [(None, image.version)]


async def test_image_read_before_a_newer_one_was_applied_is_thrown_away(
    catalog: Catalog,
) -> None:
    class SlowCatalog(Catalog):
        """Hands an image over only when it is told to."""

        def __init__(self, inner: Catalog) -> None:
            super().__init__(inner._engine)
            self.loaded: asyncio.Queue[asyncio.Event] = asyncio.Queue()

        async def load_image(self) -> MetadataImage:
            image = await super().load_image()
            go = asyncio.Event()
            await self.loaded.put(go)
            await go.wait()
            return image

    slow = SlowCatalog(catalog)
    watcher = MetadataWatcher(slow)
    seen = Seen()
    watcher.subscribe(seen)
    earlier = asyncio.create_task(watcher.refresh())
    let_earlier_go = await slow.loaded.get()
    await catalog.create_topic("t", 1)
    later = asyncio.create_task(watcher.refresh())
    (await slow.loaded.get()).set()
    newest = await later

    let_earlier_go.set()

    assert await earlier is newest
    assert seen.versions == [(None, newest.version)]
    assert list(watcher.image.topics) == ["t"]


async def test_refresh_without_a_database_fails_and_the_image_stays(
    catalog: Catalog, tmp_path: Path
) -> None:
    watcher = MetadataWatcher(catalog)
    image = await watcher.refresh()
    await catalog.close()
    hide(tmp_path)

    with pytest.raises(CatalogError):
        await watcher.refresh()

    assert watcher.image is image
    bring_back(tmp_path)


async def test_run_follows_what_others_change(catalog: Catalog) -> None:
    watcher = MetadataWatcher(catalog, poll_interval_s=POLL_INTERVAL_S)
    seen = Seen()
    watcher.subscribe(seen)
    running = asyncio.create_task(watcher.run())

    await seen.next()
    await catalog.create_topic("t", 1)
    await seen.next()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert seen.versions == [(None, 1), (1, 2)]
    assert list(watcher.image.topics) == ["t"]
    assert running.cancelled()


async def test_run_outlives_a_database_that_is_away_and_says_so_once(
    catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.cluster.watcher")
    watcher = MetadataWatcher(catalog, poll_interval_s=POLL_INTERVAL_S)
    image = await watcher.refresh()
    await catalog.close()
    hide(tmp_path)
    running = asyncio.create_task(watcher.run())

    await logged(caplog, "last known version")
    await asyncio.sleep(4 * POLL_INTERVAL_S)
    kept = watcher.image
    bring_back(tmp_path)
    await logged(caplog, "is back")
    await catalog.create_topic("t", 1)
    seen = Seen()
    watcher.subscribe(seen)
    while "t" not in watcher.image.topics:
        await seen.next()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert kept is image
    assert caplog.text.count("last known version") == 1
    assert caplog.text.count("is back") == 1
