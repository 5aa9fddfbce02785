"""Transaction index: Kafka's entries, overlaps against a linear search, truncation, faults."""

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import CorruptBatch, DiskError
from storage.files import Disk
from storage.segments.txn_index import ENTRY_SIZE, AbortedTransaction, TransactionIndex
from tests.support.failing_disk import FailingDisk

ABORTED = (
    AbortedTransaction(7, 2, 10, 4),
    AbortedTransaction(8, 4, 12, 13),
    AbortedTransaction(7, 20, 31, 32),
)


def open_index(directory: Path, disk: Disk | None = None) -> TransactionIndex:
    return TransactionIndex((disk or Disk()).open(directory / "i.txnindex", create=True))


def with_entries(directory: Path, disk: Disk | None = None) -> TransactionIndex:
    index = open_index(directory, disk)
    for one in ABORTED:
        index.append(one)
    return index


@st.composite
def histories(draw: st.DrawFn) -> list[AbortedTransaction]:
    """Return what a log's markers leave: transactions of some producers, begun and aborted."""
    opened: dict[int, int] = {}
    aborted = []
    steps = st.tuples(st.integers(1, 4), st.sampled_from(["write", "abort", "commit"]))
    for offset, (producer_id, step) in enumerate(draw(st.lists(steps, max_size=40))):
        if step == "write":
            opened.setdefault(producer_id, offset)
        elif producer_id in opened:
            start = opened.pop(producer_id)
            stable = min(opened.values(), default=offset + 1)
            if step == "abort":
                aborted.append(AbortedTransaction(producer_id, start, offset, stable))
    return aborted


def test_append_writes_kafkas_entries_of_34_bytes(tmp_path: Path) -> None:
    index = open_index(tmp_path)

    index.append(AbortedTransaction(1, 2, 3, 4))
    index.append(AbortedTransaction(2**63 - 1, 5, 2**62, 2**62 + 1))

    data = (tmp_path / "i.txnindex").read_bytes()
    assert data[:34] == bytes.fromhex(
        "0000 0000000000000001 0000000000000002 0000000000000003 0000000000000004"
    )
    assert data[34:] == struct.pack(">hqqqq", 0, 2**63 - 1, 5, 2**62, 2**62 + 1)
    assert len(data) == 2 * ENTRY_SIZE == 68


@settings(deadline=None, max_examples=40)
@given(aborted=histories())
def test_entries_are_those_appended_also_when_opened_again(
    aborted: list[AbortedTransaction],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))
        for one in aborted:
            index.append(one)

        again = open_index(Path(directory))

        assert list(index.entries()) == list(again.entries()) == aborted
        assert index.entry_count == again.entry_count == len(aborted)


@settings(deadline=None, max_examples=60)
@given(aborted=histories(), ranges=st.lists(st.tuples(st.integers(0, 42), st.integers(1, 42))))
def test_overlapping_finds_what_a_linear_search_finds(
    aborted: list[AbortedTransaction], ranges: list[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))
        for one in aborted:
            index.append(one)

        for start, size in ranges:
            end = start + size
            found, _ = index.overlapping(start, end)
            assert found == [
                one for one in aborted if one.first_offset < end and one.last_offset >= start
            ]


@settings(deadline=None, max_examples=60)
@given(aborted=histories(), roll=st.integers(0, 40), start=st.integers(0, 42), size=st.integers(1))
def test_overlapping_is_all_only_if_no_later_index_holds_more(
    aborted: list[AbortedTransaction], roll: int, start: int, size: int
) -> None:
    earlier = [one for one in aborted if one.last_offset < roll]
    later = [one for one in aborted if one.last_offset >= roll]
    end = start + size

    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))
        for one in earlier:
            index.append(one)
        _, is_all = index.overlapping(start, end)

    if is_all:
        assert not [one for one in later if one.first_offset < end and one.last_offset >= start]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 2, []),
        (0, 3, [0]),
        (10, 11, [0, 1]),
        (11, 12, [1]),
        (12, 13, [1]),
        (13, 20, []),
        (13, 21, [2]),
        (31, 32, [2]),
        (32, 99, []),
        (0, 99, [0, 1, 2]),
    ],
)
def test_overlap_reaches_from_the_first_record_to_the_marker(
    tmp_path: Path, start: int, end: int, expected: list[int]
) -> None:
    found, _ = with_entries(tmp_path).overlapping(start, end)

    assert found == [ABORTED[number] for number in expected]


