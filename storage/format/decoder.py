"""Decodes the records of a batch, trusting nothing in it.

Invariants:
    Nothing outside the batch is read, whatever its bytes say.
    Malformed bytes of any kind raise ``CorruptBatch``, nothing else.
    Offsets of the records returned rise and lie within the batch's own range.
"""

from storage.errors import CorruptBatch, UnsupportedCompression
from storage.format.batch import (
    HEADER_SIZE,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Buffer,
    Compression,
    parse_header,
)
from storage.format.record import Headers, Record
from storage.format.varint import decode_varint

RECORD_SIZE_MIN = 7
"""Bytes of the smallest record: a length, attributes, two deltas, two sizes, a header count."""


def decode_records(buffer: Buffer, position: int = 0) -> list[Record]:
    """Return the records of the uncompressed batch at a position.

    The checksum is not looked at; who reads from outside checks it first
    (``batch.checked_header``). With log append time every record has the batch's max timestamp.

    Raises:
        CorruptBatch: The bytes are not what their header says.
        UnsupportedCompression: The records are compressed.
    """
    header = parse_header(buffer, position)
    if header.compression is not Compression.NONE:
        raise UnsupportedCompression(f"records compressed with {header.compression.name}")
    end = position + header.size
    if end > len(buffer):
        raise CorruptBatch(f"a batch of {header.size} bytes is cut off at {len(buffer) - position}")
    body = bytes(memoryview(buffer)[position + HEADER_SIZE : end])
    if header.record_count * RECORD_SIZE_MIN > len(body):
        raise CorruptBatch(f"{header.record_count} records do not fit {len(body)} bytes")
    try:
        return _decode(header, body)
    except IndexError:
        raise CorruptBatch("a record is cut off") from None


def _decode(header: BatchHeader, data: bytes) -> list[Record]:
    base_offset = header.base_offset
    base_timestamp_ms = header.base_timestamp_ms
    append_time = bool(header.attributes & TIMESTAMP_TYPE_BIT)
    max_timestamp_ms = header.max_timestamp_ms
    last_delta = header.last_offset_delta
    end = len(data)
    position = 0
    previous_delta = -1
    records: list[Record] = []
    add = records.append
    new = tuple.__new__
    for _ in range(header.record_count):
        size, position = _varint(data, position)
        record_end = position + size
        if size < 0 or record_end > end:
            raise CorruptBatch("a record is longer than its batch")
        delta_ms, position = _varint(data, position + 1)
        byte = data[position]
        if byte < 0x80:
            delta = (byte >> 1) ^ -(byte & 1)
            position += 1
        else:
            delta, position = decode_varint(data, position)
        if not previous_delta < delta <= last_delta:
            raise CorruptBatch("offsets of a batch do not rise within it")
        previous_delta = delta
        key, position = _bytes(data, position)
        value, position = _bytes(data, position)
        headers: Headers = ()
        if data[position] == 0:
            position += 1
        else:
            headers, position = _headers(data, position, record_end)
        if position != record_end:
            raise CorruptBatch("a record's length is not the sum of its parts")
        timestamp_ms = max_timestamp_ms if append_time else base_timestamp_ms + delta_ms
        add(new(Record, (base_offset + delta, timestamp_ms, key, value, headers)))
    if position != end:
        raise CorruptBatch("bytes are left behind the last record")
    return records


def _varint(data: bytes, position: int) -> tuple[int, int]:
    byte = data[position]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position + 1
    second = data[position + 1]
    if second < 0x80:
        unsigned = (byte & 0x7F) | (second << 7)
        return (unsigned >> 1) ^ -(unsigned & 1), position + 2
    return decode_varint(data, position)


def _bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    size, position = _varint(data, position)
    if size < 0:
        if size != -1:
            raise CorruptBatch("a size is below -1")
        return None, position
    end = position + size
    if end > len(data):
        raise CorruptBatch("a key, value or header is longer than its batch")
    return data[position:end], end


def _headers(data: bytes, position: int, record_end: int) -> tuple[Headers, int]:
    count, position = _varint(data, position)
    if count < 0 or count * 2 > record_end - position:
        raise CorruptBatch(f"{count} headers do not fit their record")
    headers = []
    for _ in range(count):
        name, position = _bytes(data, position)
        if name is None:
            raise CorruptBatch("a header has no name")
        value, position = _bytes(data, position)
        headers.append((name, value))
    return tuple(headers), position
