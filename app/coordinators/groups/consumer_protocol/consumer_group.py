"""One consumer group of KIP-848: members, the target assignment, and how far each member is.

A state machine without clock, randomness or I/O. Each heartbeat is one event; the answer may be
sent when what it ``changed`` is durable.

Epochs: the group's rises when members, subscriptions or topics change; the assignment's follows it
when the target is computed, at once; each member's follows that when it has given up what it must.
Invariants:
    A partition is held (assigned, or not yet given up) by at most one member.
    No epoch of group or assignment falls.
    ``changed`` names each record that is not written as the group stands now.
Crash between two steps: the records of one event are one batch, so they are there or not; who
was not answered asks again with the epoch that it knows, and is taken back (``previous_epoch``).
Called by: members_at_work, records. Calls: assignors, reconciliation.
Source: KIP-848; Kafka's ``GroupMetadataManager`` and ``ConsumerGroup``.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from app.coordinators.groups.consumer_protocol.assignors import (
    ASSIGNORS,
    DEFAULT_ASSIGNOR,
    Reader,
)
from app.coordinators.groups.consumer_protocol.heartbeat_rules import malformed
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    NOTHING,
    STATIC_LEAVING_EPOCH,
    ClassicProtocols,
    Current,
    HeartbeatReply,
    Held,
    Matched,
    MemberHeartbeat,
    MemberState,
    Part,
    Partitions,
    PartKind,
    Subscription,
    TopicsByName,
)
from app.coordinators.groups.consumer_protocol.patterns import Patterns, pattern_after
from app.coordinators.groups.consumer_protocol.reconciliation import next_current
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.model import GroupState

FindTopics = Callable[[Collection[str]], TopicsByName]
"""Returns those of the named topics that there are."""

PartValue = int | TopicsByName | Subscription | Partitions | Current | Matched
"""What one record says."""


class Refused(Exception):
    """A heartbeat that changes nothing."""

    def __init__(self, error: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error = error


class ConsumerGroup:
    """One consumer group."""

    def __init__(self, size_max: int, parts: Mapping[Part, PartValue] | None = None) -> None:
        """Take a group as it was written down, or a new one.

        Args:
            size_max: Members that it may have (``group.consumer.max.size``).
            parts: What was written.
        """
        self._size_max = size_max
        self.epoch = 0
        self.assignment_epoch = 0
        self.topics: TopicsByName = {}
        self.members: dict[str, Subscription] = {}
        self.targets: dict[str, Partitions] = {}
        self._currents: dict[str, Current] = {}
        self._holders: dict[Held, str] = {}
        self._static: dict[str, str] = {}
        self._names: Counter[str] = Counter()
        self._patterns = Patterns()
        self.changed: set[Part] = set()
        for part, value in (parts or {}).items():
            self._load(part, value)
        for member_id in self._currents.keys() - self.members.keys():
            self._set_current(member_id, Current())
            del self._currents[member_id]
        self.changed.clear()

    @property
    def state(self) -> GroupState:
        """Where it stands."""
        if not self.members:
            return GroupState.EMPTY
        if self.epoch > self.assignment_epoch:
            return GroupState.ASSIGNING
        if all(self._is_settled(one) for one in map(self.current, self.members)):
            return GroupState.STABLE
        return GroupState.RECONCILING

    @property
    def assignor(self) -> str:
        """The assignor that most members prefer."""
        wanted = Counter(one.assignor for one in self.members.values() if one.assignor)
        best = max(wanted.values(), default=0)
        return next((one for one in ASSIGNORS if best and wanted[one] == best), DEFAULT_ASSIGNOR)

    @property
    def classic_members(self) -> dict[str, ClassicProtocols]:
        """Members that speak the classic protocol."""
        every = self.members.items()
        return {member_id: one.classic for member_id, one in every if one.classic is not None}

    def is_waiting_for_others(self, member_id: str) -> bool:
        """Whether a member shall have partitions that others have not given up yet."""
        shall_have = self.targets.get(member_id, NOTHING)
        return any(self._holders.get(one, member_id) != member_id for one in shall_have)

    @property
    def subscribed_topics(self) -> set[str]:
        """Topics that members read."""
        return self._names.keys() | self._patterns.topics

    def pattern_to_match(self, beat: MemberHeartbeat, version: int, now_ms: int) -> str | None:
        """Return the pattern that has to be matched before a member is heard, or None.

        Args:
            beat: What it says.
            version: Of the metadata at this moment.
            now_ms: The time.
        """
        known = self.members.get(beat.member_id)
        pattern = pattern_after(beat, None if known is None else known.pattern)
        is_due = pattern is not None and self._patterns.is_due(pattern, version, now_ms)
        return pattern if is_due else None

    def current(self, member_id: str) -> Current:
        """Return how far a member is."""
        return self._currents.get(member_id, Current())

    def parts(self) -> list[Part]:
        """Return what there are records of."""
        kinds: dict[PartKind, Collection[str]] = {
            PartKind.MEMBER: self.members,
            PartKind.TARGET: self.targets,
            PartKind.CURRENT: self._currents,
            PartKind.PATTERN: self._patterns.matched,
        }
        whole = (PartKind.GROUP, PartKind.TOPICS, PartKind.TARGET_EPOCH)
        named = [(kind, name) for kind, some in kinds.items() for name in some]
        return [*((kind, "") for kind in whole), *named]

    def value(self, part: Part) -> PartValue | None:
        """Return what the record of a part says now; None: there is none."""
        kind, name = part
        whole: dict[PartKind, PartValue] = {
            PartKind.GROUP: self.epoch,
            PartKind.TOPICS: self.topics,
            PartKind.TARGET_EPOCH: self.assignment_epoch,
        }
        if kind in whole:
            return whole[kind]
        named: dict[PartKind, Mapping[str, PartValue]] = {
            PartKind.MEMBER: self.members,
            PartKind.TARGET: self.targets,
            PartKind.CURRENT: self._currents,
            PartKind.PATTERN: self._patterns.matched,
        }
        return named[kind].get(name)

    # -- events --------------------------------------------------------------------------------

    def heartbeat(self, beat: MemberHeartbeat, find_topics: FindTopics) -> HeartbeatReply:
        """Take a member in, keep it, move it on, or let it go."""
        try:
            error = malformed(beat)
            if error is not None:
                raise Refused(*error)
            if beat.epoch < JOINING_EPOCH:
                return self._leave(beat)
            before, current = self.enter(beat, find_topics)
        except Refused as refused:
            return HeartbeatReply(
                error=refused.error, message=str(refused), member_id=beat.member_id
            )
        tells = beat.epoch == JOINING_EPOCH or beat.is_full or current.assigned != before.assigned
        return HeartbeatReply(
            member_id=beat.member_id,
            epoch=current.epoch,
            assignment=current.assigned if tells else None,
        )

    def enter(self, beat: MemberHeartbeat, find_topics: FindTopics) -> tuple[Current, Current]:
        """Take a member in or keep it, and move it on; return where it stood and stands.

        Raises:
            Refused: It may not.
        """
        had = self._admit(beat)
        self._match(beat.member_id, beat.matched)
        self.refresh(find_topics)
        current = next_current(
            had,
            self.targets.get(beat.member_id, NOTHING),
            self.assignment_epoch,
            beat.owned,
            lambda one: self._holders.get(one, beat.member_id) == beat.member_id,
        )
        self._set_current(beat.member_id, current)
        return had, current

    def remove(self, member_id: str) -> None:
        """A member was not heard of in time, or did not give up its partitions in time."""
        if member_id in self.members:
            self._remove(member_id)
            self._raise_epoch()

    def check_member(self, member_id: str, epoch: int) -> ErrorCode:
        """Return whether somebody may commit or fetch offsets as that member."""
        if epoch < 0 and not self.members:
            return ErrorCode.NONE
        if member_id not in self.members:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if epoch == self.current(member_id).epoch:
            return ErrorCode.NONE
        is_classic = self.members[member_id].classic is not None
        return ErrorCode.ILLEGAL_GENERATION if is_classic else ErrorCode.STALE_MEMBER_EPOCH

    # -- who is in it --------------------------------------------------------------------------

    def _leave(self, beat: MemberHeartbeat) -> HeartbeatReply:
        member_id = beat.member_id
        if beat.instance_id is not None:
            self._static_member(beat)
        elif member_id not in self.members:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID, f"there is no member {member_id!r}")
        if beat.epoch == STATIC_LEAVING_EPOCH:
            away = replace(self.current(member_id), epoch=beat.epoch, revoking=NOTHING)
            self._set_current(member_id, away)
        else:
            self.remove(member_id)
        return HeartbeatReply(member_id=member_id, epoch=beat.epoch)

    def _admit(self, beat: MemberHeartbeat) -> Current:
        """Take note of who a member is and what it reads; return what it has.

        Raises:
            Refused: It is not in the group, or not in that epoch.
        """
        member_id = beat.member_id
        if beat.epoch == JOINING_EPOCH and beat.instance_id is not None:
            return self._join_static(beat)
        if beat.instance_id is not None:
            self._static_member(beat)
        if beat.epoch == JOINING_EPOCH and member_id not in self.members:
            return self._add(beat)
        if member_id not in self.members:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID, f"there is no member {member_id!r}")
        if beat.classic is None:
            self._check_epoch(beat)
        self._subscribe(beat, self.members[member_id])
        return self.current(member_id)

    def _add(self, beat: MemberHeartbeat) -> Current:
        if len(self.members) >= self._size_max:
            text = f"the group has {self._size_max} members, as many as it may have"
            raise Refused(ErrorCode.GROUP_MAX_SIZE_REACHED, text)
        self._subscribe(beat, None)
        return Current()

    def _join_static(self, beat: MemberHeartbeat) -> Current:
        assert beat.instance_id is not None, "a static member has an instance id"
        old_id = self._static.get(beat.instance_id)
        if beat.member_id in self.members and beat.member_id != old_id:
            raise Refused(ErrorCode.FENCED_MEMBER_EPOCH, "the member id is another member's")
        if old_id is None:
            return self._add(beat)
        old = self.current(old_id)
        if beat.classic is not None and beat.member_id == old_id:
            self._subscribe(beat, self.members[old_id])
            return old
        if old.epoch != STATIC_LEAVING_EPOCH and beat.classic is None:
            text = f"instance {beat.instance_id!r} is used by member {old_id!r}"
            raise Refused(ErrorCode.UNRELEASED_INSTANCE_ID, text)
        subscription, target = self.members[old_id], self.targets.get(old_id)
        self._remove(old_id)
        self._put_member(beat.member_id, subscription)
        if target is not None:
            self.targets[beat.member_id] = target
            self.changed.add((PartKind.TARGET, beat.member_id))
        back = Current(assigned=old.assigned)
        self._set_current(beat.member_id, back)
        self._subscribe(beat, subscription)
        return back

    def static_member_id(self, instance_id: str) -> str | None:
        """Return who holds an instance id, or None."""
        return self._static.get(instance_id)

    def _static_member(self, beat: MemberHeartbeat) -> None:
        known = self._static.get(beat.instance_id or "")
        if known is None:
            text = f"there is no member of instance {beat.instance_id!r}"
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID, text)
        if known != beat.member_id:
            text = f"instance {beat.instance_id!r} is member {known!r} now"
            raise Refused(ErrorCode.FENCED_INSTANCE_ID, text)

    def _check_epoch(self, beat: MemberHeartbeat) -> None:
        """Refuse epochs that are not the member's, but for a lost answer's."""
        current = self.current(beat.member_id)
        if beat.epoch == current.epoch:
            return
        was_lost = beat.epoch == current.previous_epoch and beat.epoch < current.epoch
        if not was_lost or beat.owned is None or not beat.owned <= current.assigned:
            text = f"member {beat.member_id!r} is in epoch {current.epoch}, not {beat.epoch}"
            raise Refused(ErrorCode.FENCED_MEMBER_EPOCH, text)

    def _subscribe(self, beat: MemberHeartbeat, known: Subscription | None) -> None:
        old = known or Subscription()
        timeout_ms = beat.rebalance_timeout_ms
        new = Subscription(
            instance_id=old.instance_id if beat.instance_id is None else beat.instance_id,
            rack_id=old.rack_id if beat.rack_id is None else beat.rack_id,
            client_id=beat.client_id,
            client_host=beat.client_host,
            topics=old.topics if beat.topics is None else tuple(sorted(set(beat.topics))),
            pattern=pattern_after(beat, old.pattern),
            rebalance_timeout_ms=old.rebalance_timeout_ms if timeout_ms < 0 else timeout_ms,
            assignor=old.assignor if beat.assignor is None else beat.assignor,
            classic=beat.classic,
        )
        if new == known:
            return
        self._put_member(beat.member_id, new)
        is_other = (new.topics, new.pattern, new.assignor) != (
            *(old.topics, old.pattern),
            old.assignor,
        )
        if known is None or is_other:
            self._raise_epoch()

    def _put_member(self, member_id: str, subscription: Subscription) -> None:
        self._forget_names(member_id)
        self.members[member_id] = subscription
        self._names.update(subscription.topics)
        self._patterns.enter(subscription.pattern)
        if subscription.instance_id is not None:
            self._static[subscription.instance_id] = member_id
        self.changed.add((PartKind.MEMBER, member_id))

    def _remove(self, member_id: str) -> None:
        self._set_current(member_id, Current())
        self._forget_names(member_id)
        self._forget_patterns()
        instance_id = self.members.pop(member_id).instance_id
        if instance_id is not None and self._static.get(instance_id) == member_id:
            del self._static[instance_id]
        self.targets.pop(member_id, None)
        self._currents.pop(member_id, None)
        kinds = (PartKind.MEMBER, PartKind.TARGET, PartKind.CURRENT)
        self.changed.update((kind, member_id) for kind in kinds)

    def _forget_names(self, member_id: str) -> None:
        known = self.members.get(member_id)
        for name in known.topics if known is not None else ():
            self._names[name] -= 1
            if not self._names[name]:
                del self._names[name]
        self._patterns.leave(None if known is None else known.pattern)

    def _forget_patterns(self) -> None:
        self.changed.update((PartKind.PATTERN, one) for one in self._patterns.forget())

    def _match(self, member_id: str, matched: Matched | None) -> None:
        """Take note of what a member's pattern means now."""
        self._forget_patterns()
        pattern = self.members[member_id].pattern
        if pattern is None or matched is None:
            return
        if not self._patterns.is_due(pattern, matched.version, matched.timestamp_ms):
            return
        self.changed.add((PartKind.PATTERN, pattern))
        if self._patterns.take(pattern, matched):
            self._raise_epoch()

    # -- what they get -------------------------------------------------------------------------

    def _raise_epoch(self) -> None:
        """Let the next heartbeat assign anew; several changes before it count once."""
        if self.epoch == self.assignment_epoch:
            self.epoch += 1
            self.changed.add((PartKind.GROUP, ""))

    def refresh(self, find_topics: FindTopics) -> None:
        """Look at the topics, and assign anew if they or the members have changed."""
        topics = dict(find_topics(tuple(self.subscribed_topics)))
        if topics != self.topics:
            self.topics = topics
            self.changed.add((PartKind.TOPICS, ""))
            self._raise_epoch()
        if self.epoch == self.assignment_epoch:
            return
        readers = {
            member_id: Reader(
                instance_id=one.instance_id,
                topics=self._patterns.topics_of(one),
                before=self.targets.get(member_id, NOTHING),
            )
            for member_id, one in self.members.items()
        }
        for member_id, target in ASSIGNORS[self.assignor](readers, topics).items():
            if self.targets.get(member_id) != target:
                self.targets[member_id] = target
                self.changed.add((PartKind.TARGET, member_id))
        self.assignment_epoch = self.epoch
        self.changed.add((PartKind.TARGET_EPOCH, ""))

    def _set_current(self, member_id: str, current: Current) -> None:
        had = self._currents.get(member_id)
        if had == current:
            return
        self._hold(member_id, () if had is None else had.held, current.held)
        self._currents[member_id] = current
        self.changed.add((PartKind.CURRENT, member_id))

    def _hold(self, member_id: str, had: Iterable[Held], has: Partitions) -> None:
        for one in had:
            del self._holders[one]
        for one in has:
            assert one not in self._holders, f"{one} is held by {self._holders[one]} too"
            self._holders[one] = member_id

    def _is_settled(self, current: Current) -> bool:
        return current.state is MemberState.STABLE and current.epoch == self.assignment_epoch

    def _load(self, part: Part, value: PartValue) -> None:
        kind, name = part
        if isinstance(value, Subscription):
            self._put_member(name, value)
        elif isinstance(value, Matched):
            self._patterns.load(name, value)
        elif isinstance(value, Current):
            is_clear = value.held.isdisjoint(self._holders)
            # Never written by us; who claims what another has must join anew.
            self._set_current(name, value if is_clear else Current())
        elif isinstance(value, frozenset):
            self.targets[name] = value
        elif isinstance(value, Mapping):
            self.topics = value
        elif kind is PartKind.GROUP:
            self.epoch = value
        else:
            self.assignment_epoch = value
