"""Snapshots of the producer state: ``<offset, 20 digits>.snapshot`` in a log's directory.

A snapshot holds the state as it was before the record at its offset. It only saves reading the
log again: it has a checksum, is never synced, and one that does not read counts as missing.

The form is Kafka's, which holds one batch a producer. Here a producer has an entry for each of
its last batches, oldest first: Kafka's readers keep the last entry of a producer, so they read
ours as their own, and a retry of an older batch is still known after a restart.
Source: Kafka's ``ProducerStateManager.ProducerSnapshotEntrySchema``, version 1.
"""

import logging
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from storage.errors import DiskError
from storage.files import Disk, File
from storage.format.batch import NO_SEQUENCE
from storage.format.crc import crc32c
from storage.producers.producer_state import (
    BATCHES_KEPT,
    SEQUENCE_MAX,
    ProducedBatch,
    Producer,
)

_logger = logging.getLogger(__name__)

SUFFIX = ".snapshot"
VERSION = 1

_NAME = re.compile(r"(\d{20})\.snapshot\Z")
_HEADER = struct.Struct(">hI")
_COUNT = struct.Struct(">i")
_ENTRY = struct.Struct(">qhiqiqiq")
_NONE = -1


class MalformedSnapshot(Exception):
    """The bytes are not a snapshot."""


def encode_snapshot(producers: Mapping[int, Producer]) -> bytes:
    """Return the file of a state."""
    entries = [
        _entry(producer_id, known, batch)
        for producer_id, known in producers.items()
        for batch in known.batches or (None,)
    ]
    body = _COUNT.pack(len(entries)) + b"".join(entries)
    return _HEADER.pack(VERSION, crc32c(body)) + body


def decode_snapshot(data: bytes) -> dict[int, Producer]:
    """Return the state of a file.

    Raises:
        MalformedSnapshot: It is none, or damaged.
    """
    if len(data) < _HEADER.size + _COUNT.size:
        raise MalformedSnapshot("it is too short")
    version, crc = _HEADER.unpack_from(data)
    if version != VERSION:
        raise MalformedSnapshot(f"its version is {version}")
    if crc32c(memoryview(data)[_HEADER.size :]) != crc:
        raise MalformedSnapshot("its checksum does not match")
    (count,) = _COUNT.unpack_from(data, _HEADER.size)
    start = _HEADER.size + _COUNT.size
    if len(data) - start != count * _ENTRY.size:
        raise MalformedSnapshot(f"it promises {count} entries in {len(data) - start} bytes")
    producers: dict[int, Producer] = {}
    for fields in _ENTRY.iter_unpack(memoryview(data)[start:]):
        producer_id, epoch, last, last_offset, delta, seen_ms, coordinator, start_offset = fields
        known = producers.get(producer_id)
        batches = known.batches if known is not None and known.epoch == epoch else ()
        if last != NO_SEQUENCE:
            first = (last - delta) % (SEQUENCE_MAX + 1)
            batch = ProducedBatch(first, last, last_offset - delta, last_offset)
            batches = (*batches[1 - BATCHES_KEPT :], batch)
        producers[producer_id] = Producer(
            epoch=epoch,
            batches=batches,
            coordinator_epoch=coordinator,
            seen_ms=seen_ms,
            transaction_start=None if start_offset == _NONE else start_offset,
        )
    return producers


def write_snapshot(
    disk: Disk, directory: Path, offset: int, producers: Mapping[int, Producer]
) -> File | None:
    """Write the snapshot of an offset; return the file, to be synced.

    Returns:
        None if the disk refused it, which is logged: the batches below say the same, until
        retention removes them.
    """
    path = snapshot_path(directory, offset)
    try:
        file = disk.open(path, create=True)
        data = encode_snapshot(producers)
        file.truncate(0)
        file.write(data, 0)
    except DiskError as error:
        _logger.warning("no snapshot of the producer state: %s", error)
        return None
    return file


def read_latest_snapshot(
    disk: Disk, directory: Path, end_offset: int
) -> tuple[int, dict[int, Producer]] | None:
    """Return offset and state of the last snapshot at or below an offset that reads, or None."""
    for offset in sorted(snapshot_offsets(disk, directory), reverse=True):
        if offset > end_offset:
            continue
        path = snapshot_path(directory, offset)
        try:
            return offset, decode_snapshot(disk.read_bytes(path))
        except (MalformedSnapshot, DiskError) as error:
            _logger.warning("%s is not used: %s", path, error)
            remove_snapshots(disk, directory, [offset])
    return None


def snapshot_offsets(disk: Disk, directory: Path) -> list[int]:
    """Return the offsets of all snapshots in a log's directory, ascending."""
    matches = (_NAME.match(name) for name in disk.list(directory))
    return sorted(int(match.group(1)) for match in matches if match)


def remove_snapshots(disk: Disk, directory: Path, offsets: Iterable[int]) -> None:
    """Remove the snapshots of some offsets.

    Raises:
        DiskError: The disk failed.
    """
    for offset in offsets:
        disk.remove(snapshot_path(directory, offset))


def snapshot_path(directory: Path, offset: int) -> Path:
    """Return the path of the snapshot of an offset."""
    return directory / f"{offset:020d}{SUFFIX}"


def _entry(producer_id: int, known: Producer, batch: ProducedBatch | None) -> bytes:
    start = _NONE if known.transaction_start is None else known.transaction_start
    last, last_offset, delta = NO_SEQUENCE, _NONE, 0
    if batch is not None:
        last, last_offset = batch.last_sequence, batch.last_offset
        delta = batch.last_offset - batch.first_offset
    return _ENTRY.pack(
        producer_id,
        known.epoch,
        last,
        last_offset,
        delta,
        known.seen_ms,
        known.coordinator_epoch,
        start,
    )
