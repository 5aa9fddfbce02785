"""The producer state of a log against the log itself: reopened, truncated, rolled."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storage.appending import Appended
from storage.config import parse_config
from storage.errors import LogError, OutOfOrderSequence
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.record import NewRecord
from storage.log import Log
from storage.producers.producer_snapshots import snapshot_offsets, snapshot_path
from storage.producers.producer_state import Producer, ProducerState, sequence_after
from storage.recovery import RecoveryStart, create_log, recover_log
from storage.segments.txn_index import AbortedTransaction
from storage.validation import Origin

NOW_MS = 1_700_000_000_000
CONFIG = parse_config({"segment.bytes": "1024", "index.interval.bytes": "100"})
PRODUCERS = st.integers(1, 3)


def append(
    log: Log,
    producer_id: int,
    sequence: int,
    count: int = 1,
    *,
    epoch: int = 0,
    is_transactional: bool = False,
) -> Appended:
    batch = build_batch(
        [NewRecord(NOW_MS, b"k", b"v" * 20)] * count,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        is_transactional=is_transactional,
    )
    return log.append(batch, leader_epoch=0, now_ms=NOW_MS, origin=Origin.VERIFIED)


def end_transaction(log: Log, producer_id: int, kind: ControlType, epoch: int = 0) -> None:
    marker = build_end_marker(
        EndMarker(kind, 1), producer_id=producer_id, producer_epoch=epoch, timestamp_ms=NOW_MS
    )
    log.append(marker, leader_epoch=0, now_ms=NOW_MS, origin=Origin.COORDINATOR)


def reopened(log: Log, *, recovery_point: int | None) -> Log:
    """Open the log's directory again, after a clean end if there is no recovery point."""
    start = RecoveryStart(
        clean=recovery_point is None,
        recovery_point=log.log_end_offset if recovery_point is None else recovery_point,
        log_start_offset=log.log_start_offset,
        now_ms=NOW_MS,
    )
    return recover_log(Disk(), log.directory, CONFIG, start)


def read_state(log: Log) -> tuple[dict[int, Producer], list[AbortedTransaction]]:
    """Return what the log's batches alone say."""
    state = ProducerState(10**9)
    aborted = []
    for segment in log.segments:
        for position, header in segment.headers(0):
            if header.producer_id >= 0:
                batch = segment.file.read(position, header.size)
                one = state.note(header, batch, 0, NOW_MS)
                if one is not None:
                    aborted.append(one)
    return dict(state.producers), aborted


