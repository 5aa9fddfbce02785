"""Producer state: what a log knows of the idempotent and transactional producers that wrote to it.

Pure: headers go in, decisions come out. The log feeds it every batch in the order of the offsets
and asks it before it takes a new one; everything here can be found again in the log.

States of a producer: unknown -> idle -> in a transaction -> idle; a newer epoch begins afresh.

Invariants:
    Sequences rise by one from batch to batch of one epoch, and wrap from 2**31 - 1 to 0.
    At most ``BATCHES_KEPT`` batches a producer are remembered, the last ones.
    ``first_unstable_offset`` is the smallest offset whose transaction is open, or ended by a
    marker that is not replicated yet: the last stable offset never passes it.
    What is refused changes nothing.
Crash: nothing is kept here that the log does not hold; see ``producer_snapshots``.
Called by: log, recovery, compaction. Calls: format.
Source: KIP-98, KIP-360, KIP-890; Kafka's ``ProducerStateManager`` and ``ProducerAppendInfo``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from storage.errors import (
    InvalidProducerEpoch,
    InvalidTransaction,
    OutOfOrderSequence,
    StaleCoordinator,
)
from storage.format.batch import (
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    BatchHeader,
    Buffer,
)
from storage.format.control import ControlType, EndMarker, read_end_marker
from storage.limits import PRODUCERS_MAX
from storage.segments.txn_index import AbortedTransaction

BATCHES_KEPT = 5
"""As many as a producer may have in flight."""

SEQUENCE_MAX = 2**31 - 1
NO_COORDINATOR_EPOCH = -1


class ProducedBatch(NamedTuple):
    """One batch of a producer; all four inclusive."""

    first_sequence: int
    last_sequence: int
    first_offset: int
    last_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """One producer as a log knows it."""

    epoch: int = NO_PRODUCER_EPOCH
    batches: tuple[ProducedBatch, ...] = ()
    """The last ones of this epoch, oldest first."""

    coordinator_epoch: int = NO_COORDINATOR_EPOCH
    seen_ms: int = 0
    """When it last wrote, by the node's clock: what its expiry counts from."""

    transaction_start: int | None = None
    """First offset of the transaction that it has open here."""

    @property
    def last_sequence(self) -> int:
        """Of its last batch, or -1."""
        return self.batches[-1].last_sequence if self.batches else NO_SEQUENCE


class CompletedTransaction(NamedTuple):
    """A transaction that a marker has ended."""

    producer_id: int
    first_offset: int
    last_offset: int
    """The marker's."""

    is_aborted: bool


def sequence_after(sequence: int, count: int = 1) -> int:
    """Return the sequence so many records later; sequences wrap after 2**31 - 1 to 0."""
    return (sequence + count) % (SEQUENCE_MAX + 1)


