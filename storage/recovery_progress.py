"""Recovery progress: what a person reads while many gigabytes are checked.

Shared by the threads that recover logs; a count may lag behind by a step, nothing depends on it.
Called by: log_manager, log_dir. Calls: nothing.
"""

import logging
import threading
import time
from collections.abc import Callable

_logger = logging.getLogger(__name__)

REPORT_INTERVAL_S = 5.0


class RecoveryProgress:
    """How far the recovery of a node's logs has come."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing done.

        Args:
            monotonic: Seconds.
        """
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._began = self._reported = monotonic()
        self.log_count = 0
        """Logs that there are, as far as is known."""

        self.done_count = 0
        self.checked_bytes = 0

    def expect(self, log_count: int) -> None:
        """Add logs that are to be recovered."""
        with self._lock:
            self.log_count += log_count

    def checked(self, size: int) -> None:
        """Add bytes that were read and checked."""
        with self._lock:
            self.checked_bytes += size
            self._report_if_due()

    def done(self) -> None:
        """Add a log that is ready."""
        with self._lock:
            self.done_count += 1
            self._report_if_due()

    def finish(self) -> None:
        """Say what it took, where there was something to check."""
        if self.checked_bytes:
            self._report("recovered")

    def _report_if_due(self) -> None:
        now = self._monotonic()
        if now - self._reported >= REPORT_INTERVAL_S:
            self._reported = now
            self._report("recovering")

    def _report(self, what: str) -> None:
        _logger.info(
            "%s: %d of %d logs, %.2f GB checked, %.1f s",
            what,
            self.done_count,
            self.log_count,
            self.checked_bytes / 1e9,
            self._monotonic() - self._began,
        )
