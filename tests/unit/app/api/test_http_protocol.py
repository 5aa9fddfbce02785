"""The HTTP protocol on a real socket, with deadlines short enough to be waited for."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from app.api import http_protocol
from app.api.http_protocol import CYCLE, GuardedHttpProtocol, JoiningTransport, sweeper
from app.api.request_body import Message, Scope
from app.security.tls.handshakes import Handshakes
from app.security.tls.live import TlsFiles, server_context
from tests.support.security.certificates import client_context, write_pair

GOOD = b"GET /good HTTP/1.1\r\nhost: h\r\n\r\n"
OPEN_BODY = b"POST /body HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n"
STREAM = b"POST /stream HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
SHORT = 0.05
LONG = 60.0


@dataclass
class Door:
    """An application that tells what it was asked, behind the protocol."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    coming: list[tuple[str, bool]] = field(default_factory=list)
    """Whether a body was still to come, at the beginning of each request and at its end."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """What ``/gate`` waits for before it answers."""

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Read the body, answer with the path; ``/stream`` begins to answer at once."""
        path = scope["path"]
        self.asked.append(path)
        self.coming.append((path, scope[CYCLE].more_body))
        start = {"type": "http.response.start", "status": 200, "headers": []}
        if path == "/stream":
            await send(start)
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        if path == "/gate":
            await self.gate.wait()
        if path == "/large":
            await send(start)
            for _ in range(100):
                await send(
                    {"type": "http.response.body", "body": b"x" * 262_144, "more_body": True}
                )
        while (message := await receive())["type"] != "http.disconnect":
            if not message.get("more_body"):
                break
        else:
            self.left.append(path)
            return
        self.coming.append((path, scope[CYCLE].more_body))
        if path not in ("/stream", "/large"):
            await send(start)
        await send({"type": "http.response.body", "body": path.encode(), "more_body": False})

    async def talk(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send pieces and return everything that comes until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        received = await asyncio.wait_for(reader.read(), LONG)
        writer.close()
        return received


@pytest_asyncio.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(http_protocol, "SWEEP_SECONDS", 0.01)
    door = Door()
    config = uvicorn.Config(
        door, http=GuardedHttpProtocol, ws="none", lifespan="off", log_config=None
    )
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()

    def protocol() -> GuardedHttpProtocol:
        return GuardedHttpProtocol(config=config, server_state=state, app_state={})

    listening = await loop.create_server(protocol, "127.0.0.1", 0)
    door.port = listening.sockets[0].getsockname()[1]
    sweeping = asyncio.create_task(sweeper.run())
    yield door
    sweeping.cancel()
    for connection in list(sweeper.connections):
        connection.transport.close()
    listening.close()
    await listening.wait_closed()


@pytest.fixture
def short_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS_MAX", SHORT)


@pytest.fixture
def short_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "BODY_IDLE_SECONDS_MAX", SHORT)


def answers(received: bytes) -> list[tuple[int, Any]]:
    """Return the status and the body of each answer."""
    found = []
    while received:
        head, received = received.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ")[1])
        if b"content-length" not in head:
            found.append((status, received))
            break
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body, received = received[:size], received[size:]
        found.append((status, json.loads(body)["message"]))
    return found


@pytest.mark.usefixtures("short_head")
async def test_head_that_does_not_come_is_refused(door: Door) -> None:
    received = await door.talk(GOOD[:-4])

    assert answers(received) == [(408, "Request Timeout: the head did not come in time")]
    assert door.asked == []


@pytest.mark.usefixtures("short_head")
async def test_head_that_drips_is_refused_at_the_same_deadline(door: Door) -> None:
    received = await door.talk(b"GET /go", b"od HTTP", b"/1.1\r\n", pause=SHORT / 10)

    assert answers(received)[0][0] == 408
    assert door.asked == []


@pytest.mark.usefixtures("short_head")
async def test_connection_that_says_nothing_is_closed_without_a_word(door: Door) -> None:
    assert await door.talk() == b""


