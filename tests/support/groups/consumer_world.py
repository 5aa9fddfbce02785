"""A consumer group of KIP-848 in virtual time, with a log, consumers, and what goes wrong.

The group, its timers and its writes are the real ones. Consumers do as KIP-848 says, die, are
heard of too late, and lose answers; the log makes writes durable later, refuses them, or loses the
last ones with the coordinator.

True at every step: of those who think that they own a partition, at most one may commit. An
acknowledged commit is never lost, and none goes back.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial

from hypothesis import strategies as st

from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup, PartValue
from app.coordinators.groups.consumer_protocol.members_at_work import (
    ConsumerGroupRules,
    MembersAtWork,
)
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    LEAVING_EPOCH,
    NOTHING,
    STATIC_LEAVING_EPOCH,
    Current,
    HeartbeatReply,
    MemberHeartbeat,
    Part,
    Partitions,
    PartKind,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.consumer_protocol.records import decode_consumer
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.records import KeyValue

SESSION_S = 45
REBALANCE_S = 60
TOPIC_IDS = {"t": "T" * 21 + "A", "u": "U" * 21 + "A"}
RULES = ConsumerGroupRules(session_timeout_ms=SESSION_S * 1000)
QUIET_ROUNDS_MAX = 200
GHOSTS_MAX = 3

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("beat",) * 6,
                *("flush",) * 4,
                *("commit",) * 2,
                *("give_up",) * 3,
                *("late_commit", "late_beat", "lose", "leave", "forget", "rest"),
                *("subscribe", "grow", "tick", "refuse", "fence", "crash", "hang_up"),
            ]
        ),
        st.integers(0, 11),
    ),
    max_size=60,
)


class Fate(Enum):
    """What happens to a write."""

    DURABLE = 1
    TOLD = 2
    """It is durable, and who wrote it hears of it."""

    LOST = 3
    """Who wrote it hears that it may not be durable."""


@dataclass(slots=True, eq=False)
class Consumer:
    """One consumer, as far as it knows."""

    name: str
    instance_id: str | None = None
    member_id: str = ""
    epoch: int = JOINING_EPOCH
    owned: Partitions = NOTHING
    topics: tuple[str, ...] = ("t",)
    topics_told: tuple[str, ...] = ()
    owned_told: Partitions = NOTHING
    assignor: str | None = None
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    tells_all: bool = True
    call: "asyncio.Task[HeartbeatReply] | None" = None
    losing: Partitions = NOTHING
    """Those of which it was told that they are not its any more; it still owns them."""

    ghosts: "list[Consumer]" = field(default_factory=list)
    """What it was before: they still run, or what they sent is still on its way."""

    def haunt(self) -> None:
        """Leave behind what it is now."""
        ghost = replace(self, call=None, ghosts=[], positions=dict(self.positions))
        self.ghosts = [*self.ghosts, ghost][-GHOSTS_MAX:]


class ConsumerWorld:
    """The group, its log, and its consumers."""

    def __init__(self, consumers: int, *, statics: int = 0, partitions: int = 6) -> None:
        """Begin with nobody in the group."""
        self.topics = {
            name: Topic(topic_id=topic_id, partitions=partitions)
            for name, topic_id in TOPIC_IDS.items()
        }
        self.consumers = [
            Consumer(
                f"c{number}",
                f"i{number}" if number < statics else None,
                assignor=(None, "uniform", "range")[number % 3],
            )
            for number in range(consumers)
        ]
        self.stored: dict[Part, PartValue] = {}
        self.committed: dict[tuple[str, int], int] = {}
        self.acknowledged: dict[tuple[str, int], int] = {}
        self._undurable: list[Callable[[Fate], None]] = []
        self._calls: set[asyncio.Task[HeartbeatReply]] = set()
        self._ids = 0
        self._is_refusing = False
        self._is_fenced = False
        self.work = self._loaded()

    # -- what consumers do ---------------------------------------------------------------------

    async def beat(self, one: Consumer) -> None:
        """Say that it lives, join if it is not in; the answer comes when it is durable."""
        if one.call is not None:
            return
        if not one.member_id:
            self._ids += 1
            one.member_id = f"{one.name}-{self._ids}"
        one.call = self._send(self._said_by(one))
        one.call.add_done_callback(lambda call: self._hear(one, call))
        await self._turn()

    def _send(self, said: MemberHeartbeat) -> "asyncio.Task[HeartbeatReply]":
        call = asyncio.create_task(self.work.heartbeat(said, self.find))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def _said_by(self, one: Consumer) -> MemberHeartbeat:
        is_joining = one.epoch == JOINING_EPOCH
        tells_all = one.tells_all or is_joining
        if tells_all:
            one.topics_told, one.owned_told = one.topics, one.owned
        return MemberHeartbeat(
            member_id=one.member_id,
            epoch=one.epoch,
            instance_id=one.instance_id,
            rebalance_timeout_ms=REBALANCE_S * 1000 if tells_all else -1,
            topics=one.topics if tells_all else None,
            assignor=one.assignor if tells_all else None,
            owned=one.owned if tells_all else None,
        )

    def _hear(self, one: Consumer, call: "asyncio.Task[HeartbeatReply]") -> None:
        if one.call is not call or call.cancelled():
            return  # nobody listens any more
        one.call = None
        reply = call.result()
        retried = (ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.NOT_COORDINATOR)
        if reply.error in retried:
            one.tells_all = True
        elif reply.error is ErrorCode.UNRELEASED_INSTANCE_ID:
            one.epoch = JOINING_EPOCH
        elif reply.error in (ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID):
            one.haunt()
            one.epoch, one.owned, one.losing = JOINING_EPOCH, NOTHING, NOTHING
            one.tells_all = True
        elif reply.error is ErrorCode.FENCED_INSTANCE_ID:
            self._start_anew(one, is_dead=True)
        else:
            assert reply.error is ErrorCode.NONE, reply
            self._take(one, reply)

    def _take(self, one: Consumer, reply: HeartbeatReply) -> None:
        self._check_durable(one, reply)
        if reply.epoch != one.epoch:
            one.haunt()  # what it sent in its last epoch may still be on its way
        one.epoch = reply.epoch
        if reply.assignment is not None:
            for partition in reply.assignment - one.owned:
                one.positions[partition] = self.committed.get(partition, 0)
            one.losing = one.owned - reply.assignment
            one.owned |= reply.assignment
        is_told = one.topics == one.topics_told and one.owned == one.owned_told
        one.tells_all = not is_told and not one.losing

    def _check_durable(self, one: Consumer, reply: HeartbeatReply) -> None:
        """Refuse an answer that a coordinator after a crash would not know of."""
        current = self.stored.get((PartKind.CURRENT, one.member_id))
        target_epoch = self.stored.get((PartKind.TARGET_EPOCH, ""))
        is_known = (PartKind.MEMBER, one.member_id) in self.stored
        assert isinstance(current, Current), "it is nobody"
        assert isinstance(target_epoch, int), "there is no target"
        assert is_known, "it is nobody"
        assert min(current.epoch, target_epoch) >= reply.epoch, "it is told what may be lost"

    def give_up(self, one: Consumer) -> None:
        """Give up what it was told to, after it committed; it says so when it is next heard of."""
        if one.losing:
            one.owned, one.losing, one.tells_all = one.owned - one.losing, NOTHING, True

    def commit(self, one: Consumer) -> None:
        """Commit a step further on every partition that it thinks it owns."""
        group = self.work.group
        if group.check_member(one.member_id, one.epoch) is not ErrorCode.NONE or one.epoch < 1:
            return
        for partition in sorted(one.owned):
            one.positions[partition] += 1
            self._write_commit(partition, one.positions[partition])

    def _write_commit(self, partition: tuple[str, int], offset: int) -> None:
        def happen(fate: Fate) -> None:
            if fate is Fate.DURABLE:
                assert offset >= self.committed.get(partition, 0), "a committed offset went back"
                self.committed[partition] = offset
            elif fate is Fate.TOLD:
                self.acknowledged[partition] = offset

        if not self._is_fenced:
            self._undurable.append(happen)

    def late_commit(self, one: Consumer) -> None:
        """An earlier self, which was thought dead, commits."""
        for ghost in one.ghosts:
            if (ghost.member_id, ghost.epoch) != (one.member_id, one.epoch):
                self.commit(ghost)

    async def late_beat(self, one: Consumer) -> None:
        """An earlier self, which was thought dead, is heard of."""
        for ghost in one.ghosts[-1:]:
            await self.beat(ghost)

    async def lose(self, one: Consumer) -> None:
        """Lose the answer to what it asked last: it asks again."""
        if one.call is not None:
            one.call, one.tells_all = None, True

    def hang_up(self, one: Consumer) -> None:
        """Break off a call: the connection is gone."""
        if one.call is not None:
            one.call.cancel()
            one.call, one.tells_all = None, True

    async def leave(self, one: Consumer, epoch: int = LEAVING_EPOCH) -> None:
        """Leave for good manners' sake: it has given up everything."""
        if one.epoch > JOINING_EPOCH:
            one.owned, one.losing = NOTHING, NOTHING
            said = MemberHeartbeat(
                member_id=one.member_id, epoch=epoch, instance_id=one.instance_id
            )
            self._send(said)
            await self._turn()
        self._start_anew(one, is_dead=True)

    async def rest(self, one: Consumer) -> None:
        """Go for a while, as only static members can."""
        epoch = LEAVING_EPOCH if one.instance_id is None else STATIC_LEAVING_EPOCH
        await self.leave(one, epoch)

    def forget(self, one: Consumer) -> None:
        """Be started anew; the old process may still run somewhere."""
        self._start_anew(one, is_dead=False)

    def _start_anew(self, one: Consumer, *, is_dead: bool) -> None:
        if not is_dead and one.member_id:
            one.haunt()
        one.member_id, one.epoch, one.call = "", JOINING_EPOCH, None
        one.owned, one.losing, one.tells_all = NOTHING, NOTHING, True

    def subscribe(self, one: Consumer) -> None:
        """Read something else from now on."""
        one.topics = {("t",): ("t", "u"), ("t", "u"): ("u",), ("u",): ("t",)}[one.topics]
        one.tells_all = True

    # -- what time, disk and operators do ------------------------------------------------------

    def grow(self) -> None:
        """Give a topic a partition more."""
        if self.topics["t"].partitions < 9:
            grown = replace(self.topics["t"], partitions=self.topics["t"].partitions + 1)
            self.topics["t"] = grown

    def find(self, names: Collection[str]) -> TopicsByName:
        """Return what there is of the named topics."""
        return {name: self.topics[name] for name in names if name in self.topics}

    async def flush(self, count: int = 1_000_000) -> None:
        """Make the oldest writes durable, and say so."""
        for _ in range(min(count, len(self._undurable))):
            write = self._undurable.pop(0)
            write(Fate.DURABLE)
            write(Fate.TOLD)
            await self._turn()

    def refuse(self) -> None:
        """Have the next write refused, as by a disk that is full for a moment."""
        self._is_refusing = True

    async def fence(self, survivors: int) -> None:
        """Lose the disk until the coordinator starts anew; what was under way is said to be lost.

        Args:
            survivors: Of the writes under way, the oldest, which are on the disk all the same.
        """
        self._is_fenced = True
        for number, write in enumerate(self._undurable):
            write(Fate.DURABLE if number < survivors else Fate.LOST)
            if number < survivors:
                write(Fate.LOST)
        self._undurable.clear()
        await self._turn()

    async def crash(self, survivors: int) -> None:
        """Lose the coordinator; the oldest of the writes under way may have become durable."""
        for write in self._undurable[:survivors]:
            write(Fate.DURABLE)
        self._undurable.clear()
        self._is_fenced = self._is_refusing = False
        await self.close()
        for partition, offset in self.acknowledged.items():
            assert self.committed[partition] >= offset, "a committed offset was lost"
        self.work = self._loaded()

    async def close(self) -> None:
        """End the coordinator: nobody is answered any more."""
        for one in self.everybody():
            one.tells_all = one.tells_all or one.call is not None
            one.call = None
        for call in tuple(self._calls):
            call.cancel()
        await self._turn()
        self.work.close()

    def _loaded(self) -> MembersAtWork:
        return MembersAtWork("g", ConsumerGroup(100, dict(self.stored)), RULES, self._write)

    def _write(self, records: Sequence[KeyValue], then: Callable[[ErrorCode, int], None]) -> bool:
        refused = ErrorCode.COORDINATOR_NOT_AVAILABLE

        def happen(fate: Fate) -> None:
            if fate is not Fate.DURABLE:
                then(ErrorCode.NONE if fate is Fate.TOLD else refused, 0)
                return
            for key, value in records:
                found = decode_consumer(key, value)
                assert found is not None, "it wrote what it does not know"
                if found.value is None:
                    self.stored.pop(found.part, None)
                else:
                    self.stored[found.part] = found.value

        if self._is_fenced:
            asyncio.get_running_loop().call_soon(then, refused, -1)
            return False
        is_taken, self._is_refusing = not self._is_refusing, False
        self._undurable.append(happen if is_taken else partial(self._refused, then))
        return is_taken

    def _refused(self, then: Callable[[ErrorCode, int], None], fate: Fate) -> None:
        if fate is not Fate.DURABLE:
            then(ErrorCode.COORDINATOR_NOT_AVAILABLE, -1)

    async def _turn(self) -> None:
        """Let everything happen that takes no time."""
        for _ in range(4):
            await asyncio.sleep(0)

    # -- what is true --------------------------------------------------------------------------

    def everybody(self) -> list[Consumer]:
        """Return all consumers and what they were before."""
        return [who for one in self.consumers for who in (one, *one.ghosts)]

    def check(self) -> None:
        """Refuse what must never be."""
        group = self.work.group
        owners: dict[tuple[str, int], str] = {}
        for one in self.everybody():
            if group.check_member(one.member_id, one.epoch) is not ErrorCode.NONE:
                continue
            if one.epoch <= JOINING_EPOCH:
                continue
            for partition in one.owned:
                other = owners.setdefault(partition, one.member_id)
                assert other == one.member_id, f"{partition} has two owners: {other}, {one}"

    async def run(self, steps: Iterable[Step]) -> None:
        """Let a history happen."""
        for step, number in steps:
            one = self.consumers[number % len(self.consumers)]
            if step == "tick":
                await asyncio.sleep(REBALANCE_S / 4 * (1 + number % 5))
            elif step == "flush":
                await self.flush(number + 1)
            elif step == "crash":
                await self.crash(number)
            elif step == "fence":
                await self.fence(number)
            elif step in ("refuse", "grow"):
                getattr(self, step)()
            else:
                did = getattr(self, step)(one)
                if did is not None:
                    await did
            self.check()

    async def settle(self) -> None:
        """Let all consumers behave well, and those that were before be silent, until all is given.

        Raises:
            AssertionError: That never comes.
        """
        for one in self.consumers:
            one.ghosts.clear()
        if self._is_fenced:
            await self.crash(0)
        for _ in range(QUIET_ROUNDS_MAX):
            for one in self.consumers:
                await self.beat(one)
                self.give_up(one)
            await self.flush()
            self.check()
            if self._is_settled():
                return
            await asyncio.sleep(5)
        raise AssertionError(f"the group is not stable: {self.work.group.state}")

    def _is_settled(self) -> bool:
        wanted = {
            (self.topics[name].topic_id, number)
            for one in self.consumers
            for name in one.topics
            for number in range(self.topics[name].partitions)
        }
        had = [partition for one in self.consumers for partition in one.owned]
        members = {one.member_id for one in self.consumers}
        return (
            sorted(had) == sorted(wanted)
            and members == set(self.work.group.members)
            and not any(one.tells_all or one.losing for one in self.consumers)
        )
