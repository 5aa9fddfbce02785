"""Server-side assignors: who shall read which partition.

Invariants:
    Every partition of a topic that somebody reads is given to exactly one of its readers.
    The same input leads to the same output.
Called by: consumer_group. Calls: nothing (no clock, no randomness).
Source: KIP-848, "Server-side mode"; Kafka's ``RangeAssignor`` and ``UniformAssignor``.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    Held,
    Partitions,
    Topic,
    TopicsByName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One member, as assignors see it."""

    instance_id: str | None = None
    topics: tuple[str, ...]
    before: Partitions = NOTHING
    """Its target so far."""


Readers = Mapping[str, Reader]
Assignments = dict[str, Partitions]


def assign_range(readers: Readers, topics: TopicsByName) -> Assignments:
    """Give each reader of a topic a range of its partitions; the first ones get one more.

    Topics with the same readers and as many partitions are divided alike, so equal keys meet.
    Static members keep their place among the readers, whatever their member id.
    """
    given: dict[str, set[Held]] = {one: set() for one in readers}
    for name, members in _by_topic(readers, topics).items():
        topic = topics[name]
        members.sort(key=lambda one: _place(one, readers[one]))
        size, more = divmod(topic.partitions, len(members))
        first = 0
        for number, member in enumerate(members):
            last = first + size + (number < more)
            given[member].update((topic.topic_id, one) for one in range(first, last))
            first = last
    return {member: frozenset(some) for member, some in given.items()}


def assign_uniform(readers: Readers, topics: TopicsByName) -> Assignments:
    """Give readers as equally many partitions as their topics allow, and move few of them."""
    by_topic = {topics[name].topic_id: some for name, some in _by_topic(readers, topics).items()}
    given = _kept(readers, topics)
    taken: set[Held] = set().union(*given.values())
    for topic_id, members in by_topic.items():
        topic = next(topics[name] for name in topics if topics[name].topic_id == topic_id)
        _fill(topic, members, given, taken)
    while _level(by_topic, given):
        pass
    return {member: frozenset(some) for member, some in given.items()}


ASSIGNORS: Mapping[str, Callable[[Readers, TopicsByName], Assignments]] = {
    "uniform": assign_uniform,
    "range": assign_range,
}
"""By name; the first is taken when members do not choose (``group.consumer.assignors``)."""

DEFAULT_ASSIGNOR = next(iter(ASSIGNORS))


def _by_topic(readers: Readers, topics: TopicsByName) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member in sorted(readers):
        for name in readers[member].topics:
            if name in topics:
                found.setdefault(name, []).append(member)
    return dict(sorted(found.items()))


def _place(member_id: str, reader: Reader) -> tuple[bool, str]:
    return reader.instance_id is None, reader.instance_id or member_id


def _kept(readers: Readers, topics: TopicsByName) -> dict[str, set[Held]]:
    """Return what members may keep: of topics that they still read, and nobody had before them."""
    kept: dict[str, set[Held]] = {}
    taken: set[Held] = set()
    for member in sorted(readers):
        reader = readers[member]
        sizes = {
            topics[name].topic_id: topics[name].partitions
            for name in reader.topics
            if name in topics
        }
        kept[member] = {
            one for one in reader.before if one not in taken and one[1] < sizes.get(one[0], 0)
        }
        taken |= kept[member]
    return kept


def _fill(
    topic: Topic, members: Iterable[str], given: dict[str, set[Held]], taken: set[Held]
) -> None:
    """Give what nobody has to whoever has least."""
    queue = [(len(given[one]), one) for one in members]
    heapq.heapify(queue)
    for partition in range(topic.partitions):
        if (topic.topic_id, partition) not in taken:
            _, member = queue[0]
            given[member].add((topic.topic_id, partition))
            heapq.heapreplace(queue, (len(given[member]), member))


def _level(by_topic: Mapping[str, list[str]], given: dict[str, set[Held]]) -> bool:
    """Move partitions from those who have two more than another reader; return if any moved.

    Ends: each move makes the sum of the squares smaller.
    """
    moved = False
    for member in sorted(given, key=lambda one: (-len(given[one]), one)):
        for topic_id in sorted({topic_id for topic_id, _ in given[member]}):
            mine = sorted(one for one in given[member] if one[0] == topic_id)
            queue = [(len(given[one]), one) for one in by_topic[topic_id] if one != member]
            heapq.heapify(queue)
            while mine and queue and len(given[member]) - queue[0][0] >= 2:
                one = mine.pop()
                _, other = queue[0]
                given[member].remove(one)
                given[other].add(one)
                heapq.heapreplace(queue, (len(given[other]), other))
                moved = True
    return moved
