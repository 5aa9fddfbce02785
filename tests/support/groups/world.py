"""A world of consumers around one classic group, in virtual time, with a log that may crash.

The group is the real one; what is false here is only the outside: the clock, the log (writes
become durable when the history says so, in order; a crash loses any suffix of the others) and
the consumers, who behave like Kafka's, sleep through their session, or come back as zombies.

Watched all the time:
    A partition has one owner in a generation, whatever happens.
    What was acknowledged as committed is found again, and no later commit goes back behind it.
    No request is answered twice.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from app.coordinators.groups.commands import (
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Protocol,
    Reply,
    SetTimer,
    Sync,
    SyncReply,
    Then,
    TimerKey,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import Effects, MembershipLimits
from app.coordinators.groups.membership import ClassicGroup
from app.coordinators.groups.model import GroupMetadata, GroupState
from app.coordinators.groups.offsets import CommittedOffset, GroupOffsets

SESSION_MS = 10_000
REBALANCE_MS = 30_000
PARTITIONS = 6
QUIET_ROUNDS_MAX = 60

Step = tuple[str, int]
"""What happens, and to whom or how often."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("join", "sync", "commit", "flush") * 3,
                *("heartbeat", "leave", "tick", "crash", "fail_write", "forget"),
                *("late_commit", "late_sync"),
            ]
        ),
        st.integers(0, 7),
    ),
    min_size=5,
    max_size=80,
)

Commit = tuple[int, int, "Consumer", str]
"""Partition, offset, who, and under which member id."""


@dataclass(frozen=True, slots=True)
class Former:
    """A consumer's earlier self."""

    member_id: str
    generation: int
    joined: JoinReply
    owned: tuple[int, ...]
    positions: dict[int, int]


@dataclass(slots=True, eq=False)
class Consumer:
    """One consumer, as far as the protocol sees it."""

    name: str
    instance_id: str | None = None
    member_id: str = ""
    generation: int = -1
    joined: JoinReply | None = None
    owned: tuple[int, ...] = ()
    positions: dict[int, int] = field(default_factory=dict)
    waits_for: int | None = None
    """The ticket of its request under way."""

    wants_in: bool = False
    former: "Former | None" = None
    """What it was before it last began to join; requests of then may still be on their way."""

    def remember(self) -> None:
        """Keep what it is, for requests that come late."""
        if self.joined is not None:
            self.former = Former(
                self.member_id, self.generation, self.joined, self.owned, dict(self.positions)
            )

    def forget(self) -> None:
        """Begin again, as a process that was started anew."""
        self.rejoin()
        self.member_id = ""

    def rejoin(self) -> None:
        """Give up what it has and ask to join."""
        self.remember()
        self.joined, self.owned, self.waits_for, self.wants_in = None, (), None, True


