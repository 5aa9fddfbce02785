"""Validation: every refusal of a client's batches, and what passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.config import LogConfig, parse_config
from storage.errors import (
    BatchTooLarge,
    CorruptBatch,
    InvalidBatch,
    InvalidTimestamp,
    InvalidTransaction,
    LogError,
)
from storage.format.batch import (
    COMPRESSION_MASK,
    DELETE_HORIZON_BIT,
    HEADER,
    HEADER_SIZE,
    BatchHeader,
    Compression,
    checked_header,
    parse_header,
)
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.crc import crc32c
from storage.format.decoder import decode_records
from storage.format.record import NewRecord
from storage.validation import Origin, prepare_for_append, validate_for_append

NOW_MS = 1_700_000_000_000
CONFIG = parse_config({})
NARROW = parse_config(
    {"message.timestamp.before.max.ms": "1000", "message.timestamp.after.max.ms": "2000"}
)


def batch_at(*timestamps_ms: int) -> bytearray:
    return build_batch([NewRecord(time_ms, None, b"v") for time_ms in timestamps_ms])


def with_fields(batch: bytearray, **fields: int) -> bytearray:
    """Return a batch with other numbers in its header, its checksum right."""
    places = {"attributes": 5, "last_offset_delta": 6, "base_ms": 7, "max_ms": 8, "count": 12}
    values = list(HEADER.unpack_from(batch))
    for name, value in fields.items():
        values[places[name]] = value
    changed = bytearray(batch)
    HEADER.pack_into(changed, 0, *values)
    values[4] = crc32c(memoryview(changed)[21:])
    HEADER.pack_into(changed, 0, *values)
    return changed


def test_validate_returns_position_and_header_of_each_batch() -> None:
    first, second = batch_at(NOW_MS, NOW_MS), batch_at(NOW_MS)

    found = validate_for_append(first + second, CONFIG, NOW_MS)

    assert [position for position, _ in found] == [0, len(first)]
    assert [header.record_count for _, header in found] == [2, 1]
    assert [header.size for _, header in found] == [len(first), len(second)]


def test_validate_refuses_no_batch() -> None:
    with pytest.raises(InvalidBatch, match="no batch"):
        validate_for_append(b"", CONFIG, NOW_MS)


@settings(deadline=None)
@given(kept=st.integers(1, 137), flipped=st.integers(16, 10_000))
def test_validate_refuses_batches_cut_off_or_damaged_anywhere(kept: int, flipped: int) -> None:
    batches = batch_at(NOW_MS) + batch_at(NOW_MS)
    assert len(batches) == 138
    damaged = bytearray(batches)
    damaged[69 + 16 + flipped % 53] ^= 1 + flipped % 255

    if kept != 69:
        with pytest.raises(CorruptBatch):
            validate_for_append(batches[:kept], CONFIG, NOW_MS)
    with pytest.raises(CorruptBatch):
        validate_for_append(damaged, CONFIG, NOW_MS)


def test_validate_refuses_a_batch_one_byte_too_large() -> None:
    batch = batch_at(NOW_MS)
    fits = parse_config({"max.message.bytes": str(len(batch))})
    too_small = parse_config({"max.message.bytes": str(len(batch) - 1)})

    assert len(validate_for_append(batch, fits, NOW_MS)) == 1
    with pytest.raises(BatchTooLarge) as refused:
        validate_for_append(batch, too_small, NOW_MS)
    assert (refused.value.size, refused.value.maximum) == (len(batch), len(batch) - 1)


def test_validate_measures_each_batch_by_itself() -> None:
    batch = batch_at(NOW_MS)
    fits = parse_config({"max.message.bytes": str(len(batch))})

    assert len(validate_for_append(batch * 5, fits, NOW_MS)) == 5


@pytest.mark.parametrize(("delta", "count"), [(0, 2), (2, 2), (0, 0), (5, 1)])
def test_validate_refuses_a_record_count_that_is_not_the_offsets(delta: int, count: int) -> None:
    batch = with_fields(batch_at(NOW_MS, NOW_MS), last_offset_delta=delta, count=count)

    with pytest.raises(InvalidBatch, match=f"{count} records cannot end at offset delta {delta}"):
        validate_for_append(batch, CONFIG, NOW_MS)


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (build_batch([NewRecord(NOW_MS, b"k", b"v")], is_control=True), "control"),
        (with_fields(batch_at(NOW_MS), attributes=DELETE_HORIZON_BIT), "delete horizon"),
    ],
)
def test_validate_refuses_batches_that_only_brokers_write(batch: bytearray, reason: str) -> None:
    with pytest.raises(InvalidBatch, match=reason):
        validate_for_append(batch, CONFIG, NOW_MS)


def test_markers_are_the_coordinator_s_and_transactions_those_it_has_confirmed() -> None:
    record = [NewRecord(NOW_MS, b"k", b"v")]
    producer = {"producer_id": 7, "producer_epoch": 0, "base_sequence": 0}
    data = build_batch(record, is_transactional=True, **producer)
    marker = build_end_marker(
        EndMarker(ControlType.COMMIT, 0), producer_id=7, producer_epoch=0, timestamp_ms=NOW_MS
    )

    with pytest.raises(InvalidTransaction):
        validate_for_append(data, CONFIG, NOW_MS)
    for origin in (Origin.CLIENT, Origin.VERIFIED):
        with pytest.raises(InvalidBatch, match="control"):
            validate_for_append(marker, CONFIG, NOW_MS, origin)

    assert len(validate_for_append(data, CONFIG, NOW_MS, Origin.VERIFIED)) == 1
    assert len(validate_for_append(marker, CONFIG, NOW_MS, Origin.COORDINATOR)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"producer_id": -2, "producer_epoch": 0, "base_sequence": 0},
        {"producer_id": 7, "producer_epoch": -1, "base_sequence": 0},
        {"producer_id": 7, "producer_epoch": 0, "base_sequence": -1},
        {"producer_id": -1, "is_transactional": True},
    ],
)
def test_producer_s_fields_must_fit_each_other(fields: dict[str, int]) -> None:
    batch = build_batch([NewRecord(NOW_MS, b"k", b"v")], **fields)  # type: ignore[arg-type]

    with pytest.raises(InvalidBatch):
        validate_for_append(batch, CONFIG, NOW_MS, Origin.VERIFIED)


def test_a_sequence_without_a_producer_means_nothing() -> None:
    """aiokafka sends 0, and Kafka's ``LogValidator`` looks at it of producers only."""
    batch = build_batch([NewRecord(NOW_MS, b"k", b"v")], producer_id=-1, base_sequence=0)

    ((position, header),) = validate_for_append(batch, CONFIG, NOW_MS)

    assert (position, header.base_sequence) == (0, 0)


