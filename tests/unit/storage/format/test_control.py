"""End markers: there and back, Kafka's bytes, two independent readers, hostile bytes."""

import struct

import pytest
from aiokafka.record.control_record import ABORT_MARKER, COMMIT_MARKER, ControlRecord
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch as KafkaPythonBatch

from storage.errors import CorruptBatch
from storage.format.batch import checked_header
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker, read_end_marker
from storage.format.decoder import decode_records

INT16 = st.integers(-(2**15), 2**15 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
MARKERS = st.builds(EndMarker, st.sampled_from(ControlType), INT32)
NOW_MS = 1_700_000_000_000
COMMIT = EndMarker(ControlType.COMMIT, 7)


def build(marker: EndMarker = COMMIT) -> bytes:
    return bytes(build_end_marker(marker, producer_id=4000, producer_epoch=3, timestamp_ms=NOW_MS))


def control_batch(key: bytes | None, value: bytes | None) -> bytes:
    """Return a control batch that says anything."""
    return bytes(build_batch([(NOW_MS, key, value, ())], producer_id=1, is_control=True))


@given(
    marker=MARKERS,
    producer_id=st.integers(0, 2**63 - 1),
    producer_epoch=st.integers(0, 2**15 - 1),
    timestamp_ms=st.integers(0, 2**62),
)
def test_marker_comes_back_as_it_was_built(
    marker: EndMarker, producer_id: int, producer_epoch: int, timestamp_ms: int
) -> None:
    batch = build_end_marker(
        marker, producer_id=producer_id, producer_epoch=producer_epoch, timestamp_ms=timestamp_ms
    )

    header = checked_header(batch)
    assert read_end_marker(batch) == marker
    assert header.is_control
    assert header.is_transactional
    assert (header.producer_id, header.producer_epoch) == (producer_id, producer_epoch)
    assert (header.base_sequence, header.record_count, header.last_offset_delta) == (-1, 1, 0)
    assert header.base_timestamp_ms == header.max_timestamp_ms == timestamp_ms


@pytest.mark.parametrize(("kind", "number"), [(ControlType.ABORT, 0), (ControlType.COMMIT, 1)])
def test_marker_has_kafkas_key_and_value(kind: ControlType, number: int) -> None:
    (record,) = decode_records(build(EndMarker(kind, 9)))

    assert record.key == struct.pack(">hh", 0, number)
    assert record.value == struct.pack(">hi", 0, 9)
    assert record.headers == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(ControlType.ABORT, ABORT_MARKER), (ControlType.COMMIT, COMMIT_MARKER)],
)
def test_aiokafka_reads_the_marker(kind: ControlType, expected: ControlRecord) -> None:
    batch = DefaultRecordBatch(build(EndMarker(kind, 9)))

    assert batch.is_control_batch
    assert batch.is_transactional
    assert (batch.producer_id, batch.validate_crc()) == (4000, True)
    (record,) = list(batch)
    assert record.key is not None
    assert ControlRecord.parse(record.key) == expected


@pytest.mark.parametrize("kind", list(ControlType))
def test_kafka_python_reads_the_marker(kind: ControlType) -> None:
    batch = KafkaPythonBatch(build(EndMarker(kind, 9)))

    assert batch.validate_crc()
    assert batch.is_control_batch
    assert batch.is_transactional
    assert (batch.producer_id, batch.producer_epoch) == (4000, 3)
    (record,) = list(batch)
    assert (record.version, record.type) == (0, kind)
    assert (record.abort, record.commit) == (kind == 0, kind == 1)


@given(before=st.binary(max_size=80), marker=MARKERS, behind=st.binary(max_size=80))
def test_marker_is_read_at_its_position_among_other_bytes(
    before: bytes, marker: EndMarker, behind: bytes
) -> None:
    buffer = before + build(marker) + behind

    assert read_end_marker(memoryview(buffer), len(before)) == marker


@given(number=INT16.filter(lambda number: number not in (0, 1)), value=st.none() | st.binary())
def test_type_that_is_not_known_is_no_end_marker(number: int, value: bytes | None) -> None:
    batch = control_batch(struct.pack(">hh", 0, number), value)

    assert read_end_marker(batch) is None


def test_empty_batch_that_compaction_left_is_no_end_marker() -> None:
    batch = bytearray(build()[:61])
    struct.pack_into(">i", batch, 8, 61 - 12)
    struct.pack_into(">i", batch, 57, 0)

    assert read_end_marker(batch) is None


@given(
    marker=MARKERS,
    key_version=st.integers(0, 9),
    value_version=st.integers(0, 9),
    more=st.binary(max_size=9),
)
def test_later_versions_with_more_fields_are_read(
    marker: EndMarker, key_version: int, value_version: int, more: bytes
) -> None:
    key = struct.pack(">hh", key_version, marker.type) + more
    value = struct.pack(">hi", value_version, marker.coordinator_epoch) + more

    assert read_end_marker(control_batch(key, value)) == marker


@pytest.mark.parametrize("key", [None, b"", b"\x00\x00\x00"])
def test_record_without_a_type_is_corrupt(key: bytes | None) -> None:
    with pytest.raises(CorruptBatch, match="no type"):
        read_end_marker(control_batch(key, b"\x00" * 6))


@pytest.mark.parametrize("value", [None, b"", b"\x00" * 5])
@pytest.mark.parametrize("kind", list(ControlType))
def test_marker_without_a_coordinator_epoch_is_corrupt(
    kind: ControlType, value: bytes | None
) -> None:
    with pytest.raises(CorruptBatch, match="no coordinator epoch"):
        read_end_marker(control_batch(struct.pack(">hh", 0, kind), value))


def test_marker_cut_off_anywhere_is_corrupt() -> None:
    batch = build()

    for size in range(len(batch)):
        with pytest.raises(CorruptBatch):
            read_end_marker(batch[:size])


def test_any_bit_flipped_reads_as_something_or_is_corrupt() -> None:
    batch = build()

    for bit in range(len(batch) * 8):
        damaged = bytearray(batch)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            read = read_end_marker(damaged)
        except CorruptBatch:
            continue
        assert read is None or isinstance(read, EndMarker)


@given(body=st.binary(max_size=60), attributes=st.integers(0, 0x7F), count=st.integers(0, 5))
def test_any_bytes_behind_a_header_read_as_something_or_are_corrupt(
    body: bytes, attributes: int, count: int
) -> None:
    batch = bytearray(build()[:61]) + body
    struct.pack_into(">i", batch, 8, len(batch) - 12)
    struct.pack_into(">h", batch, 21, attributes)
    struct.pack_into(">i", batch, 57, count)

    try:
        read = read_end_marker(batch)
    except CorruptBatch:
        return
    assert read is None or isinstance(read, EndMarker)
