"""Producer state: random histories against a list of all batches ever appended, and the edges."""

from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from storage.errors import (
    InvalidProducerEpoch,
    InvalidTransaction,
    LogError,
    OutOfOrderSequence,
    StaleCoordinator,
)
from storage.format.batch import (
    HEADER_SIZE,
    LOG_OVERHEAD,
    TRANSACTIONAL_BIT,
    BatchHeader,
    parse_header,
    stamp,
)
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.producers.producer_snapshots import decode_snapshot, encode_snapshot
from storage.producers.producer_state import (
    SEQUENCE_MAX,
    ProducedBatch,
    Producer,
    ProducerState,
)
from storage.segments.txn_index import AbortedTransaction

EXPIRATION_MS = 100
SEQUENCES = SEQUENCE_MAX + 1
ABORT, COMMIT = ControlType.ABORT, ControlType.COMMIT


class Event(NamedTuple):
    """What a log saw: a batch, or the time at which it forgot silent producers."""

    now_ms: int
    header: BatchHeader | None = None
    marker: EndMarker | None = None
    batch: bytes = b""


def data(
    offset: int,
    sequence: int,
    count: int = 1,
    *,
    producer_id: int = 1,
    epoch: int = 0,
    is_transactional: bool = False,
) -> BatchHeader:
    return BatchHeader(
        base_offset=offset,
        batch_length=HEADER_SIZE - LOG_OVERHEAD,
        partition_leader_epoch=0,
        magic=2,
        crc=0,
        attributes=TRANSACTIONAL_BIT if is_transactional else 0,
        last_offset_delta=count - 1,
        base_timestamp_ms=0,
        max_timestamp_ms=0,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        record_count=count,
    )


def end(
    offset: int,
    kind: ControlType,
    *,
    producer_id: int = 1,
    epoch: int = 0,
    coordinator_epoch: int = 0,
    now_ms: int = 0,
) -> Event:
    marker = EndMarker(kind, coordinator_epoch)
    batch = build_end_marker(
        marker, producer_id=producer_id, producer_epoch=epoch, timestamp_ms=now_ms
    )
    stamp(batch, 0, offset, 0)
    return Event(now_ms, parse_header(batch), marker, bytes(batch))


def note(state: ProducerState, *events: BatchHeader | Event) -> AbortedTransaction | None:
    """Let a state take note of events; return what the last one aborts."""
    aborted = None
    for one in events:
        event = one if isinstance(one, Event) else Event(0, one)
        if event.header is None:
            state.expire(event.now_ms)
        else:
            aborted = state.note(event.header, event.batch, 0, event.now_ms)
    return aborted


