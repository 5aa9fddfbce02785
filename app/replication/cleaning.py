"""Cleaning: the compaction of this node's logs, one at a time, on a thread of its own.

States of the cleaner: looking for the log that needs it most -> mapping its keys -> writing a
cleaned segment (thread) -> taking it over (loop) -> the next segment, or looking again after
``log.cleaner.backoff.ms``. A log that does not read is barred until a restart.

Invariants:
    Logs are touched on the loop only; the thread sees a plan's closed segments and its own files.
    The names of a swap are synced before the old files are given away for removal.
    Lags and horizons go by a clock that does not jump (``retention.TrustedClock``).
    The thread gives the interpreter back after every few hundred KiB, and is slowed down to
    ``log.cleaner.io.max.bytes.per.second``.
Crash between two writes: see ``storage.cleanup.swap``. A run that was stopped begins anew.
Called by: wiring. Calls: storage.cleanup, log_dir.
Source: Kafka's ``LogCleaner``.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from app.telemetry.clock import Clock
from storage.cleanup.cleaner import Cleaner, CleaningFigures, CleaningPlan, CleaningStopped
from storage.cleanup.compaction import Dirt
from storage.cleanup.retention import TrustedClock
from storage.errors import CorruptBatch, DiskError, PassingDiskError
from storage.files import Disk
from storage.log import Log
from storage.log_dir import LogDir
from storage.log_layout import Key, LogId
from storage.log_manager import LogManager

_logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanerConfig:
    """What an operator may choose."""

    backoff_ms: int = 15_000
    """How long to wait when nothing is dirty (Kafka's ``log.cleaner.backoff.ms``)."""

    dedupe_buffer_bytes: int = 64 << 20
    """Memory for keys, about (``log.cleaner.dedupe.buffer.size``)."""

    io_max_bytes_per_second: int = 0
    """What the cleaner may read and write; 0 is no limit."""


class Throttle:
    """Slows a thread down to a number of bytes a second, counted from its last pause on."""

    def __init__(
        self,
        bytes_per_second: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin with nothing used.

        Args:
            bytes_per_second: The limit; none if 0.
            now: Seconds.
            sleep: Waits, and lets other threads run even for 0 seconds.
        """
        self._bytes_per_second = bytes_per_second
        self._now = now
        self._sleep = sleep
        self._free_at = now()

    def used(self, size: int) -> None:
        """Wait until so many bytes more are within the limit."""
        if not self._bytes_per_second:
            self._sleep(0)
            return
        now = self._now()
        self._free_at = max(self._free_at, now) + size / self._bytes_per_second
        self._sleep(self._free_at - now)


class LogCleaner:
    """Compacts the logs whose topics ask for it."""

    def __init__(
        self,
        logs: LogManager,
        thread: Executor,
        clock: Clock,
        config: CleanerConfig,
        on_failed: Callable[[LogDir, str], None],
    ) -> None:
        """Do nothing before ``run`` runs.

        Args:
            logs: This node's.
            thread: One thread.
            clock: The node's.
            config: The operator's choice.
            on_failed: Called on the loop with a directory whose disk failed.
        """
        self._logs = logs
        self._disk = Disk()
        self._thread = thread
        self._clock = clock
        self._trusted = TrustedClock(clock.now_ms(), int(clock.monotonic() * 1000))
        self._config = config
        self._on_failed = on_failed
        self._barred: dict[Key, str] = {}
        self._is_stopping = False
        self.dirt: dict[LogId, Dirt] = {}
        """What waits for compaction, as of the last look: a gauge."""

    @property
    def dirty_bytes(self) -> int:
        """Bytes that may be compacted and were not yet, over all logs."""
        return sum(one.dirty_bytes for one in self.dirt.values())

    @property
    def max_dirty_ratio(self) -> float:
        """The largest dirty share of a log (Kafka's ``max-dirty-percent``, as a fraction)."""
        return max((one.ratio for one in self.dirt.values()), default=0.0)

    @property
    def barred(self) -> dict[Key, str]:
        """Logs that are not compacted until a restart, with the reason."""
        return self._barred

    async def run(self) -> None:
        """Compact what is due, until cancelled; the thread ends soon after."""
        try:
            while True:
                if not await self.clean_one():
                    await asyncio.sleep(self._config.backoff_ms / 1000)
        finally:
            self._is_stopping = True

    async def clean_one(self) -> bool:
        """Compact the log that needs it most.

        Returns:
            Whether one was compacted to the end.
        """
        now_ms = self._trusted.now_ms(self._clock.now_ms(), int(self._clock.monotonic() * 1000))
        due = []
        self.dirt = {}
        for log_dir, log_id, log in self._compacted():
            dirt = self.dirt[log_id] = log.dirt(now_ms)
            if dirt.is_due(log.config):
                due.append(((dirt.is_overdue, dirt.ratio), log_dir, log_id, log))
        for _, log_dir, log_id, log in sorted(due, key=lambda one: one[0], reverse=True):
            plan = log.plan_cleaning(now_ms)
            if plan is not None and await self._clean(log_dir, log_id, log, plan):
                self.dirt[log_id] = log.dirt(now_ms)
                return True
        return False

    def _compacted(self) -> Iterator[tuple[LogDir, LogId, Log]]:
        for log_dir in self._logs.directories:
            if log_dir.fenced is None:
                for log_id, log in log_dir.opened():
                    if log.config.is_compacted and log_id.key not in self._barred:
                        yield log_dir, log_id, log

    async def _clean(self, log_dir: LogDir, log_id: LogId, log: Log, plan: CleaningPlan) -> bool:
        """Run a plan; return whether it went to its end."""
        cleaner = Cleaner(
            self._disk,
            plan,
            map_bytes_max=self._config.dedupe_buffer_bytes,
            pace=self._pace(log, plan),
        )
        began = self._clock.monotonic()
        try:
            is_done = await self._take_all(log_dir, log, plan, cleaner)
        except CleaningStopped:
            return False
        except CorruptBatch as error:
            self._barred[log_id.key] = str(error)
            _logger.error("%s is not compacted until a restart: %s", log_id, error)
            return False
        except PassingDiskError as error:
            _logger.warning("%s is not compacted for now: %s", log_id, error)
            return False
        except DiskError as error:
            self._on_failed(log_dir, str(error))
            return False
        finally:
            log.cleaning.cancel()
            self._thread.submit(cleaner.close)
        if is_done:
            _say(log_id, cleaner.figures, self._clock.monotonic() - began)
        return is_done

    async def _take_all(
        self, log_dir: LogDir, log: Log, plan: CleaningPlan, cleaner: Cleaner
    ) -> bool:
        await self._in_thread(cleaner.fill_map)
        while (cleaned := await self._in_thread(cleaner.clean_next)) is not None:
            retired = log.take_cleaned(plan, cleaned)
            if retired is None:
                return False
            await self._in_thread(partial(self._disk.sync_directory, log.directory))
            log_dir.retire(retired, log.config.file_delete_delay_ms)
        log.cleaning.finish(plan, cleaner.first_dirty_offset)
        return True

    def _pace(self, log: Log, plan: CleaningPlan) -> Callable[[int], None]:
        throttle = Throttle(self._config.io_max_bytes_per_second)

        def pace(size: int) -> None:
            if self._is_stopping or not log.cleaning.is_current(plan):
                raise CleaningStopped
            throttle.used(size)

        return pace

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _say(log_id: LogId, figures: CleaningFigures, seconds: float) -> None:
    _logger.info(
        "compacted %s: %d of %d records kept, %.1f MB read, %.1f MB written, %.1f s",
        log_id,
        figures.records_kept,
        figures.records_read,
        figures.bytes_read / 1e6,
        figures.bytes_written / 1e6,
        seconds,
    )
