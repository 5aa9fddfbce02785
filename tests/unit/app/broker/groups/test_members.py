"""What members ask, and who may ask it."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import CoordinatorNotAvailable, GroupAuthorizationFailed
from app.broker.groups.members import (
    find_coordinator,
    heartbeat,
    join_group,
    leave_group,
    sync_group,
)
from app.coordinators.groups.commands import Heartbeat, Leaving
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded
from tests.support.groups.calls import READS_T_0, joining, syncing

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
    broker = guarded(context, Guards(frozenset({Operation.READ, Operation.DESCRIBE})))
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


async def test_a_group_without_a_coordinator_is_refused(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_group_id: str) -> ErrorCode:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE

    monkeypatch.setattr(context.groups, "find", away)

    with pytest.raises(CoordinatorNotAvailable, match="'g'"):
        await find_coordinator(context, ANONYMOUS, "g")
