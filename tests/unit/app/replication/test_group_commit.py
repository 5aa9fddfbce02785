"""Group commit: one sync for all that wait, and none after one has failed."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.replication.group_commit import GroupCommit
from storage.config import parse_config
from storage.errors import DiskError, TooManyOpenFiles
from storage.files import Disk, File
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.recovery import create_log


class SlowFile(File):
    """Counts its syncs; fails them when told to."""

    def __init__(self, file: File, disk: "SlowDisk") -> None:
        super().__init__(file.path, os.dup(file.hold().number))
        self.disk = disk

    def sync(self) -> None:
        self.disk.syncs += 1
        if self.disk.errors:
            raise self.disk.errors.pop()
        if self.disk.broken:
            raise DiskError("the disk is broken")
        super().sync()


class SlowDisk(Disk):
    """Opens files that count."""

    def __init__(self) -> None:
        self.syncs = 0
        self.broken = False
        self.errors: list[DiskError] = []

    def open(self, path: Path, *, create: bool = False) -> File:
        return SlowFile(super().open(path, create=create), self)


def log_with_a_record(disk: Disk, directory: Path) -> Log:
    log = create_log(disk, directory, parse_config({}))
    append(log)
    return log


def append(log: Log) -> None:
    log.append(build_batch([NewRecord(1, None, b"v")]), leader_epoch=0, now_ms=1)


@asynccontextmanager
async def running(reasons: list[str]) -> AsyncIterator[GroupCommit]:
    with ThreadPoolExecutor(1) as executor:
        commit = GroupCommit(executor, reasons.append)
        task = asyncio.create_task(commit.run())
        yield commit
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_appends_that_wait_together_share_one_sync(tmp_path: Path) -> None:
    disk = SlowDisk()
    log = log_with_a_record(disk, tmp_path / "a-0")
    append(log)
    durable: list[int] = []
    before = disk.syncs

    async with running([]) as commit:
        commit.request(log, lambda: durable.append(log.durable_end_offset))
        commit.request(log, lambda: durable.append(log.durable_end_offset))
        await commit.drain()

    assert durable == [2]
    assert disk.syncs == before + 1


async def test_what_comes_during_a_sync_is_synced_next(tmp_path: Path) -> None:
    log = log_with_a_record(SlowDisk(), tmp_path / "a-0")
    durable: list[int] = []

    async with running([]) as commit:
        commit.request(log, lambda: durable.append(log.durable_end_offset))
        await asyncio.sleep(0)
        append(log)
        commit.request(log, lambda: durable.append(log.durable_end_offset))
        await commit.drain()

    assert durable[-1] == 2


async def test_a_failed_sync_fences_for_good(tmp_path: Path) -> None:
    disk = SlowDisk()
    log = log_with_a_record(disk, tmp_path / "a-0")
    reasons: list[str] = []
    durable: list[int] = []
    disk.broken = True

    async with running(reasons) as commit:
        commit.request(log, lambda: durable.append(1))
        await commit.drain()
        syncs = disk.syncs
        disk.broken = False
        commit.request(log, lambda: durable.append(2))
        await commit.drain()

    assert reasons == ["the disk is broken"]
    assert commit.fenced == "the disk is broken"
    assert (durable, log.durable_end_offset, disk.syncs) == ([], 0, syncs)


async def test_a_log_that_goes_away_is_not_synced(tmp_path: Path) -> None:
    disk = SlowDisk()
    log = log_with_a_record(disk, tmp_path / "a-0")
    before = disk.syncs

    async with running([]) as commit:
        commit.request(log, lambda: None)
        commit.forget(log)
        await commit.drain()

    assert disk.syncs == before


async def test_sync_that_finds_no_descriptor_waits_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.replication.group_commit.DESCRIPTOR_WAIT_S", 0.01)
    disk = SlowDisk()
    log = log_with_a_record(disk, tmp_path / "a-0")
    disk.errors = [TooManyOpenFiles("no descriptor"), TooManyOpenFiles("no descriptor")]
    reasons: list[str] = []

    async with running(reasons) as commit:
        commit.request(log, lambda: None)
        await commit.drain()

    assert log.durable_end_offset == 1
    assert (disk.errors, reasons) == ([], [])


async def test_fence_from_outside_ends_all_syncs(tmp_path: Path) -> None:
    log = log_with_a_record(SlowDisk(), tmp_path / "a-0")
    reasons: list[str] = []

    async with running(reasons) as commit:
        commit.request(log, lambda: None)
        commit.fence("a write failed")
        commit.fence("and another")
        await commit.drain()
        commit.request(log, lambda: None)
        await commit.drain()

    assert log.durable_end_offset == 0
    assert (reasons, commit.fenced) == (["a write failed"], "a write failed")
