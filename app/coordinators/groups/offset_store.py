"""Offset store: what the groups of this node have committed, and who may change it.

Invariants:
    What is answered as committed is durable.
    While a group has members only they commit, each in its generation or member epoch.
Called by: broker verbs. Calls: shards, group.
Source: Kafka's ``OffsetMetadataManager``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.group import Group
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.coordinators.groups.records import OffsetRecord, encode_offset
from app.coordinators.groups.shard import Shard, Told, outcome_of
from app.coordinators.groups.shards import Shards


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommit:
    """What is to be committed for a group, and by whom."""

    group_id: str
    member_id: str = ""
    instance_id: str | None = None
    generation: int = -1
    """-1 and no member id: by somebody who is in no generation, such as an administrator."""

    offsets: Mapping[TopicPartition, CommittedOffset]


class OffsetStore:
    """The committed offsets of all groups of this node."""

    def __init__(self, shards: Shards) -> None:
        """Look into the groups of these."""
        self._shards = shards

    async def commit(self, commit: OffsetCommit) -> ErrorCode | Mapping[TopicPartition, ErrorCode]:
        """Commit offsets; return when they are durable.

        Returns:
            Why none is committed, or each partition's outcome.
        """
        await self._shards.find(commit.group_id)
        shard = self._shards.get(commit.group_id)
        if isinstance(shard, ErrorCode):
            return shard
        known = shard.get(commit.group_id)
        if known is None and commit.generation >= 0:
            return ErrorCode.ILLEGAL_GENERATION
        if known is None and self._shards.is_full:
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
        bytes_max = self._shards.rules.offset_metadata_bytes_max
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
        shard = self._shards.get(group_id)
        if isinstance(shard, ErrorCode):
            if shard is ErrorCode.COORDINATOR_NOT_AVAILABLE and not self._shards.is_topic_there:
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
        group = self._shards.group(group_id)
        if isinstance(group, ErrorCode):
            return set()
        return {one for one in partitions if group.offsets.is_unstable(one)}

    async def delete(
        self, group_id: str, partitions: Collection[TopicPartition]
    ) -> ErrorCode | Mapping[TopicPartition, ErrorCode]:
        """Forget committed offsets of partitions that nobody reads."""
        group = self._shards.group(group_id, unknown=ErrorCode.GROUP_ID_NOT_FOUND)
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
            shard = self._shards.get(group_id)
            assert isinstance(shard, Shard), "its group was there"
            deleted = await outcome_of(partial(shard.delete_offsets, group, gone))
            outcomes |= dict.fromkeys(gone, deleted)
        return outcomes

    async def _write(
        self, group: Group, accepted: Mapping[TopicPartition, CommittedOffset]
    ) -> ErrorCode:
        records = [
            encode_offset(OffsetRecord(group_id=group.group_id, partition=one, committed=committed))
            for one, committed in accepted.items()
        ]

        def begin(then: Told) -> None:
            def written(error: ErrorCode, base_offset: int) -> None:
                if error is ErrorCode.NONE:
                    for delta, (one, committed) in enumerate(accepted.items()):
                        group.offsets.put(one, replace(committed, log_offset=base_offset + delta))
                then(error)

            group.write(records, written)

        return await outcome_of(begin)
