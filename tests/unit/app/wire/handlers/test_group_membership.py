"""A consumer's life in a group, through the bytes of old and new versions."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation
from app.wire.messages.coordinators import FindCoordinatorRequest, FindCoordinatorResponse
from app.wire.messages.groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberIdentity,
    SyncGroupRequest,
    SyncGroupRequestAssignment,
    SyncGroupResponse,
)
from tests.support.broker import Guards, guarded, running_broker
from tests.support.groups.calls import READS_T_0, SUBSCRIBED
from tests.support.wire_calls import ask

NONE = ErrorCode.NONE
JOIN = JoinGroupRequest(
    group_id="g",
    session_timeout_ms=30_000,
    rebalance_timeout_ms=60_000,
    protocol_type="consumer",
    protocols=[JoinGroupRequestProtocol(name="range", metadata=SUBSCRIBED)],
)


async def join(broker: BrokerContext, version: int, **more: str) -> JoinGroupResponse:
    """Join, and come back with an id if that is asked."""
    answer = await ask(broker, replace(JOIN, **more), JoinGroupResponse, version)
    if answer.error_code == ErrorCode.MEMBER_ID_REQUIRED:
        again = replace(JOIN, **{**more, "member_id": answer.member_id})
        answer = await ask(broker, again, JoinGroupResponse, version)
    return answer


async def sync(broker: BrokerContext, version: int, joined: JoinGroupResponse) -> SyncGroupResponse:
    request = SyncGroupRequest(
        group_id="g",
        generation_id=joined.generation_id,
        member_id=joined.member_id,
        assignments=[
            SyncGroupRequestAssignment(member_id=one.member_id, assignment=READS_T_0)
            for one in joined.members
        ],
    )
    return await ask(broker, request, SyncGroupResponse, version)


@pytest.mark.parametrize("versions", [(0, 0, 0, 0, 0), (4, 9, 5, 4, 5), (2, 4, 3, 2, 2)])
async def test_a_member_finds_joins_syncs_lives_and_leaves(
    tmp_path: Path, versions: tuple[int, int, int, int, int]
) -> None:
    finds, joins, syncs, beats, leaves = versions
    async with running_broker(tmp_path) as broker:
        found = await ask(
            broker,
            FindCoordinatorRequest(key="g", coordinator_keys=["g"]),
            FindCoordinatorResponse,
            finds,
        )
        place = found.coordinators[0] if finds >= 4 else found
        assert (place.error_code, place.node_id, place.host) == (NONE, 1, "127.0.0.1")

        joined = await join(broker, joins)
        synced = await sync(broker, syncs, joined)

        assert (joined.error_code, joined.generation_id) == (NONE, 1)
        assert (joined.leader, joined.protocol_name) == (joined.member_id, "range")
        assert [bytes(one.metadata) for one in joined.members] == [SUBSCRIBED]
        assert joined.member_id.startswith("tester-")
        assert (synced.error_code, bytes(synced.assignment)) == (NONE, READS_T_0)

        beat = HeartbeatRequest(group_id="g", generation_id=1, member_id=joined.member_id)
        assert (await ask(broker, beat, HeartbeatResponse, beats)).error_code == NONE
        leaving = LeaveGroupRequest(
            group_id="g",
            member_id=joined.member_id,
            members=[MemberIdentity(member_id=joined.member_id)],
        )
        left = await ask(broker, leaving, LeaveGroupResponse, leaves)
        outcomes = [one.error_code for one in left.members] if leaves >= 3 else [left.error_code]
        assert (left.error_code, outcomes) == (NONE, [NONE])
        gone = (await ask(broker, beat, HeartbeatResponse, beats)).error_code
        assert gone == ErrorCode.UNKNOWN_MEMBER_ID


async def test_two_members_share_a_generation_and_the_leader_sees_both(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        first = await join(broker, 9)
        await sync(broker, 5, first)
        second = asyncio.create_task(join(broker, 9))
        beat = HeartbeatRequest(group_id="g", generation_id=1, member_id=first.member_id)
        while (await ask(broker, beat, HeartbeatResponse, 4)).error_code == NONE:
            await asyncio.sleep(0.005)

        again = await join(broker, 9, member_id=first.member_id)
        other = await second

        assert (again.generation_id, other.generation_id) == (2, 2)
        assert again.leader == other.leader == first.member_id
        members = {one.member_id for one in again.members}
        assert members == {first.member_id, other.member_id}
        assert other.members == []


async def test_a_static_member_that_comes_back_keeps_its_place(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        first = await join(broker, 9, group_instance_id="i")
        await sync(broker, 5, first)

        back = await join(broker, 9, group_instance_id="i")

        assert (back.error_code, back.generation_id, back.skip_assignment) == (NONE, 1, True)
        assert back.member_id != first.member_id
        assert back.member_id.startswith("i-")
        beat = HeartbeatRequest(
            group_id="g", generation_id=1, member_id=first.member_id, group_instance_id="i"
        )
        fenced = (await ask(broker, beat, HeartbeatResponse, 4)).error_code
        assert fenced == ErrorCode.FENCED_INSTANCE_ID


async def test_who_may_not_read_the_group_is_refused_everywhere(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as running:
        guards = Guards(refused=frozenset({Operation.READ, Operation.DESCRIBE}))
        broker = guarded(running, guards)
        refused = ErrorCode.GROUP_AUTHORIZATION_FAILED

        found = await ask(broker, FindCoordinatorRequest(key="g"), FindCoordinatorResponse, 3)
        joined = await join(broker, 9)
        synced = await sync(broker, 5, JoinGroupResponse(member_id="m", generation_id=1))
        beat = await ask(broker, HeartbeatRequest(group_id="g"), HeartbeatResponse, 4)
        left = await ask(broker, LeaveGroupRequest(group_id="g"), LeaveGroupResponse, 5)

        codes = {one.error_code for one in (found, joined, synced, beat, left)}
        assert codes == {refused}
        asked = {(Operation.DESCRIBE, "g"), (Operation.READ, "g")}
        assert set(guards.asked) == asked
        assert (found.node_id, found.host) == (-1, "")


async def test_transactions_have_no_coordinator_here(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        request = FindCoordinatorRequest(key_type=1, coordinator_keys=["x"])

        found = await ask(broker, request, FindCoordinatorResponse, 4)

        assert found.coordinators[0].error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(("version", "name"), [(6, ""), (7, None)])
async def test_a_refused_join_has_no_protocol(
    tmp_path: Path, version: int, name: str | None
) -> None:
    async with running_broker(tmp_path) as broker:
        answer = await ask(broker, replace(JOIN, group_id=""), JoinGroupResponse, version)

        assert (answer.error_code, answer.protocol_name) == (ErrorCode.INVALID_GROUP_ID, name)
