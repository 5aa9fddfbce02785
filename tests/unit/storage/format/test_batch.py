"""Batch headers: golden bytes, stamping, checksums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CorruptBatch
from storage.format.batch import (
    HEADER_SIZE,
    TimestampType,
    checked_header,
    iterate_headers,
    parse_header,
    stamp,
    stamp_log_append_time,
    whole_batches_size,
)
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from storage.format.record import NewRecord

RECORD = NewRecord(1_700_000_000_000, b"k", b"v", ((b"h", None),))


def test_golden_batch_has_the_bytes_that_kafka_writes() -> None:
    batch = build_batch([NewRecord(1000, None, b"a")], base_offset=5, leader_epoch=3)

    assert batch[:21].hex() == "0000000000000005000000390000000302" + batch[17:21].hex()
    assert batch[21:61].hex() == (
        "00000000000000000000000003e800000000000003e8ffffffffffffffffffffffffffff00000001"
    )
    assert batch[61:].hex() == "0e00000001026100"


def test_stamp_keeps_the_checksum_right() -> None:
    batch = build_batch([RECORD])

    stamp(batch, 0, 77, 9)

    header = checked_header(batch)
    assert (header.base_offset, header.partition_leader_epoch) == (77, 9)
    assert decode_records(batch)[0].offset == 77


def test_stamp_log_append_time_gives_every_record_that_time() -> None:
    batch = build_batch([RECORD, RECORD])

    stamp_log_append_time(batch, 0, 42)

    assert checked_header(batch).timestamp_type is TimestampType.LOG_APPEND_TIME
    assert [record.timestamp_ms for record in decode_records(batch)] == [42, 42]


@given(st.integers(21, 80), st.integers(0, 7))
def test_checked_header_refuses_a_flipped_bit(position: int, bit: int) -> None:
    batch = build_batch([RECORD] * 2)
    batch[position % len(batch)] ^= 1 << bit

    if position % len(batch) >= 17:
        with pytest.raises(CorruptBatch):
            checked_header(batch)


@given(st.integers(0, 200))
def test_whole_batches_leave_out_what_is_cut_off(size: int) -> None:
    batch = build_batch([RECORD])
    data = bytes(batch * 3)[:size]

    assert whole_batches_size(data) == size // len(batch) * len(batch)
    assert [position for position, _ in iterate_headers(data)] == list(
        range(0, size // len(batch) * len(batch), len(batch))
    )


@given(st.binary(max_size=200))
def test_parse_header_never_raises_anything_else(data: bytes) -> None:
    try:
        header = parse_header(data)
    except CorruptBatch:
        return
    assert len(data) >= HEADER_SIZE
    assert header.magic == 2