def test_idempotent_batches_come_one_by_one() -> None:
    batch = build_batch(
        [NewRecord(NOW_MS, b"k", b"v")], producer_id=7, producer_epoch=0, base_sequence=0
    )

    with pytest.raises(InvalidBatch, match="one by one"):
        validate_for_append(batch + batch, CONFIG, NOW_MS)


@pytest.mark.parametrize("codec", range(COMPRESSION_MASK + 1))
def test_validate_takes_kafkas_five_codecs_and_no_other(codec: int) -> None:
    batch = with_fields(batch_at(NOW_MS), attributes=codec)

    if codec <= 4:
        assert validate_for_append(batch, CONFIG, NOW_MS)[0][1].compression == codec
    else:
        with pytest.raises(CorruptBatch, match=f"number {codec}"):
            validate_for_append(batch, CONFIG, NOW_MS)


@pytest.mark.parametrize("timestamps_ms", [(NOW_MS - 1000,), (NOW_MS + 2000,), (NOW_MS,)])
def test_validate_takes_timestamps_up_to_the_topics_bounds(timestamps_ms: tuple[int, ...]) -> None:
    assert len(validate_for_append(batch_at(*timestamps_ms), NARROW, NOW_MS)) == 1


@pytest.mark.parametrize(
    ("timestamps_ms", "reason"),
    [
        ((NOW_MS - 1001,), "message.timestamp.before.max.ms=1000 before now"),
        ((NOW_MS - 1001, NOW_MS), "message.timestamp.before.max.ms=1000 before now"),
        ((NOW_MS, NOW_MS - 1001, NOW_MS), "message.timestamp.before.max.ms=1000 before now"),
        ((NOW_MS + 2001,), "message.timestamp.after.max.ms=2000 after now"),
        ((NOW_MS, NOW_MS + 2001, NOW_MS), "message.timestamp.after.max.ms=2000 after now"),
    ],
)
def test_validate_refuses_timestamps_beyond_the_topics_bounds(
    timestamps_ms: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(InvalidTimestamp, match=reason):
        validate_for_append(batch_at(*timestamps_ms), NARROW, NOW_MS)


@pytest.mark.parametrize("codec", list(Compression))
def test_record_that_is_too_old_is_found_in_the_middle_of_a_compressed_batch(
    codec: Compression,
) -> None:
    records = [NewRecord(NOW_MS - back, None, b"v") for back in (0, 1001, 0)]

    with pytest.raises(InvalidTimestamp, match=f"timestamp {NOW_MS - 1001} is more than"):
        validate_for_append(build_batch(records, compression=codec), NARROW, NOW_MS)


@pytest.mark.parametrize(("base_ms", "max_ms"), [(-5, NOW_MS), (-2, -2), (-5, -1), (-1, NOW_MS)])
def test_validate_refuses_timestamps_before_1970(base_ms: int, max_ms: int) -> None:
    batch = with_fields(batch_at(NOW_MS), base_ms=base_ms, max_ms=max_ms)

    with pytest.raises(InvalidTimestamp, match="before 1970"):
        validate_for_append(batch, CONFIG, NOW_MS)


def test_validate_takes_a_batch_without_timestamps() -> None:
    batch = with_fields(batch_at(NOW_MS), base_ms=-1, max_ms=-1)

    assert len(validate_for_append(batch, NARROW, NOW_MS)) == 1


def test_validate_ignores_timestamps_that_the_log_will_replace() -> None:
    config = parse_config(
        {
            "message.timestamp.type": "LogAppendTime",
            "message.timestamp.before.max.ms": "0",
            "message.timestamp.after.max.ms": "0",
        }
    )

    assert len(validate_for_append(batch_at(1, NOW_MS * 2), config, NOW_MS)) == 1


@pytest.mark.parametrize("config", [CONFIG, NARROW])
@settings(deadline=None)
@given(data=st.binary(min_size=1, max_size=2 * HEADER_SIZE))
def test_validate_refuses_any_other_bytes(config: LogConfig, data: bytes) -> None:
    with pytest.raises(LogError):
        validate_for_append(data, config, NOW_MS)


def prepared(batch: bytearray, **configs: str) -> tuple[bytearray, list[tuple[int, BatchHeader]]]:
    config = parse_config({name.replace("_", "."): value for name, value in configs.items()})
    found = validate_for_append(batch, config, NOW_MS)
    return prepare_for_append(batch, found, config)


@pytest.mark.parametrize("codec", list(Compression))
@pytest.mark.parametrize("wanted", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_topic_compresses_as_it_says_and_records_stay(codec: Compression, wanted: str) -> None:
    records = [NewRecord(NOW_MS + number, b"k", b"same" * 9) for number in range(20)]
    producer = {"producer_id": 7, "producer_epoch": 2, "base_sequence": 5}
    sent = build_batch(records, compression=codec, **producer)

    batch, found = prepared(bytearray(sent), compression_type=wanted)

    ((position, header),) = found
    expected = Compression.NONE if wanted == "uncompressed" else Compression[wanted.upper()]
    assert checked_header(batch, position) == header
    assert header.compression is expected
    assert decode_records(batch) == decode_records(sent)
    kept = parse_header(sent)._replace(batch_length=0, crc=0, attributes=0)
    assert header._replace(batch_length=0, crc=0, attributes=0) == kept


@pytest.mark.parametrize("codec", list(Compression))
def test_producer_s_compression_is_left_as_it_is(codec: Compression) -> None:
    sent = build_batch([NewRecord(NOW_MS, b"k", b"v" * 99)], compression=codec)

    batch, _ = prepared(sent)

    assert batch is sent


def test_several_batches_are_compressed_each_by_itself() -> None:
    one = build_batch([NewRecord(NOW_MS, b"k", b"v" * 99)])

    batch, found = prepared(one * 3, compression_type="zstd", compression_zstd_level="1")

    assert [checked_header(batch, position) for position, _ in found] == [one[1] for one in found]
    assert sum(header.size for _, header in found) == len(batch)


def test_batch_that_outgrows_the_bound_uncompressed_is_refused() -> None:
    sent = build_batch([NewRecord(NOW_MS, b"k", b"v" * 5000)], compression=Compression.GZIP)

    with pytest.raises(BatchTooLarge):
        prepared(sent, compression_type="uncompressed", max_message_bytes="2000")


@pytest.mark.parametrize("codec", [Compression.NONE, Compression.ZSTD])
def test_compacted_topic_needs_keys(codec: Compression) -> None:
    keyed = NewRecord(NOW_MS, b"", b"v")
    good = build_batch([keyed, keyed], compression=codec)
    bad = build_batch([keyed, NewRecord(NOW_MS, None, b"v")], compression=codec)

    assert prepared(good, cleanup_policy="compact")[0] is good
    assert prepared(bad)[0] is bad
    for policy in ("compact", "compact,delete"):
        with pytest.raises(InvalidBatch, match="without a key"):
            prepared(bad, cleanup_policy=policy)


def test_what_does_not_open_is_refused_where_it_must_be_opened() -> None:
    sent = build_batch([NewRecord(NOW_MS, b"k", b"v" * 99)])
    sent[22] |= Compression.ZSTD
    damaged = with_fields(sent)

    assert prepared(damaged)[0] is damaged
    for configs in ({"cleanup_policy": "compact"}, {"compression_type": "gzip"}):
        with pytest.raises(CorruptBatch):
            prepared(damaged, **configs)
