"""Who shall read which partition."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.groups.consumer_protocol.assignors import (
    ASSIGNORS,
    Assignments,
    Reader,
    assign_range,
    assign_uniform,
)
from app.coordinators.groups.consumer_protocol.model import Topic

NAMES = ("a", "b", "c")
topics = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9)).map(
    lambda sizes: {one: Topic(topic_id=one, partitions=size) for one, size in sizes.items()}
)
held = st.frozensets(st.tuples(st.sampled_from((*NAMES, "gone")), st.integers(0, 12)))
readers = st.dictionaries(
    st.text("xyz", min_size=1, max_size=2),
    st.builds(
        Reader,
        topics=st.sets(st.sampled_from(NAMES)).map(lambda some: tuple(sorted(some))),
        before=held,
    ),
    min_size=1,
    max_size=6,
)
T = {"t": Topic(topic_id="t", partitions=5)}


@pytest.mark.parametrize("name", ASSIGNORS)
@given(readers=readers, topics=topics)
def test_every_partition_that_is_read_has_one_reader_who_reads_its_topic(
    name: str, readers: dict[str, Reader], topics: dict[str, Topic]
) -> None:
    given_out = ASSIGNORS[name](readers, topics)

    owners = Counter(one for some in given_out.values() for one in some)
    read = {one for reader in readers.values() for one in reader.topics}
    wanted = {(one, n) for one in read & topics.keys() for n in range(topics[one].partitions)}
    assert owners == Counter(wanted)
    assert given_out.keys() == readers.keys()
    for member, some in given_out.items():
        assert {topic_id for topic_id, _ in some} <= set(readers[member].topics)


@given(readers=readers, topics=topics)
def test_uniform_leaves_no_better_place_for_any_partition(
    readers: dict[str, Reader], topics: dict[str, Topic]
) -> None:
    given_out = assign_uniform(readers, topics)

    for some, other in product(given_out.values(), given_out):
        could_move = any(topic_id in readers[other].topics for topic_id, _ in some)
        assert not could_move or len(some) - len(given_out[other]) <= 1


@given(readers=readers, topics=topics)
def test_uniform_moves_nothing_when_nothing_has_changed(
    readers: dict[str, Reader], topics: dict[str, Topic]
) -> None:
    first = assign_uniform(readers, topics)
    again = {
        member: Reader(topics=one.topics, before=first[member]) for member, one in readers.items()
    }

    assert assign_uniform(again, topics) == first


def numbers(assignments: Assignments) -> dict[str, list[int]]:
    return {member: sorted(number for _, number in some) for member, some in assignments.items()}


def test_range_gives_the_first_ones_more_and_static_members_their_place() -> None:
    readers = {
        "z": Reader(topics=("t",), instance_id="1"),
        "b": Reader(topics=("t",)),
        "a": Reader(topics=("t",)),
    }

    assert numbers(assign_range(readers, T)) == {"z": [0, 1], "a": [2, 3], "b": [4]}


def test_uniform_takes_a_newcomer_s_share_from_those_who_have_most() -> None:
    readers = {
        "a": Reader(topics=("t",), before=frozenset({("t", 0), ("t", 1), ("t", 2)})),
        "b": Reader(topics=("t",), before=frozenset({("t", 3), ("t", 4)})),
        "c": Reader(topics=("t",)),
    }

    assert numbers(assign_uniform(readers, T)) == {"a": [0, 1], "b": [3, 4], "c": [2]}
