"""Groups as an administrator sees them, through the bytes of old and new versions."""

from pathlib import Path

import pytest

from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation
from app.wire.messages.group_admin import (
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    ListGroupsRequest,
    ListGroupsResponse,
)
from tests.support.broker import Guards, guarded, running_broker
from tests.support.groups.calls import READS_T_0, SUBSCRIBED, commit, leave_all, stable_group
from tests.support.wire_calls import ask


@pytest.mark.parametrize("version", [0, 3, 4, 5, 6])
async def test_a_group_is_described_with_its_members(tmp_path: Path, version: int) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker, instance_id="i")
        request = DescribeGroupsRequest(groups=["g", "none"], include_authorized_operations=True)

        answer = await ask(broker, request, DescribeGroupsResponse, version)

        group, none = answer.groups
        assert (group.error_code, group.group_state, group.protocol_type) == (
            0,
            "Stable",
            "consumer",
        )
        assert group.protocol_data == "range"
        member = group.members[0]
        assert (member.member_id, member.client_id, member.client_host) == ("m", "c", "/127.0.0.1")
        assert (bytes(member.member_metadata), bytes(member.member_assignment)) == (
            SUBSCRIBED,
            READS_T_0,
        )
        if version >= 3:
            assert group.authorized_operations == 1 << 3 | 1 << 6 | 1 << 8
        if version >= 4:
            assert member.group_instance_id == "i"
        error = ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else ErrorCode.NONE
        assert (none.error_code, none.group_state) == (error, "Dead")


async def test_groups_are_listed_by_state_and_type(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker, "stable")
        await commit(broker, "empty", t_0=1)

        async def listed(version: int, states: list[str], types: list[str]) -> list[str]:
            request = ListGroupsRequest(states_filter=states, types_filter=types)
            answer = await ask(broker, request, ListGroupsResponse, version)
            return [one.group_id for one in answer.groups]

        assert await listed(0, [], []) == ["empty", "stable"]
        assert await listed(4, ["stable"], []) == ["stable"]
        assert await listed(5, ["Empty", "Dead"], ["Classic"]) == ["empty"]
        assert await listed(5, [], ["consumer"]) == []


async def test_only_empty_groups_are_deleted(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        request = DeleteGroupsRequest(groups_names=["g", "none"])

        refused = await ask(broker, request, DeleteGroupsResponse, 2)
        leave_all(broker)
        deleted = await ask(broker, request, DeleteGroupsResponse, 0)

        unknown = ErrorCode.GROUP_ID_NOT_FOUND
        codes = [[one.error_code for one in answer.results] for answer in (refused, deleted)]
        assert codes == [[ErrorCode.NON_EMPTY_GROUP, unknown], [0, unknown]]


async def test_who_may_not_sees_nothing_and_deletes_nothing(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as running:
        await commit(running, t_0=1)
        refused = frozenset({Operation.DESCRIBE, Operation.DELETE})
        broker = guarded(running, Guards(refused))
        error = ErrorCode.GROUP_AUTHORIZATION_FAILED

        listed = await ask(broker, ListGroupsRequest(), ListGroupsResponse, 5)
        described = await ask(
            broker, DescribeGroupsRequest(groups=["g"]), DescribeGroupsResponse, 6
        )
        deleted = await ask(
            broker, DeleteGroupsRequest(groups_names=["g"]), DeleteGroupsResponse, 2
        )

        assert (listed.error_code, listed.groups) == (0, [])
        assert described.groups[0].error_code == error
        assert deleted.results[0].error_code == error


async def test_a_group_that_is_named_again_is_described_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        request = DescribeGroupsRequest(groups=["g", "none", "g"])

        answer = await ask(broker, request, DescribeGroupsResponse, 5)

        assert [one.group_id for one in answer.groups] == ["g", "none"]
