"""Log: the records of one partition on this node, as a row of segments.

Synchronous, owned by one thread; only ``Flush.run`` and reads of a ``LogSlice`` may run on
another, on files that are never changed below the positions they look at.

States: writable; fenced (the disk failed: every append is refused until a restart).

Invariants:
    log_start_offset <= log_end_offset, durable_end_offset <= log_end_offset.
    Offsets rise by one from record to record of what is appended here.
    An append is whole or not there at all.
Crash between two writes: see DESIGN.md beside this file.
Called by: log_manager, replication.partition.
Calls: appending, cleanup, durability, log_segments, timestamp_lookup, segment, leader_epochs,
validation.
"""

from pathlib import Path

from storage.appending import Appended, continuation, must_roll, stamped
from storage.cleanup.cleaner import CleanedSegment, CleaningPlan
from storage.cleanup.compaction import Dirt
from storage.cleanup.log_cleaning import LogCleaning, LogMarks
from storage.cleanup.retention import retained_from
from storage.config import LOG_APPEND_TIME, LogConfig
from storage.durability import Durability, Flush
from storage.errors import (
    BatchTooLarge,
    DiskError,
    LogOffline,
    OffsetOutOfRange,
)
from storage.files import Disk
from storage.format.batch import BatchHeader, Buffer, MutableBuffer
from storage.leader_epochs import LeaderEpochs
from storage.producers.log_producers import LogProducers, aborted_transactions
from storage.producers.producer_state import ProducerState
from storage.segments.log_segments import LogSegments, ReadableEnds
from storage.segments.log_slice import LogSlice
from storage.segments.segment import Segment
from storage.segments.timestamp_lookup import TimestampAndOffset, first_at_or_after, largest
from storage.segments.txn_index import AbortedTransaction
from storage.validation import Origin, prepare_for_append, validate_for_append


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
        producers: LogProducers,
    ) -> None:
        """Take over segments that recovery has checked, all of them durable.

        Args:
            disk: Where.
            directory: The log's.
            config: The topic's.
            segments: At least one, by base offset.
            log_start_offset: First offset that may be read.
            log_end_offset: Behind the last record.
            producers: As of the log's end.
        """
        self._disk = disk
        self.directory = directory
        self.config = config
        self._segments = LogSegments(disk, directory, segments)
        self._start = log_start_offset
        self._end = log_end_offset
        self._durability = Durability(disk, directory, self._segments.active, log_end_offset)
        self._high_watermark = log_start_offset
        self._fenced: str | None = None
        self.leader_epochs = LeaderEpochs(disk, directory)
        self._producers = producers
        self.cleaning = LogCleaning()

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
        return self._durability.end_offset

    @property
    def unflushed_records(self) -> int:
        """Records above the durable end."""
        return self._end - self._durability.end_offset

    @property
    def fenced(self) -> str | None:
        """Why appends are refused, or None."""
        return self._fenced

    @property
    def size_bytes(self) -> int:
        """Bytes of all segments' log files."""
        return self._segments.size_bytes

    @property
    def producers(self) -> ProducerState:
        """The idempotent and transactional producers that wrote to it."""
        return self._producers.state

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, oldest first; the last one is the active one."""
        return tuple(self._segments)

    def update_config(self, config: LogConfig) -> None:
        """Use other configs from the next append on."""
        self.config = config
        self.cleaning.configured(config)

    def fence(self, reason: str) -> None:
        """Refuse every append from now on, until a restart."""
        self._fenced = reason
        self.cleaning.cancel()

    def append(
        self,
        batch: MutableBuffer,
        *,
        leader_epoch: int,
        now_ms: int,
        origin: Origin = Origin.CLIENT,
    ) -> Appended:
        """Append batches as leader: give them offsets, write them, sync them later.

        A batch that a producer sends again is not appended again: the answer names its offsets.

        Args:
            batch: One or more batches; offsets, epoch and timestamps are stamped into it.
            leader_epoch: The current reign.
            now_ms: The node's wall clock.
            origin: Who gives them.

        Raises:
            LogError: Refused; nothing was appended.
            DiskError: The disk failed; nothing was appended.
        """
        self._check_writable()
        found = validate_for_append(batch, self.config, now_ms, origin)
        known = self._producers.check(batch, found[0][1])
        if known is not None:
            return Appended(
                base_offset=known.first_offset,
                last_offset=known.last_offset,
                log_append_time_ms=-1,
                size=0,
                is_duplicate=True,
            )
        batch, found = prepare_for_append(batch, found, self.config)
        append_time_ms = now_ms if self.config.message_timestamp_type == LOG_APPEND_TIME else -1
        found = stamped(batch, found, self._end, leader_epoch, append_time_ms)
        return self._write(batch, found, now_ms, append_time_ms)

    def append_as_follower(self, batches: bytes, *, now_ms: int) -> Appended:
        """Append batches as the leader sent them; offsets, epochs and timestamps are kept.

        Raises:
            LogError: Damaged, or not the continuation of this log; nothing was appended.
            DiskError: The disk failed; nothing was appended.
        """
        self._check_writable()
        return self._write(batches, continuation(batches, self._end), now_ms, -1)

    def roll(self) -> None:
        """Close the active segment and begin a new one at the log's end."""
        active = self._segments.active
        if active.size == 0:
            return
        active.finish_time_index()
        snapshot = self._producers.snapshot(self._end)
        self._segments.roll(self._end)
        self._durability.closed(active, snapshot)
        self._durability.created()

    def begin_flush(self) -> Flush | None:
        """Return what to sync for all that was appended so far; None if nothing was.

        One flush at a time: complete it (or fence the log) before beginning the next.
        """
        return self._durability.begin(self._segments.active, self._end)

    def complete_flush(self, flush: Flush) -> None:
        """Take note that a flush has run without an error."""
        if self._fenced is None:
            self._durability.complete(flush)

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
        end_offset = self.durable_end_offset if end_offset is None else end_offset
        if not self._start <= offset <= end_offset:
            raise OffsetOutOfRange(offset, self._start, end_offset)
        durability = self._durability
        is_durable_end = end_offset == durability.end_offset
        known = (durability.segment, durability.position) if is_durable_end else None
        ends = ReadableEnds(end_offset, self._end, known)
        return self._segments.locate(offset, max_bytes, ends, min_one=min_one)

    def offset_for_timestamp(
        self, timestamp_ms: int, *, end_offset: int | None = None
    ) -> TimestampAndOffset | None:
        """Return the first record at or after a timestamp, or None.

        Args:
            timestamp_ms: Milliseconds since the epoch.
            end_offset: Nothing at or above it; the durable end if None.
        """
        end_offset = self.durable_end_offset if end_offset is None else end_offset
        return first_at_or_after(self._segments, timestamp_ms, self._start, end_offset)

    def max_timestamp(self, *, end_offset: int | None = None) -> TimestampAndOffset | None:
        """Return the first record with the largest timestamp, or None in an empty log.

        Args:
            end_offset: Nothing at or above it; the durable end if None.
        """
        end_offset = self.durable_end_offset if end_offset is None else end_offset
        return largest(self._segments, self._start, end_offset)

    def last_stable_offset(self, high_watermark: int) -> int:
        """Return the end of what readers of committed records may see (KIP-98).

        Never below the log's start, where the transaction that is open may have begun.
        """
        unstable = self.producers.first_unstable_offset
        if unstable is None:
            return high_watermark
        return min(max(unstable, self._start), high_watermark)

    def advance_high_watermark(self, high_watermark: int) -> None:
        """Take note that everything below an offset is replicated."""
        self._high_watermark = high_watermark
        self.producers.advance_high_watermark(high_watermark)

    def aborted_transactions(self, start_offset: int, end_offset: int) -> list[AbortedTransaction]:
        """Return the aborted transactions that overlap a range of offsets, by their markers.

        Args:
            start_offset: First offset of the range.
            end_offset: Exclusive end of the range.
        """
        ends = [(one, self._segments.end_of(one, self._end)) for one in self._segments]
        return aborted_transactions(ends, start_offset, end_offset)

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int] | None:
        """Return the largest leader epoch at or below one, and where it ends (KIP-279)."""
        return self.leader_epochs.end_offset_for(epoch, self._end)

    def advance_log_start(self, offset: int) -> None:
        """Make what is below an offset unreadable; files go later, ``retire_dead_segments``.

        Raises:
            OffsetOutOfRange: Beyond the log's end.
        """
        if offset > self._end:
            raise OffsetOutOfRange(offset, self._start, self._end)
        if offset > self._start:
            self._start = offset
            self.leader_epochs.truncate_from_start(offset)
            self.producers.advance_log_start(offset)

    def apply_retention(self, now_ms: int) -> None:
        """Raise the log's start over the segments that retention lets go.

        Args:
            now_ms: The clock, see ``retention.TrustedClock``.
        """
        shown = min(self._high_watermark, self.durable_end_offset)
        found = retained_from(self._segments.ages(self._end), self.config, now_ms, shown)
        if found is not None and found > self._start:
            if found == self._end:
                self.roll()
            self.advance_log_start(found)

    def retire_dead_segments(self, start: int | None = None) -> list[Path]:
        """Rename the files of the segments wholly below the log's start; return the new names.

        The caller has checkpointed the log's start before, or a restart would find a hole. It
        removes the files after ``file.delete.delay.ms``.

        Args:
            start: The log's start as it was checkpointed; as it is now if None.
        """
        start = self._start if start is None else start
        retired = self._segments.retire_below(start, self._durability.needs)
        if retired:
            self._disk.sync_directory(self.directory)
        return retired

    def dirt(self, now_ms: int) -> Dirt:
        """Return how much of the log waits for compaction.

        Args:
            now_ms: The node's wall clock.
        """
        return self.cleaning.dirt(self._segments, self.config, self._marks, now_ms)

    def plan_cleaning(self, now_ms: int) -> CleaningPlan | None:
        """Begin a compaction run; None if nothing is dirty, or the log is fenced.

        Args:
            now_ms: The node's wall clock.
        """
        if self._fenced is not None:
            return None
        state = self._producers.state
        return self.cleaning.plan(self._segments, self.config, self._marks, state, now_ms)

    def take_cleaned(self, plan: CleaningPlan, cleaned: CleanedSegment) -> list[Path] | None:
        """Put a cleaned segment in the place of its sources, see ``LogCleaning.take``.

        Raises:
            DiskError: The disk failed, and the log is fenced.
        """
        try:
            return self.cleaning.take(self._segments, plan, cleaned)
        except DiskError as error:
            self.fence(str(error))
            raise

    @property
    def _marks(self) -> LogMarks:
        shown = min(self._high_watermark, self.durable_end_offset)
        return LogMarks(
            log_start_offset=self._start,
            log_end_offset=self._end,
            last_stable_offset=self.last_stable_offset(shown),
        )

    def truncate_to(self, offset: int) -> None:
        """Remove every record at or above an offset, durably.

        A batch that holds the offset goes as a whole. The caller has lowered the recovery point
        on disk before, or a restart would miss what is removed here.

        Raises:
            OffsetOutOfRange: Below the log's start.
            DiskError: The disk failed, and the log is fenced.
        """
        if offset < self._start:
            raise OffsetOutOfRange(offset, self._start, self._end)
        if offset >= self._end:
            return
        try:
            self._end = self._segments.cut(offset, self._end, self.config.index_interval_bytes)
            begins_again = self._end < self._start
            self._producers.load(self._segments, self._end)
            if begins_again:
                self._end = self._start
                self._segments.begin_again(self._start)
            self._durability.truncated(self._segments, self._end)
            if begins_again:
                # Only now is what it leaves out durably gone.
                snapshot = self._producers.snapshot(self._end)
                if snapshot is not None:
                    snapshot.sync()
            self.leader_epochs.truncate_from_end(self._end)
            self.cleaning.truncated(self._end)
        except DiskError as error:
            self.fence(str(error))
            raise

    def close(self) -> None:
        """Sync everything and finish the indexes; the log is not used afterwards."""
        if self._fenced is None:
            if self._end > self._segments[0].base_offset:
                self._producers.snapshot(self._end)
            self._segments.active.finish_time_index()
            self._durability.closed(self._segments.active)
            self.flush()
        self._fenced = "closed"

    def _check_writable(self) -> None:
        if self._fenced is not None:
            raise LogOffline(f"{self.directory.name} takes no records: {self._fenced}")

    def _write(
        self,
        data: Buffer,
        batches: list[tuple[int, BatchHeader]],
        now_ms: int,
        append_time_ms: int,
    ) -> Appended:
        first, last = batches[0][1], batches[-1][1]
        if len(data) > self.config.segment_bytes:
            raise BatchTooLarge(len(data), self.config.segment_bytes)
        if must_roll(self._segments.active, len(data), last, self.config, now_ms):
            self.roll()
        epoch = last.partition_leader_epoch
        if epoch > self.leader_epochs.latest:
            for _, header in batches:
                self.leader_epochs.assign(header.partition_leader_epoch, header.base_offset)
        active = self._segments.active
        try:
            active.append(data, batches, self.config.index_interval_bytes)
        except DiskError as error:
            if len(error.args) > 1:
                self.fence(str(error.args[0]))
            raise
        self._durability.wrote(active)
        self._end = last.next_offset
        had_txn_index = active.txn_index is not None
        try:
            self._producers.note(data, batches, active, now_ms)
        except DiskError as error:
            self.fence(str(error))
            raise
        if active.txn_index is not None and not had_txn_index:
            self._durability.created()
        return Appended(
            base_offset=first.base_offset,
            last_offset=last.last_offset,
            log_append_time_ms=append_time_ms,
            size=len(data),
        )