@pytest.mark.usefixtures("short_head")
async def test_half_a_head_behind_a_request_has_its_deadline_too(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(GOOD + GOOD[:10])
    received = await asyncio.wait_for(reader.read(), LONG)
    writer.close()

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert b"the head did not come in time" in received


@pytest.mark.usefixtures("short_body")
async def test_body_that_pauses_too_long_is_refused(door: Door) -> None:
    received = await door.talk(OPEN_BODY + b"x" * 10)

    assert answers(received) == [(408, "Request Timeout: the body did not come in time")]
    assert door.left == ["/body"]


@pytest.mark.usefixtures("short_body")
async def test_body_that_keeps_coming_is_taken_however_slow(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(OPEN_BODY)
    for _ in range(10):
        writer.write(b"x" * 10)
        await asyncio.sleep(SHORT / 5)
    received = await asyncio.wait_for(reader.read(15), LONG)
    writer.close()

    assert received == b"HTTP/1.1 200 OK"


@pytest.mark.usefixtures("short_body")
async def test_stream_that_pauses_is_cut_and_no_second_head_is_written(door: Door) -> None:
    received = await door.talk(STREAM + b"1\r\nx\r\n")

    assert received.count(b"HTTP/1.1") == 1
    assert not received.endswith(b"0\r\n\r\n")
    assert door.left == ["/stream"]


async def test_application_can_tell_whether_a_body_is_still_to_come(door: Door) -> None:
    slow = b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    whole = b"POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx"
    await door.talk(whole + slow, b"x", b"x", pause=0.1)

    assert door.coming == [("/whole", False)] * 2 + [("/slow", True), ("/slow", False)]


@pytest.mark.usefixtures("short_body", "short_head")
async def test_request_in_work_is_never_late(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(GOOD.replace(b"/good", b"/gate"))
    await asyncio.sleep(3 * SHORT)
    door.gate.set()
    received = await asyncio.wait_for(reader.read(15), LONG)
    writer.close()

    assert received == b"HTTP/1.1 200 OK"


async def test_damage_in_a_streamed_body_cuts_the_answer_without_a_second_head(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(STREAM + b"1\r\nx\r\n")
    received = await reader.readuntil(b"begun")
    writer.write(b"nonsense\r\n")
    received += await asyncio.wait_for(reader.read(), LONG)
    writer.close()

    assert received.count(b"HTTP/1.1") == 1
    assert not received.endswith(b"0\r\n\r\n")


async def test_request_in_work_is_answered_before_a_bad_head_behind_it_ends_the_connection(
    door: Door,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(GOOD.replace(b"/good", b"/gate") + b"NONSENSE\r\n\r\n")
    await asyncio.sleep(SHORT)
    door.gate.set()
    received = await asyncio.wait_for(reader.read(), LONG)
    writer.close()

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "exactly one Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400, "exactly one Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n", 400, "exactly one Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 100 + b"\r\n", 431, "too many"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 40_000, 431, "too large"),
        (b"GET /" + b"y" * 40_000, 431, "too large"),
        (b"NONSENSE\r\n\r\n", 400, "not valid HTTP"),
        (b"GET /\r\n\r\n", 400, "version of HTTP"),
        (b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 400, "version of HTTP"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx y: z\r\n\r\n", 400, "not valid HTTP"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx : z\r\n\r\n", 400, "not valid HTTP"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n", 400, "not valid HTTP"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", 400, "not valid HTTP"),
        (b"GET / HTTP/1.1\nhost: a\n\n", 400, "not valid HTTP"),
        (b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n", 400, "not valid HTTP"),
        (b"CONNECT h:1 HTTP/1.1\r\nhost: a\r\n\r\n", 400, "not valid HTTP"),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n" + GOOD,
            400,
            "not valid HTTP",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            400,
            "not valid HTTP",
        ),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n", 400, "not valid HTTP"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\n", 400, "not valid HTTP"),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity\r\n\r\n" + GOOD,
            400,
            "chunked is the only",
        ),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n" + GOOD,
            400,
            "chunked is the only",
        ),
    ],
)
async def test_bad_head_is_refused_in_the_one_shape_and_reaches_no_application(
    door: Door, sent: bytes, status: int, word: str
) -> None:
    ((answered, message),) = answers(await door.talk(sent))

    assert answered == status
    assert word in message
    assert door.asked == []


async def test_chunk_that_is_no_chunk_is_refused(door: Door) -> None:
    for chunk in (b"zz\r\n", b"-1\r\n", b"5\r\nabcdefgh\r\n", b"5 5\r\nabcde\r\n"):
        received = await door.talk(STREAM.replace(b"/stream", b"/body") + chunk)

        assert answers(received) == [(400, "Bad Request: the request is not valid HTTP")], chunk


