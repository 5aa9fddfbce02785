"""Groups that change their protocol while they have members, on a real log."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.coordinators.groups.commands import Heartbeat, JoinReply, Protocol
from app.coordinators.groups.consumer_protocol.members_at_work import ConsumerGroupRules
from app.coordinators.groups.consumer_protocol.migration import MigrationPolicy
from app.coordinators.groups.consumer_protocol.model import (
    LEAVING_EPOCH,
    NOTHING,
    HeartbeatReply,
    MemberHeartbeat,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.model import GroupState, GroupType
from app.coordinators.groups.rules import GroupRules
from tests.support.broker import running_broker
from tests.support.groups.calls import (
    READS_T_0,
    SUBSCRIBED,
    committed_offset,
    committing,
    joining,
    stable_group,
    syncing,
    until_loaded,
)

RANGE = Protocol("range", SUBSCRIBED)
JOIN = MemberHeartbeat(
    member_id="n", epoch=0, rebalance_timeout_ms=60_000, topics=("t",), owned=NOTHING
)


def rules(policy: MigrationPolicy, **more: int) -> GroupRules:
    return GroupRules(
        session_timeout_ms_min=1, consumer=ConsumerGroupRules(migration=policy, **more)
    )


async def beat(broker: BrokerContext, said: MemberHeartbeat = JOIN) -> HeartbeatReply:
    return await broker.groups.consumer_heartbeat("g", said)


def heartbeat(broker: BrokerContext, generation: int) -> ErrorCode:
    return broker.groups.heartbeat("g", Heartbeat(member_id="m", generation=generation))


def kind(broker: BrokerContext) -> tuple[GroupType, GroupState]:
    group = broker.groups.group("g")
    assert not isinstance(group, ErrorCode)
    return group.type, group.state


async def rejoin(broker: BrokerContext) -> JoinReply:
    return await broker.groups.join("g", joining("m"))


async def test_a_classic_group_is_upgraded_by_the_first_member_and_downgraded_after_the_last(
    tmp_path: Path,
) -> None:
    again = ErrorCode.REBALANCE_IN_PROGRESS
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        await broker.groups.offsets.commit(committing("g", "m", 1, t_0=7))

        waits = await beat(broker)
        told, commits = heartbeat(broker, 1), committing("g", "m", 1, t_0=8)
        still_commits = await broker.groups.offsets.commit(commits)
        joined = await rejoin(broker)
        synced = await broker.groups.sync("g", syncing(joined))
        gets = await beat(broker, MemberHeartbeat(member_id="n", epoch=waits.epoch))

        assert (waits.epoch, told, still_commits) == (2, again, {("t", 0): ErrorCode.NONE})
        assert (joined.generation, synced.assignment) == (2, READS_T_0)
        assert (gets.assignment, waits.assignment) == (None, frozenset(waits.assignment or ()))
        assert kind(broker) == (GroupType.CONSUMER, GroupState.STABLE)

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        alive = heartbeat(broker, 2)
        await beat(broker, MemberHeartbeat(member_id="n", epoch=LEAVING_EPOCH))
        back = kind(broker)
        told = heartbeat(broker, 3)
        joined = await rejoin(broker)
        await broker.groups.sync("g", syncing(joined, m=READS_T_0))

        assert (alive, told) == (ErrorCode.NONE, again)
        assert back == (GroupType.CLASSIC, GroupState.PREPARING_REBALANCE)
        assert (joined.generation, joined.leader) == (4, "m")

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        assert kind(broker) == (GroupType.CLASSIC, GroupState.STABLE)
        assert heartbeat(broker, 4) is ErrorCode.NONE
        assert committed_offset(broker) == 8


async def test_who_waits_in_a_join_is_told_to_join_again(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        waiting = asyncio.create_task(broker.groups.join("g", joining(new="second")))
        await asyncio.sleep(0)

        await beat(broker)

        assert (await waiting).error is ErrorCode.REBALANCE_IN_PROGRESS


async def test_a_downgrade_happens_also_when_the_last_member_is_not_heard_of(
    tmp_path: Path,
) -> None:
    short = rules(MigrationPolicy.BIDIRECTIONAL, session_timeout_ms=200)
    async with running_broker(tmp_path, short) as broker:
        await stable_group(broker)
        await beat(broker)

        async with asyncio.timeout(30):
            while kind(broker)[0] is GroupType.CONSUMER:
                await asyncio.sleep(0.01)

        assert heartbeat(broker, 3) is ErrorCode.REBALANCE_IN_PROGRESS


@pytest.mark.parametrize(
    ("policy", "upgrades", "downgrades"),
    [
        (MigrationPolicy.DISABLED, False, False),
        (MigrationPolicy.UPGRADE, True, False),
        (MigrationPolicy.DOWNGRADE, False, True),
        (MigrationPolicy.BIDIRECTIONAL, True, True),
    ],
)
async def test_the_policy_says_which_way_groups_may_go(
    tmp_path: Path, policy: MigrationPolicy, upgrades: bool, downgrades: bool
) -> None:
    async with running_broker(tmp_path, rules(policy)) as broker:
        await stable_group(broker)
        joined = await beat(broker)
        assert (joined.error is ErrorCode.NONE) == upgrades
        assert (joined.error is ErrorCode.GROUP_ID_NOT_FOUND) != upgrades

    async with running_broker(tmp_path / "other", rules(policy)) as broker:
        await beat(broker)
        await broker.groups.join("g", joining("m"))
        await beat(broker, MemberHeartbeat(member_id="n", epoch=LEAVING_EPOCH))
        assert (kind(broker)[0] is GroupType.CLASSIC) == downgrades


async def test_what_is_no_group_of_consumers_is_not_upgraded(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        strange = replace(joining(), protocols=(Protocol("range", b"?"),))
        await broker.groups.join("g", strange)

        refused = await beat(broker)

        assert refused.error is ErrorCode.GROUP_ID_NOT_FOUND
        assert "consumers" in (refused.message or "")
