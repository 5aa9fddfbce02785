"""Records in columns: how binary frames carry them.

Little-endian, one column after another, each as long as there are records:

    i64 offsets (records of the server only) | i64 timestamps | i32 sizes of keys | i32 sizes of
    values | i32 sizes of headers (where there are any) | bytes of keys | of values | of headers

A size of -1 is a null. The headers of a record are, one after another, an i32 size and the name,
an i32 size (-1 for null) and the value. Sizes and bytes of a column are read with one call each by
who can lay arrays over memory; the loop over the records is the interpreter's, not ours.

Invariants:
    What is encoded decodes to the same; whatever else comes in is decoded within its own bytes or
    refused with ``BadColumns``.
Pure. Called by: delivery, producing. Calls: nothing.
"""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

from storage.format.record import Headers, RecordTuple

NULL = -1
HEADERS_MAX = 1_000
"""Headers of one record."""

_I32 = struct.Struct("<i")


class BadColumns(Exception):
    """Bytes are not the columns that their header says."""


def encode_columns(
    offsets: Sequence[int],
    timestamps_ms: Sequence[int],
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    headers: Sequence[Headers] | None,
) -> bytes:
    """Return the columns of records; without headers if there are none."""
    count = len(offsets)
    heads = [_encode_headers(one) for one in headers] if headers is not None else []
    numbers = struct.pack(
        f"<{2 * count}q{(2 if headers is None else 3) * count}i",
        *offsets,
        *timestamps_ms,
        *_sizes(keys),
        *_sizes(values),
        *map(len, heads),
    )
    return b"".join((numbers, _joined(keys), _joined(values), *heads))


def decode_columns(
    data: memoryview, count: int, now_ms: int, *, timestamps: bool, headers: bool
) -> list[RecordTuple]:
    """Return the records of a client's columns.

    Args:
        data: The columns.
        count: Of records.
        now_ms: Their timestamp where they have none.
        timestamps: Whether there is a column of timestamps.
        headers: Whether there is one of headers.

    Raises:
        BadColumns: They are not.
    """
    numbers = struct.Struct(f"<{count if timestamps else 0}q{(3 if headers else 2) * count}i")
    if len(data) < numbers.size:
        raise BadColumns(f"{len(data)} bytes are too few for {count} records")
    found = numbers.unpack_from(data)
    times: Sequence[int] = (now_ms,) * count
    if timestamps:
        times, found = found[:count], found[count:]
        if min(times) < 0:
            raise BadColumns("a timestamp is before 1970")
    rest = bytes(data[numbers.size :])
    keys, at = _cut(rest, 0, found[:count])
    values, at = _cut(rest, at, found[count : 2 * count])
    heads: list[Headers] = [()] * count
    if headers:
        pieces, at = _cut(rest, at, found[2 * count :])
        heads = [_decode_headers(piece or b"") for piece in pieces]
    if at != len(rest):
        raise BadColumns(f"{len(rest) - at} bytes are left behind the last column")
    return list(zip(times, keys, values, heads, strict=True))


def _sizes(parts: Sequence[bytes | None]) -> Sequence[int]:
    nulls = parts.count(None)
    if not nulls:
        return list(map(len, parts))  # type: ignore[arg-type] # just checked
    if nulls == len(parts):
        return [NULL] * nulls
    return [NULL if part is None else len(part) for part in parts]


def _joined(parts: Sequence[bytes | None]) -> bytes:
    nulls = parts.count(None)
    if not nulls:
        return b"".join(parts)  # type: ignore[arg-type] # just checked
    return b"" if nulls == len(parts) else b"".join([part for part in parts if part is not None])


def _cut(data: bytes, at: int, sizes: Sequence[int]) -> tuple[list[bytes | None], int]:
    if not sizes:
        return [], at
    least = min(sizes)
    if least < NULL:
        raise BadColumns("a size is below -1")
    lengths = sizes if least >= 0 else [max(size, 0) for size in sizes]
    ends = list(accumulate(lengths, initial=at))
    if ends[-1] > len(data):
        raise BadColumns("a column is longer than its frame")
    parts: list[bytes | None] = [data[start:end] for start, end in pairwise(ends)]
    if least < 0:
        parts = [None if size < 0 else part for size, part in zip(sizes, parts, strict=True)]
    return parts, ends[-1]


def _encode_headers(headers: Headers) -> bytes:
    parts: list[bytes] = []
    for name, value in headers:
        parts += (_I32.pack(len(name)), name)
        parts.append(_I32.pack(NULL) if value is None else _I32.pack(len(value)) + value)
    return b"".join(parts)


def _decode_headers(data: bytes) -> Headers:
    headers = []
    at = 0
    while at < len(data):
        name, at = _sized(data, at)
        if name is None:
            raise BadColumns("a header has no name")
        value, at = _sized(data, at)
        headers.append((name, value))
        if len(headers) > HEADERS_MAX:
            raise BadColumns(f"a record has at most {HEADERS_MAX} headers")
    return tuple(headers)


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