class ProducerState:
    """The producers of one log."""

    def __init__(self, expiration_ms: int) -> None:
        """Know nobody.

        Args:
            expiration_ms: How long a producer that is silent is remembered.
        """
        self.expiration_ms = expiration_ms
        self._producers: dict[int, Producer] = {}
        self._open: dict[int, int] = {}
        self._unreplicated: dict[int, CompletedTransaction] = {}

    @property
    def producers(self) -> Mapping[int, Producer]:
        """Every producer by its id."""
        return self._producers

    @property
    def first_unstable_offset(self) -> int | None:
        """The first offset of the oldest transaction that is not over, or None."""
        return min((*self._open, *self._unreplicated), default=None)

    def check(self, header: BatchHeader) -> ProducedBatch | None:
        """Decide whether a client's batch may be appended.

        Returns:
            None if it may; the batch that is there already if it is a retry of one of the last.

        Raises:
            InvalidProducerEpoch: A newer incarnation of the producer has written.
            OutOfOrderSequence: It is not the next one.
            InvalidTransaction: Without a transaction, while the producer has one open.
        """
        if header.producer_id == NO_PRODUCER_ID:
            return None
        known = self._producers.get(header.producer_id)
        if known is None:
            return None
        if header.producer_epoch == known.epoch:
            found = _same_batch(known, header)
            if found is not None:
                return found
        self._check_epoch(header, known)
        _check_sequence(header, known)
        if known.transaction_start is not None and not header.is_transactional:
            raise InvalidTransaction(
                f"producer {header.producer_id} wrote outside of the transaction it has open"
            )
        return None

    def check_marker(self, header: BatchHeader, marker: EndMarker) -> None:
        """Decide whether a coordinator's marker may be appended.

        Raises:
            InvalidProducerEpoch: A newer incarnation of the producer has written.
            StaleCoordinator: A newer coordinator has written a marker.
        """
        known = self._producers.get(header.producer_id)
        if known is None:
            return
        self._check_epoch(header, known)
        if marker.coordinator_epoch < known.coordinator_epoch:
            raise StaleCoordinator(
                f"coordinator epoch {marker.coordinator_epoch} is older than "
                f"{known.coordinator_epoch} for producer {header.producer_id}"
            )

    def note(
        self, header: BatchHeader, batch: Buffer, position: int, now_ms: int
    ) -> AbortedTransaction | None:
        """Take note of a batch that is in the log, of whatever kind.

        Args:
            header: With the offsets it has there.
            batch: Where its bytes are; looked at for markers only.
            position: Where in ``batch``.
            now_ms: The node's wall clock.

        Returns:
            The transaction that it aborts, if it does.

        Raises:
            CorruptBatch: It is a marker that does not read.
        """
        if not header.is_control:
            self.update(header, now_ms)
            return None
        if not header.record_count:
            return None
        marker = read_end_marker(batch, position)
        if marker is None:
            return None
        completed = self.end_transaction(header, marker, now_ms)
        if completed is None or not completed.is_aborted:
            return None
        stable = self.stable_offset_after(completed)
        return AbortedTransaction(
            completed.producer_id, completed.first_offset, completed.last_offset, stable
        )

    def update(self, header: BatchHeader, now_ms: int) -> None:
        """Take note of a data batch that is in the log.

        Args:
            header: With the offsets it has there.
            now_ms: The node's wall clock.
        """
        producer_id = header.producer_id
        if producer_id == NO_PRODUCER_ID:
            return
        known = self._producers.pop(producer_id, None) or Producer()
        is_same = known.epoch == header.producer_epoch
        batches = known.batches if is_same else ()
        if header.base_sequence != NO_SEQUENCE:
            batch = ProducedBatch(
                header.base_sequence,
                sequence_after(header.base_sequence, header.last_offset_delta),
                header.base_offset,
                header.last_offset,
            )
            batches = (*batches[1 - BATCHES_KEPT :], batch)
        start = known.transaction_start
        if header.is_transactional and start is None:
            start = header.base_offset
            self._open[start] = producer_id
        self._producers[producer_id] = Producer(
            epoch=header.producer_epoch,
            batches=batches,
            coordinator_epoch=known.coordinator_epoch,
            seen_ms=now_ms,
            transaction_start=start,
        )
        self._evict()

    def end_transaction(
        self, header: BatchHeader, marker: EndMarker, now_ms: int
    ) -> CompletedTransaction | None:
        """Take note of a marker that is in the log.

        Returns:
            The transaction that it ends, or None if the producer had none open here.
        """
        producer_id = header.producer_id
        known = self._producers.pop(producer_id, None) or Producer()
        is_same = known.epoch == header.producer_epoch
        self._producers[producer_id] = Producer(
            epoch=header.producer_epoch,
            batches=known.batches if is_same else (),
            coordinator_epoch=marker.coordinator_epoch,
            seen_ms=now_ms,
        )
        self._evict()
        start = known.transaction_start
        if start is None:
            return None
        del self._open[start]
        completed = CompletedTransaction(
            producer_id, start, header.last_offset, marker.type is ControlType.ABORT
        )
        self._unreplicated[start] = completed
        return completed

    def stable_offset_after(self, completed: CompletedTransaction) -> int:
        """Return the first offset that is open behind a transaction that has ended.

        A reader of the transaction index that needs nothing at or above it may stop there, for
        whatever begins below it has ended, and stands in the index. What is replicated says
        nothing of that, so it is not asked (Kafka's ``ProducerStateManager.lastStableOffset``).
        """
        return min(self._open, default=completed.last_offset + 1)

    def advance_high_watermark(self, high_watermark: int) -> None:
        """Take note that everything below an offset is replicated."""
        if self._unreplicated:
            for start, completed in list(self._unreplicated.items()):
                if completed.last_offset < high_watermark:
                    del self._unreplicated[start]

    def advance_log_start(self, offset: int) -> None:
        """Forget ended transactions that lie below the log's start."""
        for start, completed in list(self._unreplicated.items()):
            if completed.last_offset < offset:
                del self._unreplicated[start]

    def expire(self, now_ms: int) -> int:
        """Forget the producers that are silent for too long; return how many.

        One with an open transaction is kept, however long it lasts.
        """
        late = [
            producer_id
            for producer_id, known in self._producers.items()
            if known.transaction_start is None and now_ms - known.seen_ms >= self.expiration_ms
        ]
        for producer_id in late:
            del self._producers[producer_id]
        return len(late)

    def last_data_offsets(self) -> set[int]:
        """Return the last offset of each producer's last batch: compaction keeps those batches."""
        return {one.batches[-1].last_offset for one in self._producers.values() if one.batches}

    def load(self, producers: Iterable[tuple[int, Producer]]) -> None:
        """Replace everything by what a snapshot says, none with an ended transaction."""
        self._producers = dict(producers)
        self._unreplicated = {}
        self._open = {
            known.transaction_start: producer_id
            for producer_id, known in self._producers.items()
            if known.transaction_start is not None
        }

    def _check_epoch(self, header: BatchHeader, known: Producer) -> None:
        if header.producer_epoch < known.epoch:
            raise InvalidProducerEpoch(
                f"epoch {header.producer_epoch} of producer {header.producer_id} is older than "
                f"{known.epoch}"
            )

    def _evict(self) -> None:
        """Forget the producer that is silent for longest when there are too many."""
        if len(self._producers) > PRODUCERS_MAX:
            for producer_id, known in self._producers.items():
                if known.transaction_start is None:
                    del self._producers[producer_id]
                    return


def _same_batch(known: Producer, header: BatchHeader) -> ProducedBatch | None:
    first = header.base_sequence
    last = sequence_after(first, header.last_offset_delta)
    for batch in known.batches:
        if (batch.first_sequence, batch.last_sequence) == (first, last):
            return batch
    return None


def _check_sequence(header: BatchHeader, known: Producer) -> None:
    first = header.base_sequence
    if header.producer_epoch == known.epoch and known.batches:
        expected = sequence_after(known.last_sequence)
    else:
        expected = 0
    if first != expected:
        raise OutOfOrderSequence(
            f"producer {header.producer_id}, epoch {header.producer_epoch}: sequence {first} "
            f"where {expected} is next"
        )