class World:
    """The group, its log, and its consumers."""

    def __init__(
        self,
        consumers: int,
        *,
        statics: int = 0,
        delay_ms: int = 0,
        partitions: int = PARTITIONS,
    ) -> None:
        self.partitions = partitions
        self.limits = MembershipLimits(size_max=1_000, initial_rebalance_delay_ms=delay_ms)
        self.group = ClassicGroup(self.limits)
        self.offsets = GroupOffsets()
        self.now_ms = 0
        self.timers: dict[TimerKey, int] = {}
        self.consumers = [
            Consumer(f"c{number}", f"i{number // 2}" if number < statics else None)
            for number in range(consumers)
        ]
        self.waiting: dict[int, Consumer] = {}
        self.answered: set[int] = set()
        self.undurable: list[tuple[GroupMetadata, Then] | Commit] = []
        self.stored_group: GroupMetadata | None = None
        self.stored_offsets: dict[int, int] = {}
        self.acknowledged: dict[int, int] = {}
        self.owners: dict[tuple[int, int], str] = {}
        self._tickets = 0
        self._ids = 0

    # -- what consumers do ---------------------------------------------------------------------

    def join(self, one: Consumer) -> None:
        """Ask to be in the next generation."""
        one.wants_in = False
        one.remember()
        one.joined, one.owned = None, ()
        self._ids += 1
        join = Join(
            ticket=self._ticket(one),
            member_id=one.member_id,
            new_member_id=f"{one.instance_id or one.name}-{self._ids}",
            instance_id=one.instance_id,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            protocol_type="consumer",
            protocols=(Protocol("range", b"t"), Protocol(f"own-{one.name}", b"")),
        )
        self._carry_out(self.group.join(join, self.now_ms))

    def sync(self, one: Consumer) -> None:
        """Ask for its assignment; as the leader, bring everybody's."""
        joined = one.joined
        if joined is None:
            return
        assignments = {}
        if joined.leader == joined.member_id and joined.members:
            ids = sorted(member.member_id for member in joined.members)
            for number, member_id in enumerate(ids):
                mine = range(number, self.partitions, len(ids))
                assignments[member_id] = array("H", mine).tobytes()
        sync = Sync(
            ticket=self._ticket(one),
            member_id=one.member_id,
            instance_id=one.instance_id,
            generation=joined.generation,
            protocol_type="consumer",
            protocol_name=joined.protocol_name,
            assignments=assignments,
        )
        self._carry_out(self.group.sync(sync, self.now_ms))

    def heartbeat(self, one: Consumer) -> None:
        """Say that it lives."""
        if one.generation < 0:
            return
        beat = Heartbeat(
            member_id=one.member_id, instance_id=one.instance_id, generation=one.generation
        )
        error, effects = self.group.heartbeat(beat)
        self._carry_out(effects)
        if error is ErrorCode.REBALANCE_IN_PROGRESS:
            one.wants_in = one.waits_for is None
        elif error is not ErrorCode.NONE:
            one.forget()

    def commit(self, one: Consumer) -> None:
        """Commit a step further on every partition that it thinks it owns."""
        error = self.group.check_commit(one.member_id, one.instance_id, one.generation)
        if error is not ErrorCode.NONE:
            return
        self._carry_out(self.group.committed(one.member_id))
        for partition in one.owned:
            one.positions[partition] += 1
            owner = self.owners[one.generation, partition]
            assert owner == (one.instance_id or one.member_id), "a stranger may commit"
            self.undurable.append((partition, one.positions[partition], one, one.member_id))

    def late_commit(self, one: Consumer) -> None:
        """A commit of an earlier self arrives."""
        former = one.former
        if former is None or former.generation < 0:
            return
        error = self.group.check_commit(former.member_id, one.instance_id, former.generation)
        if error is ErrorCode.NONE:
            for partition in former.owned:
                offset = former.positions[partition]
                if offset >= self.stored_offsets.get(partition, 0):
                    self.undurable.append((partition, offset, one, former.member_id))
                assert former.generation == self.group.generation, "a zombie may commit"

    def late_sync(self, one: Consumer) -> None:
        """A leader's assignment of an earlier self arrives: everything is its own."""
        former = one.former
        if former is None:
            return
        self._tickets += 1
        everything = array("H", range(self.partitions)).tobytes()
        sync = Sync(
            ticket=self._tickets,
            member_id=former.member_id,
            instance_id=one.instance_id,
            generation=former.joined.generation,
            assignments={former.member_id: everything},
        )
        is_old = former.joined.generation != self.group.generation
        effects = self.group.sync(sync, self.now_ms)
        assert not (is_old and effects.writes), "a zombie may assign"
        self._carry_out(effects)

    def leave(self, one: Consumer) -> None:
        """Leave for good manners' sake."""
        leaving = Leaving(member_id=one.member_id, instance_id=one.instance_id)
        _, effects = self.group.leave([leaving], self.now_ms)
        self._carry_out(effects)
        one.forget()
        one.wants_in = False

    # -- what time and disk do -----------------------------------------------------------------

    def tick(self) -> None:
        """Let time pass until the next timer, and fire it."""
        if self.timers:
            key = min(self.timers, key=lambda one: (self.timers[one], str(one)))
            self.now_ms = max(self.now_ms, self.timers.pop(key))
            self._carry_out(self.group.expire(key, self.now_ms))

    def flush(self, count: int = 1_000_000) -> None:
        """Make the oldest writes durable, and say so."""
        for _ in range(min(count, len(self.undurable))):
            write = self.undurable.pop(0)
            self._store(write)
            if len(write) == 2:
                self._carry_out(self.group.stored(write[1], ErrorCode.NONE, self.now_ms))
                continue
            partition, offset, _, _ = write
            self.offsets.put(
                ("t", partition), CommittedOffset(offset=offset, commit_timestamp_ms=0)
            )
            assert offset >= self.acknowledged.get(partition, 0), "a committed offset went back"
            self.acknowledged[partition] = offset

    def fail_write(self) -> None:
        """Have the oldest write refused, if it is the group's."""
        if self.undurable and len(self.undurable[0]) == 2:
            _, then = self.undurable.pop(0)
            error = ErrorCode.NOT_COORDINATOR
            self._carry_out(self.group.stored(then, error, self.now_ms))

    def crash(self, survivors: int) -> None:
        """Lose the coordinator; the oldest of the writes under way may have become durable."""
        for write in self.undurable[:survivors]:
            self._store(write)
        self.undurable.clear()
        self.timers.clear()
        self.waiting.clear()
        for one in self.consumers:
            if one.waits_for is not None:
                one.waits_for = None
                one.wants_in = True
        self.offsets = GroupOffsets()
        for partition, offset in self.stored_offsets.items():
            assert offset >= self.acknowledged.get(partition, 0), "a committed offset was lost"
            self.offsets.put(
                ("t", partition), CommittedOffset(offset=offset, commit_timestamp_ms=0)
            )
        assert self.stored_offsets.keys() >= self.acknowledged.keys(), "a committed offset was lost"
        if self.stored_group is None:
            self.group = ClassicGroup(self.limits)
        else:
            self.group, effects = ClassicGroup.loaded(self.limits, self.stored_group)
            self._carry_out(effects)

    # -- what is true --------------------------------------------------------------------------

    def run(self, steps: Iterable[Step]) -> None:
        """Let a history happen."""
        for step, number in steps:
            one = self.consumers[number % len(self.consumers)]
            if step == "tick":
                self.tick()
            elif step == "flush":
                self.flush(number + 1)
            elif step == "crash":
                self.crash(number)
            elif step == "fail_write":
                self.fail_write()
            elif step == "forget":
                one.forget()
            elif one.waits_for is None or step in ("join", "late_commit", "late_sync"):
                getattr(self, step)(one)
            self.check()

    def settle(self, alive: list[Consumer] | None = None) -> list[Consumer]:
        """Let consumers behave well until the group is stable; the others stay silent.

        Args:
            alive: Who behaves; everybody who has no double if None.

        Returns:
            Those who did.
        """
        if alive is None:
            alive = [one for one in self.consumers if one.instance_id is None]
            alive = alive or self.consumers[:1]
        for _ in range(QUIET_ROUNDS_MAX + 3 * len(alive)):
            while any(self._act(one) for one in alive):
                self.flush()
            for one in alive:
                if one.waits_for is None:
                    self.heartbeat(one)
            self.flush()
            if self._is_quiet(alive):
                return alive
            self.tick()
        raise AssertionError(f"the group is not stable: {self.group.state}")

    def _act(self, one: Consumer) -> bool:
        """Have a consumer do what it must do next; return whether there was anything."""
        if one.waits_for is not None:
            return False
        if one.wants_in or one.joined is None:
            self.join(one)
        elif not self._is_settled(one):
            self.sync(one)
        else:
            return False
        return True

    def check(self) -> None:
        """Refuse what must never be."""
        members = self.group.members
        assert self.group.leader is None or self.group.leader in members
        assert (self.group.leader is None) == (len(members) == 0)
        for one in members:
            for ticket in (one.join_ticket, one.sync_ticket):
                assert ticket is None or ticket not in self.answered

    def _is_settled(self, one: Consumer) -> bool:
        return one.generation == (one.joined.generation if one.joined else -1)

    def _is_quiet(self, alive: list[Consumer]) -> bool:
        if self.group.state is not GroupState.STABLE or any(one.wants_in for one in alive):
            return False
        current = [one for one in alive if one.generation == self.group.generation]
        holders = {member.member_id for member in self.group.members}
        return {one.member_id for one in current if one.joined} == holders and all(
            self._is_settled(one) for one in alive
        )

    def _ticket(self, one: Consumer) -> int:
        self._tickets += 1
        one.waits_for = self._tickets
        self.waiting[self._tickets] = one
        return self._tickets

    def _store(self, write: tuple[GroupMetadata, Then] | Commit) -> None:
        if len(write) == 2:
            self.stored_group = write[0]
        else:
            self.stored_offsets[write[0]] = write[1]

    def _carry_out(self, effects: Effects) -> None:
        for timer in effects.timers:
            if isinstance(timer, SetTimer):
                self.timers[timer.key] = self.now_ms + timer.delay_ms
            else:
                self.timers.pop(timer.key, None)
        self.undurable.extend(effects.writes)
        for ticket, reply in effects.replies:
            assert ticket not in self.answered, "a request was answered twice"
            self.answered.add(ticket)
            one = self.waiting.pop(ticket, None)
            if one is not None and one.waits_for == ticket:
                one.waits_for = None
                self._hear(one, reply)

    def _hear(self, one: Consumer, reply: Reply) -> None:
        if reply.error is ErrorCode.MEMBER_ID_REQUIRED:
            assert isinstance(reply, JoinReply)
            one.member_id, one.wants_in = reply.member_id, True
        elif reply.error is ErrorCode.FENCED_INSTANCE_ID:
            one.forget()
            one.wants_in = False
        elif reply.error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION):
            one.forget()
        elif reply.error is not ErrorCode.NONE:
            one.rejoin()
        elif isinstance(reply, JoinReply):
            one.member_id, one.joined = reply.member_id, reply
            one.generation = -1
        else:
            self._take(one, reply)

    def _take(self, one: Consumer, reply: SyncReply) -> None:
        assert one.joined is not None, "it synced after it joined"
        one.generation = one.joined.generation
        one.owned = tuple(array("H", reply.assignment))
        for partition in one.owned:
            owner = one.instance_id or one.member_id
            first = self.owners.setdefault((one.generation, partition), owner)
            assert first == owner, f"{partition} has two owners in generation {one.generation}"
            found = self.offsets.get(("t", partition))
            one.positions[partition] = found.offset if found is not None else 0
