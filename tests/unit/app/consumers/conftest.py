from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from app.broker.context import BrokerContext
from tests.support.broker import running_broker


@pytest_asyncio.fixture
async def context(tmp_path: Path) -> AsyncIterator[BrokerContext]:
    """A broker with a topic ``t`` of two partitions."""
    async with running_broker(tmp_path) as context:
        yield context
