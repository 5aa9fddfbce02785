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

from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup, FindTopics
from app.coordinators.groups.consumer_protocol.model import (
    STATIC_LEAVING_EPOCH,
    Current,
    HeartbeatReply,
    MemberHeartbeat,
    MemberState,
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


class MembersAtWork:
    """One consumer group and all that moves it."""

    def __init__(
        self, group_id: str, group: ConsumerGroup, rules: ConsumerGroupRules, write: Write
    ) -> None:
        """Take a group as it was loaded, or a new one; loaded members must be heard of again."""
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
        error = await asyncio.shield(self._save())  # others wait for it too
        if error is not ErrorCode.NONE:
            return HeartbeatReply(error=error, member_id=beat.member_id)
        return reply

    def gone(self) -> list[KeyValue]:
        """Return the records that delete the group."""
        return [encode_part(self._group_id, part, None) for part in self.group.parts()]

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
        for other in (self._sessions.keys() | self._rebalances.keys()) - self.group.members.keys():
            _cancel(self._sessions, other)  # a static member's former id
            _cancel(self._rebalances, other)

    def _await_heartbeat(self, member_id: str) -> None:
        is_away = self.group.current(member_id).epoch == STATIC_LEAVING_EPOCH
        if is_away and member_id in self._sessions:
            return
        delay_s = self._rules.session_timeout_ms / 1000
        _start(self._sessions, member_id, delay_s, self._remove)

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
        parts = sorted(self.group.changed, key=lambda one: (one[0].value, one[1]))
        records = [encode_part(self._group_id, one, self.group.value(one)) for one in parts]
        if self._write(records, lambda error, _base_offset: durable.set_result(_told(error))):
            self.group.changed.clear()
        return durable


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
