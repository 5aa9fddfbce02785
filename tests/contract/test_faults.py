"""Faults around a real node: a disk that cannot sync, clients that leave, clients that drag."""

import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from tests.support.groups.members import wait_until
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

TO_2 = {
    "target": "exact",
    "value": 2,
    "partitions": [{"topic_name": "t", "partition_id": 0}],
}
JSON = {"content-type": "application/json"}
LEAVERS = 150
RECORDS_EACH = 20

FAILING_SYNC = """
import os
_sync = os.fdatasync
def fail_when_told(descriptor):
    if os.path.exists({switch!r}):
        raise OSError(5, "Input/output error")
    _sync(descriptor)
os.fdatasync = fail_when_told
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


def record(text: str) -> bytes:
    return b'{"value":{"type":"STRING","data":"%b"}}' % text.encode()


def test_failed_sync_fences_the_node_and_nothing_is_acknowledged_until_a_restart(
    tmp_path: Path,
) -> None:
    switch = tmp_path / "switch"
    node = NodeProcess(tmp_path / "data", prelude=FAILING_SYNC.format(switch=str(switch)))
    node.start()
    node.create_topic("t", 1)
    node.create_topic("other", 1)
    here = f"{node.topics}/t/records"
    good = httpx.post(here, content=record("good"), headers=JSON)
    switch.touch()

    with ThreadPoolExecutor(8) as clients:
        futures = [
            clients.submit(httpx.post, here, content=record(f"bad-{number}"), headers=JSON)
            for number in range(8)
        ]
        refused = [future.result() for future in futures]
    switch.unlink()
    healed = httpx.post(here, content=record("late"), headers=JSON)
    elsewhere = httpx.post(f"{node.topics}/other/records", content=record("x"), headers=JSON)
    ready = httpx.get(f"{node.url}/readyz")
    alive = httpx.get(f"{node.url}/livez")

    assert (good.status_code, good.json()["offset"]) == (200, 0)
    for answer in (*refused, healed, elsewhere):
        assert answer.json()["error_code"] == 50003, answer.text
        assert "offset" not in answer.json()
        assert "see the server's log" in answer.json()["message"]
        assert str(tmp_path) not in answer.text
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert "Input/output error" in ready.json()["message"]
    assert "fenced" in node.log
    assert "Input/output error" in node.log
    node.stop()

    node.start()
    records = httpx.get(f"{node.topics}/t/partitions/0/records").json()["data"]
    again = httpx.post(here, content=record("again"), headers=JSON).json()

    values = [one["value"]["data"] for one in records]
    assert values[0] == "good"
    assert "late" not in values
    assert again["offset"] == len(values)
    assert node.stop() == 0


def test_groups_whose_disk_failed_say_so_and_go_on_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUCE_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
    switch = tmp_path / "switch"
    node = NodeProcess(tmp_path / "data", prelude=FAILING_SYNC.format(switch=str(switch)))
    node.start()
    node.create_topic("t", 1)
    httpx.post(f"{node.topics}/t/records", content=record("x"), headers=JSON)
    consumers = [reading(node, protocol) for protocol in ("classic", "consumer")]
    for one in consumers:
        one.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
    switch.touch()

    alter = f"{node.url}/v3/clusters/-/consumer-groups/new/offsets:alter"
    altered = httpx.post(alter, json={**TO_2, "validate_only": False}).json()["data"]
    with ThreadPoolExecutor(2) as threads:
        refused = list(threads.map(lambda one: commit(one, 2), consumers))
    switch.unlink()
    node.stop()
    node.start()
    for one in consumers:
        wait_until(lambda one=one: one.poll(0.1) is None and commit(one, 3) == 0, "it commits")  # type: ignore[misc] # of this round
    committed = [one.committed([TopicPartition("t", 0)], timeout=30)[0].offset for one in consumers]
    for one in consumers:
        one.close()

    unavailable = KafkaError.COORDINATOR_NOT_AVAILABLE
    assert ([one["error_code"] for one in altered], refused) == ([unavailable], [unavailable] * 2)
    assert committed == [3, 3]
    assert node.stop() == 0


def reading(node: NodeProcess, protocol: str) -> Consumer:
    """Return the only member of a group, which has got a record."""
    consumer = Consumer(
        {
            "bootstrap.servers": node.bootstrap,
            "group.id": protocol,
            "group.protocol": protocol,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe(["t"])
    wait_until(lambda: bool(consumer.consume(1, 0.1)), "a record came")
    return consumer


def commit(consumer: Consumer, offset: int) -> int:
    """Commit an offset; return what comes of it in Kafka's numbers."""
    try:
        consumer.commit(offsets=[TopicPartition("t", 0, offset)], asynchronous=False)
    except KafkaException as error:
        return int(error.args[0].code())
    return 0


def test_client_that_leaves_never_cancels_or_tears_an_append(node: NodeProcess) -> None:
    node.create_topic("t", 1)
    chance = random.Random(7)
    for number in range(LEAVERS):
        body = b"".join(record(f"{number}-{place}") for place in range(RECORDS_EACH))
        head = b"POST /v3/clusters/-/topics/t/records HTTP/1.1\r\nhost: localhost\r\n"
        head += b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
            connection.sendall(head + body)
            time.sleep(chance.choice([0, 0.0005, 0.001, 0.003]))
            if number % 2:
                # An RST instead of a FIN.
                linger = b"\1\0\0\0\0\0\0\0"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    last = httpx.post(f"{node.topics}/t/records", content=record("last"), headers=JSON).json()

    records = httpx.get(f"{node.topics}/t/partitions/0/records?max_records=10000").json()["data"]

    assert [one["offset"] for one in records] == list(range(last["offset"] + 1))
    counts: dict[str, list[str]] = {}
    for one in records[:-1]:
        number_, place_ = one["value"]["data"].split("-")
        counts.setdefault(number_, []).append(place_)
    whole = [str(place) for place in range(RECORDS_EACH)]
    assert all(places == whole for places in counts.values())
    assert len(counts) > LEAVERS // 4, "most were too quick to be taken at all"


def test_hundreds_of_dragging_heads_do_not_keep_others_out_and_are_closed(
    node: NodeProcess,
) -> None:
    node.create_topic("t", 1)
    dragging = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(300)]
    try:
        for connection in dragging:
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-")
        answer = httpx.post(f"{node.topics}/t/records", content=record("in"), headers=JSON)
        for connection in dragging:
            connection.settimeout(30)
            received = b""
            while data := connection.recv(4096):
                received += data
            assert received.startswith(b"HTTP/1.1 408 ")
    finally:
        for connection in dragging:
            connection.close()

    assert answer.status_code == 200
