"""Quotas by clients of others: held to their rates, refused, and set by Kafka's own tool."""

import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka.admin import KafkaAdminClient
from kafka.admin import NewTopic as PyTopic
from kafka.errors import ThrottlingQuotaExceededError

from tests.support.client_programs import POM, classpath
from tests.support.node import NodeProcess

pytestmark = [pytest.mark.slow, pytest.mark.alone]


RATE = 100_000
"""Bytes per second."""

WARM_S = 1.5
"""After this the burst of the beginning is over."""

WINDOW_S = 6.0
TOLERANCE = 0.1
"""Of a window that begins and ends with a fetch or a batch, on a machine that has more to do;
``benchmarks/areas/quotas.py`` has the five percent."""

RECORD = b"x" * 900


def limit(node: NodeProcess, client_id: str, **values: float) -> None:
    body = {"data": [{"client_id": client_id, "values": values}]}
    httpx.post(f"{node.url}/v3/clusters/-/quotas:alter", json=body).raise_for_status()


def log_size(directory: Path, topic: str) -> int:
    return sum(path.stat().st_size for path in directory.glob(f"logs/*/{topic}-0/*.log"))


def keep_producing(node: NodeProcess, stop: threading.Event) -> None:
    settings = {
        "bootstrap.servers": node.bootstrap,
        "client.id": "writer",
        "linger.ms": 5,
        "batch.num.messages": 5,
        "queue.buffering.max.messages": 50,
    }
    producer = Producer(settings)
    while not stop.is_set():
        try:
            producer.produce("written", RECORD)
            producer.poll(0)
        except BufferError:
            producer.poll(0.02)
    producer.purge()


def fill(node: NodeProcess, count: int) -> float:
    """Produce records in small batches; return what one takes in the log."""
    settings = {"bootstrap.servers": node.bootstrap, "batch.num.messages": 5}
    producer = Producer(settings)
    for _ in range(count):
        producer.produce("read", RECORD)
    assert producer.flush(60) == 0
    return log_size(node.directory, "read") / count


def rate_of_reading(node: NodeProcess, record_bytes: float) -> float:
    """Return bytes per second of a window."""
    settings = {
        "bootstrap.servers": node.bootstrap,
        "client.id": "reader",
        "group.id": "g",
        "message.max.bytes": 10_000,
        "fetch.max.bytes": 10_000,
        "max.partition.fetch.bytes": 10_000,
    }
    consumer = Consumer(settings)
    consumer.assign([TopicPartition("read", 0, 0)])
    arrived: list[float] = []
    deadline = time.monotonic() + 60
    began = 0.0
    while time.monotonic() < deadline:
        if consumer.poll(1) is not None:
            arrived.append(time.monotonic())
            began = began or arrived[0]
            if arrived[-1] > began + WARM_S + WINDOW_S:
                break
    consumer.close()
    first = next(place for place, at in enumerate(arrived) if at >= began + WARM_S)
    seconds = arrived[-1] - arrived[first]
    return (len(arrived) - first - 1) * record_bytes / seconds


def test_producer_and_consumer_are_held_to_their_rates(node: NodeProcess) -> None:
    node.create_topic("written", 1)
    node.create_topic("read", 1)
    record_bytes = fill(node, 2_000)
    limit(node, "writer", producer_byte_rate=RATE)
    limit(node, "reader", consumer_byte_rate=RATE)
    stop = threading.Event()
    writing = threading.Thread(target=keep_producing, args=(node, stop))
    writing.start()
    try:
        time.sleep(WARM_S)
        size, began = log_size(node.directory, "written"), time.monotonic()
        read_rate = rate_of_reading(node, record_bytes)
        written = log_size(node.directory, "written") - size
        write_rate = written / (time.monotonic() - began)
    finally:
        stop.set()
        writing.join(30)

    assert write_rate == pytest.approx(RATE, rel=TOLERANCE)
    assert read_rate == pytest.approx(RATE, rel=TOLERANCE)


def test_admins_that_make_too_many_partitions_are_told_so_or_wait(node: NodeProcess) -> None:
    limit(node, "knows", controller_mutation_rate=1)
    limit(node, "waits", controller_mutation_rate=1)
    strict = KafkaAdminClient(bootstrap_servers=node.bootstrap, client_id="knows")
    patient = AdminClient({"bootstrap.servers": node.bootstrap, "client.id": "waits"})

    strict.create_topics([PyTopic("many", 40, 1)])
    with pytest.raises(ThrottlingQuotaExceededError):
        strict.create_topics([PyTopic("more", 1, 1)])
    patient.create_topics([NewTopic("some", 12, 1)])["some"].result(30)
    began = time.monotonic()
    patient.create_topics([NewTopic("others", 1, 1)])["others"].result(30)

    assert time.monotonic() - began > 0.5
    strict.close()


def test_kafkas_own_tool_sets_and_shows_quotas(node: NodeProcess, tmp_path: Path) -> None:
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m")
    tool = ["java", *quick, "-cp", classpath(POM, tmp_path), "kafka.admin.ConfigCommand"]
    tool += ["--bootstrap-server", node.bootstrap]
    whose = ["--entity-type", "users", "--entity-name", "alice"]
    whose += ["--entity-type", "clients", "--entity-default"]

    def run(*arguments: str) -> str:
        ran = subprocess.run([*tool, *arguments], capture_output=True, timeout=120, check=True)
        return ran.stdout.decode()

    run("--alter", "--add-config", "producer_byte_rate=1024,request_percentage=12.5", *whose)
    shown = run("--describe", *whose)
    found = httpx.get(f"{node.url}/v3/clusters/-/quotas", params={"user": "alice"}).json()["data"]

    assert "user-principal 'alice', the default client-id" in shown
    assert "producer_byte_rate=1024.0" in shown
    assert "request_percentage=12.5" in shown
    assert [(one["client_id"], one["values"]) for one in found] == [
        ("<default>", {"producer_byte_rate": 1024.0, "request_percentage": 12.5})
    ]
