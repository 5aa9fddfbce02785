"""Transaction index: which transactions of a segment were aborted.

``<base offset, 20 digits>.txnindex`` has an entry for each transaction whose abort marker lies in
the segment, in the order of the markers. Readers that want committed records only are told of the
aborted transactions that overlap what they read, and leave their records out.

An index that misses an entry would show aborted records, so it is not a hint: recovery builds it
again from the log wherever it is not known to be durable.
Source: KIP-98; Kafka's ``TransactionIndex`` and ``AbortedTxn``, version 0.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from storage.errors import CorruptBatch
from storage.files import File

_ENTRY = struct.Struct(">hqqqq")
ENTRY_SIZE = _ENTRY.size
VERSION = 0


class AbortedTransaction(NamedTuple):
    """A transaction that was aborted."""

    producer_id: int
    first_offset: int
    last_offset: int
    """Its marker's."""

    last_stable_offset: int
    """What readers could see when it ended: nothing below overlaps a later entry."""


class TransactionIndex:
    """The aborted transactions of one segment."""

    def __init__(self, file: File) -> None:
        """Use an index file as it is; a partial entry at its end is ignored and overwritten."""
        self._file = file
        self.entry_count = file.size() // ENTRY_SIZE

    @property
    def file(self) -> File:
        """The file, to be synced."""
        return self._file

    def append(self, aborted: AbortedTransaction) -> None:
        """Add an entry, its marker behind all before."""
        entry = _ENTRY.pack(VERSION, *aborted)
        self._file.write(entry, self.entry_count * ENTRY_SIZE)
        self.entry_count += 1

    def entries(self) -> Iterator[AbortedTransaction]:
        """Yield every entry.

        Raises:
            CorruptBatch: An entry of a version that is not known.
        """
        data = self._file.read(0, self.entry_count * ENTRY_SIZE)
        for version, *fields in _ENTRY.iter_unpack(data[: len(data) // ENTRY_SIZE * ENTRY_SIZE]):
            if version != VERSION:
                raise CorruptBatch(f"{self._file.path}: an entry of version {version}")
            yield AbortedTransaction(*fields)

    def overlapping(
        self, start_offset: int, end_offset: int
    ) -> tuple[list[AbortedTransaction], bool]:
        """Return the aborted transactions that overlap a range of offsets.

        Args:
            start_offset: First offset of the range.
            end_offset: Exclusive end of the range.

        Returns:
            The transactions, and whether no later index can hold more of them.
        """
        found = []
        for one in self.entries():
            if one.last_offset >= start_offset and one.first_offset < end_offset:
                found.append(one)
            if one.last_stable_offset >= end_offset:
                return found, True
        return found, False

    def truncate(self, end_offset: int) -> None:
        """Remove the entries whose marker lies at or above an offset."""
        kept = 0
        for one in self.entries():
            if one.last_offset >= end_offset:
                break
            kept += 1
        self._file.truncate(kept * ENTRY_SIZE)
        self.entry_count = kept

    def clear(self) -> None:
        """Remove every entry."""
        self._file.truncate(0)
        self.entry_count = 0
