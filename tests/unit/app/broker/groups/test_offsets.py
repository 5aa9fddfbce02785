"""Committed offsets: what concerns a topic refuses its partitions, what concerns the group all."""

from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    GroupAuthorizationFailed,
    GroupIdNotFound,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.groups.offsets import commit_offsets, delete_offsets, fetch_offsets
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offsets import CommittedOffset
from app.security.acls import Operation, Resource, ResourceType, topic
from app.security.principal import ANONYMOUS, Principal
from tests.support.broker import Guards, guarded
from tests.support.groups.calls import committing, stable_group
from tests.support.security.audited import FakeAudit

UNKNOWN = UnknownTopicOrPartition.code


class RefusesTopics(Guards):
    """Refuses what is asked of topics, and nothing of groups."""

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Refuse topics."""
        super().authorize(principal, operation, resource)
        return resource.kind is not ResourceType.TOPIC


def offsets(context: BrokerContext, *partitions: tuple[str, int]) -> list[tuple[int, int]]:
    found = fetch_offsets(context, ANONYMOUS, "g", partitions or None)
    return [(one.offset, one.error_code) for one in found.values()]


async def test_partitions_that_are_not_there_are_refused_alone(context: BrokerContext) -> None:
    outcomes = await commit_offsets(context, ANONYMOUS, committing(t_0=5, t_2=6, none_0=7))

    assert outcomes == {("t", 0): 0, ("t", 2): UNKNOWN, ("none", 0): UNKNOWN}
    assert offsets(context, ("t", 0), ("t", 1)) == [(5, 0), (-1, 0)]
    assert offsets(context) == [(5, 0)]


async def test_what_the_group_refuses_is_refused_for_all_that_was_left(
    context: BrokerContext,
) -> None:
    await stable_group(context)

    outcomes = await commit_offsets(context, ANONYMOUS, committing(t_0=5, none_0=7))

    assert outcomes == {("t", 0): ErrorCode.UNKNOWN_MEMBER_ID, ("none", 0): UNKNOWN}


async def test_topics_that_one_may_not_see_are_refused_or_left_out(context: BrokerContext) -> None:
    await commit_offsets(context, ANONYMOUS, committing(t_0=5))
    audit = FakeAudit()
    broker = replace(guarded(context, RefusesTopics()), audit=audit)
    refused = TopicAuthorizationFailed.code

    assert await commit_offsets(broker, ANONYMOUS, committing(t_0=9)) == {("t", 0): refused}
    assert await delete_offsets(broker, ANONYMOUS, "g", [("t", 0)]) == {("t", 0): refused}
    audit.noted.clear()
    assert offsets(broker, ("t", 0)) == [(-1, refused)]
    assert offsets(broker) == []
    denied = [(one.operation, one.resource) for one in audit.noted]
    assert denied == [(Operation.DESCRIBE, topic("t"))]  # a list leaves it out, and refuses nothing
    assert offsets(context) == [(5, 0)]


async def test_each_verb_asks_for_its_operation_on_the_group(context: BrokerContext) -> None:
    refused = frozenset({Operation.READ, Operation.DESCRIBE, Operation.DELETE})
    guards = Guards(refused)
    broker = guarded(context, guards)

    with pytest.raises(GroupAuthorizationFailed):
        await commit_offsets(broker, ANONYMOUS, committing(t_0=1))
    with pytest.raises(GroupAuthorizationFailed):
        fetch_offsets(broker, ANONYMOUS, "g", None)
    with pytest.raises(GroupAuthorizationFailed):
        await delete_offsets(broker, ANONYMOUS, "g", [])

    asked = [(one, "g") for one in (Operation.READ, Operation.DESCRIBE, Operation.DELETE)]
    assert guards.asked == asked


async def test_offsets_are_deleted_and_an_unknown_group_refuses(context: BrokerContext) -> None:
    with pytest.raises(GroupIdNotFound):
        await delete_offsets(context, ANONYMOUS, "g", [("t", 0)])
    await commit_offsets(context, ANONYMOUS, committing(t_0=5))

    outcomes = await delete_offsets(context, ANONYMOUS, "g", [("t", 0), ("t", 9)])

    assert outcomes == {("t", 0): 0, ("t", 9): UNKNOWN}
    assert offsets(context) == []


async def test_what_a_transaction_may_still_change_is_not_stable(context: BrokerContext) -> None:
    await commit_offsets(context, ANONYMOUS, committing(t_0=5, t_1=6))
    group = context.groups.group("g")
    assert not isinstance(group, ErrorCode)
    later = CommittedOffset(offset=9, commit_timestamp_ms=1)
    group.offsets.put_pending(4, ("t", 0), later)

    found = fetch_offsets(context, ANONYMOUS, "g", None, require_stable=True)

    codes = {at: one.error_code for at, one in found.items()}
    assert codes == {("t", 0): ErrorCode.UNSTABLE_OFFSET_COMMIT, ("t", 1): 0}
    assert offsets(context) == [(5, 0), (6, 0)]
