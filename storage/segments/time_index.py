"""Time index: from which offset of a segment to look for a timestamp.

Entries are 12 bytes: the largest timestamp of the segment so far and the offset, relative to the
segment's base, of the last record of the batch that brought it. Timestamps rise from entry to
entry. Like the offset index it is a hint that the log can always replace.
Source: Kafka's ``TimeIndex``; KIP-33.
"""

import struct

from storage.files import File

_ENTRY = struct.Struct(">qI")
ENTRY_SIZE = _ENTRY.size
_CHUNK_ENTRIES = 64


class TimeIndex:
    """The time index of one segment."""

    def __init__(self, file: File, base_offset: int) -> None:
        """Use an index file as it is; a partial entry at its end is ignored and overwritten."""
        self._file = file
        self._base_offset = base_offset
        self.entry_count = file.size() // ENTRY_SIZE
        self._last_timestamp_ms: int | None = None
        if self.entry_count:
            self._last_timestamp_ms = self.entry(self.entry_count - 1)[0]

    @property
    def file(self) -> File:
        """The file, to be synced."""
        return self._file

    def append(self, timestamp_ms: int, offset: int) -> None:
        """Add an entry unless its timestamp is not larger than the last one's."""
        if self._last_timestamp_ms is not None and timestamp_ms <= self._last_timestamp_ms:
            return
        entry = _ENTRY.pack(timestamp_ms, offset - self._base_offset)
        self._file.write(entry, self.entry_count * ENTRY_SIZE)
        self.entry_count += 1
        self._last_timestamp_ms = timestamp_ms

    def entry(self, number: int) -> tuple[int, int]:
        """Return timestamp and offset of the entry of that number."""
        timestamp_ms, relative = _ENTRY.unpack(self._file.read(number * ENTRY_SIZE, ENTRY_SIZE))
        return timestamp_ms, self._base_offset + relative

    def entries(self) -> list[tuple[int, int]]:
        """Return every entry; for checks, it reads the whole file."""
        data = self._file.read(0, self.entry_count * ENTRY_SIZE)
        return [(time, self._base_offset + relative) for time, relative in _ENTRY.iter_unpack(data)]

    def last_entry(self) -> tuple[int, int] | None:
        """Return the last entry, or None."""
        return self.entry(self.entry_count - 1) if self.entry_count else None

    def offset_before(self, timestamp_ms: int) -> int:
        """Return an offset below which no record has that timestamp or a later one."""
        low, high = 0, self.entry_count
        while high - low > _CHUNK_ENTRIES:
            middle = (low + high) // 2
            if self.entry(middle)[0] < timestamp_ms:
                low = middle
            else:
                high = middle
        data = self._file.read(low * ENTRY_SIZE, (high - low) * ENTRY_SIZE)
        offset = self._base_offset
        for time_ms, relative in _ENTRY.iter_unpack(data[: len(data) // ENTRY_SIZE * ENTRY_SIZE]):
            if time_ms >= timestamp_ms:
                break
            offset = self._base_offset + relative
        return offset

    def truncate(self, entry_count: int) -> None:
        """Keep only so many entries."""
        self._file.truncate(entry_count * ENTRY_SIZE)
        self.entry_count = entry_count
        last = self.last_entry()
        self._last_timestamp_ms = last[0] if last else None
