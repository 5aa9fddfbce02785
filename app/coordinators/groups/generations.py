"""The generations of a classic group: how a rebalance begins, is completed and given out.

States, invariants and sources: ``membership``, which adds what members ask.
Called by: membership. Calls: members.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.coordinators.groups.commands import (
    CancelTimer,
    EmptyStored,
    JoinPhase,
    JoinReply,
    MemberSession,
    Reply,
    SetTimer,
    SyncPhase,
    SyncReply,
    Then,
    TimerKey,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.members import Member, Members
from app.coordinators.groups.model import GroupMetadata, GroupState

_JOINABLE = (GroupState.STABLE, GroupState.COMPLETING_REBALANCE, GroupState.EMPTY)
"""States that a rebalance may begin in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipLimits:
    """Bounds of a group, with Kafka's defaults."""

    size_max: int = 10_000
    """``group.max.size``; also how many may be on their way in. (Kafka has no bound here.)"""

    initial_rebalance_delay_ms: int = 3_000
    """``group.initial.rebalance.delay.ms``: how long the first member waits for others."""

    new_member_join_timeout_ms: int = 300_000
    """How long a member that does not know its id yet may wait in a join."""


@dataclass(slots=True)
class Effects:
    """What the shell has to do, in this order: timers, writes, answers."""

    replies: list[tuple[int, Reply]] = field(default_factory=list)
    timers: list[SetTimer | CancelTimer] = field(default_factory=list)
    writes: list[tuple[GroupMetadata, Then]] = field(default_factory=list)
    """To be made durable; ``stored`` is called for each, in order."""


