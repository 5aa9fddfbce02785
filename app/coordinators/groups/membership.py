"""One classic group: who is in it, in which generation, and with what assignment.

A state machine without clock, randomness or I/O: each call is one event, gives ``Effects`` (answers
to requests, timers to set, metadata to write) and never waits. A request that must wait is known by
its ticket. What must be durable first comes back as an event, ``stored``.

States:
    Empty -> PreparingRebalance (somebody joined; members gather) -> CompletingRebalance (the
    generation began; the leader's assignment is awaited, then its durability) -> Stable.
    From the last two a join that matters, a leave or a lost member leads back to Preparing; when
    nobody is left the generation rises once more and the group is Empty.  Any -> Dead, for good.

Invariants:
    The generation rises by one with each completed join phase and never falls.
    A member is given an assignment only after the generation's metadata is durable, so a
    coordinator that comes after a crash knows every assignment that anybody was ever given.
    In one generation every member has at most one assignment, and all come from one leader.
    A request that waits is answered exactly once.
Crash between two steps: a generation that was not written never had an assignment; its number
may be used again, by a generation that then is written.
Called by: coordinator. Calls: generations, members.
Source: Kafka's ``GroupMetadataManager`` (classic part) and ``ClassicGroup``.
"""

from collections.abc import Iterable

