"""What members ask, and who may ask it."""

from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import CoordinatorNotAvailable, GroupAuthorizationFailed
from app.broker.groups.members import (
    consumer_heartbeat,
    find_coordinator,
    heartbeat,
    join_group,
    leave_group,
    sync_group,
)
from app.coordinators.groups.commands import Heartbeat, Leaving
from app.coordinators.groups.consumer_protocol.model import JOINING_EPOCH, MemberHeartbeat
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation, Resource, group, topic
from app.security.audit.event import Category
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded
from tests.support.groups.calls import READS_T_0, joining, syncing
from tests.support.security.audited import FakeAudit

NONE = ErrorCode.NONE


async def test_a_member_lives_by_the_verbs(context: BrokerContext) -> None:
    guards = Guards()
    broker = guarded(context, guards)

    found = await find_coordinator(broker, ANONYMOUS, "g")
    joined = await join_group(broker, ANONYMOUS, "g", joining())
    synced = await sync_group(broker, ANONYMOUS, "g", syncing(joined, m=READS_T_0))
    beat = heartbeat(broker, ANONYMOUS, "g", Heartbeat(member_id="m", generation=1))
    left = leave_group(broker, ANONYMOUS, "g", [Leaving(member_id="m"), Leaving(member_id="x")])

    assert (found.node_id, joined.error, synced.assignment, beat) == (1, NONE, READS_T_0, NONE)
    assert left == (NONE, ErrorCode.UNKNOWN_MEMBER_ID)
    assert guards.asked == [(Operation.DESCRIBE, "g")] + [(Operation.READ, "g")] * 4


async def test_who_may_not_read_is_refused_before_anything_is_made(context: BrokerContext) -> None:
    audit = FakeAudit()
    broker = guarded(context, Guards(frozenset({Operation.READ, Operation.DESCRIBE})))
    broker = replace(broker, audit=audit)
    refused = ErrorCode.GROUP_AUTHORIZATION_FAILED

    with pytest.raises(GroupAuthorizationFailed):
        await find_coordinator(broker, ANONYMOUS, "g")
    joined = await join_group(broker, ANONYMOUS, "g", joining("m"))
    synced = await sync_group(broker, ANONYMOUS, "g", syncing(joined))
    beat = heartbeat(broker, ANONYMOUS, "g", Heartbeat(member_id="m", generation=1))
    left = leave_group(broker, ANONYMOUS, "g", [])

    assert {joined.error, synced.error, beat, left} == {refused}
    assert joined.member_id == "m"
    assert "__consumer_offsets" not in context.image.topics
    told = [(one.category, one.operation, one.resource) for one in audit.noted]
    denied = Category.DENIED
    assert told[0] == (denied, Operation.DESCRIBE, group("g"))
    assert told[1:] == [(denied, Operation.READ, group("g"))] * 4


@pytest.mark.parametrize(
    ("operation", "error", "resource"),
    [
        (Operation.READ, ErrorCode.GROUP_AUTHORIZATION_FAILED, group("g")),
        (Operation.DESCRIBE, ErrorCode.TOPIC_AUTHORIZATION_FAILED, topic("t")),
    ],
)
async def test_what_a_member_of_a_consumer_group_may_not_is_written_down(
    context: BrokerContext, operation: Operation, error: ErrorCode, resource: Resource
) -> None:
    audit = FakeAudit()
    broker = replace(guarded(context, Guards(frozenset({operation}))), audit=audit)
    joins = MemberHeartbeat(member_id="m", epoch=JOINING_EPOCH, topics=("t",))

    reply = await consumer_heartbeat(broker, ANONYMOUS, "g", joins)

    assert reply.error == error
    assert [(one.operation, one.resource) for one in audit.noted] == [(operation, resource)]


async def test_a_group_without_a_coordinator_is_refused(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_group_id: str) -> ErrorCode:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE

    monkeypatch.setattr(context.groups, "find", away)

    with pytest.raises(CoordinatorNotAvailable, match="'g'"):
        await find_coordinator(context, ANONYMOUS, "g")
