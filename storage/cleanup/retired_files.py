"""Files of removed segments that are still on disk for a while, under another name.

``file.delete.delay.ms`` is a last chance for a person who lowered a retention by mistake, and for
readers by path. Nothing is remembered over a restart: recovery removes what has such a name.
Called by: log_manager. Calls: files.
"""

import logging
from collections.abc import Iterable
from heapq import heappop, heappush
from pathlib import Path

from storage.errors import DiskError
from storage.files import Disk

_logger = logging.getLogger(__name__)


class RetiredFiles:
    """What is to be removed, and when."""

    def __init__(self, disk: Disk) -> None:
        """Begin with none."""
        self._disk = disk
        self._due: list[tuple[int, Path]] = []

    def __len__(self) -> int:
        return len(self._due)

    def add(self, paths: Iterable[Path], due_ms: int) -> None:
        """Have files removed from a moment of the monotonic clock on."""
        for path in paths:
            heappush(self._due, (due_ms, path))

    def remove_due(self, now_ms: int) -> int:
        """Remove the files whose time has come; return how many.

        What cannot be removed now is left to the next start.
        """
        count = 0
        while self._due and self._due[0][0] <= now_ms:
            _, path = heappop(self._due)
            try:
                self._disk.remove(path)
                count += 1
            except DiskError as error:
                _logger.warning("%s is left for the next start: %s", path, error)
        return count
