"""Bounds: what the formats on disk can hold, and what one read may cost."""

import struct

import pytest

from storage.format.batch import HEADER_SIZE
from storage.limits import (
    HEADER_SCAN_BYTES,
    READ_POSITIONS_MAX,
    RELATIVE_OFFSET_MAX,
    SCAN_CHUNK_BYTES,
    SEGMENT_BYTES_MAX,
)


@pytest.mark.parametrize("maximum", [SEGMENT_BYTES_MAX, RELATIVE_OFFSET_MAX])
def test_index_limits_are_the_largest_that_kafkas_signed_numbers_hold(maximum: int) -> None:
    assert struct.pack(">i", maximum) == b"\x7f\xff\xff\xff"
    with pytest.raises(struct.error):
        struct.pack(">i", maximum + 1)


@pytest.mark.parametrize("size", [SCAN_CHUNK_BYTES, HEADER_SCAN_BYTES])
def test_read_steps_hold_a_batch_header_many_times(size: int) -> None:
    assert size >= 100 * HEADER_SIZE


def test_remembered_places_have_a_bound() -> None:
    assert 0 < READ_POSITIONS_MAX <= 1024