class Generations:
    """What a classic group is, and the phases it goes through."""

    def __init__(self, limits: MembershipLimits) -> None:
        """Begin empty, in generation 0."""
        self.limits = limits
        self.members = Members()
        self.state = GroupState.EMPTY
        self.generation = 0
        self.protocol_type: str | None = None
        """None for a group that only commits offsets (a simple group)."""

        self.protocol_name: str | None = None
        self.state_timestamp_ms = -1
        self._is_initial = False
        """Whether the join phase under way began in an empty group."""

        self._member_added = False
        self._initial_delay_ms = 0
        self._initial_remaining_ms = 0

    @property
    def leader(self) -> str | None:
        """The member that assigns."""
        return self.members.leader

    @property
    def is_unused(self) -> bool:
        """Whether nothing was ever written of it and nobody is on the way into it."""
        is_new = self.generation == 0 and self.state is GroupState.EMPTY
        return is_new and not self.members.pending

    def metadata(self) -> GroupMetadata:
        """Return what is to be written down of it."""
        return GroupMetadata(
            protocol_type=self.protocol_type or "",
            generation=self.generation,
            protocol_name=self.protocol_name,
            leader=self.members.leader,
            state_timestamp_ms=self.state_timestamp_ms,
            members=self.members.metadata(self.protocol_name),
        )

    def _rebalance_or_complete(self, now_ms: int, effects: Effects) -> None:
        if self.state in _JOINABLE and (len(self.members) or self.state is not GroupState.EMPTY):
            self._prepare_rebalance(now_ms, effects)
        else:
            self._maybe_complete(now_ms, effects)

    def _prepare_rebalance(self, now_ms: int, effects: Effects) -> None:
        if self.state is GroupState.COMPLETING_REBALANCE:
            for member in self.members:
                member.assignment = b""
                again = SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS)
                if self._answer_sync(member, again, effects):
                    self._session(member, effects)
        self.members.awaiting_sync.clear()
        self._cancel(SyncPhase(), effects)
        self._is_initial = self.state is GroupState.EMPTY
        self._member_added = False
        self._enter(GroupState.PREPARING_REBALANCE, now_ms)
        if self._is_initial:
            self._initial_delay_ms = self.limits.initial_rebalance_delay_ms
            left_ms = self.members.rebalance_timeout_ms - self._initial_delay_ms
            self._initial_remaining_ms = max(left_ms, 0)
            effects.timers.append(SetTimer(key=JoinPhase(), delay_ms=self._initial_delay_ms))
        elif self.members.all_have_joined:
            self._complete_join(now_ms, effects)
        else:
            delay_ms = self.members.rebalance_timeout_ms
            effects.timers.append(SetTimer(key=JoinPhase(), delay_ms=delay_ms))

    def _extend_initial_delay(self, effects: Effects) -> None:
        self._member_added = False
        delay_ms = min(self.limits.initial_rebalance_delay_ms, self._initial_remaining_ms)
        self._initial_remaining_ms = max(self._initial_remaining_ms - self._initial_delay_ms, 0)
        self._initial_delay_ms = delay_ms
        effects.timers.append(SetTimer(key=JoinPhase(), delay_ms=delay_ms))

    def _maybe_complete(self, now_ms: int, effects: Effects) -> None:
        if self.state is not GroupState.PREPARING_REBALANCE:
            return
        waits_for_more = self._is_initial and len(self.members)
        if not waits_for_more and self.members.all_have_joined:
            self._complete_join(now_ms, effects)

    def _complete_join(self, now_ms: int, effects: Effects) -> None:
        """Begin the next generation with those who have joined, and static members."""
        self._cancel(JoinPhase(), effects)
        for member in self.members:
            if member.join_ticket is None and member.instance_id is None:
                self.members.remove(member.member_id)
                self._cancel(MemberSession(member_id=member.member_id), effects)
        if len(self.members) and not self.members.elect_joined_leader():
            delay_ms = self.members.rebalance_timeout_ms
            effects.timers.append(SetTimer(key=JoinPhase(), delay_ms=delay_ms))
            return
        self._is_initial = False
        self.generation += 1
        self.members.awaiting_sync.clear()
        if not len(self.members):
            self.protocol_name = None
            self._enter(GroupState.EMPTY, now_ms)
            effects.writes.append((self.metadata(), EmptyStored()))
            return
        self.protocol_name = self.members.choose_protocol()
        self._enter(GroupState.COMPLETING_REBALANCE, now_ms)
        for member in self.members:
            member.is_new = False
            self._answer_join(member, self._joined(member), effects)
            self._session(member, effects)
            self.members.awaiting_sync.add(member.member_id)
        delay_ms = self.members.rebalance_timeout_ms
        effects.timers.append(SetTimer(key=SyncPhase(), delay_ms=delay_ms))

    def _give_out(
        self, assignments: Mapping[str, bytes], error: ErrorCode, now_ms: int, effects: Effects
    ) -> None:
        if error is not ErrorCode.NONE:
            for member in self.members:
                member.assignment = b""
                if self._answer_sync(member, SyncReply(error=error), effects):
                    self._session(member, effects)
            self._prepare_rebalance(now_ms, effects)
            return
        self._enter(GroupState.STABLE, now_ms)
        for member in self.members:
            member.assignment = assignments.get(member.member_id, b"")
            if self._answer_sync(member, self._assignment(member), effects):
                self._session(member, effects)

    def _assigned(self, assignments: Mapping[str, bytes], now_ms: int) -> GroupMetadata:
        """Return what to write of a generation whose assignment is not given out yet."""
        before = {one.member_id: one.assignment for one in self.members}
        for member in self.members:
            member.assignment = assignments[member.member_id]
        self.state_timestamp_ms = now_ms
        metadata = self.metadata()
        for member in self.members:
            member.assignment = before[member.member_id]
        return metadata

    def _joined(
        self,
        member: Member,
        *,
        leader: str | None = None,
        members: bool = True,
        skip_assignment: bool = False,
    ) -> JoinReply:
        tells_all = members and member.member_id == self.members.leader
        return JoinReply(
            member_id=member.member_id,
            generation=self.generation,
            protocol_type=self.protocol_type,
            protocol_name=self.protocol_name,
            leader=leader if leader is not None else self.members.leader or "",
            skip_assignment=skip_assignment,
            members=self.members.joined(self.protocol_name or "") if tells_all else (),
        )

    def _assignment(self, member: Member) -> SyncReply:
        return SyncReply(
            protocol_type=self.protocol_type,
            protocol_name=self.protocol_name,
            assignment=member.assignment,
        )

    def _answer_join(self, member: Member, reply: JoinReply, effects: Effects) -> None:
        ticket = self.members.end_join(member)
        if ticket is not None:
            effects.replies.append((ticket, reply))

    def _answer_sync(self, member: Member, reply: SyncReply, effects: Effects) -> bool:
        if member.sync_ticket is None:
            return False
        effects.replies.append((member.sync_ticket, reply))
        member.sync_ticket = None
        return True

    def _session(self, member: Member, effects: Effects) -> None:
        session = MemberSession(member_id=member.member_id)
        effects.timers.append(SetTimer(key=session, delay_ms=member.session_timeout_ms))

    def _cancel(self, key: TimerKey, effects: Effects) -> None:
        effects.timers.append(CancelTimer(key=key))

    def _enter(self, state: GroupState, now_ms: int) -> None:
        self.state = state
        self.state_timestamp_ms = now_ms
