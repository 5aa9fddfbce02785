"""Group commit: one fdatasync for all the appends that wait for it.

There is one per log directory. The next sync starts when the last one ended, for everything
that was appended meanwhile; it never waits to gather more, which would only add latency
(benchmarks/: one sync takes as long as a few dozen small requests).

States: idle -> syncing -> (more came: syncing again | idle); any -> fenced, for good.

Invariants:
    At most one sync runs at a time, in one thread; the logs are only touched on the loop.
    A log's durable end moves only after its sync returned without an error.
    After a sync failed no log of this directory is ever synced or acknowledged again: the
    kernel may have dropped the dirty pages and would report the next sync as good
    (reliability: "fsyncgate"). Only a restart, which reads the files again, ends it.
Crash between two writes: what was not yet synced was not yet acknowledged.
Called by: replication.partition. Calls: storage.log (begin_flush, complete_flush).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from storage.durability import Flush
from storage.errors import DiskError, TooManyOpenFiles
from storage.log import Log

_logger = logging.getLogger(__name__)

DESCRIPTOR_WAIT_S = 0.2
"""How long to wait for somebody else to close a file."""


class GroupCommit:
    """Syncs the logs of one directory, all waiting ones at once."""

    def __init__(self, executor: Executor, on_fenced: Callable[[str], None]) -> None:
        """Start idle; nothing is synced before ``run`` runs.

        Args:
            executor: Where the sync blocks; one thread is enough.
            on_fenced: Called once, on the loop, with the reason.
        """
        self._executor = executor
        self._on_fenced = on_fenced
        self._waiting: dict[Log, Callable[[], None]] = {}
        self._requested = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.fenced: str | None = None
        """Why nothing is synced any more, or None."""

    def request(self, log: Log, on_durable: Callable[[], None]) -> None:
        """Have the log synced soon.

        Args:
            log: Has records above its durable end.
            on_durable: Called on the loop when the durable end of this log has moved.
        """
        if self.fenced is None:
            self._waiting[log] = on_durable
            self._requested.set()
            self._idle.clear()

    def forget(self, log: Log) -> None:
        """Do not sync a log that goes away."""
        self._waiting.pop(log, None)

    def fence(self, reason: str) -> None:
        """Sync nothing any more: the disk failed, here or elsewhere."""
        if self.fenced is None:
            self.fenced = reason
            self._waiting.clear()
            _logger.critical("log directory fenced until a restart: %s", reason)
            self._on_fenced(reason)

    async def drain(self) -> None:
        """Return when nothing waits any more."""
        await self._idle.wait()

    async def run(self) -> None:
        """Sync what is asked for, for ever; ends only by cancellation."""
        while True:
            await self._requested.wait()
            self._requested.clear()
            while self._waiting and self.fenced is None:
                await self._sync_once()
            self._idle.set()

    async def _sync_once(self) -> None:
        waiting, self._waiting = self._waiting, {}
        flushes: list[tuple[Log, Flush, Callable[[], None]]] = []
        for log, on_durable in waiting.items():
            flush = log.begin_flush()
            if flush is not None:
                flushes.append((log, flush, on_durable))
        if not flushes:
            return
        try:
            await self._run([flush for _, flush, _ in flushes])
        except DiskError as error:
            self.fence(str(error))
        if self.fenced is not None:
            return
        for log, flush, on_durable in flushes:
            log.complete_flush(flush)
            on_durable()

    async def _run(self, flushes: list[Flush]) -> None:
        """Sync, however long no directory can be opened for it: that is no failed sync."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._executor, _run, flushes)
            except TooManyOpenFiles as error:
                _logger.warning("nothing is acknowledged for now: %s", error)
                await asyncio.sleep(DESCRIPTOR_WAIT_S)
            else:
                return


def _run(flushes: list[Flush]) -> None:
    for flush in flushes:
        flush.run()
