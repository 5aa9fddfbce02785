"""The Kafka port of a process: neither hostile frames nor readers that do not read make it grow."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from tests.contract.test_wire_fuzz import hostile_frames
from tests.support.kafka_clients import Record, confluent_write
from tests.support.node import NodeProcess
from tests.support.wire_calls import frame_of, sized

pytestmark = [pytest.mark.slow, pytest.mark.alone]

READERS = 60
ASKED_BYTES = 16 << 20
GROWTH_BYTES_MAX = 48 << 20
"""Far below what the readers have asked for, far above what a run needs (2 MiB)."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    assert node.stop() == 0


def resident_bytes(node: NodeProcess) -> int:
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def connect(node: NodeProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", node.kafka_port), timeout=60)


def received(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = connection.recv(size - len(data))
        assert more, "the connection was closed"
        data += more
    return bytes(data)


def test_hostile_frames_do_not_make_it_grow(node: NodeProcess) -> None:
    node.create_topic("t", 2)

    def hammer(seed: int) -> None:
        for data in hostile_frames(seed):
            with connect(node) as connection, contextlib.suppress(OSError):
                connection.sendall(data)

    hammer(1_000)
    before = resident_bytes(node)
    for seed in (1_001, 1_002):
        hammer(seed)

    assert resident_bytes(node) - before < GROWTH_BYTES_MAX


def test_readers_that_do_not_read_do_not_make_it_grow(node: NodeProcess) -> None:
    node.create_topic("big", 1)
    value = bytes(500_000)
    confluent_write(node, "big", [Record(None, value, (), 1_700_000_000_000)] * 40, {})
    partition = FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=ASKED_BYTES)
    topics = [FetchTopic(topic="big", partitions=[partition])]
    asked = sized(frame_of(FetchRequest(max_bytes=ASKED_BYTES, min_bytes=1, topics=topics), 11))
    before = resident_bytes(node)

    with contextlib.ExitStack() as opened:
        readers = [opened.enter_context(connect(node)) for _ in range(READERS)]
        for reader in readers:
            reader.sendall(asked * 3)
        time.sleep(1)
        grown = resident_bytes(node) - before
        (size,) = struct.unpack(">i", received(readers[0], 4))
        got = received(readers[0], size)

    assert grown < GROWTH_BYTES_MAX
    assert len(got) == size > ASKED_BYTES * 0.9
