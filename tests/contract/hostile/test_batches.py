"""Bombs in batches: a few KiB that become hundreds of MiB, through the Kafka port and read by REST.

What is refused changes nothing; what is taken can be read by others and skipped, and neither
writing nor reading one makes the node grow for long.
"""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest

from app.wire.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)
from storage.format.builder import build_batch
from storage.format.compression import DECOMPRESSED_BYTES_MAX, Compression
from tests.support.hostile.sending import resident_bytes
from tests.support.node import NodeProcess
from tests.support.wire_calls import response_of
from tests.support.wire_door import Peer

pytestmark = [pytest.mark.slow, pytest.mark.alone]

CODECS = [Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD]
ROUNDS = 5
CORRUPT, TOO_LARGE = 2, 10
"""Kafka's codes."""

GROWTH_BYTES_MAX = 50 << 20
GIVEN_BACK_S_MAX = 60.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    assert node.stop() == 0


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield batches of one record that are larger than what is looked into, with their topics."""
    for codec in CODECS:
        batch = build_batch([(1, b"k", bytes(DECOMPRESSED_BYTES_MAX), ())], compression=codec)
        for topic in ("kept", "compacted"):
            yield topic, bytes(batch)


async def produced(node: NodeProcess, topic: str, batch: bytes) -> int:
    """Return the error code of writing a batch."""
    peer = Peer(*await asyncio.open_connection("127.0.0.1", node.kafka_port))
    partition = PartitionProduceData(index=0, records=batch)
    data = TopicProduceData(name=topic, partition_data=[partition])
    peer.send(ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[data]), 9, 1)
    answer = response_of((await peer.receive())[1], ProduceResponse, 9)[1]
    peer.close()
    code: int = answer.responses[0].partition_responses[0].error_code
    return code


async def test_bombs_are_refused_where_they_are_looked_into_and_leave_nothing_behind(
    node: NodeProcess,
) -> None:
    node.create_topic("kept", 1)
    node.create_topic("compacted", 1, **{"cleanup.policy": "compact"})
    before = resident_bytes(node)

    codes = [
        (topic, await produced(node, topic, batch))
        for topic, batch in bombs()
        for _ in range(ROUNDS)
    ]
    for _ in range(ROUNDS):
        found = httpx.get(f"{node.topics}/kept/records", timeout=60)

    assert {code for topic, code in codes if topic == "compacted"} == {CORRUPT, TOO_LARGE}
    assert {code for topic, code in codes if topic == "kept"} == {0, TOO_LARGE}
    assert (found.status_code, found.json()["error_code"]) == (422, 42207)
    assert "Traceback" not in node.log
    deadline = time.monotonic() + GIVEN_BACK_S_MAX
    while (growth := resident_bytes(node) - before) >= GROWTH_BYTES_MAX:
        assert time.monotonic() < deadline, f"the node has grown by {growth >> 20} MiB"
        await asyncio.sleep(0.5)
