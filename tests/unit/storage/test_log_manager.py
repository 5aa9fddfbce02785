"""Log manager: where logs lie when there are several directories, and what one bad one takes."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from storage.config import parse_config
from storage.errors import DiskError, LogDirLocked, LogExists, LogOffline, WrongLogDir
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log_dir import CLEAN_MARK
from storage.log_layout import LogId, log_path
from storage.log_manager import LogManager
from storage.meta_properties import META
from tests.support.failing_disk import FailingDisk

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
CONFIG = parse_config({})
NOW_MS = 1_700_000_000_000


def opened(directories: Sequence[Path], disk: Disk | None = None) -> LogManager:
    return LogManager.open(directories, cluster_id="c", node_id=1, disk=disk)


def log_id(partition: int) -> LogId:
    return LogId(topic_id=TOPIC_ID, topic_name="t", partition=partition)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [tmp_path / "a", tmp_path / "b", tmp_path / "c"]


def counts(manager: LogManager) -> list[int]:
    return [log_dir.log_count for log_dir in manager.directories]


def test_new_log_goes_where_there_are_the_fewest(paths: list[Path]) -> None:
    manager = opened(paths)
    for partition in range(7):
        manager.create(log_id(partition), CONFIG)
    assert counts(manager) == [3, 2, 2]
    manager.close()

    again = opened(paths)

    assert counts(again) == [3, 2, 2]
    assert len(again.logs()) == 7
    assert again.get(TOPIC_ID, 4) is not None
    assert again.get(TOPIC_ID, 7) is None
    found = again.directory_of(TOPIC_ID, 4)
    assert found is not None
    assert log_path(found.path, log_id(4)).is_dir()
    again.close()


def test_log_that_another_directory_has_is_refused(paths: list[Path]) -> None:
    manager = opened(paths)
    manager.create(log_id(0), CONFIG)

    with pytest.raises(LogExists):
        manager.create(log_id(0), CONFIG)
    manager.close()


def test_fenced_directory_gets_no_new_logs(paths: list[Path]) -> None:
    manager = opened(paths)
    manager.directories[0].fence("broken")

    for partition in range(4):
        manager.create(log_id(partition), CONFIG)

    assert counts(manager) == [0, 2, 2]
    for log_dir in manager.directories:
        log_dir.fence("broken too")
    with pytest.raises(LogOffline, match="broken"):
        manager.create(log_id(4), CONFIG)
    manager.close()


def test_topic_is_deleted_in_every_directory_though_one_of_them_fails(paths: list[Path]) -> None:
    disk = FailingDisk()
    manager = opened(paths, disk)
    for partition in range(3):
        manager.create(log_id(partition), CONFIG)
    disk.fail("rename")
    with pytest.raises(DiskError):
        manager.delete_topic(TOPIC_ID)
    disk.heal()

    manager.delete_topic(TOPIC_ID)

    assert manager.logs() == []
    manager.close()
    again = opened(paths)
    assert again.logs() == []
    again.close()


def test_directory_that_cannot_be_used_is_reported_and_the_others_serve(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    paths[1].write_text("not a directory")

    manager = opened(paths)

    assert [one.path for one in manager.directories] == [paths[0], paths[2]]
    assert list(manager.unusable) == [paths[1]]
    assert f"log directory {paths[1]} is offline" in caplog.text
    manager.create(log_id(0), CONFIG)
    manager.close()


def test_directory_that_fails_in_its_recovery_is_left_out_and_given_back(
    paths: list[Path],
) -> None:
    opened(paths).close()
    disk = FailingDisk()
    (paths[1] / "logs" / "stray").mkdir()
    disk.fail("rename", "stray")

    manager = opened(paths, disk)

    assert list(manager.unusable) == [paths[1]]
    opened([paths[1]]).close()
    manager.close()


def test_no_usable_directory_is_an_error_that_names_them(paths: list[Path]) -> None:
    for path in paths:
        path.write_text("not a directory")

    with pytest.raises(DiskError, match=f"no log directory can be used: .*{paths[0]}.*{paths[2]}"):
        opened(paths)


def test_start_that_is_refused_gives_every_directory_back(paths: list[Path]) -> None:
    held = opened(paths[2:])
    with pytest.raises(LogDirLocked):
        opened(paths)
    held.close()

    opened(paths).close()


def test_copy_of_a_directory_beside_it_is_refused(paths: list[Path]) -> None:
    opened(paths[:1]).close()
    copytree(paths[0], paths[1])

    with pytest.raises(WrongLogDir, match="copy"):
        opened(paths[:2])


def test_two_logs_of_one_partition_are_refused_and_both_kept(paths: list[Path]) -> None:
    for path in paths[:2]:
        manager = opened([path])
        manager.create(log_id(0), CONFIG)
        manager.close()

    with pytest.raises(WrongLogDir, match="t-0"):
        opened(paths[:2])

    assert all(log_path(path, log_id(0)).is_dir() for path in paths[:2])


def test_close_leaves_a_clean_mark_everywhere_but_where_the_disk_fails(paths: list[Path]) -> None:
    manager = opened(paths)
    rmtree(paths[1])

    with pytest.raises(DiskError):
        manager.close()

    assert (paths[0] / CLEAN_MARK).exists()
    assert (paths[2] / CLEAN_MARK).exists()


def test_abandoned_directories_have_no_clean_mark(paths: list[Path]) -> None:
    opened(paths).abandon()

    assert [(path / META).exists() for path in paths] == [True] * 3
    assert [(path / CLEAN_MARK).exists() for path in paths] == [False] * 3
    opened(paths).close()


def test_directory_that_is_left_out_is_missed(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    manager = opened(paths)
    assert manager.missing == []
    manager.close()

    manager = opened(paths[:2])

    assert manager.missing == [paths[2]]
    assert f"last seen at {paths[2]}, is missing" in caplog.text
    manager.close()


def test_directory_whose_disk_is_not_mounted_is_missed_though_its_place_is_there(
    paths: list[Path],
) -> None:
    opened(paths).close()
    paths[2].rename(paths[2].with_name("unmounted"))

    manager = opened(paths)

    assert manager.missing == [paths[2]]
    manager.close()


def test_log_is_truncated_in_its_directory(paths: list[Path]) -> None:
    manager = opened(paths)
    for partition in range(3):
        manager.create(log_id(partition), CONFIG)
    log = manager.get(TOPIC_ID, 1)
    assert log is not None
    log.append(build_batch([NewRecord(NOW_MS, None, b"v")]), leader_epoch=0, now_ms=NOW_MS)
    log.flush()

    manager.truncate_log(TOPIC_ID, 1, 0)

    assert log.log_end_offset == 0
    manager.close()
