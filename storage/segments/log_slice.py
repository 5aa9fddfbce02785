"""LogSlice: whole batches of one segment, where they lie, not yet read.

A slice is a promise that outlives the lock-free moment in which it was found: the file stays
open as long as the slice lives, even when its segment is removed meanwhile, and what lies below
the durable end of a log is never changed. So it may be read on another thread, or handed to the
kernel (``sendfile``) without being read at all.

Called by: log (makes them), the doors (read them). Calls: files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from storage.errors import DiskError
from storage.files import File


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSlice:
    """Whole batches in one segment's file, readable as long as this object lives."""

    file: File
    position: int
    size: int
    start_offset: int
    """Offset of the first record; may be below the one asked for."""

    next_offset: int
    """Where to go on reading."""

    def read(self) -> bytes:
        """Return the bytes; may wait for the disk.

        Raises:
            DiskError: They are not there any more.
        """
        data = self.file.read(self.position, self.size)
        if len(data) != self.size:
            raise DiskError(f"{self.file.path} ends in the middle of what it held before")
        return data

    def read_if_cached(self) -> bytearray | None:
        """Return the bytes if they are in the page cache, else None at once."""
        return self.file.read_if_cached(self.position, self.size)

    def is_cached(self, size: int) -> bool:
        """Return whether so many bytes from the start on are (very probably) in the page cache."""
        return self.file.is_cached(self.position, size)

    def first(self, size: int) -> "LogSlice":
        """Return a slice of the first bytes, cut anywhere; all if there are fewer."""
        return replace(self, size=min(size, self.size))

    def after(self, size: int) -> "LogSlice":
        """Return a slice of what follows the first bytes, cut anywhere."""
        assert size <= self.size, "there is nothing behind the end"
        return replace(self, position=self.position + size, size=self.size - size)

    def pieces(self, piece_size: int) -> Iterator["LogSlice"]:
        """Yield slices of at most so many bytes, cut anywhere, in order."""
        for start in range(0, self.size, piece_size):
            yield LogSlice(
                file=self.file,
                position=self.position + start,
                size=min(piece_size, self.size - start),
                start_offset=self.start_offset,
                next_offset=self.next_offset,
            )
