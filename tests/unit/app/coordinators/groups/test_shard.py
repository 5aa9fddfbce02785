"""The groups of one partition, on a real log."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

from app.broker.context import BrokerContext
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.journal import Journal
from app.coordinators.groups.offsets import CommittedOffset
from app.coordinators.groups.records import OffsetRecord, encode_offset
from app.coordinators.groups.shard import Shard, ShardState
from storage.format.builder import build_batch
from tests.support.broker import append, running_broker

Tasks = list["asyncio.Task[None]"]


def shard_on(broker: BrokerContext, tasks: Tasks) -> Shard:
    """Return a shard that keeps its groups in ``t-0``."""

    def spawn(work: Coroutine[None, None, None]) -> None:
        tasks.append(asyncio.create_task(work))

    metadata = broker.image.topics["t"].partitions[0]
    replica = broker.replicas.get(metadata.topic_id, 0)
    assert replica is not None
    journal = Journal(broker.clock, broker.replicas, replica, metadata.leader_epoch)
    return Shard(broker.clock, journal, spawn, MembershipLimits())


async def finish(tasks: Tasks) -> None:
    while tasks:
        await tasks.pop()


def commit(shard: Shard, group_id: str, topic: str = "t", partitions: int = 1) -> None:
    group = shard.get_or_create(group_id)
    for partition in range(partitions):
        at = (topic, partition)
        committed = CommittedOffset(offset=5, commit_timestamp_ms=1)

        def written(
            error: ErrorCode,
            offset: int,
            at: tuple[str, int] = at,
            committed: CommittedOffset = committed,
        ) -> None:
            assert error is ErrorCode.NONE
            assert offset >= 0
            group.offsets.put(at, committed)

        record = OffsetRecord(group_id=group_id, partition=at, committed=committed)
        group.write([encode_offset(record)], written)


async def reloaded(broker: BrokerContext, *topics: str) -> Shard:
    tasks: Tasks = []
    shard = shard_on(broker, tasks)
    shard.open("t-0", topics or ("t",))
    await finish(tasks)
    return shard


async def test_an_empty_partition_is_active_at_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        shard = shard_on(broker, [])
        before = shard.state

        shard.open("t-0", ("t",))

        assert (before, shard.state) == (ShardState.LOADING, ShardState.ACTIVE)


async def test_what_was_written_is_loaded_but_for_topics_that_are_gone(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        tasks: Tasks = []
        shard = shard_on(broker, tasks)
        shard.open("t-0", ("t",))
        commit(shard, "g")
        commit(shard, "g", topic="gone")
        await finish(tasks)

        loaded = await reloaded(broker)
        again = await reloaded(broker, "t", "gone")

        for one in (loaded, again):
            group = one.get("g")
            assert group is not None
            assert [at for at, _ in group.offsets] == [("t", 0)]


async def test_a_partition_that_does_not_read_fails_alone_and_says_so(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        replica = broker.replicas.get(broker.image.topics["t"].topic_id, 0)
        assert replica is not None
        await append(broker, b"no key")
        good = await reloaded(broker)
        bad = build_batch([(1, b"\x00\x01\x00", b"", ())])
        replica.append_as_leader(bad, leader_epoch=0, now_ms=1)

        shard = await reloaded(broker)

        assert (good.state, shard.state) == (ShardState.ACTIVE, ShardState.FAILED)
        assert shard.state.value is ErrorCode.COORDINATOR_NOT_AVAILABLE


async def test_a_group_of_many_offsets_is_deleted_in_several_batches(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        tasks: Tasks = []
        shard = shard_on(broker, tasks)
        shard.open("t-0", ("t",))
        group_id = "g" * 30_000
        commit(shard, group_id, partitions=30)
        await finish(tasks)
        group = shard.get(group_id)
        assert group is not None
        outcomes: list[ErrorCode] = []

        shard.delete(group, outcomes.append)
        await finish(tasks)

        assert (outcomes, len(shard)) == ([ErrorCode.NONE], 0)
        assert len(await reloaded(broker)) == 0


async def test_a_group_whose_deletion_is_not_written_is_there_again(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        tasks: Tasks = []
        shard = shard_on(broker, tasks)
        shard.open("t-0", ("t",))
        commit(shard, "g")
        await finish(tasks)
        group = shard.get("g")
        assert group is not None
        replica = broker.replicas.get(broker.image.topics["t"].topic_id, 0)
        assert replica is not None
        replica.fence("the disk failed")
        outcomes: list[ErrorCode] = []

        shard.delete(group, outcomes.append)
        await finish(tasks)

        assert outcomes == [ErrorCode.COORDINATOR_NOT_AVAILABLE]
        restored = shard.get("g")
        assert restored is not None
        assert restored is not group
        assert restored.offsets.get(("t", 0)) is not None


async def test_a_sweep_takes_what_has_expired_and_what_nobody_uses(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        tasks: Tasks = []
        shard = shard_on(broker, tasks)
        shard.open("t-0", ("t",))
        commit(shard, "g")
        shard.get_or_create("unused")
        await finish(tasks)

        shard.sweep(10**18)
        kept = len(shard)
        shard.sweep(1)
        await finish(tasks)

        assert (kept, len(shard)) == (1, 0)
        assert len(await reloaded(broker)) == 0


async def test_a_closed_shard_has_no_groups(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        shard = await reloaded(broker)
        shard.get_or_create("g")

        shard.close()

        assert (len(shard), shard.state.value) == (0, ErrorCode.NOT_COORDINATOR)
