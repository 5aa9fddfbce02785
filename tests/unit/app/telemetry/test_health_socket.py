"""The health socket: one line to whoever connects, whatever the name of the directory."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from app.telemetry import health_socket as module
from app.telemetry.health_socket import FILE, HealthSocket


class Node:
    """What is asked."""

    def __init__(self) -> None:
        self.problem: str | None = None


@asynccontextmanager
async def answering(directory: Path) -> AsyncIterator[Node]:
    node = Node()
    task = asyncio.create_task(HealthSocket(directory, lambda: node.problem).run())
    async with asyncio.timeout(10):
        while not (directory / FILE).exists():
            await asyncio.sleep(0.001)
    yield node
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def said(directory: Path) -> str:
    async with asyncio.timeout(10):
        while True:
            with suppress(ConnectionRefusedError, FileNotFoundError):  # it is not open yet
                reader, writer = await asyncio.open_unix_connection(str(directory / FILE))
                break
            await asyncio.sleep(0.001)
        line = (await reader.read()).decode()
        writer.close()
    return line


async def test_it_says_ready_or_why_not_in_one_line(tmp_path: Path) -> None:
    async with answering(tmp_path) as node:
        assert await said(tmp_path) == "ready\n"
        node.problem = "log directory fenced:\n  [Errno 5]"
        assert await said(tmp_path) == "log directory fenced: [Errno 5]\n"


async def test_its_owner_alone_may_ask_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    async with answering(tmp_path):
        await said(tmp_path)
        mode = (tmp_path / FILE).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600

    assert not (tmp_path / FILE).exists()


async def test_socket_of_a_node_that_was_killed_gives_way(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / FILE))

    async with answering(tmp_path):
        assert await said(tmp_path) == "ready\n"


async def test_directory_may_have_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / ("d" * 150)
    directory.mkdir()
    async with answering(directory):
        monkeypatch.chdir(directory)
        assert await said(Path()) == "ready\n"


async def test_client_that_does_not_read_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS_MAX", 0.01)
    async with answering(tmp_path) as node:
        assert await said(tmp_path) == "ready\n"
        node.problem = "x" * 10_000_000
        _, writer = await asyncio.open_unix_connection(str(tmp_path / FILE))
        node.problem = None
        assert (await said(tmp_path)) == "ready\n"
        writer.close()


async def test_node_does_without_where_there_can_be_no_socket(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).mkdir()

    await HealthSocket(tmp_path, lambda: None).run()

    assert "no health socket" in caplog.text
