"""Compaction: which logs are worth a run, and how far it may go. Pure, from facts of segments.

A log has a clean head, compacted before, and a dirty tail. What may be compacted ends below the
high watermark, the last stable offset and the checkpointed recovery point, and before the first
dirty segment that is younger than ``min.compaction.lag.ms``.

Called by: log_cleaning, replication.cleaning.
Source: Kafka's ``LogCleanerManager`` and ``LogToClean``; KIP-58 (min lag), KIP-354 (max lag).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.config import LogConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """What the choice of work wants to know of a closed segment."""

    end_offset: int
    size: int
    first_timestamp_ms: int
    """The first batch's, or when the file was written if it has none."""

    max_timestamp_ms: int
    """The largest, or when the file was written if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirt:
    """How much of a log waits for compaction."""

    clean_bytes: int
    dirty_bytes: int
    """That may be compacted now."""

    is_overdue: bool
    """Whether ``max.compaction.lag.ms`` is over for some of it."""

    segment_count: int
    """How many segments, from the oldest on, a run would go over."""

    @property
    def ratio(self) -> float:
        """The dirty share of what may be compacted."""
        total = self.clean_bytes + self.dirty_bytes
        return self.dirty_bytes / total if total else 0.0

    def is_due(self, config: LogConfig) -> bool:
        """Return whether a run is worth it."""
        if not self.dirty_bytes:
            return False
        return self.is_overdue or self.ratio > config.min_cleanable_dirty_ratio


def measure_dirt(
    segments: Sequence[SegmentFacts],
    config: LogConfig,
    *,
    first_dirty_offset: int,
    end_offset: int,
    now_ms: int,
) -> Dirt:
    """Return how much of a log waits for compaction.

    Args:
        segments: The closed ones, oldest first.
        config: The topic's.
        first_dirty_offset: Where the last run ended.
        end_offset: Nothing that ends above it may be compacted.
        now_ms: The node's wall clock.
    """
    clean = dirty = count = 0
    is_overdue = False
    lag_ms = max(config.max_compaction_lag_ms, config.min_compaction_lag_ms)
    for segment in segments:
        if segment.end_offset > end_offset:
            break
        is_dirty = segment.end_offset > first_dirty_offset
        min_lag_ms = config.min_compaction_lag_ms
        if is_dirty and min_lag_ms and now_ms - segment.max_timestamp_ms < min_lag_ms:
            break
        count += 1
        if is_dirty:
            dirty += segment.size
            is_overdue = is_overdue or now_ms - segment.first_timestamp_ms > lag_ms
        else:
            clean += segment.size
    return Dirt(clean_bytes=clean, dirty_bytes=dirty, is_overdue=is_overdue, segment_count=count)
