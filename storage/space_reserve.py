"""Space reserve: room on its disk that appends leave to everything else in a log directory.

A disk that is really full stops what would help: checkpoints, index entries, deletions, the
database that lies beside the logs. So appends are refused while there is still room, and taken
again as soon as there is more.

Asking the operating system costs as much as a small append. So what one look has found is used
up for a while, but only up to a share that is small against the reserve: others write too.

Invariants:
    An append that would leave less than the reserve, as of the last look, is refused.
    A refusal is never older than its own look: room that was made is found by the next append.
Called by: log_dir, replication.partition. Calls: nothing but what it is given.
"""

from collections.abc import Callable
from pathlib import Path

from storage.errors import LogDirFull

LOOK_MS_MAX = 1_000
"""How long a look is believed."""

UNLOOKED_SHARE = 8
"""At most this part of the reserve is taken on the strength of one look."""

URGENT_SHARE = 2
"""What keeps consumers and deletions going may take this part of the reserve."""


class SpaceReserve:
    """The reserve of one log directory."""

    def __init__(
        self,
        path: Path,
        reserve_bytes: int,
        free_bytes: Callable[[], int],
        monotonic_ms: Callable[[], int],
    ) -> None:
        """Keep a reserve.

        Args:
            path: The directory, for people.
            reserve_bytes: How much appends leave free; nothing is kept, or looked at, if 0.
            free_bytes: Looks how much is free.
            monotonic_ms: A clock that does not jump.
        """
        self._path = path
        self._reserve_bytes = reserve_bytes
        self._free_bytes = free_bytes
        self._monotonic_ms = monotonic_ms
        self._allowed_bytes = 0
        self._looked_ms = -LOOK_MS_MAX
        self.is_short = False
        """Whether the last append was refused."""

    def take(self, size: int, *, urgent: bool = False) -> None:
        """Take room for an append.

        Args:
            size: Bytes to be written.
            urgent: What consuming needs (committed offsets): may take half of the reserve.

        Raises:
            LogDirFull: Too little would be left.
            DiskError: The disk cannot say how much is free.
        """
        if not self._reserve_bytes:
            return
        now_ms = self._monotonic_ms()
        if size <= self._allowed_bytes and now_ms - self._looked_ms < LOOK_MS_MAX:
            self._allowed_bytes -= size
            return
        free_bytes = self._free_bytes()
        self._looked_ms = now_ms
        spare_bytes = free_bytes - self._reserve_bytes
        self._allowed_bytes = min(spare_bytes, self._reserve_bytes // UNLOOKED_SHARE) - size
        if size <= spare_bytes:
            self.is_short = False
            return
        self._allowed_bytes = 0
        if not urgent or size > spare_bytes + self._reserve_bytes // URGENT_SHARE:
            self.is_short = True
            raise LogDirFull(self._path, free_bytes, self._reserve_bytes)
