"""Open files: how many files of a node stay open at once. No operating system here.

A log of many segments has more files than a process may have open. Those that were not used for
a while are let go, and are opened again by whoever needs them (``files``).

Invariants:
    A file with writes that are not synced is never let go: a failed write-back is told to the
    descriptors that were open when it happened (fsync(2)), and has to reach the next sync.
    What is being read stays open till that is done: a descriptor closes with its last user.
    The limit is kept as far as that allows; beyond it opening goes on until the system refuses.
Called by: files. Calls: what it is given.
"""

import threading
from collections import deque
from typing import Protocol
from weakref import ref

LET_GO_SHARE = 16
"""Once the limit is reached, this part of it is let go at a time."""


class CanBeLetGo(Protocol):
    """A file as this module sees it."""

    was_used: bool
    """Since this was last cleared."""

    def let_go(self) -> bool:
        """Close the file if it may be closed; return whether it is."""
        ...


class OpenFiles:
    """The files that are open, by the second-chance rule: used lately means asked again later."""

    def __init__(self, limit: int) -> None:
        """Begin with none.

        Args:
            limit: How many may be open.
        """
        assert limit > 0, "nothing works without a file"
        self._limit = limit
        self._lock = threading.Lock()
        self._files: deque[ref[CanBeLetGo]] = deque()

    def __len__(self) -> int:
        """Return how many are open, those included whose last user has gone lately."""
        return len(self._files)

    def opened(self, file: CanBeLetGo) -> None:
        """Take note of a file that was opened; let others go if there are too many."""
        with self._lock:
            if len(self._files) >= self._limit:
                self._let_go(self._limit - max(1, self._limit // LET_GO_SHARE))
            self._files.append(ref(file))

    def make_room(self) -> None:
        """Let half of what is open go: the system has refused to open another."""
        with self._lock:
            self._let_go(len(self._files) // 2)

    def _let_go(self, wanted: int) -> None:
        """Go over the files, oldest first, until so many are left; twice over each at most."""
        for _ in range(2 * len(self._files)):
            if len(self._files) <= wanted:
                return
            found = self._files.popleft()
            file = found()
            if file is None:
                continue
            if file.was_used:
                file.was_used = False
                self._files.append(found)
            elif not file.let_go():
                self._files.append(found)
