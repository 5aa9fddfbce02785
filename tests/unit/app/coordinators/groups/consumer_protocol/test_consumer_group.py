"""A consumer group through many histories: nobody is given what another still has."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup, PartValue
from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    Current,
    HeartbeatReply,
    Matched,
    MemberHeartbeat,
    Part,
    Partitions,
    PartKind,
    Subscription,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.consumer_protocol.records import decode_consumer, encode_part
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.model import GroupState

ID_A, ID_B, ID_C = "A" * 22, "BBBBBBBBBBBBBBBBBBBBBA", "CCCCCCCCCCCCCCCCCCCCCA"
IDS = {"a": ID_A, "b": ID_B, "c": ID_C}


class World:
    """A group, its topics and the records that were written of it."""

    def __init__(self, size_max: int = 100) -> None:
        self.size_max = size_max
        self.group = ConsumerGroup(size_max)
        self.sizes = {"a": 4, "b": 3}
        self.version = 1
        self.now_ms = 1_000
        self.written: dict[bytes, bytes | None] = {}

    def find(self, names: Collection[str]) -> TopicsByName:
        return {
            name: Topic(topic_id=IDS[name], partitions=self.sizes[name])
            for name in names
            if name in self.sizes
        }

    def matching(self, pattern: str) -> tuple[str, ...]:
        return tuple(name for name in sorted(self.sizes) if re.fullmatch(pattern, name))

    def beat(self, beat: MemberHeartbeat) -> HeartbeatReply:
        pattern = self.group.pattern_to_match(beat, self.version, self.now_ms)
        if pattern is not None:
            topics = self.matching(pattern)
            matched = Matched(topics=topics, version=self.version, timestamp_ms=self.now_ms)
            beat = replace(beat, matched=matched)
        reply = self.group.heartbeat(beat, self.find)
        self.write()
        return reply

    def write(self) -> None:
        for part in self.group.changed:
            key, value = encode_part("g", part, self.group.value(part))
            self.written[key] = value
        self.group.changed.clear()

    def restart(self) -> None:
        parts = {}
        for key, value in self.written.items():
            found = decode_consumer(key, value)
            assert found is not None
            if found.value is not None:
                parts[found.part] = found.value
        before = {part: self.group.value(part) for part in self.group.parts()}
        self.group = ConsumerGroup(self.size_max, parts)
        assert {part: self.group.value(part) for part in self.group.parts()} == before


@dataclass
class Client:
    """A member as KIP-848 wants it: it gives up at once, and says what it has when asked to."""

    member_id: str
    topics: tuple[str, ...] = ("a", "b")
    pattern: str | None = None
    instance_id: str | None = None
    assignor: str | None = None
    epoch: int = 0
    owned: Partitions = NOTHING
    tells: bool = True
    """Whether its next heartbeat says everything."""

    was_fenced: list[ErrorCode] = field(default_factory=list)

    def next_beat(self) -> MemberHeartbeat:
        is_full = self.tells or self.epoch == 0
        return MemberHeartbeat(
            member_id=self.member_id,
            epoch=self.epoch,
            instance_id=self.instance_id,
            assignor=self.assignor,
            rebalance_timeout_ms=60_000 if is_full else -1,
            topics=self.topics if is_full else None,
            pattern=self.pattern or "" if is_full else None,
            owned=self.owned if is_full else None,
        )

    def hear(self, reply: HeartbeatReply) -> None:
        if reply.error is not ErrorCode.NONE:
            self.was_fenced.append(reply.error)
            self.epoch, self.owned, self.tells = 0, NOTHING, True
            return
        self.epoch = reply.epoch
        self.tells = reply.assignment is not None
        if reply.assignment is not None:
            self.owned = reply.assignment


def rounds(world: World, clients: list[Client], times: int = 8) -> None:
    for _ in range(times):
        for one in clients:
            one.hear(world.beat(one.next_beat()))


def all_of(world: World, *topics: str) -> set[tuple[str, int]]:
    return {(IDS[name], number) for name in topics for number in range(world.sizes[name])}


PATTERNS = st.sampled_from([None, None, "a|c", "[bc]", "x.*"])


class Histories(RuleBasedStateMachine):
    """Joins, leaves, lost answers, time-outs, other topics and restarts, in any order."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.clients: dict[str, Client] = {}
        self.count = 0

    def living(self) -> list[Client]:
        return [one for one in self.clients.values() if one.member_id in self.world.group.members]

    @precondition(lambda self: len(self.clients) < 5)
    @rule(
        topics=st.sampled_from([("a",), ("b",), ("a", "b"), ()]),
        pattern=PATTERNS,
        assignor=st.sampled_from([None, "range", "uniform"]),
    )
    def join(self, topics: tuple[str, ...], pattern: str | None, assignor: str | None) -> None:
        self.count += 1
        name = f"m{self.count}"
        self.clients[name] = Client(name, topics, pattern, assignor=assignor)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), is_lost=st.booleans())
    def beat(self, data: st.DataObject, is_lost: bool) -> None:
        client = self.clients[data.draw(st.sampled_from(sorted(self.clients)))]
        reply = self.world.beat(client.next_beat())
        if is_lost:
            client.tells = True
        else:
            client.hear(reply)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), topics=st.sampled_from([("a",), ("b",), ("a", "b")]), pattern=PATTERNS)
    def subscribe(self, data: st.DataObject, topics: tuple[str, ...], pattern: str | None) -> None:
        client = self.clients[data.draw(st.sampled_from(sorted(self.clients)))]
        client.topics, client.pattern, client.tells = topics, pattern, True

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        client = self.clients.pop(data.draw(st.sampled_from(sorted(self.clients))))
        self.world.beat(MemberHeartbeat(member_id=client.member_id, epoch=-1))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        self.world.group.remove(data.draw(st.sampled_from(sorted(self.clients))))
        self.world.write()

    @rule(name=st.sampled_from(["a", "b"]))
    def add_partition(self, name: str) -> None:
        self.world.sizes[name] += 1
        self.world.version += 1

    @rule()
    def make_or_delete_a_topic(self) -> None:
        if self.world.sizes.pop("c", None) is None:
            self.world.sizes["c"] = 2
        self.world.version += 1

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @invariant()
    def nobody_has_what_another_has(self) -> None:
        seen: set[tuple[str, int]] = set()
        for one in self.living():
            held = self.world.group.current(one.member_id).held
            assert not seen & held
            assert one.epoch == 0 or one.owned <= held
            seen |= held

    def teardown(self) -> None:
        for member_id in {*self.world.group.members}:
            if member_id not in self.clients or self.clients[member_id].epoch == 0:
                self.world.group.remove(member_id)  # as its session would end
        rounds(self.world, list(self.clients.values()), 4)
        for member_id in {*self.world.group.members}:
            if self.clients[member_id].was_fenced and self.clients[member_id].epoch == 0:
                self.world.group.remove(member_id)
        rounds(self.world, list(self.clients.values()))

        assert self.world.group.state in (GroupState.STABLE, GroupState.EMPTY)
        read = {name for one in self.clients.values() for name in one.topics}
        for one in self.clients.values():
            read.update(self.world.matching(one.pattern) if one.pattern else ())
        owned = [held for one in self.clients.values() for held in one.owned]
        assert sorted(owned) == sorted(all_of(self.world, *read))


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestHistories = Histories.TestCase


