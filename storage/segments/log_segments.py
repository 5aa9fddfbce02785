"""LogSegments: the segments of one log in a row, and where in them an offset lies.

Owned by the thread that owns the log. It knows order and places; what may be appended, read or
removed is the log's business.

Invariants:
    There is at least one segment; base offsets rise; the last one is the active one.
    A segment ends where the next one begins, whatever compaction left of its records.
Called by: log. Calls: segment, log_slice.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from storage.errors import CorruptBatch
from storage.files import Disk
from storage.limits import READ_POSITIONS_MAX
from storage.segments.log_slice import LogSlice
from storage.segments.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAge:
    """What retention wants to know of a segment."""

    end_offset: int
    """Behind its last record (exclusive)."""

    size: int
    max_timestamp_ms: int
    """The largest record time, or -1."""

    modified_ms: int
    """When its file was last written."""


class LogSegments(Sequence[Segment]):
    """The segments of one log, oldest first."""

    def __init__(self, disk: Disk, directory: Path, segments: Sequence[Segment]) -> None:
        """Take over segments in the order of their base offsets."""
        assert segments, "a log has an active segment"
        self._disk = disk
        self._directory = directory
        self._segments = list(segments)
        self._bases = [segment.base_offset for segment in segments]
        self._positions: OrderedDict[int, tuple[Segment, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._segments)

    @overload
    def __getitem__(self, number: int) -> Segment: ...

    @overload
    def __getitem__(self, number: slice) -> list[Segment]: ...

    def __getitem__(self, number: int | slice) -> Segment | list[Segment]:
        return self._segments[number]

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._segments)

    @property
    def active(self) -> Segment:
        """The segment that takes appends."""
        return self._segments[-1]

    @property
    def closed(self) -> Sequence[Segment]:
        """All others."""
        return self._segments[:-1]

    @property
    def size_bytes(self) -> int:
        """Bytes of all log files."""
        return sum(segment.size for segment in self._segments)

    def end_of(self, segment: Segment, log_end_offset: int) -> int:
        """Return the offset at which a segment ends.

        Args:
            segment: One of these.
            log_end_offset: Where the active one ends.
        """
        following = bisect_right(self._bases, segment.base_offset)
        return self._bases[following] if following < len(self._bases) else log_end_offset

    def ages(self, log_end_offset: int) -> list[SegmentAge]:
        """Return what retention wants to know."""
        return [
            SegmentAge(
                end_offset=self.end_of(segment, log_end_offset),
                size=segment.size,
                max_timestamp_ms=segment.max_timestamp_ms,
                modified_ms=segment.file.modified_ms(),
            )
            for segment in self._segments
        ]

    def roll(self, base_offset: int) -> None:
        """Begin a new active segment at the log's end."""
        segment = Segment(self._disk, self._directory, base_offset, create=True)
        self._segments.append(segment)
        self._bases.append(segment.base_offset)

    def retire_below(self, offset: int, is_needed: Callable[[Segment], bool]) -> list[Path]:
        """Rename the files of the oldest segments that end at or below an offset.

        Args:
            offset: The log's start.
            is_needed: Whether a segment has to stay, and so all behind it.

        Returns:
            The new names.
        """
        retired: list[Path] = []
        while len(self._segments) > 1 and self._bases[1] <= offset:
            if is_needed(self._segments[0]):
                break
            retired += self._segments[0].retire()
            self.replace(0, 1, [])
        return retired

    def cut(self, offset: int, log_end_offset: int, index_interval_bytes: int) -> int:
        """Remove every record at or above an offset; return the log's new end.

        A batch that holds the offset goes as a whole.
        """
        self._positions.clear()
        while len(self._segments) > 1 and self.active.base_offset >= offset:
            self.active.remove()
            del self._segments[-1], self._bases[-1]
        found = self.active.find(offset)
        end = min(log_end_offset, offset)
        if found is not None:
            self.active.truncate(found[0], index_interval_bytes)
            end = found[1].base_offset
        if self.active.txn_index is not None:
            self.active.txn_index.truncate(end)
        return end

    def begin_again(self, base_offset: int) -> None:
        """Remove all segments and begin with an empty one, newest first."""
        old = self._segments
        self._segments = [Segment(self._disk, self._directory, base_offset, create=True)]
        self._bases = [base_offset]
        for segment in reversed(old):
            segment.remove()

    def replace(self, number: int, count: int, others: Sequence[Segment]) -> list[Segment]:
        """Put other segments in the place of some; return those that were there.

        Args:
            number: Of the first one to go.
            count: How many go.
            others: What comes in their place.
        """
        old = self._segments[number : number + count]
        self._segments[number : number + count] = others
        self._bases = [segment.base_offset for segment in self._segments]
        self._positions.clear()
        return old

    def locate(
        self, offset: int, max_bytes: int, ends: "ReadableEnds", *, min_one: bool
    ) -> LogSlice:
        """Find whole batches from the one that holds an offset on.

        Args:
            offset: First offset wanted, below the readable end.
            max_bytes: At most so many bytes.
            ends: Where reading ends.
            min_one: Return the first batch even if it is larger than ``max_bytes``.
        """
        number = max(0, bisect_right(self._bases, offset) - 1)
        while offset < ends.end_offset and number < len(self._segments):
            segment = self._segments[number]
            found = self._position_of(segment, offset)
            if found is not None:
                return self._slice(segment, found, offset, max_bytes, ends, min_one)
            number += 1
        return LogSlice(
            file=self.active.file, position=0, size=0, start_offset=offset, next_offset=offset
        )

    def _position_of(self, segment: Segment, offset: int) -> tuple[int, int] | None:
        """Return position and base offset of the batch that holds an offset or comes next."""
        known = self._positions.get(offset)
        if known is not None and known[0] is segment and known[1] < segment.size:
            return known[1], offset
        found = segment.find(offset)
        return None if found is None else (found[0], found[1].base_offset)

    def _slice(
        self,
        segment: Segment,
        found: tuple[int, int],
        offset: int,
        max_bytes: int,
        ends: "ReadableEnds",
        min_one: bool,
    ) -> LogSlice:
        position, start_offset = found
        end, next_offset = self._readable_end(segment, ends)
        if end - position > max_bytes:
            end, walked = segment.boundary_before(position + max_bytes, position)
            next_offset = offset if walked is None else walked
            if end <= position and min_one:
                header = next(segment.headers(position))[1]
                end, next_offset = position + header.size, header.next_offset
        size = max(0, end - position)
        if size and next_offset <= offset:
            # A reader would ask for the same again, for ever.
            raise CorruptBatch(f"{segment.file.path}: offsets fall behind position {position}")
        if size:
            self._remember(next_offset, segment, end)
        return LogSlice(
            file=segment.file,
            position=position,
            size=size,
            start_offset=start_offset,
            next_offset=next_offset if size else offset,
        )

    def _readable_end(self, segment: Segment, ends: "ReadableEnds") -> tuple[int, int]:
        """Return the position and the offset at which reading a segment ends."""
        segment_end = self.end_of(segment, ends.log_end_offset)
        if segment_end <= ends.end_offset:
            return segment.size, segment_end
        if ends.known is not None and ends.known[0] is segment:
            return ends.known[1], ends.end_offset
        found = segment.find(ends.end_offset)
        return (segment.size, segment_end) if found is None else (found[0], found[1].base_offset)

    def _remember(self, next_offset: int, segment: Segment, position: int) -> None:
        """Keep the place where a sequential reader will go on."""
        self._positions[next_offset] = (segment, position)
        if len(self._positions) > READ_POSITIONS_MAX:
            self._positions.popitem(last=False)


class ReadableEnds:
    """Where reading ends."""

    __slots__ = ("end_offset", "known", "log_end_offset")

    def __init__(
        self, end_offset: int, log_end_offset: int, known: tuple[Segment, int] | None
    ) -> None:
        """Say where.

        Args:
            end_offset: Nothing at or above it is read.
            log_end_offset: Where the active segment ends.
            known: Segment and position of ``end_offset`` where they are known.
        """
        self.end_offset = end_offset
        self.log_end_offset = log_end_offset
        self.known = known
