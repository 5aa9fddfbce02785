"""The segments of a log in a row: where an offset lies, what goes when some of them go."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import CorruptBatch
from storage.files import Disk
from storage.format.batch import iterate_headers, parse_header
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.limits import READ_POSITIONS_MAX
from storage.segments.log_segments import LogSegments, ReadableEnds
from storage.segments.segment import Segment

BASE = 10
INTERVAL_BYTES = 60
EVERYTHING = 1 << 20
ROWS = st.lists(st.lists(st.integers(1, 3), max_size=4), min_size=1, max_size=4)
"""How many records each batch of each segment has."""


def row(directory: Path, rows: Sequence[Sequence[int]]) -> tuple[LogSegments, int]:
    """Return segments with batches of so many records, and the log's end."""
    directory.mkdir(exist_ok=True)
    disk = Disk()
    segments = LogSegments(disk, directory, [Segment(disk, directory, BASE, create=True)])
    end = BASE
    for number, batches in enumerate(rows):
        if number and segments.active.base_offset != end:
            segments.roll(end)
        for count in batches:
            data = build_batch([NewRecord(end, None, b"v" * 9)] * count, base_offset=end)
            segments.active.append(data, [(0, parse_header(data))], INTERVAL_BYTES)
            end += count
    return segments, end


def ends(end: int, log_end: int) -> ReadableEnds:
    return ReadableEnds(end, log_end, None)


def offsets(segments: LogSegments, offset: int, readable: int, log_end: int) -> list[int]:
    """Return the offsets of all that can be read, slice by slice."""
    found: list[int] = []
    while True:
        part = segments.locate(offset, 100, ends(readable, log_end), min_one=True)
        for _, header in iterate_headers(part.read()):
            found += range(header.base_offset, header.next_offset)
        if part.next_offset == offset:
            return found
        offset = part.next_offset


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, start=st.integers(0, 40))
def test_reading_from_any_offset_gives_all_from_its_batch_on(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[int]], start: int
) -> None:
    segments, end = row(tmp_path_factory.mktemp("log"), rows)
    start = BASE + start % (end - BASE + 1)

    found = offsets(segments, start, end, end)

    assert [one for one in found if one >= start] == list(range(start, end))
    assert found == sorted(set(found))


def test_nothing_is_read_at_or_above_the_readable_end(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[2, 2], [2, 2]])

    for readable in range(BASE, end + 1, 2):
        assert offsets(segments, BASE, readable, end) == list(range(BASE, readable))


def test_first_batch_comes_whole_only_if_it_must(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[3, 1]])

    one = segments.locate(BASE, 1, ends(end, end), min_one=True)
    none = segments.locate(BASE, 1, ends(end, end), min_one=False)

    assert (one.start_offset, one.next_offset) == (BASE, BASE + 3)
    assert parse_header(one.read()).size == one.size
    assert (none.size, none.next_offset) == (0, BASE)


def test_segment_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[2], [3], [1]])

    assert [segments.end_of(one, end) for one in segments] == [BASE + 2, BASE + 5, BASE + 6]
    assert [one.end_offset for one in segments.ages(end)] == [BASE + 2, BASE + 5, BASE + 6]
    assert [one.max_timestamp_ms for one in segments.ages(end)] == [BASE, BASE + 2, BASE + 5]
    assert segments.size_bytes == sum(one.size for one in segments.ages(end))
    assert list(segments.closed) == segments[:-1]
    assert segments[-1] is segments.active


def test_segments_below_the_start_are_retired_up_to_one_that_is_needed(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[2], [2], [2], [2]])
    needed = segments[1]

    kept_by_need = segments.retire_below(end, lambda one: one is needed)
    retired = segments.retire_below(BASE + 5, lambda _: False)

    assert {path.name[:20] for path in kept_by_need} == {f"{BASE:020}"}
    assert {path.name[:20] for path in retired} == {f"{BASE + 2:020}"}
    assert all(path.exists() and path.name.endswith(".deleted") for path in retired)
    assert [one.base_offset for one in segments] == [BASE + 4, BASE + 6]


def test_active_segment_is_never_retired(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[2], [2]])

    segments.retire_below(end, lambda _: False)

    assert [one.base_offset for one in segments] == [BASE + 2]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, at=st.integers(0, 40))
def test_cut_leaves_whole_batches_below_the_offset(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[int]], at: int
) -> None:
    segments, end = row(tmp_path_factory.mktemp("log"), rows)
    edges = [BASE]
    for count in (count for batches in rows for count in batches):
        edges.append(edges[-1] + count)
    at = BASE + at % (end - BASE + 1)

    new_end = segments.cut(at, end, INTERVAL_BYTES)

    assert new_end == max(edge for edge in edges if edge <= at)
    assert offsets(segments, BASE, new_end, new_end) == list(range(BASE, new_end))


def test_place_that_was_remembered_is_forgotten_with_its_segment(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[1, 1, 1, 1]])
    first = segments.locate(BASE, 100, ends(end, end), min_one=True)

    segments.cut(first.next_offset, end, INTERVAL_BYTES)
    after = segments.locate(
        first.next_offset, 100, ends(first.next_offset, first.next_offset), min_one=True
    )

    assert (after.size, after.next_offset) == (0, first.next_offset)


def test_remembered_places_are_bounded(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[1] * (READ_POSITIONS_MAX + 20)])

    assert offsets(segments, BASE, end, end) == list(range(BASE, end))
    assert len(segments._positions) <= READ_POSITIONS_MAX


def test_beginning_again_leaves_one_empty_segment(tmp_path: Path) -> None:
    segments, _ = row(tmp_path / "log", [[2], [2]])

    segments.begin_again(500)

    assert ([one.base_offset for one in segments], segments.size_bytes) == ([500], 0)
    assert {path.name[:20] for path in (tmp_path / "log").iterdir()} == {f"{500:020}"}
    assert offsets(segments, 500, 500, 500) == []


def test_replaced_segments_are_returned_and_others_read_in_their_place(tmp_path: Path) -> None:
    segments, end = row(tmp_path / "log", [[2], [2], [2]])
    other, _ = row(tmp_path / "other", [[2, 1]])

    old = segments.replace(0, 2, [other.active])

    assert [one.base_offset for one in old] == [BASE, BASE + 2]
    assert [one.base_offset for one in segments] == [BASE, BASE + 4]
    expected = [BASE, BASE + 1, BASE + 2, BASE + 4, BASE + 5]
    assert offsets(segments, BASE, end, end) == expected


def test_reader_is_never_sent_back_where_offsets_are_damaged(tmp_path: Path) -> None:
    segments, end = row(tmp_path, [[2, 2, 2], [2]])
    second = [position for position, _ in segments[0].headers(0)][1]
    segments[0].file.write((0).to_bytes(8, "big"), second)

    with pytest.raises(CorruptBatch, match="fall behind"):
        segments.locate(BASE, second + 1, ends(end, end), min_one=True)
