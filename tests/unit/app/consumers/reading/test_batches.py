"""What is cut out of a read: no record left out, none twice, limits kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.reading.batches import Cut, Limits, cut
from storage.errors import CorruptBatch
from storage.format.batch import stamp
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.crc import crc32c
from storage.format.decoder import decode_records
from storage.segments.txn_index import AbortedTransaction
from tests.support.consumers import NOW_MS, batch_at, compacted

ALL = Limits(1 << 31, 1 << 31)


def offsets(data: bytes, found: Cut) -> list[int]:
    return [
        record.offset
        for batch in found.batches
        for record in decode_records(data, batch.position)
        if batch.first_offset <= record.offset < batch.end_offset
    ]


def marker_at(offset: int, producer_id: int) -> bytes:
    marker = build_end_marker(
        EndMarker(type=ControlType.ABORT, coordinator_epoch=0),
        producer_id=producer_id,
        producer_epoch=0,
        timestamp_ms=NOW_MS,
    )
    stamp(marker, 0, offset, 0)
    return bytes(marker)


@st.composite
def logs(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    """Return batches as a log may hold them, and the offsets that readers are to see."""
    data, seen, at = b"", [], draw(st.integers(0, 3))
    for kind in draw(
        st.lists(st.sampled_from(["dense", "compacted", "marker", "gap"]), max_size=6)
    ):
        count = draw(st.integers(1, 6))
        if kind == "dense":
            data += batch_at(at, count)
            seen += range(at, at + count)
        elif kind == "compacted":
            kept = draw(st.sets(st.integers(at, at + count - 1)))
            data += compacted(batch_at(at, count), kept)
            seen += sorted(kept)
        elif kind == "marker":
            count = 1
            data += marker_at(at, 7)
        at += count
    return data, seen


@given(logs(), st.integers(0, 9), st.data())
def test_cuts_one_after_another_hand_out_every_record_once(
    log: tuple[bytes, list[int]], start: int, data: st.DataObject
) -> None:
    buffer, seen = log
    got: list[int] = []
    offset, at = start, 0
    for _ in range(200):
        limits = Limits(data.draw(st.integers(1, 5)), data.draw(st.integers(1, 400)))
        found = cut(buffer, at, offset, limits)
        handed = offsets(buffer, found)
        assert len(handed) == found.record_count <= limits.records_max
        assert found.size <= limits.bytes_max or len(found.batches) == 1
        assert found.next_offset >= offset
        got += handed
        offset, at = found.next_offset, found.resume_at
        if at == len(buffer):
            break

    assert at == len(buffer)
    assert got == [one for one in seen if one >= start]


@given(logs(), st.integers(0, 9))
def test_without_limits_all_comes_at_once(log: tuple[bytes, list[int]], start: int) -> None:
    found = cut(log[0], 0, start, ALL)

    assert offsets(log[0], found) == [one for one in log[1] if one >= start]
    assert found.resume_at == len(log[0])


def test_a_batch_that_alone_is_too_large_is_cut_in_proportion() -> None:
    data = batch_at(0, 100, value=b"x" * 100)

    found = cut(data, 0, 0, Limits(1000, len(data) // 10 + 1))
    first = cut(data, 0, 0, Limits(1000, 1))

    assert found.record_count == 10
    assert found.size <= len(data) // 10 + 1
    assert first.record_count == 1


def test_batches_of_aborted_transactions_are_passed_over() -> None:
    aborted = batch_at(
        0, 2, producer_id=7, producer_epoch=0, base_sequence=0, is_transactional=True
    )
    other = batch_at(2, 2, producer_id=8, producer_epoch=0, base_sequence=0, is_transactional=True)
    later = batch_at(5, 1, producer_id=7, producer_epoch=0, base_sequence=2, is_transactional=True)
    data = aborted + other + marker_at(4, 7) + later

    found = cut(data, 0, 0, ALL, [AbortedTransaction(7, 0, 4, 4)])

    assert offsets(data, found) == [2, 3, 5]


def test_a_damaged_batch_ends_the_cut_before_it_and_refuses_the_next() -> None:
    good, bad = batch_at(0, 2, leader_epoch=3), bytearray(batch_at(2, 2))
    bad[-1] ^= 1
    data = good + bytes(bad)

    found = cut(data, 0, 0, ALL)

    assert (offsets(data, found), found.next_offset, found.leader_epoch) == ([0, 1], 2, 3)
    with pytest.raises(CorruptBatch):
        cut(data, found.resume_at, found.next_offset, ALL)


def test_a_sparse_batch_that_nobody_can_open_counts_as_one_record() -> None:
    sparse = bytearray(compacted(batch_at(0, 4), {0, 3}))
    sparse[61] = 0xFF  # the first record's length
    sparse[17:21] = crc32c(bytes(sparse[21:])).to_bytes(4, "big")

    found = cut(bytes(sparse), 0, 1, ALL)

    assert (found.record_count, found.next_offset) == (1, 4)
