"""Snapshots of the producer state: there and back, Kafka's bytes, damage, which one is read."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DiskError
from storage.files import Disk
from storage.format.crc import crc32c
from storage.producers.producer_snapshots import (
    MalformedSnapshot,
    decode_snapshot,
    encode_snapshot,
    read_latest_snapshot,
    remove_snapshots,
    snapshot_offsets,
    snapshot_path,
    write_snapshot,
)
from storage.producers.producer_state import (
    BATCHES_KEPT,
    SEQUENCE_MAX,
    ProducedBatch,
    Producer,
    sequence_after,
)
from tests.support.failing_disk import FailingDisk

IN_TRANSACTION = Producer(
    epoch=3,
    batches=(ProducedBatch(10, 14, 100, 104),),
    coordinator_epoch=6,
    seen_ms=1_700_000_000_000,
    transaction_start=98,
)
MARKER_ONLY = Producer(epoch=1, coordinator_epoch=2, seen_ms=5)
SOME = {4000: IN_TRANSACTION, 7: MARKER_ONLY}
GOLDEN = bytes.fromhex(
    "00000002"
    "0000000000000fa0 0003 0000000e 0000000000000068 00000004"
    "0000018bcfe56800 00000006 0000000000000062"
    "0000000000000007 0001 ffffffff ffffffffffffffff 00000000"
    "0000000000000005 00000002 ffffffffffffffff"
)


@st.composite
def known_producers(draw: st.DrawFn) -> Producer:
    """Return any producer that a log can know."""
    batches = []
    sequence = draw(st.integers(0, SEQUENCE_MAX) | st.just(SEQUENCE_MAX - 3))
    offset = draw(st.integers(0, 2**40))
    for size, gap in draw(
        st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=BATCHES_KEPT)
    ):
        last = sequence_after(sequence, size - 1)
        batches.append(ProducedBatch(sequence, last, offset, offset + size - 1))
        sequence, offset = sequence_after(last), offset + size + gap
    return Producer(
        epoch=draw(st.integers(0, 2**15 - 1)),
        batches=tuple(batches),
        coordinator_epoch=draw(st.integers(-1, 2**31 - 1)),
        seen_ms=draw(st.integers(-1, 2**62)),
        transaction_start=draw(st.none() | st.integers(0, 2**62)),
    )


STATES = st.dictionaries(st.integers(0, 2**63 - 1), known_producers(), max_size=6)


def with_checksum(body: bytes) -> bytes:
    return struct.pack(">hI", 1, crc32c(body)) + body


def entry(
    producer_id: int, epoch: int, last: int, last_offset: int, delta: int, seen_ms: int = 0
) -> bytes:
    return struct.pack(">qhiqiqiq", producer_id, epoch, last, last_offset, delta, seen_ms, -1, -1)


@given(producers=STATES)
def test_state_comes_back_as_it_was_in_the_same_order(producers: dict[int, Producer]) -> None:
    read = decode_snapshot(encode_snapshot(producers))

    assert list(read.items()) == list(producers.items())


def test_snapshot_has_kafkas_bytes() -> None:
    data = encode_snapshot(SOME)

    assert data[:2] == b"\x00\x01"
    assert data[2:6] == crc32c(GOLDEN).to_bytes(4, "big")
    assert data[6:] == GOLDEN
    assert decode_snapshot(b"\x00\x01" + crc32c(GOLDEN).to_bytes(4, "big") + GOLDEN) == SOME


def test_empty_state_has_kafkas_bytes() -> None:
    data = encode_snapshot({})

    assert data == bytes.fromhex("0001 48674bc7 00000000")
    assert decode_snapshot(data) == {}


@given(producers=STATES)
def test_kafkas_reader_that_keeps_the_last_entry_finds_the_last_batch(
    producers: dict[int, Producer],
) -> None:
    data = encode_snapshot(producers)

    found = {}
    for fields in struct.iter_unpack(">qhiqiqiq", data[10:]):
        found[fields[0]] = fields[1:]

    assert found.keys() == producers.keys()
    for producer_id, known in producers.items():
        epoch, last, last_offset, delta, seen_ms, coordinator, start = found[producer_id]
        assert (epoch, last) == (known.epoch, known.last_sequence)
        assert (seen_ms, coordinator) == (known.seen_ms, known.coordinator_epoch)
        assert start == (-1 if known.transaction_start is None else known.transaction_start)
        if known.batches:
            batch = known.batches[-1]
            assert (last_offset - delta, last_offset) == (batch.first_offset, batch.last_offset)


def test_kafkas_one_entry_a_producer_is_read_with_its_first_sequence_wrapped() -> None:
    data = with_checksum(struct.pack(">i", 1) + entry(5, 2, last=1, last_offset=103, delta=3))

    (known,) = decode_snapshot(data).values()

    assert known.batches == (ProducedBatch(SEQUENCE_MAX - 1, 1, 100, 103),)


def test_entries_of_an_earlier_epoch_are_not_remembered() -> None:
    entries = [entry(5, 2, 9, 19, 0), entry(5, 3, 0, 20, 0), entry(5, 3, 1, 21, 0)]

    (known,) = decode_snapshot(with_checksum(struct.pack(">i", 3) + b"".join(entries))).values()

    assert known.epoch == 3
    assert [batch.last_offset for batch in known.batches] == [20, 21]


def test_no_more_batches_are_remembered_than_may_be_in_flight() -> None:
    entries = b"".join(entry(5, 0, number, 100 + number, 0) for number in range(8))

    (known,) = decode_snapshot(with_checksum(struct.pack(">i", 8) + entries)).values()

    assert [batch.last_sequence for batch in known.batches] == [3, 4, 5, 6, 7]


@settings(max_examples=20)
@given(producers=STATES)
def test_snapshot_cut_off_anywhere_is_refused(producers: dict[int, Producer]) -> None:
    data = encode_snapshot(producers)

    for size in range(len(data)):
        with pytest.raises(MalformedSnapshot):
            decode_snapshot(data[:size])


def test_snapshot_with_any_bit_flipped_is_refused() -> None:
    data = encode_snapshot(SOME)

    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedSnapshot):
            decode_snapshot(bytes(damaged))


@given(more=st.binary(min_size=1, max_size=100))
def test_snapshot_with_bytes_behind_it_is_refused(more: bytes) -> None:
    with pytest.raises(MalformedSnapshot):
        decode_snapshot(encode_snapshot(SOME) + more)


@given(count=st.integers(-(2**31), 2**31 - 1).filter(lambda count: count != 2))
def test_snapshot_that_counts_wrongly_is_refused_even_with_its_checksum(count: int) -> None:
    body = struct.pack(">i", count) + GOLDEN[4:]

    with pytest.raises(MalformedSnapshot, match="promises"):
        decode_snapshot(with_checksum(body))


@given(data=st.binary(max_size=200))
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedSnapshot):
        decode_snapshot(data)


def test_file_that_a_lost_write_left_as_zeros_is_refused() -> None:
    with pytest.raises(MalformedSnapshot):
        decode_snapshot(bytes(len(encode_snapshot(SOME))))


def test_snapshot_is_named_by_its_offset_in_twenty_digits(tmp_path: Path) -> None:
    write_snapshot(Disk(), tmp_path, 1234, SOME)

    assert [path.name for path in tmp_path.iterdir()] == ["00000000000000001234.snapshot"]
    assert decode_snapshot(snapshot_path(tmp_path, 1234).read_bytes()) == SOME


def test_snapshot_written_again_holds_nothing_of_the_longer_one_before(tmp_path: Path) -> None:
    write_snapshot(Disk(), tmp_path, 9, SOME)

    write_snapshot(Disk(), tmp_path, 9, {7: MARKER_ONLY})

    assert read_latest_snapshot(Disk(), tmp_path, 9) == (9, {7: MARKER_ONLY})


@pytest.mark.parametrize("operation", ["open", "truncate", "write"])
def test_snapshot_that_the_disk_refused_counts_as_missing(tmp_path: Path, operation: str) -> None:
    disk = FailingDisk()
    write_snapshot(disk, tmp_path, 5, SOME)
    disk.fail(operation)

    write_snapshot(disk, tmp_path, 9, SOME)
    disk.heal()

    assert read_latest_snapshot(disk, tmp_path, 99) == (5, SOME)
    assert snapshot_offsets(disk, tmp_path) == [5]


def test_offsets_are_those_of_snapshots_alone_ascending(tmp_path: Path) -> None:
    for offset in (30, 4, 2**62):
        write_snapshot(Disk(), tmp_path, offset, {})
    for name in (
        "00000000000000000008.log",
        "00000000000000000008.snapshot.tmp",
        "8.snapshot",
        "x00000000000000000008.snapshot",
    ):
        (tmp_path / name).touch()

    assert snapshot_offsets(Disk(), tmp_path) == [4, 30, 2**62]


@pytest.mark.parametrize(("end_offset", "expected"), [(3, None), (4, 4), (29, 4), (30, 30)])
def test_latest_is_the_last_at_or_below_the_end(
    tmp_path: Path, end_offset: int, expected: int | None
) -> None:
    for offset in (4, 30):
        write_snapshot(Disk(), tmp_path, offset, {offset: MARKER_ONLY})

    found = read_latest_snapshot(Disk(), tmp_path, end_offset)

    assert found == (None if expected is None else (expected, {expected: MARKER_ONLY}))
    assert snapshot_offsets(Disk(), tmp_path) == [4, 30]


def test_latest_is_an_older_one_when_newer_ones_do_not_read_and_these_are_removed(
    tmp_path: Path,
) -> None:
    for offset in (4, 30, 50, 70):
        write_snapshot(Disk(), tmp_path, offset, SOME)
    snapshot_path(tmp_path, 30).write_bytes(b"")
    snapshot_path(tmp_path, 50).write_bytes(encode_snapshot(SOME)[:-1])

    assert read_latest_snapshot(Disk(), tmp_path, 60) == (4, SOME)
    assert snapshot_offsets(Disk(), tmp_path) == [4, 70]


def test_latest_is_none_when_none_reads(tmp_path: Path) -> None:
    snapshot_path(tmp_path, 4).write_bytes(b"nonsense")

    assert read_latest_snapshot(Disk(), tmp_path, 60) is None
    assert snapshot_offsets(Disk(), tmp_path) == []


def test_remove_takes_those_alone_and_one_that_is_gone_is_fine(tmp_path: Path) -> None:
    for offset in (4, 30, 50):
        write_snapshot(Disk(), tmp_path, offset, {})

    remove_snapshots(Disk(), tmp_path, [30, 31, 50])

    assert snapshot_offsets(Disk(), tmp_path) == [4]


def test_remove_says_that_the_disk_failed(tmp_path: Path) -> None:
    disk = FailingDisk()
    write_snapshot(disk, tmp_path, 4, {})
    disk.fail("remove")

    with pytest.raises(DiskError):
        remove_snapshots(disk, tmp_path, [4])

    assert snapshot_offsets(disk, tmp_path) == [4]
