"""Files that wait for their removal: none before its time, none for ever."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.cleanup.retired_files import RetiredFiles
from storage.files import Disk
from tests.support.failing_disk import FailingDisk


class CountingDisk(Disk):
    """Keeps what was removed, in order."""

    def __init__(self) -> None:
        self.removed: list[Path] = []

    def remove(self, path: Path) -> None:
        """Keep the path."""
        self.removed.append(path)


@given(
    due=st.lists(st.integers(0, 20), max_size=20), looks=st.lists(st.integers(0, 25), max_size=6)
)
def test_each_is_removed_once_and_never_early(due: list[int], looks: list[int]) -> None:
    disk = CountingDisk()
    retired = RetiredFiles(disk)
    for number, moment in enumerate(due):
        retired.add([Path(f"{number}-{moment}")], moment)

    for now in sorted(looks):
        before = len(disk.removed)
        count = retired.remove_due(now)
        assert len(disk.removed) - before == count
        assert all(int(path.name.partition("-")[2]) <= now for path in disk.removed)
        assert len(disk.removed) == sum(moment <= now for moment in due)
        assert len(retired) == len(due) - len(disk.removed)

    assert len(set(disk.removed)) == len(disk.removed)


def test_files_are_gone_from_the_disk(tmp_path: Path) -> None:
    names = ["00000000000000000000.log.deleted", "00000000000000000000.index.deleted"]
    for name in (*names, "stays.log"):
        (tmp_path / name).write_bytes(b"x")
    retired = RetiredFiles(Disk())
    retired.add([tmp_path / name for name in names], 5)

    assert retired.remove_due(4) == 0
    assert retired.remove_due(5) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["stays.log"]


def test_file_that_cannot_be_removed_is_left_and_keeps_no_other_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.log.deleted", "b.index.deleted"):
        (tmp_path / name).write_bytes(b"x")
    disk = FailingDisk()
    disk.fail("remove", ".log.deleted")
    retired = RetiredFiles(disk)
    retired.add([tmp_path / "a.log.deleted", tmp_path / "b.index.deleted"], 0)

    assert retired.remove_due(0) == 1
    assert ([path.name for path in tmp_path.iterdir()], len(retired)) == (["a.log.deleted"], 0)
    assert "a.log.deleted is left for the next start" in caplog.text
