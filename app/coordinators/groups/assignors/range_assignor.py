"""Range: each topic's partitions are cut into as many runs as it has readers.

The first readers get the longer runs, so the same numbers of two topics with the same readers and
as many partitions meet at one member. Racks are not looked at.
Called by: leader. Calls: member.
Source: Kafka's ``RangeAssignor``, its documentation.
"""

from collections.abc import Collection

from app.coordinators.groups.assignors.member import (
    Member,
    Partition,
    PartitionCounts,
    existing_topics,
    in_order,
)


def assign_ranges(
    members: Collection[Member], counts: PartitionCounts
) -> dict[str, set[Partition]]:
    """Return the partitions of each member."""
    given: dict[str, set[Partition]] = {one.member_id: set() for one in members}
    ordered = in_order(members)
    for topic in existing_topics(members, counts):
        readers = [one for one in ordered if topic in one.topics]
        length, longer = divmod(counts[topic], len(readers))
        start = 0
        for place, reader in enumerate(readers):
            end = start + length + (place < longer)
            given[reader.member_id].update((topic, number) for number in range(start, end))
            start = end
    return given
