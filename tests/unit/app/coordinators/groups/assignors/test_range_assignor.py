from hypothesis import given

from app.coordinators.groups.assignors.member import Member
from app.coordinators.groups.assignors.range_assignor import assign_ranges
from tests.support.groups.assignments import aiokafka, check_whole, groups, kafka_python

Group = tuple[list[Member], dict[str, int]]


def test_the_first_members_have_the_longer_runs_of_each_topic() -> None:
    members = [Member(member_id=one, topics=frozenset({"s", "t"})) for one in ("b", "a")]

    found = assign_ranges(members, {"s": 3, "t": 2})

    assert found == {"a": {("s", 0), ("s", 1), ("t", 0)}, "b": {("s", 2), ("t", 1)}}


@given(groups(static=True))
def test_it_is_whole_and_what_kafka_python_assigns(group: Group) -> None:
    found = assign_ranges(*group)

    check_whole(found, *group)
    assert found == kafka_python("range", *group)


@given(groups())
def test_it_is_what_aiokafka_assigns_to_dynamic_members(group: Group) -> None:
    assert assign_ranges(*group) == aiokafka("range", *group)


@given(groups())
def test_a_topic_s_readers_differ_by_one_at_most(group: Group) -> None:
    members, known = group

    found = assign_ranges(members, known)

    for topic in known:
        sizes = [
            len([one for one in found[member.member_id] if one[0] == topic])
            for member in members
            if topic in member.topics
        ]
        assert not sizes or max(sizes) - min(sizes) <= 1
