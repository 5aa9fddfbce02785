"""A certificate that is revoked: who came in by it is cut at both doors, and comes in no more."""

import asyncio
import base64
import json
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from app.main import EXIT_FAILED
from app.wire.messages.api_versions import ApiVersionsRequest
from tests.support.node import NodeProcess
from tests.support.security.certificates import Pair, write_list
from tests.support.security.lasting import LOGIN_ENDED, admin_secret
from tests.support.security.mutual import Mutual
from tests.support.wire_door import Peer

pytestmark = pytest.mark.slow

PATIENCE_S = 60
CUT_S = 5.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def mutual(tmp_path: Path) -> Iterator[Mutual]:
    lists = tmp_path / "revoked.pem"
    mutual = Mutual(tmp_path, "--tls-client-crl", str(lists))
    write_list(lists, mutual.ca)
    mutual.start()
    yield mutual
    assert mutual.node.stop() == 0
    assert "Traceback" not in mutual.node.log


class Lasting:
    """What a client keeps open: connections for Kafka and for requests, a WebSocket, a poll..."""

    def __init__(self, mutual: Mutual, shows: Pair) -> None:
        self._node, self._tls = mutual.node, mutual.trusting(shows)
        self._records = f"{mutual.node.topics}/t/partitions/0/records?offset=0&wait_ms=60000"
        self._waiting = httpx.AsyncClient(verify=self._tls, timeout=90)
        self.librdkafka = AdminClient(mutual.librdkafka(shows))
        self.waits: dict[str, asyncio.Task[object]] = {}

    async def open(self) -> None:
        """Open all of it, and see that it is served."""
        self.peer = Peer(*await self._connection(self._node.kafka_port))
        await self.ask_kafka()
        self.socket = await websockets.connect(
            f"wss://127.0.0.1:{self._node.port}/v3/ws", ssl=self._tls
        )
        await self.socket.recv()
        await asyncio.to_thread(self.librdkafka.list_topics, timeout=PATIENCE_S)
        admin = ("admin", admin_secret(self._node))
        self.waits["requests by a password"] = asyncio.create_task(self._ask_on(admin))
        for name, waits in (
            ("poll", self._waiting.get(self._records)),
            ("poll by a password", self._waiting.get(self._records, auth=admin)),
            ("stream", self._waiting.get(f"{self._node.topics}/t/records:stream")),
        ):
            self.waits[name] = asyncio.create_task(waits)
        await asyncio.sleep(0.5)
        assert self.waiting() == list(self.waits), "they wait"

    def _connection(self, port: int) -> Awaitable[Connection]:
        return asyncio.open_connection("127.0.0.1", port, ssl=self._tls)

    def waiting(self) -> list[str]:
        """Return what goes on."""
        return [name for name, one in self.waits.items() if not one.done()]

    async def ask_kafka(self) -> None:
        self.peer.send(ApiVersionsRequest(), 0, 7)
        assert (await self.peer.receive())[0] == 7

    async def _ask_on(self, admin: tuple[str, str]) -> None:
        """Send requests over one connection, as long as it is there."""
        shown = base64.b64encode(":".join(admin).encode()).decode()
        request = f"GET /v3/clusters HTTP/1.1\r\nhost: h\r\nauthorization: Basic {shown}\r\n\r\n"
        reader, writer = await self._connection(self._node.port)
        while True:
            writer.write(request.encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("http/1.1 200")
            size = head.partition("content-length: ")[2].partition("\r")[0]
            await reader.readexactly(int(size))
            await asyncio.sleep(0.1)

    async def cut(self) -> None:
        """Wait until all of it has ended."""
        await self.peer.is_closed()
        await self.socket.wait_closed()
        for one in self.waits.values():
            with pytest.raises((httpx.TransportError, ConnectionError, EOFError)):
                await one

    async def close(self) -> None:
        self.peer.close()
        await self.socket.close()
        for one in self.waits.values():
            one.cancel()
        await self._waiting.aclose()


def with_rights(mutual: Mutual) -> None:
    """Make a topic that alice may read."""
    rule = {"resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL", "host": "*"}
    rule |= {"principal": "User:alice", "operation": "READ", "permission": "ALLOW"}
    with httpx.Client(verify=mutual.trusting(mutual.admin), timeout=PATIENCE_S) as admin:
        assert admin.post(mutual.node.topics, json={"topic_name": "t"}).status_code == 201
        made = admin.post(f"{mutual.node.url}/v3/clusters/-/acls", json=rule)
        assert made.status_code == 201, made.text


async def test_all_that_came_in_by_it_is_cut_and_others_stay(mutual: Mutual) -> None:
    node, alice, admin = mutual.node, mutual.of("alice"), mutual.admin
    with_rights(mutual)
    leaving, staying = Lasting(mutual, alice), Lasting(mutual, admin)
    await leaving.open()
    await staying.open()

    write_list(mutual.folder / "revoked.pem", mutual.ca, alice)
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        await leaving.cut()
    took_s = time.monotonic() - began
    with pytest.raises(httpx.TransportError):
        await asyncio.to_thread(httpx.get, node.topics, verify=mutual.trusting(alice), timeout=60)
    for one in (leaving.librdkafka, AdminClient(mutual.librdkafka(alice))):
        with pytest.raises(KafkaException):
            await asyncio.to_thread(one.list_topics, timeout=3)

    assert took_s < CUT_S
    assert leaving.socket.close_code == LOGIN_ENDED
    await staying.ask_kafka()
    assert staying.waiting() == list(staying.waits)
    await (await staying.socket.ping())
    assert "t" in staying.librdkafka.list_topics(timeout=60).topics
    await asyncio.to_thread(until, lambda: len(refusals(node)) >= 3)
    assert refusals(node)[0]["requestMetadata"] == {"clientAddress": "127.0.0.1"}
    for one in (leaving, staying):
        await one.close()


def refusals(node: NodeProcess) -> list[dict[str, Any]]:
    """Return what the audit log tells of handshakes with a revoked certificate."""
    lines = Path(node.directory, "audit.log").read_text().splitlines()
    events: list[dict[str, Any]] = [json.loads(line)["data"] for line in lines]
    return [one for one in events if one.get("result", {}).get("message") == "certificate revoked"]


def test_a_broken_file_of_lists_is_told_at_the_start_and_changes_nothing_later(
    mutual: Mutual,
) -> None:
    lists = mutual.folder / "revoked.pem"
    alice = mutual.of("alice")
    write_list(lists, mutual.ca, alice)
    read_again(mutual.node)
    until(lambda: not is_let_in(mutual, alice))

    lists.write_text("no lists")
    read_again(mutual.node)
    until(lambda: "revoked.pem holds no lists of revoked certificates" in mutual.node.log)
    assert not is_let_in(mutual, alice)
    assert is_let_in(mutual, mutual.admin)
    other = NodeProcess(mutual.folder / "other", *mutual.node.options)
    with pytest.raises(AssertionError, match="holds no lists of revoked"):
        other.start()
    assert other.process is not None
    assert other.process.wait(PATIENCE_S) == EXIT_FAILED


def read_again(node: NodeProcess) -> None:
    assert node.process is not None
    node.process.send_signal(signal.SIGHUP)


def is_let_in(mutual: Mutual, shows: Pair) -> bool:
    try:
        answer = httpx.get(mutual.node.topics, verify=mutual.trusting(shows), timeout=PATIENCE_S)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
