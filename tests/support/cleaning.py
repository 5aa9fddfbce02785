"""Compacts a log the way a node does, and reads it the way a client of committed records does."""

from storage.cleanup.cleaner import CleanedSegment, Cleaner, CleaningFigures
from storage.files import Disk
from storage.format.batch import BatchHeader, checked_header
from storage.format.control import ControlType, read_end_marker
from storage.format.decoder import decode_records
from storage.format.record import Record
from storage.log import Log

UNHURRIED = 1 << 40
"""Memory for every key."""


def checkpoint(log: Log) -> None:
    """Make everything durable, replicated and checkpointed."""
    log.flush()
    log.advance_high_watermark(log.durable_end_offset)
    log.cleaning.recovery_point = log.durable_end_offset


def clean(
    log: Log, now_ms: int, *, disk: Disk | None = None, map_bytes_max: int = UNHURRIED
) -> CleaningFigures | None:
    """Compact all that may be compacted now; return None if that is nothing."""
    disk = disk if disk is not None else Disk()
    plan = log.plan_cleaning(now_ms)
    if plan is None:
        return None
    cleaner = Cleaner(disk, plan, map_bytes_max=map_bytes_max, pace=lambda _: None)
    cleaner.fill_map()
    while (cleaned := cleaner.clean_next()) is not None:
        take(log, disk, cleaned)
    log.cleaning.finish(plan, cleaner.first_dirty_offset)
    cleaner.close()
    return cleaner.figures


def take(log: Log, disk: Disk, cleaned: CleanedSegment) -> None:
    """Take a cleaned segment over, remove the old files at once."""
    plan = log.cleaning._plan
    assert plan is not None
    retired = log.take_cleaned(plan, cleaned)
    assert retired is not None
    disk.sync_directory(log.directory)
    for path in retired:
        disk.remove(path)


def batches(log: Log) -> list[tuple[BatchHeader, bytes]]:
    """Return every batch of a log, checked, and that segments end where the next begins."""
    found = []
    for number, segment in enumerate(log.segments):
        end = segment.base_offset
        for position, _ in segment.headers(0):
            data = segment.file.read(position, segment.size - position)
            header = checked_header(data)
            assert header.base_offset >= end
            end = header.next_offset
            found.append((header, data[: header.size]))
        following = log.segments[number + 1 : number + 2]
        assert end == (following[0].base_offset if following else log.log_end_offset)
    return found


def records(log: Log) -> list[Record]:
    """Return every record that is not a marker."""
    found = []
    for header, batch in batches(log):
        if not header.is_control:
            found += decode_records(batch)
    return found


def committed(log: Log) -> list[Record]:
    """Return what a consumer of committed records sees, from the log's start to its end.

    It does as Kafka's clients do: it takes the aborted transactions that the server names, and
    leaves their producers' records out between their first offset and their marker.
    """
    start, end = log.log_start_offset, log.last_stable_offset(log.log_end_offset)
    coming = sorted(log.aborted_transactions(start, end), key=lambda one: one.first_offset)
    aborted: set[int] = set()
    found = []
    for header, batch in batches(log):
        if header.base_offset >= end:
            break
        while coming and coming[0].first_offset <= header.last_offset:
            aborted.add(coming.pop(0).producer_id)
        if header.is_control:
            marker = read_end_marker(batch)
            if marker is not None and marker.type is ControlType.ABORT:
                aborted.discard(header.producer_id)
        elif not (header.is_transactional and header.producer_id in aborted):
            found += [one for one in decode_records(batch) if start <= one.offset < end]
    return found


def last_of_each_key(found: list[Record]) -> dict[bytes, Record]:
    """Return the last record of each key, without those that are deleted."""
    last = {one.key: one for one in found if one.key is not None}
    return {key: one for key, one in last.items() if one.value is not None}
