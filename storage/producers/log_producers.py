"""LogProducers: the producer state of one log, kept in step with its segments.

The state is found again from the last snapshot that reads and the batches behind it: when a log is
opened and when it was truncated. Snapshots behind the log's end speak of records that are gone;
they are removed, and the directory is synced before anything else is appended, or a later start
would believe them.

Invariants:
    The state is that of all batches below the log's end, in their order; or, where a log begins
    again and the power goes, of none. It is never that of the first of them only.
    A transaction index has an entry for each abort marker in its segment.
    Each segment but the first of all has a snapshot at its base, durable before the high watermark
    gets there, and so before the segments below may be removed.
Called by: log, recovery. Calls: segment, producer_state, producer_snapshots.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from storage.files import Disk, File
from storage.format.batch import NO_PRODUCER_ID, BatchHeader, Buffer
from storage.format.control import read_end_marker
from storage.producers.producer_snapshots import (
    read_latest_snapshot,
    remove_snapshots,
    snapshot_offsets,
    write_snapshot,
)
from storage.producers.producer_state import ProducedBatch, ProducerState
from storage.segments.segment import Segment
from storage.segments.txn_index import AbortedTransaction


class LogProducers:
    """The producers of one log."""

    def __init__(self, disk: Disk, directory: Path, expiration_ms: int) -> None:
        """Know nobody.

        Args:
            disk: Where.
            directory: The log's.
            expiration_ms: How long a producer that is silent is remembered.
        """
        self._disk = disk
        self._directory = directory
        self.state = ProducerState(expiration_ms)
        self._now_ms = 0

    def load(
        self,
        segments: Sequence[Segment],
        end_offset: int,
        *,
        rebuild_from: int | None = None,
        now_ms: int | None = None,
        produced: Mapping[int, Sequence[tuple[int, BatchHeader]]] | None = None,
    ) -> bool:
        """Make the state what the log says.

        Args:
            segments: The log's.
            end_offset: The log's end.
            rebuild_from: Transaction indexes of segments that begin here or above are empty; they
                get the entries that their markers say. None if all are whole.
            now_ms: The node's wall clock; that of the last append if None.
            produced: By a segment's base offset, position and header of each of its batches that
                has a producer, where that is known already; the others are read.

        Returns:
            Whether the directory has to be synced before the next append.

        Raises:
            CorruptBatch: A marker in the log does not read.
            DiskError: The disk failed.
        """
        self._now_ms = self._now_ms if now_ms is None else now_ms
        rebuild_from = end_offset + 1 if rebuild_from is None else rebuild_from
        disk, directory = self._disk, self._directory
        beyond = [one for one in snapshot_offsets(disk, directory) if one > end_offset]
        remove_snapshots(disk, directory, beyond)
        found = read_latest_snapshot(disk, directory, min(end_offset, rebuild_from))
        start, producers = found if found is not None else (segments[0].base_offset, {})
        if start < segments[0].base_offset:
            # The batches in between are gone: an old state would refuse what comes after them.
            start, producers = segments[0].base_offset, {}
        self.state.load(producers.items())
        there = set(snapshot_offsets(disk, directory))
        is_changed = bool(beyond)
        for number, segment in enumerate(segments):
            base = segment.base_offset
            if start < base and (base >= rebuild_from or base not in there):
                self._write_durably(base)
                is_changed = True
            is_last = number + 1 == len(segments)
            if start < (end_offset if is_last else segments[number + 1].base_offset):
                known = (produced or {}).get(segment.base_offset)
                if known is None:
                    position = segment.offset_index.position_for_offset(start)
                    self._load_segment(segment, segment.headers(position), start, rebuild_from)
                else:
                    self._load_segment(segment, known, start, rebuild_from)
        return is_changed

    def _write_durably(self, base_offset: int) -> None:
        """Write the snapshot at a segment's base again, which a power cut may have taken.

        Once the segments below are gone nothing else knows their producers.

        Raises:
            DiskError: It was not synced.
        """
        snapshot = self.snapshot(base_offset)
        if snapshot is not None:
            snapshot.sync()

    def _load_segment(
        self,
        segment: Segment,
        headers: Iterable[tuple[int, BatchHeader]],
        start: int,
        rebuild_from: int,
    ) -> None:
        for at, header in headers:
            if header.producer_id == NO_PRODUCER_ID or header.base_offset < start:
                continue
            batch = segment.file.read(at, header.size) if header.is_control else b""
            aborted = self.state.note(header, batch, 0, self._now_ms)
            if aborted is not None and segment.base_offset >= rebuild_from:
                segment.append_aborted(aborted)

    def check(self, batch: Buffer, header: BatchHeader) -> ProducedBatch | None:
        """Decide whether a batch may be appended; return where it is if it was before.

        Raises:
            LogError: It may not.
        """
        if header.producer_id == NO_PRODUCER_ID:
            return None
        if not header.is_control:
            return self.state.check(header)
        marker = read_end_marker(batch)
        if marker is not None:
            self.state.check_marker(header, marker)
        return None

    def note(
        self,
        batches: Buffer,
        found: Sequence[tuple[int, BatchHeader]],
        segment: Segment,
        now_ms: int,
    ) -> None:
        """Take note of batches that were appended to a segment.

        Raises:
            DiskError: The transaction index was not written: only a restart builds it again.
        """
        self._now_ms = now_ms
        for position, header in found:
            if header.producer_id != NO_PRODUCER_ID:
                aborted = self.state.note(header, batches, position, now_ms)
                if aborted is not None:
                    segment.append_aborted(aborted)

    def snapshot(self, offset: int) -> File | None:
        """Write a snapshot of the state as it is before the record at an offset.

        Returns:
            What is to be synced before the batches below may go; None if the disk refused it.
        """
        return write_snapshot(self._disk, self._directory, offset, self.state.producers)

    def remove_strays(self, segments: Sequence[Segment], end_offset: int) -> None:
        """Remove the snapshots that neither a segment nor the log's end needs."""
        needed = {segment.base_offset for segment in segments} | {end_offset}
        stray = [one for one in snapshot_offsets(self._disk, self._directory) if one not in needed]
        remove_snapshots(self._disk, self._directory, stray)


def aborted_transactions(
    segments: Sequence[tuple[Segment, int]], start_offset: int, end_offset: int
) -> list[AbortedTransaction]:
    """Return the aborted transactions that overlap a range of offsets, in their markers' order.

    Args:
        segments: Each with the offset at which it ends, oldest first.
        start_offset: First offset of the range.
        end_offset: Exclusive end of the range.
    """
    found: list[AbortedTransaction] = []
    for segment, segment_end in segments:
        if segment.txn_index is None or segment_end <= start_offset:
            continue
        overlapping, is_all = segment.txn_index.overlapping(start_offset, end_offset)
        found += overlapping
        if is_all:
            break
    return found
