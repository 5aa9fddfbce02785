"""The log against a plain list of records."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.config import parse_config
from storage.durability import Flush
from storage.errors import BatchTooLarge, InvalidTimestamp, LogOffline, OffsetOutOfRange
from storage.files import Disk
from storage.format.batch import iterate_headers
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.decoder import decode_records
from storage.format.record import NewRecord, Record
from storage.log import Log
from storage.recovery import RecoveryStart, create_log, recover_log
from storage.validation import Origin
from tests.support.crashes.memory_disk import MemoryDisk

NOW_MS = 1_700_000_000_000
CONFIG = parse_config({"segment.bytes": "1024", "index.interval.bytes": "100"})


def read_all(log: Log, max_bytes: int = 300) -> list[Record]:
    found: list[Record] = []
    offset = log.log_start_offset
    while (part := log.locate(offset, max_bytes, end_offset=log.log_end_offset)).size:
        data = part.read()
        for position, _ in iterate_headers(data):
            found += [one for one in decode_records(data, position) if one.offset >= offset]
        offset = part.next_offset
    return found


def append(log: Log, *values: bytes, timestamp_ms: int = NOW_MS) -> None:
    batch = build_batch([NewRecord(timestamp_ms, None, value) for value in values])
    log.append(batch, leader_epoch=0, now_ms=NOW_MS)


def test_locate_shows_nothing_before_it_is_durable(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, b"a")

    assert log.locate(0, 100).size == 0
    log.flush()
    assert log.locate(0, 100).next_offset == 1


def test_name_of_a_new_transaction_index_is_synced_by_the_next_flush() -> None:
    disk = MemoryDisk(records=True)
    log = create_log(disk, Path("/t-0"), CONFIG)
    begun = build_batch(
        [NewRecord(NOW_MS, None, b"v")],
        producer_id=1,
        producer_epoch=0,
        base_sequence=0,
        is_transactional=True,
    )
    marker = build_end_marker(
        EndMarker(ControlType.ABORT, 0), producer_id=1, producer_epoch=0, timestamp_ms=NOW_MS
    )
    log.append(begun, leader_epoch=0, now_ms=NOW_MS, origin=Origin.VERIFIED)
    log.flush()
    log.append(marker, leader_epoch=0, now_ms=NOW_MS, origin=Origin.COORDINATOR)
    assert disk.trace is not None
    disk.trace.clear()

    log.flush()

    assert "sync_directory" in [one.kind for one in disk.trace]


def test_locate_refuses_offsets_outside_the_log(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, b"a", b"b")
    log.flush()
    log.advance_log_start(1)

    for offset in (0, 3):
        with pytest.raises(OffsetOutOfRange):
            log.locate(offset, 100)


def test_append_refuses_large_batches_and_far_timestamps(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", parse_config({"max.message.bytes": "100"}))

    with pytest.raises(BatchTooLarge):
        append(log, b"x" * 100)
    with pytest.raises(InvalidTimestamp):
        append(log, b"x", timestamp_ms=NOW_MS + 3_600_001)
    assert log.log_end_offset == 0


def test_fence_refuses_appends(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    log.fence("the disk failed")

    with pytest.raises(LogOffline, match="the disk failed"):
        append(log, b"x")


def test_truncate_makes_a_flush_under_way_void(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, b"a")
    append(log, b"b")
    flush = log.begin_flush()
    assert flush is not None

    log.truncate_to(1)
    append(log, b"c")
    flush.run()
    log.complete_flush(flush)

    assert (log.durable_end_offset, log.log_end_offset) == (1, 2)
    log.flush()
    assert log.durable_end_offset == 2


def test_truncate_begins_again_at_the_log_start_when_its_batch_goes(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, b"a", b"b", b"c")
    log.flush()
    log.advance_log_start(1)

    log.truncate_to(2)
    append(log, b"d")

    assert (log.log_start_offset, log.log_end_offset) == (1, 2)
    assert [one.value for one in read_all(log)] == [b"d"]


class LogMachine(RuleBasedStateMachine):
    """Does what a partition does to a log, and to a list.

    The model keeps, for each batch, its records; a crash keeps all bytes here (the states that a
    power cut leaves behind are the business of tests/crash).
    """

    root: Path

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=self.root)) / "t-0"
        self.log = create_log(Disk(), self.directory, CONFIG)
        self.records: dict[int, tuple[int, bytes]] = {}
        self.batches: list[int] = []
        self.start = self.end = self.durable = 0
        self.flush_under_way: Flush | None = None

    @rule(values=st.lists(st.binary(max_size=60), min_size=1, max_size=5), later=st.integers(0, 9))
    def append(self, values: list[bytes], later: int) -> None:
        append(self.log, *values, timestamp_ms=NOW_MS + later)
        self.batches.append(self.end)
        for value in values:
            self.records[self.end] = (NOW_MS + later, value)
            self.end += 1

    @rule()
    def begin_flush(self) -> None:
        if self.flush_under_way is None:
            self.flush_under_way = self.log.begin_flush()
            self.flush_end = self.end

    @rule()
    def complete_flush(self) -> None:
        if self.flush_under_way is not None:
            self.flush_under_way.run()
            self.log.complete_flush(self.flush_under_way)
            self.flush_under_way = None
            self.durable = max(self.durable, self.flush_end)

    @rule()
    def roll(self) -> None:
        self.log.roll()

    @rule(back=st.integers(0, 6))
    def truncate(self, back: int) -> None:
        target = max(self.start, self.end - back)
        if target < self.end:
            base = max(one for one in self.batches if one <= target)
            self.batches = [one for one in self.batches if one < base]
            self.end = self.durable = self.flush_end = max(base, self.start)
            self.records = {at: one for at, one in self.records.items() if at < base}
        self.log.truncate_to(target)

    @rule(forward=st.integers(0, 4))
    def delete_records(self, forward: int) -> None:
        self.start = min(self.start + forward, self.end)
        self.log.advance_log_start(self.start)

    @rule()
    def remove_dead_segments(self) -> None:
        self.log.retire_dead_segments()

    @rule(clean=st.booleans())
    def reopen(self, clean: bool) -> None:
        self.complete_flush()
        if clean:
            self.log.close()
        start = RecoveryStart(clean=clean, recovery_point=self.durable, log_start_offset=self.start)
        self.log = recover_log(Disk(), self.directory, CONFIG, start)
        self.durable = self.end

    @rule(later=st.integers(0, 10))
    def look_up_a_timestamp(self, later: int) -> None:
        found = self.log.offset_for_timestamp(NOW_MS + later, end_offset=self.end)

        expected = [at for at, (time_ms, _) in self.visible() if time_ms >= NOW_MS + later]
        assert (found.offset if found else None) == (expected[0] if expected else None)

    @rule()
    def look_up_the_largest_timestamp(self) -> None:
        found = self.log.max_timestamp(end_offset=self.end)

        expected = max(((time_ms, -at) for at, (time_ms, _) in self.visible()), default=None)
        assert (found and (found.timestamp_ms, -found.offset)) == expected

    @invariant()
    def reads_what_was_appended(self) -> None:
        if hasattr(self, "log"):
            found = [(one.offset, (one.timestamp_ms, one.value)) for one in read_all(self.log)]
            assert found == self.visible()
            assert self.log.log_start_offset == self.start <= self.end == self.log.log_end_offset
            assert self.log.durable_end_offset == self.durable <= self.end

    def visible(self) -> list[tuple[int, tuple[int, bytes]]]:
        return [(at, self.records[at]) for at in range(self.start, self.end)]


def test_log_behaves_like_a_list(tmp_path: Path) -> None:
    machine = type("Machine", (LogMachine,), {"root": tmp_path})
    case = machine.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    case().runTest()
