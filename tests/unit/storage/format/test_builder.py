"""The builder: the header it writes, the records in it, and what it refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import InvalidBatch
from storage.format.batch import (
    HEADER_SIZE,
    NO_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    Compression,
    TimestampType,
    checked_header,
)
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from storage.format.record import NewRecord
from storage.format.varint import INT64_MAX, INT64_MIN, decode_varint

NULLABLE = st.none() | st.binary(max_size=40)
RECORDS = st.lists(
    st.builds(
        NewRecord,
        st.integers(0, 2**62),
        NULLABLE,
        NULLABLE,
        st.lists(st.tuples(st.binary(max_size=9), NULLABLE), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(records=RECORDS, base_offset=st.integers(0, 2**40))
def test_build_batch_holds_the_records_it_was_given(
    records: list[NewRecord], base_offset: int
) -> None:
    batch = build_batch(records, base_offset=base_offset)

    header = checked_header(batch)
    found = decode_records(batch)
    assert [one[1:] for one in found] == records
    assert [one.offset for one in found] == list(range(base_offset, header.next_offset))
    assert header.record_count == len(records)
    assert header.size == len(batch)
    assert header.base_timestamp_ms == records[0].timestamp_ms
    assert header.max_timestamp_ms == max(one.timestamp_ms for one in records)


def test_build_batch_leaves_what_was_not_given_undefined() -> None:
    header = checked_header(build_batch([NewRecord(1, None, b"v")]))

    assert header.partition_leader_epoch == NO_LEADER_EPOCH
    assert (header.producer_id, header.producer_epoch) == (NO_PRODUCER_ID, NO_PRODUCER_EPOCH)
    assert header.base_sequence == NO_SEQUENCE
    assert header.attributes == 0
    assert header.compression is Compression.NONE


def test_build_batch_writes_what_an_idempotent_producer_sends() -> None:
    batch = build_batch(
        [NewRecord(1, None, b"v")],
        leader_epoch=4,
        producer_id=2**40,
        producer_epoch=9,
        base_sequence=77,
    )

    header = checked_header(batch)
    assert header.partition_leader_epoch == 4
    assert (header.producer_id, header.producer_epoch) == (2**40, 9)
    assert header.base_sequence == 77


@settings(deadline=None)
@given(transactional=st.booleans(), control=st.booleans(), kind=st.sampled_from(TimestampType))
def test_build_batch_sets_each_attribute_by_itself(
    transactional: bool, control: bool, kind: TimestampType
) -> None:
    batch = build_batch(
        [NewRecord(1, None, b"v")],
        timestamp_type=kind,
        is_transactional=transactional,
        is_control=control,
    )

    header = checked_header(batch)
    assert header.is_transactional is transactional
    assert header.is_control is control
    assert header.timestamp_type is kind
    assert not header.has_delete_horizon


@pytest.mark.parametrize("size", [0, 63, 64, 8191, 8192, 16383, 16384, 20_000])
def test_build_batch_writes_sizes_on_both_sides_of_its_table(size: int) -> None:
    record = NewRecord(1, b"k" * size, b"v" * size, ((b"n" * size, b"h" * size),))

    batch = build_batch([record])

    assert decode_records(batch)[0][1:] == record
    body_size, start = decode_varint(batch, HEADER_SIZE)
    assert start + body_size == len(batch)


def test_build_batch_counts_offsets_beyond_its_table() -> None:
    batch = build_batch([(1, None, b"", ())] * 16_400)

    assert [one.offset for one in decode_records(batch)] == list(range(16_400))


@pytest.mark.parametrize("later", [-1, 1, 16_383, 16_384, -(2**40), 2**40])
def test_build_batch_keeps_timestamps_before_and_after_the_first(later: int) -> None:
    first = 2**41

    batch = build_batch([NewRecord(first, None, b"a"), NewRecord(first + later, None, b"b")])

    assert [one.timestamp_ms for one in decode_records(batch)] == [first, first + later]
    assert checked_header(batch).max_timestamp_ms == max(first, first + later)


def test_build_batch_refuses_no_records() -> None:
    with pytest.raises(InvalidBatch, match="at least one record"):
        build_batch([])


def test_build_batch_refuses_timestamps_too_far_apart() -> None:
    records = [NewRecord(INT64_MIN, None, b"a"), NewRecord(INT64_MAX, None, b"b")]

    with pytest.raises(InvalidBatch, match="further apart"):
        build_batch(records)
