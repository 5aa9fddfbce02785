"""Durability: what a flush promises, and what a truncation takes back."""

from pathlib import Path

import pytest

from storage.durability import Durability
from storage.errors import DiskError
from storage.files import Disk
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.segments.segment import Segment


class CountingDisk(Disk):
    """Counts the directories that are synced."""

    def __init__(self) -> None:
        self.synced: list[Path] = []

    def sync_directory(self, path: Path) -> None:
        self.synced.append(path)
        super().sync_directory(path)


class BrokenDisk(Disk):
    """Cannot sync a directory."""

    def sync_directory(self, path: Path) -> None:
        raise DiskError(f"cannot sync {path}")


def segment_with_records(disk: Disk, directory: Path, base_offset: int) -> Segment:
    segment = Segment(disk, directory, base_offset, create=True)
    batch = build_batch([NewRecord(1, None, b"v")], base_offset=base_offset)
    segment.append(batch, [(0, parse_header(batch, 0))], 4096)
    return segment


def test_begin_has_nothing_to_sync_when_nothing_was_written(tmp_path: Path) -> None:
    segment = segment_with_records(Disk(), tmp_path, 0)

    assert Durability(Disk(), tmp_path, segment, 1).begin(segment, 1) is None


def test_complete_moves_the_end_to_where_the_flush_began(tmp_path: Path) -> None:
    segment = segment_with_records(Disk(), tmp_path, 0)
    durability = Durability(Disk(), tmp_path, segment, 0)
    durability.wrote(segment)
    flush = durability.begin(segment, 1)
    assert flush is not None
    durability.wrote(segment)

    flush.run()
    durability.complete(flush)

    assert durability.end_offset == 1
    assert durability.begin(segment, 2) is not None


def test_begin_takes_a_closed_segments_indexes_and_the_directory_of_a_new_one(
    tmp_path: Path,
) -> None:
    disk = CountingDisk()
    old, new = (segment_with_records(disk, tmp_path, base) for base in (0, 1))
    durability = Durability(disk, tmp_path, old, 0)
    durability.wrote(old)
    durability.closed(old)
    durability.created()
    durability.wrote(new)

    flush = durability.begin(new, 2)
    assert flush is not None
    flush.run()

    assert flush.files == (old.file, new.file, old.offset_index.file, old.time_index.file)
    assert disk.synced == [tmp_path]


def test_needs_names_the_segments_that_are_not_durable_yet(tmp_path: Path) -> None:
    first, second, third = (segment_with_records(Disk(), tmp_path, base) for base in (0, 1, 2))
    durability = Durability(Disk(), tmp_path, second, 2)
    durability.wrote(third)

    assert [durability.needs(one) for one in (first, second, third)] == [False, True, True]


def test_truncated_makes_a_flush_under_way_void(tmp_path: Path) -> None:
    segment = segment_with_records(Disk(), tmp_path, 0)
    durability = Durability(Disk(), tmp_path, segment, 0)
    durability.wrote(segment)
    flush = durability.begin(segment, 9)
    assert flush is not None

    durability.truncated([segment], 1)
    durability.complete(flush)

    assert durability.end_offset == 1


def test_run_raises_when_the_directory_cannot_be_synced(tmp_path: Path) -> None:
    segment = segment_with_records(Disk(), tmp_path, 0)
    durability = Durability(BrokenDisk(), tmp_path, segment, 0)
    durability.wrote(segment)
    durability.created()
    flush = durability.begin(segment, 1)
    assert flush is not None

    with pytest.raises(DiskError, match="cannot sync"):
        flush.run()
