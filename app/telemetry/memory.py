"""Memory: how much of it the process has, and giving back what is no longer used.

What large bodies and batches took stays with glibc's allocator when they are gone: freed pieces
lie between others, and each thread has an arena of its own. ``malloc_trim`` gives those pages back
to the system. It holds an arena's lock for a millisecond or two, so it is called only when memory
has grown since the last time, and less and less often while there is little to give.
Source: malloc_trim(3), proc_pid_statm(5). Elsewhere than on Linux with glibc nothing is done.
"""

import asyncio
import ctypes
import logging
import os
from collections.abc import Callable
from pathlib import Path

_logger = logging.getLogger(__name__)

GROWTH_BYTES = 16 << 20
INTERVAL_S = 5.0
INTERVAL_S_MAX = 320.0
_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return how much memory the process has; 0 where that is not told."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def trimmer() -> Callable[[], object] | None:
    """Return what gives freed memory back; None where there is no such thing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return lambda: trim(0)


class FreedMemory:
    """Gives freed memory back when there may be much of it."""

    def __init__(
        self,
        trim: Callable[[], object] | None = None,
        resident: Callable[[], int] = resident_bytes,
    ) -> None:
        """Take what the process has now as what it needs.

        Args:
            trim: Gives memory back; glibc's if None.
            resident: Says how much the process has.
        """
        self._trim = trim or trimmer()
        self._resident = resident
        self._settled = resident()
        self.interval_s = INTERVAL_S
        """Until the next look."""

    async def run(self) -> None:
        """Work until cancelled."""
        if self._trim is None:
            return
        while True:
            await asyncio.sleep(self.interval_s)
            await self.look()

    async def look(self) -> None:
        """Give memory back if the process has grown."""
        before = self._resident()
        if self._trim is None or before < self._settled + GROWTH_BYTES:
            self._settled = min(self._settled, before)
            self.interval_s = max(INTERVAL_S, self.interval_s / 2)
            return
        await asyncio.to_thread(self._trim)
        self._settled = self._resident()
        given = before - self._settled
        if given < GROWTH_BYTES // 2:
            self.interval_s = min(INTERVAL_S_MAX, self.interval_s * 2)
        _logger.debug("gave back %d KiB of memory", given >> 10)
