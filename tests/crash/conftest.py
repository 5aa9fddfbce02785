"""What the crash tests share."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def storage_is_silent() -> Iterator[None]:
    """Hold back what thousands of recoveries log, while these tests run and no longer."""
    logger = logging.getLogger("storage")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)
