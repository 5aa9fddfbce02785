"""A power cut anywhere in a compaction loses no key, brings none back, and is finished later.

A run with compactions is recorded, operation by operation; every state that a power cut may leave
after any of them is laid out and opened. Planted faults (files or names that are not synced,
sources removed too early) must be found by the same check.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.cleanup.cleaner import CleanedSegment
from storage.config import parse_config
from storage.errors import LogError
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.log_layout import LogId
from storage.log_manager import LogManager
from storage.segments.segment import Segment
from tests.support.cleaning import clean, records
from tests.support.crashes.crash_disk import (
    RecordingDisk,
    Trace,
    choices,
    lay_out,
    recorded,
)

pytestmark = pytest.mark.slow

LOG_ID = LogId(topic_id="AAAAAAAAAAAAAAAAAAAAAA", topic_name="t", partition=0)
CONFIG = parse_config(
    {
        "segment.bytes": "1024",
        "index.interval.bytes": "150",
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0",
        "delete.retention.ms": "1000",
    }
)
NOW_MS = 1_700_000_000_000
RANDOM_STATES = 2
KEYS = 5
LATER_MS = 5_000
"""Between two compactions; tombstones that the one has seen may go in the next."""


def record_at(offset: int) -> NewRecord:
    """Return what is appended at an offset, in every run; a fourth of it are tombstones."""
    chance = random.Random(offset)
    key = b"k%d" % (offset // 10 + chance.randrange(KEYS))
    value = chance.randbytes(chance.randint(0, 60)) if chance.randrange(4) else None
    return NewRecord(NOW_MS + chance.randint(0, 50), key, value)


def open_manager(root: Path, disk: Disk) -> LogManager:
    return LogManager.open([root / "data"], cluster_id="c", node_id=1, disk=disk)


def the_log(manager: LogManager) -> Log:
    assert manager.offline == {}, manager.offline
    log = manager.get(LOG_ID.topic_id, 0) or manager.create(LOG_ID, CONFIG)
    log.update_config(CONFIG)
    return log


def append(log: Log, count: int) -> None:
    end = log.log_end_offset
    batch = build_batch([record_at(offset) for offset in range(end, end + count)])
    log.append(batch, leader_epoch=0, now_ms=NOW_MS)


def run(disk: RecordingDisk, root: Path) -> None:
    """Append and compact over and over, with kills and clean ends between."""
    trace = disk.trace
    manager = open_manager(root, disk)
    log = the_log(manager)
    for life in range(2):
        for step in range(12):
            append(log, 1 + step % 4)
            log.flush()
            log.advance_high_watermark(log.durable_end_offset)
            trace.shown(log.durable_end_offset)
            if step % 6 == 5:
                manager.write_checkpoints()
                clean(log, NOW_MS + (2 * life + step // 6) * LATER_MS, disk=disk)
                manager.write_checkpoints()
        if life:
            manager.close()
        else:
            append(log, 3)
            manager.abandon()
        manager = open_manager(root, disk)
        log = the_log(manager)
        trace.shown(log.durable_end_offset)
    manager.abandon()


def check(root: Path, end_min: int) -> None:
    """Open what the power cut has left; assert that every key says what it said."""
    manager = open_manager(root, Disk())
    log = the_log(manager)
    try:
        check_records(log, end_min)
        append(log, 2)
        log.flush()
        log.advance_high_watermark(log.durable_end_offset)
        manager.write_checkpoints()
        clean(log, NOW_MS + 9 * LATER_MS)
        check_records(log, end_min + 2)
        names = sorted(path.name for path in log.directory.iterdir())
        assert not [name for name in names if name.endswith((".cleaned", ".swap"))]
    finally:
        manager.abandon()


def check_records(log: Log, end_min: int) -> None:
    end = log.log_end_offset
    assert end >= end_min, f"ends at {end}, shown up to {end_min}"
    found = records(log)
    offsets = [one.offset for one in found]
    assert offsets == sorted(set(offsets))
    for one in found:
        assert (one.timestamp_ms, one.key, one.value) == record_at(one.offset)[:3]
    left = {one.key: one.offset for one in found}
    for key, offset in {record_at(offset).key: offset for offset in range(end)}.items():
        is_gone = key not in left and record_at(offset).value is None
        assert is_gone or left[key] == offset, f"{key!r}: {left.get(key)} is left, not {offset}"


def tombstones_gone(root: Path) -> int:
    """Return how many keys ended with a tombstone that compaction has removed since."""
    manager = open_manager(root, Disk())
    log = the_log(manager)
    last = {record_at(offset).key: record_at(offset) for offset in range(log.log_end_offset)}
    left = {one.key for one in records(log)}
    manager.abandon()
    return len([one for one in last.values() if one.value is None and one.key not in left])


def explore(trace: Trace, scratch: Path) -> int:
    """Check the states after every operation; return how many there were."""
    seen = end_min = 0
    for count in range(len(trace.operations) + 1):
        if count and trace.operations[count - 1].kind == "shown":
            (end_min,) = trace.operations[count - 1].facts
        for choose in choices(count, RANDOM_STATES):
            root = scratch / str(seen)
            lay_out(trace, count, root, choose)
            check(root, end_min)
            seen += 1
    return seen


def test_every_state_after_a_power_cut_keeps_every_key(tmp_path: Path) -> None:
    trace = recorded(tmp_path, run)
    renames = [one for one in trace.operations if one.kind == "rename"]
    assert len([one for one in renames if one.other.endswith(".log.swap")]) >= 3
    assert tombstones_gone(tmp_path / "recorded") > 0

    assert explore(trace, tmp_path) > 1000


def test_compacted_files_that_are_not_synced_are_caught(tmp_path: Path) -> None:
    trace = recorded(tmp_path, run, unsynced=".cleaned")

    with pytest.raises((AssertionError, LogError)):
        explore(trace, tmp_path)


def test_sources_that_go_before_the_new_names_are_durable_are_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap_wrongly(cleaned: Segment, sources: tuple[Segment, ...]) -> list[Path]:
        for source in sources:
            source.remove()
        cleaned.rename("")
        return []

    monkeypatch.setattr("storage.cleanup.log_cleaning.swap_in", swap_wrongly)
    trace = recorded(tmp_path, run)

    with pytest.raises((AssertionError, LogError)):
        explore(trace, tmp_path)


def test_run_that_is_called_done_too_early_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original: Callable[..., CleanedSegment | None] = Log.take_cleaned  # type: ignore[assignment]

    def take_and_forget(self: Log, plan: object, cleaned: CleanedSegment) -> object:
        cleaned.segment.clear()
        return original(self, plan, cleaned)

    monkeypatch.setattr(Log, "take_cleaned", take_and_forget)
    with pytest.raises((AssertionError, LogError)):
        explore(recorded(tmp_path, run), tmp_path)
