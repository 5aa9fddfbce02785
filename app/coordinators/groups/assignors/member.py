"""A member as an assignor sees it, and the order in which assignors go through members.

Called by: the assignors, leader. Calls: subscriptions.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from app.coordinators.groups.subscriptions import NO_GENERATION

PartitionCounts = Mapping[str, int]
"""Partitions of each topic that exists; they are numbered from 0."""

Partition = tuple[str, int]
"""A topic's name and a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a member asks for, and what it says that it holds."""

    member_id: str
    instance_id: str | None = None
    """Of a static member (KIP-345)."""

    topics: frozenset[str]
    held: frozenset[Partition] = field(default_factory=frozenset)
    """What it says that it holds; others may say the same."""

    generation: int = NO_GENERATION
    """In which it was given that."""


def in_order(members: Iterable[Member]) -> list[Member]:
    """Return static members by instance id, then the others by member id.

    A static member that comes back under a new id thus keeps its place.
    Source: KIP-345, "Partition assignment".
    """
    return sorted(
        members,
        key=lambda one: (one.instance_id is None, one.instance_id or "", one.member_id),
    )


def existing_topics(members: Iterable[Member], counts: PartitionCounts) -> list[str]:
    """Return the topics that somebody reads and that exist, by name."""
    wanted = {topic for member in members for topic in member.topics}
    return sorted(topic for topic in wanted if counts.get(topic, 0) > 0)


def by_topic(partitions: Collection[Partition]) -> dict[str, tuple[int, ...]]:
    """Return partitions as an assignment names them."""
    found: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        found.setdefault(topic, []).append(number)
    return {topic: tuple(numbers) for topic, numbers in found.items()}
