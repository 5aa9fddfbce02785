from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.groups.assignors.member import Member
from app.coordinators.groups.assignors.sticky import (
    assign_cooperatively,
    assign_sticky,
    holders,
)
from tests.support.groups.assignments import (
    Given,
    aiokafka,
    check_read,
    check_whole,
    groups,
    imbalance,
    kafka_python,
    kept,
)

Group = tuple[list[Member], dict[str, int]]


def taken(members: list[Member], found: Given) -> list[Member]:
    """Return the members as they join next, with what they were given."""
    return [
        replace(one, held=frozenset(found[one.member_id]), generation=one.generation + 1)
        for one in members
    ]


def claim(member_id: str, generation: int) -> Member:
    return Member(
        member_id=member_id,
        topics=frozenset("t"),
        held=frozenset({("t", 0)}),
        generation=generation,
    )


@given(groups())
def test_it_is_whole(group: Group) -> None:
    check_whole(assign_sticky(*group), *group)


@given(groups(alike=True))
def test_members_who_read_the_same_differ_by_one_at_most(group: Group) -> None:
    sizes = [len(one) for one in assign_sticky(*group).values()]

    assert max(sizes) - min(sizes) <= 1


@given(groups())
def test_nothing_moves_when_nothing_has_changed(group: Group) -> None:
    members, known = group
    found = assign_sticky(members, known)

    assert assign_sticky(taken(members, found), known) == found


@given(groups(alike=True), st.integers(0, 6))
def test_when_a_member_goes_the_others_keep_all_they_have(group: Group, gone: int) -> None:
    members, known = group
    found = assign_sticky(members, known)
    left = taken(members, found)
    if len(left) > 1:
        left.pop(gone % len(left))

    after = assign_sticky(left, known)

    for member in left:
        assert after[member.member_id] >= found[member.member_id]


@pytest.mark.parametrize("other", [kafka_python, aiokafka])
@given(group=groups())
def test_it_is_as_balanced_and_as_sticky_as_others_at_least(other, group: Group) -> None:  # type: ignore[no-untyped-def]
    found, theirs = assign_sticky(*group), other("sticky", *group)

    check_whole(theirs, *group)
    assert imbalance(found) <= imbalance(theirs)
    if imbalance(found) == imbalance(theirs):
        assert kept(found, group[0]) >= kept(theirs, group[0])


@given(groups())
def test_cooperative_members_are_never_handed_what_another_still_holds(group: Group) -> None:
    members, known = group

    found = assign_cooperatively(members, known)

    check_read(found, members)
    for member in members:
        for other in members:
            if other is not member:
                assert not found[member.member_id] & other.held
    assert kept(found, members) >= kept(kafka_python("cooperative-sticky", *group), members) or (
        imbalance(assign_sticky(*group)) < imbalance(kafka_python("sticky", *group))
    )


@given(groups())
def test_cooperative_members_have_everything_after_the_second_rebalance(group: Group) -> None:
    members, known = group
    aim = assign_sticky(members, known)

    first = assign_cooperatively(members, known)
    second = assign_cooperatively(taken(members, first), known)

    check_whole(second, members, known)
    assert imbalance(second) == imbalance(aim)
    for member in members:
        assert second[member.member_id] >= first[member.member_id]
        assert first[member.member_id] >= aim[member.member_id] & member.held


def test_the_newer_of_two_claims_counts_and_of_two_alike_neither() -> None:
    assert holders([claim("a", 3), claim("b", 4)]) == {("t", 0): "b"}
    assert holders([claim("a", 4), claim("b", 4)]) == {}


def test_a_partition_that_two_claim_alike_is_given_to_nobody_until_both_have_let_go() -> None:
    members = [claim("a", 4), claim("b", 4)]

    first = assign_cooperatively(members, {"t": 1})
    second = assign_cooperatively(taken(members, first), {"t": 1})

    assert first == {"a": set(), "b": set()}
    assert second == {"a": {("t", 0)}, "b": set()}


def test_claims_that_cannot_be_are_passed_over() -> None:
    held = frozenset({("t", 7), ("t", -1), ("gone", 0), ("unread", 0)})
    member = Member(member_id="a", topics=frozenset("t"), held=held, generation=1)

    assert assign_sticky([member], {"t": 1, "unread": 1}) == {"a": {("t", 0)}}