class LogWithProducers(RuleBasedStateMachine):
    """Any history leaves the state that its batches say."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.log = create_log(Disk(), Path(self.directory.name) / "t-0", CONFIG)

    def teardown(self) -> None:
        self.directory.cleanup()

    def _next(self, producer_id: int) -> tuple[int, int]:
        known = self.log.producers.producers.get(producer_id, Producer(epoch=0))
        return known.epoch, sequence_after(known.last_sequence) if known.batches else 0

    @rule(producer_id=PRODUCERS, count=st.integers(1, 4))
    def append_the_next(self, producer_id: int, count: int) -> None:
        epoch, sequence = self._next(producer_id)
        is_open = producer_id in self._open()
        append(self.log, producer_id, sequence, count, epoch=epoch, is_transactional=is_open)

    @rule(producer_id=PRODUCERS, count=st.integers(1, 3))
    def append_in_a_transaction(self, producer_id: int, count: int) -> None:
        epoch, sequence = self._next(producer_id)
        append(self.log, producer_id, sequence, count, epoch=epoch, is_transactional=True)

    @rule(kind=st.sampled_from(ControlType), producer_id=PRODUCERS, is_bumped=st.booleans())
    def end(self, kind: ControlType, producer_id: int, is_bumped: bool) -> None:
        epoch, _ = self._next(producer_id)
        end_transaction(self.log, producer_id, kind, epoch + is_bumped)

    @rule(producer_id=PRODUCERS, number=st.integers(0, 4))
    def retry(self, producer_id: int, number: int) -> None:
        known = self.log.producers.producers.get(producer_id)
        if known is None or number >= len(known.batches):
            return
        batch, end = known.batches[number], self.log.log_end_offset
        count = batch.last_offset - batch.first_offset + 1
        found = append(self.log, producer_id, batch.first_sequence, count, epoch=known.epoch)
        assert found.is_duplicate
        assert (found.base_offset, found.last_offset) == (batch.first_offset, batch.last_offset)
        assert self.log.log_end_offset == end

    @rule(producer_id=PRODUCERS, distance=st.integers(1, 9))
    def skip(self, producer_id: int, distance: int) -> None:
        epoch, sequence = self._next(producer_id)
        known = self.log.producers.producers.get(producer_id)
        if known is None or not known.batches:
            return
        with pytest.raises(OutOfOrderSequence):
            append(self.log, producer_id, sequence + distance, epoch=epoch)

    @rule()
    def roll(self) -> None:
        self.log.roll()

    @rule(share=st.floats(0, 1))
    def truncate(self, share: float) -> None:
        self.log.truncate_to(int(share * self.log.log_end_offset))

    @rule()
    def end_cleanly(self) -> None:
        self.log.close()
        self.log = reopened(self.log, recovery_point=None)

    @rule(share=st.floats(0, 1))
    def end_badly(self, share: float) -> None:
        self.log.flush()
        self.log = reopened(self.log, recovery_point=int(share * self.log.log_end_offset))

    @precondition(lambda self: snapshot_offsets(Disk(), self.log.directory))
    @rule(number=st.integers(0, 50), position=st.integers(0, 60))
    def damage_a_snapshot(self, number: int, position: int) -> None:
        offsets = snapshot_offsets(Disk(), self.log.directory)
        path = snapshot_path(self.log.directory, offsets[number % len(offsets)])
        data = bytearray(path.read_bytes())
        data[position % len(data)] ^= 1
        path.write_bytes(data)

    @invariant()
    def state_is_what_the_batches_say(self) -> None:
        producers, aborted = read_state(self.log)
        end = self.log.log_end_offset
        assert self.log.producers.producers == producers
        found = self.log.aborted_transactions(0, end + 1)
        # What was stable then depends on how far the high watermark had come.
        assert [one[:3] for one in found] == [one[:3] for one in aborted]
        self.log.advance_high_watermark(end)
        opened = [one.transaction_start for one in producers.values()]
        starts = [start for start in opened if start is not None]
        assert self.log.last_stable_offset(end) == min([*starts, end])
        offsets = snapshot_offsets(Disk(), self.log.directory)
        assert all(one <= end for one in offsets)

    def _open(self) -> list[int]:
        known = self.log.producers.producers
        return [one for one in known if known[one].transaction_start is not None]


TestLogWithProducers = LogWithProducers.TestCase
TestLogWithProducers.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_transaction_that_ended_is_unstable_until_its_end_is_replicated(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0, 3, is_transactional=True)
    append(log, 2, 0, 2)

    assert log.last_stable_offset(5) == 0
    end_transaction(log, 1, ControlType.COMMIT)
    log.advance_high_watermark(5)
    assert log.last_stable_offset(5) == 0
    log.advance_high_watermark(6)
    assert log.last_stable_offset(6) == 6


def test_aborted_transactions_are_those_that_overlap_what_is_read(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    for producer_id in (1, 2):
        append(log, producer_id, 0, 2, is_transactional=True)
    log.roll()
    end_transaction(log, 1, ControlType.ABORT)
    log.roll()
    append(log, 3, 0, 2)
    end_transaction(log, 2, ControlType.ABORT)

    def found(start: int, end: int) -> list[int]:
        return [one.producer_id for one in log.aborted_transactions(start, end)]

    assert found(0, 1) == [1]
    assert found(0, 8) == found(2, 5) == [1, 2]
    assert found(5, 8) == [2]
    assert found(8, 9) == []


def test_producer_is_known_to_its_last_batch_in_a_log_that_begins_again(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0)
    log.close()
    log = reopened(log, recovery_point=None)
    append(log, 1, 1, 2)
    append(log, 2, 0, 2)
    log.flush()
    log.advance_high_watermark(5)
    log.advance_log_start(4)

    log.truncate_to(4)

    assert append(log, 1, 3).base_offset == 4
    log = reopened(log, recovery_point=0)
    assert log.producers.producers[1].last_sequence == 3
    snapshot_path(log.directory, 4).unlink()
    log = reopened(log, recovery_point=0)
    assert [one.first_sequence for one in log.producers.producers[1].batches] == [3]


def test_refused_batch_of_a_producer_changes_nothing(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0, epoch=3)
    before = dict(log.producers.producers)

    for epoch, sequence in ((2, 1), (3, 5), (4, 1)):
        with pytest.raises(LogError):
            append(log, 1, sequence, epoch=epoch)

    assert (log.log_end_offset, log.producers.producers) == (1, before)


def test_last_stable_offset_is_not_below_the_log_start(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0, 4, is_transactional=True)

    log.advance_log_start(2)

    assert log.last_stable_offset(4) == 2
    assert log.last_stable_offset(1) == 1


def test_snapshot_that_a_power_cut_took_is_written_again_before_its_batches_go(
    tmp_path: Path,
) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0, 4)
    log.roll()
    end_transaction(log, 2, ControlType.ABORT)
    log.flush()
    base = log.segments[1].base_offset
    snapshot_path(log.directory, base).unlink()

    log = reopened(log, recovery_point=0)

    assert base in snapshot_offsets(Disk(), log.directory)
    log.advance_high_watermark(log.durable_end_offset)
    log.advance_log_start(base)
    log.retire_dead_segments(base)
    log = reopened(log, recovery_point=base)
    assert log.segments[0].base_offset == base
    assert append(log, 1, 4).base_offset == base + 1


def test_snapshot_of_a_closed_segment_is_part_of_the_next_flush(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    append(log, 1, 0)
    log.roll()

    flush = log.begin_flush()

    assert flush is not None
    assert snapshot_path(log.directory, 1) in [file.path for file in flush.files]
