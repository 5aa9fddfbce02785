"""The operating system's files: what is durable, what is whole, what an error becomes."""

import errno
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DiskError, DiskFull, PassingDiskError, TooManyOpenFiles
from storage.files import TEMPORARY_SUFFIX, Disk, File
from tests.support.failing_disk import FailingDisk

LONG_NAME = "x" * 300


class SyncingDisk(Disk):
    """Notes which directories are synced."""

    def __init__(self) -> None:
        self.synced: list[Path] = []

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self.synced.append(path)


def made(path: Path, data: bytes = b"") -> File:
    file = Disk().open(path, create=True)
    file.write(data, 0)
    return file


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_open_refuses_a_file_that_is_not_there_unless_it_may_make_it(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"cannot open .*none"):
        Disk().open(tmp_path / "none")

    assert Disk().open(tmp_path / "none", create=True).size() == 0


def test_open_keeps_what_is_in_a_file_that_it_could_have_made(tmp_path: Path) -> None:
    made(tmp_path / "f", b"kept")

    assert Disk().open(tmp_path / "f", create=True).read(0, 10) == b"kept"


@settings(max_examples=60, deadline=None)
@given(writes=st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=30)), max_size=8))
def test_file_holds_what_was_written_last_at_each_place_and_zeros_between(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bytes]]
) -> None:
    file = made(tmp_path_factory.getbasetemp() / "model")
    file.truncate(0)
    expected = bytearray()

    for position, data in writes:
        file.write(data, position)
        if data:
            expected.extend(bytes(max(0, position - len(expected))))
            expected[position : position + len(data)] = data

    assert (file.size(), file.read(0, 100)) == (len(expected), bytes(expected))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_write_takes_up_where_the_system_wrote_only_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[bytes], bytes]
) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: whole(fd, bytes(data[:3]), at))
    file = Disk().open(tmp_path / "f", create=True)

    file.write(kind(b"0123456789"), 2)

    assert file.read(0, 20) == b"\0\x000123456789"


def test_read_takes_up_where_the_system_read_only_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(tmp_path / "f", b"0123456789")
    whole = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: whole(fd, min(size, 3), at))

    assert file.read(1, 8) == b"12345678"
    assert file.read(1, 100) == b"123456789"


@pytest.mark.parametrize(
    ("position", "size", "data"),
    [(0, 4, b"abcd"), (2, 9, b"cd"), (4, 1, b""), (9, 1, b""), (1, 0, b"")],
)
def test_read_returns_fewer_bytes_only_at_the_end(
    tmp_path: Path, position: int, size: int, data: bytes
) -> None:
    assert made(tmp_path / "f", b"abcd").read(position, size) == data


def test_read_if_cached_returns_all_of_the_bytes_or_none(tmp_path: Path) -> None:
    file = made(tmp_path / "f", b"abcd")

    assert file.read_if_cached(1, 2) in (b"bc", None)
    assert file.read_if_cached(2, 3) is None


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EOPNOTSUPP])
def test_read_if_cached_is_none_where_the_system_would_wait_or_cannot_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "preadv", refuse)

    assert made(tmp_path / "f", b"abcd").read_if_cached(0, 4) is None
    assert not made(tmp_path / "f", b"abcd").is_cached(0, 4)


@pytest.mark.parametrize("size", [0, 2, 6])
def test_truncate_sets_the_size_and_fills_with_zeros(tmp_path: Path, size: int) -> None:
    file = made(tmp_path / "f", b"abcd")

    file.truncate(size)

    assert file.read(0, 10) == b"abcd\0\0"[:size]


@pytest.mark.parametrize(
    "operate",
    [
        lambda file: file.write(b"x", -1),
        lambda file: file.read(-1, 1),
        lambda file: file.read_if_cached(-2, 1),
        lambda file: file.is_cached(-2, 1),
        lambda file: file.truncate(-1),
    ],
)
def test_file_makes_a_disk_error_of_the_systems(
    tmp_path: Path, operate: Callable[[File], object]
) -> None:
    file = made(tmp_path / "f", b"abcd")

    with pytest.raises(DiskError, match=r"cannot .*f: ") as caught:
        operate(file)

    assert isinstance(caught.value.__cause__, OSError)
    assert file.read(0, 10) == b"abcd"


def test_sync_raises_when_the_system_cannot() -> None:
    reading, writing = os.pipe()
    os.close(writing)

    with pytest.raises(DiskError, match="cannot sync pipe"):
        File(Path("pipe"), reading).sync()


