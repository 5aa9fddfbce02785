"""What a member does with answers, and what an assignment changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.membership.rebalance import (
    Reaction,
    after_joining,
    before_joining,
    other_assignors,
    reaction,
)
from app.consumers.model import TopicPartition
from app.coordinators.groups.error_codes import ErrorCode

partitions = st.sets(st.builds(TopicPartition, st.sampled_from("ab"), st.integers(0, 3)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ErrorCode.NONE, Reaction.GO_ON),
        (ErrorCode.REBALANCE_IN_PROGRESS, Reaction.JOIN_AGAIN),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, Reaction.JOIN_LATER),
        (ErrorCode.UNKNOWN_MEMBER_ID, Reaction.JOIN_ANEW),
        (ErrorCode.ILLEGAL_GENERATION, Reaction.JOIN_ANEW),
        (ErrorCode.FENCED_INSTANCE_ID, Reaction.FENCED),
        (ErrorCode.INCONSISTENT_GROUP_PROTOCOL, Reaction.TRY_ANOTHER_ASSIGNOR),
        (ErrorCode.GROUP_MAX_SIZE_REACHED, Reaction.REFUSED),
        (ErrorCode.GROUP_AUTHORIZATION_FAILED, Reaction.REFUSED),
    ],
)
def test_every_answer_has_its_reaction(error: ErrorCode, expected: Reaction) -> None:
    assert reaction(error) is expected


@given(partitions, partitions, st.booleans())
def test_after_its_changes_a_member_holds_what_it_was_given(
    held: set[TopicPartition], assigned: set[TopicPartition], is_cooperative: bool
) -> None:
    given_up = set(before_joining(held, is_cooperative=is_cooperative))
    assert given_up == (set() if is_cooperative else held)
    left = held - given_up

    change = after_joining(left, assigned, is_cooperative=is_cooperative)

    assert (left - set(change.revoked)) | set(change.added) == assigned
    assert set(change.added).isdisjoint(left)
    assert change.joins_again == (is_cooperative and bool(left - assigned))


def test_only_the_default_assignors_give_way() -> None:
    eager, cooperative = ("sticky", "range", "roundrobin"), ("cooperative-sticky",)

    assert other_assignors(eager, eager) == cooperative
    assert other_assignors(cooperative, eager) == eager
    assert other_assignors(("range",), ("range",)) is None
    assert other_assignors(cooperative, cooperative) is None
