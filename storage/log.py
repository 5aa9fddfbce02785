"""Log: the records of one partition on this node, as a row of segments.

Synchronous, owned by one thread; only ``Flush.run`` and reads of a ``LogSlice`` may run on
another, on files that are never changed below the positions they look at.

States: writable; fenced (the disk failed: every append is refused until a restart).

Invariants:
    log_start_offset <= durable_end_offset <= log_end_offset.
    Offsets rise by one from record to record of what is appended here.
    durable_end_offset moves only by ``complete_flush``, after every byte and every file name
    below it was synced, older segments before newer ones.
    An append is whole or not there at all.
Crash between two writes: see DESIGN.md beside this file.
Called by: log_manager, replication.partition. Calls: segment, leader_epochs, validation.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storage.config import LOG_APPEND_TIME, LogConfig
from storage.errors import (
    BatchTooLarge,
    CorruptBatch,
    DiskError,
    InvalidBatch,
    LogOffline,
    OffsetOutOfRange,
    UnsupportedCompression,
)
from storage.files import Disk, File
from storage.format.batch import (
    NO_TIMESTAMP,
    BatchHeader,
    checked_header,
    stamp,
    stamp_log_append_time,
)
from storage.format.decoder import decode_records
from storage.leader_epochs import LeaderEpochs
from storage.limits import READ_POSITIONS_MAX, RELATIVE_OFFSET_MAX
from storage.segment import Segment
from storage.validation import validate_for_append


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where batches landed; both offsets inclusive."""

    base_offset: int
    last_offset: int
    log_append_time_ms: int
    """The timestamp that all records got, or -1 where they keep their own."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAndOffset:
    """A record found by its timestamp."""

    timestamp_ms: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSlice:
    """Whole batches in one segment's file, readable as long as this object lives."""

    file: File
    position: int
    size: int
    start_offset: int
    """Offset of the first record; may be below the one asked for."""

    next_offset: int
    """Where to go on reading."""

    def read(self) -> bytes:
        """Return the bytes; may wait for the disk."""
        return self.file.read(self.position, self.size)

    def read_if_cached(self) -> bytes | None:
        """Return the bytes if they are in the page cache, else None at once."""
        return self.file.read_if_cached(self.position, self.size)

    def pieces(self, piece_size: int) -> Iterator["LogSlice"]:
        """Yield slices of at most so many bytes, cut anywhere, in order."""
        for start in range(0, self.size, piece_size):
            yield LogSlice(
                file=self.file,
                position=self.position + start,
                size=min(piece_size, self.size - start),
                start_offset=self.start_offset,
                next_offset=self.next_offset,
            )


@dataclass(slots=True, kw_only=True)
class Flush:
    """What has to be synced for everything below an offset to be durable."""

    end_offset: int
    segment: Segment
    position: int
    files: list[File] = field(default_factory=list)
    disk: Disk
    directory: Path | None
    """Synced last, when files were created; None when there were none."""

    def run(self) -> None:
        """Sync; may run on another thread while the log goes on appending.

        Raises:
            DiskError: Nothing is known of what is on disk; the log must be fenced.
        """
        for file in self.files:
            file.sync()
        if self.directory is not None:
            self.disk.sync_directory(self.directory)


