"""Segment: one stretch of a log in a file of its own, with its indexes.

``<base offset, 20 digits>.log`` holds batches back to back as they came; ``.index`` and
``.timeindex`` help to find them, ``.txnindex`` names the aborted transactions. It knows positions
and headers, no policy.

Invariants:
    ``size`` is the end of the last whole batch; bytes behind it are none of ours.
    A failed append leaves ``size``, the indexes and the timestamps as they were, and cuts the
    file back.
Called by: log, recovery. Calls: files, format, the indexes.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from storage.errors import CorruptBatch, DiskError
from storage.files import Disk, File
from storage.format.batch import HEADER_SIZE, NO_TIMESTAMP, BatchHeader, parse_header
from storage.limits import HEADER_SCAN_BYTES
from storage.segments.offset_index import OffsetIndex
from storage.segments.time_index import TimeIndex
from storage.segments.txn_index import AbortedTransaction, TransactionIndex

BASE_DIGITS = 20
LOG_SUFFIX = ".log"
OFFSET_INDEX_SUFFIX = ".index"
TIME_INDEX_SUFFIX = ".timeindex"
TXN_INDEX_SUFFIX = ".txnindex"
SNAPSHOT_SUFFIX = ".snapshot"
CLEANED_SUFFIX = ".cleaned"
"""Behind the names of files that compaction writes, before they are whole."""

SWAP_SUFFIX = ".swap"
"""Behind the names of compacted files that are whole: from here on they count."""

DELETED_SUFFIX = ".deleted"
"""Behind the names of files that are to be removed once ``file.delete.delay.ms`` is over."""

INDEX_SUFFIXES = (OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)
FILE_SUFFIXES = (LOG_SUFFIX, *INDEX_SUFFIXES)
SUFFIXES = (*FILE_SUFFIXES, SNAPSHOT_SUFFIX)


def segment_path(directory: Path, base_offset: int, suffix: str) -> Path:
    """Return the path of one of a segment's files."""
    return directory / f"{base_offset:020d}{suffix}"


def remove_segment(disk: Disk, directory: Path, base_offset: int) -> None:
    """Remove the names of a segment's files, the log file last: it is what counts."""
    for suffix in reversed(SUFFIXES):
        disk.remove(segment_path(directory, base_offset, suffix))


def headers_of(file: File, position: int, end: int) -> Iterator[tuple[int, BatchHeader]]:
    """Yield position and header of each batch of a file, see ``Segment.headers``."""
    chunk = b""
    chunk_start = position
    while position < end:
        at = position - chunk_start
        if at + HEADER_SIZE > len(chunk):
            chunk = file.read(position, min(HEADER_SCAN_BYTES, end - position))
            chunk_start, at = position, 0
        header = parse_header(chunk, at)
        if position + header.size > end:
            raise CorruptBatch(f"a batch at {position} of {file.path} runs past {end}")
        yield position, header
        position += header.size


