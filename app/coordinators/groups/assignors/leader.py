"""What the leader of a classic group does: read what all members want, and say who reads what.

A consumer that lives on the server leads like any other member, beside clients of any language:
it reads the bytes that they write for the assignors of Kafka's client and answers with the same.
Called by: consumers. Calls: the assignors, subscriptions, encoding.
Source: Kafka's ``RangeAssignor``, ``RoundRobinAssignor``, ``StickyAssignor`` and
``CooperativeStickyAssignor``: their names, and the user data of the two sticky ones.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from app.coordinators.encoding import MalformedRecord, Reader, Writer
from app.coordinators.groups.assignors.member import (
    Member,
    Partition,
    PartitionCounts,
    by_topic,
)
from app.coordinators.groups.assignors.range_assignor import assign_ranges
from app.coordinators.groups.assignors.round_robin import assign_in_turn
from app.coordinators.groups.assignors.sticky import assign_cooperatively, assign_sticky
from app.coordinators.groups.commands import JoinedMember
from app.coordinators.groups.subscriptions import (
    NO_GENERATION,
    Assignment,
    PartitionsByTopic,
    Subscription,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)

Assign = Callable[[Collection[Member], PartitionCounts], dict[str, set[Partition]]]
Claim = tuple[PartitionsByTopic, int]
"""What a member says it holds, and of which generation that is."""

USER_DATA_HEADERS = (b"", b"\x00\x01", b"\x00\x00")
"""Before the user data of the sticky assignor: Java and aiokafka write none, kafka-python 3 a
version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignor:
    """A way to share partitions, under the name that groups know it by."""

    name: str
    assign: Assign
    is_cooperative: bool = False
    """Members go on reading what they keep while the group rebalances (KIP-429)."""


RANGE = Assignor(name="range", assign=assign_ranges)
ROUND_ROBIN = Assignor(name="roundrobin", assign=assign_in_turn)
STICKY = Assignor(name="sticky", assign=assign_sticky)
COOPERATIVE_STICKY = Assignor(
    name="cooperative-sticky", assign=assign_cooperatively, is_cooperative=True
)
ASSIGNORS: Mapping[str, Assignor] = {
    one.name: one for one in (RANGE, ROUND_ROBIN, STICKY, COOPERATIVE_STICKY)
}


def member_metadata(
    assignor: Assignor,
    topics: Collection[str],
    held: PartitionsByTopic,
    generation: int = NO_GENERATION,
) -> bytes:
    """Return what a member joins with.

    Args:
        assignor: Which it is joining with; each has its own metadata.
        topics: What it wants to read.
        held: What it was given last; empty if nothing or lost since.
        generation: In which that was.
    """
    user_data = None
    if assignor is STICKY and held:
        user_data = _write_previous((held, generation))
    elif assignor is COOPERATIVE_STICKY:
        user_data = bytes(Writer().int32(generation))
    return encode_subscription(
        Subscription(
            topics=tuple(sorted(topics)),
            user_data=user_data,
            owned_partitions=held if assignor.is_cooperative else {},
            generation=generation,
        )
    )


def lead(
    assignor: Assignor, joined: Collection[JoinedMember], counts: PartitionCounts
) -> dict[str, bytes]:
    """Return the assignment of each member, for ``Sync``.

    A member whose metadata cannot be read is given nothing, so that the others can read.
    """
    members = [_member(assignor, one) for one in joined]
    return {
        member_id: encode_assignment(Assignment(partitions=by_topic(given)))
        for member_id, given in assignor.assign(members, counts).items()
    }


def _member(assignor: Assignor, joined: JoinedMember) -> Member:
    subscription = decode_subscription(joined.metadata) or Subscription(topics=())
    if assignor is STICKY:
        held, generation = _previous(subscription)
    else:
        held, generation = subscription.owned_partitions, _generation(subscription)
    return Member(
        member_id=joined.member_id,
        instance_id=joined.instance_id,
        topics=frozenset(subscription.topics),
        held=frozenset((topic, number) for topic, numbers in held.items() for number in numbers),
        generation=generation,
    )


def _previous(subscription: Subscription) -> Claim:
    """Return what an eager member had: it gave it up before it joined, and says so beside."""
    if not subscription.user_data:
        return subscription.owned_partitions, subscription.generation
    for header in USER_DATA_HEADERS:
        claim = _read_previous(subscription.user_data, header)
        if claim is not None:
            return claim
    return {}, NO_GENERATION


def _read_previous(data: bytes, header: bytes) -> Claim | None:
    if not data.startswith(header):
        return None
    try:
        reader = Reader(data, len(header))
        held = dict(reader.array(lambda one: (one.string(), one.array(Reader.int32))))
        generation = reader.int32() if reader.left else NO_GENERATION
        return None if reader.left else (held, generation)
    except MalformedRecord:
        return None


def _write_previous(claim: Claim) -> bytes:
    """Return the user data of version 1; version 0 had no generation."""
    writer = Writer().array(
        claim[0].items(), lambda one, item: one.string(item[0]).array(item[1], Writer.int32)
    )
    return bytes(writer.int32(claim[1]))


def _generation(subscription: Subscription) -> int:
    """Return a cooperative member's generation: of old clients, which say it beside."""
    if subscription.generation >= 0 or not subscription.user_data:
        return subscription.generation
    try:
        return Reader(subscription.user_data).int32()
    except MalformedRecord:
        return NO_GENERATION
