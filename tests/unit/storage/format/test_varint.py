"""Zigzag varints: what goes in comes out, and nothing that is cut off or too long does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import CorruptBatch
from storage.format.varint import (
    INT64_MAX,
    INT64_MIN,
    VARINT_BYTES_MAX,
    decode_unsigned,
    decode_varint,
    encode_unsigned,
    encode_varint,
)

INT64 = st.integers(INT64_MIN, INT64_MAX)
UINT64 = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (-64, "7f"),
        (64, "8001"),
        (300, "d804"),
        (INT64_MAX, "feffffffffffffffff01"),
        (INT64_MIN, "ffffffffffffffffff01"),
    ],
)
def test_encode_varint_gives_the_bytes_of_protocol_buffers(value: int, encoded: str) -> None:
    assert encode_varint(value).hex() == encoded
    assert decode_varint(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@settings(deadline=None)
@given(value=INT64, before=st.binary(max_size=5), behind=st.binary(max_size=5))
def test_decode_varint_returns_what_was_encoded(value: int, before: bytes, behind: bytes) -> None:
    encoded = encode_varint(value)

    found = decode_varint(before + encoded + behind, len(before))

    assert found == (value, len(before) + len(encoded))
    assert len(encoded) <= VARINT_BYTES_MAX


@settings(deadline=None)
@given(value=UINT64, before=st.binary(max_size=5), behind=st.binary(max_size=5))
def test_decode_unsigned_returns_what_was_encoded(value: int, before: bytes, behind: bytes) -> None:
    encoded = encode_unsigned(value)

    found = decode_unsigned(memoryview(before + encoded + behind), len(before))

    assert found == (value, len(before) + len(encoded))


@pytest.mark.parametrize("value", [INT64_MIN - 1, INT64_MAX + 1, 2**64])
def test_encode_varint_refuses_more_than_64_bits(value: int) -> None:
    with pytest.raises(ValueError, match="does not fit 64 bits"):
        encode_varint(value)


@settings(deadline=None)
@given(value=INT64, kept=st.integers(0, VARINT_BYTES_MAX))
def test_decode_varint_refuses_a_number_that_is_cut_off(value: int, kept: int) -> None:
    encoded = encode_varint(value)
    cut = encoded[: min(kept, len(encoded) - 1)]

    with pytest.raises(CorruptBatch, match="cut off"):
        decode_varint(cut, 0)


def test_decode_varint_refuses_a_number_of_more_than_ten_bytes() -> None:
    with pytest.raises(CorruptBatch, match="longer than 10 bytes"):
        decode_varint(b"\x80" * VARINT_BYTES_MAX + b"\x00", 0)


@settings(deadline=None)
@given(last=st.integers(2, 0x7F))
def test_decode_varint_refuses_ten_bytes_of_more_than_64_bits(last: int) -> None:
    with pytest.raises(CorruptBatch, match="more than 64 bits"):
        decode_varint(b"\xff" * (VARINT_BYTES_MAX - 1) + bytes([last]), 0)


@settings(deadline=None)
@given(data=st.binary(max_size=12))
def test_decode_varint_stays_in_range_whatever_the_bytes(data: bytes) -> None:
    try:
        value, position = decode_varint(data, 0)
    except CorruptBatch:
        return

    assert INT64_MIN <= value <= INT64_MAX
    assert 0 < position <= min(len(data), VARINT_BYTES_MAX)
