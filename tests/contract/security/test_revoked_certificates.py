"""A certificate that is revoked: who came in by it is cut at both doors, and comes in no more."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websockets
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from app.wire.messages.api_versions import ApiVersionsRequest
from tests.support.security.certificates import Pair, write_list
from tests.support.security.mutual import Mutual
from tests.support.wire_door import Peer

pytestmark = pytest.mark.slow

PATIENCE_S = 60
CUT_S = 5.0


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
    """What a client keeps open: connections for Kafka and for requests, a WebSocket, a poll."""

    def __init__(self, mutual: Mutual, shows: Pair) -> None:
        self._node, self._tls = mutual.node, mutual.trusting(shows)
        self.http = httpx.AsyncClient(verify=self._tls, timeout=PATIENCE_S)

    async def open(self) -> None:
        """Open all of it, and see that it is served."""
        ports = "127.0.0.1", self._node.kafka_port
        self.peer = Peer(*await asyncio.open_connection(*ports, ssl=self._tls))
        await self.ask_kafka()
        self.socket = await websockets.connect(
            f"wss://127.0.0.1:{self._node.port}/v3/ws", ssl=self._tls
        )
        await self.socket.recv()
        assert (await self.http.get(self._node.topics)).status_code == 200
        path = f"{self._node.topics}/t/partitions/0/records?offset=0&wait_ms=60000"
        self.polling = httpx.AsyncClient(verify=self._tls, timeout=90)
        self.poll = asyncio.create_task(self.polling.get(path))
        await asyncio.sleep(0.5)
        assert not self.poll.done(), "it waits"

    async def ask_kafka(self) -> None:
        self.peer.send(ApiVersionsRequest(), 0, 7)
        assert (await self.peer.receive())[0] == 7

    async def cut(self) -> None:
        """Wait until all of it has ended, or is refused."""
        await self.peer.is_closed()
        await self.socket.wait_closed()
        with pytest.raises(httpx.TransportError):
            await self.poll

    async def close(self) -> None:
        self.peer.close()
        await self.socket.close()
        self.poll.cancel()
        await self.polling.aclose()
        await self.http.aclose()


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
    again = await leaving.http.get(node.topics)
    with pytest.raises(httpx.TransportError):
        await asyncio.to_thread(httpx.get, node.topics, verify=mutual.trusting(alice), timeout=60)
    with pytest.raises(KafkaException):
        await asyncio.to_thread(AdminClient(mutual.librdkafka(alice)).list_topics, timeout=3)

    assert took_s < CUT_S
    assert again.status_code == 401
    await staying.ask_kafka()
    assert not staying.poll.done()
    assert (await staying.http.get(node.topics)).status_code == 200
    await (await staying.socket.ping())
    assert "t" in AdminClient(mutual.librdkafka(admin)).list_topics(timeout=60).topics
    for one in (leaving, staying):
        await one.close()
