"""Groups on a real log: what they answer, what a restart brings back, what is forgotten."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.topics import delete_topic
from app.cluster.errors import DatabaseUnavailable
from app.coordinators.groups.commands import Heartbeat, JoinReply, Leaving
from app.coordinators.groups.coordinator import GroupRules
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offsets import CommittedOffset
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.security.principal import ANONYMOUS
from tests.support.broker import running_broker
from tests.support.groups.calls import (
    READS_T_0,
    commit,
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


def offset(broker: BrokerContext, group_id: str = "g", partition: int = 0) -> int | None:
    found = broker.groups.committed(group_id, [("t", partition)])
    assert isinstance(found, Mapping)
    committed = found["t", partition]
    return committed.offset if isinstance(committed, CommittedOffset) else None


async def test_nothing_is_made_before_a_group_needs_it(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        assert broker.groups.groups() == []
        assert offset(broker) is None
        assert broker.groups.group("g") is ErrorCode.GROUP_ID_NOT_FOUND
        beat = Heartbeat(member_id="m", generation=1)
        assert broker.groups.heartbeat("g", beat) is ErrorCode.UNKNOWN_MEMBER_ID
        assert OFFSETS_TOPIC not in broker.image.topics

        await stable_group(broker)

        topic = broker.image.topics[OFFSETS_TOPIC]
        assert (topic.is_internal, topic.configs["cleanup.policy"]) == (True, "compact")


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
        await broker.groups.commit(committing("g", "m", 1, t_0=7, t_1=8))
        await commit(broker, "simple", t_0=3)

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        assert (offset(broker), offset(broker, partition=1), offset(broker, "simple")) == (7, 8, 3)
        beat = Heartbeat(member_id="m", generation=1)
        assert broker.groups.heartbeat("g", beat) is ErrorCode.NONE
        again = await broker.groups.sync("g", syncing(JoinReply(member_id="m", generation=1)))
        assert again.assignment == READS_T_0
        stale = await broker.groups.commit(committing("g", "m", 0, t_0=1))
        assert stale is ErrorCode.ILLEGAL_GENERATION


async def test_while_groups_are_read_members_are_told_to_wait(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)

    async with running_broker(tmp_path) as broker:
        groups = broker.groups
        loading = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        assert groups.groups() is loading
        assert groups.group("g") is loading
        assert groups.committed("g", None) is loading
        assert groups.heartbeat("g", Heartbeat(member_id="m", generation=1)) is ErrorCode.NONE
        assert groups.leave("g", [Leaving(member_id="m")]) is loading
        assert (await groups.join("g", joining("m"))).error is loading
        assert await groups.commit(committing(t_0=1)) is loading
        synced = await groups.sync("g", syncing(JoinReply(member_id="m", generation=1)))
        assert synced.error is ErrorCode.REBALANCE_IN_PROGRESS
        await until_loaded(broker)


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


async def test_only_members_of_the_generation_commit_while_there_are_members(
    tmp_path: Path,
) -> None:
    async with running_broker(tmp_path) as broker:
        assert await broker.groups.commit(committing("g", "m", 1, t_0=1)) is (
            ErrorCode.ILLEGAL_GENERATION
        )
        await stable_group(broker)

        stranger = await broker.groups.commit(committing(t_0=1))
        other = await broker.groups.commit(committing("g", "x", 1, t_0=1))
        member = await broker.groups.commit(committing("g", "m", 1, t_0=2))

        assert (stranger, other) == (ErrorCode.UNKNOWN_MEMBER_ID,) * 2
        assert (member, offset(broker)) == ({("t", 0): ErrorCode.NONE}, 2)


async def test_metadata_that_is_too_long_refuses_its_partition_only(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        wanted = committing(t_0=1, t_1=2)
        long = replace(wanted.offsets["t", 0], metadata="x" * 4097)

        outcome = await broker.groups.commit(
            replace(wanted, offsets={**wanted.offsets, ("t", 0): long})
        )

        assert outcome == {
            ("t", 0): ErrorCode.OFFSET_METADATA_TOO_LARGE,
            ("t", 1): ErrorCode.NONE,
        }
        assert (offset(broker), offset(broker, partition=1)) == (None, 2)


async def test_a_commit_larger_than_a_batch_is_refused_whole(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        one = CommittedOffset(offset=1, commit_timestamp_ms=1, metadata="x" * 4000)
        wanted = replace(committing(), offsets={("t", number): one for number in range(400)})

        outcome = await broker.groups.commit(wanted)

        assert isinstance(outcome, dict)
        assert set(outcome.values()) == {ErrorCode.INVALID_COMMIT_OFFSET_SIZE}
        assert offset(broker) is None


async def test_a_group_is_deleted_with_its_offsets_and_stays_so(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        await broker.groups.commit(committing("g", "m", 1, t_0=7))
        assert await broker.groups.delete("g") is ErrorCode.NON_EMPTY_GROUP
        leave_all(broker)
        under_way = asyncio.create_task(broker.groups.commit(committing(t_1=9)))
        await asyncio.sleep(0)

        assert await broker.groups.delete("g") is ErrorCode.NONE

        await under_way
        assert await broker.groups.delete("g") is ErrorCode.GROUP_ID_NOT_FOUND
        assert offset(broker) is None

    async with running_broker(tmp_path) as broker:
        await until_loaded(broker)
        assert broker.groups.groups() == []


async def test_offsets_are_deleted_but_those_that_members_read(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, t_0=1, t_1=2)
        await stable_group(broker)
        read = await broker.groups.delete_offsets("g", [("t", 0)])
        leave_all(broker)

        gone = await broker.groups.delete_offsets("g", [("t", 0), ("x", 0)])

        assert read == {("t", 0): ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
        assert gone == {("t", 0): ErrorCode.NONE, ("x", 0): ErrorCode.NONE}
        assert (offset(broker), offset(broker, partition=1)) == (None, 2)
        unknown = await broker.groups.delete_offsets("none", [("t", 0)])
        assert unknown is ErrorCode.GROUP_ID_NOT_FOUND


async def test_offsets_of_a_deleted_topic_go_with_it(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, t_0=1)

        await delete_topic(broker, ANONYMOUS, "t")

        while offset(broker) is not None:
            await asyncio.sleep(0.005)


async def test_offsets_expire_when_nobody_uses_them_and_the_group_after_them(
    tmp_path: Path,
) -> None:
    rules = replace(RULES, offsets_retention_ms=0)
    async with running_broker(tmp_path, rules) as broker:
        await stable_group(broker)
        await broker.groups.commit(committing("g", "m", 1, t_0=1))
        broker.groups.sweep()
        await asyncio.sleep(0.05)
        kept = offset(broker)
        leave_all(broker)
        group = broker.groups.group("g")
        assert not isinstance(group, ErrorCode)
        await group.written()

        broker.groups.sweep()

        assert (kept, broker.groups.groups()) == (1, [])


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
        assert await groups.commit(committing("second", t_0=1)) is full


async def test_without_the_database_no_group_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: object, **_more: object) -> None:
        raise DatabaseUnavailable("away")

    async with running_broker(tmp_path) as broker:
        monkeypatch.setattr(broker.catalog, "create_topic", refuse)

        joined = await broker.groups.join("g", joining())

        assert joined.error is ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert await broker.groups.find("g") is ErrorCode.COORDINATOR_NOT_AVAILABLE


async def test_many_who_need_the_topic_at_once_make_it_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        found = await asyncio.gather(*(broker.groups.find(f"g{number}") for number in range(20)))

        assert {one.topic_id for one in found if not isinstance(one, ErrorCode)} == {
            broker.image.topics[OFFSETS_TOPIC].topic_id
        }
