"""Batch scan: reads a log file that may hold anything, batch by batch, in bounded memory.

Invariants:
    A batch that is returned is whole and its checksum is right.
    Of bytes that are no batch nothing is believed, a length least of all.
Called by: recovery, inspection. Calls: files, format.
"""

from collections.abc import Callable

from storage.errors import CorruptBatch
from storage.files import File
from storage.format.batch import (
    HEADER_SIZE,
    LOG_OVERHEAD,
    BatchHeader,
    checked_header,
    parse_header,
)
from storage.limits import SCAN_CHUNK_BYTES

_MAGIC_AT = LOG_OVERHEAD + 4
_MAGIC = b"\x02"


class BatchScan:
    """Reads checked batches of a file in large steps."""

    def __init__(
        self, file: File, size: int, on_loaded: Callable[[int], None] | None = None
    ) -> None:
        """Read a file.

        Args:
            file: Which.
            size: What lies behind is not looked at.
            on_loaded: Called with the number of bytes after each step.
        """
        self._file = file
        self._size = size
        self._on_loaded = on_loaded
        self._chunk = b""
        self._chunk_start = 0

    def header(self, position: int) -> BatchHeader:
        """Return the header of the batch at a position, its checksum checked.

        Raises:
            CorruptBatch: There is no good batch.
        """
        at = position - self._chunk_start
        if not 0 <= at <= len(self._chunk) - HEADER_SIZE:
            at = self._load(position, SCAN_CHUNK_BYTES)
        size = parse_header(self._chunk, at).size
        if at + size > len(self._chunk):
            if position + size > self._size:
                raise CorruptBatch(f"a batch of {size} bytes is cut off at the end of the file")
            at = self._load(position, max(size, SCAN_CHUNK_BYTES))
        return checked_header(self._chunk, at)

    def next_batch(self, position: int, limit: int | None = None) -> int | None:
        """Return where the first good batch at or behind a position begins, or None.

        Args:
            position: Where to begin, any byte.
            limit: Exclusive end of where a batch may begin; the file's end if None.
        """
        limit = self._size if limit is None else min(limit, self._size)
        while position < limit:
            chunk = self._file.read(position, min(SCAN_CHUNK_BYTES, self._size - position))
            begins = min(len(chunk) - HEADER_SIZE + 1, limit - position)
            magic = chunk.find(_MAGIC, _MAGIC_AT)
            while 0 <= magic < begins + _MAGIC_AT:
                if self._is_batch(chunk, magic - _MAGIC_AT, position):
                    return position + magic - _MAGIC_AT
                magic = chunk.find(_MAGIC, magic + 1)
            if begins <= 0:
                return None
            position += begins
        return None

    def _is_batch(self, chunk: bytes, at: int, chunk_start: int) -> bool:
        try:
            size = parse_header(chunk, at).size
            if chunk_start + at + size > self._size:
                return False
            if at + size > len(chunk):
                chunk, at = self._file.read(chunk_start + at, size), 0
            checked_header(chunk, at)
        except CorruptBatch:
            return False
        return True

    def _load(self, position: int, size: int) -> int:
        self._chunk = self._file.read(position, min(size, self._size - position))
        self._chunk_start = position
        if self._on_loaded is not None:
            self._on_loaded(len(self._chunk))
        return 0