class Log:
    """One partition's log."""

    def __init__(
        self,
        disk: Disk,
        directory: Path,
        config: LogConfig,
        segments: list[Segment],
        *,
        log_start_offset: int,
        log_end_offset: int,
    ) -> None:
        """Take over segments that recovery has checked, all of them durable.

        Args:
            disk: Where.
            directory: The log's.
            config: The topic's.
            segments: At least one, by base offset.
            log_start_offset: First offset that may be read.
            log_end_offset: Behind the last record.
        """
        assert segments, "a log has an active segment"
        self._disk = disk
        self.directory = directory
        self.config = config
        self._segments = segments
        self._bases = [segment.base_offset for segment in segments]
        self._start = log_start_offset
        self._end = log_end_offset
        self._durable_end = log_end_offset
        self._durable_segment = segments[-1]
        self._durable_position = segments[-1].size
        self._dirty: list[Segment] = []
        self._names_dirty = False
        self._fenced: str | None = None
        self._positions: OrderedDict[int, tuple[Segment, int]] = OrderedDict()
        self.leader_epochs = LeaderEpochs(disk, directory)

    @property
    def log_start_offset(self) -> int:
        """The first offset that may be read."""
        return self._start

    @property
    def log_end_offset(self) -> int:
        """The offset that the next record will get."""
        return self._end

    @property
    def durable_end_offset(self) -> int:
        """Exclusive end of what is known to be on disk."""
        return self._durable_end

    @property
    def unflushed_records(self) -> int:
        """Records above the durable end."""
        return self._end - self._durable_end

    @property
    def fenced(self) -> str | None:
        """Why appends are refused, or None."""
        return self._fenced

    @property
    def size_bytes(self) -> int:
        """Bytes of all segments' log files."""
        return sum(segment.size for segment in self._segments)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, oldest first; the last one is the active one."""
        return tuple(self._segments)

    def update_config(self, config: LogConfig) -> None:
        """Use other configs from the next append on."""
        self.config = config

    def fence(self, reason: str) -> None:
        """Refuse every append from now on, until a restart."""
        self._fenced = reason

    def append(self, batch: bytearray, *, leader_epoch: int, now_ms: int) -> Appended:
        """Append a client's batches as leader: give them offsets, write them, sync them later.

        Args:
            batch: One or more batches; offsets, epoch and timestamps are stamped into it.
            leader_epoch: The current reign.
            now_ms: The node's wall clock.

        Raises:
            LogError: Refused; nothing was appended.
            DiskError: The disk failed; nothing was appended.
        """
        self._check_writable()
        found = validate_for_append(batch, self.config, now_ms)
        append_time_ms = now_ms if self.config.message_timestamp_type == LOG_APPEND_TIME else -1
        offset = self._end
        stamped = []
        for position, header in found:
            stamp(batch, position, offset, leader_epoch)
            changed = header._replace(base_offset=offset, partition_leader_epoch=leader_epoch)
            if append_time_ms >= 0:
                stamp_log_append_time(batch, position, append_time_ms)
                changed = changed._replace(max_timestamp_ms=append_time_ms)
            stamped.append((position, changed))
            offset = changed.next_offset
        return self._write(batch, stamped, now_ms, append_time_ms)

    def append_as_follower(self, batches: bytes, *, now_ms: int) -> Appended:
        """Append batches as the leader sent them; offsets, epochs and timestamps are kept.

        Raises:
            LogError: Damaged, or not the continuation of this log; nothing was appended.
            DiskError: The disk failed; nothing was appended.
        """
        self._check_writable()
        found = []
        position, expected = 0, self._end
        while position < len(batches):
            header = checked_header(batches, position)
            if header.base_offset < expected:
                raise InvalidBatch(f"offset {header.base_offset} where {expected} is next")
            found.append((position, header))
            position += header.size
            expected = header.next_offset
        if not found:
            raise InvalidBatch("there is no batch to append")
        return self._write(batches, found, now_ms, -1)

    def roll(self) -> None:
        """Close the active segment and begin a new one at the log's end."""
        active = self._segments[-1]
        if active.size == 0:
            return
        active.finish_time_index()
        segment = Segment(self._disk, self.directory, self._end, create=True)
        self._names_dirty = True
        self._segments.append(segment)
        self._bases.append(segment.base_offset)

    def begin_flush(self) -> Flush | None:
        """Return what to sync for all that was appended so far; None if nothing was.

        One flush at a time: complete it (or fence the log) before beginning the next.
        """
        if not self._dirty:
            return None
        active = self._segments[-1]
        flush = Flush(
            end_offset=self._end,
            segment=active,
            position=active.size,
            disk=self._disk,
            directory=self.directory if self._names_dirty else None,
        )
        for segment in self._dirty:
            flush.files.append(segment.file)
            if segment is not active:
                flush.files += [segment.offset_index.file, segment.time_index.file]
        self._dirty = []
        self._names_dirty = False
        return flush

    def complete_flush(self, flush: Flush) -> None:
        """Take note that a flush has run without an error."""
        if flush.end_offset > self._durable_end and self._fenced is None:
            self._durable_end = flush.end_offset
            self._durable_segment = flush.segment
            self._durable_position = flush.position

    def flush(self) -> None:
        """Sync everything now, in this thread.

        Raises:
            DiskError: It failed, and the log is fenced.
        """
        flush = self.begin_flush()
        if flush is None:
            return
        try:
            flush.run()
        except DiskError as error:
            self.fence(str(error))
            raise
        self.complete_flush(flush)

    def locate(
        self,
        offset: int,
        max_bytes: int,
        *,
        end_offset: int | None = None,
        min_one: bool = True,
    ) -> LogSlice:
        """Find whole batches from the one that holds an offset on.

        Args:
            offset: First offset wanted; the first batch may begin below it.
            max_bytes: At most so many bytes; batches beyond are left for the next call.
            end_offset: Nothing at or above it; the durable end if None.
            min_one: Return the first batch even if it is larger than ``max_bytes``.

        Returns:
            A slice of one segment; of size 0 when there is nothing at the offset yet.

        Raises:
            OffsetOutOfRange: Below the log's start or beyond the end.
        """
        end_offset = self._durable_end if end_offset is None else end_offset
        if not self._start <= offset <= end_offset:
            raise OffsetOutOfRange(offset, self._start, end_offset)
        number = max(0, bisect_right(self._bases, offset) - 1)
        while offset < end_offset:
            segment = self._segments[number]
            found = self._position_of(segment, offset)
            if found is not None:
                return self._slice(segment, found, offset, max_bytes, end_offset, min_one)
            number += 1
            if number == len(self._segments):
                break
        active = self._segments[-1]
        return LogSlice(
            file=active.file, position=0, size=0, start_offset=offset, next_offset=offset
        )

    def offset_for_timestamp(
        self, timestamp_ms: int, *, end_offset: int | None = None
    ) -> TimestampAndOffset | None:
        """Return the first record at or after a timestamp, or None.

        Args:
            timestamp_ms: Milliseconds since the epoch.
            end_offset: Nothing at or above it; the durable end if None.
        """
        end_offset = self._durable_end if end_offset is None else end_offset
        for segment in self._segments:
            if segment.max_timestamp_ms < timestamp_ms or segment.base_offset >= end_offset:
                continue
            start = segment.time_index.offset_before(timestamp_ms)
            position = segment.offset_index.position_for_offset(start)
            for at, header in segment.headers(position):
                if header.base_offset >= end_offset:
                    return None
                if header.max_timestamp_ms >= timestamp_ms and header.next_offset > self._start:
                    found = self._first_at(segment, at, header, timestamp_ms, end_offset)
                    if found is not None:
                        return found
        return None

    def max_timestamp(self, *, end_offset: int | None = None) -> TimestampAndOffset | None:
        """Return the first record with the largest timestamp, or None in an empty log.

        Args:
            end_offset: Nothing at or above it; the durable end if None.
        """
        end_offset = self._durable_end if end_offset is None else end_offset
        largest = NO_TIMESTAMP
        for segment in self._segments:
            if segment.max_timestamp_ms <= largest or segment.base_offset >= end_offset:
                continue
            if segment.offset_of_max_timestamp < end_offset:
                largest = segment.max_timestamp_ms
                continue
            for _, header in segment.headers(0):
                if header.next_offset > end_offset:
                    break
                largest = max(largest, header.max_timestamp_ms)
        if largest == NO_TIMESTAMP:
            return None
        return self.offset_for_timestamp(largest, end_offset=end_offset)

    def advance_log_start(self, offset: int) -> None:
        """Make what is below an offset unreadable; files go later, ``remove_dead_segments``.

        Raises:
            OffsetOutOfRange: Beyond the log's end.
        """
        if offset > self._end:
            raise OffsetOutOfRange(offset, self._start, self._end)
        if offset > self._start:
            self._start = offset
            self.leader_epochs.truncate_from_start(offset)

    def remove_dead_segments(self) -> int:
        """Remove the segments wholly below the log's start; return how many.

        The caller has checkpointed the log's start before, or a restart would find a hole.
        """
        removed = 0
        while len(self._segments) > 1 and self._segments[1].base_offset <= self._start:
            segment = self._segments[0]
            if segment in self._dirty or segment is self._durable_segment:
                break
            segment.remove()
            del self._segments[0], self._bases[0]
            removed += 1
        if removed:
            self._positions.clear()
            self._disk.sync_directory(self.directory)
        return removed

    def truncate_to(self, offset: int) -> None:
        """Remove every record at or above an offset, durably.

        Raises:
            OffsetOutOfRange: Below the log's start.
        """
        if offset < self._start:
            raise OffsetOutOfRange(offset, self._start, self._end)
        if offset >= self._end:
            return
        self._positions.clear()
        while len(self._segments) > 1 and self._segments[-1].base_offset >= offset:
            self._segments.pop().remove()
            self._bases.pop()
        active = self._segments[-1]
        found = active.find(offset)
        if found is not None:
            active.truncate(found[0], self.config.index_interval_bytes)
            self._end = found[1].base_offset
        else:
            self._end = min(self._end, offset)
        self._disk.sync_directory(self.directory)
        active.file.sync()
        self.leader_epochs.truncate_from_end(self._end)
        self._dirty = [segment for segment in self._dirty if segment in self._segments]
        if self._durable_end >= self._end:
            self._durable_end = self._end
            self._durable_segment, self._durable_position = active, active.size

    def close(self) -> None:
        """Sync everything and finish the indexes; the log is not used afterwards."""
        if self._fenced is None:
            self._segments[-1].finish_time_index()
            self.flush()
        self._fenced = "closed"

    def _check_writable(self) -> None:
        if self._fenced is not None:
            raise LogOffline(f"{self.directory.name} takes no records: {self._fenced}")

    def _write(
        self,
        data: bytes | bytearray,
        batches: list[tuple[int, BatchHeader]],
        now_ms: int,
        append_time_ms: int,
    ) -> Appended:
        first, last = batches[0][1], batches[-1][1]
        if len(data) > self.config.segment_bytes:
            raise BatchTooLarge(len(data), self.config.segment_bytes)
        if self._must_roll(len(data), last, now_ms):
            self.roll()
        epoch = last.partition_leader_epoch
        if epoch > self.leader_epochs.latest:
            for _, header in batches:
                self.leader_epochs.assign(header.partition_leader_epoch, header.base_offset)
        active = self._segments[-1]
        try:
            active.append(data, batches, self.config.index_interval_bytes)
        except DiskError as error:
            if len(error.args) > 1:
                self.fence(str(error.args[0]))
            raise
        if not self._dirty or self._dirty[-1] is not active:
            self._dirty.append(active)
        self._end = last.next_offset
        return Appended(
            base_offset=first.base_offset,
            last_offset=last.last_offset,
            log_append_time_ms=append_time_ms,
            size=len(data),
        )

    def _must_roll(self, size: int, last: BatchHeader, now_ms: int) -> bool:
        active = self._segments[-1]
        if active.size == 0:
            return False
        if active.size + size > self.config.segment_bytes:
            return True
        if last.last_offset - active.base_offset > RELATIVE_OFFSET_MAX:
            return True
        first_ms = active.first_timestamp_ms
        newest_ms = last.max_timestamp_ms if first_ms != NO_TIMESTAMP else now_ms
        return first_ms != NO_TIMESTAMP and newest_ms - first_ms > self.config.segment_ms

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
        end_offset: int,
        min_one: bool,
    ) -> LogSlice:
        position, start_offset = found
        end, next_offset = self._readable_end(segment, end_offset)
        if end - position > max_bytes:
            end, walked = segment.boundary_before(position + max_bytes, position)
            next_offset = offset if walked is None else walked
            if end <= position and min_one:
                header = next(segment.headers(position))[1]
                end, next_offset = position + header.size, header.next_offset
        size = max(0, end - position)
        if size:
            self._remember(next_offset, segment, end)
        return LogSlice(
            file=segment.file,
            position=position,
            size=size,
            start_offset=start_offset,
            next_offset=next_offset if size else offset,
        )

    def _readable_end(self, segment: Segment, end_offset: int) -> tuple[int, int]:
        """Return the position and the offset at which reading a segment ends."""
        if segment is not self._segments[-1]:
            segment_end = self._bases[bisect_right(self._bases, segment.base_offset)]
        else:
            segment_end = self._end
        if segment_end <= end_offset:
            return segment.size, segment_end
        if end_offset == self._durable_end and segment is self._durable_segment:
            return self._durable_position, end_offset
        found = segment.find(end_offset)
        return (segment.size, segment_end) if found is None else (found[0], found[1].base_offset)

    def _remember(self, next_offset: int, segment: Segment, position: int) -> None:
        """Keep the place where a sequential reader will go on."""
        self._positions[next_offset] = (segment, position)
        if len(self._positions) > READ_POSITIONS_MAX:
            self._positions.popitem(last=False)

    def _first_at(
        self, segment: Segment, position: int, header: BatchHeader, timestamp_ms: int, end: int
    ) -> TimestampAndOffset | None:
        data = segment.file.read(position, header.size)
        try:
            records = decode_records(data)
        except UnsupportedCompression:
            return TimestampAndOffset(
                timestamp_ms=header.max_timestamp_ms, offset=header.base_offset
            )
        except CorruptBatch as error:
            raise DiskError(f"{segment.file.path} at {position}: {error}") from error
        for record in records:
            if record.timestamp_ms >= timestamp_ms and self._start <= record.offset < end:
                return TimestampAndOffset(timestamp_ms=record.timestamp_ms, offset=record.offset)
        return None
