"""LogCleaning: what one log knows of its own compaction; owned by the thread that owns the log.

States: idle -> a run is planned -> its segments are taken over, one by one -> finished: idle.
A truncation, another policy or the end of the log makes a plan void: what it still brings is
refused. A segment whose sources retention has removed meanwhile is refused by itself.

Invariants:
    ``first_dirty_offset`` never lies above what some finished run has mapped: what is called
    clean was gone over with all of its keys known. It is written to disk before a recovery point
    above it, and read as no more than the recovery point, so that records that come where others
    were truncated are dirty.
    A plan holds closed segments only that end below the checkpointed recovery point: a restart
    believes them as they are.
Called by: log, log_manager. Calls: compaction, cleaner, swap.
Source: Kafka's ``LogCleanerManager``.
"""

from dataclasses import dataclass
from pathlib import Path

from storage.cleanup.cleaner import CleanedSegment, CleaningPlan
from storage.cleanup.compaction import Dirt, SegmentFacts, measure_dirt
from storage.cleanup.swap import swap_in
from storage.config import LogConfig
from storage.format.batch import NO_TIMESTAMP
from storage.producers.producer_state import Producer, ProducerState
from storage.segments.log_segments import LogSegments
from storage.segments.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMarks:
    """What of a log bounds its compaction."""

    log_start_offset: int
    log_end_offset: int
    last_stable_offset: int
    """Below the high watermark, too."""


class LogCleaning:
    """The compaction of one log."""

    def __init__(self) -> None:
        """Begin with a log that was never compacted."""
        self.first_dirty_offset = 0
        """Where the next run's map begins."""

        self.recovery_point = 0
        """As it was last checkpointed."""

        self._plan: CleaningPlan | None = None

    def dirt(self, segments: LogSegments, config: LogConfig, marks: LogMarks, now_ms: int) -> Dirt:
        """Return how much waits for compaction.

        Args:
            segments: The log's.
            config: The topic's.
            marks: The log's.
            now_ms: The node's wall clock.
        """
        ends = [(one, segments.end_of(one, marks.log_end_offset)) for one in segments.closed]
        return measure_dirt(
            [_facts(segment, end) for segment, end in ends],
            config,
            first_dirty_offset=max(self.first_dirty_offset, marks.log_start_offset),
            end_offset=min(marks.last_stable_offset, self.recovery_point - 1),
            now_ms=now_ms,
        )

    def plan(
        self,
        segments: LogSegments,
        config: LogConfig,
        marks: LogMarks,
        producers: ProducerState,
        now_ms: int,
    ) -> CleaningPlan | None:
        """Begin a run over all that may be compacted now; None if nothing is dirty.

        Args:
            segments: The log's.
            config: The topic's.
            marks: The log's.
            producers: As of the log's end.
            now_ms: The node's wall clock.
        """
        dirt = self.dirt(segments, config, marks, now_ms)
        if not dirt.dirty_bytes:
            return None
        known: dict[int, Producer] = dict(producers.producers)
        self._plan = CleaningPlan(
            segments=tuple((one, segments.end_of(one, marks.log_end_offset)) for one in segments),
            count=dirt.segment_count,
            first_dirty_offset=max(self.first_dirty_offset, marks.log_start_offset),
            config=config,
            producers=known,
            now_ms=now_ms,
        )
        return self._plan

    def is_current(self, plan: CleaningPlan) -> bool:
        """Return whether a run may go on; safe to ask from its thread."""
        return self._plan is plan

    def take(
        self, segments: LogSegments, plan: CleaningPlan, cleaned: CleanedSegment
    ) -> list[Path] | None:
        """Put a cleaned segment in the place of its sources.

        Returns:
            The new names of the old files, to be removed once the directory is synced and
            ``file.delete.delay.ms`` is over. None if it is refused: its files are gone.

        Raises:
            DiskError: The disk failed; only a restart can say which names there are.
        """
        number = self._place(segments, cleaned) if self.is_current(plan) else None
        if number is None:
            cleaned.segment.remove()
            return None
        retired = swap_in(cleaned.segment, cleaned.sources)
        segments.replace(number, len(cleaned.sources), [cleaned.segment])
        return retired

    def finish(self, plan: CleaningPlan, first_dirty_offset: int) -> None:
        """Take note that a run is through.

        Args:
            plan: The run's.
            first_dirty_offset: Where the next one's map begins.
        """
        if self.is_current(plan):
            self.first_dirty_offset = first_dirty_offset
            self._plan = None

    def cancel(self) -> None:
        """Make the run that is under way void."""
        self._plan = None

    def truncated(self, end_offset: int) -> None:
        """Take note of a truncation."""
        self.cancel()
        self.first_dirty_offset = min(self.first_dirty_offset, end_offset)
        self.recovery_point = min(self.recovery_point, end_offset)

    def configured(self, config: LogConfig) -> None:
        """Take note of other configs."""
        if not config.is_compacted:
            self.cancel()

    def _place(self, segments: LogSegments, cleaned: CleanedSegment) -> int | None:
        """Return the number of the first source, if all are still there."""
        for number, segment in enumerate(segments):
            if segment is cleaned.sources[0]:
                found = tuple(segments[number : number + len(cleaned.sources)])
                return number if found == cleaned.sources else None
        return None


def _facts(segment: Segment, end_offset: int) -> SegmentFacts:
    first_ms, max_ms = segment.first_timestamp_ms, segment.max_timestamp_ms
    if NO_TIMESTAMP in (first_ms, max_ms):
        modified_ms = segment.file.modified_ms()
        first_ms = modified_ms if first_ms == NO_TIMESTAMP else first_ms
        max_ms = modified_ms if max_ms == NO_TIMESTAMP else max_ms
    return SegmentFacts(
        end_offset=end_offset,
        size=segment.size,
        first_timestamp_ms=first_ms,
        max_timestamp_ms=max_ms,
    )
