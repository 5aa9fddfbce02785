"""A disk in memory that writes down what is done to it, and fails when it is told to.

It behaves as the operating system's files do, so the storage engine runs on it unchanged and a
hundred times faster. What it writes down is what ``crash_model`` needs to know to say which disks
a power cut may leave behind.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from storage.errors import DiskError, DiskFull, TooManyOpenFiles
from storage.files import Disk, File, Lock

MODIFIED_MS = 1_700_000_000_000

FREE_BYTES = 1 << 40

Image = dict[str, dict[str, "bytes | None"]]
"""The names in each directory and the bytes of the files; None for a directory in it."""


class Operation(NamedTuple):
    """One thing done to the disk."""

    kind: str
    """write, truncate, sync, sync_failed; link, unlink, rename, sync_directory; mark."""

    target: int
    """The file or directory, by the number it got when it was made."""

    position: int = 0
    data: bytes = b""
    name: str = ""
    other: str = ""
    child: int = 0
    """The file that gets a name; negative for a directory."""

    mark: object = None
    """Something that whoever drives the storage engine wants to remember of this moment."""


class Fault(NamedTuple):
    """What the disk is to do instead of what it is asked for."""

    errno: int
    written: float = 0.0
    """The part of a write that is done before it fails."""


Faults = Callable[[str, str], "Fault | None"]
"""Decides, for each operation and path, whether it fails."""


class Inode:
    """A file's bytes; it lives on without a name while it is open."""

    __slots__ = ("data", "number")

    def __init__(self, number: int, data: "bytes | bytearray" = b"") -> None:
        self.number = number
        self.data = data

    def writable(self) -> bytearray:
        """Return the bytes, to be changed."""
        if isinstance(self.data, bytes):
            self.data = bytearray(self.data)
        return self.data


class MemoryFile(File):
    """An open file of a ``MemoryDisk``."""

    __slots__ = ("_disk", "_inode")

    def __init__(self, path: Path, inode: Inode, disk: "MemoryDisk") -> None:
        self.path = path
        self._inode = inode
        self._disk = disk

    def __del__(self) -> None:
        pass

    def fileno(self) -> int:
        raise AssertionError("a file in memory has no descriptor")

    def size(self) -> int:
        return len(self._inode.data)

    def modified_ms(self) -> int:
        return MODIFIED_MS

    def set_modified_ms(self, modified_ms: int) -> None:
        pass

    def read(self, position: int, size: int) -> bytes:
        return bytes(self._inode.data[position : position + size])

    def read_if_cached(self, position: int, size: int) -> bytearray | None:
        found = self.read(position, size)
        return bytearray(found) if len(found) == size else None

    def is_cached(self, position: int, size: int) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview, position: int) -> None:
        fault = self._disk.fault("write", self.path)
        if fault is not None:
            self._put(bytes(data[: int(len(data) * fault.written)]), position)
            self._disk.fail("write", self.path, fault)
        self._put(bytes(data), position)

    def _put(self, data: bytes, position: int) -> None:
        if not data:
            return
        held = self._inode.writable()
        if position > len(held):
            held.extend(bytes(position - len(held)))
        held[position : position + len(data)] = data
        self._disk.note("write", self._inode.number, position=position, data=data)

    def truncate(self, size: int) -> None:
        fault = self._disk.fault("truncate", self.path)
        if fault is not None:
            self._disk.fail("truncate", self.path, fault)
        held = self._inode.writable()
        if size == len(held):
            return
        del held[size:]
        held.extend(bytes(size - len(held)))
        self._disk.note("truncate", self._inode.number, position=size)

    def sync(self) -> None:
        fault = self._disk.fault("sync", self.path)
        if fault is not None:
            self._disk.note("sync_failed", self._inode.number)
            self._disk.fail("sync", self.path, fault)
        self._disk.note("sync", self._inode.number)


