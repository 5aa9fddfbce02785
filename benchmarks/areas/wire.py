"""Speed of the Kafka port on this machine: clients and server share it.

Floors: a bare server that receives the same frames, writes them to a file and answers; one that
sends as many bytes of a file by ``sendfile``. Goals: issue of the Kafka port, from a spike.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.figures import Figure, Pace
from benchmarks.processes import cpu_seconds
from benchmarks.wire_load import (
    BareServer,
    delivery_latencies,
    exchange,
    fetch_frame,
    produce_frame,
)
from tests.support.node import NodeProcess

IN_FLIGHT = 5
RECORDS_16_KIB = 140
RECORDS_1_MIB = 9_500
RELAXED = {"flush.messages": "1000000000"}
CLIENT_RECORDS = 1_000_000
CLIENT_PIECE = 10_000


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce, fetch, delivery, and librdkafka from Python."""
    node = NodeProcess(directory / "data")
    node.start()
    try:
        for name in ("relaxed", "fetched", "delivered", "client"):
            node.create_topic(name, 1, **RELAXED)
        node.create_topic("synced", 1)
        yield from _produce(node, directory, pace)
        yield from _fetch(node, directory, pace)
        yield from _deliver(node, pace)
        yield from _client(node, pace)
    finally:
        node.stop()


def _produce(node: NodeProcess, directory: Path, pace: Pace) -> Iterator[Figure]:
    frame = produce_frame("relaxed", RECORDS_16_KIB)
    bare = BareServer(directory / "bare", 0)
    try:
        value, floor, ratio = pace.in_turns(
            lambda: exchange(bare.port, frame, IN_FLIGHT, pace.seconds),
            lambda: exchange(node.kafka_port, frame, IN_FLIGHT, pace.seconds),
        )
    finally:
        bare.stop()
    yield Figure(
        what="produce 16 KiB, 5 in flight, no fsync",
        value=value,
        unit="requests/s",
        goal=25_000,
        floor=floor,
        ratio=ratio,
    )
    yield _cpu(node, lambda: exchange(node.kafka_port, frame, IN_FLIGHT, pace.seconds), pace)
    synced = produce_frame("synced", RECORDS_16_KIB)
    yield Figure(
        what="produce 16 KiB, 5 in flight, fsync",
        value=pace.median(lambda: exchange(node.kafka_port, synced, IN_FLIGHT, pace.seconds)),
        unit="requests/s",
    )
    yield Figure(
        what="  the same, one at a time",
        value=pace.median(lambda: exchange(node.kafka_port, synced, 1, pace.seconds)),
        unit="requests/s",
    )


def _fetch(node: NodeProcess, directory: Path, pace: Pace) -> Iterator[Figure]:
    exchange(node.kafka_port, produce_frame("fetched", RECORDS_1_MIB), 1, 0.2)
    frame = fetch_frame("fetched", 0, 1 << 20)
    file = directory / "sent"
    file.write_bytes(bytes(1 << 20))
    bare = BareServer(file, 1 << 20)
    try:
        value, floor, ratio = pace.in_turns(
            lambda: exchange(bare.port, frame, 1, pace.seconds),
            lambda: exchange(node.kafka_port, frame, 1, pace.seconds),
        )
    finally:
        bare.stop()
    yield Figure(
        what="fetch 1 MiB by sendfile",
        value=value,
        unit="fetches/s",
        goal=3_500,
        floor=floor,
        ratio=ratio,
    )
    yield _cpu(node, lambda: exchange(node.kafka_port, frame, 1, pace.seconds), pace)


def _cpu(node: NodeProcess, load: Callable[[], float], pace: Pace) -> Figure:
    assert node.process is not None, "running"
    before = cpu_seconds(node.process.pid)
    answered = load() * pace.seconds
    used = cpu_seconds(node.process.pid) - before
    return Figure(what="  the node's CPU", value=used / answered * 1e6, unit="us each")


def _deliver(node: NodeProcess, pace: Pace) -> Iterator[Figure]:
    found = delivery_latencies(node.kafka_port, "delivered", max(50, int(1_000 * pace.scale)))
    yield Figure(
        what="append to waiting fetch, no fsync, p50",
        value=statistics.median(found) * 1e6,
        unit="us",
        goal=200,
        is_cost=True,
    )
    yield Figure(what="  p99", value=statistics.quantiles(found, n=100)[98] * 1e6, unit="us")


def _client(node: NodeProcess, pace: Pace) -> Iterator[Figure]:
    """Measure confluent-kafka with 100-byte records; it is most of what is measured."""
    count = int(CLIENT_RECORDS * pace.scale)
    yield Figure(
        what="confluent-kafka produce_batch, 100 B, no fsync",
        value=pace.median(lambda: _client_produce(node, count)),
        unit="records/s",
        goal=1_200_000,
    )
    yield Figure(
        what="confluent-kafka consume, 100 B",
        value=pace.median(lambda: _client_consume(node, count)),
        unit="records/s",
        goal=1_000_000,
    )


def _client_produce(node: NodeProcess, count: int) -> float:
    producer = Producer(
        {
            "bootstrap.servers": node.bootstrap,
            "linger.ms": 10,
            "queue.buffering.max.messages": count,
            "queue.buffering.max.kbytes": 1 << 20,
            "batch.size": 1_000_000,
        }
    )
    piece = [{"value": b"x" * 100} for _ in range(CLIENT_PIECE)]
    began = time.perf_counter()
    for _ in range(count // CLIENT_PIECE):
        producer.produce_batch("client", piece, partition=0)
    assert producer.flush(60) == 0
    return count / (time.perf_counter() - began)


def _client_consume(node: NodeProcess, count: int) -> float:
    consumer = Consumer(
        {"bootstrap.servers": node.bootstrap, "group.id": "none", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition("client", 0, 0)])
    have = len(consumer.consume(1, 30))
    began = time.perf_counter()
    while have < count:
        have += len(consumer.consume(min(CLIENT_PIECE, count - have), 10))
    rate = have / (time.perf_counter() - began)
    consumer.close()
    return rate
