"""Five hundred connections that send slowly: each is cut at its deadline, honest ones are served.

At both doors; the deadlines are made short, so that they can be waited for.
"""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka import Producer

from tests.support.node import NodeProcess

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SLOW = 500
DEADLINE_S = 4.0
PATIENCE_S = 60.0
DRIP_S = 1.0
PRELUDE = (
    "from functools import partial\n"
    "from app.api import http_protocol\n"
    "from app.api.ws import protocol\n"
    "from app.wire import listener\n"
    f"limits = dict(first_request_s={DEADLINE_S}, frame_s={DEADLINE_S})\n"
    "listener.ConnectionLimits = partial(listener.ConnectionLimits, **limits)\n"
    f"protocol.HEARTBEAT_SECONDS, protocol.SILENCE_SECONDS_MAX = 1.0, {DEADLINE_S}\n"
    f"http_protocol.HEAD_SECONDS_MAX = http_protocol.BODY_IDLE_SECONDS_MAX = {DEADLINE_S}\n"
)
_POST = (
    b"POST /v3/clusters/-/topics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
KINDS = {
    "a head that drips": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"A: b\r\n"),
    "a line that drips": (b"GET /", b"a"),
    "a head that stops": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b""),
    "a body that stops": (_POST + b"Content-Length: 100\r\n\r\n{", b""),
    "chunks that stop": (_POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", b""),
}
_OPEN = (
    b"GET /v3/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
WIRE_KINDS = {
    "a Kafka connection that says nothing": (b"", b""),
    "a size that stops": (b"\0\0", b""),
    "a request that drips": (b"\0\0\1\0\0\x12\0\3", b"\0"),
}
SOCKET_KINDS = {
    "a WebSocket that says nothing": (_OPEN, b""),
    "a frame that stops": (_OPEN + b"\x81\xfe\1\0abcd{", b""),
}


@pytest.fixture
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data", prelude=PRELUDE)
    node.start()
    node.create_topic("t", 1)
    yield node
    assert node.stop() == 0


async def slow(port: int, begin: bytes, drip: bytes) -> tuple[float, bytes]:
    """Send slowly; return how long the server put up with it, and what it said at last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(begin)

    async def go_on() -> None:
        while drip:
            await asyncio.sleep(DRIP_S)
            writer.write(drip)

    dripping = asyncio.create_task(go_on())
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await reader.read(-1)
    except ConnectionError:
        said = b""
    finally:
        dripping.cancel()
        writer.transport.abort()
    return time.monotonic() - began, said


async def test_slow_connections_are_cut_while_honest_ones_are_served(node: NodeProcess) -> None:
    kinds = list(KINDS.values())
    attack = [asyncio.create_task(slow(node.port, *kinds[n % len(kinds)])) for n in range(SLOW)]
    served = 0
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        while not all(one.done() for one in attack):
            record = {"value": {"type": "STRING", "data": "v"}}
            answer = await client.post(f"{node.topics}/t/records", json=record)
            assert answer.json()["error_code"] == 200
            served += 1
            await asyncio.sleep(0.01)

    ended = [await one for one in attack]
    assert len(ended) == SLOW
    assert all(lasted > DEADLINE_S / 2 for lasted, _ in ended)
    assert all(said.startswith(b"HTTP/1.1 408 ") or not said for _, said in ended)
    assert sum(said.startswith(b"HTTP/1.1 408 ") for _, said in ended) > SLOW / 2
    assert served > 20


async def test_silent_kafka_connections_and_web_sockets_are_cut_while_honest_ones_are_served(
    node: NodeProcess,
) -> None:
    kinds = [(node.kafka_port, *one) for one in WIRE_KINDS.values()]
    kinds += [(node.port, *one) for one in SOCKET_KINDS.values()]
    attack = [asyncio.create_task(slow(*kinds[n % len(kinds)])) for n in range(SLOW)]
    honest = await asyncio.to_thread(Producer, {"bootstrap.servers": node.bootstrap})
    served: list[object] = []
    while not all(one.done() for one in attack):
        honest.produce("t", b"v", on_delivery=lambda error, _message: served.append(error))
        honest.poll(0)
        await asyncio.sleep(0.01)

    ended = [await one for one in attack]
    assert all(DEADLINE_S / 2 < lasted < PATIENCE_S / 2 for lasted, _ in ended)
    sockets = [said for n, (_, said) in enumerate(ended) if n % len(kinds) >= len(WIRE_KINDS)]
    assert all(said.startswith(b"HTTP/1.1 101 ") for said in sockets)
    assert await asyncio.to_thread(honest.flush, PATIENCE_S) == 0
    assert len(served) > 20
    assert set(served) == {None}
