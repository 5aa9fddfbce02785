"""Builds a record batch from records: the door that took them in does it once.

Tight on purpose: this is the only code of a REST produce that runs once per record on this side
of the JSON decoder (benchmarks/areas/rest.py).
"""

from collections.abc import Sequence

from storage.errors import InvalidBatch
from storage.format.batch import (
    COMPRESSION_MASK,
    CONTROL_BIT,
    HEADER,
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC,
    NO_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    TIMESTAMP_TYPE_BIT,
    TRANSACTIONAL_BIT,
    BatchHeader,
    Buffer,
    Compression,
    TimestampType,
    parse_header,
)
from storage.format.compression import compress
from storage.format.crc import crc32c
from storage.format.decoder import records_data
from storage.format.record import Headers, RecordTuple
from storage.format.varint import INT64_MAX, INT64_MIN, encode_varint

_NULL_SIZE = encode_varint(-1)
_ZERO = encode_varint(0)
_TABLE_SIZE = 1 << 14
_TABLE = tuple(encode_varint(value) for value in range(_TABLE_SIZE))
"""Varints of the numbers that lengths and deltas mostly are."""

_ATTRIBUTES_AT = 21
_CRC_AT = 17
_INT32_MAX = 2**31 - 1


def build_batch(
    records: Sequence[RecordTuple],
    *,
    base_offset: int = 0,
    leader_epoch: int = NO_LEADER_EPOCH,
    timestamp_type: TimestampType = TimestampType.CREATE_TIME,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
    base_sequence: int = NO_SEQUENCE,
    is_transactional: bool = False,
    is_control: bool = False,
    compression: Compression = Compression.NONE,
    level: int | None = None,
) -> bytearray:
    """Return a batch of records with consecutive offsets.

    Args:
        records: At least one; tuples of (timestamp_ms, key, value, headers).
        base_offset: Offset of the first; the log stamps its own over it.
        leader_epoch: Likewise.
        timestamp_type: What the timestamps are.
        producer_id: Of an idempotent producer.
        producer_epoch: Of an idempotent producer.
        base_sequence: Sequence of the first record.
        is_transactional: Part of a transaction.
        is_control: A marker of the broker's.
        compression: How the records are to be compressed.
        level: The codec's, its default if None.

    Raises:
        InvalidBatch: No records, or a batch that the format cannot hold.
    """
    if not records:
        raise InvalidBatch("a batch needs at least one record")
    base_timestamp_ms = records[0][0]
    body = compress(compression, _encode_records(records, base_timestamp_ms), level)
    max_timestamp_ms = max([record[0] for record in records])
    attributes = (
        (TIMESTAMP_TYPE_BIT if timestamp_type is TimestampType.LOG_APPEND_TIME else 0)
        | (TRANSACTIONAL_BIT if is_transactional else 0)
        | (CONTROL_BIT if is_control else 0)
        | compression
    )
    header = BatchHeader(
        base_offset=base_offset,
        batch_length=HEADER_SIZE + len(body) - LOG_OVERHEAD,
        partition_leader_epoch=leader_epoch,
        magic=MAGIC,
        crc=0,
        attributes=attributes,
        last_offset_delta=len(records) - 1,
        base_timestamp_ms=base_timestamp_ms,
        max_timestamp_ms=max_timestamp_ms,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        record_count=len(records),
    )
    return _assembled(header, body)


def assemble_batch(header: BatchHeader, body: bytes) -> bytearray:
    """Return a batch of a header and the records behind it; length and checksum are set here.

    Args:
        header: Every other field of it counts.
        body: The records, compressed as the header says.

    Raises:
        InvalidBatch: Larger than the format can hold.
    """
    batch_length = HEADER_SIZE + len(body) - LOG_OVERHEAD
    return _assembled(header._replace(batch_length=batch_length, crc=0), body)


def _assembled(header: BatchHeader, body: bytes) -> bytearray:
    """Return a batch of a header that lacks only the checksum, and its records."""
    if header.size > _INT32_MAX:
        raise InvalidBatch(f"a batch cannot hold {header.size} bytes")
    batch = bytearray(header.size)
    HEADER.pack_into(batch, 0, *header)
    batch[HEADER_SIZE:] = body
    crc = crc32c(memoryview(batch)[_ATTRIBUTES_AT:])
    batch[_CRC_AT:_ATTRIBUTES_AT] = crc.to_bytes(4, "big")
    return batch


def recompressed(
    batch: Buffer, position: int, compression: Compression, level: int | None = None
) -> bytearray:
    """Return the batch at a position with its records compressed in another way.

    Raises:
        CorruptBatch: It does not open.
    """
    header = parse_header(batch, position)
    body = compress(compression, records_data(batch, position, header), level)
    attributes = header.attributes & ~COMPRESSION_MASK | compression
    return assemble_batch(header._replace(attributes=attributes), body)


def _encode_records(records: Sequence[RecordTuple], base_timestamp_ms: int) -> bytes:
    table = _TABLE
    table_size = _TABLE_SIZE
    null_size, no_headers = _NULL_SIZE, _ZERO
    parts: list[bytes] = []
    append = parts.append
    join = b"".join
    for offset_delta, (timestamp_ms, key, value, headers) in enumerate(records):
        delta_ms = timestamp_ms - base_timestamp_ms
        if key is None:
            key_size, key = null_size, b""  # noqa: PLW2901 - what is written of a null
        else:
            length = len(key)
            key_size = table[length] if length < table_size else encode_varint(length)
        if value is None:
            value_size, value = null_size, b""  # noqa: PLW2901
        else:
            length = len(value)
            value_size = table[length] if length < table_size else encode_varint(length)
        record = join(
            (
                b"\x00",
                table[delta_ms] if 0 <= delta_ms < table_size else _timestamp_delta(delta_ms),
                table[offset_delta] if offset_delta < table_size else encode_varint(offset_delta),
                key_size,
                key,
                value_size,
                value,
                _encode_headers(headers) if headers else no_headers,
            )
        )
        size = len(record)
        append(table[size] if size < table_size else encode_varint(size))
        append(record)
    return join(parts)


def _varint(value: int) -> bytes:
    return _TABLE[value] if value < _TABLE_SIZE else encode_varint(value)


def _timestamp_delta(delta_ms: int) -> bytes:
    if not INT64_MIN <= delta_ms <= INT64_MAX:
        raise InvalidBatch("timestamps of one batch are further apart than 64 bits hold")
    return encode_varint(delta_ms)


def _encode_headers(headers: Headers) -> bytes:
    parts = [_varint(len(headers))]
    for name, value in headers:
        parts += (_varint(len(name)), name)
        if value is None:
            parts.append(_NULL_SIZE)
        else:
            parts += (_varint(len(value)), value)
    return b"".join(parts)
