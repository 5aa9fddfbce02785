"""Offset index: Kafka's file form, and lookups against a linear search."""

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DiskError
from storage.files import Disk
from storage.segments.offset_index import ENTRY_SIZE, OffsetIndex
from tests.support.failing_disk import FailingDisk

BASE = 1000


def open_index(directory: Path, base_offset: int = BASE) -> OffsetIndex:
    return OffsetIndex(Disk().open(directory / "i.index", create=True), base_offset)


@st.composite
def rising_entries(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Return offsets and positions that rise, on both sides of one search step (64 entries)."""
    count = draw(st.sampled_from([0, 1, 2, 63, 64, 65, 127, 128, 130, 300]))
    steps = draw(st.lists(st.integers(1, 5), min_size=4, max_size=4))
    bend = draw(st.integers(0, 300))
    offset, position = BASE - 1, -steps[0]
    entries = []
    for number in range(count):
        offset += steps[number % 3] * (1 if number < bend else 40)
        position += steps[(number * 7 + 1) % 4] * (1 if number > bend else 30)
        entries.append((offset, position + steps[0]))
    return entries


def test_append_writes_kafkas_entries_of_eight_bytes(tmp_path: Path) -> None:
    index = open_index(tmp_path)

    index.append(BASE + 5, 4097)
    index.append(BASE + 2**31 - 1, 2**31 - 1)

    data = (tmp_path / "i.index").read_bytes()
    assert data == struct.pack(">iiii", 5, 4097, 2**31 - 1, 2**31 - 1)
    assert len(data) == 2 * ENTRY_SIZE == 16


@settings(deadline=None, max_examples=40)
@given(entries=rising_entries(), targets=st.lists(st.integers(-20, 70_000), max_size=20))
def test_lookups_find_what_a_linear_search_finds(
    entries: list[tuple[int, int]], targets: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))
        for entry in entries:
            index.append(*entry)
        edges = [edge for pair in entries[-2:] + entries[:2] + entries[62:66] for edge in pair]

        for target in [*targets, *edges]:
            offset = BASE + target if target < BASE else target
            by_offset = [at for one, at in entries if one <= offset]
            by_position = [at for _, at in entries if at <= target]
            assert index.position_for_offset(offset) == (by_offset[-1] if by_offset else 0)
            assert index.position_before(target) == (by_position[-1] if by_position else 0)
        assert index.entries() == entries
        assert [index.entry(number) for number in range(len(entries))] == entries


def test_position_for_offset_is_zero_below_the_first_entry(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    index.append(BASE + 9, 500)

    assert index.position_for_offset(BASE + 8) == 0
    assert index.position_for_offset(BASE - 1) == 0
    assert index.position_before(499) == 0


def test_open_finds_the_entries_that_were_written(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    index.append(BASE, 10)
    index.append(BASE + 4, 20)

    again = open_index(tmp_path)

    assert again.entry_count == 2
    assert again.entries() == [(BASE, 10), (BASE + 4, 20)]


@pytest.mark.parametrize("torn", range(1, ENTRY_SIZE))
def test_open_ignores_half_an_entry_and_writes_over_it(tmp_path: Path, torn: int) -> None:
    open_index(tmp_path).append(BASE, 10)
    with (tmp_path / "i.index").open("ab") as file:
        file.write(b"\xff" * torn)

    index = open_index(tmp_path)

    assert index.position_for_offset(2**40) == 10
    index.append(BASE + 4, 20)
    assert open_index(tmp_path).entries() == [(BASE, 10), (BASE + 4, 20)]


def test_truncate_keeps_the_first_entries(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    for number in range(5):
        index.append(BASE + number, number * 10)

    index.truncate(2)
    index.append(BASE + 7, 70)

    assert index.entries() == [(BASE, 0), (BASE + 1, 10), (BASE + 7, 70)]
    assert (tmp_path / "i.index").stat().st_size == 3 * ENTRY_SIZE


def test_append_counts_no_entry_when_the_disk_fails(tmp_path: Path) -> None:
    disk = FailingDisk()
    index = OffsetIndex(disk.open(tmp_path / "i.index", create=True), BASE)
    disk.fail("write")
    with pytest.raises(DiskError):
        index.append(BASE, 10)
    disk.heal()

    index.append(BASE + 1, 20)

    assert index.entries() == [(BASE + 1, 20)]
