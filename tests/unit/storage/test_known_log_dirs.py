"""Known log directories: one that is away is noticed, whatever its path looks like now."""

from pathlib import Path

import pytest

from storage.errors import DiskError
from storage.files import Disk
from storage.known_log_dirs import KNOWN, missing_log_dirs
from tests.support.failing_disk import FailingDisk


@pytest.fixture
def present(tmp_path: Path) -> dict[str, Path]:
    found = {"id-a": tmp_path / "a", "id-b": tmp_path / "b with space\n", "id-c": tmp_path / "c%20"}
    for path in found.values():
        path.mkdir()
    return found


def test_one_directory_alone_remembers_nothing(present: dict[str, Path]) -> None:
    assert missing_log_dirs(Disk(), {"id-a": present["id-a"]}) == {}

    assert not (present["id-a"] / KNOWN).exists()


@pytest.mark.parametrize("away", ["id-a", "id-b", "id-c"])
def test_directory_that_is_away_is_missed_until_it_is_back(
    present: dict[str, Path], away: str
) -> None:
    assert missing_log_dirs(Disk(), present) == {}
    others = {one: path for one, path in present.items() if one != away}

    for _ in range(2):
        assert missing_log_dirs(Disk(), others) == {away: present[away]}

    assert missing_log_dirs(Disk(), present) == {}


def test_new_directory_at_the_place_of_an_old_one_does_not_pass_for_it(
    present: dict[str, Path],
) -> None:
    missing_log_dirs(Disk(), present)
    replaced = present | {"id-new": present["id-c"]}
    del replaced["id-c"]
    (present["id-c"] / KNOWN).unlink()

    assert missing_log_dirs(Disk(), replaced) == {"id-c": present["id-c"]}


def test_directory_that_moved_is_the_same(present: dict[str, Path], tmp_path: Path) -> None:
    missing_log_dirs(Disk(), present)
    moved = present | {"id-c": (tmp_path / "c%20").rename(tmp_path / "d")}

    assert missing_log_dirs(Disk(), moved) == {}
    moved.pop("id-c")
    assert missing_log_dirs(Disk(), moved) == {"id-c": tmp_path / "d"}


def test_file_that_does_not_read_is_written_again_from_the_others(
    present: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    missing_log_dirs(Disk(), present)
    (present["id-a"] / KNOWN).write_text("0\n1\nonly-an-id\n")

    assert missing_log_dirs(Disk(), {"id-a": present["id-a"], "id-b": present["id-b"]}) == {
        "id-c": present["id-c"]
    }
    assert "does not read" in caplog.text
    assert missing_log_dirs(Disk(), {"id-a": present["id-a"]}).keys() == {"id-b", "id-c"}


def test_directory_is_not_used_when_the_others_cannot_remember_it(
    present: dict[str, Path],
) -> None:
    disk = FailingDisk()
    disk.fail("sync")

    with pytest.raises(DiskError):
        missing_log_dirs(disk, present)
