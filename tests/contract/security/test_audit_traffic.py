"""Who wrote and read what is in the audit log of a node that is told to write it down."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, Producer

from app.security.bootstrap import FILE
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

TOPICS = "/v3/clusters/-/topics"
RECORDS = 200


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProcess]:
    """A node whose clients must log in, and that writes down who produces and consumes."""
    monkeypatch.setenv("CAUCE_AUDIT_CATEGORIES", "produce,consume")
    node = NodeProcess(tmp_path / "data", "--authentication", "required")
    node.start()
    yield node
    node.kill()


def login(node: NodeProcess, password: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": node.bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "admin",
        "sasl.password": password,
        "client.id": "reader",
    }


def test_all_that_was_written_and_read_is_told_by_when_the_node_ends(closed: NodeProcess) -> None:
    password = Path(closed.directory, FILE).read_text().strip()
    with httpx.Client(base_url=closed.url, auth=("admin", password), timeout=60) as admin:
        admin.post(TOPICS, json={"topic_name": "t"}).raise_for_status()
        for _ in range(3):
            body = {"value": {"type": "JSON", "data": 1}}
            admin.post(f"{TOPICS}/t/records", json=body).raise_for_status()
        admin.get(f"{TOPICS}/t/records", params={"from": "earliest"}).raise_for_status()
    producer = Producer(login(closed, password) | {"linger.ms": 0})
    for number in range(RECORDS):
        producer.produce("t", b"%d" % number)
    assert producer.flush(30) == 0
    consumer = Consumer(
        login(closed, password) | {"group.id": "g", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["t"])
    read = 0
    while read < RECORDS + 3:
        read += len(consumer.consume(RECORDS + 3 - read, timeout=30))
    consumer.close()
    assert closed.stop() == 0

    lines = Path(closed.directory, "audit.log").read_text().splitlines()
    told: dict[tuple[str, str, str], list[dict[str, int]]] = {}
    for one in (json.loads(line)["data"] for line in lines):
        info = one["authenticationInfo"]
        assert (info["principal"], one["resourceName"]) == ("User:admin", "topic=t")
        assert one["requestMetadata"]["clientAddress"] == "127.0.0.1"
        key = (one["methodName"], info["credential"]["kind"], one["category"])
        told.setdefault(key, []).append(one["counts"])
    assert set(told) == {
        (method, credential, category)
        for method, category in (("Produce", "produce"), ("Fetch", "consume"))
        for credential in ("password", "scram")
    }
    over_rest = told["Produce", "password", "produce"]
    assert [one["requests"] for one in over_rest] == [1, 2]
    written = sum(one["bytes"] for key, all_ in told.items() if key[0] == "Produce" for one in all_)
    by_kafka = sum(one["bytes"] for one in told["Fetch", "scram", "consume"])
    assert by_kafka == written


def test_all_that_a_node_writes_is_its_owners_alone(closed: NodeProcess) -> None:
    password = Path(closed.directory, FILE).read_text().strip()
    with httpx.Client(base_url=closed.url, auth=("admin", password), timeout=60) as admin:
        admin.post(TOPICS, json={"topic_name": "t"}).raise_for_status()
        body = {"value": {"type": "JSON", "data": 1}}
        admin.post(f"{TOPICS}/t/records", json=body).raise_for_status()
    written = [closed.directory, *Path(closed.directory).rglob("*")]
    assert any(path.parent.name == "t-0" for path in written)
    assert [path for path in written if path.stat().st_mode & 0o077] == []
