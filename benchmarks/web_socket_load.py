"""The load on WebSockets: bare frames over asyncio, as little Python a frame as can be.

It shares the machine with the server that it measures. Frames of the server are not masked, so a
reader looks at each frame's head, and at the end of its JSON for where it got: it scans for two
numbers and parses nothing. The floors (``echo``) are measured with the same reader.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any, cast

_NEXT = re.compile(rb'"next_offset":(\d+),"high_watermark":(\d+)')
_SENT = re.compile(rb'"sent":(\d+)')
TAIL_BYTES = 4_096
"""Behind the records of a text frame: marks, credit and token are shorter."""

TURN_S = 0.001

OnFrame = Callable[[bytes], None]


def frame(data: bytes, *, is_text: bool = True) -> bytes:
    """Return a client's frame, masked with zeros: nothing of the client's time goes there."""
    first = 0x81 if is_text else 0x82
    size = len(data)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + data


class Socket(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, on_frame: OnFrame) -> None:
        self.on_frame = on_frame
        self.opened = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = 2

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, message: dict[str, Any]) -> None:
        self.write(frame(json.dumps(message).encode()))

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        held = b"".join(self._pieces)
        at = 0
        if not self.opened.done():
            end = held.find(b"\r\n\r\n")
            if end < 0:
                self._pieces = [held]
                return
            assert held.startswith(b"HTTP/1.1 101"), held
            self.opened.set_result(None)
            at = end + 4
        at = self._take(held, at)
        self._pieces = [held[at:]] if at < len(held) else []
        self._held = len(held) - at

    def _take(self, held: bytes, at: int) -> int:
        """Hand out whole frames; return where the first that is not whole begins."""
        self._wanted = 2
        while len(held) - at >= 2:
            size, head = held[at + 1], 2
            if size == 126:
                size, head = int.from_bytes(held[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(held[at + 2 : at + 10], "big"), 10
            if len(held) - at < head + size:
                self._wanted = head + size
                break
            if held[at] in (0x81, 0x82):
                self.on_frame(held[at + head : at + head + size])
            at += head + size
        return at


def handshake(path: str, subprotocol: str) -> bytes:
    """Return what a client begins with."""
    return (
        b"GET %b HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        b"sec-websocket-protocol: %b\r\n\r\n" % (path.encode(), subprotocol.encode())
    )


async def connect(port: int, subprotocol: str, on_frame: OnFrame, path: str = "/v3/ws") -> Socket:
    """Return an open socket."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(on_frame), "127.0.0.1", port)
    socket.write(handshake(path, subprotocol))
    await socket.opened
    return socket


def marks(message: bytes) -> tuple[int, int] | None:
    """Return next offset and high watermark of a records frame; None of any other."""
    if message[:1] == b"{":
        if not message.startswith(b'{"type":"records"'):
            return None
        found = _NEXT.search(message, max(0, len(message) - TAIL_BYTES))
    else:
        found = _NEXT.search(message, 8, TAIL_BYTES)
    assert found is not None, "a records frame says where it got"
    return int(found[1]), int(found[2])


async def consume_all(
    port: int, subprotocol: str, topic: str, records: int, **options: Any
) -> tuple[float, int, bytes]:
    """Return records/s of one reader of the first records of a partition, its frames, and one of
    the largest.
    """
    ended = asyncio.Event()
    frames = last = 0
    largest = b""

    def take(message: bytes) -> None:
        nonlocal frames, last, largest
        found = marks(message)
        if found is not None:
            frames += 1
            last = found[0]
            if len(message) > len(largest):
                largest = message
            if found[0] >= records:
                ended.set()

    socket = await connect(port, subprotocol, take)
    start = {"topic": topic, "partition": 0, "from": "earliest"}
    began = time.perf_counter()
    socket.send(
        {"type": "assign", "sub": "s", "partitions": [start], "credit": "unbounded", **options}
    )
    await ended.wait()
    seconds = time.perf_counter() - began
    socket.close()
    return last / seconds, frames, largest


async def repeated(port: int, subprotocol: str, message: bytes, times: int) -> float:
    """Return frames/s of the stack that sends the same one so often; see ``echo``."""
    ended = asyncio.Event()
    frames = 0

    def take(message: bytes) -> None:
        nonlocal frames
        marks(message)
        frames += 1
        if frames == times:
            ended.set()

    socket = await connect(port, subprotocol, take, "/repeat")
    socket.write(frame(message, is_text=message[:1] == b"{"))
    began = time.perf_counter()
    socket.write(frame(b"%d" % times))
    await ended.wait()
    seconds = time.perf_counter() - began
    socket.close()
    return times / seconds


