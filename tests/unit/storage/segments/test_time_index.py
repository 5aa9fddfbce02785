"""Time index: Kafka's file form, rising timestamps, and lookups against a linear search."""

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.files import Disk
from storage.segments.time_index import ENTRY_SIZE, TimeIndex

BASE = 1000
NOW_MS = 1_700_000_000_000


def open_index(directory: Path, base_offset: int = BASE) -> TimeIndex:
    return TimeIndex(Disk().open(directory / "i.timeindex", create=True), base_offset)


@st.composite
def rising_entries(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Return timestamps and offsets that rise, on both sides of one search step (64 entries)."""
    count = draw(st.sampled_from([0, 1, 2, 63, 64, 65, 130, 300]))
    steps = draw(st.lists(st.integers(1, 5), min_size=4, max_size=4))
    timestamp_ms, offset = draw(st.integers(0, 300)), BASE - 1
    entries = []
    for number in range(count):
        timestamp_ms += steps[number % 3]
        offset += steps[(number * 7 + 1) % 4]
        entries.append((timestamp_ms, offset))
    return entries


def test_append_writes_kafkas_entries_of_twelve_bytes(tmp_path: Path) -> None:
    index = open_index(tmp_path)

    index.append(NOW_MS, BASE + 5)
    index.append(2**63 - 1, BASE + 2**31 - 1)

    data = (tmp_path / "i.timeindex").read_bytes()
    assert data == struct.pack(">qiqi", NOW_MS, 5, 2**63 - 1, 2**31 - 1)
    assert len(data) == 2 * ENTRY_SIZE == 24


@settings(deadline=None, max_examples=40)
@given(entries=rising_entries(), targets=st.lists(st.integers(-5, 1900), max_size=20))
def test_offset_before_finds_what_a_linear_search_finds(
    entries: list[tuple[int, int]], targets: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))
        for entry in entries:
            index.append(*entry)
        edges = [time + by for time, _ in entries[-2:] + entries[62:66] for by in (-1, 0, 1)]

        for target in [*targets, *edges]:
            earlier = [offset for time, offset in entries if time < target]
            assert index.offset_before(target) == (earlier[-1] if earlier else BASE)
        assert index.entries() == entries
        assert index.last_entry() == (entries[-1] if entries else None)


@settings(deadline=None, max_examples=40)
@given(times=st.lists(st.integers(-1, 20), max_size=30))
def test_append_keeps_only_timestamps_that_rise(times: list[int]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        index = open_index(Path(directory))

        for number, time_ms in enumerate(times):
            index.append(time_ms, BASE + number)

        risen = [at for at, time in enumerate(times) if time > max(times[:at], default=-2)]
        assert index.entries() == [(times[at], BASE + at) for at in risen]
        assert index.entry_count == len(risen)


def test_append_remembers_the_last_timestamp_when_opened_again(tmp_path: Path) -> None:
    open_index(tmp_path).append(NOW_MS, BASE)

    again = open_index(tmp_path)
    again.append(NOW_MS, BASE + 1)

    assert again.entries() == [(NOW_MS, BASE)]


@pytest.mark.parametrize("torn", range(1, ENTRY_SIZE))
def test_open_ignores_half_an_entry_and_writes_over_it(tmp_path: Path, torn: int) -> None:
    open_index(tmp_path).append(NOW_MS, BASE)
    with (tmp_path / "i.timeindex").open("ab") as file:
        file.write(b"\x7f" * torn)

    index = open_index(tmp_path)

    assert index.offset_before(2**62) == BASE
    index.append(NOW_MS + 1, BASE + 4)
    assert open_index(tmp_path).entries() == [(NOW_MS, BASE), (NOW_MS + 1, BASE + 4)]


def test_truncate_forgets_the_timestamps_behind_the_cut(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    for number in range(5):
        index.append(NOW_MS + number, BASE + number)

    index.truncate(2)
    index.append(NOW_MS + 2, BASE + 7)

    assert index.entries() == [
        (NOW_MS, BASE),
        (NOW_MS + 1, BASE + 1),
        (NOW_MS + 2, BASE + 7),
    ]


def test_truncate_to_nothing_takes_any_timestamp_again(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    index.append(NOW_MS, BASE)

    index.truncate(0)
    index.append(0, BASE)

    assert index.entries() == [(0, BASE)]
    assert (tmp_path / "i.timeindex").stat().st_size == ENTRY_SIZE
