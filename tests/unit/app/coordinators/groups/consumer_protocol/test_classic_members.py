"""Members of the classic protocol beside others: told to join again, never given too much."""

from collections.abc import Collection

from app.coordinators.groups.commands import Heartbeat, Join, JoinReply, Leaving, Protocol, Sync
from app.coordinators.groups.consumer_protocol import classic_members
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup
from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    HeartbeatReply,
    MemberHeartbeat,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.subscriptions import (
    Subscription,
    decode_assignment,
    encode_subscription,
)

TOPIC_ID = "A" * 22
AGAIN = ErrorCode.REBALANCE_IN_PROGRESS


def find(names: Collection[str]) -> TopicsByName:
    return {"t": Topic(topic_id=TOPIC_ID, partitions=4)} if "t" in names else {}


def held(*numbers: int) -> frozenset[tuple[str, int]]:
    return frozenset((TOPIC_ID, number) for number in numbers)


class Mixed:
    """A group with members of both kinds."""

    def __init__(self) -> None:
        self.group = ConsumerGroup(9)

    def join(
        self,
        member_id: str,
        *owned: int,
        instance_id: str | None = None,
        names: tuple[str, ...] = ("range",),
        new: str = "new",
    ) -> JoinReply:
        told = Subscription(topics=("t",), owned_partitions={"t": owned})
        wanted = Join(
            ticket=0,
            member_id=member_id,
            new_member_id=new,
            instance_id=instance_id,
            session_timeout_ms=30_000,
            rebalance_timeout_ms=60_000,
            protocol_type="consumer",
            protocols=tuple(Protocol(name, encode_subscription(told)) for name in names),
        )
        return classic_members.join(self.group, wanted, find)

    def sync(self, member_id: str, generation: int) -> tuple[int, ...] | ErrorCode:
        wanted = Sync(ticket=0, member_id=member_id, generation=generation, assignments={})
        reply = classic_members.sync(self.group, wanted)
        if reply.error is not ErrorCode.NONE:
            return reply.error
        found = decode_assignment(reply.assignment)
        assert found is not None
        return found.partitions.get("t", ())

    def heartbeat(self, member_id: str, generation: int) -> ErrorCode:
        beat = Heartbeat(member_id=member_id, generation=generation)
        return classic_members.heartbeat(self.group, beat)

    def beat(self, member_id: str, epoch: int, *owned: int, full: bool = True) -> HeartbeatReply:
        said = MemberHeartbeat(
            member_id=member_id,
            epoch=epoch,
            rebalance_timeout_ms=60_000 if full else -1,
            topics=("t",) if full else None,
            owned=held(*owned) if full else None,
        )
        return self.group.heartbeat(said, find)


def test_a_classic_member_gives_up_by_joining_again_before_another_gets_it() -> None:
    mixed = Mixed()
    first = mixed.join("a")
    assert (first.generation, first.leader, mixed.sync("a", 1)) == (1, "", (0, 1, 2, 3))

    waits = mixed.beat("b", 0)
    told = mixed.heartbeat("a", 1)
    late = mixed.sync("a", 1)
    cooperative = mixed.join("a", 0, 1, 2, 3)
    keeps = mixed.sync("a", 1)
    still_waits = mixed.beat("b", 2, full=False)
    gave_up = mixed.join("a", *keeps) if isinstance(keeps, tuple) else None
    gets = mixed.beat("b", 2, full=False)

    assert (waits.assignment, told, late) == (NOTHING, AGAIN, AGAIN)
    assert (cooperative.generation, keeps) == (1, (0, 1))
    assert still_waits.assignment is None
    assert gave_up is not None
    assert (gave_up.generation, mixed.sync("a", 2)) == (2, (0, 1))
    assert gets.assignment == held(2, 3)
    assert mixed.heartbeat("a", 2) is ErrorCode.NONE


def test_a_classic_member_joins_again_when_what_it_shall_have_is_free() -> None:
    mixed = Mixed()
    mixed.beat("b", 0)
    mixed.join("a")

    waits = mixed.sync("a", 2)
    while_held = mixed.heartbeat("a", 2)
    mixed.beat("b", 1, 0, 1, 2, 3)
    revoking = mixed.heartbeat("a", 2)
    mixed.beat("b", 1, *(number for _, number in mixed.group.current("b").assigned))
    free = mixed.heartbeat("a", 2)
    mixed.join("a")

    assert (waits, while_held, revoking, free) == ((), ErrorCode.NONE, ErrorCode.NONE, AGAIN)
    assert mixed.sync("a", 2) != ()


def test_who_is_new_gets_an_id_first_and_a_static_member_takes_its_place() -> None:
    mixed = Mixed()
    asked = mixed.join("")
    assert (asked.error, asked.member_id) == (ErrorCode.MEMBER_ID_REQUIRED, "new")
    static = mixed.join("", instance_id="i", new="s1")
    before = mixed.sync("s1", 1)

    back = mixed.join("", instance_id="i", new="s2")
    fenced = mixed.join("s1", instance_id="i")

    assert (static.error, before) == (ErrorCode.NONE, (0, 1, 2, 3))
    assert (back.member_id, mixed.sync("s2", back.generation)) == ("s2", (0, 1, 2, 3))
    assert fenced.error is ErrorCode.FENCED_INSTANCE_ID
    assert list(mixed.group.members) == ["s2"]


def test_what_does_not_fit_is_refused() -> None:
    mixed = Mixed()
    mixed.join("a", names=("range", "sticky"))
    mixed.beat("b", 0)

    assert mixed.join("c", names=("other",)).error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert mixed.join("c", names=()).error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert mixed.join("c", names=("sticky",)).error is ErrorCode.NONE
    assert mixed.sync("a", 9) is ErrorCode.ILLEGAL_GENERATION
    assert mixed.sync("b", 2) is ErrorCode.UNKNOWN_MEMBER_ID
    assert mixed.heartbeat("none", 1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert mixed.group.check_member("a", 9) is ErrorCode.ILLEGAL_GENERATION
    assert mixed.beat("b", 9).error is ErrorCode.FENCED_MEMBER_EPOCH


def test_members_leave_by_their_id_or_are_removed_by_their_instance() -> None:
    mixed = Mixed()
    mixed.join("a")
    mixed.join("", instance_id="i", new="s")
    mixed.beat("b", 0)
    leaving = [
        Leaving(member_id="a"),
        Leaving(member_id="b"),
        Leaving(member_id="x", instance_id="i"),
        Leaving(member_id="", instance_id="i"),
        Leaving(member_id="", instance_id="none"),
    ]

    outcomes = classic_members.leave(mixed.group, leaving)

    assert outcomes == (
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
    )
    assert list(mixed.group.members) == ["b"]