class Model:
    """Every batch ever appended, by producer; each answer is searched for in them."""

    def __init__(self) -> None:
        self.past: dict[int, list[Event]] = {}
        self.ended: list[tuple[int, int]] = []

    def apply(self, event: Event) -> AbortedTransaction | None:
        if event.header is None:
            for producer_id, past in list(self.past.items()):
                is_late = event.now_ms - past[-1].now_ms >= EXPIRATION_MS
                if is_late and self.open_start(producer_id) is None:
                    del self.past[producer_id]
            return None
        producer_id, offset = event.header.producer_id, event.header.base_offset
        start = self.open_start(producer_id)
        self.past[producer_id] = [*self.past.pop(producer_id, []), event]
        if event.marker is None or start is None:
            return None
        self.ended.append((start, offset))
        if event.marker.type is COMMIT:
            return None
        return AbortedTransaction(
            producer_id, start, offset, min(self.open_starts(), default=offset + 1)
        )

    def epoch(self, producer_id: int) -> int:
        header = self.past[producer_id][-1].header
        assert header is not None
        return header.producer_epoch

    def batches(self, producer_id: int) -> list[ProducedBatch]:
        found = []
        for _, header, marker, _ in self.past.get(producer_id, []):
            assert header is not None
            if marker is None and header.producer_epoch == self.epoch(producer_id):
                first, delta = header.base_sequence, header.last_offset_delta
                last = (first + delta) % SEQUENCES
                found.append(ProducedBatch(first, last, header.base_offset, header.last_offset))
        return found

    def open_start(self, producer_id: int) -> int | None:
        start = None
        for _, header, marker, _ in self.past.get(producer_id, []):
            assert header is not None
            if marker is not None:
                start = None
            elif header.is_transactional and start is None:
                start = header.base_offset
        return start

    def open_starts(self) -> list[int]:
        starts = [self.open_start(producer_id) for producer_id in self.past]
        return [start for start in starts if start is not None]

    def coordinator_epoch(self, producer_id: int) -> int:
        markers = [one.marker for one in self.past.get(producer_id, []) if one.marker is not None]
        return markers[-1].coordinator_epoch if markers else -1

    def first_unstable_offset(self, high_watermark: int) -> int | None:
        ended = [start for start, last in self.ended if last >= high_watermark]
        return min([*ended, *self.open_starts()], default=None)

    def producer(self, producer_id: int) -> Producer:
        return Producer(
            epoch=self.epoch(producer_id),
            batches=tuple(self.batches(producer_id)[-5:]),
            coordinator_epoch=self.coordinator_epoch(producer_id),
            seen_ms=self.past[producer_id][-1].now_ms,
            transaction_start=self.open_start(producer_id),
        )

    def decide(self, header: BatchHeader) -> ProducedBatch | type[LogError] | None:
        producer_id = header.producer_id
        if producer_id not in self.past:
            return None
        epoch, batches = self.epoch(producer_id), self.batches(producer_id)
        first, last = header.base_sequence, header.base_sequence + header.last_offset_delta
        for batch in batches[-5:]:
            if header.producer_epoch == epoch and batch[:2] == (first, last % SEQUENCES):
                return batch
        if header.producer_epoch < epoch:
            return InvalidProducerEpoch
        is_first = header.producer_epoch > epoch or not batches
        if first != (0 if is_first else (batches[-1].last_sequence + 1) % SEQUENCES):
            return OutOfOrderSequence
        if self.open_start(producer_id) is not None and not header.is_transactional:
            return InvalidTransaction
        return None

    def decide_marker(self, header: BatchHeader, marker: EndMarker) -> type[LogError] | None:
        if header.producer_id not in self.past:
            return None
        if header.producer_epoch < self.epoch(header.producer_id):
            return InvalidProducerEpoch
        if marker.coordinator_epoch < self.coordinator_epoch(header.producer_id):
            return StaleCoordinator
        return None


PRODUCER_IDS = st.sampled_from([1, 1, 2, 3])
EPOCH_STEPS = st.sampled_from([0, 0, 0, 0, 0, -1, 1])