def joined(world: World, *names: str) -> list[Client]:
    clients = [Client(name) for name in names]
    rounds(world, clients)
    return clients


def test_a_newcomer_waits_until_others_have_let_go() -> None:
    world = World()
    (first,) = joined(world, "m1")
    second = Client("m2")

    second.hear(world.beat(second.next_beat()))
    assert (second.owned, world.group.state) == (NOTHING, GroupState.RECONCILING)
    first.hear(world.beat(first.next_beat()))
    second.hear(world.beat(second.next_beat()))
    assert second.owned == NOTHING
    rounds(world, [first, second], 2)

    assert (len(first.owned), len(second.owned)) == (4, 3)
    assert world.group.state is GroupState.STABLE


def error_of(world: World, **fields: object) -> ErrorCode:
    return world.beat(MemberHeartbeat(**fields)).error  # type: ignore[arg-type]


def test_who_is_not_in_the_group_or_not_in_its_epoch_is_fenced() -> None:
    world = World()
    (member,) = joined(world, "m1")
    world.sizes["a"] += 1
    rounds(world, [member], 2)

    assert error_of(world, member_id="m9", epoch=1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert error_of(world, member_id="m9", epoch=-1) is ErrorCode.UNKNOWN_MEMBER_ID
    later = member.epoch + 1
    assert error_of(world, member_id="m1", epoch=later) is ErrorCode.FENCED_MEMBER_EPOCH
    stale = {"member_id": "m1", "epoch": member.epoch - 1}
    assert error_of(world, **stale) is ErrorCode.FENCED_MEMBER_EPOCH
    assert error_of(world, **stale, owned=member.owned) is ErrorCode.NONE
    other = frozenset({("x", 1)})
    assert error_of(world, **stale, owned=other) is ErrorCode.FENCED_MEMBER_EPOCH


def test_a_static_member_comes_back_to_its_partitions_without_a_new_epoch() -> None:
    world = World()
    first, second = Client("m1", instance_id="i"), Client("m2")
    rounds(world, [first, second])
    epoch = world.group.epoch
    twin = Client("m3", instance_id="i")

    assert world.beat(twin.next_beat()).error is ErrorCode.UNRELEASED_INSTANCE_ID
    away = error_of(world, member_id="m1", instance_id="i", epoch=-2)
    reply = world.beat(twin.next_beat())

    assert away is ErrorCode.NONE
    assert (reply.assignment, world.group.epoch) == (first.owned, epoch)
    gone = error_of(world, member_id="m1", instance_id="i", epoch=first.epoch)
    assert gone is ErrorCode.FENCED_INSTANCE_ID
    unknown = error_of(world, member_id="m1", instance_id="j", epoch=-1)
    assert unknown is ErrorCode.UNKNOWN_MEMBER_ID
    assert set(world.group.members) == {"m2", "m3"}


def test_a_group_has_no_more_members_than_it_may() -> None:
    world = World(size_max=1)
    joined(world, "m1")

    assert world.beat(Client("m2").next_beat()).error is ErrorCode.GROUP_MAX_SIZE_REACHED


def test_a_topic_that_is_gone_is_given_up() -> None:
    world = World()
    (member,) = joined(world, "m1")
    del world.sizes["b"]

    rounds(world, [member])

    assert member.owned == all_of(world, "a")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [((None, None), "uniform"), (("range", None), "range"), (("range", "uniform"), "uniform")],
)
def test_the_assignor_is_the_one_that_most_prefer(
    wanted: tuple[str | None, ...], chosen: str
) -> None:
    world = World()
    clients = [Client(f"m{n}", assignor=one) for n, one in enumerate(wanted)]

    rounds(world, clients, 1)

    assert world.group.assignor == chosen


