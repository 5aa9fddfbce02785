"""The load on WebSockets: bare frames over asyncio, as little Python a frame as can be.

It shares the machine with the server that it measures. Frames of the server are not masked, so a
reader looks at each frame's head, and at the end of its JSON for where it got.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable
from typing import Any, cast

_NEXT = re.compile(rb'"next_offset":(\d+),"high_watermark":(\d+)')
TAIL_BYTES = 4_096
"""Behind the records of a text frame: marks, credit and token are shorter."""

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


async def connect(port: int, subprotocol: str, on_frame: OnFrame) -> Socket:
    """Return an open socket."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(on_frame), "127.0.0.1", port)
    socket.write(
        b"GET /v3/ws HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        b"sec-websocket-protocol: %b\r\n\r\n" % subprotocol.encode()
    )
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


async def consume_all(port: int, subprotocol: str, topic: str, **options: Any) -> tuple[float, int]:
    """Return records/s of one reader of a partition from the start to the end, and its frames."""
    ended = asyncio.Event()
    frames = last = 0

    def take(message: bytes) -> None:
        nonlocal frames, last
        found = marks(message)
        if found is not None:
            frames += 1
            last = found[0]
            if found[0] >= found[1]:
                ended.set()

    socket = await connect(port, subprotocol, take)
    start = {"topic": topic, "partition": 0, "from": "earliest"}
    began = time.perf_counter()
    socket.send(
        {"type": "assign", "sub": "s", "partitions": [start], "credit": "unbounded", **options}
    )
    await ended.wait()
    seconds = time.perf_counter() - began
    assert socket.transport is not None
    socket.transport.close()
    return last / seconds, frames


async def produce_all(
    port: int, subprotocol: str, message: bytes, records: int, window: int, seconds: float
) -> float:
    """Return records/s of one socket with so many frames in flight, each with its receipt."""
    ended = asyncio.Event()
    receipts = 0
    clock = time.perf_counter
    end = clock() + seconds + 60

    def take(answer: bytes) -> None:
        nonlocal receipts
        if b'"receipt"' not in answer[:20]:
            return
        assert b"error" not in answer, answer
        receipts += 1
        if clock() < end:
            socket.write(message)
        elif receipts == sent():
            ended.set()

    def sent() -> int:
        return receipts

    socket = await connect(port, subprotocol, take)
    began = clock()
    end = began + seconds
    socket.write(message * window)
    await asyncio.sleep(seconds)
    count = receipts
    took = clock() - began
    assert socket.transport is not None
    socket.transport.close()
    return count * records / took


def cores() -> int:
    """Return how many the machine has."""
    return os.cpu_count() or 1
