"""Shared reads: found by their bytes, cut as if alone, and never more than their bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.reading.batches import Limits, cut
from app.consumers.reading.shared_reads import (
    CUTS_MAX,
    READS_MAX,
    SHARED_BYTES_MAX,
    SharedRead,
    SharedReads,
)
from storage.errors import CorruptBatch
from tests.support.consumers import batch_at

EVERYTHING = Limits(1 << 31, 1 << 31)
THREE = batch_at(0, 4) + batch_at(4, 1) + batch_at(5, 3)


def test_readers_of_the_same_bytes_share_a_copy_and_what_was_cut_of_it() -> None:
    reads = SharedReads()

    first, second = reads.find(bytearray(THREE)), reads.find(THREE)

    assert first is second is not None
    found = first.cut(2, EVERYTHING)
    assert found.made is not None
    assert second.cut(2, EVERYTHING) is found
    assert first.cut(3, EVERYTHING).made is not found.made
    assert reads.find(batch_at(0, 4)) is not first


@given(st.integers(0, 7), st.integers(1, 9), st.integers(1, 400))
def test_a_cut_is_what_it_is_without_others(offset: int, records_max: int, bytes_max: int) -> None:
    read = SharedRead(THREE)
    read.cut(offset, EVERYTHING)

    found = read.cut(offset, Limits(records_max, bytes_max))

    assert found._replace(made=None) == cut(THREE, 0, offset, Limits(records_max, bytes_max))


def test_what_is_cut_at_a_limit_is_nobody_elses() -> None:
    assert SharedRead(THREE).cut(0, Limits(2, 1 << 31)).made is None


def test_damage_is_told_to_each() -> None:
    damaged = bytearray(THREE)
    damaged[80] ^= 1
    read = SharedRead(bytes(damaged))

    for _ in range(2):
        with pytest.raises(CorruptBatch):
            read.cut(0, EVERYTHING)


def test_what_is_kept_has_bounds() -> None:
    reads = SharedReads()
    old = reads.find(THREE)

    for number in range(READS_MAX):
        assert reads.find(THREE) is old
        reads.find(batch_at(number, 1))

    assert len(reads) == READS_MAX
    assert reads.find(THREE) is old
    assert reads.find(batch_at(0, 1)) is not None
    assert reads.find(bytes(SHARED_BYTES_MAX + 1)) is None
    read = SharedRead(THREE)
    for offset in range(CUTS_MAX):
        read.cut(offset, EVERYTHING)
    assert read.cut(6, EVERYTHING).made is not read.cut(6, EVERYTHING).made
