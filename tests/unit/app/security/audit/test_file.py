"""The audit log's file: whole lines, its owner's alone, rolled when it is large."""

import os
import stat
from pathlib import Path

import pytest

from app.security.audit.file import AuditFile
from storage.errors import DiskError
from storage.files import Disk
from tests.support.failing_disk import FailingDisk


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_is_the_owners_alone_and_is_taken_from_others(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    previous = os.umask(0)
    try:
        AuditFile(Disk(), path).write(b"a\n", sync=True)
    finally:
        os.umask(previous)
    assert mode(path) == 0o600
    path.chmod(0o644)

    AuditFile(Disk(), path).write(b"b\n", sync=True)

    assert mode(path) == 0o600
    assert path.read_bytes() == b"a\nb\n"


def test_file_is_rolled_by_size_and_the_oldest_deleted(tmp_path: Path) -> None:
    file = AuditFile(Disk(), tmp_path / "audit.log", bytes_max=8, files_max=3)

    for number in range(10):
        file.write(b"%03d\n" % number, sync=False)
    file.close()

    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {
        "audit.log": b"008\n009\n",
        "audit.log.1": b"006\n007\n",
        "audit.log.2": b"004\n005\n",
    }
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


def test_line_that_a_crash_tore_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b'{"whole":1}\n{"to')

    AuditFile(Disk(), path).write(b'{"next":1}\n', sync=True)

    assert path.read_bytes() == b'{"whole":1}\n{"to\n{"next":1}\n'


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_failed_write_leaves_nothing_and_the_next_one_lands(tmp_path: Path, operation: str) -> None:
    disk = FailingDisk()
    path = tmp_path / "audit.log"
    file = AuditFile(disk, path)
    file.write(b"first\n", sync=True)
    disk.fail(operation)
    with pytest.raises(DiskError):
        file.write(b"second\n", sync=True)
    assert path.read_bytes() == b"first\n"

    disk.heal()
    file.write(b"third\n", sync=True)

    assert path.read_bytes() == b"first\nthird\n"


def test_half_a_line_that_cannot_be_taken_back_is_ended(tmp_path: Path) -> None:
    disk = FailingDisk()
    path = tmp_path / "audit.log"
    file = AuditFile(disk, path)
    file.write(b"first\n", sync=True)
    disk.fail("write")
    disk.fail("truncate")
    with pytest.raises(DiskError):
        file.write(b"second\n", sync=True)

    disk.heal()
    file.write(b"third\n", sync=True)

    assert path.read_bytes() == b"first\nsec\nthird\n"


@pytest.mark.parametrize("operation", ["rename", "sync_directory"])
def test_roll_that_fails_is_tried_again(tmp_path: Path, operation: str) -> None:
    disk = FailingDisk()
    file = AuditFile(disk, tmp_path / "audit.log", bytes_max=8)
    file.write(b"first\n", sync=True)
    disk.fail(operation)
    with pytest.raises(DiskError):
        file.write(b"second\n", sync=True)

    disk.heal()
    file.write(b"third\n", sync=True)

    assert (tmp_path / "audit.log").read_bytes() == b"third\n"
    assert (tmp_path / "audit.log.1").read_bytes() == b"first\n"


def test_path_that_cannot_be_opened_is_a_failure_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.mkdir()
    file = AuditFile(Disk(), path)

    with pytest.raises(DiskError, match=r"audit\.log"):
        file.write(b"line\n", sync=False)

    path.rmdir()
    file.write(b"line\n", sync=False)
    assert path.read_bytes() == b"line\n"


def test_full_disk_of_the_systems_is_a_failure_too(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.symlink_to("/dev/full")

    with pytest.raises(DiskError, match="No space left"):
        AuditFile(Disk(), path).write(b"line\n", sync=True)

    assert mode(Path("/dev/full")) == 0o666
