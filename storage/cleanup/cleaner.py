"""Cleaner: one compaction run over the closed segments of one log, into new files beside them.

It runs on a thread of its own. Its sources are never changed, so it reads them while the log goes
on; what it has written the thread that owns the log takes over, one segment at a time
(``log_cleaning``, ``swap``), so that the disk holds each record twice for one segment only.

Invariants:
    Memory: the map of keys, a chunk of each file, the largest batch opened.
    A cleaned segment holds the remains of whole neighbouring segments, ends where they ended, and
    is no larger than they may be. Everything in it is synced before it is handed over.
    A run that stops, wherever, leaves a log that says the same as before: what it removed is
    replaced by records that are still there.
Crash: ``.cleaned`` files count for nothing; recovery removes them.
Called by: replication.cleaning. Calls: batch_filter, offset_map, segment.
Source: Kafka's ``Cleaner``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from storage.cleanup.batch_filter import BatchFilter, Remains
from storage.cleanup.offset_map import OffsetMap
from storage.cleanup.transaction_filter import TransactionFilter
from storage.config import LogConfig
from storage.errors import CorruptBatch
from storage.files import Disk
from storage.format.batch import BatchHeader, checked_header, parse_header
from storage.format.control import read_end_marker
from storage.format.decoder import records_data
from storage.format.record_spans import record_spans
from storage.limits import (
    CLEANER_SYNC_BYTES,
    RELATIVE_OFFSET_MAX,
    SCAN_CHUNK_BYTES,
    SEGMENT_BYTES_MAX,
)
from storage.producers.log_producers import aborted_transactions
from storage.producers.producer_state import Producer
from storage.segments.segment import CLEANED_SUFFIX, Segment
from storage.segments.txn_index import AbortedTransaction


class CleaningStopped(Exception):
    """A run was told to stop; what it had taken over stays, the rest is as it was."""


Pace = Callable[[int], None]
"""Called with bytes read or written, often; may sleep, may raise ``CleaningStopped``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleaningPlan:
    """What one run goes over, fixed by the thread that owns the log."""

    segments: tuple[tuple[Segment, int], ...]
    """All of the log's with the offsets at which they end, oldest first."""

    count: int
    """How many of them, from the oldest on, are compacted; all closed."""

    first_dirty_offset: int
    config: LogConfig
    producers: Mapping[int, Producer]
    """Those that the log remembers."""

    now_ms: int
    """The node's wall clock."""

    @property
    def sources(self) -> tuple[tuple[Segment, int], ...]:
        """The segments that are compacted, with their ends."""
        return self.segments[: self.count]

    @property
    def end_offset(self) -> int:
        """Behind the last of them."""
        return self.sources[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedSegment:
    """A new segment for some old ones, whole and synced."""

    sources: tuple[Segment, ...]
    segment: Segment


@dataclass(slots=True)
class CleaningFigures:
    """What a run has done so far."""

    bytes_read: int = 0
    bytes_written: int = 0
    records_read: int = 0
    records_kept: int = 0


class Cleaner:
    """One run over one log: ``fill_map``, then ``clean_next`` until it returns None."""

    def __init__(self, disk: Disk, plan: CleaningPlan, *, map_bytes_max: int, pace: Pace) -> None:
        """Prepare a run.

        Args:
            disk: Where.
            plan: Over what.
            map_bytes_max: About so much memory for the map of keys.
            pace: Slows the run down or ends it.
        """
        self._disk = disk
        self.plan = plan
        self._map = OffsetMap(map_bytes_max)
        self._pace = pace
        self._groups: Iterator[tuple[tuple[Segment, ...], int]] = iter(())
        self._filter: BatchFilter | None = None
        self.figures = CleaningFigures()

    @property
    def first_dirty_offset(self) -> int:
        """Where the next run's map begins, once this one is through."""
        return self._map.end_offset

    def fill_map(self) -> None:
        """Map the keys of the dirty part, as far as memory allows.

        Raises:
            CleaningStopped: It was told to stop.
            CorruptBatch: A batch is damaged.
            DiskError: The disk failed.
        """
        plan = self.plan
        aborted = self._aborted()
        transactions = TransactionFilter(aborted)
        self._map.end_offset = plan.first_dirty_offset
        is_whole = self._fill(transactions)
        if is_whole:
            self._map.end_offset = plan.end_offset
        self._groups = iter(self._grouped())
        self._filter = BatchFilter(
            self._map,
            TransactionFilter(aborted),
            plan.producers,
            now_ms=plan.now_ms,
            delete_retention_ms=plan.config.delete_retention_ms,
        )

    def clean_next(self) -> CleanedSegment | None:
        """Compact the next segments into a file of their own; return None when all are done.

        Raises:
            CleaningStopped: It was told to stop.
            CorruptBatch: A batch is damaged.
            DiskError: The disk failed.
        """
        group = next(self._groups, None)
        if group is None:
            return None
        sources, end_offset = group
        directory, base_offset = sources[0].directory, sources[0].base_offset
        target = Segment(self._disk, directory, base_offset, create=True, suffix=CLEANED_SUFFIX)
        try:
            target.clear()
            self._clean(sources, end_offset, target)
        except BaseException:
            target.remove()
            raise
        return CleanedSegment(sources=sources, segment=target)

    def close(self) -> None:
        """Give the memory back."""
        self._map.clear()

    def _aborted(self) -> list[AbortedTransaction]:
        plan = self.plan
        start = plan.segments[0][0].base_offset
        return aborted_transactions(plan.segments, start, plan.end_offset)

    def _fill(self, transactions: TransactionFilter) -> bool:
        """Fill the map; return whether all of the dirty part is in it."""
        start = self.plan.first_dirty_offset
        for segment, end in self.plan.sources:
            if end <= start:
                continue
            position = segment.offset_index.position_for_offset(start)
            for batch, header in self._batches(segment, position):
                if header.next_offset <= start:
                    continue
                if self._map.is_full:
                    return False
                if header.is_control:
                    if header.record_count:
                        transactions.end(header, read_end_marker(batch))
                elif not transactions.is_aborted(header):
                    data = records_data(batch, 0, header)
                    spans = record_spans(data, header.record_count)
                    base = header.base_offset
                    offsets = [base + delta for delta in spans.offset_deltas]
                    self._map.put(spans.keys, offsets, header.next_offset)
        return True

    def _grouped(self) -> list[tuple[tuple[Segment, ...], int]]:
        """Return segments that fit a new one together, with their end, as far as the map goes."""
        groups: list[tuple[list[Segment], int]] = []
        size = 0
        for segment, end in self.plan.sources:
            if segment.base_offset >= self._map.end_offset:
                break
            fits = (
                groups
                and size + segment.size <= self.plan.config.segment_bytes
                and end - groups[-1][0][0].base_offset <= RELATIVE_OFFSET_MAX
            )
            if fits:
                groups[-1][0].append(segment)
                groups[-1] = (groups[-1][0], end)
                size += segment.size
            else:
                groups.append(([segment], end))
                size = segment.size
        return [(tuple(group), end) for group, end in groups]

    def _clean(self, sources: tuple[Segment, ...], end_offset: int, target: Segment) -> None:
        assert self._filter is not None, "the map is filled first"
        figures = self.figures
        output = _Output(target, self.plan.config.index_interval_bytes, self._pace)
        room = SEGMENT_BYTES_MAX - sum(source.size for source in sources)
        for source in sources:
            for batch, header in self._batches(source, 0):
                figures.records_read += header.record_count
                ends_segment = header.next_offset >= end_offset
                remains = self._filter.remains(batch, header, ends_segment=ends_segment)
                if remains is None:
                    room += header.size
                    continue
                if remains.header.size - header.size > room:
                    remains = Remains(batch, header, remains.aborted)
                room -= remains.header.size - header.size
                figures.records_kept += remains.header.record_count
                output.add(remains)
        output.finish(max(source.file.modified_ms() for source in sources))
        figures.bytes_written += target.size

    def _batches(self, segment: Segment, position: int) -> Iterator[tuple[bytes, BatchHeader]]:
        """Yield each batch from a batch's position on, its checksum checked."""
        chunk, start, size = b"", position, segment.size
        while position < size:
            at = position - start
            header = _header_at(chunk, at)
            if header is None or at + header.size > len(chunk):
                wanted = max(SCAN_CHUNK_BYTES, 0 if header is None else header.size)
                chunk = segment.file.read(position, min(wanted, size - position))
                start, at = position, 0
                self.figures.bytes_read += len(chunk)
                self._pace(len(chunk))
                header = parse_header(chunk)
                if header.size > len(chunk):
                    if position + header.size > size:
                        raise CorruptBatch(f"a batch of {segment.file.path} runs past its end")
                    continue
            yield chunk[at : at + header.size], checked_header(chunk, at)
            position += header.size


def _header_at(chunk: bytes, at: int) -> BatchHeader | None:
    """Return the header of a batch, not checked, or None where the chunk ends before it."""
    try:
        return parse_header(chunk, at)
    except CorruptBatch:
        # Cut off at the chunk's end, or damaged: it is read again from its start.
        return None


class _Output:
    """Gathers batches and writes them to a segment in large pieces."""

    def __init__(self, segment: Segment, index_interval_bytes: int, pace: Pace) -> None:
        self._segment = segment
        self._index_interval_bytes = index_interval_bytes
        self._pace = pace
        self._parts: list[bytes | bytearray] = []
        self._batches: list[tuple[int, BatchHeader]] = []
        self._size = 0
        self._unsynced = 0

    def add(self, remains: Remains) -> None:
        self._batches.append((self._size, remains.header))
        self._parts.append(remains.batch)
        self._size += remains.header.size
        if remains.aborted is not None:
            self._segment.append_aborted(remains.aborted)
        if self._size >= SCAN_CHUNK_BYTES:
            self._flush()

    def finish(self, modified_ms: int) -> None:
        """Write the rest and sync all.

        Args:
            modified_ms: When the file is to have been written: retention may count from it.
        """
        self._flush()
        self._segment.finish_time_index()
        self._segment.drop_empty_txn_index()
        self._segment.file.set_modified_ms(modified_ms)
        self._segment.sync()

    def _flush(self) -> None:
        if self._batches:
            data = b"".join(self._parts)
            self._segment.append(data, self._batches, self._index_interval_bytes)
            self._parts, self._batches, self._size = [], [], 0
            self._unsynced += len(data)
            if self._unsynced >= CLEANER_SYNC_BYTES:
                # In steps, or one large write-back would hold up the syncs of appends.
                self._segment.file.sync()
                self._unsynced = 0
            self._pace(len(data))
