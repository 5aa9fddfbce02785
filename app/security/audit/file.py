"""The audit log's file: lines are added at its end, and it is rolled when it is large.

``audit.log`` is written, ``audit.log.1`` was before it, and so on; the oldest are deleted. Only
the node's owner can read them.

Invariants:
    A write that fails leaves nothing of itself, or half a line that the next write ends: two
    events are never on one line.
    What ``write`` was told to sync is on disk when it returns, with the file's name.
    After a failure the file is opened anew by the next write, so a disk that recovers is used.
Used by one thread at a time. Called by: log. Calls: storage.files.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from storage.errors import DiskError
from storage.files import Disk, File

FILE = "audit.log"
BYTES_MAX = 100 << 20
FILES_MAX = 10

_OWNER_ONLY = 0o600


class AuditFile:
    """Where events are written."""

    def __init__(
        self,
        disk: Disk,
        path: Path,
        *,
        bytes_max: int = BYTES_MAX,
        files_max: int = FILES_MAX,
    ) -> None:
        """Touch nothing yet.

        Args:
            disk: The operating system's files.
            path: The file that is written.
            bytes_max: It is rolled rather than made larger.
            files_max: With those that were rolled; at least two.
        """
        assert files_max > 1, "a rolled file is one more"
        self.path = path
        self._disk = disk
        self._bytes_max = bytes_max
        self._files_max = files_max
        self._file: File | None = None
        self._size = 0
        self._is_torn = False

    def write(self, lines: bytes, *, sync: bool) -> None:
        """Add whole lines.

        Args:
            lines: Each with its end.
            sync: Whether they, and all before them, have to be on disk.

        Raises:
            DiskError: They are not there, or may not be.
        """
        file = self._file or self._open()
        try:
            if self._size and self._size + len(lines) > self._bytes_max:
                file.sync()
                file = self._roll()
            if self._is_torn:
                lines = b"\n" + lines
            file.write(lines, self._size)
            if sync:
                file.sync()
        except DiskError:
            self._give_up()
            raise
        self._size += len(lines)
        self._is_torn = False

    def close(self) -> None:
        """Sync what is not, and let the file go."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(DiskError):
                file.sync()

    def _open(self) -> File:
        self._make()
        file = self._disk.open(self.path)
        size = file.size()
        self._is_torn = size > 0 and file.read(size - 1, 1) != b"\n"
        self._file, self._size = file, size
        return file

    def _make(self) -> None:
        """Make the file if it is not there, durably; take it from others if it is."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                found = os.fstat(descriptor)
                is_ours = stat.S_IMODE(found.st_mode) == _OWNER_ONLY
                if stat.S_ISREG(found.st_mode) and not is_ours:
                    os.fchmod(descriptor, _OWNER_ONLY)
            finally:
                os.close(descriptor)
        except OSError as error:
            what = errno.errorcode.get(error.errno or 0, "error")
            raise DiskError(f"cannot open {self.path}: {error.strerror or what}") from error
        self._disk.sync_directory(self.path.parent)

    def _roll(self) -> File:
        self._file = None
        for number in range(self._files_max - 2, 0, -1):
            if self._disk.exists(self._rolled(number)):
                self._disk.rename(self._rolled(number), self._rolled(number + 1))
        self._disk.rename(self.path, self._rolled(1))
        return self._open()

    def _rolled(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _give_up(self) -> None:
        """Take back what a failed write left, and open the file anew the next time."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(DiskError):
                file.truncate(self._size)
