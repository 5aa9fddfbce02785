"""Timestamp lookup against a plain search, over segments whose timestamps go up and down."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DiskError
from storage.files import Disk
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.segments.segment import Segment
from storage.segments.timestamp_lookup import TimestampAndOffset, first_at_or_after, largest

NOW_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Segment], list[int]]:
    """Three segments of ten batches; the timestamp of every offset."""
    directory = tmp_path_factory.mktemp("log")
    chance = random.Random(4)
    times: list[int] = []
    segments = []
    for _ in range(3):
        segment = Segment(Disk(), directory, len(times), create=True)
        for _ in range(10):
            batch_times = [NOW_MS + chance.randint(0, 40) for _ in range(chance.randint(1, 4))]
            batch = build_batch(
                [NewRecord(one, None, b"v") for one in batch_times], base_offset=len(times)
            )
            segment.append(batch, [(0, parse_header(batch, 0))], 100)
            times += batch_times
        segment.finish_time_index()
        segments.append(segment)
    return segments, times


@given(wanted=st.integers(-2, 43), start=st.integers(0, 80), end=st.integers(0, 90))
@settings(deadline=None)
def test_first_at_or_after_is_what_a_plain_search_finds(
    written: tuple[list[Segment], list[int]], wanted: int, start: int, end: int
) -> None:
    segments, times = written

    found = first_at_or_after(segments, NOW_MS + wanted, start, end)

    expected = [
        TimestampAndOffset(timestamp_ms=time_ms, offset=offset)
        for offset, time_ms in enumerate(times)
        if time_ms >= NOW_MS + wanted and start <= offset < end
    ]
    assert found == (expected[0] if expected else None)


@given(start=st.integers(0, 80), end=st.integers(0, 90))
@settings(deadline=None)
def test_largest_is_what_a_plain_search_finds(
    written: tuple[list[Segment], list[int]], start: int, end: int
) -> None:
    segments, times = written

    found = largest(segments, start, end)

    visible = [(times[offset], -offset) for offset in range(start, min(end, len(times)))]
    assert (found and (found.timestamp_ms, -found.offset)) == max(visible, default=None)


def test_damage_is_the_disks_fault(tmp_path: Path) -> None:
    segment = Segment(Disk(), tmp_path, 0, create=True)
    batch = build_batch([NewRecord(NOW_MS, None, b"v")])
    segment.append(batch, [(0, parse_header(batch, 0))], 100)
    segment.file.write(b"\xff" * 8, len(batch) - 8)

    with pytest.raises(DiskError):
        first_at_or_after([segment], NOW_MS, 0, 1)
