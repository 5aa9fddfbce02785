"""Members at work: a consumer group of KIP-848, its timers and its writes.

Invariants:
    A heartbeat is answered when everything that the group changed up to it is durable.
    A change whose write was refused is written with the next one, as the group then stands; so
    nobody is ever answered by a state that a restart would not bring back.
Crash between two steps: what is durable is how the group stood at some moment, because the writes
are in its order, none is left out, and behind one that does not become durable none does.
Called by: group. Calls: consumer_group, records.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.coordinators.groups.commands import (
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Sync,
    SyncReply,
)
from app.coordinators.groups.consumer_protocol import classic_members
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup, FindTopics
from app.coordinators.groups.consumer_protocol.migration import MigrationPolicy
from app.coordinators.groups.consumer_protocol.model import (
    STATIC_LEAVING_EPOCH,
    Current,
    HeartbeatReply,
    MemberHeartbeat,
    MemberState,
    Part,
)
from app.coordinators.groups.consumer_protocol.records import encode_part
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.records import KeyValue

Write = Callable[[Sequence[KeyValue], Callable[[ErrorCode, int], None]], bool]
"""Writes records of the group; see ``Group.write``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupRules:
    """What an operator may choose of these groups, with Kafka's defaults and names."""

    session_timeout_ms: int = 45_000
    """``group.consumer.session.timeout.ms``"""

    heartbeat_interval_ms: int = 5_000
    """``group.consumer.heartbeat.interval.ms``"""

    size_max: int = 10_000
    """``group.consumer.max.size``; Kafka has no bound unless it is told one."""

    migration: MigrationPolicy = MigrationPolicy.BIDIRECTIONAL
    """``group.consumer.migration.policy``"""