class Segment:
    """One segment of one log."""

    def __init__(
        self,
        disk: Disk,
        directory: Path,
        base_offset: int,
        *,
        create: bool,
        suffix: str = "",
    ) -> None:
        """Open a segment's files; indexes that are missing are made, empty.

        Args:
            disk: Where.
            directory: The log's.
            base_offset: Offset that its first record has, or will have.
            create: Make the log file too.
            suffix: Behind the files' usual names.
        """
        self._disk = disk
        self._directory = directory
        self._suffix = suffix
        self.base_offset = base_offset
        self.file: File = disk.open(self._path(LOG_SUFFIX), create=create)
        offsets = disk.open(self._path(OFFSET_INDEX_SUFFIX), create=True)
        self.offset_index = OffsetIndex(offsets, base_offset)
        times = disk.open(self._path(TIME_INDEX_SUFFIX), create=True)
        self.time_index = TimeIndex(times, base_offset)
        self._txn_path = self._path(TXN_INDEX_SUFFIX)
        self.txn_index: TransactionIndex | None = None
        """Only there once a transaction was aborted in this segment."""

        if disk.exists(self._txn_path):
            self.txn_index = TransactionIndex(disk.open(self._txn_path))
        self.size = self.file.size()
        self.first_timestamp_ms = NO_TIMESTAMP
        self.max_timestamp_ms = NO_TIMESTAMP
        self.offset_of_max_timestamp = base_offset
        self._bytes_since_index = 0

    @property
    def directory(self) -> Path:
        """Where the files are."""
        return self._directory

    def _path(self, kind: str) -> Path:
        return segment_path(self._directory, self.base_offset, kind + self._suffix)

    def clear(self) -> None:
        """Empty every file."""
        self.file.truncate(0)
        self.size = 0
        if self.txn_index is not None:
            self.txn_index.clear()
        self.reindex(0)

    def append(
        self,
        data: bytes | bytearray | memoryview,
        batches: list[tuple[int, BatchHeader]],
        index_interval_bytes: int,
    ) -> None:
        """Write batches at the end.

        Args:
            data: The batches, stamped.
            batches: Position within ``data`` and header of each, with the offsets it has now.
            index_interval_bytes: Bytes between two entries of the offset index.

        Raises:
            DiskError: It failed, and the segment is as before; unless the file could not be cut
                back either, which the second argument of the error says.
        """
        start = self.size
        entries = (self.offset_index.entry_count, self.time_index.entry_count)
        since = self._bytes_since_index
        first_ms, max_ms = self.first_timestamp_ms, self.max_timestamp_ms
        offset_of_max = self.offset_of_max_timestamp
        try:
            self.file.write(data, start)
            for position, header in batches:
                self.note(header, start + position, index_interval_bytes)
        except DiskError as error:
            self._bytes_since_index = since
            self.first_timestamp_ms, self.max_timestamp_ms = first_ms, max_ms
            self.offset_of_max_timestamp = offset_of_max
            self._cut_back(start, entries, error)
            raise
        self.size = start + len(data)

    def note(self, header: BatchHeader, position: int, index_interval_bytes: int) -> None:
        """Index a batch that lies at a position, and remember its timestamps."""
        timestamp_ms = header.max_timestamp_ms
        if self.first_timestamp_ms == NO_TIMESTAMP:
            self.first_timestamp_ms = timestamp_ms
        if timestamp_ms > self.max_timestamp_ms:
            self.max_timestamp_ms = timestamp_ms
            self.offset_of_max_timestamp = header.last_offset
        if self._bytes_since_index > index_interval_bytes:
            self.offset_index.append(header.last_offset, position)
            if self.max_timestamp_ms != NO_TIMESTAMP:
                self.time_index.append(self.max_timestamp_ms, self.offset_of_max_timestamp)
            self._bytes_since_index = 0
        self._bytes_since_index += header.size

    def finish_time_index(self) -> None:
        """Add the segment's largest timestamp, before it is closed."""
        if self.max_timestamp_ms != NO_TIMESTAMP:
            self.time_index.append(self.max_timestamp_ms, self.offset_of_max_timestamp)

    def append_aborted(self, aborted: AbortedTransaction) -> None:
        """Add an entry to the transaction index.

        Raises:
            DiskError: The disk failed.
        """
        if self.txn_index is None:
            self.txn_index = TransactionIndex(self._disk.open(self._txn_path, create=True))
        self.txn_index.append(aborted)

    def drop_empty_txn_index(self) -> None:
        """Remove a transaction index without entries."""
        if self.txn_index is not None and not self.txn_index.entry_count:
            self.txn_index = None
            self._disk.remove(self._txn_path)

    def headers(self, position: int, end: int | None = None) -> Iterator[tuple[int, BatchHeader]]:
        """Yield position and header of each batch from a batch's position on.

        Args:
            position: Of a batch.
            end: Where to stop, the segment's size if None.

        Raises:
            CorruptBatch: What lies there is no batch.
        """
        return headers_of(self.file, position, self.size if end is None else end)

    def find(self, offset: int) -> tuple[int, BatchHeader] | None:
        """Return position and header of the first batch that ends above an offset, or None."""
        for position, header in self.headers(self.offset_index.position_for_offset(offset)):
            if header.next_offset > offset:
                return position, header
        return None

    def boundary_before(self, limit: int, floor: int) -> tuple[int, int | None]:
        """Return the last batch boundary at or below a position limit.

        Args:
            limit: Not beyond it.
            floor: A boundary already known.

        Returns:
            The boundary, and the offset behind the last batch below it if one was walked over.
        """
        boundary = max(floor, self.offset_index.position_before(limit))
        next_offset = None
        for position, header in self.headers(boundary):
            if position + header.size > limit:
                if next_offset is None:
                    next_offset = header.base_offset
                break
            boundary = position + header.size
            next_offset = header.next_offset
        return boundary, next_offset

    def restore_timestamps(self) -> None:
        """Find first and largest timestamp of a segment whose time index is trusted."""
        for _, header in self.headers(0):
            self.first_timestamp_ms = header.max_timestamp_ms
            break
        last = self.time_index.last_entry()
        if last is not None:
            self.max_timestamp_ms, self.offset_of_max_timestamp = last
        start = self.offset_index.position_before(self.size)
        for _, header in self.headers(start):
            if header.max_timestamp_ms > self.max_timestamp_ms:
                self.max_timestamp_ms = header.max_timestamp_ms
                self.offset_of_max_timestamp = header.last_offset
        self._bytes_since_index = self.size - start

    def truncate(self, size: int, index_interval_bytes: int) -> None:
        """Cut the segment at a batch boundary and make its indexes fit."""
        self.file.truncate(size)
        self.size = size
        self.reindex(index_interval_bytes)

    def drop_tail(self, size: int) -> None:
        """Cut the segment at a batch boundary behind which nothing was indexed."""
        self.file.truncate(size)
        self.size = size

    def forget_indexes(self) -> None:
        """Empty both indexes; ``note`` fills them again, batch by batch."""
        self.offset_index.truncate(0)
        self.time_index.truncate(0)
        self.first_timestamp_ms = self.max_timestamp_ms = NO_TIMESTAMP
        self.offset_of_max_timestamp = self.base_offset
        self._bytes_since_index = 0

    def reindex(self, index_interval_bytes: int) -> None:
        """Build both indexes again from the batches."""
        self.forget_indexes()
        for position, header in self.headers(0):
            self.note(header, position, index_interval_bytes)

    def index_problem(self) -> str | None:
        """Return why the indexes do not fit the log file, or None."""
        offsets = self.offset_index.entries()
        if not _rise(offsets):
            return "offset index entries do not rise"
        if offsets and offsets[-1][1] >= self.size:
            return "offset index points beyond the log"
        if not _rise(self.time_index.entries()):
            return "time index entries do not rise"
        partial = self.offset_index.file.size() % 8 != 0 or self.time_index.file.size() % 12 != 0
        return "an index ends in half an entry" if partial else None

    def sync(self) -> None:
        """Return when everything that was written to the segment's files is on disk."""
        for file in (self.file, *self.index_files()):
            file.sync()

    def index_files(self) -> list[File]:
        """Return the files of all indexes that there are."""
        files = [self.offset_index.file, self.time_index.file]
        if self.txn_index is not None:
            files.append(self.txn_index.file)
        return files

    def remove(self) -> None:
        """Remove the files' names; whoever still reads keeps reading."""
        for kind in reversed(SUFFIXES):
            self._disk.remove(self._path(kind))

    def retire(self) -> list[Path]:
        """Rename the files, the log file last, and return their new names.

        They are to be removed later; whoever still reads keeps reading.
        """
        return self.rename(DELETED_SUFFIX, SUFFIXES)

    def rename(self, suffix: str, kinds: Sequence[str] = FILE_SUFFIXES) -> list[Path]:
        """Give the files another suffix behind their usual names, the log file last.

        Args:
            suffix: The new one.
            kinds: Of which files; a producer snapshot is not one of the segment's own.
        """
        renamed = []
        for kind in reversed(kinds):
            path = self._path(kind)
            if self._disk.exists(path):
                renamed.append(segment_path(self._directory, self.base_offset, kind + suffix))
                self._disk.rename(path, renamed[-1])
        self._suffix = suffix
        self._txn_path = self._path(TXN_INDEX_SUFFIX)
        self.file.path = self._path(LOG_SUFFIX)
        self.offset_index.file.path = self._path(OFFSET_INDEX_SUFFIX)
        self.time_index.file.path = self._path(TIME_INDEX_SUFFIX)
        if self.txn_index is not None:
            self.txn_index.file.path = self._txn_path
        return renamed

    def _cut_back(self, size: int, entries: tuple[int, int], error: DiskError) -> None:
        try:
            self.file.truncate(size)
            self.offset_index.truncate(entries[0])
            self.time_index.truncate(entries[1])
        except DiskError as second:
            raise DiskError(f"{error}; and then {second}", "not cut back") from error


def _rise(entries: list[tuple[int, int]]) -> bool:
    """Return whether both numbers grow from each entry to the next."""
    return all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(entries))
