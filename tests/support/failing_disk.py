"""A disk that fails when it is told to: some operations, on some files, until it is healed."""

import os
from pathlib import Path

from storage.errors import DiskError
from storage.files import Disk, File


class FailingFile(File):
    """A file of a ``FailingDisk``."""

    __slots__ = ("_disk",)

    def __init__(self, file: File, disk: "FailingDisk") -> None:
        super().__init__(file.path, os.dup(file.hold().number))
        self._disk = disk

    def write(self, data: bytes | bytearray | memoryview, position: int) -> None:
        """Write half of it before failing, as a full disk does."""
        if self._disk.is_failing("write", self.path):
            super().write(data[: len(data) // 2], position)
        self._disk.check("write", self.path)
        super().write(data, position)

    def truncate(self, size: int) -> None:
        self._disk.check("truncate", self.path)
        super().truncate(size)

    def sync(self) -> None:
        self._disk.check("sync", self.path)
        super().sync()


class FailingDisk(Disk):
    """The operating system's files, with faults."""

    def __init__(self) -> None:
        self._faults: set[tuple[str, str]] = set()

    def fail(self, operation: str, name_end: str = "") -> None:
        """Let an operation fail on every file whose name ends so, from now on.

        Args:
            operation: open, write, truncate, sync, rename, remove or sync_directory.
            name_end: All names if empty.
        """
        self._faults.add((operation, name_end))

    def heal(self) -> None:
        """Let everything succeed again."""
        self._faults.clear()

    def is_failing(self, operation: str, path: Path) -> bool:
        """Return whether an operation fails on a file."""
        return any(operation == one and path.name.endswith(end) for one, end in self._faults)

    def check(self, operation: str, path: Path) -> None:
        """Raise if an operation fails on a file."""
        if self.is_failing(operation, path):
            raise DiskError(f"cannot {operation} {path}: planted fault")

    def open(self, path: Path, *, create: bool = False) -> File:
        self.check("open", path)
        return FailingFile(super().open(path, create=create), self)

    def rename(self, source: Path, target: Path) -> None:
        self.check("rename", source)
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self.check("remove", path)
        super().remove(path)

    def remove_tree(self, path: Path) -> None:
        self.check("remove", path)
        super().remove_tree(path)

    def sync_directory(self, path: Path) -> None:
        self.check("sync_directory", path)
        super().sync_directory(path)
