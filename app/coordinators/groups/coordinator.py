"""Coordinator: the groups whose partition of ``__consumer_offsets`` this node leads.

It finds a group's shard, or says why it cannot be asked (loading, another node's), and asks the
group. Authorization and quotas are the verbs'.

Invariants:
    A group is asked only while its shard is active, and nothing is awaited in between.
    What is answered as committed is durable, and so is an assignment that is given out.
Crash between two steps: what was not durable was not answered; the shard's reading of the log
brings back exactly what was, and members go on in their generation by their next heartbeat.
Called by: broker verbs, wiring. Calls: shard, group, offsets_topic.
Source: Kafka's ``GroupCoordinatorService`` and ``GroupMetadataManager`` (classic groups).
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from app.cluster.errors import CatalogError
from app.cluster.metadata_image import MetadataImage, PartitionMetadata
from app.cluster.watcher import MetadataWatcher
from app.coordinators.groups.commands import (
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Sync,
    SyncReply,
)
from app.coordinators.groups.consumer_protocol.heartbeat_rules import malformed
from app.coordinators.groups.consumer_protocol.members_at_work import ConsumerGroupRules
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    HeartbeatReply,
    MemberHeartbeat,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.group import Group
from app.coordinators.groups.journal import Journal
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC, OffsetsTopic, partition_for
from app.coordinators.groups.records import OffsetRecord, encode_offset
from app.coordinators.groups.shard import Shard, ShardState
from app.replication.replica_manager import ReplicaManager
from app.telemetry.clock import Clock

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRules:
    """What an operator may choose of groups, with Kafka's defaults and names."""

    membership: MembershipLimits = field(default_factory=MembershipLimits)
    consumer: ConsumerGroupRules = field(default_factory=ConsumerGroupRules)
    """Of groups of KIP-848."""

    session_timeout_ms_min: int = 6_000
    """``group.min.session.timeout.ms``"""

    session_timeout_ms_max: int = 1_800_000
    """``group.max.session.timeout.ms``"""

    offset_metadata_bytes_max: int = 4_096
    """``offset.metadata.max.bytes``"""

    offsets_retention_ms: int = 7 * 24 * 60 * 60 * 1000
    """``offsets.retention.minutes``"""

    offsets_retention_check_ms: int = 600_000
    """``offsets.retention.check.interval.ms``"""

    groups_max: int = 100_000
    """Groups of this node; the next one is refused (Kafka has no bound here)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommit:
    """What is to be committed for a group, and by whom."""

    group_id: str
    member_id: str = ""
    instance_id: str | None = None
    generation: int = -1
    """-1 and no member id: by somebody who is in no generation, such as an administrator."""

    offsets: Mapping[TopicPartition, CommittedOffset]


class GroupCoordinator:
    """The groups of this node."""

    def __init__(
        self,
        clock: Clock,
        metadata: MetadataWatcher,
        replicas: ReplicaManager,
        topic: OffsetsTopic,
        *,
        node_id: int,
        rules: GroupRules | None = None,
    ) -> None:
        """Coordinate nothing until ``run`` has begun."""
        self._clock = clock
        self._metadata = metadata
        self._replicas = replicas
        self._topic = topic
        self._node_id = node_id
        self.rules = rules or GroupRules()
        self._shards: dict[tuple[str, int, int], Shard] = {}
        self._tasks: asyncio.TaskGroup | None = None

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

    # -- members -------------------------------------------------------------------------------

    async def join(self, group_id: str, join: Join) -> JoinReply:
        """Take a member into the group's next generation."""
        error = self._check_join(group_id, join)
        if error is not ErrorCode.NONE:
            return JoinReply(error=error, member_id=join.member_id)
        await self.find(group_id)
        shard = self._shard(group_id)
        if isinstance(shard, ErrorCode):
            return JoinReply(error=shard, member_id=join.member_id)
        known = shard.get(group_id)
        if known is None and join.member_id:
            return JoinReply(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id=join.member_id)
        if known is None and self._is_full:
            return JoinReply(error=ErrorCode.GROUP_MAX_SIZE_REACHED)
        group = known or shard.get_or_create(group_id)
        if group.consumer is not None:
            if group.state is not GroupState.EMPTY:
                error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
                return JoinReply(error=error, member_id=join.member_id)
            group.be_classic()
        asked = replace(join, ticket=group.next_ticket())
        effects = group.membership.join(asked, group.now_ms)
        reply = await group.answer(asked.ticket, effects)
        assert isinstance(reply, JoinReply), "a join is answered as one"
        return reply

    async def sync(self, group_id: str, sync: Sync) -> SyncReply:
        """Bring (leader) or fetch a generation's assignment."""
        group = self._group(group_id)
        if isinstance(group, ErrorCode):
            # As in Kafka: while its group is read a member joins anew, by and by.
            is_loading = group is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            return SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS if is_loading else group)
        asked = replace(sync, ticket=group.next_ticket())
        effects = group.membership.sync(asked, group.now_ms)
        reply = await group.answer(asked.ticket, effects)
        assert isinstance(reply, SyncReply), "a sync is answered as one"
        return reply

    def heartbeat(self, group_id: str, heartbeat: Heartbeat) -> ErrorCode:
        """Note that a member lives."""
        group = self._group(group_id)
        if isinstance(group, ErrorCode):
            # As in Kafka: the member goes on while its group is read.
            return ErrorCode.NONE if group is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS else group
        error, effects = group.membership.heartbeat(heartbeat)
        group.carry_out(effects)
        return error

    def leave(self, group_id: str, leaving: Sequence[Leaving]) -> ErrorCode | tuple[ErrorCode, ...]:
        """Take members out; return one outcome for all, or one for each in their order."""
        group = self._group(group_id)
        if isinstance(group, ErrorCode):
            if group is ErrorCode.UNKNOWN_MEMBER_ID:
                return tuple(group for _ in leaving)
            return group
        outcomes, effects = group.membership.leave(leaving, group.now_ms)
        group.carry_out(effects)
        return outcomes

    async def consumer_heartbeat(self, group_id: str, beat: MemberHeartbeat) -> HeartbeatReply:
        """Hear a member of a group of KIP-848: it joins, lives, moves on or leaves."""

        def refused(error: ErrorCode, message: str | None = None) -> HeartbeatReply:
            return HeartbeatReply(error=error, message=message, member_id=beat.member_id)

        wrong = malformed(beat)
        if not group_id:
            wrong = ErrorCode.INVALID_REQUEST, "the group id must not be empty"
        if wrong is not None:
            return refused(*wrong)
        await self.find(group_id)
        shard = self._shard(group_id)
        if isinstance(shard, ErrorCode):
            return refused(shard)
        group = shard.get(group_id)
        if group is None and self._is_full:
            return refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
        if group is None or group.consumer is None:
            is_classic = group is not None and group.state is not GroupState.EMPTY
            if beat.epoch != JOINING_EPOCH or is_classic:
                return refused(ErrorCode.GROUP_ID_NOT_FOUND, "there is no such consumer group")
            group = group or shard.get_or_create(group_id)
            shard.be_consumer(group)
        assert group.consumer is not None, "it is one now"
        return await group.consumer.heartbeat(beat, self._find_topics)

    def check_reader(self, group_id: str, member_id: str, epoch: int) -> ErrorCode:
        """Return whether a member may fetch its group's offsets (KIP-848)."""
        group = self._group(group_id)
        if isinstance(group, ErrorCode):
            return group
        if group.consumer is None:
            return ErrorCode.NONE
        return group.consumer.group.check_member(member_id, epoch)

    # -- offsets -------------------------------------------------------------------------------

    async def commit(self, commit: OffsetCommit) -> ErrorCode | Mapping[TopicPartition, ErrorCode]:
        """Commit offsets; return when they are durable.

        Returns:
            Why none is committed, or each partition's outcome.
        """
        await self.find(commit.group_id)
        shard = self._shard(commit.group_id)
        if isinstance(shard, ErrorCode):
            return shard
        known = shard.get(commit.group_id)
        if known is None and commit.generation >= 0:
            return ErrorCode.ILLEGAL_GENERATION
        if known is None and self._is_full:
            return ErrorCode.GROUP_MAX_SIZE_REACHED
        group = known or shard.get_or_create(commit.group_id)
        if group.consumer is not None:
            error = group.consumer.group.check_member(commit.member_id, commit.generation)
        else:
            error = group.membership.check_commit(
                commit.member_id, commit.instance_id, commit.generation
            )
        if error is not ErrorCode.NONE:
            return error
        group.carry_out(group.membership.committed(commit.member_id))
        bytes_max = self.rules.offset_metadata_bytes_max
        outcomes = {
            partition: ErrorCode.OFFSET_METADATA_TOO_LARGE
            for partition, one in commit.offsets.items()
            if len(one.metadata.encode()) > bytes_max
        }
        accepted = {one: wanted for one, wanted in commit.offsets.items() if one not in outcomes}
        if accepted:
            outcome = await self._write(group, accepted)
            outcomes |= dict.fromkeys(accepted, outcome)
        return outcomes

    def committed(
        self, group_id: str, partitions: Collection[TopicPartition] | None
    ) -> ErrorCode | Mapping[TopicPartition, CommittedOffset | None]:
        """Return what a group has committed.

        Args:
            group_id: One that is not known has committed nothing.
            partitions: Those asked for, or None for all of which there is something.
        """
        shard = self._shard(group_id)
        if isinstance(shard, ErrorCode):
            if shard is ErrorCode.COORDINATOR_NOT_AVAILABLE and self._topic.topic is None:
                return dict.fromkeys(partitions or ())
            return shard
        group = shard.get(group_id)
        if group is None:
            return dict.fromkeys(partitions or ())
        if partitions is None:
            return dict(group.offsets)
        return {one: group.offsets.get(one) for one in partitions}

    def unstable(
        self, group_id: str, partitions: Collection[TopicPartition]
    ) -> set[TopicPartition]:
        """Return the partitions that open transactions have commits for (KIP-447)."""
        group = self._group(group_id)
        if isinstance(group, ErrorCode):
            return set()
        return {one for one in partitions if group.offsets.is_unstable(one)}

    async def delete_offsets(
        self, group_id: str, partitions: Collection[TopicPartition]
    ) -> ErrorCode | Mapping[TopicPartition, ErrorCode]:
        """Forget committed offsets of partitions that nobody reads."""
        group = self._group(group_id, unknown=ErrorCode.GROUP_ID_NOT_FOUND)
        if isinstance(group, ErrorCode):
            return group
        if group.is_unused:
            return ErrorCode.GROUP_ID_NOT_FOUND
        read: set[str] | None = set()
        if group.state is not GroupState.EMPTY:
            read = group.subscribed_topics()
        if read is None:
            return ErrorCode.NON_EMPTY_GROUP
        outcomes = {
            one: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if one[0] in read else ErrorCode.NONE
            for one in partitions
        }
        gone = [
            one
            for one, outcome in outcomes.items()
            if outcome is ErrorCode.NONE and group.offsets.get(one) is not None
        ]
        if gone:
            shard = self._shard(group_id)
            assert isinstance(shard, Shard), "its group was there"
            written = _future()
            shard.delete_offsets(group, gone, partial(_settle, written))
            outcomes |= dict.fromkeys(gone, await written)
        return outcomes

    # -- groups --------------------------------------------------------------------------------

    def group(self, group_id: str) -> Group | ErrorCode:
        """Return a group to look at; ``GROUP_ID_NOT_FOUND`` if there is none."""
        return self._group(group_id, unknown=ErrorCode.GROUP_ID_NOT_FOUND)

    def is_known(self, group_id: str) -> bool:
        """Whether there is a group of that id here, with something in it."""
        found = self.group(group_id)
        return not isinstance(found, ErrorCode) and not found.is_unused

    def groups(self) -> ErrorCode | list[Group]:
        """Return all groups of this node by id, or that some are still being read."""
        if any(shard.state is ShardState.LOADING for shard in self._shards.values()):
            return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        if self._topic.topic is not None and self._tasks is None:
            return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        found = [one for shard in self._shards.values() for one in shard if not one.is_unused]
        return sorted(found, key=lambda one: one.group_id)

    async def delete(self, group_id: str) -> ErrorCode:
        """Delete a group that nobody is in, with its offsets."""
        group = self.group(group_id)
        while not isinstance(group, ErrorCode) and group.is_writing:
            await group.written()  # what is on its way to the disk is deleted too
            group = self.group(group_id)
        if isinstance(group, ErrorCode):
            return group
        if group.is_unused:
            return ErrorCode.GROUP_ID_NOT_FOUND
        if group.state is not GroupState.EMPTY:
            return ErrorCode.NON_EMPTY_GROUP
        shard = self._shard(group_id)
        assert isinstance(shard, Shard), "its group was there"
        written = _future()
        shard.delete(group, partial(_settle, written))
        return await written

    # -- which shards there are ----------------------------------------------------------------

    def _check_join(self, group_id: str, join: Join) -> ErrorCode:
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        rules = self.rules
        timeout_ms = join.session_timeout_ms
        if not rules.session_timeout_ms_min <= timeout_ms <= rules.session_timeout_ms_max:
            return ErrorCode.INVALID_SESSION_TIMEOUT
        return ErrorCode.NONE

    @property
    def _is_full(self) -> bool:
        return sum(map(len, self._shards.values())) >= self.rules.groups_max

    def _shard(self, group_id: str) -> Shard | ErrorCode:
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

    def _group(
        self, group_id: str, unknown: ErrorCode = ErrorCode.UNKNOWN_MEMBER_ID
    ) -> Group | ErrorCode:
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        shard = self._shard(group_id)
        if isinstance(shard, ErrorCode):
            return unknown if self._topic.topic is None else shard
        return shard.get(group_id) or unknown

    def _find_topics(self, names: Collection[str]) -> TopicsByName:
        topics = self._metadata.image.topics
        found = ((name, topics[name]) for name in names if name in topics)
        return {
            name: Topic(topic_id=one.topic_id, partitions=len(one.partitions))
            for name, one in found
        }

    async def _write(
        self, group: Group, accepted: Mapping[TopicPartition, CommittedOffset]
    ) -> ErrorCode:
        records = [
            encode_offset(OffsetRecord(group_id=group.group_id, partition=one, committed=committed))
            for one, committed in accepted.items()
        ]
        durable = _future()

        def written(error: ErrorCode, base_offset: int) -> None:
            if error is ErrorCode.NONE:
                for delta, (one, committed) in enumerate(accepted.items()):
                    group.offsets.put(one, replace(committed, log_offset=base_offset + delta))
            _settle(durable, error)

        group.write(records, written)
        return await durable

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

    def _led(
        self, image: MetadataImage
    ) -> Iterator[tuple[tuple[str, int, int], PartitionMetadata]]:
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


def _key(metadata: PartitionMetadata) -> tuple[str, int, int]:
    return metadata.topic_id, metadata.partition, metadata.leader_epoch


def _future() -> "asyncio.Future[ErrorCode]":
    return asyncio.get_running_loop().create_future()


def _settle(future: "asyncio.Future[ErrorCode]", error: ErrorCode) -> None:
    if not future.done():
        future.set_result(error)
