"""Stretches: what a segment's file holds, good batches and what lies between them.

A batch is good when it is whole, its checksum is right and its place is: its offsets lie behind
those of the batch before and within the segment, its leader epoch does not fall. The checksum
covers neither base offset nor epoch, so of two good batches whose offsets disagree the first is
not believed if the second goes on where the first should have begun.

Invariant: stretches touch, and cover the file from its first byte to its last.
Called by: verify, repair. Calls: batch_scan.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from storage.errors import CorruptBatch
from storage.files import File
from storage.format.batch import BatchHeader
from storage.segments.batch_scan import BatchScan


@dataclass(frozen=True, slots=True)
class Good:
    """A batch that can be believed."""

    position: int
    header: BatchHeader


@dataclass(frozen=True, slots=True)
class Bad:
    """Bytes that are no batch, or one whose place is wrong."""

    position: int
    size: int
    reason: str
    next_offset: int
    """The offset that was expected there."""


Stretch = Good | Bad


def stretches(
    file: File, size: int, next_offset: int, following: int | None, epoch: int = -1
) -> Iterator[Stretch]:
    """Yield what a segment's file holds.

    Args:
        file: The ``.log`` file.
        size: How much of it is looked at.
        next_offset: Smallest offset that its first batch may have.
        following: Base offset of the next segment, None if there is none.
        epoch: Smallest leader epoch that its first batch may have.
    """
    scan = BatchScan(file, size)
    position = 0
    bad: Bad | None = None
    while position < size:
        problem, header = _look(scan, position, next_offset, following, epoch)
        if header is not None and problem is None:
            if bad is not None:
                yield bad
                bad = None
            yield Good(position, header)
            next_offset, epoch = header.next_offset, header.partition_leader_epoch
            position += header.size
            continue
        if header is not None:
            end = position + header.size
        else:
            found = scan.next_batch(position + 1)
            end = size if found is None else found
        start = position if bad is None else bad.position
        reason = problem or "" if bad is None else bad.reason
        bad = Bad(start, end - start, reason, next_offset)
        position = end
    if bad is not None:
        yield bad


def _look(
    scan: BatchScan, position: int, next_offset: int, following: int | None, epoch: int
) -> tuple[str | None, BatchHeader | None]:
    """Return what is wrong with a place, and the batch that lies there."""
    try:
        header = scan.header(position)
    except CorruptBatch as error:
        return str(error), None
    after = _header_or_none(scan, position + header.size)
    written_in = header.partition_leader_epoch
    problem = None
    if header.base_offset < next_offset:
        problem = f"offset {header.base_offset} where {next_offset} is next"
    elif following is not None and header.next_offset > following:
        problem = f"offset {header.last_offset} lies in the next segment"
    elif written_in < epoch:
        problem = f"leader epoch {written_in} after {epoch}"
    elif after is not None and next_offset <= after.base_offset < header.next_offset:
        problem = f"offset {header.base_offset} before {after.base_offset}"
    elif after is not None and epoch <= after.partition_leader_epoch < written_in:
        problem = f"leader epoch {written_in} before {after.partition_leader_epoch}"
    return problem, header


def _header_or_none(scan: BatchScan, position: int) -> BatchHeader | None:
    try:
        return scan.header(position)
    except CorruptBatch:
        return None
