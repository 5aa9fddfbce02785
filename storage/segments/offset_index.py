"""Offset index: at which position of a segment to look for an offset.

Sparse: an entry for about every ``index.interval.bytes`` of log. Entries are 8 bytes, the offset
relative to the segment's base and the position of the batch whose last offset it is. Found by a
binary search that reads the file in place; nothing is held in memory but the last entry.

The index is a hint that the log can always replace: entries that do not fit the log are cut off
or rebuilt by recovery, and a lookup is followed by a walk over the batches themselves.
Source: Kafka's ``OffsetIndex``.
"""

import struct

from storage.files import File

_ENTRY = struct.Struct(">II")
ENTRY_SIZE = _ENTRY.size
_CHUNK_ENTRIES = 64


class OffsetIndex:
    """The index of one segment."""

    def __init__(self, file: File, base_offset: int) -> None:
        """Use an index file as it is.

        Args:
            file: The file; a partial entry at its end is ignored and overwritten.
            base_offset: The segment's.
        """
        self._file = file
        self._base_offset = base_offset
        self.entry_count = file.size() // ENTRY_SIZE

    @property
    def file(self) -> File:
        """The file, to be synced."""
        return self._file

    def append(self, offset: int, position: int) -> None:
        """Add an entry: both numbers larger than all before."""
        entry = _ENTRY.pack(offset - self._base_offset, position)
        self._file.write(entry, self.entry_count * ENTRY_SIZE)
        self.entry_count += 1

    def entry(self, number: int) -> tuple[int, int]:
        """Return offset and position of the entry of that number."""
        relative, position = _ENTRY.unpack(self._file.read(number * ENTRY_SIZE, ENTRY_SIZE))
        return self._base_offset + relative, position

    def entries(self) -> list[tuple[int, int]]:
        """Return every entry; for checks, it reads the whole file."""
        data = self._file.read(0, self.entry_count * ENTRY_SIZE)
        return [(self._base_offset + one, position) for one, position in _ENTRY.iter_unpack(data)]

    def position_for_offset(self, offset: int) -> int:
        """Return the position of the last entry at or below an offset; 0 if there is none."""
        return self._search(offset - self._base_offset, field=0)

    def position_before(self, limit: int) -> int:
        """Return the last indexed position at or below a limit; 0 if there is none."""
        return self._search(limit, field=1)

    def truncate(self, entry_count: int) -> None:
        """Keep only so many entries."""
        self._file.truncate(entry_count * ENTRY_SIZE)
        self.entry_count = entry_count

    def _search(self, target: int, field: int) -> int:
        low, high = 0, self.entry_count
        while high - low > _CHUNK_ENTRIES:
            middle = (low + high) // 2
            found = _ENTRY.unpack(self._file.read(middle * ENTRY_SIZE, ENTRY_SIZE))
            if found[field] <= target:
                low = middle
            else:
                high = middle
        data = self._file.read(low * ENTRY_SIZE, (high - low) * ENTRY_SIZE)
        position = 0
        for entry in _ENTRY.iter_unpack(data[: len(data) // ENTRY_SIZE * ENTRY_SIZE]):
            if entry[field] > target:
                break
            position = entry[1]
        return position