class Histories(RuleBasedStateMachine):
    """Whatever happens to a log, its producer state decides as the list of all batches does."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ProducerState(EXPIRATION_MS)
        self.model = Model()
        self.log: list[Event] = []
        self.snapshots = [(0, 0, encode_snapshot({}))]
        self.end_offset = self.high_watermark = self.now_ms = 0

    def _epoch(self, producer_id: int, step: int) -> int:
        known = self.model.epoch(producer_id) if producer_id in self.model.past else 5
        return known + step

    def _offer(self, header: BatchHeader) -> None:
        expected = self.model.decide(header)
        before = list(self.state.producers.items()), self.state.first_unstable_offset
        if isinstance(expected, type):
            with pytest.raises(expected):
                self.state.check(header)
        else:
            assert self.state.check(header) == expected
        after = list(self.state.producers.items()), self.state.first_unstable_offset
        assert after == before
        if expected is None:
            self._append(Event(self.now_ms, header))

    def _append(self, event: Event) -> None:
        assert event.header is not None
        self.log.append(event)
        assert note(self.state, event) == self.model.apply(event)
        self.end_offset = event.header.next_offset

    @rule(
        producer_id=PRODUCER_IDS,
        step=EPOCH_STEPS,
        start=st.sampled_from([0, 0, 7, SEQUENCE_MAX - 4, SEQUENCE_MAX]),
        gap=st.sampled_from([0, 0, 0, 0, 1, 5, -1, -2]),
        count=st.integers(1, 4),
        is_transactional=st.booleans(),
    )
    def append(
        self,
        producer_id: int,
        step: int,
        start: int,
        gap: int,
        count: int,
        is_transactional: bool,
    ) -> None:
        if producer_id in self.model.past:
            batches = self.model.batches(producer_id) if step == 0 else []
            start = batches[-1].last_sequence + 1 if batches else 0
        header = data(
            self.end_offset,
            (start + gap) % SEQUENCES,
            count,
            producer_id=producer_id,
            epoch=self._epoch(producer_id, step),
            is_transactional=is_transactional,
        )
        self._offer(header)

    @rule(
        producer_id=PRODUCER_IDS,
        step=EPOCH_STEPS,
        back=st.integers(1, 8),
        more=st.sampled_from([0, 0, 0, 1]),
        is_transactional=st.booleans(),
    )
    def retry(
        self, producer_id: int, step: int, back: int, more: int, is_transactional: bool
    ) -> None:
        batches = self.model.batches(producer_id)
        if back > len(batches):
            return
        batch = batches[-back]
        header = data(
            self.end_offset,
            batch.first_sequence,
            batch.last_offset - batch.first_offset + 1 + more,
            producer_id=producer_id,
            epoch=self._epoch(producer_id, step),
            is_transactional=is_transactional,
        )
        self._offer(header)

    @rule(
        producer_id=PRODUCER_IDS,
        kind=st.sampled_from(ControlType),
        step=EPOCH_STEPS,
        coordinator_step=st.sampled_from([0, 0, 1, -1]),
    )
    def end_transaction(
        self, producer_id: int, kind: ControlType, step: int, coordinator_step: int
    ) -> None:
        event = end(
            self.end_offset,
            kind,
            producer_id=producer_id,
            epoch=self._epoch(producer_id, step),
            coordinator_epoch=self.model.coordinator_epoch(producer_id) + coordinator_step,
            now_ms=self.now_ms,
        )
        assert event.header is not None
        assert event.marker is not None
        expected = self.model.decide_marker(event.header, event.marker)
        if expected is None:
            self.state.check_marker(event.header, event.marker)
            self._append(event)
            return
        before = list(self.state.producers.items())
        with pytest.raises(expected):
            self.state.check_marker(event.header, event.marker)
        assert list(self.state.producers.items()) == before

    @rule(share=st.floats(0, 1))
    def replicate(self, share: float) -> None:
        self.high_watermark += int(share * (self.end_offset - self.high_watermark))
        self.state.advance_high_watermark(self.high_watermark)

    @rule(waited_ms=st.integers(0, EXPIRATION_MS + 10))
    def expire(self, waited_ms: int) -> None:
        self.now_ms += waited_ms
        known = len(self.model.past)
        self.log.append(Event(self.now_ms))
        self.model.apply(self.log[-1])
        assert self.state.expire(self.now_ms) == known - len(self.model.past)

    @rule()
    def snapshot(self) -> None:
        data = encode_snapshot(self.state.producers)
        self.snapshots.append((len(self.log), self.end_offset, data))

    @rule(number=st.integers(0, 50), cut=st.floats(0, 1))
    def truncate_and_reload(self, number: int, cut: float) -> None:
        replicated = 0
        for at, event in enumerate(self.log):
            if event.header is not None and event.header.base_offset < self.high_watermark:
                replicated = at + 1
        kept = replicated + int(cut * (len(self.log) - replicated))
        self.log = self.log[:kept]
        self.snapshots = [one for one in self.snapshots if one[0] <= kept]
        usable = [one for one in self.snapshots if one[1] <= self.high_watermark]
        start, _, snapshot = usable[number % len(usable)]

        self.state.load(decode_snapshot(snapshot).items())
        note(self.state, *self.log[start:])
        self.state.advance_high_watermark(self.high_watermark)

        self.model = Model()
        for event in self.log:
            self.model.apply(event)
        ends = [event.header.next_offset for event in self.log if event.header is not None]
        self.end_offset = ends[-1] if ends else 0

    @invariant()
    def state_is_what_the_list_says(self) -> None:
        expected = [(one, self.model.producer(one)) for one in self.model.past]
        assert list(self.state.producers.items()) == expected
        unstable = self.model.first_unstable_offset(self.high_watermark)
        assert self.state.first_unstable_offset == unstable
        last = {known.batches[-1].last_offset for _, known in expected if known.batches}
        assert self.state.last_data_offsets() == last


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
