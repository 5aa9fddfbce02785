"""The most balanced way to give partitions to members, and of those the one that moves least.

Balanced means: the sum of the squares of the members' counts is the least possible. Where all
members may read everything, counts then differ by one at most; where they may not, no chain of
hand-overs (a gives to b, b gives to c) could bring two counts closer.

If everybody may read everything, quotas say it at once. Otherwise: keep every partition at home,
give the others to whoever reads them and has least, move partitions directly while that helps,
and then look for cycles of hand-overs that make the whole cheaper. The cost is the balance first,
then the number of partitions that left their home; an assignment without such a cycle is the
cheapest there is (the optimality condition of a minimum-cost flow).

Invariants:
    Every partition that somebody may read is given to one of those.
    Each step makes the cost less, so it ends. The search for cycles ends after
    ``SEARCH_STEPS_MAX`` at the latest; what it has then is whole, and as balanced as moves from
    one member to another can make it.
Called by: sticky. Calls: member.
Source: KIP-54 says what sticky means; the way is ours.
"""

from collections.abc import Iterator, Mapping

from app.coordinators.groups.assignors.member import Partition, PartitionCounts

SEARCH_STEPS_MAX = 2_000_000
"""Edges that the search for cycles looks at: about a second."""

OUTSIDE = ""
"""Where a chain of hand-overs begins and ends; no member has this id."""

Kind = tuple[str, str | None]
"""Partitions that are alike: their topic and their home."""

Edge = tuple[int, Kind]
"""What it costs if one partition of a kind goes over."""


def balance(
    reads: Mapping[str, frozenset[str]],
    counts: PartitionCounts,
    homes: Mapping[Partition, str],
    search_steps_max: int = SEARCH_STEPS_MAX,
) -> dict[str, set[Partition]]:
    """Return the partitions of each member.

    Args:
        reads: The topics of each member, all of which exist.
        counts: Partitions of each topic.
        homes: Who had a partition and may keep it; that member reads its topic.
        search_steps_max: Limit of the search.
    """
    readers = {member: topics for member, topics in reads.items() if topics}
    topics = sorted({topic for wanted in readers.values() for topic in wanted})
    partitions = [(topic, number) for topic in topics for number in range(counts[topic])]
    given: dict[str, set[Partition]] = {member: set() for member in reads}
    if len(set(readers.values())) == 1:
        given.update(_by_quota(sorted(readers), partitions, homes))
    elif readers:
        table = _Table(readers, partitions, homes)
        table.move_directly()
        table.cancel_cycles(search_steps_max)
        for member in readers:
            given[member] = table.partitions_of(member)
    return given


def _by_quota(
    members: list[str], partitions: list[Partition], homes: Mapping[Partition, str]
) -> dict[str, set[Partition]]:
    """Give to members who all read everything: each gets the quota or one more."""
    given: dict[str, set[Partition]] = {member: set() for member in members}
    quota, larger = divmod(len(partitions), len(members))
    at_home: dict[str, list[Partition]] = {member: [] for member in members}
    for partition in partitions:
        if partition in homes:
            at_home[homes[partition]].append(partition)
    by_count = sorted(members, key=lambda one: (-len(at_home[one]), one))
    room = {one: quota + (place < larger) for place, one in enumerate(by_count)}
    for member in members:
        given[member].update(at_home[member][: room[member]])
    kept = {partition for held in given.values() for partition in held}
    left = iter([partition for partition in partitions if partition not in kept])
    for member in members:
        while len(given[member]) < room[member]:
            given[member].add(next(left))
    return given


