"""Housekeeping: what has to be done to the logs from time to time, whoever uses them.

Recovery points and log starts every few seconds, so that a restart has little to read again;
retention at ``log.retention.check.interval.ms``; the expiry of silent producers; the removal of
deleted topics.

Invariants:
    Retention and expiry go by a clock that does not jump (``retention.TrustedClock``).
    A directory whose disk fails here is fenced, the others go on; a passing trouble is waited
    out.
Called by: replica_manager. Calls: storage.log_manager, group_commit.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from app.replication.group_commit import GroupCommit
from app.telemetry.clock import Clock
from storage.cleanup.retention import TrustedClock
from storage.errors import DiskError, PassingDiskError
from storage.log_dir import LogDir
from storage.log_manager import LogManager

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HousekeepingConfig:
    """How often what is done."""

    checkpoint_interval_ms: int = 5_000
    """Recovery points; Kafka's 60 s would have a restart read too much again."""

    retention_check_interval_ms: int = 300_000
    producer_expiration_check_interval_ms: int = 600_000


class Housekeeping:
    """The recurring work on this node's logs."""

    def __init__(
        self,
        logs: LogManager,
        commits: Mapping[LogDir, GroupCommit],
        thread: Executor,
        clock: Clock,
        config: HousekeepingConfig,
    ) -> None:
        """Do nothing before ``run`` runs.

        Args:
            logs: This node's.
            commits: Of each log directory; a failing one is fenced through it.
            thread: Where disks are waited for.
            clock: The node's.
            config: The operator's choice.
        """
        self._logs = logs
        self._commits = commits
        self._thread = thread
        self._clock = clock
        self._config = config
        self._trusted = TrustedClock(clock.now_ms(), self._monotonic_ms())
        self._deletions: asyncio.Queue[str] = asyncio.Queue()

    def delete_topic(self, topic_id: str) -> None:
        """Have a topic's logs removed soon."""
        self._deletions.put_nowait(topic_id)

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_checkpoints(), name="checkpoints")
            tasks.create_task(self._apply_retention(), name="retention")
            tasks.create_task(self._expire_producers(), name="producer-expiry")
            tasks.create_task(self._delete_topics(), name="topic-deletion")

    def write_checkpoints(self) -> None:
        """Write recovery points and log starts of every directory now.

        Raises:
            PassingDiskError: A disk refuses it for now.
            DiskError: A disk failed, and its directory is fenced.
        """
        failed: DiskError | None = None
        for log_dir, commit in self._commits.items():
            try:
                log_dir.write_checkpoints()
            except PassingDiskError as error:
                failed = failed or error
            except DiskError as error:
                commit.fence(str(error))
                failed = error
        if failed is not None:
            raise failed

    def _monotonic_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _trusted_ms(self) -> int:
        return self._trusted.now_ms(self._clock.now_ms(), self._monotonic_ms())

    async def _write_checkpoints(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._config.checkpoint_interval_ms / 1000)
            for log_dir, commit in self._commits.items():
                checkpoint = log_dir.begin_checkpoint()
                try:
                    await loop.run_in_executor(self._thread, log_dir.write_checkpoint, checkpoint)
                    log_dir.complete_checkpoint(checkpoint)
                except PassingDiskError as error:
                    _logger.error("recovery points not written for now: %s", error)
                except DiskError as error:
                    commit.fence(str(error))

    async def _apply_retention(self) -> None:
        while True:
            await asyncio.sleep(self._config.retention_check_interval_ms / 1000)
            now_ms = self._trusted_ms()
            for log_dir, commit in self._commits.items():
                try:
                    log_dir.apply_retention(now_ms)
                except PassingDiskError as error:
                    _logger.error("retention waits: %s", error)
                except DiskError as error:
                    commit.fence(str(error))

    async def _expire_producers(self) -> None:
        while True:
            await asyncio.sleep(self._config.producer_expiration_check_interval_ms / 1000)
            self._logs.expire_producers(self._trusted_ms())

    async def _delete_topics(self) -> None:
        while True:
            topic_id = await self._deletions.get()
            try:
                self._logs.delete_topic(topic_id)
            except DiskError as error:
                _logger.error("logs of deleted topic %s not removed: %s", topic_id, error)
