"""Shards on a real log: when their groups can be asked, and what is forgotten."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.topics import delete_topic
from app.cluster.errors import DatabaseUnavailable
from app.coordinators.groups.commands import Heartbeat, JoinReply, Leaving
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.coordinators.groups.rules import GroupRules
from app.security.principal import ANONYMOUS
from tests.support.broker import running_broker
from tests.support.groups.calls import (
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


async def test_nothing_is_made_before_a_group_needs_it(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        assert broker.groups.groups() == []
        assert committed_offset(broker) is None
        assert broker.groups.group("g") is ErrorCode.GROUP_ID_NOT_FOUND
        beat = Heartbeat(member_id="m", generation=1)
        assert broker.groups.heartbeat("g", beat) is ErrorCode.UNKNOWN_MEMBER_ID
        assert OFFSETS_TOPIC not in broker.image.topics

        await stable_group(broker)

        topic = broker.image.topics[OFFSETS_TOPIC]
        assert (topic.is_internal, topic.configs["cleanup.policy"]) == (True, "compact")


async def test_while_groups_are_read_members_are_told_to_wait(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)

    async with running_broker(tmp_path) as broker:
        groups = broker.groups
        loading = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        assert groups.groups() is loading
        assert groups.group("g") is loading
        assert groups.offsets.committed("g", None) is loading
        assert groups.heartbeat("g", Heartbeat(member_id="m", generation=1)) is ErrorCode.NONE
        assert groups.leave("g", [Leaving(member_id="m")]) is loading
        assert (await groups.join("g", joining("m"))).error is loading
        assert await groups.offsets.commit(committing(t_0=1)) is loading
        synced = await groups.sync("g", syncing(JoinReply(member_id="m", generation=1)))
        assert synced.error is ErrorCode.REBALANCE_IN_PROGRESS
        await until_loaded(broker)


async def test_offsets_of_a_deleted_topic_go_with_it(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, t_0=1)

        await delete_topic(broker, ANONYMOUS, "t")

        while committed_offset(broker) is not None:
            await asyncio.sleep(0.005)


async def test_offsets_expire_when_nobody_uses_them_and_the_group_after_them(
    tmp_path: Path,
) -> None:
    rules = replace(RULES, offsets_retention_ms=0)
    async with running_broker(tmp_path, rules) as broker:
        await stable_group(broker)
        await broker.groups.offsets.commit(committing("g", "m", 1, t_0=1))
        broker.groups.shards.sweep()
        await asyncio.sleep(0.05)
        kept = committed_offset(broker)
        leave_all(broker)
        group = broker.groups.group("g")
        assert not isinstance(group, ErrorCode)
        await group.written()

        broker.groups.shards.sweep()

        assert (kept, broker.groups.groups()) == (1, [])


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
