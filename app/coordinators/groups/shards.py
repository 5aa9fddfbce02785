"""Shards: which groups this node coordinates, as the metadata says, and where each is kept.

Invariants:
    There is one shard for each partition of ``__consumer_offsets`` that this node leads, in the
    epoch that it leads it in; a shard of an earlier epoch is closed before the next one opens.
    A group is given out only while its shard is active.
Called by: coordinator, offset_store. Calls: shard, journal, offsets_topic.
Source: Kafka's ``GroupCoordinatorService`` (``onElection``, ``onResignation``).
"""

import asyncio
import logging
from collections.abc import Collection, Iterator

from app.cluster.errors import CatalogError
from app.cluster.metadata_image import MetadataImage, PartitionMetadata
from app.cluster.watcher import MetadataWatcher
from app.coordinators.groups.consumer_protocol.model import Topic, TopicsByName
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.group import Group
from app.coordinators.groups.journal import Journal
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC, OffsetsTopic, partition_for
from app.coordinators.groups.rules import GroupRules
from app.coordinators.groups.shard import Shard, ShardState
from app.replication.replica_manager import ReplicaManager
from app.telemetry.clock import Clock

_logger = logging.getLogger(__name__)

_Key = tuple[str, int, int]
"""Topic id, partition and leader epoch."""


class Shards:
    """The groups of this node, by the partition that keeps them."""

    def __init__(
        self,
        clock: Clock,
        metadata: MetadataWatcher,
        replicas: ReplicaManager,
        topic: OffsetsTopic,
        *,
        node_id: int,
        rules: GroupRules,
    ) -> None:
        """Keep none until ``run`` has begun."""
        self.rules = rules
        self._clock = clock
        self._metadata = metadata
        self._replicas = replicas
        self._topic = topic
        self._node_id = node_id
        self._shards: dict[_Key, Shard] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __iter__(self) -> Iterator[Group]:
        return (group for shard in self._shards.values() for group in shard)

    @property
    def is_full(self) -> bool:
        """Whether there are as many groups as there may be."""
        return sum(map(len, self._shards.values())) >= self.rules.groups_max

    @property
    def is_loading(self) -> bool:
        """Whether some groups are still being read."""
        if any(shard.state is ShardState.LOADING for shard in self._shards.values()):
            return True
        return self.is_topic_there and self._tasks is None

    @property
    def is_topic_there(self) -> bool:
        """Whether anybody ever needed a group."""
        return self._topic.topic is not None

    async def run(self) -> None:
        """Follow the metadata, load what this node leads, expire offsets; until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._metadata.subscribe(self._apply_image)
                while True:
                    await asyncio.sleep(self.rules.offsets_retention_check_ms / 1000)
                    self.sweep()
        finally:
            self._tasks = None
            for shard in self._shards.values():
                shard.close()
            self._shards.clear()

    def sweep(self) -> None:
        """Forget what has expired."""
        for shard in self._shards.values():
            shard.sweep(self.rules.offsets_retention_ms)

    async def find(self, group_id: str) -> PartitionMetadata | ErrorCode:
        """Return the partition whose leader coordinates a group; its topic is made if need be."""
        try:
            topic = await self._topic.ensure()
        except CatalogError as error:
            _logger.warning("%s cannot be made: %s", OFFSETS_TOPIC, error)
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        return topic.partitions[partition_for(group_id, len(topic.partitions))]

    def get(self, group_id: str) -> Shard | ErrorCode:
        """Return the shard that keeps a group, or why it cannot be asked."""
        topic = self._topic.topic
        if topic is None:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        metadata = topic.partitions[partition_for(group_id, len(topic.partitions))]
        if metadata.leader != self._node_id:
            return ErrorCode.NOT_COORDINATOR
        shard = self._shards.get(_key(metadata))
        if shard is None:
            return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        return shard if shard.state is ShardState.ACTIVE else shard.state.value

    def group(
        self, group_id: str, unknown: ErrorCode = ErrorCode.UNKNOWN_MEMBER_ID
    ) -> Group | ErrorCode:
        """Return a group, or why it cannot be asked; ``unknown``: there is none."""
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        shard = self.get(group_id)
        if isinstance(shard, ErrorCode):
            return shard if self.is_topic_there else unknown
        return shard.get(group_id) or unknown

    def find_topics(self, names: Collection[str]) -> TopicsByName:
        """Return those of the named topics that there are."""
        topics = self._metadata.image.topics
        found = ((name, topics[name]) for name in names if name in topics)
        return {
            name: Topic(topic_id=one.topic_id, partitions=len(one.partitions))
            for name, one in found
        }

    def _apply_image(self, old: MetadataImage | None, new: MetadataImage) -> None:
        led = dict(self._led(new))
        for key in self._shards.keys() - led.keys():
            self._shards.pop(key).close()
        for key in led.keys() - self._shards.keys():
            shard = self._make_shard(led[key])
            if shard is not None:
                self._shards[key] = shard
                shard.open(f"{OFFSETS_TOPIC}-{key[1]}", new.topics.keys())
        if old is not None:
            gone = old.topics_by_id.keys() - new.topics_by_id.keys()
            names = {old.topics_by_id[topic_id].name for topic_id in gone}
            if names:
                for shard in self._shards.values():
                    shard.forget_topics(names)

    def _led(self, image: MetadataImage) -> Iterator[tuple[_Key, PartitionMetadata]]:
        topic = image.topics.get(OFFSETS_TOPIC)
        for metadata in topic.partitions if topic is not None else ():
            if metadata.leader == self._node_id:
                yield _key(metadata), metadata

    def _make_shard(self, metadata: PartitionMetadata) -> Shard | None:
        replica = self._replicas.get(metadata.topic_id, metadata.partition)
        tasks = self._tasks
        if replica is None or tasks is None:
            return None
        journal = Journal(self._clock, self._replicas, replica, metadata.leader_epoch)
        rules = self.rules
        return Shard(self._clock, journal, tasks.create_task, rules.membership, rules.consumer)


def _key(metadata: PartitionMetadata) -> _Key:
    return metadata.topic_id, metadata.partition, metadata.leader_epoch
