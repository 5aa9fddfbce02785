"""The protocol of KIP-848 through its bytes, beside the classic one, and across a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.topics import NewTopic, create_topic
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from app.wire.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedConsumerGroup,
)
from app.wire.messages.group_admin import (
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    ListGroupsRequest,
    ListGroupsResponse,
)
from app.wire.messages.group_offsets import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchResponse,
)
from tests.support.broker import Guards, guarded, running_broker
from tests.support.groups.calls import committing, leave_all, stable_group, until_loaded
from tests.support.wire_calls import ask

JOIN = ConsumerGroupHeartbeatRequest(
    group_id="g",
    member_id="m",
    rebalance_timeout_ms=60_000,
    subscribed_topic_names=["t"],
    topic_partitions=[],
)
LEAVE = ConsumerGroupHeartbeatRequest(group_id="g", member_id="m", member_epoch=-1)


async def beat(
    broker: BrokerContext, request: ConsumerGroupHeartbeatRequest, version: int = 1
) -> ConsumerGroupHeartbeatResponse:
    return await ask(broker, request, ConsumerGroupHeartbeatResponse, version)


async def described(broker: BrokerContext) -> DescribedConsumerGroup:
    request = ConsumerGroupDescribeRequest(group_ids=["g", "g"])  # and is told once
    (group,) = (await ask(broker, request, ConsumerGroupDescribeResponse, 1)).groups
    return group


def numbers(answer: ConsumerGroupHeartbeatResponse) -> list[int]:
    assert answer.assignment is not None
    return [number for one in answer.assignment.topic_partitions for number in one.partitions]


async def test_a_member_joins_is_described_and_leaves(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        joined = await beat(broker, JOIN)
        group = await described(broker)
        left = await beat(broker, LEAVE)
        after = await described(broker)

    assert (joined.error_code, joined.member_epoch, numbers(joined)) == (0, 1, [0, 1])
    (member,) = group.members
    (has,) = member.assignment.topic_partitions
    assert (group.group_state, group.group_epoch, group.assignor_name) == ("Stable", 1, "uniform")
    assert (member.member_id, member.member_epoch, has.topic_name) == ("m", 1, "t")
    assert member.target_assignment == member.assignment
    assert (left.error_code, left.member_epoch) == (0, -1)
    assert (after.group_state, after.members) == ("Empty", [])


async def test_a_restart_brings_back_members_epochs_and_what_they_have(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await beat(broker, JOIN)
        before = await described(broker)

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        again = await beat(broker, replace(LEAVE, member_epoch=1))
        after = await described(broker)

    assert (again.error_code, again.member_epoch, again.assignment) == (0, 1, None)
    assert after == before


async def test_offsets_are_the_members_of_the_epoch(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await beat(broker, JOIN)
        stale = await broker.groups.offsets.commit(committing("g", "m", 0, t_0=7))
        unknown = await broker.groups.offsets.commit(committing("g", "x", 1, t_0=7))
        await broker.groups.offsets.commit(committing("g", "m", 1, t_0=5))
        errors = []
        for member_id, epoch in (("m", 1), ("m", 0), ("x", 1)):
            group = OffsetFetchRequestGroup(
                group_id="g", member_id=member_id, member_epoch=epoch, topics=None
            )
            request = OffsetFetchRequest(groups=[group])
            answer = (await ask(broker, request, OffsetFetchResponse, 9)).groups[0]
            found = [one.committed_offset for some in answer.topics for one in some.partitions]
            errors.append((answer.error_code, found))

    assert (stale, unknown) == (ErrorCode.STALE_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID)
    assert errors == [
        (0, [5]),
        (ErrorCode.STALE_MEMBER_EPOCH, []),
        (ErrorCode.UNKNOWN_MEMBER_ID, []),
    ]


async def test_a_group_is_described_by_the_api_of_its_kind_only(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        not_consumer = await described(broker)
        upgraded = await beat(broker, replace(JOIN, member_id="n"))
        mixed = await described(broker)
        await beat(broker, replace(LEAVE, member_id="n"))
        leave_all(broker)
        taken = await beat(broker, JOIN)
        listed = await ask(broker, ListGroupsRequest(), ListGroupsResponse, 5)
        request = DescribeGroupsRequest(groups=["g"])
        classic = await ask(broker, request, DescribeGroupsResponse, 6)
        await beat(broker, LEAVE)
        joined, _ = await stable_group(broker)

    not_found = ErrorCode.GROUP_ID_NOT_FOUND
    assert (not_consumer.error_code, upgraded.error_code, taken.error_code) == (not_found, 0, 0)
    assert {one.member_id: one.member_type for one in mixed.members} == {"m": 0, "n": 1}
    assert [(one.group_type, one.group_state) for one in listed.groups] == [("consumer", "Stable")]
    assert classic.groups[0].error_code == not_found
    assert joined.error is ErrorCode.NONE


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (replace(JOIN, group_id=""), ErrorCode.INVALID_REQUEST),
        (replace(JOIN, member_id=""), ErrorCode.INVALID_REQUEST),
        (replace(JOIN, server_assignor="x"), ErrorCode.UNSUPPORTED_ASSIGNOR),
        (replace(JOIN, subscribed_topic_regex="t("), ErrorCode.INVALID_REGULAR_EXPRESSION),
        (replace(JOIN, subscribed_topic_regex="(t)\\1"), ErrorCode.INVALID_REGULAR_EXPRESSION),
        (replace(LEAVE, member_epoch=3), ErrorCode.GROUP_ID_NOT_FOUND),
        (LEAVE, ErrorCode.GROUP_ID_NOT_FOUND),
    ],
)
async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, request_: ConsumerGroupHeartbeatRequest, error: ErrorCode
) -> None:
    async with running_broker(tmp_path) as broker:
        assert (await beat(broker, request_)).error_code == error


BY_PATTERN = replace(JOIN, subscribed_topic_names=None, subscribed_topic_regex="t.*")


async def test_a_pattern_follows_the_topics_and_a_restart(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        joined = await beat(broker, BY_PATTERN)
        await create_topic(broker, ANONYMOUS, NewTopic(name="tt"))
        later = await beat(broker, replace(LEAVE, member_epoch=joined.member_epoch))
    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        await create_topic(broker, ANONYMOUS, NewTopic(name="ttt"))
        last = await beat(broker, replace(LEAVE, member_epoch=later.member_epoch))
        (member,) = (await described(broker)).members

    found = [
        len(one.assignment.topic_partitions)
        for one in (joined, later, last)
        if one.assignment is not None
    ]
    assert found == [1, 2, 3]
    assert (member.subscribed_topic_names, member.subscribed_topic_regex) == ([], "t.*")


async def test_a_pattern_matches_what_its_member_may_describe(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        refusing = guarded(broker, Guards(refused=frozenset({Operation.DESCRIBE})))
        joined = await beat(refusing, BY_PATTERN)

    assert joined.error_code == 0
    assert numbers(joined) == []


async def test_version_0_lets_the_server_choose_the_member_id(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        joined = await beat(broker, replace(JOIN, member_id=""), version=0)

    assert joined.error_code == 0
    assert joined.member_id


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (Operation.READ, ErrorCode.GROUP_AUTHORIZATION_FAILED),
        (Operation.DESCRIBE, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    ],
)
async def test_a_member_needs_read_on_the_group_and_describe_on_topics(
    tmp_path: Path, operation: Operation, error: ErrorCode
) -> None:
    async with running_broker(tmp_path) as broker:
        refusing = guarded(broker, Guards(refused=frozenset({operation})))

        assert (await beat(refusing, JOIN)).error_code == error
