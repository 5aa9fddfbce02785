"""Record spans: where records lie, told as the decoder tells it; malformed bytes are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CorruptBatch
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.decoder import decode_records, records_data
from storage.format.record import NewRecord
from storage.format.record_spans import (
    RecordSpans,
    kept_records,
    moved_timestamps,
    record_spans,
    timestamp_deltas,
)

BYTES = st.one_of(st.none(), st.binary(max_size=20), st.just(b"x" * 200), st.just(b"y" * 20_000))
RECORDS = st.lists(
    st.builds(
        NewRecord,
        st.integers(0, 1 << 40),
        BYTES,
        BYTES,
        st.lists(st.tuples(st.binary(max_size=5), BYTES), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=130,
)


def spans_of(records: list[NewRecord]) -> tuple[bytes, RecordSpans]:
    batch = build_batch(records)
    header = parse_header(batch)
    data = records_data(batch, 0, header)
    return bytes(data), record_spans(bytes(data), header.record_count)


@given(RECORDS)
def test_keys_tombstones_and_places_are_what_the_decoder_finds(records: list[NewRecord]) -> None:
    data, spans = spans_of(records)
    base_ms = records[0].timestamp_ms

    assert spans.offset_deltas == list(range(len(records)))
    assert spans.keys == [one.key for one in records]
    assert spans.tombstones == [one.value is None for one in records]
    assert [base_ms + delta for delta in timestamp_deltas(data, spans)] == [
        one.timestamp_ms for one in records
    ]
    assert spans.ends[-1] == len(data)


@given(RECORDS, st.data())
def test_records_that_are_kept_are_as_they_were(
    records: list[NewRecord], data: st.DataObject
) -> None:
    bytes_before, spans = spans_of(records)
    keep = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))

    kept = kept_records(bytes_before, spans, keep)

    again = record_spans(kept, sum(keep))
    assert again.keys == [one.key for one, wanted in zip(records, keep, strict=True) if wanted]
    assert again.offset_deltas == [number for number, wanted in enumerate(keep) if wanted]


@given(RECORDS, st.integers(-(1 << 40), 1 << 40))
def test_timestamps_move_and_nothing_else(records: list[NewRecord], shift_ms: int) -> None:
    data, spans = spans_of(records)
    deltas = [delta + shift_ms for delta in timestamp_deltas(data, spans)]

    moved = moved_timestamps(data, spans, [True] * len(records), deltas)

    again = record_spans(moved, len(records))
    assert timestamp_deltas(moved, again) == deltas
    assert (again.keys, again.tombstones) == (spans.keys, spans.tombstones)


@given(RECORDS, st.data())
def test_damaged_bytes_are_refused_or_read_as_records(
    records: list[NewRecord], data: st.DataObject
) -> None:
    before, _ = spans_of(records[:3])
    damaged = bytearray(before[:300])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        spans = record_spans(bytes(damaged), min(3, len(records)))
    except CorruptBatch:
        return
    assert spans.ends[-1] == len(damaged)


@pytest.mark.parametrize("count", [0, 2, 100])
def test_another_number_of_records_than_promised_is_refused(count: int) -> None:
    data, _ = spans_of([NewRecord(0, b"k", b"v")])

    with pytest.raises(CorruptBatch):
        record_spans(data, count)


def test_decoder_agrees_on_a_real_batch() -> None:
    batch = build_batch([NewRecord(5, b"k", None), NewRecord(6, None, b"v")])
    data, spans = spans_of([NewRecord(5, b"k", None), NewRecord(6, None, b"v")])

    assert [one.key for one in decode_records(batch)] == spans.keys
    assert len(data) == spans.ends[-1]
