"""Log layout: what counts as a log, what is put aside, what a deletion leaves."""

from pathlib import Path

import pytest

from storage.errors import DiskError
from storage.files import Disk
from storage.log_layout import LOGS, QUARANTINE, LogId, delete_topic, find_logs, log_path
from tests.support.failing_disk import FailingDisk

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAA-_"
LOG_ID = LogId(topic_id=TOPIC_ID, topic_name="a.b-c", partition=12)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    log_path(tmp_path, LOG_ID).mkdir(parents=True)
    return tmp_path / LOGS


def test_log_is_found_where_its_path_says(tmp_path: Path, logs: Path) -> None:
    assert log_path(tmp_path, LOG_ID) == logs / TOPIC_ID / "a.b-c-12"
    assert find_logs(Disk(), tmp_path) == [LOG_ID]


@pytest.mark.parametrize("name", ["short", "AAAAAAAAAAAAAAAAAAAA.!", "lost+found"])
def test_directory_that_is_no_topic_is_moved_and_the_log_says_where(
    tmp_path: Path, logs: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (logs / name).mkdir()
    (logs / name / "bytes").write_bytes(b"precious")

    assert find_logs(Disk(), tmp_path) == [LOG_ID]

    (aside,) = (tmp_path / QUARANTINE).iterdir()
    assert (aside / "bytes").read_bytes() == b"precious"
    assert str(aside) in caplog.text


@pytest.mark.parametrize("name", ["t", "t-x", "t-12345678901", "notes.txt"])
def test_name_in_a_topic_that_is_no_log_is_moved(tmp_path: Path, logs: Path, name: str) -> None:
    (logs / TOPIC_ID / name).write_bytes(b"precious")

    assert find_logs(Disk(), tmp_path) == [LOG_ID]

    (aside,) = (tmp_path / QUARANTINE).iterdir()
    assert aside.read_bytes() == b"precious"


def test_unknown_names_that_are_alike_do_not_replace_each_other(tmp_path: Path, logs: Path) -> None:
    for content in (b"1", b"2"):
        (logs / "stray").write_bytes(content)
        find_logs(Disk(), tmp_path)

    assert {one.read_bytes() for one in (tmp_path / QUARANTINE).iterdir()} == {b"1", b"2"}


def test_deletion_that_was_decided_is_finished_by_the_next_look(tmp_path: Path, logs: Path) -> None:
    disk = FailingDisk()
    disk.fail("remove")
    with pytest.raises(DiskError):
        delete_topic(disk, tmp_path, TOPIC_ID)
    assert [one.name for one in logs.iterdir()] == [f"{TOPIC_ID}-delete"]

    assert find_logs(Disk(), tmp_path) == []

    assert list(logs.iterdir()) == []


def test_deletion_of_a_topic_without_logs_does_nothing(tmp_path: Path, logs: Path) -> None:
    delete_topic(Disk(), tmp_path, "BBBBBBBBBBBBBBBBBBBBBB")

    assert find_logs(Disk(), tmp_path) == [LOG_ID]
