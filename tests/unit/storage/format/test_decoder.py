"""The decoder: round trips, hostile bytes, and agreement with two independent implementations."""

import random
import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch as KafkaPythonBatch

from storage.errors import CorruptBatch
from storage.format.batch import HEADER_SIZE, LOG_OVERHEAD, Compression, checked_header
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from storage.format.record import NewRecord

NAMES = st.text(max_size=8).map(str.encode)
BYTES = st.none() | st.binary(max_size=300)
HEADERS = st.lists(st.tuples(NAMES, BYTES), max_size=3).map(tuple)
TIMES = st.integers(0, 2**62)
RECORDS = st.lists(st.builds(NewRecord, TIMES, BYTES, BYTES, HEADERS), min_size=1, max_size=20)


@given(RECORDS, st.integers(0, 2**40))
def test_decode_returns_what_was_built(records: list[NewRecord], base_offset: int) -> None:
    batch = build_batch(records, base_offset=base_offset)

    decoded = decode_records(batch)

    assert [tuple(record[1:]) for record in decoded] == [tuple(record) for record in records]
    assert [record.offset for record in decoded] == list(
        range(base_offset, base_offset + len(records))
    )


@given(RECORDS)
def test_aiokafka_reads_what_we_build(records: list[NewRecord]) -> None:
    batch = bytes(build_batch(records))

    read = list(DefaultRecordBatch(batch))

    assert [(one.timestamp, one.key, one.value) for one in read] == [
        (record.timestamp_ms, record.key, record.value) for record in records
    ]
    assert [tuple((name.encode(), value) for name, value in one.headers) for one in read] == [
        record.headers for record in records
    ]


@given(RECORDS)
def test_kafka_python_reads_what_we_build(records: list[NewRecord]) -> None:
    batch = KafkaPythonBatch(bytes(build_batch(records)))

    assert batch.validate_crc()
    assert [(one.timestamp, one.key, one.value) for one in batch] == [
        (record.timestamp_ms, record.key, record.value) for record in records
    ]


@given(RECORDS)
def test_decode_reads_what_aiokafka_builds(records: list[NewRecord]) -> None:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for number, record in enumerate(records):
        headers = [(name.decode(), value) for name, value in record.headers]
        builder.append(number, record.timestamp_ms, record.key, record.value, headers)

    batch = bytes(builder.build())

    assert checked_header(batch).record_count == len(records)
    assert [tuple(one[1:]) for one in decode_records(batch)] == [tuple(one) for one in records]


@pytest.mark.parametrize("codec", [one for one in Compression if one is not Compression.NONE])
def test_compressed_records_are_read_as_theirs_and_ours_is_read_by_theirs(
    codec: Compression,
) -> None:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    records = [NewRecord(1 + number, b"k", b"the same over and over" * 5) for number in range(50)]
    for number, record in enumerate(records):
        builder.append(number, record.timestamp_ms, record.key, record.value, [])
    theirs = bytes(builder.build())
    ours = bytes(build_batch(records, compression=codec))

    assert checked_header(theirs).compression is checked_header(ours).compression is codec
    assert [tuple(one[1:]) for one in decode_records(theirs)] == [tuple(one) for one in records]
    found = DefaultRecordBatch(ours)
    assert found.validate_crc()
    assert [(one.timestamp, one.key, one.value) for one in found] == [one[:3] for one in records]


@given(st.sampled_from(list(Compression)), st.binary(max_size=100))
def test_any_bytes_behind_a_header_are_records_or_corrupt(codec: Compression, body: bytes) -> None:
    batch = build_batch([NewRecord(1, None, b"v")])
    batch[HEADER_SIZE:] = body
    struct.pack_into(">i", batch, 8, len(batch) - LOG_OVERHEAD)
    struct.pack_into(">h", batch, 21, codec)

    try:
        found = decode_records(batch)
    except CorruptBatch:
        return
    assert len(found) == 1


def test_decode_refuses_every_truncation() -> None:
    batch = bytes(build_batch([NewRecord(1, b"k", b"v" * 200, ((b"h", b"x"),))] * 3))

    for size in range(len(batch)):
        with pytest.raises(CorruptBatch):
            decode_records(batch[:size])


@pytest.mark.slow
def test_decode_survives_mutations() -> None:
    chance = random.Random(3)
    batch = bytes(build_batch([NewRecord(1, b"key", b"v" * 90, ((b"h", b"x"),))] * 5))
    refused = 0
    for _ in range(200_000):
        mutated = bytearray(batch)
        for _ in range(chance.randrange(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            decode_records(mutated)
        except CorruptBatch:
            refused += 1
    assert refused > 10_000
