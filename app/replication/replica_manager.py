"""Replica manager: the partitions whose replicas live on this node.

It follows the metadata image: a partition assigned to this node gets a ``Partition``, one that
is gone has its waiters failed and its log deleted, changed configs reach the logs.

Invariants:
    ``partitions`` holds exactly what the last applied image assigns to this node.
    A log on disk that no metadata names is never deleted, only reported (reliability rule 5).
    A corrupt log's partition stays offline and says why; the others serve.
    A log directory that fails takes only its own partitions: they are read on, never written.
    No second log is begun for a partition whose log may lie in a directory that is away.
Called by: broker verbs, wiring. Calls: partition, housekeeping, cleaning,
storage.log_manager.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.cluster.metadata_image import MetadataImage, TopicMetadata
from app.replication.cleaning import CleanerConfig, LogCleaner
from app.replication.group_commit import GroupCommit
from app.replication.housekeeping import Housekeeping, HousekeepingConfig
from app.replication.partition import Partition, PlacedLog
from app.telemetry.clock import Clock
from storage.config import CONFIG_KEYS, LogConfig, parse_config
from storage.errors import DiskError, LogDeleted, LogOffline, PassingDiskError
from storage.log import Log
from storage.log_dir import LogDir
from storage.log_layout import LogId
from storage.log_manager import LogManager
from storage.segments.log_slice import LogSlice

_logger = logging.getLogger(__name__)

PartitionKey = tuple[str, int]
"""Topic id and partition number."""

INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state", "__cauce_sessions"})
"""Consuming needs them, so they may take of the space reserve (Kafka's ``Topic`` names two)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskThreads:
    """Threads that wait for disks."""

    sync: Executor
    """As many threads as there are log directories, for group commit."""

    reads: Executor
    """A few threads for reads that are not in the page cache."""

    cleaner: Executor
    """One thread for compaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaConfig:
    """What an operator may choose."""

    housekeeping: HousekeepingConfig = field(default_factory=HousekeepingConfig)
    cleaner: CleanerConfig = field(default_factory=CleanerConfig)


DEFAULTS = ReplicaConfig()


class ReplicaManager:
    """All partitions of this node."""

    def __init__(
        self,
        node_id: int,
        logs: LogManager,
        threads: DiskThreads,
        clock: Clock,
        config: ReplicaConfig = DEFAULTS,
    ) -> None:
        """Serve nothing until the first image is applied.

        Args:
            node_id: Which broker this is.
            logs: The recovered logs of this node.
            threads: Where disks are waited for.
            clock: The node's.
            config: The operator's choice.
        """
        self._node_id = node_id
        self._logs = logs
        self._reads = threads.reads
        self._commits = {
            log_dir: GroupCommit(threads.sync, partial(self._on_fenced, log_dir))
            for log_dir in logs.directories
        }
        self._partitions: dict[PartitionKey, Partition] = {}
        self._housekeeping = Housekeeping(
            logs, self._commits, threads.reads, clock, config.housekeeping
        )
        self.cleaner = LogCleaner(
            logs,
            threads.cleaner,
            clock,
            config.cleaner,
            lambda log_dir, reason: self._commits[log_dir].fence(reason),
        )

    @property
    def fenced(self) -> str | None:
        """Why this node acknowledges nothing any more, or None while a directory does."""
        reasons = [commit.fenced for commit in self._commits.values()]
        return reasons[0] if all(reason is not None for reason in reasons) else None

    @property
    def offline_directories(self) -> Mapping[Path, str]:
        """The log directories that take nothing any more, with the reason."""
        found = dict(self._logs.unusable)
        for log_dir, commit in self._commits.items():
            if commit.fenced is not None:
                found[log_dir.path] = commit.fenced
        return found

    @property
    def log_dirs(self) -> Sequence[LogDir]:
        """The log directories that could be opened, fenced ones too."""
        return self._logs.directories

    @property
    def partitions(self) -> Mapping[PartitionKey, Partition]:
        """Every partition of this node."""
        return self._partitions

    def get(self, topic_id: str, partition: int) -> Partition | None:
        """Return the partition, or None when this node has no replica of it."""
        return self._partitions.get((topic_id, partition))

    async def read(self, found: LogSlice) -> bytes | bytearray:
        """Return a slice's bytes: from the page cache at once, else by way of a thread.

        Raises:
            DiskError: The disk failed.
        """
        data = found.read_if_cached()
        if data is not None:
            return data
        return await asyncio.get_running_loop().run_in_executor(self._reads, found.read)

    def apply_image(self, old: MetadataImage | None, new: MetadataImage) -> None:
        """Make the partitions of this node what the new image says."""
        if old is not None:
            for topic_id in old.topics_by_id.keys() - new.topics_by_id.keys():
                self._drop_topic(old.topics_by_id[topic_id])
        for topic_id, topic in new.topics_by_id.items():
            if old is None or old.topics_by_id.get(topic_id) != topic:
                self._apply_topic(topic, is_first=old is None)

    def delete_leftovers(self, deleted: Collection[str]) -> None:
        """Delete logs of topics whose deletion was decided before this node could follow it."""
        for topic_id in {log_id.topic_id for log_id in self._logs.logs()} & set(deleted):
            self._logs.delete_topic(topic_id)

    def checkpoint(self) -> None:
        """Write recovery points and log starts now.

        Raises:
            PassingDiskError: A disk refuses it for now.
            DiskError: A disk failed, and its directory is fenced.
        """
        self._housekeeping.write_checkpoints()

    def report_unknown_logs(self, image: MetadataImage) -> None:
        """Warn of logs on disk that the metadata does not name; they are left as they are."""
        unknown = {
            log_id.topic_id
            for log_id in self._logs.logs()
            if log_id.topic_id not in image.topics_by_id
        }
        for topic_id in sorted(unknown):
            _logger.warning("topic id %s is on disk but not in the metadata: left alone", topic_id)

    async def run(self) -> None:
        """Do the background work until cancelled: syncs, housekeeping, compaction."""
        async with asyncio.TaskGroup() as tasks:
            for log_dir, commit in self._commits.items():
                tasks.create_task(commit.run(), name=f"group-commit {log_dir.path}")
            tasks.create_task(self._housekeeping.run(), name="housekeeping")
            tasks.create_task(self.cleaner.run(), name="log-cleaner")

    async def drain(self) -> None:
        """Return when all that was appended so far is durable (or never will be)."""
        for partition in self._partitions.values():
            partition.request_flush()
        for commit in self._commits.values():
            await commit.drain()

    def _apply_topic(self, topic: TopicMetadata, *, is_first: bool) -> None:
        # What else a topic is set to was checked when it was set, and is not the log's.
        own = {name: value for name, value in topic.configs.items() if name in CONFIG_KEYS}
        config = parse_config(own)
        for metadata in topic.partitions:
            if self._node_id not in metadata.replicas:
                continue
            key = (topic.topic_id, metadata.partition)
            known = self._partitions.get(key)
            if known is not None:
                known.update_config(config)
            else:
                log_id = LogId(
                    topic_id=topic.topic_id, topic_name=topic.name, partition=metadata.partition
                )
                self._partitions[key] = self._open(log_id, config, may_be_away=is_first)

    def _open(self, log_id: LogId, config: LogConfig, *, may_be_away: bool) -> Partition:
        def create_log(partition: Partition) -> PlacedLog:
            log_dir = self._logs.directory_for(log_id)
            commit = self._commits[log_dir]
            try:
                self._room(log_id, log_dir)(0)
                log = log_dir.create(log_id, partition.config)
            except PassingDiskError:
                raise
            except DiskError as error:
                commit.fence(str(error))
                raise
            return self._placed(log_id, log_dir, log)

        placed = None
        log_dir = self._logs.directory_of(*log_id.key)
        if log_dir is not None:
            log = log_dir.get(log_id.key)
            assert log is not None, "the directory has just said so"
            log.update_config(config)
            placed = self._placed(log_id, log_dir, log)
        partition = Partition(placed, config, create_log)
        reason = self._logs.offline.get(log_id)
        if reason is None and placed is None and may_be_away and self._logs.missing:
            reason = f"its log may lie in {', '.join(map(str, self._logs.missing))}, which is away"
        if reason is not None:
            partition.fail(LogOffline(f"{log_id} is offline: {reason}"))
        elif placed is not None and placed.commit.fenced is not None:
            partition.fence(placed.commit.fenced)
        return partition

    def _placed(self, log_id: LogId, log_dir: LogDir, log: Log) -> PlacedLog:
        return PlacedLog(
            log=log, commit=self._commits[log_dir], take_room=self._room(log_id, log_dir)
        )

    def _room(self, log_id: LogId, log_dir: LogDir) -> Callable[[int], None]:
        return partial(log_dir.reserve.take, urgent=log_id.topic_name in INTERNAL_TOPICS)

    def _drop_topic(self, topic: TopicMetadata) -> None:
        for metadata in topic.partitions:
            partition = self._partitions.pop((topic.topic_id, metadata.partition), None)
            if partition is not None:
                partition.fail(LogDeleted(f"topic {topic.name!r} was deleted"))
        self._housekeeping.delete_topic(topic.topic_id)

    def _on_fenced(self, log_dir: LogDir, reason: str) -> None:
        log_dir.fence(reason)
        commit = self._commits[log_dir]
        for partition in self._partitions.values():
            if partition.commit is commit:
                partition.fence(reason)
