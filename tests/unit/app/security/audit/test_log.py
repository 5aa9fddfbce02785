"""The audit log: what is kept is on disk, what is noted comes soon, what is lost is counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.security.audit import log as module
from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import AuditEvent, Category
from app.security.audit.file import AuditFile
from app.security.audit.log import AuditLog
from tests.support.failing_disk import FailingDisk
from tests.support.security.login import MovedClock


def event(name: str, category: Category = Category.ADMIN) -> AuditEvent:
    return AuditEvent(category=category, kind="request", method=name)


class Fed:
    """A feed that keeps what it is offered."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.is_stopped = False

    def offer(self, lines: Sequence[bytes]) -> None:
        self.lines += lines

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self.is_stopped = True


class Node:
    """A log with what is around it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "audit.log"
        self.disk = FailingDisk()
        self.fed = Fed()
        self.log = AuditLog(
            MovedClock(),
            AuditFile(self.disk, self.path),
            categories=set(Category) - {Category.DENIED},
            source="/clusters/c/brokers/1",
            feed=self.fed,
        )

    def written(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    def names(self) -> list[str]:
        return [one["data"]["methodName"] for one in self.written()]


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Node]:
    node = Node(directory)
    task = asyncio.create_task(node.log.run())
    try:
        yield node
    finally:
        await node.log.stop()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        node.log.close()


async def test_what_is_kept_is_in_the_file_when_keep_returns(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        node.log.note(event("a"))

        await node.log.keep(event("b"))

        assert node.names() == ["a", "b"]
        assert [json.loads(line)["id"] for line in node.fed.lines] == [
            one["id"] for one in node.written()
        ]
        assert len({one["id"] for one in node.written()}) == 2


async def test_what_is_noted_is_written_soon(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        node.log.note(event("a"))

        async with asyncio.timeout(10):
            while not node.fed.lines:
                await asyncio.sleep(0.01)

        assert node.names() == ["a"]


async def test_what_is_not_wanted_is_not_written(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        node.log.note(event("a", Category.DENIED))
        await node.log.keep(event("b", Category.DENIED))
        await node.log.keep(event("c"))

        assert node.names() == ["c"]
        assert not node.log.wants(Category.DENIED)


async def test_what_waits_at_the_end_is_written(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        node.log.note(event("a"))

    assert node.names() == ["a"]
    assert node.fed.is_stopped


async def test_disk_that_fails_refuses_what_is_to_be_kept_and_counts_the_rest(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as node:
        node.disk.fail("write")
        node.log.note(event("a", Category.AUTHENTICATION))
        with pytest.raises(AuditUnwritable, match=r"audit\.log"):
            await node.log.keep(event("b"))
        assert node.log.lost == 1

        node.disk.heal()
        await node.log.keep(event("c"))
        await node.log.keep(event("d"))

        assert [one["type"] for one in node.written()] == [
            "cauce.server/request",
            "cauce.server/lost",
            "cauce.server/request",
        ]
        assert "1 events" in node.written()[1]["data"]["result"]["message"]
        assert node.log.lost == 1


async def test_queue_that_is_full_loses_what_is_noted_and_takes_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 3)
    async with running(tmp_path) as node:
        for number in range(5):
            node.log.note(event(str(number)))

        await node.log.keep(event("kept"))

        assert node.log.lost == 2
        assert node.names() == ["0", "1", "2", "kept", "Audit"]


async def test_queue_of_what_is_to_be_kept_is_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 1)
    async with running(tmp_path) as node:
        waiting = [asyncio.ensure_future(node.log.keep(event(str(n)))) for n in range(3)]

        outcomes = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(one) for one in outcomes] == [type(None), type(None), AuditUnwritable]


async def test_who_stops_waiting_harms_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        gone = asyncio.ensure_future(node.log.keep(event("gone")))
        await asyncio.sleep(0)
        gone.cancel()

        await node.log.keep(event("next"))

        assert node.names() == ["gone", "next"]


async def test_what_was_kept_before_there_was_a_feed_gets_to_it(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.log.feed = None
    async with node.log.writing():
        await node.log.keep(event("early"))
        assert node.names() == ["early"]
        node.log.note(event("noted"))
    assert node.names() == ["early", "noted"]

    node.log.feed = node.fed
    task = asyncio.create_task(node.log.run())
    await node.log.keep(event("late"))
    await node.log.stop()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    node.log.close()

    assert [json.loads(line)["data"]["methodName"] for line in node.fed.lines] == [
        "early",
        "noted",
        "late",
    ]
