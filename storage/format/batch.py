"""The record batch: Kafka's unit on disk and on the network (RecordBatch v2, magic 2).

A batch is its 61-byte header and its records, perhaps compressed. Everything the log needs to
know stands in the header, so a batch is stored, checked and sent without decoding a record.

Invariants:
    The CRC-32C covers everything from the attributes on. Only the base offset, the length, the
    leader epoch, the magic and the CRC itself are outside it, so the log stamps offset and epoch
    into a batch without computing it again.
    Nothing here reads outside the bytes it was given.
Called by: storage above, the doors. Calls: crc.
Source: Kafka docs, implementation, "Record Batch"; KIP-98 (fields), KIP-32 (timestamp type),
KIP-534 (delete horizon).
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from storage.errors import CorruptBatch
from storage.format.crc import crc32c

Buffer = bytes | bytearray | memoryview
MutableBuffer = bytearray | memoryview

HEADER_SIZE = 61
LOG_OVERHEAD = 12
"""Bytes before those that the length field counts: base offset and the length itself."""

MAGIC = 2
NO_TIMESTAMP = -1
NO_LEADER_EPOCH = -1
NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1
NO_SEQUENCE = -1

COMPRESSION_MASK = 0x07
TIMESTAMP_TYPE_BIT = 0x08
TRANSACTIONAL_BIT = 0x10
CONTROL_BIT = 0x20
DELETE_HORIZON_BIT = 0x40

HEADER = struct.Struct(">qiibIhiqqqhii")
_OFFSET = struct.Struct(">q")
_EPOCH = struct.Struct(">i")
_CRC = struct.Struct(">I")
_ATTRIBUTES = struct.Struct(">h")
_LENGTH = struct.Struct(">i")

_LENGTH_AT = 8
_EPOCH_AT = 12
_CRC_AT = 17
_ATTRIBUTES_AT = 21
_MAX_TIMESTAMP_AT = 35


class Compression(IntEnum):
    """Codec of the records of a batch."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


class TimestampType(IntEnum):
    """Who set the timestamps: the producer, or the log at the append."""

    CREATE_TIME = 0
    LOG_APPEND_TIME = 1


class BatchHeader(NamedTuple):
    """Every field of a batch's header."""

    base_offset: int
    batch_length: int
    """Bytes behind the length field."""

    partition_leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp_ms: int
    """Timestamp of the first record, or the delete horizon where its bit is set."""

    max_timestamp_ms: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return LOG_OVERHEAD + self.batch_length

    def placed(self, base_offset: int, leader_epoch: int) -> "BatchHeader":
        """Return the header as it is once the log has stamped these two."""
        return BatchHeader(base_offset, self.batch_length, leader_epoch, *self[3:])

    @property
    def last_offset(self) -> int:
        """Offset of the last record (inclusive)."""
        return self.base_offset + self.last_offset_delta

    @property
    def next_offset(self) -> int:
        """Offset behind the batch (exclusive end)."""
        return self.base_offset + self.last_offset_delta + 1

    @property
    def compression(self) -> Compression:
        """Codec of the records.

        Raises:
            CorruptBatch: A number that no codec has.
        """
        code = self.attributes & COMPRESSION_MASK
        if code > Compression.ZSTD:
            raise CorruptBatch(f"no compression codec has the number {code}")
        return Compression(code)

    @property
    def timestamp_type(self) -> TimestampType:
        """Who set the timestamps."""
        return TimestampType((self.attributes & TIMESTAMP_TYPE_BIT) >> 3)

    @property
    def is_transactional(self) -> bool:
        """Whether it is part of a transaction."""
        return bool(self.attributes & TRANSACTIONAL_BIT)

    @property
    def is_control(self) -> bool:
        """Whether its records are markers of the broker rather than data."""
        return bool(self.attributes & CONTROL_BIT)

    @property
    def has_delete_horizon(self) -> bool:
        """Whether the base timestamp is the time at which tombstones may go (KIP-534)."""
        return bool(self.attributes & DELETE_HORIZON_BIT)


