"""LogCleaning: whose runs are taken over, and what a log calls clean."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.cleanup.cleaner import CleanedSegment, Cleaner, CleaningPlan
from storage.config import parse_config
from storage.errors import DiskError
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.recovery import create_log
from tests.support.cleaning import UNHURRIED, checkpoint, clean, records
from tests.support.failing_disk import FailingDisk

NOW_MS = 1_700_000_000_000
CONFIG = parse_config(
    {"segment.bytes": "1024", "cleanup.policy": "compact,delete", "min.cleanable.dirty.ratio": "0"}
)


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


@pytest.fixture
def log(tmp_path: Path, disk: FailingDisk) -> Iterator[Log]:
    """A log of several segments with two keys."""
    log = create_log(disk, tmp_path / "t-0", CONFIG)
    append(log, 40)
    checkpoint(log)
    yield log
    disk.heal()
    log.close()


def append(log: Log, count: int) -> None:
    for number in range(count):
        record = NewRecord(NOW_MS, b"k%d" % (number % 2), b"%d" % number * 20)
        log.append(build_batch([record]), leader_epoch=0, now_ms=NOW_MS)


def begun(log: Log, disk: FailingDisk) -> tuple[CleaningPlan, CleanedSegment]:
    """Return a plan and its first cleaned segment, not yet taken over."""
    plan = log.plan_cleaning(NOW_MS)
    assert plan is not None
    cleaner = Cleaner(disk, plan, map_bytes_max=UNHURRIED, pace=lambda _: None)
    cleaner.fill_map()
    cleaned = cleaner.clean_next()
    assert cleaned is not None
    return plan, cleaned


def is_refused(log: Log, plan: CleaningPlan, cleaned: CleanedSegment) -> bool:
    taken = log.take_cleaned(plan, cleaned)
    assert not list(log.directory.glob("*.cleaned"))
    return taken is None


def test_log_is_clean_up_to_where_a_run_went(log: Log) -> None:
    assert log.dirt(NOW_MS).ratio == 1.0

    clean(log, NOW_MS)

    assert log.dirt(NOW_MS).dirty_bytes == 0
    assert log.plan_cleaning(NOW_MS) is None
    assert log.cleaning.first_dirty_offset == log.segments[-1].base_offset
    append(log, 20)
    checkpoint(log)
    assert 0 < log.dirt(NOW_MS).ratio < 1


def test_run_ends_below_the_checkpointed_recovery_point(log: Log) -> None:
    log.cleaning.recovery_point = log.segments[1].base_offset + 1

    assert log.dirt(NOW_MS).segment_count == 1
    log.cleaning.recovery_point -= 1
    assert log.dirt(NOW_MS).segment_count == 0


def test_run_over_a_log_that_is_cut_meanwhile_is_refused(log: Log, disk: FailingDisk) -> None:
    plan, cleaned = begun(log, disk)
    before = len(records(log))

    log.truncate_to(5)

    assert is_refused(log, plan, cleaned)
    assert len(records(log)) == 5 < before
    assert log.cleaning.first_dirty_offset <= 5


def test_run_over_a_topic_that_is_not_compacted_any_more_is_refused(
    log: Log, disk: FailingDisk
) -> None:
    plan, cleaned = begun(log, disk)

    log.update_config(parse_config({"cleanup.policy": "delete"}))

    assert not log.cleaning.is_current(plan)
    assert is_refused(log, plan, cleaned)


def test_run_over_segments_that_retention_has_removed_is_refused(
    log: Log, disk: FailingDisk
) -> None:
    plan, cleaned = begun(log, disk)

    log.advance_log_start(log.segments[2].base_offset)
    log.retire_dead_segments()

    assert log.cleaning.is_current(plan)
    assert is_refused(log, plan, cleaned)


def test_run_of_a_fenced_log_is_refused(log: Log, disk: FailingDisk) -> None:
    plan, cleaned = begun(log, disk)

    log.fence("the disk is broken")

    assert is_refused(log, plan, cleaned)
    assert log.plan_cleaning(NOW_MS) is None


def test_disk_that_fails_in_a_swap_fences_the_log(log: Log, disk: FailingDisk) -> None:
    plan, cleaned = begun(log, disk)
    disk.fail("rename")

    with pytest.raises(DiskError):
        log.take_cleaned(plan, cleaned)

    assert log.fenced is not None
