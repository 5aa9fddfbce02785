"""Replica manager: the partitions whose replicas live on this node.

It follows the metadata image: a partition assigned to this node gets a ``Partition``, one that
is gone has its waiters failed and its log deleted, changed configs reach the logs.

Invariants:
    ``partitions`` holds exactly what the last applied image assigns to this node.
    A log on disk that no metadata names is never deleted, only reported (reliability rule 5).
    A corrupt log's partition stays offline and says why; the others serve.
Called by: broker verbs, wiring. Calls: partition, storage.log_manager.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import Executor

from app.cluster.metadata_image import MetadataImage, TopicMetadata
from app.replication.group_commit import GroupCommit
from app.replication.partition import Partition
from storage.config import LogConfig, parse_config
from storage.errors import DiskError
from storage.log import Log
from storage.log_layout import LogId
from storage.log_manager import LogManager
from storage.segments.log_slice import LogSlice

_logger = logging.getLogger(__name__)

PartitionKey = tuple[str, int]
"""Topic id and partition number."""

CHECKPOINT_INTERVAL_S = 5.0
"""How often recovery points are written, so that a restart has little to read again."""


class ReplicaManager:
    """All partitions of this node."""

    def __init__(self, node_id: int, logs: LogManager, sync: Executor, reads: Executor) -> None:
        """Serve nothing until the first image is applied.

        Args:
            node_id: Which broker this is.
            logs: The recovered logs of this node.
            sync: One thread for group commit.
            reads: A few threads for reads that are not in the page cache, and for deletions.
        """
        self._node_id = node_id
        self._logs = logs
        self._reads = reads
        self._commit = GroupCommit(sync, self._on_fenced)
        self._partitions: dict[PartitionKey, Partition] = {}
        self._deletions: asyncio.Queue[str] = asyncio.Queue()

    @property
    def fenced(self) -> str | None:
        """Why this node acknowledges nothing any more, or None."""
        return self._commit.fenced

    @property
    def partitions(self) -> Mapping[PartitionKey, Partition]:
        """Every partition of this node."""
        return self._partitions

    def get(self, topic_id: str, partition: int) -> Partition | None:
        """Return the partition, or None when this node has no replica of it."""
        return self._partitions.get((topic_id, partition))

    async def read(self, found: LogSlice) -> bytes:
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
                self._apply_topic(topic)

    def delete_leftovers(self, deleted: Collection[str]) -> None:
        """Delete logs of topics whose deletion was decided before this node could follow it."""
        for topic_id in {log_id.topic_id for log_id in self._logs.logs()} & set(deleted):
            self._logs.delete_topic(topic_id)

    def checkpoint(self) -> None:
        """Write recovery points and log starts now.

        Raises:
            DiskError: The disk failed.
        """
        self._logs.write_checkpoints()

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
        """Do the background work until cancelled: syncs, checkpoints, deletions."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._commit.run(), name="group-commit")
            tasks.create_task(self._write_checkpoints(), name="checkpoints")
            tasks.create_task(self._delete_topics(), name="topic-deletion")

    async def drain(self) -> None:
        """Return when all that was appended so far is durable (or never will be)."""
        for partition in self._partitions.values():
            partition.request_flush()
        await self._commit.drain()

    def _apply_topic(self, topic: TopicMetadata) -> None:
        config = parse_config(topic.configs)
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
                self._partitions[key] = self._open(log_id, config)

    def _open(self, log_id: LogId, config: LogConfig) -> Partition:
        def create_log(partition: Partition) -> Log:
            return self._logs.create(log_id, partition.config)

        log = self._logs.get(log_id.topic_id, log_id.partition)
        if log is not None:
            log.update_config(config)
        partition = Partition(log, config, self._commit, create_log)
        reason = self._logs.offline.get(log_id)
        if reason is not None:
            partition.fail(f"{log_id.topic_name}-{log_id.partition} is offline: {reason}")
        elif self._commit.fenced is not None:
            partition.fail(self._commit.fenced)
        return partition

    def _drop_topic(self, topic: TopicMetadata) -> None:
        for metadata in topic.partitions:
            partition = self._partitions.pop((topic.topic_id, metadata.partition), None)
            if partition is not None:
                partition.fail(f"topic {topic.name!r} was deleted")
        self._deletions.put_nowait(topic.topic_id)

    def _on_fenced(self, reason: str) -> None:
        for partition in self._partitions.values():
            if partition.log is not None:
                partition.log.fence(reason)
            partition.fail(reason)

    async def _write_checkpoints(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_INTERVAL_S)
            if self._commit.fenced is None:
                try:
                    self._logs.write_checkpoints()
                except DiskError as error:
                    _logger.error("recovery points not written: %s", error)

    async def _delete_topics(self) -> None:
        while True:
            topic_id = await self._deletions.get()
            try:
                self._logs.delete_topic(topic_id)
            except DiskError as error:
                _logger.error("logs of deleted topic %s not removed: %s", topic_id, error)