def test_file_is_closed_with_its_last_reference(tmp_path: Path) -> None:
    file = made(tmp_path / "f", b"abcd")
    descriptor, reader = file.hold().number, file
    Disk().remove(tmp_path / "f")

    del file
    assert reader.read(0, 4) == b"abcd"
    del reader

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(
    "operate",
    [
        lambda disk, path: disk.list(path / "none"),
        lambda disk, path: disk.list(path / "f"),
        lambda disk, path: disk.sync_directory(path / "f"),
        lambda disk, path: disk.read_bytes(path / "none"),
        lambda disk, path: disk.read_bytes(path),
        lambda disk, path: disk.rename(path / "none", path / "f"),
        lambda disk, path: disk.remove(path / "d"),
        lambda disk, path: disk.remove_tree(path / "none"),
        lambda disk, path: disk.remove_tree(path / "f"),
        lambda disk, path: disk.make_directory(path / "f"),
        lambda disk, path: disk.make_directory(path / "f" / "below"),
        lambda disk, path: disk.make_directory(path / LONG_NAME),
        lambda disk, path: disk.write_atomically(path / "none" / "f", b""),
        lambda disk, path: disk.write_atomically(path / "d", b""),
        lambda disk, path: disk.lock(path / "none" / "f"),
        lambda disk, path: disk.lock(path / "d"),
        lambda disk, path: disk.exists(path / LONG_NAME),
        lambda disk, path: disk.is_directory(path / LONG_NAME),
    ],
)
def test_disk_makes_a_disk_error_of_the_systems_and_harms_no_other_file(
    tmp_path: Path, operate: Callable[[Disk, Path], object]
) -> None:
    made(tmp_path / "f", b"kept")
    (tmp_path / "d").mkdir()

    with pytest.raises(DiskError) as caught:
        operate(Disk(), tmp_path)

    assert isinstance(caught.value.__cause__, OSError)
    assert (tmp_path / "f").read_bytes() == b"kept"
    assert (tmp_path / "d").is_dir()


def test_names_are_told_apart(tmp_path: Path) -> None:
    disk = Disk()
    made(tmp_path / "b")
    disk.make_directory(tmp_path / "a")

    assert disk.list(tmp_path) == ["a", "b"]
    assert [disk.exists(tmp_path / name) for name in "abc"] == [True, True, False]
    assert [disk.is_directory(tmp_path / name) for name in "abc"] == [True, False, False]


def test_make_directory_syncs_every_parent_from_the_top_of_what_was_missing(
    tmp_path: Path,
) -> None:
    disk = SyncingDisk()

    disk.make_directory(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert disk.synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


def test_make_directory_leaves_one_that_is_there_alone(tmp_path: Path) -> None:
    made(tmp_path / "f", b"kept")
    disk = SyncingDisk()

    disk.make_directory(tmp_path)

    assert (disk.list(tmp_path), disk.synced) == (["f"], [])


def test_write_atomically_makes_the_file_and_syncs_its_name(tmp_path: Path) -> None:
    disk = SyncingDisk()

    disk.write_atomically(tmp_path / "f", b"new")

    assert (disk.list(tmp_path), disk.read_bytes(tmp_path / "f")) == (["f"], b"new")
    assert disk.synced == [tmp_path]


@pytest.mark.parametrize("data", [b"", b"new", b"n" * 5000])
def test_write_atomically_takes_nothing_from_a_longer_file_that_an_earlier_try_left(
    tmp_path: Path, data: bytes
) -> None:
    made(tmp_path / f"f{TEMPORARY_SUFFIX}", b"left" * 2000)

    Disk().write_atomically(tmp_path / "f", data)

    assert (tmp_path / "f").read_bytes() == data


@pytest.mark.parametrize(
    "operation", ["open", "truncate", "write", "sync", "rename", "sync_directory"]
)
def test_write_atomically_leaves_the_old_bytes_or_the_new_and_can_be_repeated(
    tmp_path: Path, operation: str
) -> None:
    disk = FailingDisk()
    disk.write_atomically(tmp_path / "f", b"the old bytes")
    disk.fail(operation)

    with pytest.raises(DiskError):
        disk.write_atomically(tmp_path / "f", b"new")

    expected = b"new" if operation == "sync_directory" else b"the old bytes"
    assert (tmp_path / "f").read_bytes() == expected
    disk.heal()
    disk.write_atomically(tmp_path / "f", b"again")
    assert (disk.list(tmp_path), disk.read_bytes(tmp_path / "f")) == (["f"], b"again")


def test_rename_replaces_the_target(tmp_path: Path) -> None:
    made(tmp_path / "a", b"a")
    made(tmp_path / "b", b"b")

    Disk().rename(tmp_path / "a", tmp_path / "b")

    assert (Disk().list(tmp_path), (tmp_path / "b").read_bytes()) == (["b"], b"a")


def test_remove_is_content_with_a_file_that_is_gone(tmp_path: Path) -> None:
    made(tmp_path / "f")

    Disk().remove(tmp_path / "f")
    Disk().remove(tmp_path / "f")

    assert Disk().list(tmp_path) == []


def test_remove_tree_removes_all_below_and_nothing_that_is_only_linked(tmp_path: Path) -> None:
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    made(tmp_path / "tree" / "a" / "f")
    made(tmp_path / "elsewhere", b"kept")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "elsewhere")

    Disk().remove_tree(tmp_path / "tree")

    assert Disk().list(tmp_path) == ["elsewhere"]


