"""Appending: what a log makes of batches before it writes them. No files.

Called by: log. Calls: format.
"""

from typing import NamedTuple

from storage.config import LogConfig
from storage.errors import InvalidBatch
from storage.format.batch import (
    NO_TIMESTAMP,
    BatchHeader,
    MutableBuffer,
    checked_header,
    stamp,
    stamp_log_append_time,
)
from storage.limits import RELATIVE_OFFSET_MAX
from storage.segments.segment import Segment


class Appended(NamedTuple):
    """Where batches landed; both offsets inclusive. A tuple: made once per append."""

    base_offset: int
    last_offset: int
    log_append_time_ms: int
    """The timestamp that all records got, or -1 where they keep their own."""

    size: int
    is_duplicate: bool = False
    """The batch was there already: it is a producer's retry."""


def stamped(
    batches: MutableBuffer,
    found: list[tuple[int, BatchHeader]],
    offset: int,
    leader_epoch: int,
    append_time_ms: int,
) -> list[tuple[int, BatchHeader]]:
    """Give a leader's batches their offsets, epoch and, where the topic says so, timestamps.

    Args:
        batches: Stamped in place.
        found: Position and header of each.
        offset: The first record's.
        leader_epoch: The current reign.
        append_time_ms: All records' timestamp, or -1 where they keep their own.

    Returns:
        Position and header of each as it is now.
    """
    done = []
    for position, header in found:
        stamp(batches, position, offset, leader_epoch)
        changed = header.placed(offset, leader_epoch)
        if append_time_ms >= 0:
            stamp_log_append_time(batches, position, append_time_ms)
            changed = changed._replace(max_timestamp_ms=append_time_ms)
        done.append((position, changed))
        offset = changed.next_offset
    return done


def continuation(batches: bytes, offset: int) -> list[tuple[int, BatchHeader]]:
    """Return position and header of each of a leader's batches, for its follower.

    Args:
        batches: As the leader sent them.
        offset: The follower's end; there may be gaps, where the leader has compacted.

    Raises:
        CorruptBatch: Damaged.
        InvalidBatch: Not the continuation of this log.
    """
    found = []
    position = 0
    while position < len(batches):
        header = checked_header(batches, position)
        if header.base_offset < offset:
            raise InvalidBatch(f"offset {header.base_offset} where {offset} is next")
        found.append((position, header))
        position += header.size
        offset = header.next_offset
    if not found:
        raise InvalidBatch("there is no batch to append")
    return found


def must_roll(
    active: Segment, size: int, last: BatchHeader, config: LogConfig, now_ms: int
) -> bool:
    """Return whether batches go to a new segment.

    Args:
        active: The one that takes appends.
        size: Of the batches.
        last: The last one's header.
        config: The topic's.
        now_ms: The node's wall clock.
    """
    if active.size == 0:
        return False
    if active.size + size > config.segment_bytes:
        return True
    if last.last_offset - active.base_offset > RELATIVE_OFFSET_MAX:
        return True
    first_ms = active.first_timestamp_ms
    newest_ms = last.max_timestamp_ms if first_ms != NO_TIMESTAMP else now_ms
    return first_ms != NO_TIMESTAMP and newest_ms - first_ms > config.segment_ms_max
