"""The protocol on a real socket, with deadlines short enough to be waited for."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import uvicorn
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from app.api import http_protocol
from app.api.answers import Send
from app.api.http_protocol import GuardedHttpProtocol, sweeper
from app.api.request_body import Receive, Scope
from app.api.ws import protocol
from app.api.ws.close_codes import CloseCode
from app.api.ws.protocol import SOCKET, GuardedWebSocketProtocol

LONG = 30.0


@dataclass
class Echo:
    """An application that sends back what comes; ``flood`` is answered until it is too much."""

    port: int = 0
    sockets: list[GuardedWebSocketProtocol] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    server: uvicorn.Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        await receive()
        subprotocol = next(iter(scope["subprotocols"]), None)
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        socket: GuardedWebSocketProtocol = scope["extensions"][SOCKET]
        self.sockets.append(socket)
        while (message := await receive())["type"] != "websocket.disconnect":
            text = message.get("text")
            if text == "flood":
                while socket.is_writable:
                    socket.write_message(b"x" * 10_000, is_text=True)
                socket.end(CloseCode.TOO_SLOW, "too slow")
            elif text == "end":
                socket.end(CloseCode.FENCED, "another")
            elif text is not None:
                socket.write_message(text.encode(), is_text=True)
            else:
                socket.write_message(message["bytes"], is_text=False)
        self.left.append(message["code"])

    def connect(self, **options: object) -> websockets.connect:
        return websockets.connect(f"ws://127.0.0.1:{self.port}/", **options)  # type: ignore[arg-type]


@pytest.fixture
async def echo(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Echo]:
    monkeypatch.setattr(http_protocol, "SWEEP_SECONDS", 0.01)
    echo = Echo()
    config = uvicorn.Config(
        echo,
        port=0,
        http=GuardedHttpProtocol,
        ws=GuardedWebSocketProtocol,
        ws_max_size=100_000,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=2,
    )
    echo.server = server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    sweeping = asyncio.create_task(sweeper.run())
    while not server.started:
        await asyncio.sleep(0.01)
    echo.port = server.servers[0].sockets[0].getsockname()[1]
    yield echo
    server.should_exit = True
    await asyncio.wait_for(serving, LONG)
    sweeping.cancel()
    assert not sweeper.connections


async def closed(client: ClientConnection) -> tuple[int, str]:
    """Read until the server closes; return code and reason."""

    async def read_on() -> None:
        while True:
            await client.recv()

    with pytest.raises(ConnectionClosed) as raised:
        await asyncio.wait_for(read_on(), LONG)
    assert raised.value.rcvd is not None
    return raised.value.rcvd.code, raised.value.rcvd.reason


async def test_messages_go_both_ways(echo: Echo) -> None:
    async with echo.connect() as client:
        await client.send("ä")
        await client.send(b"\xff")

        assert [await client.recv(), await client.recv()] == ["ä", b"\xff"]
    await asyncio.sleep(0.05)
    assert echo.left == [1000]


async def test_fragments_are_kept_as_one_however_many_and_small(echo: Echo) -> None:
    kept: list[int] = []

    async def crumbs() -> AsyncIterator[str]:
        for number in range(2_000):
            yield "ä" if number % 2 else ""
            if number % 500 == 499:
                await client.ping()
                await asyncio.sleep(0.05)
                kept.append(len(echo.sockets[0].frames))

    async with echo.connect() as client:
        await client.send("first")
        assert await client.recv() == "first"
        await client.send(crumbs())
        assert await client.recv() == "ä" * 1_000
        await client.send(one for one in (b"\xff", b"", b"\0"))
        assert await client.recv() == b"\xff\0"
    assert kept == [0] * 4


@pytest.mark.parametrize(
    ("subprotocols", "compressed"),
    [(None, True), (["cauce.v1.json"], True), (["cauce.v1.bin"], False)],
)
async def test_only_text_is_compressed(
    echo: Echo, subprotocols: list[str] | None, compressed: bool
) -> None:
    async with echo.connect(subprotocols=subprotocols) as client:
        assert bool(client.protocol.extensions) is compressed
        await client.send("x" * 50_000)
        assert await client.recv() == "x" * 50_000


async def test_a_message_that_unpacks_to_too_much_ends_the_socket(echo: Echo) -> None:
    async with echo.connect() as client:
        await client.send("x" * 200_000)

        code, _ = await closed(client)

    assert code == 1009


async def test_a_close_says_why_and_whether_to_come_back(echo: Echo) -> None:
    async with echo.connect() as client:
        await client.send("end")

        code, reason = await closed(client)

    assert code == 4409
    assert json.loads(reason) == {"reason": "another", "retry": False}


async def test_a_close_does_not_wait_for_a_peer_that_never_reads(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CLOSE_SECONDS_MAX", 0.05)
    client = await echo.connect(compression=None, max_queue=1).__aenter__()
    client.transport.pause_reading()
    await client.send("flood")

    async with asyncio.timeout(LONG):
        while not echo.left:
            await asyncio.sleep(0.01)

    assert echo.left == [4408]
    async with asyncio.timeout(LONG):
        while sweeper.connections:
            await asyncio.sleep(0.01)
    client.transport.abort()


async def test_a_quiet_peer_is_asked_and_stays_if_it_answers(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(protocol, "SILENCE_SECONDS_MAX", 5.0)
    async with echo.connect(ping_interval=None) as client:
        await asyncio.sleep(0.3)
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_peer_that_gives_no_sign_of_life_is_cut_off(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SILENCE_SECONDS_MAX", 0.1)
    client = await echo.connect(ping_interval=None).__aenter__()
    client.transport.pause_reading()

    async with asyncio.timeout(LONG):
        while not echo.left:
            await asyncio.sleep(0.01)

    client.transport.abort()


async def test_at_shutdown_the_door_is_told_or_the_socket_closed(echo: Echo) -> None:
    async with echo.connect() as told, echo.connect() as untold:
        await told.send("a")
        await told.recv()
        await untold.send("a")
        await untold.recv()
        first = echo.sockets[0]
        first.on_drain = lambda: first.end(CloseCode.GOING_AWAY, "drain")
        assert echo.server is not None
        echo.server.should_exit = True

        codes = [(await closed(told))[0], (await closed(untold))[0]]

    assert codes == [1001, 1012]


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def test_handshake_of_two_versions_is_refused_and_keeps_no_place(echo: Echo) -> None:
    assert echo.server is not None
    versions = b"Sec-WebSocket-Version: 13\r\n" * 2

    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(HANDSHAKE + versions + b"\r\n")
    answer = await asyncio.wait_for(reader.read(), LONG)
    writer.close()
    async with asyncio.timeout(LONG):
        while sweeper.connections or echo.server.server_state.connections:
            await asyncio.sleep(0.001)

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 "))


async def test_at_shutdown_nothing_is_said_to_a_peer_that_is_gone(echo: Echo) -> None:
    async with echo.connect() as client:
        await client.send("hello")
        await client.recv()
        (socket,) = echo.sockets
        socket.transport.abort()

        socket.shutdown()

        assert socket.conn.state is State.OPEN  # no close frame was made
