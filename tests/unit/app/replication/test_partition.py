"""Partition: what waits for durability, what wakes, what a fence and a deletion do."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.topic_configs import AlterOperation, ConfigChange, alter_topic_configs
from app.replication.group_commit import GroupCommit
from app.replication.partition import Partition, PlacedLog
from app.security.principal import ANONYMOUS
from storage.config import parse_config
from storage.errors import DiskError, DiskFull, LogDeleted, LogOffline, OffsetOutOfRange
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Appended, Log
from tests.support.broker import NOW_MS, running_broker


def partition_of(context: BrokerContext) -> Partition:
    found = context.replicas.get(context.topic("t").topic_id, 0)
    assert found is not None
    return found


def append(partition: Partition) -> int:
    batch = build_batch([NewRecord(NOW_MS, None, b"v")])
    return partition.append_as_leader(batch, leader_epoch=0, now_ms=NOW_MS).last_offset + 1


async def test_log_is_made_at_the_first_append(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        assert (partition.log, partition.high_watermark) == (None, 0)
        assert partition.locate(0, 100) is None
        with pytest.raises(OffsetOutOfRange):
            partition.locate(1, 100)

        await partition.wait_for_high_watermark(append(partition))

        assert partition.log is not None
        assert (partition.log_start_offset, partition.high_watermark) == (0, 1)


async def test_nothing_is_shown_before_it_is_durable(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        end = append(partition)

        assert (partition.high_watermark, partition.log_end_offset) == (0, end)
        await partition.wait_for_high_watermark(end)
        assert partition.high_watermark == end


async def test_cancelling_a_waiter_leaves_the_append(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        end = append(partition)
        waiter = asyncio.create_task(partition.wait_for_high_watermark(end))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)

        await partition.wait_for_high_watermark(end)
        assert partition.high_watermark == end


async def test_fail_answers_every_waiter_and_refuses_what_comes_later(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        waiter = asyncio.create_task(partition.wait_for_high_watermark(append(partition)))
        await asyncio.sleep(0)

        partition.fail(LogDeleted("the topic is gone"))

        with pytest.raises(LogOffline, match="the topic is gone"):
            await waiter
        with pytest.raises(LogOffline):
            append(partition)
        with pytest.raises(LogOffline):
            partition.locate(0, 100)


async def test_fence_answers_every_waiter_and_reads_go_on_where_they_were(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        await partition.wait_for_high_watermark(append(partition))
        waiter = asyncio.create_task(partition.wait_for_high_watermark(append(partition)))
        await asyncio.sleep(0)

        partition.fence("the disk is broken")

        with pytest.raises(LogOffline, match="the disk is broken"):
            await waiter
        with pytest.raises(LogOffline, match="the disk is broken"):
            append(partition)
        with pytest.raises(LogOffline, match="the disk is broken"):
            partition.advance_log_start(1)
        assert partition.high_watermark == 1
        found = partition.locate(0, 1000)
        assert found is not None
        assert found.next_offset == 1
        assert partition.locate(1, 1000) is None


class BrokenLog(Log):
    """Fails in its way."""

    def __init__(self, error: DiskError) -> None:
        self.error = error

    def append(self, *_: object, **__: object) -> Appended:
        raise self.error


@pytest.mark.parametrize(
    ("error", "is_fenced"), [(DiskError("EIO"), True), (DiskFull("ENOSPC"), False)]
)
async def test_disk_that_fails_fences_its_directory_and_one_that_is_full_does_not(
    error: DiskError, is_fenced: bool
) -> None:
    reasons: list[str] = []
    with ThreadPoolExecutor(1) as executor:
        commit = GroupCommit(executor, reasons.append)
        placed = PlacedLog(log=BrokenLog(error), commit=commit, take_room=lambda _: None)
        partition = Partition(None, parse_config({}), lambda _: placed)

        with pytest.raises(type(error)):
            append(partition)

    assert reasons == (["EIO"] if is_fenced else [])


@pytest.mark.parametrize(
    ("error", "is_fenced"), [(DiskError("EIO"), True), (DiskFull("ENOSPC"), False)]
)
async def test_disk_that_fails_while_records_are_deleted_fences_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: DiskError, is_fenced: bool
) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        await partition.wait_for_high_watermark(append(partition))

        def fail(*_: object) -> None:
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(Log, "advance_log_start", fail)
            with pytest.raises(DiskError):
                partition.advance_log_start(1)
        assert partition.commit is not None
        assert (partition.commit.fenced is not None) is is_fenced


async def test_advance_log_start_stops_at_the_high_watermark(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        partition = partition_of(context)
        await partition.wait_for_high_watermark(append(partition))

        with pytest.raises(OffsetOutOfRange):
            partition.advance_log_start(2)
        assert partition.advance_log_start(1) == 1
        assert partition.advance_log_start(0) == 1


async def test_relaxed_topic_shows_records_before_they_are_synced(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        change = ConfigChange(name="flush.messages", value="1000000", operation=AlterOperation.SET)
        await alter_topic_configs(context, ANONYMOUS, "t", [change])
        partition = partition_of(context)

        end = append(partition)

        assert partition.high_watermark == end
        assert partition.log is not None
        assert partition.log.durable_end_offset == 0
        partition.request_flush()
        await context.replicas.drain()
        assert partition.log.durable_end_offset == end