class _Directory:
    __slots__ = ("names", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.names: dict[str, Inode | None] = {}


class _MemoryLock(Lock):
    def __init__(self, held: set[str], path: str) -> None:
        self._held = held
        self._path = path

    def release(self) -> None:
        self._held.discard(self._path)


class MemoryDisk(Disk):
    """Files in memory."""

    def __init__(
        self, image: Image | None = None, *, records: bool = False, faults: Faults | None = None
    ) -> None:
        """Begin with what a disk holds, all of it durable.

        Args:
            image: What it holds; nothing if None.
            records: Whether to write down what is done.
            faults: Decides what fails; nothing if None.
        """
        self.trace: list[Operation] | None = [] if records else None
        self.faults = faults
        self.locked: set[str] = set()
        self._made = 0
        self._directories: dict[str, _Directory] = {"/": _Directory(0)}
        for path, names in (image or {}).items():
            directory = self._directories.get(path)
            if directory is None:
                directory = self._directories[path] = _Directory(self._number())
            for name, data in names.items():
                directory.names[name] = None if data is None else Inode(self._number(), data)

    def numbers(self) -> tuple[dict[str, int], dict[int, bytes]]:
        """Return the numbers of all directories, and the bytes of all files with a name."""
        files = {
            inode.number: bytes(inode.data)
            for directory in self._directories.values()
            for inode in directory.names.values()
            if inode is not None
        }
        return {path: one.number for path, one in self._directories.items()}, files

    def names(self) -> dict[int, dict[str, int]]:
        """Return the children in each directory by their numbers, directories negative."""
        return {
            directory.number: {
                name: -self._directories[_join(path, name)].number
                if inode is None
                else inode.number
                for name, inode in directory.names.items()
            }
            for path, directory in self._directories.items()
        }

    def image(self) -> Image:
        """Return everything as a reader sees it now."""
        return {
            path: {
                name: None if inode is None else bytes(inode.data)
                for name, inode in directory.names.items()
            }
            for path, directory in self._directories.items()
        }

    def kill(self) -> None:
        """End the process that uses it: locks are gone, what was written is still there."""
        self.locked.clear()

    def mark(self, mark: object) -> None:
        """Write down that something happened that is no operation of the disk's."""
        self.note("mark", 0, mark=mark)

    def note(self, kind: str, target: int, **more: object) -> None:
        if self.trace is not None:
            self.trace.append(Operation(kind, target, **more))  # type: ignore[arg-type]

    def fault(self, operation: str, path: Path) -> Fault | None:
        return None if self.faults is None else self.faults(operation, str(path))

    def fail(self, operation: str, path: Path, fault: Fault) -> None:
        error = OSError(fault.errno, errno.errorcode[fault.errno])
        kinds = {errno.ENOSPC: DiskFull, errno.EMFILE: TooManyOpenFiles}
        kind = DiskError if operation == "sync" else kinds.get(fault.errno, DiskError)
        raise kind(f"cannot {operation} {path}: {error.strerror}") from error

    def free_bytes(self, path: Path) -> int:
        return FREE_BYTES

    def open(self, path: Path, *, create: bool = False) -> File:
        directory, name = self._place(path)
        inode = directory.names.get(name)
        if inode is None:
            if not create or name in directory.names:
                raise DiskError(f"cannot open {path}: no such file")
            fault = self.fault("open", path)
            if fault is not None:
                self.fail("open", path, fault)
            inode = directory.names[name] = Inode(self._number())
            self.note("link", directory.number, name=name, child=inode.number)
        return MemoryFile(path, inode, self)

    def open_to_read(self, path: Path) -> File:
        return self.open(path)

    def exists(self, path: Path) -> bool:
        parent, _, name = str(path).rpartition("/")
        directory = self._directories.get(parent or "/")
        return directory is not None and (not name or name in directory.names)

    def list(self, directory: Path) -> list[str]:
        found = self._directories.get(str(directory))
        if found is None:
            raise DiskError(f"cannot list {directory}: no such directory")
        return sorted(found.names)

    def is_directory(self, path: Path) -> bool:
        return str(path) in self._directories

    def make_directory(self, path: Path) -> None:
        if self.is_directory(path):
            return
        self.make_directory(path.parent)
        parent, name = self._place(path)
        made = self._directories[str(path)] = _Directory(self._number())
        parent.names[name] = None
        self.note("link", parent.number, name=name, child=-made.number)
        self.sync_directory(path.parent)

    def sync_directory(self, path: Path) -> None:
        number = self._directories[str(path)].number
        fault = self.fault("sync", path)
        if fault is not None:
            self.note("sync_failed", -number)
            self.fail("sync", path, fault)
        self.note("sync_directory", number)

    def read_bytes(self, path: Path) -> bytes:
        directory, name = self._place(path)
        inode = directory.names.get(name)
        if inode is None:
            raise DiskError(f"cannot read {path}: no such file")
        return bytes(inode.data)

    def rename(self, source: Path, target: Path) -> None:
        before, old = self._place(source)
        after, new = self._place(target)
        assert before is after, "the model renames within a directory"
        if old not in before.names:
            raise DiskError(f"cannot rename {source}: no such file")
        fault = self.fault("rename", source)
        if fault is not None:
            self.fail("rename", source, fault)
        inode = after.names[new] = before.names.pop(old)
        if inode is None:
            start = str(source)
            for path in [one for one in self._directories if _is_within(one, start)]:
                moved = f"{target}{path.removeprefix(start)}"
                self._directories[moved] = self._directories.pop(path)
        self.note("rename", before.number, name=old, other=new)

    def remove(self, path: Path) -> None:
        directory, name = self._place(path)
        if name not in directory.names:
            return
        fault = self.fault("remove", path)
        if fault is not None:
            self.fail("remove", path, fault)
        del directory.names[name]
        self.note("unlink", directory.number, name=name)

    def remove_tree(self, path: Path) -> None:
        for name, inode in list(self._directories[str(path)].names.items()):
            if inode is None:
                self.remove_tree(path / name)
            else:
                self.remove(path / name)
        del self._directories[str(path)]
        self.remove(path)

    def lock(self, path: Path) -> Lock | None:
        self.open(path, create=True)
        if str(path) in self.locked:
            return None
        self.locked.add(str(path))
        return _MemoryLock(self.locked, str(path))

    def _place(self, path: Path) -> tuple[_Directory, str]:
        parent, _, name = str(path).rpartition("/")
        directory = self._directories.get(parent or "/")
        if directory is None:
            raise DiskError(f"cannot use {path}: no such directory")
        return directory, name

    def _number(self) -> int:
        self._made += 1
        return self._made


def _join(path: str, name: str) -> str:
    return f"/{name}" if path == "/" else f"{path}/{name}"


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")