class MembersAtWork:
    """One consumer group and all that moves it."""

    def __init__(
        self,
        group_id: str,
        group: ConsumerGroup,
        rules: ConsumerGroupRules,
        write: Write,
        only_classic: Callable[[], None] | None = None,
    ) -> None:
        """Take a group as it was loaded, or a new one; loaded members must be heard of again.

        Args:
            group_id: Its id.
            group: What decides.
            rules: What the operator has chosen.
            write: Writes records of it.
            only_classic: Called when the last member that speaks KIP-848's protocol has gone.
        """
        self._only_classic = only_classic
        self.group = group
        self._group_id = group_id
        self._rules = rules
        self._write = write
        self._sessions: dict[str, asyncio.TimerHandle] = {}
        self._rebalances: dict[str, asyncio.TimerHandle] = {}
        self._last: asyncio.Future[ErrorCode] | None = None
        for member_id in group.members:
            self._await_heartbeat(member_id)
            self._await_revocation(member_id)

    async def heartbeat(self, beat: MemberHeartbeat, find_topics: FindTopics) -> HeartbeatReply:
        """Let the group hear a member, and return its answer when it is durable."""
        before = self.group.current(beat.member_id)
        reply = self.group.heartbeat(beat, find_topics)
        if reply.error is not ErrorCode.NONE:
            return reply
        self._follow(beat.member_id, before)
        saved = self._save()
        self._look_who_is_left()
        error = await asyncio.shield(saved)  # others wait for it too
        if error is not ErrorCode.NONE:
            return HeartbeatReply(error=error, member_id=beat.member_id)
        return reply

    # -- members of the classic protocol -------------------------------------------------------

    async def join(self, wanted: Join, find_topics: FindTopics) -> JoinReply:
        """Let a classic member join, and return its answer when it is durable."""
        reply = classic_members.join(self.group, wanted, find_topics)
        if reply.error is not ErrorCode.NONE:
            return reply
        self._follow(reply.member_id, Current())
        self._await_classic(reply.member_id)
        saved = self._save()
        self._look_who_is_left()
        error = await asyncio.shield(saved)
        if error is not ErrorCode.NONE:
            return JoinReply(error=error, member_id=reply.member_id)
        return reply

    async def sync(self, wanted: Sync) -> SyncReply:
        """Return what a classic member has, when that is durable."""
        reply = classic_members.sync(self.group, wanted)
        if reply.error is not ErrorCode.NONE:
            return reply
        _cancel(self._rebalances, wanted.member_id)
        self._await_heartbeat(wanted.member_id)
        error = await asyncio.shield(self._save())
        return reply if error is ErrorCode.NONE else SyncReply(error=error)

    def classic_heartbeat(self, beat: Heartbeat, find_topics: FindTopics) -> ErrorCode:
        """Note that a classic member lives, and tell it if it must join again."""
        self.group.refresh(find_topics)
        error = classic_members.heartbeat(self.group, beat)
        if error in (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS):
            self._await_heartbeat(beat.member_id)
        if error is ErrorCode.REBALANCE_IN_PROGRESS and beat.member_id not in self._rebalances:
            self._await_classic(beat.member_id)
        self._save()
        return error

    def leave(self, leaving: Sequence[Leaving]) -> tuple[ErrorCode, ...]:
        """Take members out; return one outcome for each, in their order."""
        outcomes = classic_members.leave(self.group, leaving)
        self._forget_timers()
        self._save()
        self._look_who_is_left()
        return outcomes

    def _await_classic(self, member_id: str) -> None:
        """Give a member so long to join, or to sync after it did."""
        delay_s = self.group.members[member_id].rebalance_timeout_ms / 1000
        _start(self._rebalances, member_id, delay_s, self._remove)

    def _look_who_is_left(self) -> None:
        members, rules = len(self.group.members), self._rules
        is_over = members and len(self.group.classic_members) == members
        if is_over and rules.migration.downgrades and self._only_classic is not None:
            self._only_classic()

    # -- timers and writes ---------------------------------------------------------------------

    def gone(self) -> list[KeyValue]:
        """Return the records that delete the group."""
        parts = {*self.group.parts(), *self.group.changed}
        return [encode_part(self._group_id, one, None) for one in sorted(parts, key=_order)]

    def close(self) -> None:
        """End it: it was deleted, or is another node's from now on."""
        for timer in (*self._sessions.values(), *self._rebalances.values()):
            timer.cancel()
        self._sessions.clear()
        self._rebalances.clear()

    def _follow(self, member_id: str, before: Current) -> None:
        """Set the timers of a member that was heard of."""
        current = self.group.current(member_id)
        if member_id not in self.group.members:
            _cancel(self._sessions, member_id)
            _cancel(self._rebalances, member_id)
            return
        self._await_heartbeat(member_id)
        if current != before:
            self._await_revocation(member_id)
        self._forget_timers()

    def _forget_timers(self) -> None:
        """Wait no more for those who are gone, and for static members under a former id."""
        for other in (self._sessions.keys() | self._rebalances.keys()) - self.group.members.keys():
            _cancel(self._sessions, other)
            _cancel(self._rebalances, other)

    def _await_heartbeat(self, member_id: str) -> None:
        is_away = self.group.current(member_id).epoch == STATIC_LEAVING_EPOCH
        if is_away and member_id in self._sessions:
            return
        classic = self.group.members[member_id].classic
        timeout_ms = self._rules.session_timeout_ms
        if classic is not None:
            timeout_ms = classic.session_timeout_ms
        _start(self._sessions, member_id, timeout_ms / 1000, self._remove)

    def _await_revocation(self, member_id: str) -> None:
        _cancel(self._rebalances, member_id)
        if self.group.current(member_id).state is MemberState.UNREVOKED_PARTITIONS:
            delay_s = self.group.members[member_id].rebalance_timeout_ms / 1000
            _start(self._rebalances, member_id, delay_s, self._remove)

    def _remove(self, member_id: str) -> None:
        """A member was too slow: what it had is free."""
        _cancel(self._sessions, member_id)
        _cancel(self._rebalances, member_id)
        self.group.remove(member_id)
        self._save()
        self._look_who_is_left()

    def _save(self) -> "asyncio.Future[ErrorCode]":
        """Write what has changed, and return what becomes of it.

        What a group says that has not changed is durable with the write that is on its way.
        """
        if not self.group.changed and self._last is not None:
            return self._last
        durable: asyncio.Future[ErrorCode] = asyncio.get_running_loop().create_future()
        self._last = durable
        if not self.group.changed:
            durable.set_result(ErrorCode.NONE)
            return durable
        parts = sorted(self.group.changed, key=_order)
        records = [encode_part(self._group_id, one, self.group.value(one)) for one in parts]
        if self._write(records, lambda error, _base_offset: durable.set_result(_told(error))):
            self.group.changed.clear()
        return durable


def _order(part: Part) -> tuple[int, str]:
    return part[0].value, part[1]


def _told(error: ErrorCode) -> ErrorCode:
    """Return an error as members know it: a batch that is too large is our trouble."""
    is_large = error is ErrorCode.INVALID_COMMIT_OFFSET_SIZE
    return ErrorCode.UNKNOWN_SERVER_ERROR if is_large else error


def _start(
    timers: dict[str, asyncio.TimerHandle],
    member_id: str,
    delay_s: float,
    then: Callable[[str], None],
) -> None:
    _cancel(timers, member_id)
    timers[member_id] = asyncio.get_running_loop().call_later(delay_s, then, member_id)


def _cancel(timers: dict[str, asyncio.TimerHandle], member_id: str) -> None:
    running = timers.pop(member_id, None)
    if running is not None:
        running.cancel()
