"""Housekeeping: what is due is done at its interval; a failing directory is fenced alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.replication.group_commit import GroupCommit
from app.replication.housekeeping import Housekeeping, HousekeepingConfig
from storage.config import parse_config
from storage.errors import DiskError, PassingDiskError
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.log_dir import RECOVERY_POINTS
from storage.log_layout import LogId
from storage.log_manager import LogManager

NOW_MS = 1_700_000_000_000
DAY_MS = 24 * 3600 * 1000
TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
OFTEN = HousekeepingConfig(
    checkpoint_interval_ms=5,
    retention_check_interval_ms=5,
    producer_expiration_check_interval_ms=5,
)


class SetClock:
    """A clock that stands where it was set."""

    def __init__(self) -> None:
        self.wall_ms = NOW_MS
        self.seconds = 0.0

    def now_ms(self) -> int:
        return self.wall_ms

    def monotonic(self) -> float:
        return self.seconds

    def pass_ms(self, ms: int) -> None:
        """Let time pass."""
        self.wall_ms += ms
        self.seconds += ms / 1000


class Kept:
    """Housekeeping over one log in each of two directories."""

    def __init__(self, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
        paths = [tmp_path / "a", tmp_path / "b"]
        self.logs = LogManager.open(paths, cluster_id="c", node_id=1, disk=Disk())
        self.clock = SetClock()
        self.commits = {
            log_dir: GroupCommit(executor, log_dir.fence) for log_dir in self.logs.directories
        }
        self.house = Housekeeping(self.logs, self.commits, executor, self.clock, OFTEN)
        self.found = [self.log(0), self.log(1)]

    def log(self, number: int) -> Log:
        log_id = LogId(topic_id=TOPIC_ID, topic_name="t", partition=number)
        log_dir = self.logs.directories[number]
        log = log_dir.create(log_id, parse_config({"segment.bytes": "1024"}))
        for _ in range(30):
            record = NewRecord(NOW_MS, None, b"v" * 100)
            log.append(build_batch([record]), leader_epoch=0, now_ms=NOW_MS)
        producer = build_batch(
            [NewRecord(NOW_MS, None, b"v")], producer_id=5, producer_epoch=0, base_sequence=0
        )
        log.append(producer, leader_epoch=0, now_ms=NOW_MS)
        log.flush()
        log.advance_high_watermark(log.durable_end_offset)
        return log


@asynccontextmanager
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    with ThreadPoolExecutor(1) as executor:
        house = Kept(tmp_path, executor)
        running = asyncio.create_task(house.house.run())
        try:
            yield house
        finally:
            running.cancel()
            await asyncio.wait({running})
            house.logs.abandon()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_recovery_points_are_written_from_time_to_time(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        for path in (tmp_path / "a", tmp_path / "b"):
            await until(lambda path=path: (path / RECOVERY_POINTS).exists())  # type: ignore[misc]
        await until(lambda: house.found[0].cleaning.recovery_point == 31)


async def test_records_go_once_they_are_older_than_their_retention(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        house.clock.pass_ms(7 * DAY_MS)
        await asyncio.sleep(0.05)
        assert house.found[0].log_start_offset == 0

        house.clock.pass_ms(1)

        await until(lambda: house.found[0].log_start_offset == 31)
        await until(lambda: bool(list(house.found[0].directory.glob("*.log.deleted"))))


async def test_clock_that_jumps_deletes_nothing(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        house.clock.wall_ms += 400 * DAY_MS

        await asyncio.sleep(0.1)

        assert house.found[0].log_start_offset == 0
        assert 5 in house.found[0].producers.producers


async def test_silent_producer_is_forgotten(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        house.clock.pass_ms(DAY_MS)

        await until(lambda: not house.found[0].producers.producers)


async def test_deleted_topic_loses_its_directory(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        house.house.delete_topic(TOPIC_ID)

        await until(lambda: not house.found[0].directory.exists())


async def test_directory_that_fails_is_fenced_and_the_other_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path) as house:
        first, second = house.logs.directories

        def fail(*_: object) -> None:
            raise DiskError("broken")

        monkeypatch.setattr(first, "write_checkpoint", fail)

        await until(lambda: first.fenced is not None)
        await until(lambda: house.found[1].cleaning.recovery_point == 31)
        assert second.fenced is None


async def test_checkpoint_that_fails_fences_its_directory_and_the_others_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path) as house:
        first, second = house.logs.directories

        def fail(*_: object) -> None:
            raise DiskError("broken")

        monkeypatch.setattr(first, "write_checkpoints", fail)
        with pytest.raises(DiskError, match="broken"):
            house.house.write_checkpoints()

        assert (first.fenced, second.fenced) == ("broken", None)
        assert (second.path / RECOVERY_POINTS).exists()


async def test_passing_trouble_is_waited_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path) as house:
        first, second = house.logs.directories
        tries = []

        def fail(*_: object) -> None:
            tries.append(1)
            raise PassingDiskError("full")

        with monkeypatch.context() as broken:
            broken.setattr(first, "write_checkpoint", fail)
            broken.setattr(first, "apply_retention", fail)
            await until(lambda: len(tries) > 3)

        await until(lambda: house.found[0].cleaning.recovery_point == 31)
        assert (first.fenced, second.fenced) == (None, None)
