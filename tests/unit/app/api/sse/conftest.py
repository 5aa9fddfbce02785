from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.application import RunningApplication, running_application


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningApplication]:
    """A fresh node behind its door, with a topic ``t`` of one partition."""
    async with running_application(tmp_path / "data") as application:
        await application.create_topic("t")
        yield application
