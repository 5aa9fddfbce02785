"""Dump: yields what the files of a log hold, entry by entry, damage included.

Invariants:
    It only reads, and goes on behind what does not read.
    Entries come in the order in which they stand in their file.
Called by: the command line. Calls: stretches, the forms of the files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint
from storage.errors import CorruptBatch
from storage.files import Disk, File
from storage.format.batch import BatchHeader
from storage.format.control import EndMarker, read_end_marker
from storage.format.decoder import decode_records
from storage.format.record import Record
from storage.inspection.log_files import NotALog, list_log_files
from storage.inspection.stretches import Bad, stretches
from storage.leader_epochs import FILE_NAME as EPOCHS
from storage.producers.producer_snapshots import MalformedSnapshot, decode_snapshot
from storage.producers.producer_state import Producer
from storage.segments.offset_index import OffsetIndex
from storage.segments.segment import (
    BASE_DIGITS,
    LOG_SUFFIX,
    OFFSET_INDEX_SUFFIX,
    SNAPSHOT_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
)
from storage.segments.time_index import TimeIndex
from storage.segments.txn_index import AbortedTransaction, TransactionIndex


@dataclass(frozen=True, slots=True)
class FileStart:
    """A file begins."""

    path: Path


@dataclass(frozen=True, slots=True)
class DumpedBatch:
    """A batch of a ``.log`` file."""

    position: int
    header: BatchHeader


@dataclass(frozen=True, slots=True)
class DumpedRecord:
    """A record of the batch before."""

    header: BatchHeader
    record: Record
    marker: EndMarker | None
    """What it says, if it is the end of a transaction."""


@dataclass(frozen=True, slots=True)
class OffsetEntry:
    """An entry of a ``.index`` file."""

    offset: int
    position: int


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """An entry of a ``.timeindex`` file."""

    timestamp_ms: int
    offset: int


@dataclass(frozen=True, slots=True)
class AbortedEntry:
    """An entry of a ``.txnindex`` file."""

    transaction: AbortedTransaction


@dataclass(frozen=True, slots=True)
class ProducerEntry:
    """A producer of a ``.snapshot`` file."""

    producer_id: int
    producer: Producer


@dataclass(frozen=True, slots=True)
class EpochEntry:
    """An entry of ``leader-epoch-checkpoint``."""

    epoch: int
    start_offset: int


@dataclass(frozen=True, slots=True)
class Damage:
    """What does not read."""

    text: str
    position: int | None = None
    size: int | None = None


Entry = (
    FileStart
    | DumpedBatch
    | DumpedRecord
    | OffsetEntry
    | TimeEntry
    | AbortedEntry
    | ProducerEntry
    | EpochEntry
    | Damage
)


def dump(disk: Disk, paths: Sequence[Path], *, records: bool) -> Iterator[Entry]:
    """Yield what is in files, and in all the files of the log directories among the paths.

    Args:
        disk: Where.
        paths: Files of logs, by Kafka's names, and directories of logs.
        records: Whether to decode the records of the batches.

    Raises:
        NotALog: A path is neither.
        DiskError: A file cannot be read.
    """
    for path in paths:
        if not disk.exists(path):
            raise NotALog(f"{path} is not there")
        if disk.is_directory(path):
            found = _files_of(disk, path)
            if not found:
                raise NotALog(f"{path} has no files of a log")
        else:
            found = [path]
        for file in found:
            yield FileStart(file)
            yield from _entries(disk, file, records=records)


def _files_of(disk: Disk, directory: Path) -> list[Path]:
    files = list_log_files(disk, directory)
    names = [*files.indexes, *files.snapshots, *(f"{base:020d}.log" for base in files.bases)]
    if disk.exists(directory / EPOCHS):
        names.append(EPOCHS)
    return [directory / name for name in sorted(names)]


def _entries(disk: Disk, path: Path, *, records: bool) -> Iterator[Entry]:
    try:
        if path.name == EPOCHS:
            for epoch, start in read_checkpoint(disk, path):
                yield EpochEntry(int(epoch), int(start))
            return
        if path.suffix == SNAPSHOT_SUFFIX:
            for producer_id, producer in decode_snapshot(disk.read_bytes(path)).items():
                yield ProducerEntry(producer_id, producer)
            return
    except (MalformedCheckpoint, MalformedSnapshot, ValueError) as error:
        yield Damage(f"it does not read: {error}")
        return
    digits = path.name[:BASE_DIGITS]
    if path.suffix not in (LOG_SUFFIX, *_INDEX_FORMS) or not (
        len(digits) == BASE_DIGITS and digits.isdecimal()
    ):
        raise NotALog(f"{path} is not named like a file of a log")
    file = disk.open_to_read(path)
    if path.suffix == LOG_SUFFIX:
        yield from _batches(file, int(digits), records=records)
    else:
        yield from _INDEX_FORMS[path.suffix](file, int(digits))


def _batches(file: File, base: int, *, records: bool) -> Iterator[Entry]:
    for one in stretches(file, file.size(), base, None):
        if isinstance(one, Bad):
            yield Damage(one.reason, one.position, one.size)
            continue
        yield DumpedBatch(one.position, one.header)
        if records:
            yield from _records(file, one.position, one.header)


def _records(file: File, position: int, header: BatchHeader) -> Iterator[Entry]:
    batch = file.read(position, header.size)
    try:
        marker = read_end_marker(batch) if header.is_control else None
        for record in decode_records(batch):
            yield DumpedRecord(header, record, marker)
    except CorruptBatch as error:
        yield Damage(f"its records do not read: {error}", position, header.size)


def _offset_entries(file: File, base: int) -> Iterator[Entry]:
    for offset, position in OffsetIndex(file, base).entries():
        yield OffsetEntry(offset, position)


def _time_entries(file: File, base: int) -> Iterator[Entry]:
    for timestamp_ms, offset in TimeIndex(file, base).entries():
        yield TimeEntry(timestamp_ms, offset)


def _aborted_entries(file: File, _base: int) -> Iterator[Entry]:
    try:
        for one in TransactionIndex(file).entries():
            yield AbortedEntry(one)
    except CorruptBatch as error:
        yield Damage(str(error))


_INDEX_FORMS = {
    OFFSET_INDEX_SUFFIX: _offset_entries,
    TIME_INDEX_SUFFIX: _time_entries,
    TXN_INDEX_SUFFIX: _aborted_entries,
}
