"""The only module that touches the operating system's files.

Everything above gets a ``Disk`` and the ``File`` objects it opens, so that tests can put another
one in between: to record every write, to fail the n-th sync, to lose what was not synced.

Invariants:
    A file name is durable once its directory was synced, its bytes once the file was.
    ``write_atomically`` leaves the old bytes or the new ones, whatever happens.
    An operating system error always leaves here as a ``DiskError``, one that may pass as its own
    kind.
    A file is open at most as long as something refers to it; it may be let go before and is opened
    again, the same file, when it is used (``open_files``).
Source: fsync(2), rename(2), open(2); reliability notes T21, T23.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from storage.errors import DiskError, DiskFull, TooManyOpenFiles
from storage.open_files import OpenFiles

TEMPORARY_SUFFIX = ".tmp"

OPEN_TRIES = 5
"""A name may change while a file that was let go is opened again under it."""

PROBE_BYTES = 128 * 1024
"""The kernel's usual read-ahead."""

_KINDS: Mapping[int | None, type[DiskError]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EMFILE: TooManyOpenFiles,
    errno.ENFILE: TooManyOpenFiles,
}


def _disk_error(what: str, path: Path, error: OSError) -> DiskError:
    kind = _KINDS.get(error.errno, DiskError)
    return kind(f"cannot {what} {path}: {error.strerror or error}")


def _sync_error(path: Path, error: OSError) -> DiskError:
    return DiskError(f"cannot sync {path}: {error.strerror or error}")


