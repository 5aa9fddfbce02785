"""A node's audit log, from outside: what happened is in it, in the file and in the topic."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

PATIENCE_S = 30.0
HERE = "/v3/clusters/-"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path / "data", "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


def administrator(node: NodeProcess) -> httpx.Client:
    secret = Path(node.directory, "admin.secret").read_text().strip()
    return httpx.Client(base_url=node.url, auth=("admin", secret), timeout=60)


def in_file(node: NodeProcess) -> list[dict[str, Any]]:
    lines = Path(node.directory, "audit.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def told(events: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Return who did what, and how it ended, of each event."""
    return {
        (
            one["data"].get("authenticationInfo", {}).get("principal", ""),
            one["data"]["methodName"],
            one["data"]["result"]["status"],
        )
        for one in events
        if "result" in one["data"]
    }


def request_id(event: dict[str, Any]) -> str | None:
    found: str | None = event["data"].get("requestMetadata", {}).get("requestId")
    return found


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def kafka_producer(node: NodeProcess, user: str, password: str) -> Producer:
    return Producer(
        {
            "bootstrap.servers": node.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": user,
            "sasl.password": password,
            "message.timeout.ms": 5_000,
            "error_cb": lambda _error: None,
        }
    )


def test_what_happened_is_in_the_file_and_in_the_topic(closed: NodeProcess) -> None:
    with administrator(closed) as admin:
        topic = {"topic_name": "t", "partitions_count": 1}
        assert admin.post(f"{HERE}/topics", json=topic).status_code == 201
        body = {"name": "alice", "password": "correct horse"}
        assert admin.post(f"{HERE}/users", json=body).status_code == 201
        rule = {
            "resource_type": "TOPIC",
            "resource_name": "t",
            "pattern_type": "LITERAL",
            "principal": "User:alice",
            "host": "*",
            "operation": "DESCRIBE",
            "permission": "ALLOW",
        }
        assert admin.post(f"{HERE}/acls", json=rule).status_code == 201
        record = {"value": {"type": "JSON", "data": 1}}
        alice = ("alice", "correct horse")
        refused = admin.post(f"{HERE}/topics/t/records", json=record, auth=alice)
        assert refused.json()["error_code"] == 40301
        assert admin.get(HERE, auth=("alice", "wrong")).status_code == 401
        errors: list[Any] = []
        producer = kafka_producer(closed, *alice)
        producer.produce("t", b"v", on_delivery=lambda error, _message: errors.append(error))
        assert producer.flush(PATIENCE_S) == 0
        assert errors[0] is not None
        wanted = {
            ("Node:self", "CreateUser", "SUCCESS"),
            ("User:admin", "CreateUser", "SUCCESS"),
            ("User:admin", "CreateAcls", "SUCCESS"),
            ("User:admin", "CreateTopics", "SUCCESS"),
        }

        def has_all(events: list[dict[str, Any]]) -> bool:
            found = told(events)
            denied = [
                one["data"]["authorizationInfo"]["operation"]
                for one in events
                if one["data"].get("category") == "denied"
            ]
            failed = {status for _, method, status in found if method == "Authentication"}
            return wanted <= found and denied.count("WRITE") >= 2 and len(failed) == 2

        def in_topic() -> list[dict[str, Any]]:
            page = admin.get(f"{HERE}/topics/_audit_log/records?from=earliest").json()
            return [one["value"]["data"] for one in page.get("data", [])]

        assert soon(lambda: has_all(in_file(closed))), in_file(closed)
        assert soon(lambda: has_all(in_topic())), in_topic()


def test_a_change_that_was_answered_is_in_the_file_after_a_kill(closed: NodeProcess) -> None:
    with administrator(closed) as admin:
        for number in range(3):
            made = admin.post(f"{HERE}/users", json={"name": f"u{number}"})
            assert made.status_code == 201
            assert closed.process is not None
            closed.process.send_signal(signal.SIGKILL)
            closed.process.wait()
            events = in_file(closed)
            began = [one for one in events if f"user u{number}" in json.dumps(one)]
            ended = [one for one in events if request_id(one) in map(request_id, began)]
            assert ("User:admin", "CreateUser", "SUCCESS") in told(ended)
            closed.start()