class _Table:
    """Who holds what while it is being balanced."""

    def __init__(
        self,
        reads: Mapping[str, frozenset[str]],
        partitions: list[Partition],
        homes: Mapping[Partition, str],
    ) -> None:
        self._members = sorted(reads)
        self._readers: dict[str, list[str]] = {}
        for member in self._members:
            for topic in sorted(reads[member]):
                self._readers.setdefault(topic, []).append(member)
        self._held: dict[str, dict[Kind, list[int]]] = {one: {} for one in self._members}
        self._count = dict.fromkeys(self._members, 0)
        self._homes = homes
        self._unit = 2 * len(partitions) + 1
        """What balance weighs: more than all moves together."""

        homeless = [one for one in partitions if one not in homes]
        for partition in partitions:
            if partition in homes:
                self._put(homes[partition], (partition[0], homes[partition]), partition[1])
        for topic, number in sorted(homeless, key=lambda one: (len(self._readers[one[0]]), one)):
            self._put(self._least(topic), (topic, None), number)

    def partitions_of(self, member: str) -> set[Partition]:
        """Return what a member holds."""
        held = self._held[member]
        return {(topic, number) for (topic, _), numbers in held.items() for number in numbers}

    def move_directly(self) -> None:
        """Move partitions from one member to another while that makes two counts closer."""
        while (move := self._direct_move()) is not None:
            self._move(*move)

    def cancel_cycles(self, steps_max: int) -> None:
        """Make hand-overs in cycles while they make the whole cheaper."""
        edges = {member: self._edges_of(member) for member in self._members}
        steps = 0
        while steps < steps_max:
            found, looked_at = self._cheaper_cycle(edges, steps_max - steps)
            steps += looked_at
            if not found:
                return
            moves = [(a, b, edges[a][b][1]) for a, b in found if OUTSIDE not in {a, b}]
            for giver, taker, kind in moves:
                self._move(giver, taker, kind)
            for member in {one for move in moves for one in move[:2]}:
                edges[member] = self._edges_of(member)

    def _put(self, member: str, kind: Kind, number: int) -> None:
        self._held[member].setdefault(kind, []).append(number)
        self._count[member] += 1

    def _move(self, giver: str, taker: str, kind: Kind) -> None:
        numbers = self._held[giver][kind]
        number = numbers.pop()
        if not numbers:
            del self._held[giver][kind]
        self._count[giver] -= 1
        self._put(taker, kind, number)

    def _least(self, topic: str) -> str:
        return min(self._readers[topic], key=lambda one: (self._count[one], one))

    def _direct_move(self) -> tuple[str, str, Kind] | None:
        least = {topic: self._least(topic) for topic in self._readers}
        for giver in sorted(self._members, key=lambda one: (-self._count[one], one)):
            kinds = sorted(
                self._held[giver], key=lambda one: (one[1] == giver, one[0], str(one[1]))
            )
            for kind in kinds:
                taker = least[kind[0]]
                if self._count[giver] - self._count[taker] >= 2:
                    return giver, taker, kind
        return None

    def _edges_of(self, giver: str) -> dict[str, Edge]:
        """Return the cheapest hand-over to each member that can take one."""
        edges: dict[str, Edge] = {}
        for kind in sorted(self._held[giver], key=str):
            topic, home = kind
            for taker in self._readers[topic]:
                cost = (home == giver) - (home == taker)
                if taker != giver and (taker not in edges or cost < edges[taker][0]):
                    edges[taker] = (cost, kind)
        return edges

    def _costs(self, edges: Mapping[str, Mapping[str, Edge]]) -> Iterator[tuple[str, str, int]]:
        for giver, takers in edges.items():
            count = self._count[giver]
            if count:
                yield OUTSIDE, giver, (1 - 2 * count) * self._unit
            yield giver, OUTSIDE, (1 + 2 * count) * self._unit
            for taker, (cost, _) in takers.items():
                yield giver, taker, cost

    def _cheaper_cycle(
        self, edges: Mapping[str, Mapping[str, Edge]], steps_max: int
    ) -> tuple[list[tuple[str, str]], int]:
        """Return the hand-overs of a cycle that makes the whole cheaper, and the steps it took.

        Bellman and Ford's search from everywhere at once: once a node comes before itself in
        the chain of predecessors, that chain is such a cycle; if nothing changes, there is none.
        """
        costs = list(self._costs(edges))
        reached = dict.fromkeys([OUTSIDE, *self._members], 0)
        before: dict[str, str] = {}
        steps = 0
        changed = True
        while changed and steps < steps_max:
            changed = False
            for start, end, cost in costs:
                if reached[start] + cost < reached[end]:
                    reached[end] = reached[start] + cost
                    before[end] = start
                    changed = True
            steps += len(costs)
            cycle = _cycle_in(before) if changed else []
            if cycle:
                return cycle, steps
        return [], steps


def _cycle_in(before: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the edges of a cycle of predecessors; empty if there is none."""
    seen: dict[str, str] = {}
    for start in before:
        node: str | None = start
        while node is not None and node not in seen:
            seen[node] = start
            node = before.get(node)
        if node is not None and seen[node] == start:
            cycle = [(before[node], node)]
            while cycle[-1][0] != node:
                cycle.append((before[cycle[-1][0]], cycle[-1][0]))
            return cycle
    return []
