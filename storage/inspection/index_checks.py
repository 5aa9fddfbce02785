"""Index checks: whether a segment's indexes, epochs and aborted transactions fit its batches.

The checks are fed the batches one after the other, and asked at the end.

Invariant: nothing of a file's entries is believed before a batch has borne it out.
Called by: verify. Calls: the indexes' forms, control.
"""

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint
from storage.errors import CorruptBatch
from storage.files import Disk, File
from storage.format.batch import BatchHeader
from storage.format.control import ControlType, read_end_marker
from storage.segments.offset_index import ENTRY_SIZE as OFFSET_ENTRY_SIZE
from storage.segments.offset_index import OffsetIndex
from storage.segments.time_index import ENTRY_SIZE as TIME_ENTRY_SIZE
from storage.segments.time_index import TimeIndex
from storage.segments.txn_index import ENTRY_SIZE as TXN_ENTRY_SIZE
from storage.segments.txn_index import AbortedTransaction, TransactionIndex

_PARTIAL = "it ends in half an entry"


class OffsetIndexCheck:
    """Whether each entry of an offset index is the place and last offset of a batch."""

    def __init__(self, file: File, base_offset: int) -> None:
        """Read the index."""
        self.problem = _PARTIAL if file.size() % OFFSET_ENTRY_SIZE else None
        entries = OffsetIndex(file, base_offset).entries()
        if any(one[0] >= two[0] or one[1] >= two[1] for one, two in pairwise(entries)):
            self.problem = "its entries do not rise"
        self._expected = {position: offset for offset, position in entries}

    def note(self, header: BatchHeader, position: int) -> None:
        """Take a batch."""
        if self._expected.get(position) == header.last_offset:
            del self._expected[position]

    def finish(self) -> str | None:
        """Return what is wrong, or None."""
        if self.problem is None and self._expected:
            position, offset = next(iter(self._expected.items()))
            self.problem = f"offset {offset} does not lie at {position}"
        return self.problem


class TimeIndexCheck:
    """Whether each entry of a time index is the largest timestamp up to that offset."""

    def __init__(self, file: File, base_offset: int) -> None:
        """Read the index."""
        self.problem = _PARTIAL if file.size() % TIME_ENTRY_SIZE else None
        entries = TimeIndex(file, base_offset).entries()
        if any(one[0] >= two[0] or one[1] >= two[1] for one, two in pairwise(entries)):
            self.problem = "its entries do not rise"
        self._expected = {offset: time_ms for time_ms, offset in entries}
        self._max_ms = -1

    def note(self, header: BatchHeader) -> None:
        """Take a batch."""
        self._max_ms = max(self._max_ms, header.max_timestamp_ms)
        if self._expected.get(header.last_offset) == self._max_ms:
            del self._expected[header.last_offset]

    def finish(self) -> str | None:
        """Return what is wrong, or None."""
        if self.problem is None and self._expected:
            offset, time_ms = next(iter(self._expected.items()))
            self.problem = f"timestamp {time_ms} is not the largest up to offset {offset}"
        return self.problem


class TransactionCheck:
    """Whether the transaction indexes name the transactions that were aborted, and no other.

    Transactions are followed over all segments of a log. One that began before the log's start
    may be named or not: its first offset is not there to be seen.
    """

    def __init__(self) -> None:
        """Begin at a log's start."""
        self._open: dict[int, int] = {}
        self._marked: dict[int, int] = {}
        self._bounds: dict[tuple[int, int], tuple[int, int, int]] = {}
        self._wanted: set[tuple[int, int]] = set()
        self._allowed: set[tuple[int, int]] = set()

    def note(self, header: BatchHeader, batch: bytes) -> None:
        """Take a batch; its bytes are looked at if it is a control batch.

        Raises:
            CorruptBatch: A marker does not read.
        """
        if not header.is_transactional:
            return
        if not header.is_control:
            self._open.setdefault(header.producer_id, header.base_offset)
            return
        marker = read_end_marker(batch)
        if marker is None:
            return
        if marker.type is ControlType.ABORT:
            one = (header.producer_id, header.last_offset)
            self._allowed.add(one)
            if header.producer_id in self._open:
                self._wanted.add(one)
        first = self._open.pop(header.producer_id, header.base_offset)
        before = self._marked.get(header.producer_id, -1)
        stable = min(self._open.values(), default=header.next_offset)
        bounds = before, first, min(stable, header.next_offset)
        self._bounds[header.producer_id, header.last_offset] = bounds
        self._marked[header.producer_id] = header.last_offset

    def finish_segment(self, file: File | None) -> str | None:
        """Return what is wrong with the index of the segment whose batches came last, or None."""
        wanted, allowed = self._wanted, self._allowed
        self._wanted, self._allowed = set(), set()
        if file is None:
            return f"it is missing, {len(wanted)} transactions were aborted" if wanted else None
        try:
            if file.size() % TXN_ENTRY_SIZE:
                raise CorruptBatch(_PARTIAL)
            entries = list(TransactionIndex(file).entries())
        except CorruptBatch as error:
            return str(error)
        named = {(one.producer_id, one.last_offset) for one in entries}
        if wanted - named:
            producer_id, offset = min(wanted - named)
            return f"it does not name the transaction of producer {producer_id} up to {offset}"
        if named - allowed:
            producer_id, offset = min(named - allowed)
            return f"no transaction of producer {producer_id} was aborted at {offset}"
        return next(filter(None, map(self._offsets_problem, entries)), None)

    def _offsets_problem(self, one: AbortedTransaction) -> str | None:
        """Return what is wrong with where a transaction began, or with what was stable then."""
        before, first, stable = self._bounds[one.producer_id, one.last_offset]
        if not before < one.first_offset <= first:
            return (
                f"the transaction up to {one.last_offset} began at {first}, not {one.first_offset}"
            )
        if one.last_stable_offset > stable:
            return f"more was stable at {one.last_offset} than what is below {stable}"
        return None


def epochs_problem(
    disk: Disk, path: Path, seen: Sequence[tuple[int, int]], log_end_offset: int
) -> str | None:
    """Return what is wrong with a leader epoch checkpoint, or None.

    Args:
        disk: Where.
        path: The checkpoint.
        seen: Epoch and offset of the first and the last record of each epoch.
        log_end_offset: Nothing may begin behind it.
    """
    try:
        entries = [(int(epoch), int(start)) for epoch, start in read_checkpoint(disk, path)]
    except (MalformedCheckpoint, ValueError, struct.error) as error:
        return f"it does not read: {error}"
    seen = [one for one in seen if one[0] >= 0]
    if not entries:
        return "it has no entry" if seen else None
    if any(one[0] >= two[0] or one[1] > two[1] for one, two in pairwise(entries)):
        return "its entries do not rise"
    if entries[-1][1] > log_end_offset:
        return f"epoch {entries[-1][0]} begins behind the log's end"
    for epoch, offset in seen:
        said = [one for one, start in entries if start <= offset]
        if not said or said[-1] != epoch:
            return f"offset {offset} was written in epoch {epoch}, it says {said[-1:] or 'none'}"
    return None
