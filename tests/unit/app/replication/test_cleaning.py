"""Cleaning: the node's cleaner compacts what is due and nothing else, and ends when told to."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.replication.cleaning import CleanerConfig, LogCleaner, Throttle
from app.telemetry.clock import SystemClock
from storage.config import LogConfig, parse_config
from storage.errors import DiskError, PassingDiskError
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.log_dir import LogDir
from storage.log_layout import LogId
from storage.log_manager import LogManager
from tests.support.cleaning import records

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
COMPACTED = parse_config({"segment.bytes": "1024", "cleanup.policy": "compact"})


def log_of(logs: LogManager, partition: int, config: LogConfig = COMPACTED) -> Log:
    """Return a new log whose records replace each other, durable and checkpointed."""
    log = logs.create(LogId(topic_id=TOPIC_ID, topic_name="t", partition=partition), config)
    now_ms = SystemClock().now_ms()
    for number in range(60):
        record = NewRecord(now_ms, b"k%d" % (number % 2), b"%d" % number * 20)
        log.append(build_batch([record]), leader_epoch=0, now_ms=now_ms)
    log.flush()
    log.advance_high_watermark(log.durable_end_offset)
    logs.write_checkpoints()
    return log


class Cleaning:
    """A cleaner, its logs and what it said failed."""

    def __init__(self, logs: LogManager, thread: ThreadPoolExecutor) -> None:
        self.logs = logs
        self.failed: list[tuple[LogDir, str]] = []
        self.cleaner = LogCleaner(
            logs,
            thread,
            SystemClock(),
            CleanerConfig(backoff_ms=10),
            lambda log_dir, reason: self.failed.append((log_dir, reason)),
        )


@asynccontextmanager
async def cleaning(tmp_path: Path) -> AsyncIterator[Cleaning]:
    logs = LogManager.open([tmp_path], cluster_id="c", node_id=1, disk=Disk())
    with ThreadPoolExecutor(1) as thread:
        yield Cleaning(logs, thread)
    logs.abandon()


async def test_dirtiest_log_is_compacted_first(tmp_path: Path) -> None:
    async with cleaning(tmp_path) as one:
        log, other = log_of(one.logs, 0), log_of(one.logs, 1)
        before = len(records(log))
        log.cleaning.first_dirty_offset = log.segments[2].base_offset

        assert await one.cleaner.clean_one()

        assert len(records(other)) < len(records(log)) == before
        assert one.cleaner.dirty_bytes > 0
        assert 0 < one.cleaner.max_dirty_ratio < 1
        assert await one.cleaner.clean_one()
        assert len(records(log)) < before
        assert not await one.cleaner.clean_one()
        assert (one.cleaner.dirty_bytes, one.cleaner.max_dirty_ratio) == (0, 0.0)


async def test_old_files_stay_for_their_delay(tmp_path: Path) -> None:
    async with cleaning(tmp_path) as one:
        log = log_of(one.logs, 0)

        await one.cleaner.clean_one()
        one.logs.write_checkpoints()
        assert list(log.directory.glob("*.log.deleted"))

        other = log_of(one.logs, 1)
        other.update_config(
            parse_config({"cleanup.policy": "compact", "file.delete.delay.ms": "0"})
        )
        await one.cleaner.clean_one()
        one.logs.write_checkpoints()
        assert not list(other.directory.glob("*.log.deleted"))


async def test_topic_that_is_not_compacted_is_left_alone(tmp_path: Path) -> None:
    async with cleaning(tmp_path) as one:
        log_of(one.logs, 0, parse_config({"segment.bytes": "1024"}))

        assert not await one.cleaner.clean_one()
        assert one.cleaner.dirt == {}


async def test_log_that_does_not_read_is_barred_and_the_others_go_on(tmp_path: Path) -> None:
    async with cleaning(tmp_path) as one:
        log, other = log_of(one.logs, 0), log_of(one.logs, 1)
        path = log.directory / "00000000000000000000.log"
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
        before = len(records(other))

        while await one.cleaner.clean_one():
            pass

        assert list(one.cleaner.barred) == [(TOPIC_ID, 0)]
        assert len(records(other)) < before
        assert not list(log.directory.glob("*.cleaned"))
        assert one.failed == []


@pytest.mark.parametrize(
    ("error", "fences"),
    [(DiskError("broken"), True), (PassingDiskError("full"), False)],
)
async def test_disk_that_fails_is_fenced_one_that_is_full_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, fences: bool
) -> None:
    async with cleaning(tmp_path) as one:
        log = log_of(one.logs, 0)
        before = records(log)

        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("storage.cleanup.cleaner.Segment.sync", fail)
        assert not await one.cleaner.clean_one()

        assert [log_dir for log_dir, _ in one.failed] == list(one.logs.directories)[: int(fences)]
        assert records(log) == before
        monkeypatch.undo()
        assert await one.cleaner.clean_one()


async def test_run_ends_soon_when_it_is_cancelled(tmp_path: Path) -> None:
    async with cleaning(tmp_path) as one:
        log = log_of(one.logs, 0)
        before = len(records(log))
        running = asyncio.create_task(one.cleaner.run())
        while len(records(log)) == before:
            await asyncio.sleep(0.01)

        running.cancel()
        await asyncio.wait({running}, timeout=20)

        assert running.cancelled()
        other = log_of(one.logs, 1)
        assert not await one.cleaner.clean_one()
        assert len(records(other)) == 60


def test_throttle_lets_pass_what_is_within_its_limit_and_no_more() -> None:
    now = 0.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    throttle = Throttle(100, lambda: now, sleep)
    for _ in range(10):
        throttle.used(50)
    assert now == pytest.approx(5.0)

    now += 100  # what was not used is not saved up
    throttle.used(50)
    assert slept[-1] == pytest.approx(0.5)


def test_no_limit_still_lets_other_threads_run() -> None:
    slept: list[float] = []

    Throttle(0, lambda: 0.0, slept.append).used(1 << 20)

    assert slept == [0]
