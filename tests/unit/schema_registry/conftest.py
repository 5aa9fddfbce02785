"""A registry on an empty database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.registry.door import RunningRegistry, running_registry


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[RunningRegistry]:
    async with running_registry(tmp_path) as running:
        yield running
