"""Every state in which a power cut may leave the data directory recovers rightly.

A run of the storage engine is recorded, operation by operation; then, after every single one of
them, the states that the disk may be in are laid out and opened. A planted fault (a disk that
does not sync) must be found by the same check, or the check proves nothing.
"""

import random
from pathlib import Path

import pytest

from storage.config import parse_config
from storage.errors import LogError
from storage.files import Disk
from storage.format.batch import iterate_headers
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from storage.format.record import NewRecord, Record
from storage.log import Log
from storage.log_layout import LogId
from storage.log_manager import LogManager
from tests.support.crashes.crash_disk import (
    RecordingDisk,
    Trace,
    at_random,
    choices,
    lay_out,
    recorded,
)

pytestmark = pytest.mark.slow

LOG_ID = LogId(topic_id="AAAAAAAAAAAAAAAAAAAAAA", topic_name="t", partition=0)
CONFIG = parse_config({"segment.bytes": "1024", "index.interval.bytes": "150"})
NOW_MS = 1_700_000_000_000
RANDOM_STATES = 4


def record_at(offset: int) -> NewRecord:
    """Return what is appended at an offset, in every run."""
    chance = random.Random(offset)
    timestamp_ms = NOW_MS + chance.randint(0, 50)
    return NewRecord(timestamp_ms, b"k%d" % offset, chance.randbytes(chance.randint(0, 90)))


def open_manager(root: Path, disk: Disk) -> LogManager:
    return LogManager.open([root / "data"], cluster_id="c", node_id=1, disk=disk)


def the_log(manager: LogManager) -> Log:
    assert manager.offline == {}, manager.offline
    log = manager.get(LOG_ID.topic_id, 0) or manager.create(LOG_ID, CONFIG)
    log.update_config(CONFIG)
    return log


def append(log: Log, count: int, epoch: int) -> None:
    end = log.log_end_offset
    batch = build_batch([record_at(offset) for offset in range(end, end + count)])
    log.append(batch, leader_epoch=epoch, now_ms=NOW_MS)


def run(disk: RecordingDisk, root: Path) -> None:
    """Do what a node does: append, sync, roll, delete, checkpoint, get killed, close, start."""
    trace = disk.trace
    manager = open_manager(root, disk)
    log = the_log(manager)
    for life in range(3):
        for step in range(9):
            append(log, 1 + step % 3, epoch=life)
            flush = log.begin_flush()
            assert flush is not None
            append(log, 1, epoch=life)
            flush.run()
            log.complete_flush(flush)
            trace.shown(log.log_start_offset, log.durable_end_offset, 0)
            if step == 4:
                log.advance_log_start(log.log_start_offset + 7)
            if step % 4 == 3:
                manager.write_checkpoints()
                trace.shown(log.log_start_offset, log.durable_end_offset, 1)
        if life == 0:  # killed: what was written stays in the page cache, not synced
            for _ in range(12):
                append(log, 2, epoch=life)
            manager.abandon()
        else:
            manager.close()
        manager = open_manager(root, disk)
        log = the_log(manager)
        trace.shown(log.log_start_offset, log.durable_end_offset, 1)


def read_all(log: Log) -> list[Record]:
    found: list[Record] = []
    offset = log.log_start_offset
    while (part := log.locate(offset, 1000)).size:
        data = part.read()
        for position, _ in iterate_headers(data):
            found += [one for one in decode_records(data, position) if one.offset >= offset]
        offset = part.next_offset
    return found


def check(root: Path, start_min: int, start_max: int, end_min: int, disk: Disk) -> None:
    """Open what the power cut has left; assert that nothing promised is missing or wrong."""
    manager = open_manager(root, disk)
    log = the_log(manager)
    try:
        start, end = log.log_start_offset, log.log_end_offset
        assert start_min <= start <= start_max
        assert end >= end_min, f"ends at {end}, shown up to {end_min}"
        found = read_all(log)
        assert [one.offset for one in found] == list(range(start, end))
        for one in found:
            wanted = record_at(one.offset)
            assert (one.timestamp_ms, one.key, one.value) == (
                wanted.timestamp_ms,
                wanted.key,
                wanted.value,
            )
        for timestamp_ms in range(NOW_MS, NOW_MS + 52, 5):
            first = next((one.offset for one in found if one.timestamp_ms >= timestamp_ms), None)
            place = log.offset_for_timestamp(timestamp_ms)
            assert (place and place.offset) == first
        append(log, 2, epoch=9)
        log.flush()
        assert len(read_all(log)) == len(found) + 2
    finally:
        manager.abandon()


def promises(trace: Trace, count: int) -> tuple[int, int, int]:
    """Return the smallest and largest log start and the smallest end, after so many operations."""
    start_min = start_max = end_min = 0
    for one in trace.operations[:count]:
        if one.kind == "shown":
            start, end, checkpointed = one.facts
            end_min = end
            start_min = start if checkpointed else start_min
    for one in trace.operations:
        if one.kind == "shown":
            start_max = max(start_max, one.facts[0])
    return start_min, start_max, end_min


def explore(trace: Trace, scratch: Path, every: int = 1) -> int:
    """Check the states after every n-th operation; return how many there were."""
    seen = 0
    for count in range(0, len(trace.operations) + 1, every):
        promised = promises(trace, count)
        for choose in choices(count, RANDOM_STATES):
            root = scratch / str(seen)
            lay_out(trace, count, root, choose)
            check(root, *promised, disk=Disk())
            seen += 1
    return seen


def test_every_state_after_a_power_cut_recovers(tmp_path: Path) -> None:
    trace = recorded(tmp_path, run)

    seen = explore(trace, tmp_path)

    assert seen == len(trace.operations) * (3 + RANDOM_STATES) + 3 + RANDOM_STATES > 2500


def test_every_state_after_a_power_cut_in_a_recovery_recovers(tmp_path: Path) -> None:
    trace = recorded(tmp_path, run)
    for count in range(len(trace.operations) // 3, len(trace.operations), 41):
        promised = promises(trace, count)
        root = tmp_path / f"first{count}"
        lay_out(trace, count, root, at_random(count))
        disk = RecordingDisk(root)
        before = len(disk.trace.operations)
        log = the_log(manager := open_manager(root, disk))
        disk.trace.shown(log.log_start_offset, log.durable_end_offset, 0)
        manager.abandon()

        for again in range(before, len(disk.trace.operations) + 1):
            start_min, _, end_min = promises(disk.trace, again)
            for number, choose in enumerate(choices(again, RANDOM_STATES)):
                state = tmp_path / f"{count}-{again}-{number}"
                lay_out(disk.trace, again, state, choose)
                check(
                    state,
                    max(start_min, promised[0]),
                    promised[1],
                    max(end_min, promised[2]),
                    disk=Disk(),
                )


@pytest.mark.parametrize("suffix", [".log", ".index", ".timeindex", ".tmp"])
def test_a_disk_that_does_not_sync_some_files_is_caught(tmp_path: Path, suffix: str) -> None:
    trace = recorded(tmp_path, run, unsynced=suffix)

    with pytest.raises((AssertionError, LogError)):
        explore(trace, tmp_path)


def test_a_disk_that_does_not_sync_names_is_caught(tmp_path: Path) -> None:
    trace = recorded(tmp_path, run, syncs_directories=False)

    with pytest.raises(AssertionError):
        explore(trace, tmp_path, every=5)
