"""Offset index: at which position of a segment to look for an offset.

Sparse: an entry for about every ``index.interval.bytes`` of log. Entries are 8 bytes, the offset
relative to the segment's base and the position of the batch whose last offset it is. Found by a
search that reads the file in place; nothing is held in memory.

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
        """Return the position of the last entry that is at or below a target in one of its fields.

        Entries lie about as far apart as each other, so a look where a straight line to the last
        one leads mostly ends the search; each further look halves what is left.
        """
        low, high = 0, self.entry_count
        last = self._chunk(high - 1, high) if high else []
        if not last or target < 0:
            return 0
        if last[0][field] <= target:
            return last[0][1]
        guess = target * high // last[0][field]
        while True:
            start = max(low, min(guess - _CHUNK_ENTRIES // 2, high - _CHUNK_ENTRIES))
            entries = self._chunk(start, min(high, start + _CHUNK_ENTRIES))
            if start > low and entries[0][field] > target:
                high = start
            elif start + len(entries) < high and entries[-1][field] <= target:
                low = start + len(entries) - 1
            else:
                break
            guess = (low + high) // 2
        position = 0
        for entry in entries:
            if entry[field] > target:
                break
            position = entry[1]
        return position

    def _chunk(self, start: int, end: int) -> list[tuple[int, int]]:
        data = self._file.read(start * ENTRY_SIZE, (end - start) * ENTRY_SIZE)
        return list(_ENTRY.iter_unpack(data[: len(data) // ENTRY_SIZE * ENTRY_SIZE]))
