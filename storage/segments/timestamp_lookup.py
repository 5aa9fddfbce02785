"""Find records by their timestamps, in the segments of one log.

The time index leads near the place, batch headers to the batch, its records to the record.
Timestamps need not rise with offsets: the answer is the first record by offset whose timestamp is
at or after the one asked for, as Kafka's ListOffsets gives it.

Called by: log. Calls: segment, format.
Source: Kafka's ``UnifiedLog.fetchOffsetByTimestamp``; KIP-79, KIP-734.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.errors import CorruptBatch, DiskError
from storage.format.batch import NO_TIMESTAMP, BatchHeader
from storage.format.decoder import decode_records
from storage.segments.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAndOffset:
    """A record found by its timestamp."""

    timestamp_ms: int
    offset: int


def first_at_or_after(
    segments: Sequence[Segment], timestamp_ms: int, start_offset: int, end_offset: int
) -> TimestampAndOffset | None:
    """Return the first record at or after a timestamp, or None.

    Args:
        segments: The log's, oldest first.
        timestamp_ms: Milliseconds since the epoch.
        start_offset: Nothing below it.
        end_offset: Nothing at or above it.

    Raises:
        DiskError: The bytes read are damaged.
    """
    for segment in segments:
        if segment.max_timestamp_ms < timestamp_ms or segment.base_offset >= end_offset:
            continue
        start = segment.time_index.offset_before(timestamp_ms)
        position = segment.offset_index.position_for_offset(start)
        for at, header in segment.headers(position):
            if header.base_offset >= end_offset:
                return None
            if header.max_timestamp_ms >= timestamp_ms and header.next_offset > start_offset:
                found = _first_in_batch(segment, at, header, timestamp_ms, start_offset, end_offset)
                if found is not None:
                    return found
    return None


def largest(
    segments: Sequence[Segment], start_offset: int, end_offset: int
) -> TimestampAndOffset | None:
    """Return the first record that has the largest timestamp, or None without records.

    Args:
        segments: The log's, oldest first.
        start_offset: Nothing below it.
        end_offset: Nothing at or above it.
    """
    timestamp_ms = NO_TIMESTAMP
    for segment in segments:
        if segment.max_timestamp_ms <= timestamp_ms or segment.base_offset >= end_offset:
            continue
        if segment.base_offset >= start_offset and segment.offset_of_max_timestamp < end_offset:
            timestamp_ms = segment.max_timestamp_ms
            continue
        for position, header in segment.headers(0):
            if header.base_offset >= end_offset:
                break
            if header.next_offset <= start_offset or header.max_timestamp_ms <= timestamp_ms:
                continue
            whole = header.base_offset >= start_offset and header.next_offset <= end_offset
            if whole:
                timestamp_ms = header.max_timestamp_ms
                continue
            for found_ms, offset in _timestamps(segment, position, header):
                if start_offset <= offset < end_offset:
                    timestamp_ms = max(timestamp_ms, found_ms)
    if timestamp_ms == NO_TIMESTAMP:
        return None
    return first_at_or_after(segments, timestamp_ms, start_offset, end_offset)


def _first_in_batch(
    segment: Segment,
    position: int,
    header: BatchHeader,
    timestamp_ms: int,
    start_offset: int,
    end_offset: int,
) -> TimestampAndOffset | None:
    for found_ms, offset in _timestamps(segment, position, header):
        if found_ms >= timestamp_ms and start_offset <= offset < end_offset:
            return TimestampAndOffset(timestamp_ms=found_ms, offset=offset)
    return None


def _timestamps(segment: Segment, position: int, header: BatchHeader) -> list[tuple[int, int]]:
    """Return timestamp and offset of a batch's records."""
    try:
        records = decode_records(segment.file.read(position, header.size))
    except CorruptBatch as error:
        raise DiskError(f"{segment.file.path} at {position}: {error}") from error
    return [(record.timestamp_ms, record.offset) for record in records]
