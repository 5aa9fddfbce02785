"""Swap: every point at which it may break off is gone on from, and the sources stay till then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.cleanup.cleaner import Cleaner
from storage.cleanup.swap import finish_swaps, swap_in
from storage.config import parse_config
from storage.errors import CorruptBatch, DiskError
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord, Record
from storage.log import Log
from storage.recovery import RecoveryStart, create_log, recover_log
from tests.support.cleaning import UNHURRIED, checkpoint, records

NOW_MS = 1_700_000_000_000
CONFIG = parse_config({"segment.bytes": "1024", "cleanup.policy": "compact"})


class StoppingDisk(Disk):
    """Fails every name change after some."""

    def __init__(self, changes: int) -> None:
        self.left = changes

    def rename(self, source: Path, target: Path) -> None:
        self._count(source)
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        if path.exists():
            self._count(path)
        super().remove(path)

    def _count(self, path: Path) -> None:
        if not self.left:
            raise DiskError(f"{path}: the power is gone")
        self.left -= 1


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log of several segments with two keys."""
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    for number in range(40):
        record = NewRecord(NOW_MS, b"k%d" % (number % 2), b"%d" % number * 20)
        log.append(build_batch([record]), leader_epoch=0, now_ms=NOW_MS)
    checkpoint(log)
    yield log
    log.close()


def swap(log: Log, changes: int) -> bool:
    """Compact the oldest segments, with so many name changes; return whether all were made."""
    disk = StoppingDisk(1 << 30)
    plan = log.plan_cleaning(NOW_MS)
    assert plan is not None
    cleaner = Cleaner(disk, plan, map_bytes_max=UNHURRIED, pace=lambda _: None)
    cleaner.fill_map()
    cleaned = cleaner.clean_next()
    assert cleaned is not None
    stopping = StoppingDisk(changes)
    for segment in (cleaned.segment, *cleaned.sources):
        segment._disk = stopping
    try:
        swap_in(cleaned.segment, cleaned.sources)
    except DiskError:
        return False
    return True


def opened(directory: Path, disk: Disk | None = None) -> list[Record]:
    start = RecoveryStart(clean=False, recovery_point=40, log_start_offset=0)
    log = recover_log(disk or Disk(), directory, CONFIG, start)
    found = records(log)
    log.close()
    return found


def last(found: list[Record]) -> dict[bytes | None, bytes | None]:
    return {one.key: one.value for one in found}


def test_swap_that_breaks_off_anywhere_is_finished_by_recovery(log: Log, tmp_path: Path) -> None:
    before = records(log)
    counts = set()
    changes = 0
    is_done = False
    while not is_done:
        shutil.rmtree(log.directory)
        log.close()
        log = rebuilt(tmp_path / f"{changes}")
        is_done = swap(log, changes)
        changes += 1

        again = 0
        while True:
            try:
                finish_swaps(StoppingDisk(again), log.directory)
            except DiskError:
                again += 1
            else:
                break
        found = opened(log.directory)

        assert last(found) == last(before)
        counts.add(len(found))
        names = [path.name for path in log.directory.iterdir()]
        assert not [name for name in names if name.endswith((".cleaned", ".swap", ".deleted"))]
    assert changes > 8
    assert len(before) in counts
    assert min(counts) < len(before)


def rebuilt(directory: Path) -> Log:
    log = create_log(Disk(), directory / "t-0", CONFIG)
    for number in range(40):
        record = NewRecord(NOW_MS, b"k%d" % (number % 2), b"%d" % number * 20)
        log.append(build_batch([record]), leader_epoch=0, now_ms=NOW_MS)
    checkpoint(log)
    return log


def test_compacted_segment_that_does_not_read_takes_nothing_away(log: Log) -> None:
    swapped = log.directory / "00000000000000000000.log.swap"
    swapped.write_bytes(b"\1" * 200)

    with pytest.raises(CorruptBatch):
        finish_swaps(Disk(), log.directory)

    assert swapped.exists()
    assert (log.directory / "00000000000000000000.log").exists()


def test_files_of_a_run_that_never_counted_are_removed(log: Log) -> None:
    for kind in ("log", "index", "timeindex"):
        (log.directory / f"00000000000000000000.{kind}.cleaned").write_bytes(b"junk")
    (log.directory / "00000000000000000000.index.swap").write_bytes(b"junk")

    finish_swaps(Disk(), log.directory)

    assert not list(log.directory.glob("*.cleaned")) + list(log.directory.glob("*.swap"))
    assert len(opened(log.directory)) == 40
