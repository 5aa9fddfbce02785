"""The journal on a real log."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.journal import Journal
from storage.errors import LogOffline
from storage.format.decoder import decode_records
from tests.support.broker import running_broker

Outcome = tuple[str, ErrorCode, int]


class Writing:
    """A journal of ``t-0`` and what followed its writes."""

    def __init__(self, broker: BrokerContext) -> None:
        metadata = broker.image.topics["t"].partitions[0]
        replica = broker.replicas.get(metadata.topic_id, 0)
        assert replica is not None
        self.replica = replica
        self.journal = Journal(broker.clock, broker.replicas, replica, metadata.leader_epoch)
        self.outcomes: list[Outcome] = []
        self.taken: list[bool] = []
        self._tasks: list[asyncio.Task[None]] = []

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def write(self, name: str, size: int = 1) -> None:
        def then(error: ErrorCode, base_offset: int) -> None:
            self.outcomes.append((name, error, base_offset))

        self.taken.append(self.journal.append(self.spawn, [(name.encode(), b"v" * size)], then))

    async def finish(self) -> list[Outcome]:
        while self._tasks:
            await self._tasks.pop()
        return self.outcomes


async def test_what_follows_comes_in_order_when_the_writes_are_durable(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        writing = Writing(broker)
        for name in "abc":
            writing.write(name)
        assert writing.outcomes == []

        outcomes = await writing.finish()

        assert outcomes == [(name, ErrorCode.NONE, at) for at, name in enumerate("abc")]
        assert writing.replica.high_watermark == 3


async def test_a_refused_write_keeps_its_place_in_the_order(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        writing = Writing(broker)
        writing.write("a")
        writing.write("large", 2_000_000)
        writing.write("b")

        outcomes = await writing.finish()

        assert outcomes == [
            ("a", ErrorCode.NONE, 0),
            ("large", ErrorCode.INVALID_COMMIT_OFFSET_SIZE, -1),
            ("b", ErrorCode.NONE, 1),
        ]
        assert writing.taken == [True, False, True]


async def test_writes_that_never_become_durable_are_told_so(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        writing = Writing(broker)
        writing.write("a")
        await asyncio.sleep(0)

        writing.replica.fail(LogOffline("gone"))
        writing.write("b")

        gone = ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert [one[:2] for one in await writing.finish()] == [("a", gone), ("b", gone)]


async def test_all_that_was_written_is_read_back(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        writing = Writing(broker)
        assert writing.journal.is_empty
        for name in "abc":
            writing.write(name, 600_000)
        await writing.finish()

        found = [
            (record.offset, record.key)
            async for data, position, header in writing.journal.read()
            for record in decode_records(data, position)
            if header.record_count
        ]

        assert found == [(0, b"a"), (1, b"b"), (2, b"c")]
        assert not writing.journal.is_empty
        writing.replica.fail(LogOffline("gone"))
        with pytest.raises(LogOffline):
            _ = [one async for one in writing.journal.read()]