@contextmanager
def _disk_errors(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _disk_error(what, path, error) from error


def _opened(path: Path, flags: int, open_files: OpenFiles | None) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if open_files is None or error.errno != errno.EMFILE:
            raise
    open_files.make_room()
    return os.open(path, flags | os.O_CLOEXEC, 0o644)


def _identity(descriptor: int) -> tuple[int, int]:
    """Return what tells a file from another that has its name."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


class Descriptor:
    """An open file of the operating system's; it is closed when nobody refers to it any more."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


class File:
    """One file; positions are bytes from its start.

    It may be let go and is opened again when it is used, under the name that it has then; whoever
    renames it says so by ``path``.
    """

    __slots__ = (
        "__weakref__",
        "_descriptor",
        "_identity",
        "_is_dirty",
        "_open",
        "path",
        "was_used",
    )

    def __init__(self, path: Path, descriptor: int, open_files: OpenFiles | None = None) -> None:
        """Take over an open descriptor.

        Args:
            path: The file's name.
            descriptor: Open for reading and writing.
            open_files: May let it go; it stays open if None.
        """
        self.path = path
        self._descriptor: Descriptor | None = Descriptor(descriptor)
        self._open = open_files
        self._is_dirty = False
        self.was_used = True
        self._identity = _identity(descriptor) if open_files is not None else None
        if open_files is not None:
            open_files.opened(self)

    def let_go(self) -> bool:
        """Close the file unless writes of it are not synced; return whether it is closed."""
        if self._is_dirty:
            return False
        self._descriptor = None
        return True

    def hold(self) -> Descriptor:
        """Return the open file, for ``sendfile``: it stays open as long as that is referred to.

        Raises:
            DiskError: It was let go, and cannot be opened again.
        """
        held = self._descriptor
        if held is None:
            held = self._open_again()
        self.was_used = True
        return held

    def _open_again(self) -> Descriptor:
        assert self._open is not None, "only such a file is let go"
        for _ in range(OPEN_TRIES):
            path = self.path
            try:
                held = Descriptor(_opened(path, os.O_RDWR, self._open))
            except OSError as error:
                if error.errno == errno.ENOENT and path != self.path:
                    continue  # renamed in between
                raise _disk_error("open", path, error) from error
            if _identity(held.number) == self._identity:
                self._descriptor = held
                self._open.opened(self)
                return held
        raise DiskError(f"cannot open {self.path}: another file has its name")

    def size(self) -> int:
        """Return the file's size in bytes."""
        return os.fstat(self.hold().number).st_size

    def modified_ms(self) -> int:
        """Return when the file was last written, by the wall clock."""
        return os.fstat(self.hold().number).st_mtime_ns // 1_000_000

    def set_modified_ms(self, modified_ms: int) -> None:
        """Say when the file was last written, for a copy that takes another's place."""
        with _disk_errors("set the time of", self.path):
            os.utime(self.hold().number, ns=(modified_ms * 1_000_000,) * 2)

    def write(self, data: bytes | bytearray | memoryview, position: int) -> None:
        """Write all of the data at a position.

        Raises:
            DiskError: Not all of it could be written; some of it may be there.
        """
        held = self.hold()
        self._is_dirty = True
        try:
            written = os.pwrite(held.number, data, position)
            while written < len(data):
                more = os.pwrite(held.number, memoryview(data)[written:], position + written)
                written += more
        except OSError as error:
            raise _disk_error("write", self.path, error) from error

    def read(self, position: int, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end of the file. May block."""
        held = self.hold()
        try:
            data = os.pread(held.number, size, position)
            if len(data) in (size, 0):
                return data
            parts = [data]
            have = len(data)
            while data and have < size:
                data = os.pread(held.number, size - have, position + have)
                parts.append(data)
                have += len(data)
        except OSError as error:
            raise DiskError(f"cannot read {self.path}: {error.strerror}") from error
        return b"".join(parts)

    def read_if_cached(self, position: int, size: int) -> bytearray | None:
        """Return exactly ``size`` bytes if they are in the page cache, else None at once.

        They stay in the buffer that the kernel filled: one more copy of a megabyte, in memory
        that is fresh from the system each time, costs ten times the read (benchmarks/areas/log).
        """
        buffer = bytearray(size)
        held = self.hold()
        try:
            have = os.preadv(held.number, [buffer], position, os.RWF_NOWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                return None
            raise DiskError(f"cannot read {self.path}: {error.strerror}") from error
        return buffer if have == size else None

    def is_cached(self, position: int, size: int) -> bool:
        """Return whether a stretch is in the page cache, by one byte of each ``PROBE_BYTES``.

        The kernel reads ahead in larger steps than that, so what lies between is there too, or is
        a short wait.
        """
        probe = bytearray(1)
        last = position + size - 1
        held = self.hold()
        try:
            for at in (*range(position, last, PROBE_BYTES), last):
                if os.preadv(held.number, [probe], at, os.RWF_NOWAIT) != 1:
                    return False
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EOPNOTSUPP):
                return False
            raise _disk_error("read", self.path, error) from error
        return True

    def truncate(self, size: int) -> None:
        """Cut the file to a size."""
        held = self.hold()
        self._is_dirty = True
        with _disk_errors("truncate", self.path):
            os.ftruncate(held.number, size)

    def sync(self) -> None:
        """Return when the file's bytes and size are on disk.

        Raises:
            DiskError: They may be lost, for want of room too: no failed sync passes.
        """
        held = self.hold()
        self._is_dirty = False  # before the sync: what is written meanwhile is not part of it
        try:
            os.fdatasync(held.number)
        except OSError as error:
            self._is_dirty = True
            raise _sync_error(self.path, error) from error


class Lock:
    """An exclusive lock on a file, held until it is released or the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


class Disk:
    """The operating system's files."""

    _open_files: OpenFiles | None = None

    def __init__(self, open_files_max: int | None = None) -> None:
        """Use the operating system.

        Args:
            open_files_max: How many files may stay open, see ``OpenFiles``; all that are referred
                to if None.
        """
        if open_files_max is not None:
            self._open_files = OpenFiles(open_files_max)

    def open(self, path: Path, *, create: bool = False) -> File:
        """Open a file for reading and writing.

        Args:
            path: Which.
            create: Make it, empty, if it is not there.
        """
        flags = os.O_RDWR | (os.O_CREAT if create else 0)
        with _disk_errors("open", path):
            return File(path, _opened(path, flags, self._open_files), self._open_files)

    def open_to_read(self, path: Path) -> File:
        """Open a file that nothing will be written to; its disk may be mounted read-only."""
        with _disk_errors("open", path):
            return File(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def exists(self, path: Path) -> bool:
        """Return whether there is something of that name."""
        with _disk_errors("look for", path):
            return path.exists()

    def list(self, directory: Path) -> list[str]:
        """Return the names in a directory, sorted."""
        with _disk_errors("list", directory):
            return sorted(path.name for path in directory.iterdir())

    def is_directory(self, path: Path) -> bool:
        """Return whether the name is that of a directory."""
        with _disk_errors("look for", path):
            return path.is_dir()

    def make_directory(self, path: Path) -> None:
        """Make a directory, durably, with all that are missing above it."""
        if self.is_directory(path):
            return
        if path.parent != path:
            self.make_directory(path.parent)
        with _disk_errors("create", path):
            path.mkdir(exist_ok=True)
        self.sync_directory(path.parent)

    def sync_directory(self, path: Path) -> None:
        """Return when the names in a directory are on disk."""
        with _disk_errors("sync", path):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            except OSError as error:
                raise _sync_error(path, error) from error
            finally:
                os.close(descriptor)

    def free_bytes(self, path: Path) -> int:
        """Return how much may still be written to the file system on which a directory lies."""
        with _disk_errors("look at", path):
            found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    def total_bytes(self, path: Path) -> int:
        """Return how large the file system is on which a directory lies."""
        with _disk_errors("look at", path):
            found = os.statvfs(path)
        return found.f_blocks * found.f_frsize

    def read_bytes(self, path: Path) -> bytes:
        """Return the whole of a small file."""
        with _disk_errors("read", path):
            return path.read_bytes()

    def write_atomically(self, path: Path, data: bytes) -> None:
        """Replace a small file's bytes durably: the old or the new ones, never a mixture."""
        temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
        file = self.open(temporary, create=True)
        file.truncate(0)
        file.write(data, 0)
        file.sync()
        self.rename(temporary, path)
        self.sync_directory(path.parent)

    def rename(self, source: Path, target: Path) -> None:
        """Rename, replacing the target; durable once the directories are synced."""
        with _disk_errors("rename", source):
            source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file; fine if it is not there."""
        with _disk_errors("remove", path):
            path.unlink(missing_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and all in it."""
        with _disk_errors("remove", path):
            shutil.rmtree(path)

    def lock(self, path: Path) -> Lock | None:
        """Take an exclusive lock on a file, which is made if missing; None if another has it."""
        with _disk_errors("lock", path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if isinstance(error, BlockingIOError):
                    return None
                raise
        return Lock(descriptor)
