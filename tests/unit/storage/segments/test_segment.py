"""One segment: what it finds, what it indexes, what a failed append leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import CorruptBatch, DiskError
from storage.files import Disk
from storage.format.batch import NO_TIMESTAMP, BatchHeader, parse_header
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.limits import HEADER_SCAN_BYTES
from storage.segments.segment import (
    DELETED_SUFFIX,
    LOG_SUFFIX,
    OFFSET_INDEX_SUFFIX,
    SNAPSHOT_SUFFIX,
    SUFFIXES,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Segment,
    remove_segment,
    segment_path,
)
from storage.segments.txn_index import AbortedTransaction
from tests.support.failing_disk import FailingDisk

BASE = 1000
INTERVAL_BYTES = 100


@dataclass(frozen=True)
class Batch:
    """What a batch is made of; its offset follows from those before it."""

    timestamp_ms: int = 1
    records: int = 1
    value_bytes: int = 20


BATCHES = st.lists(
    st.builds(Batch, st.integers(0, 9), st.integers(1, 4), st.integers(0, 80)), max_size=12
)


def append(
    segment: Segment, batches: Sequence[Batch], offset: int = BASE, interval: int = INTERVAL_BYTES
) -> list[tuple[int, BatchHeader]]:
    """Append batches at once; return their positions and headers."""
    data = b""
    found = []
    for one in batches:
        records = [NewRecord(one.timestamp_ms, None, b"v" * one.value_bytes)] * one.records
        batch = build_batch(records, base_offset=offset)
        found.append((len(data), parse_header(batch)))
        data += batch
        offset += one.records
    start = segment.size
    segment.append(data, found, interval)
    return [(start + position, header) for position, header in found]


def append_each(segment: Segment, batches: Sequence[Batch]) -> list[tuple[int, BatchHeader]]:
    """Append batches one by one; return their positions and headers."""
    found: list[tuple[int, BatchHeader]] = []
    for one in batches:
        found += append(segment, [one], found[-1][1].next_offset if found else BASE)
    return found


def state(segment: Segment) -> tuple[object, ...]:
    """Return all that a later append or lookup builds on."""
    return (
        segment.size,
        segment.file.read(0, 1 << 20),
        segment.offset_index.file.read(0, 1 << 20),
        segment.time_index.file.read(0, 1 << 20),
        segment.first_timestamp_ms,
        segment.max_timestamp_ms,
        segment.offset_of_max_timestamp,
        segment._bytes_since_index,
    )


def fresh(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    return Segment(Disk(), tmp_path_factory.mktemp("segment"), BASE, create=True)


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    return Segment(Disk(), tmp_path, BASE, create=True)


@pytest.mark.parametrize(
    ("offset", "name"), [(0, "0" * 20 + ".log"), (2**63 - 1, "09223372036854775807.log")]
)
def test_segment_path_has_twenty_digits(offset: int, name: str) -> None:
    assert segment_path(Path("d"), offset, LOG_SUFFIX) == Path("d") / name


def test_segment_is_not_opened_where_its_log_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DiskError):
        Segment(Disk(), tmp_path, BASE, create=False)

    assert Disk().list(tmp_path) == []


def test_new_segment_is_empty_and_has_no_transaction_index(
    segment: Segment, tmp_path: Path
) -> None:
    assert (segment.size, list(segment.headers(0)), segment.find(BASE)) == (0, [], None)
    assert segment.max_timestamp_ms == segment.first_timestamp_ms == NO_TIMESTAMP
    assert {Path(name).suffix for name in Disk().list(tmp_path)} == {
        LOG_SUFFIX,
        OFFSET_INDEX_SUFFIX,
        TIME_INDEX_SUFFIX,
    }


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES)
def test_find_returns_the_first_batch_that_ends_above_the_offset(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch]
) -> None:
    segment = fresh(tmp_path_factory)
    found = append_each(segment, batches)
    end = found[-1][1].next_offset if found else BASE

    for offset in range(BASE - 1, end + 2):
        expected = next((one for one in found if one[1].next_offset > offset), None)
        assert segment.find(offset) == expected


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, data=st.data())
def test_boundary_before_is_the_last_boundary_at_or_below_the_limit(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch], data: st.DataObject
) -> None:
    segment = fresh(tmp_path_factory)
    found = append_each(segment, batches)
    boundaries = {position: header.base_offset for position, header in found}
    boundaries[segment.size] = found[-1][1].next_offset if found else BASE
    floor = data.draw(st.sampled_from(sorted(boundaries)))
    limit = data.draw(st.integers(floor, segment.size + 50))

    boundary, next_offset = segment.boundary_before(limit, floor)

    assert boundary == max(one for one in boundaries if one <= limit)
    assert next_offset == (None if floor == segment.size else boundaries[boundary])


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, more=BATCHES, finished=st.booleans())
def test_segment_opened_again_goes_on_as_if_it_had_stayed_open(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[Batch],
    more: list[Batch],
    finished: bool,
) -> None:
    segment = fresh(tmp_path_factory)
    found = append_each(segment, batches)
    if finished:
        segment.finish_time_index()
    directory = segment.file.path.parent

    again = Segment(Disk(), directory, BASE, create=False)
    again.restore_timestamps()

    assert again.index_problem() is None
    assert state(again) == state(segment)
    append(again, more, found[-1][1].next_offset if found else BASE)
    assert again.index_problem() is None


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, data=st.data())
def test_truncate_leaves_a_segment_that_only_had_the_batches_before(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch], data: st.DataObject
) -> None:
    segment, other = fresh(tmp_path_factory), fresh(tmp_path_factory)
    found = append_each(segment, batches)
    kept = data.draw(st.integers(0, len(batches)))
    append_each(other, batches[:kept])

    segment.truncate(found[kept][0] if kept < len(found) else segment.size, INTERVAL_BYTES)

    assert state(segment) == state(other)


@settings(max_examples=40, deadline=None)
@given(batches=BATCHES)
def test_batches_appended_at_once_are_indexed_like_batches_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch]
) -> None:
    segment, other = fresh(tmp_path_factory), fresh(tmp_path_factory)

    assert append(segment, batches) == append_each(other, batches)

    assert state(segment) == state(other)


def test_index_entries_are_further_apart_than_the_interval(segment: Segment) -> None:
    found = append_each(segment, [Batch(value_bytes=100)] * 6)
    size = found[0][1].size

    assert size > INTERVAL_BYTES
    assert segment.offset_index.entries() == [(BASE + at, at * size) for at in range(1, 6)]

    segment.reindex(2 * size)
    assert segment.offset_index.entries() == [(BASE + 3, 3 * size)]


def test_largest_timestamp_is_that_of_the_first_batch_that_had_it(segment: Segment) -> None:
    append_each(segment, [Batch(5), Batch(9, records=2), Batch(9), Batch(3)])

    assert segment.first_timestamp_ms == 5
    assert (segment.max_timestamp_ms, segment.offset_of_max_timestamp) == (9, BASE + 2)


def test_finish_time_index_adds_the_largest_timestamp_once(segment: Segment) -> None:
    append(segment, [Batch(7)])
    assert segment.time_index.entries() == []

    segment.finish_time_index()
    segment.finish_time_index()

    assert segment.time_index.entries() == [(7, BASE)]


def test_finish_time_index_adds_nothing_to_an_empty_segment(segment: Segment) -> None:
    segment.finish_time_index()

    assert segment.time_index.file.size() == 0


@pytest.mark.parametrize("name_end", [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX])
@pytest.mark.parametrize("before", [[], [Batch(5)], [Batch(5), Batch(8, value_bytes=90)]])
def test_failed_append_leaves_the_segment_as_it_was(
    tmp_path: Path, name_end: str, before: list[Batch]
) -> None:
    disk = FailingDisk()
    segment = Segment(disk, tmp_path, BASE, create=True)
    append_each(segment, before)
    known = state(segment)
    disk.fail("write", name_end)

    with pytest.raises(DiskError) as caught:
        append(segment, [Batch(90, value_bytes=100), Batch(91), Batch(92)], BASE + len(before))

    assert len(caught.value.args) == 1
    assert state(segment) == known
    disk.heal()
    append(segment, [Batch(6)], BASE + len(before))
    segment.finish_time_index()
    assert segment.time_index.entries()[-1][0] == max(6, *(one.timestamp_ms for one in before), 0)


@pytest.mark.parametrize("name_end", [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX])
def test_append_says_when_it_could_not_be_cut_back(tmp_path: Path, name_end: str) -> None:
    disk = FailingDisk()
    segment = Segment(disk, tmp_path, BASE, create=True)
    append(segment, [Batch()])
    size = segment.size
    disk.fail("write", LOG_SUFFIX)
    disk.fail("truncate", name_end)

    with pytest.raises(DiskError) as caught:
        append(segment, [Batch()], BASE + 1)

    assert caught.value.args[1] == "not cut back"
    assert segment.size == size


def test_bytes_behind_the_size_are_none_of_the_segments(segment: Segment) -> None:
    (first,) = append(segment, [Batch()])
    segment.file.write(b"torn", segment.size)

    assert list(segment.headers(0)) == [first]
    assert segment.find(BASE + 1) is None


@pytest.mark.parametrize("value_bytes", [10, HEADER_SCAN_BYTES - 70, HEADER_SCAN_BYTES * 2])
def test_headers_walks_batches_however_they_lie_in_what_is_read_at_a_time(
    segment: Segment, value_bytes: int
) -> None:
    batches = [Batch(value_bytes=value_bytes + more) for more in range(200)]
    found = append(segment, batches[: 400_000 // (value_bytes + 100)])

    assert list(segment.headers(0)) == found
    assert list(segment.headers(found[1][0], found[3][0])) == found[1:3]


def test_headers_refuses_what_is_no_batch_and_a_batch_that_runs_past_the_end(
    segment: Segment,
) -> None:
    (_, (second, header)) = append(segment, [Batch(), Batch()])

    with pytest.raises(CorruptBatch, match="runs past"):
        list(segment.headers(0, second + header.size - 1))
    with pytest.raises(CorruptBatch):
        list(segment.headers(0, second + 5))
    with pytest.raises(CorruptBatch):
        list(segment.headers(1))


def test_headers_refuses_a_file_that_is_shorter_than_it_was(segment: Segment) -> None:
    (_, (second, _)) = append(segment, [Batch(), Batch()])
    segment.file.truncate(second + 10)

    with pytest.raises(CorruptBatch):
        list(segment.headers(0))


@pytest.mark.parametrize(
    ("offsets", "times", "problem"),
    [
        ([(1, 50), (2, 60)], [(1, 1), (2, 2)], None),
        ([(2, 50), (1, 60)], [], "offset index entries do not rise"),
        ([(1, 50), (1, 60)], [], "offset index entries do not rise"),
        ([(1, 60), (2, 50)], [], "offset index entries do not rise"),
        ([(1, 50), (2, 50)], [], "offset index entries do not rise"),
        ([(1, 5000)], [], "offset index points beyond the log"),
        ([], [(2, 1), (1, 2)], "time index entries do not rise"),
        ([], [(1, 2), (2, 1)], "time index entries do not rise"),
        ([], [(1, 1), (1, 2)], "time index entries do not rise"),
    ],
)
def test_index_problem_names_entries_that_cannot_be_and_reindex_mends_them(
    segment: Segment,
    offsets: list[tuple[int, int]],
    times: list[tuple[int, int]],
    problem: str | None,
) -> None:
    append(segment, [Batch(value_bytes=100)])
    offset_entries = [(one).to_bytes(4, "big") + at.to_bytes(4, "big") for one, at in offsets]
    time_entries = [time.to_bytes(8, "big") + one.to_bytes(4, "big") for time, one in times]
    segment.offset_index.file.write(b"".join(offset_entries), 0)
    segment.time_index.file.write(b"".join(time_entries), 0)
    again = Segment(Disk(), segment.file.path.parent, BASE, create=False)

    assert again.index_problem() == problem

    again.reindex(INTERVAL_BYTES)
    assert (again.index_problem(), again.offset_index.entries()) == (None, [])


@pytest.mark.parametrize("suffix", [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX])
def test_index_problem_names_half_an_entry(segment: Segment, suffix: str) -> None:
    append(segment, [Batch()])
    path = segment_path(segment.file.path.parent, BASE, suffix)
    path.write_bytes(b"\0\0\0")
    again = Segment(Disk(), path.parent, BASE, create=False)

    assert again.index_problem() == "an index ends in half an entry"


def test_aborted_transactions_are_there_again_when_the_segment_is_opened(
    segment: Segment, tmp_path: Path
) -> None:
    aborted = [AbortedTransaction(1, 1000, 1004, 1000), AbortedTransaction(2, 1001, 1006, 1001)]
    for one in aborted:
        segment.append_aborted(one)

    again = Segment(Disk(), tmp_path, BASE, create=False)

    assert again.txn_index is not None
    assert list(again.txn_index.entries()) == aborted
    assert len(again.index_files()) == len(segment.index_files()) == 3


@pytest.mark.parametrize(
    "name_end", [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX]
)
def test_sync_syncs_every_file(tmp_path: Path, name_end: str) -> None:
    disk = FailingDisk()
    segment = Segment(disk, tmp_path, BASE, create=True)
    segment.append_aborted(AbortedTransaction(1, 1000, 1004, 1000))
    segment.sync()
    disk.fail("sync", name_end)

    with pytest.raises(DiskError):
        segment.sync()


def test_remove_takes_the_names_away_while_readers_keep_reading(
    segment: Segment, tmp_path: Path
) -> None:
    found = append(segment, [Batch()])
    segment.append_aborted(AbortedTransaction(1, 1000, 1004, 1000))
    segment_path(tmp_path, BASE, SNAPSHOT_SUFFIX).write_bytes(b"")
    Segment(Disk(), tmp_path, BASE + 1, create=True)

    segment.remove()

    assert {name[:20] for name in Disk().list(tmp_path)} == {f"{BASE + 1:020d}"}
    assert list(segment.headers(0)) == found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_remove_segment_keeps_the_log_file_until_all_others_are_gone(
    tmp_path: Path, suffix: str
) -> None:
    disk = FailingDisk()
    for one in SUFFIXES:
        segment_path(tmp_path, BASE, one).write_bytes(b"")
    disk.fail("remove", suffix)

    with pytest.raises(DiskError):
        remove_segment(disk, tmp_path, BASE)

    assert segment_path(tmp_path, BASE, LOG_SUFFIX).exists()
    disk.heal()
    remove_segment(disk, tmp_path, BASE)
    assert disk.list(tmp_path) == []


def test_retire_renames_every_file_the_log_file_last_while_readers_keep_reading(
    segment: Segment, tmp_path: Path
) -> None:
    found = append(segment, [Batch()])
    names = Disk().list(tmp_path)

    retired = segment.retire()

    assert Disk().list(tmp_path) == [name + DELETED_SUFFIX for name in names]
    assert sorted(path.name for path in retired) == Disk().list(tmp_path)
    assert retired[-1].name == f"{BASE:020d}{LOG_SUFFIX}{DELETED_SUFFIX}"
    assert list(segment.headers(0)) == found
