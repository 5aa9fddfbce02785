"""What was fetched, opened for a reader of records: batch by batch, checked, decoded by column.

Invariants:
    Markers of transactions are never shown, nor records of the aborted ones that are named.
    A batch is opened only if its checksum holds: a reader of JSON cannot check it for itself, so
    that is done here, as Kafka's consumers do.
    Nothing is skipped in silence but those: what cannot be opened raises, and says where to go on.
Source: Kafka's consumer, ``CompletedFetch`` (aborted transactions by their first offset).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.api.errors import ApiError
from app.broker.errors import BrokerError, KafkaStorageError
from storage.errors import CorruptBatch
from storage.format.batch import BatchHeader, checked_header, iterate_headers
from storage.format.control import ControlType, read_end_marker
from storage.format.decoder import Columns, decode_columns
from storage.segments.txn_index import AbortedTransaction


class OpenBatch(NamedTuple):
    """A batch and its records."""

    header: BatchHeader
    columns: Columns
    first: int
    """Where among the columns the wanted records begin; there is at least one."""


class UnreadableBatch(Exception):
    """A batch that cannot be opened."""

    def __init__(
        self, reason: CorruptBatch, offset: int, next_offset: int, *, is_damage: bool
    ) -> None:
        super().__init__(str(reason))
        self.offset = offset
        """Where it begins."""
        self.next_offset = next_offset
        """Behind it; ``offset`` where that is not known, for the disk has damaged it."""
        self.is_damage = is_damage
        """Whether its checksum fails; else a client sent records that nobody can open."""

    def refusal(self, place: tuple[str, int]) -> ApiError | BrokerError:
        """Return what a door answers that has nothing else to show.

        Args:
            place: Topic and partition.
        """
        if self.is_damage:
            return KafkaStorageError(f"The log is damaged at offset {self.offset}: {self}")
        return ApiError(
            422,
            42207,
            f"The batch of {place[0]}-{place[1]} at offset {self.offset} does not decode ({self}); "
            f"read it as raw record batches, or go on at offset {self.next_offset}",
        )


def open_batches(
    data: bytes | bytearray, offset: int, aborted: Sequence[AbortedTransaction] = ()
) -> Iterator[OpenBatch]:
    """Yield the batches that have records at or above an offset.

    Args:
        data: Whole batches, as a fetch found them.
        offset: The first that is wanted.
        aborted: Transactions whose records are left out, by their first offsets.

    Raises:
        UnreadableBatch: Nothing follows; begin anew behind it to go on.
    """
    unwanted = _Aborted(aborted)
    reached = offset
    try:
        for position, _ in iterate_headers(data):
            header = checked_header(data, position)
            reached = header.next_offset
            if unwanted.has(data, position, header) or header.is_control or reached <= offset:
                continue
            columns = _columns(data, position, header)
            first = bisect_left(columns.offsets, offset)
            if first < len(columns.offsets):
                yield OpenBatch(header, columns, first)
    except CorruptBatch as error:
        raise UnreadableBatch(error, reached, reached, is_damage=True) from error


def _columns(data: bytes | bytearray, position: int, header: BatchHeader) -> Columns:
    try:
        return decode_columns(data, position)
    except CorruptBatch as error:
        raise UnreadableBatch(
            error, header.base_offset, header.next_offset, is_damage=False
        ) from error


class _Aborted:
    """Whose transactional batches are part of an aborted transaction, as one reads on."""

    def __init__(self, aborted: Sequence[AbortedTransaction]) -> None:
        self._coming = sorted(aborted, key=lambda one: one.first_offset, reverse=True)
        self._open: set[int] = set()

    def has(self, data: bytes | bytearray, position: int, header: BatchHeader) -> bool:
        """Return whether a batch, later than those asked for before, is to be left out."""
        while self._coming and self._coming[-1].first_offset <= header.last_offset:
            self._open.add(self._coming.pop().producer_id)
        if not self._open or header.producer_id not in self._open:
            return False
        if header.is_control:
            marker = read_end_marker(data, position)
            if marker is not None and marker.type is ControlType.ABORT:
                self._open.discard(header.producer_id)
        return header.is_transactional