def test_lock_is_had_by_one_at_a_time(tmp_path: Path) -> None:
    disk = Disk()
    lock = disk.lock(tmp_path / ".lock")
    assert lock is not None

    before = open_descriptors()
    assert disk.lock(tmp_path / ".lock") is None
    assert open_descriptors() == before

    lock.release()
    again = disk.lock(tmp_path / ".lock")
    assert again is not None
    again.release()


def test_lock_leaves_no_file_open_when_the_system_cannot_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    before = open_descriptors()

    with pytest.raises(DiskError, match="cannot lock"):
        Disk().lock(tmp_path / ".lock")

    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EMFILE, TooManyOpenFiles),
        (errno.ENFILE, TooManyOpenFiles),
        (errno.EIO, DiskError),
        (errno.EROFS, DiskError),
    ],
)
def test_error_that_may_pass_is_told_from_a_failing_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[DiskError]
) -> None:
    file = made(tmp_path / "f")

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    for name in ("pwrite", "open"):
        monkeypatch.setattr(os, name, fail)
    with pytest.raises(DiskError) as written:
        file.write(b"x", 0)
    with pytest.raises(DiskError) as opened:
        Disk().open(tmp_path / "f")

    assert type(written.value) is type(opened.value) is kind
    assert os.strerror(number) in str(written.value)


def test_free_bytes_are_those_of_the_file_system(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)

    assert 0 < Disk().free_bytes(tmp_path) <= found.f_blocks * found.f_frsize
    with pytest.raises(DiskError, match="cannot look at"):
        Disk().free_bytes(tmp_path / "none")


def test_file_that_was_let_go_is_opened_again_under_the_name_it_has(tmp_path: Path) -> None:
    disk = Disk(open_files_max=2)
    file = disk.open(tmp_path / "f", create=True)
    file.write(b"abcd", 0)
    assert not file.let_go(), "writes are not synced"
    file.sync()
    assert file.let_go()
    assert file.read(0, 4) == b"abcd"

    assert file.let_go()
    disk.rename(tmp_path / "f", tmp_path / "g")
    disk.open(tmp_path / "f", create=True).write(b"another", 0)
    with pytest.raises(DiskError, match="another file has its name"):
        file.read(0, 4)

    file.path = tmp_path / "g"
    assert file.read(0, 4) == b"abcd"
    file.truncate(2)
    assert not file.let_go()


def test_file_that_is_gone_says_so(tmp_path: Path) -> None:
    disk = Disk(open_files_max=1)
    file = disk.open(tmp_path / "f", create=True)
    disk.remove(tmp_path / "f")
    assert file.size() == 0
    assert file.let_go()

    with pytest.raises(DiskError, match=r"cannot open .*f"):
        file.size()


def test_file_stays_open_for_who_holds_it(tmp_path: Path) -> None:
    file = Disk(open_files_max=1).open(tmp_path / "f", create=True)
    held = file.hold()

    assert file.let_go()

    assert os.fstat(held.number).st_size == 0
    number = held.number
    del held
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_sync_that_fails_keeps_the_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Disk(open_files_max=1).open(tmp_path / "f", create=True)
    file.write(b"a", 0)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(DiskError):
        file.sync()

    assert not file.let_go()


def test_system_that_refuses_another_file_gets_room_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(open_files_max=100)
    files = [disk.open(tmp_path / f"{number}", create=True) for number in range(10)]
    original, refusals = os.open, [1]

    def refuse_once(*arguments: Any, **more: Any) -> int:
        if refusals:
            refusals.pop()
            raise OSError(errno.EMFILE, "Too many open files")
        return original(*arguments, **more)

    monkeypatch.setattr(os, "open", refuse_once)
    disk.open(tmp_path / "one more", create=True)

    assert sum(file._descriptor is None for file in files) == 5


def test_many_logs_files_are_read_by_threads_within_a_small_limit(tmp_path: Path) -> None:
    disk = Disk(open_files_max=3)
    files = []
    for number in range(20):
        file = disk.open(tmp_path / f"{number}", create=True)
        file.write(b"%03d" % number, 0)
        file.sync()
        files.append(file)

    def read(step: int) -> bool:
        number = step * 7 % 20
        return files[number].read(0, 3) == b"%03d" % number

    with ThreadPoolExecutor(8) as executor:
        assert all(executor.map(read, range(4000)))
    assert sum(file._descriptor is not None for file in files) <= 3 + 8


@pytest.mark.parametrize("name", ["fdatasync", "fsync"])
def test_sync_that_fails_for_want_of_room_does_not_pass(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    file = Disk().open(tmp_path / "a", create=True)
    monkeypatch.setattr(os, name, full)

    with pytest.raises(DiskError) as caught:
        file.sync() if name == "fdatasync" else Disk().sync_directory(tmp_path)

    assert not isinstance(caught.value, PassingDiskError)
