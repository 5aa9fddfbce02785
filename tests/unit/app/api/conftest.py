from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.application import RunningApplication, running_application


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningApplication]:
    """A fresh node behind its door."""
    async with running_application(tmp_path / "data") as application:
        yield application


@pytest_asyncio.fixture
async def app(running: RunningApplication) -> RunningApplication:
    """A node with the topics ``one``, of one partition, and ``three``, of three."""
    await running.create_topic("one", 1)
    await running.create_topic("three", 3)
    return running
