"""Log directory: who may have it, what a restart finds, what a failing disk leaves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.checkpoints import read_checkpoint
from storage.config import parse_config
from storage.errors import (
    DiskError,
    LogDirFull,
    LogDirLocked,
    LogExists,
    LogOffline,
    WrongLogDir,
)
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.log_dir import CLEAN_MARK, LOG_STARTS, RECOVERY_POINTS, LogDir
from storage.log_layout import LOGS, LogId, log_path
from storage.recovery_progress import RecoveryProgress
from tests.support.failing_disk import FailingDisk

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
LOG_ID = LogId(topic_id=TOPIC_ID, topic_name="t", partition=0)
CONFIG = parse_config({"segment.bytes": "1024"})
NOW_MS = 1_700_000_000_000


def opened(path: Path, disk: Disk | None = None) -> LogDir:
    log_dir = LogDir.open(path, cluster_id="c", node_id=1, disk=disk or Disk())
    log_dir.recover()
    return log_dir


def append(log: Log, count: int = 1) -> None:
    for _ in range(count):
        batch = build_batch([NewRecord(NOW_MS, None, b"v" * 100)])
        log.append(batch, leader_epoch=0, now_ms=NOW_MS)


def damage(path: Path) -> None:
    """Change a byte in the middle of a log's first batch."""
    data = bytearray(path.read_bytes())
    data[80] ^= 1
    path.write_bytes(data)