def parse_header(buffer: Buffer, position: int = 0) -> BatchHeader:
    """Read a batch's header without looking at its records or its checksum.

    Raises:
        CorruptBatch: Too few bytes for a header, or fields that no batch has.
    """
    if position < 0 or len(buffer) - position < HEADER_SIZE:
        raise CorruptBatch(f"{len(buffer) - position} bytes are too few for a batch header")
    header = BatchHeader._make(HEADER.unpack_from(buffer, position))
    if header.magic != MAGIC:
        raise CorruptBatch(f"magic {header.magic} is not {MAGIC}")
    if header.batch_length < HEADER_SIZE - LOG_OVERHEAD:
        raise CorruptBatch(f"batch length {header.batch_length} is too small")
    if header.last_offset_delta < 0 or header.record_count < 0:
        raise CorruptBatch(
            f"last offset delta {header.last_offset_delta}, record count {header.record_count}"
        )
    if header.base_offset < 0 or header.next_offset > 1 << 63:
        raise CorruptBatch(f"base offset {header.base_offset} is out of range")
    return header


def checked_header(buffer: Buffer, position: int = 0) -> BatchHeader:
    """Read a batch's header and check that the whole batch is there and undamaged.

    Raises:
        CorruptBatch: It is not.
    """
    header = parse_header(buffer, position)
    end = position + header.size
    if end > len(buffer):
        raise CorruptBatch(f"a batch of {header.size} bytes is cut off at {len(buffer) - position}")
    if crc32c(memoryview(buffer)[position + _ATTRIBUTES_AT : end]) != header.crc:
        raise CorruptBatch(f"checksum of the batch at offset {header.base_offset} does not match")
    return header


def iterate_headers(buffer: Buffer) -> Iterator[tuple[int, BatchHeader]]:
    """Yield position and header of each whole batch; a batch cut off at the end is left out.

    Raises:
        CorruptBatch: A header's fields are nonsense. Checksums are not checked.
    """
    position = 0
    size = len(buffer)
    while size - position >= HEADER_SIZE:
        header = parse_header(buffer, position)
        if position + header.size > size:
            return
        yield position, header
        position += header.size


def whole_batches_size(buffer: Buffer) -> int:
    """Return how many bytes from the start are whole batches.

    Raises:
        CorruptBatch: A length field is nonsense.
    """
    position = 0
    size = len(buffer)
    while size - position >= LOG_OVERHEAD:
        (length,) = _LENGTH.unpack_from(buffer, position + _LENGTH_AT)
        if length < HEADER_SIZE - LOG_OVERHEAD:
            raise CorruptBatch(f"batch length {length} is too small")
        if position + LOG_OVERHEAD + length > size:
            break
        position += LOG_OVERHEAD + length
    return position


def stamp(
    batch: bytearray | memoryview, position: int, base_offset: int, leader_epoch: int
) -> None:
    """Write base offset and leader epoch into a batch; its checksum does not cover them."""
    _OFFSET.pack_into(batch, position, base_offset)
    _EPOCH.pack_into(batch, position + _EPOCH_AT, leader_epoch)


def stamp_log_append_time(batch: bytearray | memoryview, position: int, now_ms: int) -> None:
    """Make a batch one of log append time: its records all have the max timestamp.

    The checksum covers both fields and is computed again.
    """
    (length,) = _LENGTH.unpack_from(batch, position + _LENGTH_AT)
    (attributes,) = _ATTRIBUTES.unpack_from(batch, position + _ATTRIBUTES_AT)
    _ATTRIBUTES.pack_into(batch, position + _ATTRIBUTES_AT, attributes | TIMESTAMP_TYPE_BIT)
    _OFFSET.pack_into(batch, position + _MAX_TIMESTAMP_AT, now_ms)
    covered = memoryview(batch)[position + _ATTRIBUTES_AT : position + LOG_OVERHEAD + length]
    _CRC.pack_into(batch, position + _CRC_AT, crc32c(covered))
