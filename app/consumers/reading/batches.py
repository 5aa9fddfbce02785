"""Which records of what was read a poll hands out: whole batches, cut at the limits.

Markers and the batches of aborted transactions are passed over. Records are counted by the offsets
in a batch's header; only where compaction has taken some out, and a cut goes through the batch,
are they decoded to be counted.

Invariants:
    Checksums are checked here, since the client cannot: a damaged batch ends the cut before it.
    The first record is handed out whatever the limits say.
    What is passed over moves the position as well, so an empty cut may still lead on.
Pure. Called by: polling. Calls: storage.format.
"""

from bisect import bisect_left
from collections.abc import Collection
from typing import NamedTuple

from app.consumers.model import NO_LEADER_EPOCH, Made, PolledBatch
from storage.errors import CorruptBatch
from storage.format.batch import BatchHeader, Buffer, checked_header
from storage.format.decoder import decode_columns
from storage.segments.txn_index import AbortedTransaction


class Limits(NamedTuple):
    """How much is handed out."""

    records_max: int
    bytes_max: int
    """Of batches as they lie in the log."""


class Cut(NamedTuple):
    """What is handed out of one read."""

    batches: tuple[PolledBatch, ...]
    record_count: int
    size: int
    """Bytes of batches; of one that is cut, in proportion."""

    next_offset: int
    leader_epoch: int
    """Of the last record before the next offset."""

    resume_at: int
    """Where in the data the rest begins; its end when there is none."""

    made: Made | None = None
    """What doors have made of it; None where no other session has the same."""


def cut(
    data: Buffer,
    start_at: int,
    offset: int,
    limits: Limits,
    aborted: Collection[AbortedTransaction] = (),
) -> Cut:
    """Take records from an offset on.

    Args:
        data: Whole batches.
        start_at: Where in it to begin.
        offset: First offset wanted.
        limits: How much.
        aborted: Transactions to be left out.

    Raises:
        CorruptBatch: The first batch is damaged.
    """
    batches: list[PolledBatch] = []
    count = size = 0
    at, next_offset, leader_epoch = start_at, offset, NO_LEADER_EPOCH
    while at < len(data) and count < limits.records_max:
        try:
            header = checked_header(data, at)
        except CorruptBatch:
            if next_offset > offset:
                break
            raise
        if header.next_offset > offset:
            if header.record_count and not header.is_control and not _is_aborted(header, aborted):
                if count and size + header.size > limits.bytes_max:
                    break
                records_max = limits.records_max - count
                if header.size > limits.bytes_max:
                    in_proportion = limits.bytes_max * header.record_count // header.size
                    records_max = min(records_max, max(1, in_proportion))
                first = max(offset, header.base_offset)
                end, taken = _end(data, at, header, first, records_max)
                if taken:
                    batches.append(PolledBatch(at, header, first, end))
                count += taken
                size += header.size * taken // max(1, header.record_count)
                next_offset, leader_epoch = end, header.partition_leader_epoch
                if end < header.next_offset:
                    break
            next_offset, leader_epoch = header.next_offset, header.partition_leader_epoch
        at += header.size
    return Cut(tuple(batches), count, size, next_offset, leader_epoch, at)


def _is_aborted(header: BatchHeader, aborted: Collection[AbortedTransaction]) -> bool:
    return (
        bool(aborted)
        and header.is_transactional
        and any(
            one.producer_id == header.producer_id
            and one.first_offset <= header.base_offset <= one.last_offset
            for one in aborted
        )
    )


def _end(
    data: Buffer, at: int, header: BatchHeader, first: int, records_max: int
) -> tuple[int, int]:
    """Return where to stop in a batch (exclusive), and how many records come before."""
    if header.record_count == header.last_offset_delta + 1:  # no offset is missing
        taken = min(records_max, header.next_offset - first)
        return first + taken, taken
    if first == header.base_offset and header.record_count <= records_max:
        return header.next_offset, header.record_count
    try:
        offsets = decode_columns(data, at).offsets
    except CorruptBatch:
        # Its checksum is good: a client sent what nobody can open. The door says so, once.
        return header.next_offset, 1
    start = bisect_left(offsets, first)
    taken = min(records_max, len(offsets) - start)
    if start + taken == len(offsets):
        return header.next_offset, taken
    return offsets[start + taken - 1] + 1, taken
