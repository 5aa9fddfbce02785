"""Decodes the records of a batch, compressed or not, trusting nothing in it.

Invariants:
    Nothing outside the batch is read, whatever its bytes say.
    Malformed bytes of any kind raise ``CorruptBatch``, nothing else.
    Offsets of the records returned rise and lie within the batch's own range.
"""

from collections.abc import Sequence
from operator import ge
from typing import NamedTuple

from storage.errors import CorruptBatch
from storage.format.batch import (
    HEADER_SIZE,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Buffer,
    parse_header,
)
from storage.format.compression import decompress
from storage.format.record import Headers, Record
from storage.format.varint import decode_unsigned, decode_varint

NULL_SIZE = 1
"""How -1, the size of a null, is written."""

RECORD_SIZE_MIN = 7
"""Bytes of the smallest record: a length, attributes, two deltas, two sizes, a header count."""


class Columns(NamedTuple):
    """The records of a batch, each part of them by itself; all five are equally long."""

    offsets: list[int]
    timestamps_ms: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    headers: list[Headers]


def decode_records(buffer: Buffer, position: int = 0) -> list[Record]:
    """Return the records of the batch at a position.

    The checksum is not looked at; who reads from outside checks it first
    (``batch.checked_header``). With log append time every record has the batch's max timestamp.

    Raises:
        CorruptBatch: The bytes are not what their header says.
    """
    return list(map(Record._make, zip(*decode_columns(buffer, position), strict=True)))


def decode_columns(buffer: Buffer, position: int = 0) -> Columns:
    """Return the same as ``decode_records``, part by part: faster for who wants all of one part.

    Raises:
        CorruptBatch: The bytes are not what their header says.
    """
    header = parse_header(buffer, position)
    body = records_data(buffer, position, header)
    count = header.record_count
    if count * RECORD_SIZE_MIN > len(body):
        raise CorruptBatch(f"{count} records do not fit {len(body)} bytes")
    try:
        deltas, time_deltas, keys, values, headers = _decode(body, count)
    except IndexError:
        raise CorruptBatch("a record is cut off") from None
    if deltas == list(range(0, 2 * count, 2)):  # zigzag: as a producer numbers them
        offsets = list(range(header.base_offset, header.base_offset + count))
    else:
        offsets = _added(header.base_offset, deltas)
        if any(map(ge, offsets, offsets[1:])):
            raise CorruptBatch("offsets of a batch do not rise")
    if count and not (header.base_offset <= offsets[0] and offsets[-1] <= header.last_offset):
        raise CorruptBatch("offsets of a batch lie outside it")
    if header.attributes & TIMESTAMP_TYPE_BIT:
        times = [header.max_timestamp_ms] * count
    else:
        times = _added(header.base_timestamp_ms, time_deltas)
    every = range(count)
    return Columns(
        offsets,
        times,
        list(map(keys.get, every)) if keys else [None] * count,
        values,
        [headers.get(number, ()) for number in every] if headers else [()] * count,
    )


def records_data(buffer: Buffer, position: int, header: BatchHeader) -> bytes:
    """Return the records of a batch as they stand behind its header, decompressed.

    Raises:
        CorruptBatch: Cut off, or what is compressed does not open.
    """
    end = position + header.size
    if end > len(buffer):
        raise CorruptBatch(f"a batch of {header.size} bytes is cut off at {len(buffer) - position}")
    body = bytes(memoryview(buffer)[position + HEADER_SIZE : end])
    return decompress(header.compression, body)


def _added(base: int, deltas: Sequence[int]) -> list[int]:
    """Return a base and each delta, which is still zigzag, together."""
    if deltas and deltas.count(deltas[0]) == len(deltas):
        return [base + (deltas[0] >> 1 ^ -(deltas[0] & 1))] * len(deltas)
    return [base + (delta >> 1 ^ -(delta & 1)) for delta in deltas]


class _Parts(NamedTuple):
    """The parts of a batch's records, as they stand in it."""

    offsets: list[int]
    """As deltas, still zigzag, as the timestamps are."""

    times: list[int]
    keys: dict[int, bytes | None]
    """By the number of the record; what most lack is noted only where it is, as headers are."""

    values: list[bytes | None]
    headers: dict[int, Headers]


def _decode(data: bytes, count: int) -> _Parts:  # noqa: C901, PLR0912, PLR0915 - see below
    """Return the records' parts.

    Varints of one or two bytes, nearly all there are, are decoded here and not by a call: this loop
    is what a consume over HTTP waits for (benchmarks/areas/websocket.py). That a part does not run
    past its record is checked once, at the record's end: positions only rise.
    """
    parts = offsets, times, keys, values, headers = _Parts([], [], {}, [], {})
    position = 0
    for number in range(count):
        byte = data[position]
        if byte < 0x80:
            size = byte
            position += 1
        elif (second := data[position + 1]) < 0x80:
            size = byte & 0x7F | second << 7
            position += 2
        else:
            size, position = decode_unsigned(data, position)
        if size & 1:
            raise CorruptBatch("a record's length is negative")
        record_end = position + (size >> 1)
        byte = data[position + 1]
        if byte < 0x80:
            times.append(byte)
            position += 2
        elif (second := data[position + 2]) < 0x80:
            times.append(byte & 0x7F | second << 7)
            position += 3
        else:
            delta, position = decode_unsigned(data, position + 1)
            times.append(delta)
        byte = data[position]
        if byte < 0x80:
            offsets.append(byte)
            position += 1
        elif (second := data[position + 1]) < 0x80:
            offsets.append(byte & 0x7F | second << 7)
            position += 2
        else:
            delta, position = decode_unsigned(data, position)
            offsets.append(delta)
        byte = data[position]
        if byte == NULL_SIZE:
            position += 1
        elif byte < 0x80 and not byte & 1:
            start = position + 1
            position = start + (byte >> 1)
            keys[number] = data[start:position]
        else:
            keys[number], position = _bytes(data, position)
        byte = data[position]
        if byte >= 0x80 and (second := data[position + 1]) < 0x80 and not byte & 1:
            start = position + 2
            position = start + ((byte & 0x7F | second << 7) >> 1)
            values.append(data[start:position])
        else:
            value, position = _bytes(data, position)
            values.append(value)
        if data[position]:
            headers[number], position = _headers(data, position, record_end)
        else:
            position += 1
        if position != record_end:
            raise CorruptBatch("a record's length is not the sum of its parts")
    if position != len(data):
        raise CorruptBatch("bytes are left behind the last record")
    return parts


def _bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    size, position = decode_varint(data, position)
    if size < 0:
        if size != -1:
            raise CorruptBatch("a size is below -1")
        return None, position
    end = position + size
    if end > len(data):
        raise CorruptBatch("a key, value or header is longer than its batch")
    return data[position:end], end


def _headers(data: bytes, position: int, record_end: int) -> tuple[Headers, int]:
    count, position = decode_varint(data, position)
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
