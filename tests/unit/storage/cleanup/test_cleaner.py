"""Whole compaction runs over random histories, against a model of what has to be left."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storage.config import parse_config
from storage.files import Disk
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.record import NewRecord, Record
from storage.recovery import RecoveryStart, create_log, recover_log
from storage.segments.segment import SNAPSHOT_SUFFIX
from storage.validation import Origin
from tests.support.cleaning import (
    checkpoint,
    clean,
    committed,
    last_of_each_key,
    records,
)

NOW_MS = 1_700_000_000_000
RETENTION_MS = 1000
CONFIG = parse_config(
    {
        "segment.bytes": "1024",
        "index.interval.bytes": "100",
        "cleanup.policy": "compact",
        "delete.retention.ms": str(RETENTION_MS),
        "min.cleanable.dirty.ratio": "0",
    }
)
KEYS = st.one_of(
    st.sampled_from([b"", b"a", b"b", b"c"]), st.integers(0, 3).map(lambda one: b"%d" % one * 70)
)
VALUES = st.one_of(st.none(), st.binary(max_size=40))
RECORDS = st.lists(st.tuples(KEYS, VALUES, st.integers(-50, 50)), min_size=1, max_size=6)
PRODUCERS = st.integers(1, 3)


class Compacting(RuleBasedStateMachine):
    """A log that is written, compacted and opened again, and what it has to hold."""

    @initialize()
    def create(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.now_ms = NOW_MS
        self.log = create_log(Disk(), Path(self.directory.name) / "t-0", CONFIG)
        self.sequences: dict[int, int] = {}
        self.open: dict[int, list[Record]] = {}
        self.written: dict[int, Record] = {}
        """Committed and not yet called replaced, by offset."""

        self.horizons: dict[int, int] = {}
        """When each tombstone may go, by offset."""

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
            self.directory.cleanup()

    def append(
        self, parts: list[tuple[bytes, bytes | None, int]], compression: Compression, **more: int
    ) -> list[Record]:
        new = [NewRecord(self.now_ms + delta, key, value) for key, value, delta in parts]
        batch = build_batch(new, compression=compression, **more)  # type: ignore[arg-type]
        base = self.log.append(
            batch, leader_epoch=0, now_ms=self.now_ms, origin=Origin.VERIFIED
        ).base_offset
        return [Record(base + number, *one[:3], ()) for number, one in enumerate(new)]

    @rule(parts=RECORDS, compression=st.sampled_from(Compression))
    def produce(
        self, parts: list[tuple[bytes, bytes | None, int]], compression: Compression
    ) -> None:
        self.written |= {one.offset: one for one in self.append(parts, compression)}

    @rule(
        parts=RECORDS,
        compression=st.sampled_from(Compression),
        producer=PRODUCERS,
        is_transactional=st.booleans(),
    )
    def produce_in_sequence(
        self,
        parts: list[tuple[bytes, bytes | None, int]],
        compression: Compression,
        producer: int,
        is_transactional: bool,
    ) -> None:
        is_transactional = is_transactional or producer in self.open
        sequence = self.sequences.get(producer, 0)
        found = self.append(
            parts,
            compression,
            producer_id=producer,
            producer_epoch=0,
            base_sequence=sequence,
            is_transactional=is_transactional,
        )
        self.sequences[producer] = sequence + len(parts)
        if is_transactional:
            self.open.setdefault(producer, []).extend(found)
        else:
            self.written |= {one.offset: one for one in found}

    @precondition(lambda self: self.open)
    @rule(data=st.data(), kind=st.sampled_from(ControlType))
    def end_transaction(self, data: st.DataObject, kind: ControlType) -> None:
        producer = data.draw(st.sampled_from(sorted(self.open)))
        marker = build_end_marker(
            EndMarker(kind, 1), producer_id=producer, producer_epoch=0, timestamp_ms=self.now_ms
        )
        self.log.append(marker, leader_epoch=0, now_ms=self.now_ms, origin=Origin.COORDINATOR)
        found = self.open.pop(producer)
        if kind is ControlType.COMMIT:
            self.written |= {one.offset: one for one in found}

    @rule()
    def roll(self) -> None:
        self.log.roll()

    @rule(ms=st.integers(0, 2 * RETENTION_MS))
    def wait(self, ms: int) -> None:
        self.now_ms += ms

    @rule(memory=st.sampled_from([1, 1000, 1 << 30]))
    def compact(self, memory: int) -> None:
        checkpoint(self.log)
        before = records(self.log)
        last = last_of_each_key(committed(self.log))
        figures = clean(self.log, self.now_ms, map_bytes_max=memory)

        after = records(self.log)
        kept = {one.offset: one for one in after}
        assert [one.offset for one in after] == sorted(kept)
        assert set(after) <= set(before)
        assert last_of_each_key(committed(self.log)) == last
        if figures is not None:
            self.account(self.log.cleaning.first_dirty_offset)

    def account(self, end: int) -> None:
        """Take out of the model what a run up to an offset has to take out of the log."""
        below = [one for one in self.written.values() if one.offset < end]
        last = {one.key: one.offset for one in sorted(below)}
        for one in below:
            is_due = self.horizons.get(one.offset, self.now_ms + 1) <= self.now_ms
            if last[one.key] != one.offset or (one.value is None and is_due):
                del self.written[one.offset]
            elif one.value is None:
                self.horizons.setdefault(one.offset, self.now_ms + RETENTION_MS)

    @rule(recovery_point=st.booleans(), snapshots=st.booleans())
    def open_again(self, recovery_point: bool, snapshots: bool) -> None:
        self.log.flush()
        known = {
            producer: (one.epoch, one.last_sequence, one.transaction_start is None)
            for producer, one in self.log.producers.producers.items()
        }
        first_dirty = self.log.cleaning.first_dirty_offset
        if not snapshots:
            for path in self.log.directory.glob(f"*{SNAPSHOT_SUFFIX}"):
                path.unlink()
        start = RecoveryStart(
            clean=False,
            recovery_point=self.log.log_end_offset if recovery_point else 0,
            log_start_offset=self.log.log_start_offset,
        )
        self.log = recover_log(Disk(), self.log.directory, CONFIG, start)
        self.log.cleaning.first_dirty_offset = first_dirty
        assert known == {
            producer: (one.epoch, one.last_sequence, one.transaction_start is None)
            for producer, one in self.log.producers.producers.items()
        }
        assert not [
            path
            for path in self.log.directory.iterdir()
            if path.name.endswith((".cleaned", ".swap"))
        ]

    @invariant()
    def what_is_committed_is_what_the_model_says(self) -> None:
        if hasattr(self, "log"):
            end = self.log.last_stable_offset(self.log.log_end_offset)
            found = {one.offset: one for one in committed(self.log)}
            assert found == {offset: one for offset, one in self.written.items() if offset < end}


Compacting.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCompacting = Compacting.TestCase
