"""Power cuts at every moment of recorded runs, on a disk in memory; planted bugs are found by name.

``CAUCE_CRASH_EVERY`` is which moments are looked at: each, each second, ... (``make nightly``
looks at more than ``make test``).
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import log_dir, recovery
from storage.durability import Flush
from storage.errors import DiskError, LogError
from storage.format.batch import parse_header
from storage.log import Log
from storage.producers.log_producers import LogProducers
from storage.segments import batch_scan
from storage.segments.segment import Segment
from tests.support.crashes.crash_explorer import Explorer
from tests.support.crashes.crash_runs import RUNS
from tests.support.crashes.log_driver import LogDriver
from tests.support.crashes.memory_disk import MemoryDisk, MemoryFile

pytestmark = pytest.mark.slow

EVERY = int(os.environ.get("CAUCE_CRASH_EVERY", "40"))
Plant = Callable[[pytest.MonkeyPatch], None]


def explore(name: str, explorer: Explorer) -> None:
    run, configs = RUNS[name]
    disk = MemoryDisk(records=True)
    driver = LogDriver(disk, configs)
    run(driver)
    assert disk.trace is not None
    explorer.explore(MemoryDisk(), disk.trace, driver.histories)


@pytest.mark.parametrize("name", RUNS)
def test_every_state_after_a_power_cut_keeps_what_was_promised(name: str) -> None:
    explorer = Explorer(random_count=8, again_every=300, every=EVERY, seed=EVERY // 2)

    explore(name, explorer)

    explored = explorer.explored
    print(f"{name}: {explored.states} states, {explored.disks} disks, {explored.again} again")
    assert explored.states > 0


def _no_sync_of(*endings: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        sync = MemoryFile.sync

        def lying(file: MemoryFile) -> None:
            if not file.path.name.endswith(endings):
                sync(file)

        patch.setattr(MemoryFile, "sync", lying)

    return plant


def _no_sync_of_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryDisk, "sync_directory", lambda disk, path: None)


def _acknowledged_without_a_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Flush, "run", lambda flush: None)


def _believed_above_the_recovery_point(patch: pytest.MonkeyPatch) -> None:
    def trusting(it: recovery._Opening, segment: Segment, following: int | None) -> bool:
        it._trust(segment, following)
        return True

    patch.setattr(recovery._Opening, "_check", trusting)


def _indexes_trusted_blindly(patch: pytest.MonkeyPatch) -> None:
    check = recovery._Opening._check

    def trusting(it: recovery._Opening, segment: Segment, following: int | None) -> bool:
        as_found = [(file, file.read(0, file.size())) for file in segment.index_files()]
        result = check(it, segment, following)
        for file, data in as_found:
            file.truncate(0)
            file.write(data, 0)
        segment.offset_index.entry_count = segment.offset_index.file.size() // 8
        segment.time_index.entry_count = segment.time_index.file.size() // 12
        return result

    patch.setattr(recovery._Opening, "_check", trusting)


def _checksums_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(batch_scan, "checked_header", parse_header)


def _recovery_point_not_lowered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        log_dir.LogDir,
        "truncate_log",
        lambda it, key, offset: it._logs[key].truncate_to(offset),
    )


def _not_written(name: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        write = log_dir.LogDir._write_offsets

        def forgetting(it: log_dir.LogDir, file: str, offsets: dict[log_dir.Key, int]) -> None:
            if file != name:
                write(it, file, offsets)

        patch.setattr(log_dir.LogDir, "_write_offsets", forgetting)

    return plant


def _recovery_point_ahead(patch: pytest.MonkeyPatch) -> None:
    write = log_dir.LogDir._write_offsets

    def hasty(it: log_dir.LogDir, file: str, offsets: dict[log_dir.Key, int]) -> None:
        if file == log_dir.RECOVERY_POINTS:
            offsets = {key: it._logs[key].log_end_offset for key in offsets}
        write(it, file, offsets)

    patch.setattr(log_dir.LogDir, "_write_offsets", hasty)


def _clean_mark_stays(patch: pytest.MonkeyPatch) -> None:
    remove = MemoryDisk.remove

    def forgetting(disk: MemoryDisk, path: Path) -> None:
        if path.name != log_dir.CLEAN_MARK:
            remove(disk, path)

    patch.setattr(MemoryDisk, "remove", forgetting)


def _producers_not_rolled_back(patch: pytest.MonkeyPatch) -> None:
    truncate = Log.truncate_to

    def forgetting(log: Log, offset: int) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(LogProducers, "load", lambda *given, **more: None)
            truncate(log, offset)

    patch.setattr(Log, "truncate_to", forgetting)


BUGS: dict[str, tuple[str, Plant, str]] = {
    "no sync of logs": ("append", _no_sync_of(".log"), "acknowledged records are lost"),
    "no sync of names": ("append", _no_sync_of_names, "a log is missing"),
    "no sync of checkpoints": ("retain", _no_sync_of(".tmp"), "the data directory does not open"),
    "acknowledged without a sync": (
        "produce",
        _acknowledged_without_a_sync,
        "acknowledged records are lost",
    ),
    "believed above the recovery point": (
        "append",
        _believed_above_the_recovery_point,
        "a log is refused",
    ),
    "indexes trusted blindly": ("append", _indexes_trusted_blindly, "missing in the middle"),
    "checksums ignored": ("append", _checksums_ignored, "bytes are served that nobody wrote"),
    "recovery point not lowered": ("truncate", _recovery_point_not_lowered, "but .* was sync"),
    "recovery point ahead": ("append", _recovery_point_ahead, "a log is refused"),
    "log starts not written": (
        "retain",
        _not_written(log_dir.LOG_STARTS),
        "records from 0 are gone",
    ),
    "clean mark stays": ("close", _clean_mark_stays, "a log is refused"),
    "producers not rolled back": (
        "truncate",
        _producers_not_rolled_back,
        "the append landed elsewhere",
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, plant, name = BUGS[bug]
    plant(monkeypatch)

    with pytest.raises((AssertionError, LogError, DiskError), match=name):
        explore(run, Explorer(random_count=2, every=5))
