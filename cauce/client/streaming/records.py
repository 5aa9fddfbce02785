"""Records, and the columns in which binary frames carry them.

Little-endian, one column after another: i64 offsets (of the server only) and timestamps, i32 sizes
of keys, of values and of headers (where there are any), then the bytes of all keys, values,
headers. A size of -1 is a null.

Invariants:
    What is encoded decodes to the same; other bytes are decoded within their own or refused.
Pure. Called by: codec. Calls: nothing.
Source: docs/websocket.md, "Binary frames".
"""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise, repeat
from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]
"""Names and values, in their order; a name may come twice."""

NULL = -1
_I32 = struct.Struct("<i")


class BadColumns(Exception):
    """Bytes are not the columns that their header says."""


class TopicPartition(NamedTuple):
    """A partition's name; sorts by topic, then number."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class NewRecord(NamedTuple):
    """A record to be written."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    partition: int | None = None
    """None to have it chosen by the key, as Kafka's clients do, or by turns without one."""

    timestamp: int | None = None
    """Milliseconds since 1970; the server's time when it is None."""


def decode_columns(
    place: TopicPartition, data: memoryview, count: int, *, headers: bool
) -> list[Record]:
    """Return the records of a partition's columns.

    Args:
        place: Whose they are.
        data: The columns.
        count: Of records.
        headers: Whether there is a column of them.

    Raises:
        BadColumns: They are not.
    """
    numbers = struct.Struct(f"<{2 * count}q{(3 if headers else 2) * count}i")
    if len(data) < numbers.size:
        raise BadColumns(f"{len(data)} bytes are too few for {count} records")
    found = numbers.unpack_from(data)
    rest = bytes(data[numbers.size :])
    keys, at = _cut(rest, 0, found[2 * count : 3 * count])
    values, at = _cut(rest, at, found[3 * count : 4 * count])
    heads: Sequence[Headers] = [()] * count
    if headers:
        pieces, at = _cut(rest, at, found[4 * count :])
        heads = [_decode_headers(piece or b"") for piece in pieces]
    if at != len(rest):
        raise BadColumns(f"{len(rest) - at} bytes are left behind the last column")
    rows = zip(
        *(repeat(place.topic, count), repeat(place.partition)),
        *(found[:count], found[count : 2 * count], keys, values, heads),
        strict=False,
    )
    return list(map(Record._make, rows))


def encode_columns(records: Sequence[NewRecord], now_ms: int) -> tuple[list[str], bytes]:
    """Return which columns there are beside keys and values, and the columns of new records.

    Args:
        records: Some.
        now_ms: The timestamp of those without one, if any record has one.
    """
    timed = any(record.timestamp is not None for record in records)
    times = [now_ms if one.timestamp is None else one.timestamp for one in records] if timed else []
    headed = any(record.headers for record in records)
    heads = [_encode_headers(record.headers) for record in records] if headed else []
    keys = [record.key for record in records]
    values = [record.value for record in records]
    sizes = [*_sizes(keys), *_sizes(values), *map(len, heads)]
    numbers = struct.pack(f"<{len(times)}q{len(sizes)}i", *times, *sizes)
    bodies = [part for part in (*keys, *values, *heads) if part is not None]
    names = ["timestamps"] * timed + ["headers"] * headed
    return names, b"".join((numbers, *bodies))


def size_of(record: NewRecord) -> int:
    """Return about how many bytes a record takes in a frame."""
    size = 16 + len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += 8 + len(name.encode()) + len(value or b"")
    return size


def _sizes(parts: Sequence[bytes | None]) -> list[int]:
    return [NULL if part is None else len(part) for part in parts]


def _cut(data: bytes, at: int, sizes: Sequence[int]) -> tuple[Sequence[bytes | None], int]:
    if not sizes:
        return [], at
    least = min(sizes)
    if least < NULL:
        raise BadColumns("a size is below -1")
    if max(sizes) < 0:
        return [None] * len(sizes), at
    ends = list(accumulate(sizes if least >= 0 else [max(0, size) for size in sizes], initial=at))
    if ends[-1] > len(data):
        raise BadColumns("a column is longer than its frame")
    parts: list[bytes | None] = [data[start:end] for start, end in pairwise(ends)]
    if least < 0:
        parts = [None if size < 0 else part for size, part in zip(sizes, parts, strict=True)]
    return parts, ends[-1]


def _encode_headers(headers: Headers) -> bytes:
    parts: list[bytes] = []
    for name, value in headers:
        encoded = name.encode()
        parts += (_I32.pack(len(encoded)), encoded)
        parts.append(_I32.pack(NULL) if value is None else _I32.pack(len(value)) + value)
    return b"".join(parts)


def _decode_headers(data: bytes) -> Headers:
    found = []
    at = 0
    while at < len(data):
        name, at = _sized(data, at)
        if name is None:
            raise BadColumns("a header has no name")
        value, at = _sized(data, at)
        found.append((name.decode("utf-8", "replace"), value))
    return tuple(found)


def _sized(data: bytes, at: int) -> tuple[bytes | None, int]:
    if at + _I32.size > len(data):
        raise BadColumns("a header is cut off")
    (size,) = _I32.unpack_from(data, at)
    at += _I32.size
    if size == NULL:
        return None, at
    if size < 0 or at + size > len(data):
        raise BadColumns("a header is longer than its record's")
    return data[at : at + size], at + size
