"""Groups made up by Hypothesis, and what the assignors of two other clients say of them."""

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

from aiokafka.coordinator.assignors.range import RangePartitionAssignor as AioRange
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor as AioRoundRobin
from aiokafka.coordinator.assignors.sticky.sticky_assignor import (
    StickyPartitionAssignor as AioSticky,
)
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from hypothesis import strategies as st
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

from app.coordinators.groups.assignors.leader import ASSIGNORS, member_metadata
from app.coordinators.groups.assignors.member import (
    Member,
    Partition,
    PartitionCounts,
    by_topic,
    in_order,
)

Given = Mapping[str, set[Partition]]

KAFKA_PYTHON: Mapping[str, Any] = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}
AIOKAFKA: Mapping[str, Any] = {
    "range": AioRange,
    "roundrobin": AioRoundRobin,
    "sticky": AioSticky,
}

TOPICS = ("a", "b", "c", "d")
counts = st.dictionaries(st.sampled_from(TOPICS), st.integers(1, 7), min_size=1)
"""Partitions of the topics that exist; members may ask for others too."""


@st.composite
def groups(
    draw: st.DrawFn, *, alike: bool | None = None, static: bool = False, holds: bool = True
) -> tuple[list[Member], dict[str, int]]:
    """Make members and topics.

    Args:
        draw: Hypothesis's.
        alike: All members read the same; None leaves it open.
        static: Some members may be static.
        holds: Members may hold partitions, no partition twice.
    """
    known = draw(counts)
    size = draw(st.integers(1, 7))
    wanted = st.frozensets(st.sampled_from(TOPICS), min_size=1)
    same = draw(wanted) if (draw(st.booleans()) if alike is None else alike) else None
    every = [(topic, number) for topic in sorted(known) for number in range(known[topic])]
    owners = draw(st.lists(st.integers(-1, size), min_size=len(every), max_size=len(every)))
    members = []
    for place in range(size):
        held = [one for one, owner in zip(every, owners, strict=True) if owner == place and holds]
        instance = f"i{draw(st.integers(0, 9))}{place}" if static and draw(st.booleans()) else None
        members.append(
            Member(
                member_id=f"m{(place * 5) % 7}",
                instance_id=instance,
                topics=same if same is not None else draw(wanted),
                held=frozenset(held),
                generation=3 if held else -1,
            )
        )
    return members, known


def kafka_python(name: str, members: Collection[Member], known: PartitionCounts) -> Given:
    """Return what kafka-python assigns to members whose bytes we wrote."""
    told = [
        SimpleNamespace(
            member_id=one.member_id,
            group_instance_id=one.instance_id,
            metadata=ConsumerProtocolSubscription.decode(
                _metadata(name, one), version=1 if name == "cooperative-sticky" else 3
            ),
        )
        for one in in_order(members)  # it takes static and dynamic ones for sorted apart
    ]
    for one in told:
        if name == "sticky" and one.metadata.user_data:
            one.metadata.user_data = b"\x00\x01" + one.metadata.user_data  # it wants a version
    found = KAFKA_PYTHON[name]().assign(_cluster(known), told)
    return {
        member_id: {
            (topic, number) for topic, numbers in given.assigned_partitions for number in numbers
        }
        for member_id, given in found.items()
    }


def aiokafka(name: str, members: Collection[Member], known: PartitionCounts) -> Given:
    """Return what aiokafka assigns to members whose bytes we wrote."""
    told = {
        one.member_id: ConsumerProtocolMemberMetadata.decode(_metadata(name, one))
        for one in members
    }
    found = AIOKAFKA[name].assign(_cluster(known), told)
    return {
        member_id: {(topic, number) for topic, numbers in given.assignment for number in numbers}
        for member_id, given in found.items()
    }


def check_whole(given: Given, members: Collection[Member], known: PartitionCounts) -> None:
    """Refuse that a partition somebody reads has not exactly one owner, who reads it."""
    read = {topic for one in members for topic in one.topics}
    wanted = sorted(
        (topic, number) for topic in known if topic in read for number in range(known[topic])
    )
    assert set(given) == {one.member_id for one in members}
    assert sorted(one for held in given.values() for one in held) == wanted
    check_read(given, members)


def check_read(given: Given, members: Collection[Member]) -> None:
    """Refuse that somebody is given what it does not read."""
    for member in members:
        assert {topic for topic, _ in given[member.member_id]} <= member.topics


def imbalance(given: Given) -> int:
    """Return the sum of all differences between two members' counts."""
    sizes = [len(held) for held in given.values()]
    return sum(abs(one - other) for one in sizes for other in sizes) // 2


def kept(given: Given, members: Collection[Member]) -> int:
    """Return how many partitions stayed where they were."""
    return sum(len(given[one.member_id] & one.held) for one in members)


def _metadata(name: str, member: Member) -> bytes:
    return member_metadata(ASSIGNORS[name], member.topics, by_topic(member.held), member.generation)


def _cluster(known: PartitionCounts) -> Any:
    return SimpleNamespace(
        topics=lambda: set(known),
        partitions_for_topic=lambda topic: set(range(known[topic])) if topic in known else None,
    )