def test_overlapping_is_all_from_where_nothing_below_the_end_can_come(tmp_path: Path) -> None:
    index = with_entries(tmp_path)

    assert [index.overlapping(0, end)[1] for end in (4, 13, 32, 33)] == [True, True, True, False]


def test_empty_index_overlaps_nothing_and_more_may_come(tmp_path: Path) -> None:
    assert open_index(tmp_path).overlapping(0, 100) == ([], False)


@pytest.mark.parametrize(
    ("end_offset", "kept"), [(0, 0), (10, 0), (11, 1), (12, 1), (13, 2), (31, 2), (32, 3), (99, 3)]
)
def test_truncate_removes_the_entries_whose_marker_is_gone(
    tmp_path: Path, end_offset: int, kept: int
) -> None:
    index = with_entries(tmp_path)

    index.truncate(end_offset)

    assert list(index.entries()) == list(ABORTED[:kept])
    assert list(open_index(tmp_path).entries()) == list(ABORTED[:kept])
    assert index.file.size() == kept * ENTRY_SIZE


def test_append_continues_behind_what_truncate_kept(tmp_path: Path) -> None:
    index = with_entries(tmp_path)
    index.truncate(13)
    another = AbortedTransaction(9, 14, 15, 16)

    index.append(another)

    assert list(open_index(tmp_path).entries()) == [*ABORTED[:2], another]


def test_clear_leaves_an_empty_file_that_takes_entries(tmp_path: Path) -> None:
    index = with_entries(tmp_path)

    index.clear()

    assert (index.entry_count, index.file.size()) == (0, 0)
    index.append(ABORTED[0])
    assert list(index.entries()) == [ABORTED[0]]


@pytest.mark.parametrize("partial", [1, ENTRY_SIZE - 1])
def test_partial_entry_at_the_end_is_ignored_and_overwritten(tmp_path: Path, partial: int) -> None:
    with_entries(tmp_path)
    path = tmp_path / "i.txnindex"
    path.write_bytes(path.read_bytes() + b"\x01" * partial)
    index = open_index(tmp_path)
    another = AbortedTransaction(9, 40, 41, 42)

    assert list(index.entries()) == list(ABORTED)
    index.append(another)

    assert list(open_index(tmp_path).entries()) == [*ABORTED, another]


def test_append_that_failed_in_the_middle_leaves_no_entry(tmp_path: Path) -> None:
    disk = FailingDisk()
    index = with_entries(tmp_path, disk)
    another = AbortedTransaction(9, 40, 41, 42)
    disk.fail("write")
    with pytest.raises(DiskError):
        index.append(another)
    disk.heal()

    assert list(index.entries()) == list(open_index(tmp_path).entries()) == list(ABORTED)
    index.append(another)
    assert list(open_index(tmp_path).entries()) == [*ABORTED, another]


@pytest.mark.parametrize("operation", ["truncate", "clear"])
def test_truncation_that_the_disk_refused_changes_nothing(tmp_path: Path, operation: str) -> None:
    disk = FailingDisk()
    index = with_entries(tmp_path, disk)
    disk.fail("truncate")

    with pytest.raises(DiskError):
        index.truncate(0) if operation == "truncate" else index.clear()

    assert list(index.entries()) == list(ABORTED)
    assert index.entry_count == len(ABORTED)


def test_entry_of_an_unknown_version_is_corrupt_never_left_out(tmp_path: Path) -> None:
    with_entries(tmp_path)
    path = tmp_path / "i.txnindex"
    data = bytearray(path.read_bytes())
    data[ENTRY_SIZE + 1] = 1
    path.write_bytes(data)
    index = open_index(tmp_path)

    for read in (lambda: list(index.entries()), lambda: index.overlapping(0, 99)):
        with pytest.raises(CorruptBatch, match="version 1"):
            read()
    with pytest.raises(CorruptBatch):
        index.truncate(99)
    assert path.read_bytes() == data