def test_second_process_is_refused_until_the_first_gives_it_back(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(LogDirLocked):
        opened(tmp_path)

    first.abandon()

    opened(tmp_path).close()


def test_directory_that_is_refused_is_given_back(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(WrongLogDir):
        LogDir.open(tmp_path, cluster_id="other", node_id=1, disk=Disk())

    opened(tmp_path).close()


def test_logs_are_there_again_after_a_clean_end(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    append(log_dir.create(LOG_ID, CONFIG), 3)
    log_dir.close()
    assert (tmp_path / CLEAN_MARK).exists()

    again = opened(tmp_path)

    assert not (tmp_path / CLEAN_MARK).exists()
    assert (again.logs(), again.log_count) == ([LOG_ID], 1)
    log = again.get(LOG_ID.key)
    assert log is not None
    assert log.log_end_offset == 3
    assert again.directory_id == log_dir.directory_id
    again.close()


def test_second_log_of_a_partition_is_refused(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log_dir.create(LOG_ID, CONFIG)

    with pytest.raises(LogExists):
        log_dir.create(LOG_ID, CONFIG)
    log_dir.close()


def test_damage_below_the_recovery_point_keeps_the_log_offline_over_restarts(
    tmp_path: Path,
) -> None:
    log_dir = opened(tmp_path)
    append(log_dir.create(LOG_ID, CONFIG), 3)
    log_dir.close()
    (tmp_path / CLEAN_MARK).unlink()
    damage(log_path(tmp_path, LOG_ID) / f"{0:020d}.log")
    before = (log_path(tmp_path, LOG_ID) / f"{0:020d}.log").read_bytes()

    for _ in range(3):
        again = opened(tmp_path)
        assert list(again.offline) == [LOG_ID]
        assert again.get(LOG_ID.key) is None
        assert again.log_count == 1
        with pytest.raises(LogOffline):
            again.create(LOG_ID, CONFIG)
        again.close()
        assert not (tmp_path / CLEAN_MARK).exists()

    assert (log_path(tmp_path, LOG_ID) / f"{0:020d}.log").read_bytes() == before


def test_topic_that_is_deleted_is_gone_after_a_restart(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    log_dir.delete_topic(TOPIC_ID)
    assert log.fenced == "deleted"
    assert log_dir.logs() == []
    log_dir.close()

    again = opened(tmp_path)

    assert again.logs() == []
    again.close()


def test_checkpoint_is_written_only_when_it_says_something_new(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log, 3)
    log.flush()
    log_dir.write_checkpoints()
    points, starts = tmp_path / RECOVERY_POINTS, tmp_path / LOG_STARTS
    assert read_checkpoint(Disk(), points) == [[TOPIC_ID, "0", "3"]]
    first = points.stat().st_ino, starts.stat().st_ino

    log_dir.write_checkpoints()
    assert (points.stat().st_ino, starts.stat().st_ino) == first

    append(log)
    log.flush()
    log_dir.write_checkpoints()
    assert points.stat().st_ino != first[0]
    assert starts.stat().st_ino == first[1]
    assert read_checkpoint(Disk(), points) == [[TOPIC_ID, "0", "4"]]
    log_dir.close()


def test_checkpoint_that_failed_is_written_by_the_next_call(tmp_path: Path) -> None:
    disk = FailingDisk()
    log_dir = opened(tmp_path, disk)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log)
    log.flush()
    disk.fail("rename")
    with pytest.raises(DiskError):
        log_dir.write_checkpoints()
    disk.heal()

    log_dir.write_checkpoints()

    assert read_checkpoint(disk, tmp_path / RECOVERY_POINTS) == [[TOPIC_ID, "0", "1"]]
    log_dir.close()


def test_checkpoint_that_does_not_read_has_every_log_read_from_its_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log_dir = opened(tmp_path)
    append(log_dir.create(LOG_ID, CONFIG), 30)
    log_dir.close()
    (tmp_path / CLEAN_MARK).unlink()
    (tmp_path / RECOVERY_POINTS).write_text("0\nnonsense")

    again = opened(tmp_path)

    log = again.get(LOG_ID.key)
    assert log is not None
    assert log.log_end_offset == 30
    assert "every log is read from its start" in caplog.text
    again.close()


def test_fenced_directory_takes_nothing_and_leaves_no_clean_mark(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log)
    log.flush()

    log_dir.fence("the disk is gone")
    log_dir.fence("and gone")

    assert log_dir.fenced == log.fenced == "the disk is gone"
    with pytest.raises(LogOffline, match="the disk is gone"):
        append(log)
    with pytest.raises(LogOffline, match="the disk is gone"):
        log_dir.create(LogId(topic_id=TOPIC_ID, topic_name="t", partition=1), CONFIG)
    log_dir.write_checkpoints()
    assert not (tmp_path / RECOVERY_POINTS).exists()
    assert log.locate(0, 1000).size > 0
    log_dir.close()
    assert not (tmp_path / CLEAN_MARK).exists()


def test_retention_and_expiry_reach_every_log(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    config = parse_config({"segment.bytes": "1024", "retention.ms": "1000"})
    log = log_dir.create(LOG_ID, config)
    append(log, 30)
    log.flush()
    log.advance_high_watermark(30)

    log_dir.apply_retention(NOW_MS + 2_000)
    log_dir.expire_producers(NOW_MS)
    log_dir.write_checkpoints()

    assert log.log_start_offset == 30
    assert read_checkpoint(Disk(), tmp_path / LOG_STARTS) == [[TOPIC_ID, "0", "30"]]
    assert len(log.segments) < 3
    log_dir.close()


class CrampedDisk(Disk):
    """A disk that says how much is free."""

    free = 1 << 40

    def free_bytes(self, path: Path) -> int:
        return self.free


def test_retired_files_wait_for_their_delay_unless_room_is_short(tmp_path: Path) -> None:
    disk = CrampedDisk()
    log_dir = LogDir.open(tmp_path, cluster_id="c", node_id=1, disk=disk, reserve_bytes=1000)
    log_dir.recover()
    log = log_dir.create(LOG_ID, CONFIG)
    append(log, 30)
    log.flush()
    log.advance_log_start(20)
    log_dir.write_checkpoints()
    log_dir.write_checkpoints()
    retired = "*/*/*.deleted"
    assert list((tmp_path / LOGS).glob(retired))

    disk.free = 0
    with pytest.raises(LogDirFull):
        log_dir.reserve.take(1 << 30)
    log_dir.write_checkpoints()

    assert list((tmp_path / LOGS).glob(retired)) == []
    log_dir.close()


def test_logs_recovered_side_by_side_are_those_recovered_one_by_one(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    for number in range(20):
        log = log_dir.create(LogId(topic_id=TOPIC_ID, topic_name="t", partition=number), CONFIG)
        append(log, number)
        log.flush()
    log_dir.abandon()
    damaged = log_path(tmp_path, LogId(topic_id=TOPIC_ID, topic_name="t", partition=3))
    log_dir.write_checkpoints()
    damage(damaged / f"{0:020d}.log")

    progress = RecoveryProgress()
    again = LogDir.open(tmp_path, cluster_id="c", node_id=1, disk=Disk())
    with ThreadPoolExecutor(4) as executor:
        again.recover(executor, progress)

    assert [(log_id.partition, log.log_end_offset) for log_id, log in again.opened()] == [
        (number, number) for number in sorted(range(20), key=str) if number != 3
    ]
    assert [log_id.partition for log_id in again.offline] == [3]
    assert (progress.log_count, progress.done_count) == (20, 20)
    assert progress.checked_bytes > 0
    again.abandon()


def test_truncation_lowers_the_recovery_point_on_disk_before_it_cuts(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log, 20)
    log.flush()
    log_dir.write_checkpoints()

    log_dir.truncate_log(LOG_ID.key, 12)

    ((*_, point),) = read_checkpoint(Disk(), tmp_path / RECOVERY_POINTS)
    assert int(point) <= 12
    assert log.log_end_offset == 12
    append(log, 3)
    log_dir.abandon()
    again = opened(tmp_path).get(LOG_ID.key)
    assert again is not None
    assert again.log_end_offset == 15


def test_checkpoint_begun_before_a_truncation_or_another_is_never_written(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log, 20)
    log.flush()
    late = log_dir.begin_checkpoint()

    log_dir.truncate_log(LOG_ID.key, 3)
    log_dir.write_checkpoint(late)
    log_dir.complete_checkpoint(late)

    assert read_checkpoint(Disk(), tmp_path / RECOVERY_POINTS) == []
    assert log.cleaning.recovery_point == 0
    old, new = log_dir.begin_checkpoint(), log_dir.begin_checkpoint()
    log_dir.write_checkpoint(old)
    assert read_checkpoint(Disk(), tmp_path / RECOVERY_POINTS) == []
    log_dir.write_checkpoint(new)
    ((*_, point),) = read_checkpoint(Disk(), tmp_path / RECOVERY_POINTS)
    assert int(point) == log.log_end_offset
    log_dir.abandon()


def test_segments_stay_until_the_start_above_them_is_written(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    append(log, 30)
    log.flush()
    checkpoint = log_dir.begin_checkpoint()
    log_dir.write_checkpoint(checkpoint)
    before = len(log.segments)

    log.advance_log_start(25)
    log_dir.complete_checkpoint(checkpoint)

    assert len(log.segments) == before
    log_dir.write_checkpoints()
    assert len(log.segments) < before
    log_dir.abandon()


def test_log_that_begins_again_at_its_start_opens_after_a_restart(tmp_path: Path) -> None:
    log_dir = opened(tmp_path)
    log = log_dir.create(LOG_ID, CONFIG)
    log.append(
        build_batch([NewRecord(0, None, b"1"), NewRecord(0, None, b"2")]), leader_epoch=0, now_ms=0
    )
    log.flush()
    log.advance_log_start(1)

    log_dir.truncate_log(LOG_ID.key, 1)

    log_dir.abandon()
    again = opened(tmp_path).get(LOG_ID.key)
    assert again is not None
    assert (again.log_start_offset, again.log_end_offset) == (1, 1)