def test_offsets_are_committed_by_members_in_their_epoch_or_when_there_are_none() -> None:
    world = World()
    check: Callable[[str, int], ErrorCode] = world.group.check_member
    assert check("", -1) is ErrorCode.NONE
    (member,) = joined(world, "m1")

    assert check("m1", member.epoch) is ErrorCode.NONE
    assert check("m1", member.epoch - 1) is ErrorCode.STALE_MEMBER_EPOCH
    assert check("", -1) is ErrorCode.UNKNOWN_MEMBER_ID


def test_what_has_not_changed_is_not_written_again() -> None:
    world = World()
    (member,) = joined(world, "m1")

    world.group.heartbeat(member.next_beat(), world.find)
    calm = set(world.group.changed)
    world.group.remove("m1")

    gone: set[Part] = {(kind, "m1") for kind in (PartKind.MEMBER, PartKind.TARGET)}
    assert calm == set()
    assert world.group.changed == {*gone, (PartKind.CURRENT, "m1"), (PartKind.GROUP, "")}


def test_who_claims_what_another_has_is_fenced_when_the_group_is_read() -> None:
    one, other = Current(epoch=2, assigned=frozenset({(ID_A, 0)})), Subscription(topics=("a",))
    parts: dict[Part, PartValue] = {
        (PartKind.MEMBER, "m"): other,
        (PartKind.CURRENT, "m"): one,
        (PartKind.MEMBER, "n"): other,
        (PartKind.CURRENT, "n"): one,
        (PartKind.CURRENT, "nobody"): one,
    }

    group = ConsumerGroup(9, parts)

    assert group.check_member("m", 2) is ErrorCode.NONE
    assert group.check_member("n", 2) is ErrorCode.STALE_MEMBER_EPOCH
    assert group.current("nobody") == Current()


def test_a_pattern_is_what_it_matches_now_beside_the_names() -> None:
    world = World()
    member = Client("m1", topics=("a",), pattern="b|c.*")
    rounds(world, [member], 2)
    first = member.owned

    world.sizes["c"] = 1
    world.version += 1
    rounds(world, [member], 2)
    second = member.owned
    world.restart()
    del world.sizes["b"]
    world.version += 1
    rounds(world, [member], 3)

    assert first == all_of(world, "a") | {(ID_B, number) for number in range(3)}
    assert second == first | all_of(world, "c")
    assert member.owned == all_of(world, "a", "c")
    assert world.group.subscribed_topics == {"a", "c"}


def test_a_pattern_goes_with_the_last_member_that_has_it() -> None:
    world = World()
    one, other = Client("m1", topics=(), pattern="a"), Client("m2", topics=(), pattern="a")
    rounds(world, [one, other])
    world.group.remove("m1")
    world.write()
    kept = world.group.value((PartKind.PATTERN, "a"))
    other.pattern, other.topics, other.tells = None, ("b",), True

    rounds(world, [other])

    assert kept is not None
    assert world.group.value((PartKind.PATTERN, "a")) is None
    assert None in world.written.values()
    assert other.owned == all_of(world, "b")


def test_two_who_may_see_different_topics_do_not_take_turns() -> None:
    world = World()
    clients = [Client(f"m{number}", topics=(), pattern=".*") for number in range(2)]
    rounds(world, clients)
    epoch = world.group.epoch
    blind = Matched(topics=(), version=world.version, timestamp_ms=world.now_ms + 1)

    for one in clients:
        world.beat(replace(one.next_beat(), matched=blind))
    calm = world.group.epoch
    world.now_ms += 600_000
    world.sizes.pop("b")  # as if it were not to be seen any more: no new version
    rounds(world, clients)

    assert calm == epoch
    assert {held for one in clients for held in one.owned} == all_of(world, "a")