@pytest.mark.parametrize("of_all", [True, False])
async def test_connections_beyond_the_bound_are_closed_at_once(
    door: Door, monkeypatch: pytest.MonkeyPatch, of_all: bool
) -> None:
    if of_all:
        monkeypatch.setattr(http_protocol, "CONNECTIONS_MAX", 1)
    else:
        monkeypatch.setattr(sweeper, "per_address_max", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(GOOD)
    first = await reader.readuntil(b"/good\r\n0\r\n\r\n")

    assert await door.talk() == b""
    assert await door.talk() == b""
    writer.write(GOOD)
    assert await reader.readuntil(b"/good\r\n0\r\n\r\n") == first
    writer.close()

    assert first.startswith(b"HTTP/1.1 200 OK")


async def test_connection_that_is_not_admitted_is_answered_429_and_closed(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(sweeper, "admits", lambda address: bool(seen.append(address)))

    received = await door.talk(GOOD)

    assert answers(received) == [(429, "Too Many Requests: this address connects too often")]
    assert b"retry-after: 1\r\n" in received
    assert b'"error_code":42901' in received
    assert (seen, door.asked) == (["127.0.0.1"], [])


async def test_client_that_leaves_is_told_to_the_application(door: Door) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(OPEN_BODY)
    await writer.drain()
    while not door.asked:
        await asyncio.sleep(0)
    writer.close()
    while not door.left:
        await asyncio.sleep(0.001)

    assert door.left == ["/body"]
    assert not sweeper.connections


async def test_a_client_over_tls_that_does_not_say_goodbye_is_not_waited_for(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "GOODBYE_SECONDS_MAX", SHORT)
    pair = write_pair(tmp_path, "here")
    handshakes = Handshakes(server_context(TlsFiles(certificate=pair[0], key=pair[1])))
    config = uvicorn.Config(
        door, http=GuardedHttpProtocol, ws="none", lifespan="off", log_config=None
    )
    config.load()
    state = uvicorn.server.ServerState()
    listening = await asyncio.get_running_loop().create_server(
        lambda: handshakes.accept(
            lambda: GuardedHttpProtocol(config=config, server_state=state, app_state={})
        ),
        *("127.0.0.1", 0),
    )
    port = listening.sockets[0].getsockname()[1]
    silent = await asyncio.to_thread(
        lambda: client_context().wrap_socket(socket.create_connection(("127.0.0.1", port)))
    )
    async with asyncio.timeout(20):
        while not state.connections:
            await asyncio.sleep(SHORT)
        (connection,) = state.connections
        assert isinstance(connection, GuardedHttpProtocol)
        assert connection.scheme == "https"

        connection.shutdown()

        while state.connections:
            await asyncio.sleep(SHORT)
    silent.close()
    listening.close()


class _Written(asyncio.Transport):
    """Keeps each write as one item."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[bytes] = []

    def write(self, data: Any) -> None:
        self.items.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.items.append(b"".join(list_of_data))

    def close(self) -> None:
        self.items.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.items


async def test_head_leaves_with_the_first_of_its_body_and_never_later_than_the_turn() -> None:
    written = _Written()
    joining = JoiningTransport(written)

    joining.write(b"HTTP/1.1 200 OK\r\n\r\n")
    joining.write(b"one")
    joining.write(b"two")
    joining.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert written.items == [b"HTTP/1.1 200 OK\r\n\r\none", b"two"]
    await asyncio.sleep(0)
    joining.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
    joining.close()

    assert written.items[2:] == [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"closed",
    ]


async def test_nothing_is_written_behind_the_end_of_a_connection() -> None:
    written = _Written()
    joining = JoiningTransport(written)

    joining.write(b"HTTP/1.1 200 OK\r\n\r\n")
    written.close()
    joining.write(b"body")
    joining.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.sleep(0)

    assert written.items == [b"closed"]


LARGE = b"GET /large HTTP/1.1\r\nhost: h\r\n\r\n"


async def test_client_that_does_not_read_is_cut_off(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "READ_IDLE_SECONDS_MAX", SHORT)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    writer.write(LARGE)

    async with asyncio.timeout(LONG):
        while door.left != ["/large"]:
            await asyncio.sleep(SHORT)

    assert not sweeper.connections
    size = 0
    with suppress(ConnectionError):
        while data := await reader.read(1 << 20):
            size += len(data)
    assert size < 100 * 262_144
    writer.close()


async def test_client_that_reads_slowly_is_served_to_the_end(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "READ_IDLE_SECONDS_MAX", 20 * SHORT)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    writer.write(LARGE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))

    size = 0
    async with asyncio.timeout(LONG):
        while data := await reader.read(1 << 20):
            size += len(data)
            if size % 7 == 0:
                await asyncio.sleep(SHORT)

    assert size > 100 * 262_144
    writer.close()
