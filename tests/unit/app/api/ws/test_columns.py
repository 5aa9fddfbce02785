"""Columns: what is encoded decodes to the same, anything else stays within its own bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.columns import HEADERS_MAX, BadColumns, decode_columns, encode_columns
from storage.format.record import Headers, RecordTuple

maybe = st.none() | st.binary(max_size=20)
header_lists = st.lists(st.tuples(st.binary(max_size=5), maybe), max_size=3).map(tuple)
record_lists = st.lists(
    st.tuples(st.integers(0, 2**63 - 1), maybe, maybe, header_lists), min_size=1, max_size=20
)


def as_a_client_sends(records: list[RecordTuple], *, headers: bool) -> bytes:
    times, keys, values, heads = zip(*records, strict=True)
    found: list[Headers] | None = list(heads) if headers else None
    written = encode_columns(range(len(records)), times, keys, values, found)
    return written[8 * len(records) :]


@given(record_lists, st.booleans())
def test_columns_are_read_as_they_were_written(records: list[RecordTuple], headers: bool) -> None:
    data = as_a_client_sends(records, headers=headers)

    read = decode_columns(memoryview(data), len(records), 5, timestamps=True, headers=headers)

    expected = records if headers else [(*record[:3], ()) for record in records]
    assert read == expected


def test_numbers_are_little_endian_in_the_documented_order() -> None:
    written = encode_columns([7, 8], [1, 2], [None, b"k"], [b"ab", b"c"], None)

    assert struct.unpack_from("<4q4i", written) == (7, 8, 1, 2, -1, 1, 2, 1)
    assert written[48:] == b"kabc"


def test_records_without_timestamps_get_the_servers() -> None:
    data = struct.pack("<2i", -1, 2) + b"ab"

    read = decode_columns(memoryview(data), 1, 5, timestamps=False, headers=False)

    assert read == [(5, None, b"ab", ())]


@given(st.binary(max_size=80), st.integers(1, 4), st.booleans(), st.booleans())
def test_any_bytes_are_columns_or_refused(
    data: bytes, count: int, timestamps: bool, headers: bool
) -> None:
    try:
        read = decode_columns(memoryview(data), count, 5, timestamps=timestamps, headers=headers)
    except BadColumns:
        return
    held = sum(len(key or b"") + len(value or b"") for _, key, value, _ in read)
    assert len(read) == count
    assert held <= len(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\0\0", "too few"),
        (struct.pack("<2i", 0, 9) + b"abc", "longer"),
        (struct.pack("<2i", -2, 0), "below -1"),
        (struct.pack("<2i", 0, 1) + b"abc", "left behind"),
    ],
)
def test_columns_that_do_not_fit_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadColumns, match=why):
        decode_columns(memoryview(data), 1, 5, timestamps=False, headers=False)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (b"\1\0", "cut off"),
        (struct.pack("<i", 5) + b"ab", "longer"),
        (struct.pack("<i", -1), "no name"),
        (struct.pack("<ii", 0, -1) * (HEADERS_MAX + 1), "at most"),
    ],
)
def test_headers_that_are_none_are_refused(headers: bytes, why: str) -> None:
    data = struct.pack("<3i", 0, 0, len(headers)) + headers

    with pytest.raises(BadColumns, match=why):
        decode_columns(memoryview(data), 1, 5, timestamps=False, headers=True)


def test_a_timestamp_before_1970_is_refused() -> None:
    data = struct.pack("<q2i", -1, 0, 0)

    with pytest.raises(BadColumns, match="1970"):
        decode_columns(memoryview(data), 1, 5, timestamps=True, headers=False)
