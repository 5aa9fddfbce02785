"""Group: one group at work. It carries out what the pure parts decide.

Its membership decides, its timers run on the event loop, its writes go to the journal, and who
waits for an answer has a future here. While its members speak KIP-848's protocol, ``consumer`` is
there, and the membership, which is a classic group's, has nobody in it.

A change of protocol deletes the records of the former one; they are owed, and go in the batch
that says how the group goes on, so a restart finds one of both.

Invariants:
    What happens to a group happens on the event loop without an await in between.
    A request that is cancelled leaves its ticket behind: the membership answers it to nobody.
Called by: shard, coordinator. Calls: membership, offsets, journal.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from app.coordinators.groups.commands import Reply, SetTimer, Then, TimerKey
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup, FindTopics
from app.coordinators.groups.consumer_protocol.members_at_work import (
    ConsumerGroupRules,
    MembersAtWork,
)
from app.coordinators.groups.consumer_protocol.migration import from_classic, to_classic
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import Effects
from app.coordinators.groups.membership import ClassicGroup
from app.coordinators.groups.model import GroupState, GroupType
from app.coordinators.groups.offsets import Expiry, GroupOffsets
from app.coordinators.groups.records import GroupRecord, KeyValue, encode_group
from app.coordinators.groups.subscriptions import PROTOCOL_TYPE, subscribed_topics
from app.telemetry.clock import Clock

Append = Callable[[Sequence[KeyValue], Callable[[ErrorCode, int], None]], bool]
"""Writes records of the group; see ``Journal.append``."""


class Group:
    """One group and all that moves it."""

    def __init__(
        self,
        group_id: str,
        membership: ClassicGroup,
        offsets: GroupOffsets,
        clock: Clock,
        append: Append,
    ) -> None:
        """Take a group as it was loaded, or a new one."""
        self.group_id = group_id
        self.membership = membership
        self.consumer: MembersAtWork | None = None
        self.offsets = offsets
        self._clock = clock
        self._append = append
        self._tickets = count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._timers: dict[TimerKey, asyncio.TimerHandle] = {}
        self._owed: list[KeyValue] = []
        self._writes = 0
        self._written = asyncio.Event()

    @property
    def is_unused(self) -> bool:
        """Whether forgetting it would lose nothing."""
        is_unused = self.membership.is_unused and self.consumer is None
        return is_unused and self.offsets.is_empty and not self.is_writing

    @property
    def type(self) -> GroupType:
        """Which protocol its members speak."""
        return GroupType.CLASSIC if self.consumer is None else GroupType.CONSUMER

    @property
    def state(self) -> GroupState:
        """Where it stands."""
        return self.membership.state if self.consumer is None else self.consumer.group.state

    @property
    def protocol_type(self) -> str | None:
        """What its members are; None if it never had any."""
        return self.membership.protocol_type if self.consumer is None else PROTOCOL_TYPE

    @property
    def is_writing(self) -> bool:
        """Whether something of it is on its way to the disk."""
        return self._writes > 0

    @property
    def now_ms(self) -> int:
        """Wall-clock time."""
        return self._clock.now_ms()

    def next_ticket(self) -> int:
        """Return the name of one more request that may wait."""
        return next(self._tickets)

    async def answer(self, ticket: int, effects: Effects) -> Reply:
        """Carry out what a request leads to and return its answer, when there is one."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = future
        self.carry_out(effects)
        try:
            return await future
        finally:
            self._waiting.pop(ticket, None)

    def carry_out(self, effects: Effects) -> None:
        """Do what the membership decided."""
        loop = asyncio.get_running_loop()
        for timer in effects.timers:
            running = self._timers.pop(timer.key, None)
            if running is not None:
                running.cancel()
            if isinstance(timer, SetTimer):
                self._timers[timer.key] = loop.call_later(
                    timer.delay_ms / 1000, self._expire, timer.key
                )
        for metadata, then in effects.writes:
            record = encode_group(GroupRecord(group_id=self.group_id, metadata=metadata))
            self.write([record], partial(self._stored, then))
        for ticket, reply in effects.replies:
            future = self._waiting.get(ticket)
            if future is not None and not future.done():
                future.set_result(reply)

    def write(self, records: Sequence[KeyValue], then: Callable[[ErrorCode, int], None]) -> bool:
        """Write records of the group; ``then`` is called when they are durable, or refused.

        Returns:
            Whether they were taken; see ``Journal.append``.
        """
        owed = tuple(self._owed)

        def written(error: ErrorCode, base_offset: int) -> None:
            self._writes -= 1
            then(error, base_offset + len(owed))
            if not self._writes:
                self._written.set()

        self._writes += 1
        self._written.clear()
        is_taken = self._append([*owed, *records], written)
        if is_taken:
            self._owed.clear()
        return is_taken

    async def written(self) -> None:
        """Return when nothing of it is on its way to the disk."""
        if self._writes:
            await self._written.wait()

    def be_consumer(self, group: ConsumerGroup, rules: ConsumerGroupRules) -> None:
        """Go on as a group of KIP-848's protocol, which is new, or was read, or was upgraded."""
        if self.membership.generation:
            self._owed += self.gone()
        self.carry_out(self.membership.kill(ErrorCode.REBALANCE_IN_PROGRESS))
        self.membership = self.membership.successor()
        self.consumer = MembersAtWork(
            self.group_id, group, rules, self.write, partial(self._downgrade, rules)
        )

    def upgrade(self, rules: ConsumerGroupRules, find_topics: FindTopics) -> str | None:
        """Go on as a group of KIP-848's protocol, with its members; return why not, or None."""
        if not rules.migration.upgrades:
            return "classic groups with members are not upgraded here"
        parts = from_classic(self.membership, find_topics)
        if parts is None:
            return "its members are not consumers of the classic protocol"
        if len(self.membership.members) > rules.size_max:
            return f"it has more than {rules.size_max} members"
        upgraded = ConsumerGroup(rules.size_max, parts)
        upgraded.changed.update(upgraded.parts())
        self.be_consumer(upgraded, rules)
        return None

    def _downgrade(self, rules: ConsumerGroupRules) -> None:
        """Go on as a classic group: only such members are left."""
        assert self.consumer is not None, "a classic group is one"
        left = self.consumer.group
        if len(left.members) > self.membership.limits.size_max:
            return
        metadata = to_classic(left, self.now_ms)
        protocols = left.classic_members
        self.be_classic()
        self.membership, effects = ClassicGroup.loaded(self.membership.limits, metadata)
        for member in self.membership.members:
            own = protocols[member.member_id].protocols
            self.membership.members.change_protocols(member, own)
        self.membership.protocol_name = self.membership.members.choose_protocol()
        self.carry_out(effects)
        record = GroupRecord(group_id=self.group_id, metadata=self.membership.metadata())
        self.write([encode_group(record)], _nothing)
        self.carry_out(self.membership.begin_anew(self.now_ms))

    def be_classic(self) -> None:
        """Go on as a classic group, with nobody in it."""
        if self.consumer is not None:
            self._owed += self.consumer.gone()
            self.consumer.close()
            self.consumer = None

    def gone(self) -> list[KeyValue]:
        """Return the records that delete it, but for its offsets."""
        if self.consumer is not None:
            return [*self._owed, *self.consumer.gone()]
        return [*self._owed, encode_group(GroupRecord(group_id=self.group_id, metadata=None))]

    def close(self) -> None:
        """End it: it was deleted, or is another node's from now on."""
        if self.consumer is not None:
            self.consumer.close()
        self.carry_out(self.membership.kill())
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def expiry(self) -> Expiry:
        """Return what decides whether its offsets may go (KIP-211)."""
        membership = self.membership
        if self.consumer is not None:
            return Expiry(from_ms=None, subscribed_topics=self.consumer.group.subscribed_topics)
        if membership.protocol_type is None:
            return Expiry(from_ms=None)
        if membership.state is GroupState.EMPTY:
            since_ms = membership.state_timestamp_ms
            return Expiry(from_ms=since_ms if since_ms >= 0 else None)
        topics = self.subscribed_topics()
        if membership.state is GroupState.STABLE and topics is not None:
            return Expiry(from_ms=None, subscribed_topics=topics)
        return Expiry(from_ms=None, stays=True)

    def subscribed_topics(self) -> set[str] | None:
        """Return the topics that its members read; None if that cannot be known."""
        if self.consumer is not None:
            return self.consumer.group.subscribed_topics
        membership = self.membership
        chosen = membership.protocol_name or ""
        metadata = [
            one.metadata_for(chosen) if chosen else one.protocols[0].metadata
            for one in membership.members
        ]
        return subscribed_topics(membership.protocol_type, metadata)

    def _stored(self, then: Then, error: ErrorCode, _base_offset: int) -> None:
        if error is ErrorCode.INVALID_COMMIT_OFFSET_SIZE:
            error = ErrorCode.UNKNOWN_SERVER_ERROR
        self.carry_out(self.membership.stored(then, error, self.now_ms))

    def _expire(self, key: TimerKey) -> None:
        del self._timers[key]
        self.carry_out(self.membership.expire(key, self.now_ms))


def _nothing(_error: ErrorCode, _base_offset: int) -> None:
    """Wait for nothing."""
