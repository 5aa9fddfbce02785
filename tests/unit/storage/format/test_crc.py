"""CRC-32C against the vectors of its RFC and against its definition, bit by bit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.format.crc import crc32c

ISCSI_READ_COMMAND = bytes.fromhex(
    "01c000000000000000000000000000001400000000000400000000140000001828000000"
    "000000000200000000000000"
)


def slow_crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (ISCSI_READ_COMMAND, 0xD9963A56),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_crc32c_gives_the_values_of_rfc_3720(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@settings(deadline=None)
@given(data=st.binary(max_size=300), start=st.integers(0, 300))
def test_crc32c_follows_its_definition_for_every_kind_of_buffer(data: bytes, start: int) -> None:
    expected = slow_crc32c(data[start:])

    assert crc32c(data[start:]) == expected
    assert crc32c(bytearray(data[start:])) == expected
    assert crc32c(memoryview(bytearray(data))[start:]) == expected
