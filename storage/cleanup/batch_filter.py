"""Batch filter: what compaction leaves of one batch. Bytes in, bytes out.

Invariants:
    Base and last offset of a batch never change, nor does a record's offset.
    Of the records below the map's end those stay that nothing in the map replaces; above it all.
    A record without a key goes, so does one of an aborted transaction.
    A tombstone, or a marker whose transaction's records are all gone, stays until the delete
    horizon that the first run over it has set, and goes with the first run after that.
    The last batch of a producer that the log remembers stays, empty if need be: it says which
    sequence, or epoch, the producer had.
    A batch that ends a segment stays, empty if need be, so that a segment always ends where the
    next one begins, and recovery can tell a hole from compaction.
Called by: cleaner. Calls: offset_map, transaction_filter, format.
Source: Kafka's ``Cleaner`` and ``MemoryRecords.filterTo``; KIP-534 (delete horizon).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from storage.cleanup.offset_map import OffsetMap
from storage.cleanup.transaction_filter import TransactionFilter
from storage.format.batch import (
    CONTROL_BIT,
    DELETE_HORIZON_BIT,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_BIT,
    TRANSACTIONAL_BIT,
    BatchHeader,
    parse_header,
)
from storage.format.builder import assemble_batch
from storage.format.compression import compress
from storage.format.control import read_end_marker
from storage.format.decoder import records_data
from storage.format.record_spans import (
    RecordSpans,
    kept_records,
    moved_timestamps,
    record_spans,
    timestamp_deltas,
)
from storage.producers.producer_state import Producer
from storage.segments.txn_index import AbortedTransaction


class Remains(NamedTuple):
    """What is left of a batch."""

    batch: bytes | bytearray
    header: BatchHeader
    aborted: AbortedTransaction | None = None
    """The transaction that it ends, where it is the marker of one that was aborted."""


class BatchFilter:
    """Goes over the batches of a log in the order of their offsets."""

    def __init__(
        self,
        offsets: OffsetMap,
        transactions: TransactionFilter,
        producers: Mapping[int, Producer],
        *,
        now_ms: int,
        delete_retention_ms: int,
    ) -> None:
        """Begin a pass at the log's start.

        Args:
            offsets: The last offset of each key.
            transactions: At its beginning.
            producers: Those that the log remembers.
            now_ms: The node's wall clock.
            delete_retention_ms: How far from now a new delete horizon lies.
        """
        self._offsets = offsets
        self._transactions = transactions
        self._producers = producers
        self._now_ms = now_ms
        self._horizon_ms = now_ms + delete_retention_ms

    def remains(self, batch: bytes, header: BatchHeader, *, ends_segment: bool) -> Remains | None:
        """Return what is left of the next batch, or None.

        Args:
            batch: The batch, checked.
            header: Its header.
            ends_segment: Whether the new segment ends with it.

        Raises:
            CorruptBatch: Its records do not read.
        """
        if header.is_control:
            remains = self._of_marker(batch, header)
        elif self._transactions.is_aborted(header) or not header.record_count:
            remains = None
        else:
            remains = self._of_records(batch, header)
        if remains is None and self._is_last_of_producer(header):
            return _emptied(header)
        if remains is None and ends_segment:
            return _filler(header)
        return remains

    def _of_marker(self, batch: bytes, header: BatchHeader) -> Remains | None:
        if not header.record_count:
            return None
        may_go, aborted = self._transactions.end(header, read_end_marker(batch))
        if may_go and not header.has_delete_horizon:
            data = records_data(batch, 0, header)
            spans = record_spans(data, header.record_count)
            moved = self._with_horizon(header, data, spans, [True] * header.record_count)
            return moved._replace(aborted=aborted)
        if may_go and self._now_ms >= header.base_timestamp_ms:
            return None
        return Remains(batch, header, aborted)

    def _of_records(self, batch: bytes, header: BatchHeader) -> Remains | None:
        if header.base_offset >= self._offsets.end_offset:
            return Remains(batch, header)
        data = records_data(batch, 0, header)
        spans = record_spans(data, header.record_count)
        base_offset = header.base_offset
        offsets = [base_offset + delta for delta in spans.offset_deltas]
        keep = self._offsets.are_last(spans.keys, offsets)
        if True in spans.tombstones:
            if not header.has_delete_horizon:
                if any(map(bool.__and__, keep, spans.tombstones)):
                    return self._with_horizon(header, data, spans, keep)
            elif self._now_ms >= header.base_timestamp_ms:
                keep = [one and not dead for one, dead in zip(keep, spans.tombstones, strict=True)]
        if False not in keep:
            return Remains(batch, header)
        if True not in keep:
            return None
        times = _times(header, data, spans)
        return _assembled(header, keep, times, kept_records(data, spans, keep))

    def _with_horizon(
        self, header: BatchHeader, data: bytes, spans: RecordSpans, keep: Sequence[bool]
    ) -> Remains:
        """Return a batch of some records that says when its tombstones or marker may go."""
        times = _times(header, data, spans)
        deltas = [time_ms - self._horizon_ms for time_ms in times]
        changed = header._replace(
            attributes=header.attributes | DELETE_HORIZON_BIT, base_timestamp_ms=self._horizon_ms
        )
        return _assembled(changed, keep, times, moved_timestamps(data, spans, keep, deltas))

    def _is_last_of_producer(self, header: BatchHeader) -> bool:
        known = self._producers.get(header.producer_id)
        if known is None:
            return False
        if known.batches:
            return header.last_offset == known.batches[-1].last_offset
        return header.is_control and header.producer_epoch == known.epoch


def _times(header: BatchHeader, data: bytes, spans: RecordSpans) -> list[int]:
    """Return each record's timestamp."""
    if header.attributes & TIMESTAMP_TYPE_BIT:
        return [header.max_timestamp_ms] * len(spans.ends)
    base_ms = header.base_timestamp_ms
    return [base_ms + delta_ms for delta_ms in timestamp_deltas(data, spans)]


def _assembled(
    header: BatchHeader, keep: Sequence[bool], times_ms: Sequence[int], body: bytes
) -> Remains:
    latest_ms = max(time_ms for time_ms, wanted in zip(times_ms, keep, strict=True) if wanted)
    changed = header._replace(max_timestamp_ms=latest_ms, record_count=sum(keep))
    batch = assemble_batch(changed, compress(header.compression, body))
    return Remains(batch, parse_header(batch))


def _emptied(header: BatchHeader) -> Remains:
    """Return a batch without records that says where it was and whose.

    It has no timestamp, or a lookup would find one that no record has.
    """
    changed = header._replace(
        attributes=header.attributes & (TRANSACTIONAL_BIT | CONTROL_BIT),
        base_timestamp_ms=NO_TIMESTAMP,
        max_timestamp_ms=NO_TIMESTAMP,
        record_count=0,
    )
    batch = assemble_batch(changed, b"")
    return Remains(batch, parse_header(batch))


def _filler(header: BatchHeader) -> Remains:
    """Return a batch without records that says where it was, of nobody."""
    return _emptied(
        header._replace(
            attributes=0,
            producer_id=NO_PRODUCER_ID,
            producer_epoch=NO_PRODUCER_EPOCH,
            base_sequence=NO_SEQUENCE,
        )
    )