async def produce_all(
    port: int,
    subprotocol: str,
    message: bytes,
    window: int,
    seconds: float,
    answer: bytes | None = None,
) -> float:
    """Return receipts/s of one socket with so many frames in flight.

    Args:
        port: Of the node, or of the floor.
        subprotocol: What is spoken.
        message: A produce, as it stands on the wire.
        window: Frames without a receipt.
        seconds: For how long.
        answer: What the floor sends for a receipt; None at a node.
    """
    receipts = 0

    def take(message: bytes) -> None:
        nonlocal receipts
        if b'"receipt"' not in message[:20]:
            return
        assert b"error" not in message, message
        receipts += 1
        socket.write(ours)

    ours = message
    socket = await connect(port, subprotocol, take, "/v3/ws" if answer is None else "/answer")
    if answer is not None:
        socket.write(frame(answer))
    began = time.perf_counter()
    socket.write(message * window)
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    socket.close()
    return receipts / took


class Readers:
    """Sockets that tail a topic, and how long each record was on its way to each of them.

    Records carry when they were sent, in nanoseconds of this process's clock.
    """

    def __init__(self, port: int, count: int, topic: str | None) -> None:
        """Tail a topic of a node, or read what the floor relays if it is None."""
        self._port = port
        self._count = count
        self._topic = topic
        self._sockets: list[Socket] = []
        self._subscribed = 0
        self.nanoseconds: list[int] = []
        self.frames = 0
        self.largest = b""

    async def open(self) -> None:
        for _ in range(self._count):
            path = "/reader" if self._topic is None else "/v3/ws"
            self._sockets.append(await connect(self._port, "cauce.v1.json", self._take, path))
        if self._topic is None:
            return
        start = {"topic": self._topic, "partition": 0, "from": "latest"}
        for one in self._sockets:
            wish = {"type": "assign", "sub": "s", "partitions": [start], "credit": "unbounded"}
            one.send(wish)
        while self._subscribed < self._count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # each has found the end

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def _take(self, message: bytes) -> None:
        if message.startswith(b'{"type":"subscribed"'):
            self._subscribed += 1
        elif found := _SENT.findall(message):
            now = time.perf_counter_ns()
            self.frames += 1
            self.nanoseconds += [now - int(one) for one in found]


async def tailed(
    port: int, topic: str | None, readers: int, rate: int, seconds: float
) -> tuple[list[int], float, int]:
    """Produce at a rate, one record a frame, to sockets that tail.

    Returns:
        How many nanoseconds each record was under way to each reader, sorted; the records/s of all
        readers together; the frames that they got.
    """
    receiving = Readers(port, readers, topic)
    await receiving.open()
    path = "/relay" if topic is None else "/v3/ws"
    writing = await connect(port, "cauce.v1.json", lambda _: None, path)
    count, number = int(rate * seconds), 0
    began = time.perf_counter()
    while number < count:
        due = min(count, 1 + int((time.perf_counter() - began) * rate))
        while number < due:
            writing.write(_stamped(topic))
            number += 1
        await asyncio.sleep(TURN_S)
    patience = time.perf_counter() + 30
    while len(receiving.nanoseconds) < count * readers and time.perf_counter() < patience:
        await asyncio.sleep(TURN_S)
    took = time.perf_counter() - began
    assert len(receiving.nanoseconds) == count * readers, "each record comes to each, once"
    writing.close()
    receiving.close()
    return sorted(receiving.nanoseconds), count * readers / took, receiving.frames


def _stamped(topic: str | None) -> bytes:
    """Return a produce of one 100-byte record that says when it was sent."""
    value = b'{"sent":%d,"text":"%b"}' % (time.perf_counter_ns(), b"x" * 63)
    return frame(
        b'{"type":"produce","topic":"%b","records":[{"value":{"type":"JSON","data":%b}}]}'
        % ((topic or "none").encode(), value)
    )


def percentile(found: list[int], percent: float) -> float:
    """Return one of sorted numbers."""
    return found[min(len(found) - 1, int(len(found) * percent / 100))]
