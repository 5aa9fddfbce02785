"""Groups as their keepers see them."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import GroupAuthorizationFailed, GroupIdNotFound, NonEmptyGroup
from app.broker.groups.admin import delete_group, describe_group, list_groups
from app.coordinators.groups.model import GroupState
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded
from tests.support.groups.calls import commit, joining, leave_all, stable_group


async def test_a_stable_group_shows_its_members_and_what_they_have(context: BrokerContext) -> None:
    await stable_group(context)

    found = describe_group(context, ANONYMOUS, "g")

    assert (found.state, found.protocol_name, found.is_simple) == (
        GroupState.STABLE,
        "range",
        False,
    )
    assert [one.partitions for one in found.members] == [[("t", 0)]]


async def test_a_group_in_between_shows_no_assignments(context: BrokerContext) -> None:
    await context.groups.join("g", joining())

    found = describe_group(context, ANONYMOUS, "g")

    assert (found.state, found.protocol_name) == (GroupState.COMPLETING_REBALANCE, "")
    member = found.members[0]
    assert (member.metadata, member.assignment, member.partitions) == (b"", b"", [])


async def test_a_group_that_only_commits_is_simple_and_empty(context: BrokerContext) -> None:
    await commit(context, t_0=1)

    found = describe_group(context, ANONYMOUS, "g")

    assert (found.state, found.is_simple, found.members) == (GroupState.EMPTY, True, ())


async def test_one_sees_the_groups_that_one_may_see(context: BrokerContext) -> None:
    await commit(context, t_0=1)
    guards = Guards(frozenset({Operation.DESCRIBE}))

    assert [one.group_id for one in list_groups(context, ANONYMOUS)] == ["g"]
    assert list_groups(guarded(context, guards), ANONYMOUS) == []
    asked = [(Operation.DESCRIBE, "kafka-cluster"), (Operation.DESCRIBE, "g")]
    assert guards.asked == asked
    with pytest.raises(GroupAuthorizationFailed):
        describe_group(guarded(context, guards), ANONYMOUS, "g")


async def test_only_an_empty_group_is_deleted(context: BrokerContext) -> None:
    await stable_group(context)
    with pytest.raises(NonEmptyGroup):
        await delete_group(context, ANONYMOUS, "g")
    leave_all(context)

    await delete_group(context, ANONYMOUS, "g")

    with pytest.raises(GroupIdNotFound):
        describe_group(context, ANONYMOUS, "g")
    with pytest.raises(GroupIdNotFound):
        await delete_group(context, ANONYMOUS, "g")
    broker = guarded(context, Guards(frozenset({Operation.DELETE})))
    with pytest.raises(GroupAuthorizationFailed):
        await delete_group(broker, ANONYMOUS, "g")
