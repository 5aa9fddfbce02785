"""Groups on a real log: what they answer, and what a restart brings back."""

import asyncio
from dataclasses import replace
from pathlib import Path

from app.coordinators.groups.commands import Heartbeat, JoinReply
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.rules import GroupRules
from tests.support.broker import running_broker
from tests.support.groups.calls import (
    READS_T_0,
    commit,
    committed_offset,
    committing,
    joining,
    leave_all,
    stable_group,
    syncing,
    until_loaded,
)

RULES = GroupRules(
    membership=MembershipLimits(initial_rebalance_delay_ms=0), session_timeout_ms_min=1
)


async def test_a_member_joins_syncs_and_lives(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        joined, synced = await stable_group(broker)

        assert (joined.generation, joined.leader, synced.assignment) == (1, "m", READS_T_0)
        alive = Heartbeat(member_id="m", generation=1)
        assert broker.groups.heartbeat("g", alive) is ErrorCode.NONE
        zombie = Heartbeat(member_id="m", generation=0)
        assert broker.groups.heartbeat("g", zombie) is ErrorCode.ILLEGAL_GENERATION


async def test_a_restart_brings_back_members_generation_and_offsets(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        await broker.groups.offsets.commit(committing("g", "m", 1, t_0=7, t_1=8))
        await commit(broker, "simple", t_0=3)

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        assert (
            committed_offset(broker),
            committed_offset(broker, partition=1),
            committed_offset(broker, "simple"),
        ) == (7, 8, 3)
        beat = Heartbeat(member_id="m", generation=1)
        assert broker.groups.heartbeat("g", beat) is ErrorCode.NONE
        again = await broker.groups.sync("g", syncing(JoinReply(member_id="m", generation=1)))
        assert again.assignment == READS_T_0
        stale = await broker.groups.offsets.commit(committing("g", "m", 0, t_0=1))
        assert stale is ErrorCode.ILLEGAL_GENERATION


async def test_a_member_that_is_silent_for_its_session_is_out(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        joined = await broker.groups.join("g", joining(session_ms=30))
        await broker.groups.sync("g", syncing(joined, m=READS_T_0))
        group = broker.groups.group("g")
        assert not isinstance(group, ErrorCode)

        while group.membership.state is not GroupState.EMPTY:
            await asyncio.sleep(0.01)

        assert broker.groups.heartbeat("g", Heartbeat(member_id="m", generation=1))
        assert group.membership.generation == 2


async def test_a_group_is_deleted_with_its_offsets_and_stays_so(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        await broker.groups.offsets.commit(committing("g", "m", 1, t_0=7))
        assert await broker.groups.delete("g") is ErrorCode.NON_EMPTY_GROUP
        leave_all(broker)
        under_way = asyncio.create_task(broker.groups.offsets.commit(committing(t_1=9)))
        await asyncio.sleep(0)

        assert await broker.groups.delete("g") is ErrorCode.NONE

        await under_way
        assert await broker.groups.delete("g") is ErrorCode.GROUP_ID_NOT_FOUND
        assert committed_offset(broker) is None

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        assert broker.groups.groups() == []


async def test_ids_and_time_outs_out_of_bounds_are_refused(tmp_path: Path) -> None:
    rules = replace(RULES, session_timeout_ms_min=10, session_timeout_ms_max=20, groups_max=1)
    async with running_broker(tmp_path, rules) as broker:
        groups = broker.groups
        assert (await groups.join("", joining())).error is ErrorCode.INVALID_GROUP_ID
        for session_ms in (9, 21):
            refused = await groups.join("g", joining(session_ms=session_ms))
            assert refused.error is ErrorCode.INVALID_SESSION_TIMEOUT
        unknown = await groups.join("g", joining("never", session_ms=15))
        assert unknown.error is ErrorCode.UNKNOWN_MEMBER_ID
        await commit(broker, "first", t_0=1)
        full = ErrorCode.GROUP_MAX_SIZE_REACHED
        assert (await groups.join("second", joining(session_ms=15))).error is full
        assert await groups.offsets.commit(committing("second", t_0=1)) is full
