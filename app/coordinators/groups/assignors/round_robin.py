"""Round robin: all partitions are dealt out like cards, one to each member in turn.

A member that does not read the partition's topic is passed over, and its turn with it.
Called by: leader. Calls: member.
Source: Kafka's ``RoundRobinAssignor``, its documentation.
"""

from collections.abc import Collection
from itertools import cycle

from app.coordinators.groups.assignors.member import (
    Member,
    Partition,
    PartitionCounts,
    existing_topics,
    in_order,
)


def assign_in_turn(
    members: Collection[Member], counts: PartitionCounts
) -> dict[str, set[Partition]]:
    """Return the partitions of each member."""
    given: dict[str, set[Partition]] = {one.member_id: set() for one in members}
    turns = cycle(in_order(members))
    for topic in existing_topics(members, counts):
        for number in range(counts[topic]):
            reader = next(one for one in turns if topic in one.topics)
            given[reader.member_id].add((topic, number))
    return given
