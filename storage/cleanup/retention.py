"""Retention: which of a log's oldest segments may go, by age and by size.

Pure: it looks at what segments are, and answers with an offset below which nothing is needed. The
log start moves there; the files go once that is checkpointed.

Invariants:
    Nothing at or above the high watermark is ever called dead.
    A segment is dead only if every older one is.
    A record's time counts only as far as the node's own clock goes: a segment from the future is
    as old as its file. And the clock counts only as far as it can have come since it was last
    looked at, so a clock that jumps deletes nothing (reliability notes, T27).
Called by: log, log_manager.
Source: Kafka's ``UnifiedLog.deleteOldSegments``; KIP-32.
"""

import logging
from collections.abc import Sequence

from storage.config import UNLIMITED, LogConfig
from storage.format.batch import NO_TIMESTAMP
from storage.segments.log_segments import SegmentAge

_logger = logging.getLogger(__name__)

CLOCK_JUMP_MS_MAX = 3600 * 1000
"""How far the wall clock may run ahead of the monotonic one before it is doubted."""

CLOCK_DOUBT_MS = 24 * 3600 * 1000
"""How long it is doubted: set right by a person or NTP, it will still say the same then."""


def retained_from(
    segments: Sequence[SegmentAge], config: LogConfig, now_ms: int, high_watermark: int
) -> int | None:
    """Return the offset below which nothing has to be kept, or None if everything has.

    Args:
        segments: Of one log, oldest first.
        config: The topic's.
        now_ms: The clock, see ``TrustedClock``.
        high_watermark: Nothing at or above it may go.
    """
    if not config.deletes:
        return None
    kept_bytes = sum(segment.size for segment in segments)
    found = None
    for segment in segments:
        too_many = (
            config.retention_bytes != UNLIMITED
            and kept_bytes - segment.size >= config.retention_bytes
        )
        is_old = (
            config.retention_ms != UNLIMITED
            and now_ms - _time_of(segment, now_ms) > config.retention_ms
        )
        if segment.end_offset > high_watermark or not (too_many or is_old) or not segment.size:
            break
        found = segment.end_offset
        kept_bytes -= segment.size
    return found


def _time_of(segment: SegmentAge, now_ms: int) -> int:
    if segment.max_timestamp_ms == NO_TIMESTAMP or segment.max_timestamp_ms > now_ms:
        return segment.modified_ms
    return segment.max_timestamp_ms


class TrustedClock:
    """A wall clock that does not jump ahead."""

    def __init__(self, wall_ms: int, monotonic_ms: int) -> None:
        """Believe the wall clock as it is now."""
        self._trusted_ms = wall_ms
        self._monotonic_ms = monotonic_ms
        self._doubted_since_ms: int | None = None

    def now_ms(self, wall_ms: int, monotonic_ms: int) -> int:
        """Return what time it is, as far as that can be.

        Args:
            wall_ms: The wall clock.
            monotonic_ms: The monotonic clock.
        """
        possible_ms = self._trusted_ms + monotonic_ms - self._monotonic_ms
        self._monotonic_ms = monotonic_ms
        if wall_ms <= possible_ms + CLOCK_JUMP_MS_MAX:
            self._doubted_since_ms = None
            self._trusted_ms = wall_ms
        elif self._doubted_since_ms is None:
            self._doubted_since_ms = monotonic_ms
            self._trusted_ms = possible_ms
            _logger.warning(
                "the clock jumped ahead by %d s: retention does not follow it for a day",
                (wall_ms - possible_ms) // 1000,
            )
        elif monotonic_ms - self._doubted_since_ms >= CLOCK_DOUBT_MS:
            self._doubted_since_ms = None
            self._trusted_ms = wall_ms
        else:
            self._trusted_ms = possible_ms
        return self._trusted_ms
