"""Durability: how much of a log is known to be on disk, and what to sync for the rest.

A flush is taken on the thread that owns the log, run on any other, and completed on the first
again, while appends go on. One flush at a time.

States: clean -> dirty (an append, a new file) -> syncing (``begin``) -> clean or dirty
(``complete``). A truncation syncs everything by itself and makes a flush that is under way void:
it had been taken for records that are gone.

Invariants:
    ``end_offset`` moves only when every byte and every file name below it was synced, the
    older segments before the newer ones, the directory last.
    It never lies beyond the end of the log, and moves back only by a truncation.
Crash between two syncs: the log ends somewhere above ``end_offset``; recovery cuts it there.
Called by: log. Calls: segment, files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.files import Disk, File
from storage.segments.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """What has to be synced for everything below an offset to be durable."""

    end_offset: int
    segment: Segment
    position: int
    files: tuple[File, ...]
    disk: Disk
    directory: Path | None
    """Synced last, when files were created; None when there were none."""

    truncations: int

    def run(self) -> None:
        """Sync; may run on another thread while the log goes on appending.

        Raises:
            DiskError: Nothing is known of what is on disk; the log must be fenced.
        """
        for file in self.files:
            file.sync()
        if self.directory is not None:
            self.disk.sync_directory(self.directory)


class Durability:
    """The durable end of one log."""

    def __init__(self, disk: Disk, directory: Path, active: Segment, end_offset: int) -> None:
        """Begin with everything durable.

        Args:
            disk: Where.
            directory: The log's.
            active: The last segment.
            end_offset: Behind the last record.
        """
        self._disk = disk
        self._directory = directory
        self.end_offset = end_offset
        """Exclusive end of what is known to be on disk."""

        self.segment = active
        """The segment in which the durable end lies."""

        self.position = active.size
        """Where in that segment, in bytes."""

        self._dirty: list[Segment] = []
        self._closed: list[Segment] = []
        self._snapshots: list[File] = []
        self._names_dirty = False
        self._truncations = 0

    def wrote(self, segment: Segment) -> None:
        """Take note of an append to the active segment."""
        if not self._dirty or self._dirty[-1] is not segment:
            self._dirty.append(segment)

    def created(self) -> None:
        """Take note of new file names."""
        self._names_dirty = True

    def closed(self, segment: Segment, snapshot: File | None = None) -> None:
        """Take note of a segment that gets no more records: its indexes are to be synced too.

        After a crash the indexes of a segment that ends below the recovery point are trusted.

        Args:
            segment: Which.
            snapshot: Of the producers at its end, synced with it.
        """
        self._closed.append(segment)
        if snapshot is not None:
            self._snapshots.append(snapshot)

    def needs(self, segment: Segment) -> bool:
        """Return whether a segment has a part in what is not durable yet."""
        return segment is self.segment or segment in self._dirty or segment in self._closed

    def begin(self, active: Segment, end_offset: int) -> Flush | None:
        """Return what to sync for all that was appended so far; None if nothing was."""
        if not self._dirty and not self._closed:
            return None
        files: list[File] = [segment.file for segment in self._dirty]
        for segment in self._closed:
            files += segment.index_files()
        files += self._snapshots
        flush = Flush(
            end_offset=end_offset,
            segment=active,
            position=active.size,
            files=tuple(files),
            disk=self._disk,
            directory=self._directory if self._names_dirty else None,
            truncations=self._truncations,
        )
        self._forget()
        return flush

    def complete(self, flush: Flush) -> None:
        """Take note that a flush has run without an error."""
        if flush.truncations == self._truncations:
            self.end_offset = flush.end_offset
            self.segment = flush.segment
            self.position = flush.position

    def truncated(self, segments: Sequence[Segment], end_offset: int) -> None:
        """Sync what a truncation has left; everything is durable then.

        Args:
            segments: All that are left, the active one last.
            end_offset: Behind the last record now.

        Raises:
            DiskError: The log must be fenced.
        """
        self._truncations += 1
        for segment in segments:
            if segment.base_offset >= self.segment.base_offset or segment is segments[-1]:
                segment.sync()
        self._disk.sync_directory(self._directory)
        self._forget()
        self.end_offset = end_offset
        self.segment = segments[-1]
        self.position = segments[-1].size

    def _forget(self) -> None:
        """What was to be synced is, or will be by the flush that took it."""
        self._dirty = []
        self._closed = []
        self._snapshots = []
        self._names_dirty = False
