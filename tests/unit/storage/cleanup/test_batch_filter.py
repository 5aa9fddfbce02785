"""Batch filter: what compaction leaves of one batch, record by record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.cleanup.batch_filter import BatchFilter
from storage.cleanup.offset_map import OffsetMap
from storage.cleanup.transaction_filter import TransactionFilter
from storage.errors import CorruptBatch
from storage.format.batch import (
    Compression,
    checked_header,
    parse_header,
    stamp,
    stamp_log_append_time,
)
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.decoder import decode_records
from storage.format.record import NewRecord
from storage.producers.producer_state import ProducedBatch, Producer

NOW_MS = 1_700_000_000_000
RETENTION_MS = 1000


def filter_of(
    last: dict[bytes, int],
    *,
    end: int = 1000,
    now_ms: int = NOW_MS,
    producers: dict[int, Producer] | None = None,
) -> BatchFilter:
    offsets = OffsetMap(1 << 30)
    offsets.put(list(last), list(last.values()), end)
    return BatchFilter(
        offsets,
        TransactionFilter([]),
        producers or {},
        now_ms=now_ms,
        delete_retention_ms=RETENTION_MS,
    )


def batch_of(*parts: tuple[bytes | None, bytes | None], **more: object) -> bytes:
    """Return a batch at offset 10."""
    records = [NewRecord(NOW_MS + at, key, value) for at, (key, value) in enumerate(parts)]
    batch = build_batch(records, **more)  # type: ignore[arg-type]
    stamp(batch, 0, 10, 3)
    return bytes(batch)


def left(found: BatchFilter, batch: bytes, *, ends_segment: bool = False) -> bytes | None:
    """Return what is left of a batch, after a look at its header."""
    remains = found.remains(batch, checked_header(batch), ends_segment=ends_segment)
    if remains is None:
        return None
    assert checked_header(remains.batch) == remains.header
    return bytes(remains.batch)


def values(batch: bytes | None) -> list[bytes | None]:
    return [one.value for one in decode_records(batch)] if batch is not None else []


@given(
    st.lists(
        st.tuples(st.sampled_from([b"a", b"b", b"c", None]), st.binary(max_size=9)), min_size=1
    ),
    st.sampled_from(Compression),
    st.booleans(),
)
def test_records_that_nothing_replaces_stay_as_they_were(
    parts: list[tuple[bytes | None, bytes]], codec: Compression, is_append_time: bool
) -> None:
    made = bytearray(batch_of(*parts, compression=codec))
    if is_append_time:
        stamp_log_append_time(made, 0, NOW_MS + 77)
    batch = bytes(made)
    before = decode_records(batch)
    last = {one.key: one.offset for one in before if one.key is not None}
    wanted = [one for one in before if one.key is not None and last[one.key] == one.offset]

    found = left(filter_of(last), batch)

    assert (decode_records(found) if found is not None else []) == wanted
    if found is not None:
        old, new = parse_header(batch), parse_header(found)
        assert (old.base_offset, old.last_offset) == (new.base_offset, new.last_offset)
        assert new.compression is codec


def test_batch_above_the_map_stays_whole() -> None:
    batch = batch_of((b"k", b"1"), (None, b"2"))

    assert left(filter_of({b"k": 99}, end=10), batch) == batch


def test_tombstone_goes_with_the_first_run_after_its_horizon_and_not_before() -> None:
    batch = batch_of((b"k", None), (b"l", b"v"))
    last = {b"k": 10, b"l": 11}

    first = left(filter_of(last), batch)

    assert first is not None
    header = parse_header(first)
    assert header.has_delete_horizon
    assert header.base_timestamp_ms == NOW_MS + RETENTION_MS
    assert decode_records(first) == decode_records(batch)
    early = left(filter_of(last, now_ms=NOW_MS + RETENTION_MS - 1), first)
    assert early == first
    assert values(left(filter_of(last, now_ms=NOW_MS + RETENTION_MS), first)) == [b"v"]


def test_tombstone_that_is_replaced_sets_no_horizon() -> None:
    found = left(filter_of({b"k": 50, b"l": 11}), batch_of((b"k", None), (b"l", b"v")))

    assert found is not None
    assert not parse_header(found).has_delete_horizon
    assert values(found) == [b"v"]


def test_marker_without_a_transaction_sets_a_horizon_and_goes_after_it() -> None:
    marker = bytes(
        build_end_marker(
            EndMarker(ControlType.COMMIT, 0), producer_id=5, producer_epoch=0, timestamp_ms=NOW_MS
        )
    )

    first = left(filter_of({}), marker)

    assert first is not None
    assert parse_header(first).base_timestamp_ms == NOW_MS + RETENTION_MS
    assert left(filter_of({}, now_ms=NOW_MS + RETENTION_MS - 1), first) == first
    assert left(filter_of({}, now_ms=NOW_MS + RETENTION_MS), first) is None


def test_last_batch_of_a_producer_stays_and_says_its_sequence() -> None:
    batch = batch_of((b"k", b"1"), producer_id=5, producer_epoch=2, base_sequence=7)
    produced = ProducedBatch(7, 7, 10, 10)
    known = {5: Producer(epoch=2, batches=(produced,))}

    found = left(filter_of({b"k": 99}, producers=known), batch)

    assert found is not None
    header = parse_header(found)
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (5, 2, 7)
    assert (header.record_count, header.last_offset, values(found)) == (0, 10, [])
    assert left(filter_of({b"k": 99}), batch) is None


def test_segment_ends_where_it_ended() -> None:
    batch = batch_of((b"k", b"1"), (b"k", b"2"), producer_id=5, producer_epoch=2, base_sequence=7)

    found = left(filter_of({b"k": 99}), batch, ends_segment=True)

    assert found is not None
    header = parse_header(found)
    assert (header.base_offset, header.last_offset, header.record_count) == (10, 11, 0)
    assert (header.producer_id, header.max_timestamp_ms) == (-1, -1)


def test_batch_that_does_not_read_is_refused() -> None:
    batch = bytearray(batch_of((b"k", b"1")))
    header = checked_header(batch)
    batch[-5] ^= 0x7F

    with pytest.raises(CorruptBatch):
        filter_of({b"k": 99}).remains(bytes(batch[:-1]), header, ends_segment=False)
