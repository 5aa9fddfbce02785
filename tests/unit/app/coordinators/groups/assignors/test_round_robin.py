from hypothesis import given

from app.coordinators.groups.assignors.member import Member
from app.coordinators.groups.assignors.round_robin import assign_in_turn
from tests.support.groups.assignments import aiokafka, check_whole, groups, kafka_python

Group = tuple[list[Member], dict[str, int]]


def test_partitions_are_dealt_out_over_the_topics_borders() -> None:
    members = [Member(member_id=one, topics=frozenset({"s", "t"})) for one in ("b", "a")]

    found = assign_in_turn(members, {"s": 3, "t": 2})

    assert found == {"a": {("s", 0), ("s", 2), ("t", 1)}, "b": {("s", 1), ("t", 0)}}


@given(groups(static=True))
def test_it_is_whole(group: Group) -> None:
    check_whole(assign_in_turn(*group), *group)


@given(groups(alike=True, static=True))
def test_it_is_what_kafka_python_assigns_where_it_passes_nobody_over(group: Group) -> None:
    assert assign_in_turn(*group) == kafka_python("roundrobin", *group)


@given(groups())
def test_it_is_what_aiokafka_assigns_to_dynamic_members(group: Group) -> None:
    assert assign_in_turn(*group) == aiokafka("roundrobin", *group)


@given(groups(alike=True))
def test_members_who_read_the_same_differ_by_one_at_most(group: Group) -> None:
    sizes = [len(one) for one in assign_in_turn(*group).values()]

    assert max(sizes) - min(sizes) <= 1
