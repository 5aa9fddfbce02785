"""What watchers have in common, over a database of two numbers."""

import asyncio
from dataclasses import dataclass

from app.cluster.image_watcher import ImageWatcher


@dataclass(frozen=True)
class Written:
    version: int


@dataclass(frozen=True)
class Kept:
    version: int
    made_from: int | None


class Numbers(ImageWatcher[Written, Kept]):
    what = "numbers"

    def __init__(self) -> None:
        super().__init__(poll_interval_s=0.001)
        self.there = 1
        self.reads: list[asyncio.Future[None]] = []
        self.slow = False

    async def _version(self) -> int:
        return self.there

    async def _read(self) -> Written:
        read = Written(self.there)
        if self.slow:
            self.reads.append(asyncio.get_running_loop().create_future())
            await self.reads[-1]
        return read

    def _image_of(self, read: Written, old: Kept | None) -> Kept:
        return Kept(read.version, old and old.version)


async def test_what_was_read_before_a_newer_image_is_thrown_away() -> None:
    watcher = Numbers()
    watcher.slow = True
    early = asyncio.create_task(watcher.refresh())
    await asyncio.sleep(0)
    watcher.there = 2
    late = asyncio.create_task(watcher.refresh())
    await asyncio.sleep(0)
    first, second = watcher.reads
    second.set_result(None)
    assert await late == Kept(2, None)

    first.set_result(None)

    assert await early == Kept(2, None)


async def test_a_new_image_may_be_made_from_the_old_one_and_is_told_once() -> None:
    watcher, told = Numbers(), list[tuple[Kept | None, Kept]]()
    watcher.subscribe(lambda old, new: told.append((old, new)))
    await watcher.refresh()
    watcher.there = 2
    await watcher.refresh()
    await watcher.refresh()

    assert told == [(None, Kept(1, None)), (Kept(1, None), Kept(2, 1))]


async def test_whoever_comes_late_is_told_what_there_is() -> None:
    watcher, told = Numbers(), list[Kept]()
    assert not watcher.is_loaded
    await watcher.refresh()

    watcher.subscribe(lambda _old, new: told.append(new))

    assert watcher.is_loaded
    assert told == [Kept(1, None)]
