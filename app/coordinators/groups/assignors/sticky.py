"""Sticky and cooperative sticky: balanced as well as can be, and everybody keeps what it can.

Both give the same in the end. With the eager protocol every member gives up all it holds before
it joins, so a partition may go to its new owner at once. With the cooperative one members go on
reading while the group rebalances, so a partition that somebody else still holds is given to
nobody: its holder sees that it is gone, lets go of it and joins again, and the next rebalance
gives it away (KIP-429).

Invariants:
    Cooperative: nobody is given a partition that another member says it holds, unless the other
    has it from an older generation and this member has it already.
    If all members take what they are given and join again, the next cooperative assignment is
    whole.
Called by: leader. Calls: balancing, member.
Source: KIP-54, KIP-429; KIP-792 for claims of older generations.
"""

from collections.abc import Collection

from app.coordinators.groups.assignors.balancing import balance
from app.coordinators.groups.assignors.member import (
    Member,
    Partition,
    PartitionCounts,
    existing_topics,
)


def assign_sticky(
    members: Collection[Member], counts: PartitionCounts
) -> dict[str, set[Partition]]:
    """Return the partitions of each member."""
    topics = frozenset(existing_topics(members, counts))
    reads = {one.member_id: one.topics & topics for one in members}
    homes = {
        (topic, number): owner
        for (topic, number), owner in holders(members).items()
        if topic in reads[owner] and 0 <= number < counts[topic]
    }
    return balance(reads, counts, homes)


def assign_cooperatively(
    members: Collection[Member], counts: PartitionCounts
) -> dict[str, set[Partition]]:
    """Return the partitions that each member may have now."""
    owners = holders(members)
    claimed = {partition for one in members for partition in one.held}
    return {
        member_id: {one for one in given if one not in claimed or owners.get(one) == member_id}
        for member_id, given in assign_sticky(members, counts).items()
    }


def holders(members: Collection[Member]) -> dict[Partition, str]:
    """Return who holds what.

    Of two that claim a partition the one of the newer generation holds it; of one generation
    neither does, because one of them is wrong and nobody knows which.
    """
    claims: dict[Partition, list[Member]] = {}
    for member in members:
        for partition in member.held:
            claims.setdefault(partition, []).append(member)
    found: dict[Partition, str] = {}
    for partition, claimants in claims.items():
        newest = max(one.generation for one in claimants)
        owners = [one.member_id for one in claimants if one.generation == newest]
        if len(owners) == 1:
            found[partition] = owners[0]
    return found