from app.coordinators.groups.commands import (
    UNKNOWN_MEMBER_ID,
    AssignmentStored,
    Heartbeat,
    Join,
    JoinPhase,
    JoinReply,
    Leaving,
    MemberSession,
    Protocol,
    SetTimer,
    StaticMemberStored,
    Sync,
    SyncPhase,
    SyncReply,
    Then,
    TimerKey,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import Effects, Generations, MembershipLimits
from app.coordinators.groups.members import Member, Members
from app.coordinators.groups.model import GroupMetadata, GroupState


class ClassicGroup(Generations):
    """One classic group."""

    @classmethod
    def loaded(
        cls, limits: MembershipLimits, metadata: GroupMetadata
    ) -> tuple["ClassicGroup", Effects]:
        """Return the group that was written down, and the timers that it needs."""
        group = cls(limits)
        group.protocol_type = metadata.protocol_type or None
        group.protocol_name = metadata.protocol_name
        group.generation = metadata.generation
        group.state_timestamp_ms = metadata.state_timestamp_ms
        group.state = GroupState.STABLE if metadata.members else GroupState.EMPTY
        effects = Effects()
        for kept in metadata.members:
            group.members.add(
                Member(
                    member_id=kept.member_id,
                    instance_id=kept.instance_id,
                    client_id=kept.client_id,
                    client_host=kept.client_host,
                    rebalance_timeout_ms=kept.rebalance_timeout_ms,
                    session_timeout_ms=kept.session_timeout_ms,
                    protocols=(Protocol(metadata.protocol_name or "", kept.subscription),),
                    assignment=kept.assignment,
                )
            )
            session = MemberSession(member_id=kept.member_id)
            effects.timers.append(SetTimer(key=session, delay_ms=kept.session_timeout_ms))
        if metadata.leader is not None and metadata.leader in group.members:
            group.members.leader = metadata.leader
        return group, effects

    def join(self, join: Join, now_ms: int) -> Effects:
        """Take a member into the next generation, or say why not."""
        effects = Effects()
        error = self._check_join(join)
        if error is not ErrorCode.NONE:
            known = join.member_id if error is not ErrorCode.GROUP_MAX_SIZE_REACHED else ""
            effects.replies.append((join.ticket, JoinReply(error=error, member_id=known)))
        elif join.member_id != UNKNOWN_MEMBER_ID:
            self._join_known(join, now_ms, effects)
        elif join.instance_id is not None:
            old = self.members.static_member_id(join.instance_id)
            if old is None:
                self._add(join, join.new_member_id, now_ms, effects)
            else:
                self._replace_static(join, old, now_ms, effects)
        elif join.requires_member_id:
            self.members.pending.add(join.new_member_id)
            session = MemberSession(member_id=join.new_member_id)
            effects.timers.append(SetTimer(key=session, delay_ms=join.session_timeout_ms))
            reply = JoinReply(error=ErrorCode.MEMBER_ID_REQUIRED, member_id=join.new_member_id)
            effects.replies.append((join.ticket, reply))
        else:
            self._add(join, join.new_member_id, now_ms, effects)
        return effects

    def sync(self, sync: Sync, now_ms: int) -> Effects:
        """Give a member its assignment, when the leader's is there and durable."""
        effects = Effects()
        error = self._check_sync(sync)
        if error is ErrorCode.NONE and self.state is GroupState.PREPARING_REBALANCE:
            error = ErrorCode.REBALANCE_IN_PROGRESS
        if error is not ErrorCode.NONE:
            effects.replies.append((sync.ticket, SyncReply(error=error)))
            return effects
        member = self.members.get(sync.member_id)
        assert member is not None, "checked above"
        self._synced(member.member_id, effects)
        if self.state is GroupState.STABLE:
            effects.replies.append((sync.ticket, self._assignment(member)))
            self._session(member, effects)
            return effects
        if member.sync_ticket is not None:
            again = SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS)
            effects.replies.append((member.sync_ticket, again))
        member.sync_ticket = sync.ticket
        if member.member_id == self.members.leader:
            assignments = {
                one.member_id: sync.assignments.get(one.member_id, b"") for one in self.members
            }
            stored = AssignmentStored(generation=self.generation, assignments=assignments)
            effects.writes.append((self._assigned(assignments, now_ms), stored))
        return effects

    def heartbeat(self, heartbeat: Heartbeat) -> tuple[ErrorCode, Effects]:
        """Note that a member lives; tell it when it must join again."""
        effects = Effects()
        error = self._check_member(heartbeat.member_id, heartbeat.instance_id)
        if error is not ErrorCode.NONE:
            return error, effects
        if heartbeat.generation != self.generation:
            return ErrorCode.ILLEGAL_GENERATION, effects
        member = self.members.get(heartbeat.member_id)
        assert member is not None, "checked above"
        self._session(member, effects)
        if self.state is GroupState.PREPARING_REBALANCE:
            return ErrorCode.REBALANCE_IN_PROGRESS, effects
        return ErrorCode.NONE, effects

    def leave(
        self, leaving: Iterable[Leaving], now_ms: int
    ) -> tuple[tuple[ErrorCode, ...], Effects]:
        """Take members out; return one outcome for each, in their order."""
        effects = Effects()
        outcomes = tuple(self._leave(one, effects) for one in leaving)
        if ErrorCode.NONE in outcomes:
            self._rebalance_or_complete(now_ms, effects)
        return outcomes, effects

    def expire(self, key: TimerKey, now_ms: int) -> Effects:
        """A timer has run out."""
        effects = Effects()
        if self.state is GroupState.DEAD:
            return effects
        if isinstance(key, MemberSession):
            self._expire_session(key.member_id, now_ms, effects)
        elif isinstance(key, SyncPhase):
            self._expire_sync(now_ms, effects)
        elif self.state is GroupState.PREPARING_REBALANCE:
            if self._is_initial and self._member_added and self._initial_remaining_ms:
                self._extend_initial_delay(effects)
            else:
                self._complete_join(now_ms, effects)
        return effects

    def stored(self, then: Then, error: ErrorCode, now_ms: int) -> Effects:
        """What was to be written is durable, or (``error``) could not be written."""
        effects = Effects()
        if isinstance(then, AssignmentStored):
            current = self.state is GroupState.COMPLETING_REBALANCE
            if current and then.generation == self.generation:
                self._give_out(then.assignments, error, now_ms, effects)
        elif isinstance(then, StaticMemberStored):
            self._static_stored(then, error, effects)
        return effects

    def kill(self, told: ErrorCode = ErrorCode.NOT_COORDINATOR) -> Effects:
        """End the group: it was deleted, or is coordinated elsewhere or otherwise now.

        Args:
            told: What those are answered who wait.
        """
        effects = Effects()
        for member in self.members:
            self._answer_join(member, JoinReply(error=told), effects)
            self._answer_sync(member, SyncReply(error=told), effects)
            self._cancel(MemberSession(member_id=member.member_id), effects)
        for member_id in self.members.pending:
            self._cancel(MemberSession(member_id=member_id), effects)
        self._cancel(JoinPhase(), effects)
        self._cancel(SyncPhase(), effects)
        self.members = Members()
        self.state = GroupState.DEAD
        return effects

    def successor(self) -> "ClassicGroup":
        """Return a new group under the same limits."""
        return ClassicGroup(self.limits)

    def begin_anew(self, now_ms: int) -> Effects:
        """Ask everybody to join a new generation."""
        effects = Effects()
        self._prepare_rebalance(now_ms, effects)
        return effects

    def check_commit(
        self,
        member_id: str,
        instance_id: str | None,
        generation: int,
        *,
        is_transactional: bool = False,
    ) -> ErrorCode:
        """Return whether somebody may commit offsets for this group."""
        if self.state is GroupState.DEAD:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        if generation < 0 and self.state is GroupState.EMPTY:
            return ErrorCode.NONE
        if generation >= 0 or member_id != UNKNOWN_MEMBER_ID or instance_id is not None:
            error = self._check_member(member_id, instance_id)
            if error is ErrorCode.NONE and generation != self.generation:
                error = ErrorCode.ILLEGAL_GENERATION
            if error is not ErrorCode.NONE:
                return error
        elif not is_transactional:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if not is_transactional and self.state is GroupState.COMPLETING_REBALANCE:
            return ErrorCode.REBALANCE_IN_PROGRESS
        return ErrorCode.NONE

    def committed(self, member_id: str) -> Effects:
        """Note that a member lives, by its commit."""
        effects = Effects()
        member = self.members.get(member_id)
        if member is not None and self.state is not GroupState.COMPLETING_REBALANCE:
            self._session(member, effects)
        return effects

    # -- joining -------------------------------------------------------------------------------

    def _check_join(self, join: Join) -> ErrorCode:
        if self.state is GroupState.DEAD:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        if not self._has_room_for(join.member_id):
            self.members.remove(join.member_id)
            return ErrorCode.GROUP_MAX_SIZE_REACHED
        if not self._fits(join):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if join.member_id == UNKNOWN_MEMBER_ID or join.member_id in self.members.pending:
            return ErrorCode.NONE
        return self._check_member(join.member_id, join.instance_id)

    def _has_room_for(self, member_id: str) -> bool:
        size_max = self.limits.size_max
        pending = self.members.pending
        if member_id == UNKNOWN_MEMBER_ID and len(pending) >= size_max:
            return False
        if self.state is GroupState.EMPTY:
            return True
        if self.state is GroupState.PREPARING_REBALANCE:
            member = self.members.get(member_id)
            if member is not None and member.join_ticket is not None:
                return True
            return self.members.awaiting_join < size_max
        return member_id in self.members or len(self.members) < size_max

    def _fits(self, join: Join) -> bool:
        if not join.protocol_type or not join.protocols:
            return False
        if not len(self.members):
            return True
        same_type = join.protocol_type == self.protocol_type
        return same_type and self.members.support_any_of(join.protocols)

    def _join_known(self, join: Join, now_ms: int, effects: Effects) -> None:
        if join.member_id in self.members.pending:
            self._add(join, join.member_id, now_ms, effects)
            return
        member = self.members.get(join.member_id)
        assert member is not None, "checked before"
        is_leader = member.member_id == self.members.leader
        matches = member.protocols == _distinct(join.protocols)
        is_stable = self.state is GroupState.STABLE
        is_completing = self.state is GroupState.COMPLETING_REBALANCE
        if matches and (is_completing or (is_stable and not is_leader)):
            effects.replies.append((join.ticket, self._joined(member)))
        else:
            self._update(member, join, effects)
            self._rebalance_or_complete(now_ms, effects)

    def _add(self, join: Join, member_id: str, now_ms: int, effects: Effects) -> None:
        member = Member(
            member_id=member_id,
            instance_id=join.instance_id,
            client_id=join.client_id,
            client_host=join.client_host,
            rebalance_timeout_ms=join.rebalance_timeout_ms,
            session_timeout_ms=join.session_timeout_ms,
            protocols=_distinct(join.protocols),
            is_new=True,
        )
        if not len(self.members):
            self.protocol_type = join.protocol_type
        if self.state is GroupState.PREPARING_REBALANCE and self._is_initial:
            self._member_added = True
        self.members.add(member)
        self.members.begin_join(member, join.ticket)
        session = MemberSession(member_id=member_id)
        delay_ms = self.limits.new_member_join_timeout_ms
        effects.timers.append(SetTimer(key=session, delay_ms=delay_ms))
        self._rebalance_or_complete(now_ms, effects)

    def _update(self, member: Member, join: Join, effects: Effects) -> None:
        self._answer_join(member, JoinReply(error=ErrorCode.REBALANCE_IN_PROGRESS), effects)
        self.members.change_protocols(member, _distinct(join.protocols))
        member.rebalance_timeout_ms = join.rebalance_timeout_ms
        member.session_timeout_ms = join.session_timeout_ms
        self.members.begin_join(member, join.ticket)

    def _replace_static(self, join: Join, old: str, now_ms: int, effects: Effects) -> None:
        """A static member is back and does not know its id: its former self is fenced."""
        assert join.instance_id is not None, "only static members are replaced"
        old_leader = self.members.leader or ""
        present = self.members.get(old)
        assert present is not None, "an instance id belongs to a member"
        fenced = ErrorCode.FENCED_INSTANCE_ID
        self._answer_join(present, JoinReply(error=fenced, member_id=old), effects)
        self._answer_sync(present, SyncReply(error=fenced), effects)
        self._cancel(MemberSession(member_id=old), effects)
        member = self.members.replace_static(join.instance_id, join.new_member_id)
        self._update(member, join, effects)
        self._session(member, effects)
        if self.state is GroupState.STABLE:
            if self.members.choose_protocol() == self.protocol_name:
                stored = StaticMemberStored(
                    ticket=join.ticket,
                    instance_id=join.instance_id,
                    old_member_id=old,
                    new_member_id=join.new_member_id,
                    old_leader=old_leader,
                    skips_assignment=join.supports_skipping_assignment,
                )
                effects.writes.append((self.metadata(), stored))
            else:
                self._rebalance_or_complete(now_ms, effects)
        elif self.state is GroupState.COMPLETING_REBALANCE:
            self._prepare_rebalance(now_ms, effects)
        else:
            self._maybe_complete(now_ms, effects)

    def _static_stored(self, then: StaticMemberStored, error: ErrorCode, effects: Effects) -> None:
        member = self.members.get(then.new_member_id)
        if member is None or member.join_ticket != then.ticket:
            return
        if self.state is not GroupState.STABLE:
            return
        if error is not ErrorCode.NONE:
            self._answer_join(member, JoinReply(error=error), effects)
            self._cancel(MemberSession(member_id=then.new_member_id), effects)
            restored = self.members.replace_static(then.instance_id, then.old_member_id)
            self._session(restored, effects)
            return
        reply = self._joined(member)
        if not then.skips_assignment:
            reply = self._joined(member, leader=then.old_leader, members=False)
        elif member.member_id == self.members.leader:
            reply = self._joined(member, skip_assignment=True)
        self._answer_join(member, reply, effects)

    # -- leaving and expiring ------------------------------------------------------------------

    def _leave(self, leaving: Leaving, effects: Effects) -> ErrorCode:
        member_id = leaving.member_id
        if member_id == UNKNOWN_MEMBER_ID:
            held = self.members.static_member_id(leaving.instance_id or "")
            if leaving.instance_id is None or held is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            member_id = held
        elif member_id not in self.members.pending:
            error = self._check_member(member_id, leaving.instance_id)
            if error is not ErrorCode.NONE:
                return error
        self._remove(member_id, effects)
        return ErrorCode.NONE

    def _remove(self, member_id: str, effects: Effects) -> None:
        member = self.members.get(member_id)
        if member is not None:
            gone = ErrorCode.UNKNOWN_MEMBER_ID
            self._answer_join(member, JoinReply(error=gone), effects)
            self._answer_sync(member, SyncReply(error=gone), effects)
        self.members.remove(member_id)
        self._cancel(MemberSession(member_id=member_id), effects)

    def _expire_session(self, member_id: str, now_ms: int, effects: Effects) -> None:
        member = self.members.get(member_id)
        if member_id in self.members.pending:
            self.members.remove(member_id)
            self._maybe_complete(now_ms, effects)
        elif member is not None and not member.has_satisfied_heartbeat:
            self._remove(member_id, effects)
            self._rebalance_or_complete(now_ms, effects)

    def _expire_sync(self, now_ms: int, effects: Effects) -> None:
        if self.state not in (GroupState.COMPLETING_REBALANCE, GroupState.STABLE):
            return
        silent = tuple(self.members.awaiting_sync)
        if silent:
            for member_id in silent:
                self._remove(member_id, effects)
            self._prepare_rebalance(now_ms, effects)

    def _check_sync(self, sync: Sync) -> ErrorCode:
        error = self._check_member(sync.member_id, sync.instance_id)
        if error is not ErrorCode.NONE:
            return error
        if sync.generation != self.generation:
            return ErrorCode.ILLEGAL_GENERATION
        for given, ours in (
            (sync.protocol_type, self.protocol_type),
            (sync.protocol_name, self.protocol_name),
        ):
            if given is not None and ours is not None and given != ours:
                return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        return ErrorCode.NONE

    def _check_member(self, member_id: str, instance_id: str | None) -> ErrorCode:
        if self.state is GroupState.DEAD:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        if instance_id is not None:
            holder = self.members.static_member_id(instance_id)
            if holder is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            if holder != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        return ErrorCode.NONE if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    def _synced(self, member_id: str, effects: Effects) -> None:
        self.members.awaiting_sync.discard(member_id)
        if not self.members.awaiting_sync:
            self._cancel(SyncPhase(), effects)


def _distinct(protocols: tuple[Protocol, ...]) -> tuple[Protocol, ...]:
    """Return the protocols, the first of each name."""
    return tuple({one.name: one for one in reversed(protocols)}.values())[::-1]
