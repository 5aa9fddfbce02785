"""Transaction filter: which batches belong to aborted transactions, in one pass over a log.

Invariants:
    A batch is called aborted only between the first offset and the marker of an aborted
    transaction of its producer.
    A marker may go only if the pass, which began at the log's start or above that marker's
    transaction, has met no batch of that transaction.
Called by: cleaner, batch_filter. Calls: nothing.
Source: Kafka's ``CleanedTransactionMetadata``.
"""

from collections.abc import Sequence
from heapq import heapify, heappop

from storage.format.batch import BatchHeader
from storage.format.control import ControlType, EndMarker
from storage.segments.txn_index import AbortedTransaction


class TransactionFilter:
    """What one pass has met of each producer's transaction."""

    def __init__(self, aborted: Sequence[AbortedTransaction]) -> None:
        """Begin a pass.

        Args:
            aborted: All that overlap what is passed over; others do no harm.
        """
        self._coming = [(one.first_offset, one) for one in aborted]
        heapify(self._coming)
        self._aborted: dict[int, AbortedTransaction] = {}
        self._seen: set[int] = set()
        self._committed: set[int] = set()

    def is_aborted(self, header: BatchHeader) -> bool:
        """Return whether a data batch was aborted."""
        self._go_to(header.last_offset)
        if not header.is_transactional:
            return False
        if header.producer_id in self._aborted:
            self._seen.add(header.producer_id)
            return True
        self._committed.add(header.producer_id)
        return False

    def end(
        self, header: BatchHeader, marker: EndMarker | None
    ) -> tuple[bool, AbortedTransaction | None]:
        """Take note of a marker.

        Returns:
            Whether no batch of its transaction was passed over, so that it may go once its time
            has come; and the aborted transaction that it ends.
        """
        self._go_to(header.last_offset)
        producer_id = header.producer_id
        if marker is None:
            return False, None
        if marker.type is ControlType.COMMIT:
            was_seen = producer_id in self._committed
            self._committed.discard(producer_id)
            return not was_seen, None
        ended = self._aborted.pop(producer_id, None)
        was_seen = producer_id in self._seen
        self._seen.discard(producer_id)
        return not was_seen, ended

    def _go_to(self, offset: int) -> None:
        while self._coming and self._coming[0][0] <= offset:
            _, one = heappop(self._coming)
            if one.last_offset >= offset:
                self._aborted[one.producer_id] = one
