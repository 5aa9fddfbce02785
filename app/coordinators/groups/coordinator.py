"""Coordinator: the groups whose partition of ``__consumer_offsets`` this node leads.

It finds the group that a request is for, or says why it cannot be asked (loading, another node's),
sees to it that it speaks the member's protocol, and asks it. Authorization and quotas are the
verbs'.

Invariants:
    A group is asked only while its shard is active, and nothing is awaited in between.
    An assignment that is given out is durable.
Crash between two steps: what was not durable was not answered; the shard's reading of the log
brings back exactly what was, and members go on in their generation by their next heartbeat.
Called by: broker verbs, wiring. Calls: shards, offset_store, group.
Source: Kafka's ``GroupCoordinatorService`` and ``GroupMetadataManager`` (classic groups).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.cluster.metadata_image import PartitionMetadata
from app.coordinators.groups.commands import (
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Sync,
    SyncReply,
)
from app.coordinators.groups.consumer_protocol.heartbeat_rules import malformed
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    HeartbeatReply,
    MemberHeartbeat,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.group import Group
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offset_store import OffsetStore
from app.coordinators.groups.rules import GroupRules
from app.coordinators.groups.shard import Shard, outcome_of
from app.coordinators.groups.shards import Shards


class GroupCoordinator:
    """The groups of this node."""

    def __init__(self, shards: Shards) -> None:
        """Coordinate nothing until ``run`` has begun."""
        self.shards = shards
        self.offsets = OffsetStore(shards)

    @property
    def rules(self) -> GroupRules:
        """What the operator has chosen."""
        return self.shards.rules

    async def run(self) -> None:
        """Follow the metadata, load what this node leads, expire offsets; until cancelled."""
        await self.shards.run()

    async def find(self, group_id: str) -> PartitionMetadata | ErrorCode:
        """Return the partition whose leader coordinates a group; its topic is made if need be."""
        return await self.shards.find(group_id)

    # -- members -------------------------------------------------------------------------------

    async def join(self, group_id: str, join: Join) -> JoinReply:
        """Take a member into the group's next generation."""
        error = self._check_join(group_id, join)
        if error is not ErrorCode.NONE:
            return JoinReply(error=error, member_id=join.member_id)
        await self.shards.find(group_id)
        shard = self.shards.get(group_id)
        if isinstance(shard, ErrorCode):
            return JoinReply(error=shard, member_id=join.member_id)
        known = shard.get(group_id)
        if known is None and join.member_id:
            return JoinReply(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id=join.member_id)
        if known is None and self.shards.is_full:
            return JoinReply(error=ErrorCode.GROUP_MAX_SIZE_REACHED)
        group = known or shard.get_or_create(group_id)
        if group.consumer is not None:
            if group.state is not GroupState.EMPTY:
                return await group.consumer.join(join, self.shards.find_topics)
            group.be_classic()
        asked = replace(join, ticket=group.next_ticket())
        effects = group.membership.join(asked, group.now_ms)
        reply = await group.answer(asked.ticket, effects)
        assert isinstance(reply, JoinReply), "a join is answered as one"
        return reply

    async def sync(self, group_id: str, sync: Sync) -> SyncReply:
        """Bring (leader) or fetch a generation's assignment."""
        group = self.shards.group(group_id)
        if isinstance(group, ErrorCode):
            # As in Kafka: while its group is read a member joins anew, by and by.
            is_loading = group is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            return SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS if is_loading else group)
        if group.consumer is not None:
            return await group.consumer.sync(sync)
        asked = replace(sync, ticket=group.next_ticket())
        effects = group.membership.sync(asked, group.now_ms)
        reply = await group.answer(asked.ticket, effects)
        assert isinstance(reply, SyncReply), "a sync is answered as one"
        return reply

    def heartbeat(self, group_id: str, heartbeat: Heartbeat) -> ErrorCode:
        """Note that a member lives."""
        group = self.shards.group(group_id)
        if isinstance(group, ErrorCode):
            # As in Kafka: the member goes on while its group is read.
            return ErrorCode.NONE if group is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS else group
        if group.consumer is not None:
            return group.consumer.classic_heartbeat(heartbeat, self.shards.find_topics)
        error, effects = group.membership.heartbeat(heartbeat)
        group.carry_out(effects)
        return error

    def leave(self, group_id: str, leaving: Sequence[Leaving]) -> ErrorCode | tuple[ErrorCode, ...]:
        """Take members out; return one outcome for all, or one for each in their order."""
        group = self.shards.group(group_id)
        if isinstance(group, ErrorCode):
            if group is ErrorCode.UNKNOWN_MEMBER_ID:
                return tuple(group for _ in leaving)
            return group
        if group.consumer is not None:
            return group.consumer.leave(leaving)
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
        await self.shards.find(group_id)
        shard = self.shards.get(group_id)
        if isinstance(shard, ErrorCode):
            return refused(shard)
        group = shard.get(group_id)
        if group is None and self.shards.is_full:
            return refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
        if group is None or group.consumer is None:
            if beat.epoch != JOINING_EPOCH:
                return refused(ErrorCode.GROUP_ID_NOT_FOUND, "there is no such consumer group")
            group = group or shard.get_or_create(group_id)
            if group.state is GroupState.EMPTY:
                shard.be_consumer(group)
            else:
                why_not = group.upgrade(self.rules.consumer, self.shards.find_topics)
                if why_not is not None:
                    return refused(ErrorCode.GROUP_ID_NOT_FOUND, why_not)
        assert group.consumer is not None, "it is one now"
        return await group.consumer.heartbeat(beat, self.shards.find_topics)

    def pattern_to_match(
        self, group_id: str, beat: MemberHeartbeat, version: int, now_ms: int
    ) -> str | None:
        """Return the pattern that has to be matched before a member is heard, or None."""
        group = self.shards.group(group_id)
        if isinstance(group, ErrorCode) or group.consumer is None:
            return beat.pattern or None
        return group.consumer.group.pattern_to_match(beat, version, now_ms)

    def check_reader(self, group_id: str, member_id: str, epoch: int) -> ErrorCode:
        """Return whether a member may fetch its group's offsets (KIP-848)."""
        group = self.shards.group(group_id)
        if isinstance(group, ErrorCode):
            return group
        if group.consumer is None:
            return ErrorCode.NONE
        return group.consumer.group.check_member(member_id, epoch)

    # -- groups --------------------------------------------------------------------------------

    def group(self, group_id: str) -> Group | ErrorCode:
        """Return a group to look at; ``GROUP_ID_NOT_FOUND`` if there is none."""
        return self.shards.group(group_id, unknown=ErrorCode.GROUP_ID_NOT_FOUND)

    def is_known(self, group_id: str) -> bool:
        """Whether there is a group of that id here, with something in it."""
        found = self.group(group_id)
        return not isinstance(found, ErrorCode) and not found.is_unused

    def groups(self) -> ErrorCode | list[Group]:
        """Return all groups of this node by id, or that some are still being read."""
        if self.shards.is_loading:
            return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        found = [one for one in self.shards if not one.is_unused]
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
        shard = self.shards.get(group_id)
        assert isinstance(shard, Shard), "its group was there"
        return await outcome_of(partial(shard.delete, group))

    def _check_join(self, group_id: str, join: Join) -> ErrorCode:
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        rules = self.rules
        timeout_ms = join.session_timeout_ms
        if not rules.session_timeout_ms_min <= timeout_ms <= rules.session_timeout_ms_max:
            return ErrorCode.INVALID_SESSION_TIMEOUT
        return ErrorCode.NONE
