"""A running broker in this process, without its doors, on a directory of the test's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.broker.context import BrokerContext
from app.broker.produce import Outcome, produce
from app.broker.topics import NewTopic, create_topic
from app.security.principal import ANONYMOUS
from app.settings import Settings
from app.wiring import running_node

NOW_MS = 1_700_000_000_000


@asynccontextmanager
async def running_broker(directory: Path) -> AsyncIterator[BrokerContext]:
    """Run a broker with a topic ``t`` of two partitions."""
    settings = Settings(data_dir=directory / "data", http_port=0, kafka_port=0)
    async with running_node(settings) as node:
        await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=2))
        yield node.context


async def append(
    context: BrokerContext, *values: bytes, partition: int = 0, timestamp_ms: int = NOW_MS
) -> list[Outcome]:
    """Produce values to a partition of ``t``."""
    records = [((timestamp_ms, None, value, ()), partition) for value in values]
    return await produce(context, ANONYMOUS, "t", records)


def offsets(outcomes: Sequence[Outcome]) -> list[int]:
    """Return the offsets where records landed."""
    return [outcome[1] for outcome in outcomes if isinstance(outcome, tuple)]
