"""The load generator: bare HTTP over asyncio, as little Python per answer as can be.

It shares the machine with the server that it measures.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import cast


def request(path: str, body: bytes = b"", accept: bytes = b"*/*") -> bytes:
    method = b"POST" if body else b"GET"
    return (
        b"%b %b HTTP/1.1\r\nhost: localhost\r\naccept: %b\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (method, path.encode(), accept, len(body), body)
    )


class Connection(asyncio.Protocol):
    """One HTTP connection; as little Python per answer as can be, for it shares the machine."""

    def __init__(self, on_answer: Callable[["Connection"], None]) -> None:
        self.on_answer = on_answer
        self.transport: asyncio.Transport | None = None
        self.head = b""
        self.size = 0
        self.left = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, sent: bytes) -> None:
        assert self.transport is not None
        self.head = b""
        self.left = -1
        self.transport.write(sent)

    def data_received(self, data: bytes) -> None:
        if self.left < 0:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self.head.startswith(b"HTTP/1.1 200"), self.head
            lower = self.head[:end].lower()
            self.size = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
            self.left = self.size - (len(self.head) - end - 4)
            self.head = lower
        else:
            self.left -= len(data)
        if self.left == 0:
            self.on_answer(self)


async def connect(port: int, on_answer: Callable[[Connection], None]) -> Connection:
    """Return an open connection."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: Connection(on_answer), "127.0.0.1", port)
    return protocol


async def closed_loop(
    port: int, sent: bytes | Iterator[bytes], connections: int, seconds: float
) -> tuple[float, list[float]]:
    """Return requests/s and their latencies with so many connections that never pause.

    All send the same, or each time what comes next.
    """
    requests = repeat(sent) if isinstance(sent, bytes) else sent
    latencies: list[float] = []
    began: dict[Connection, float] = {}
    ended = asyncio.Event()
    clock = time.perf_counter
    end = clock() + seconds

    def answered(connection: Connection) -> None:
        now = clock()
        latencies.append(now - began[connection])
        if now < end:
            began[connection] = now
            connection.send(next(requests))
        else:
            del began[connection]
            if not began:
                ended.set()

    opened = [await connect(port, answered) for _ in range(connections)]
    start = clock()
    for connection in opened:
        began[connection] = clock()
        connection.send(next(requests))
    await ended.wait()
    return len(latencies) / (clock() - start), latencies


async def offered(
    port: int, sent: bytes, rate: int, connections: int, seconds: float
) -> list[float]:
    """Return latencies, from the planned moment on, of requests offered at a rate.

    What is due is sent once a millisecond: to wait more finely would keep a core busy, which the
    server then lacks.
    """
    latencies: list[float] = []
    count = int(rate * seconds)
    planned: dict[Connection, float] = {}
    free: list[Connection] = []
    clock = time.perf_counter

    def answered(connection: Connection) -> None:
        latencies.append(clock() - planned[connection])
        free.append(connection)

    free += [await connect(port, answered) for _ in range(connections)]
    start = clock() + 0.1
    number = 0
    while number < count:
        now = clock()
        while number < count and start + number / rate <= now and free:
            connection = free.pop()
            planned[connection] = start + number / rate
            connection.send(sent)
            number += 1
        await asyncio.sleep(0.001)
    while len(latencies) < count:
        await asyncio.sleep(0.01)
    return latencies


async def consume_all(
    port: int, path: str, accept: bytes, max_records: int, max_bytes: int
) -> tuple[float, float]:
    """Return records/s and bytes/s of one reader from the start to the end."""
    answers: asyncio.Queue[Connection] = asyncio.Queue()
    connection = await connect(port, answers.put_nowait)
    offset, total = 0, 0
    began = time.perf_counter()
    while True:
        query = f"?offset={offset}&max_records={max_records}&max_bytes={max_bytes}"
        connection.send(request(path + query, accept=accept))
        await answers.get()
        following = int(connection.head.split(b"cauce-next-offset: ")[1].split(b"\r\n")[0])
        total += connection.size
        if following == offset:
            break
        offset = following
    seconds = time.perf_counter() - began
    return offset / seconds, total / seconds


class Stream(asyncio.Protocol):
    """One answer that comes as a stream; only its size is counted, and its end looked for."""

    def __init__(self, sent: bytes) -> None:
        self.sent = sent
        self.size = 0
        self.ended = asyncio.Event()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        cast("asyncio.Transport", transport).write(self.sent)

    def data_received(self, data: bytes) -> None:
        assert self.size or data.startswith(b"HTTP/1.1 200"), data
        self.size += len(data)
        if data.endswith(b"0\r\n\r\n"):
            assert self._transport is not None
            self._transport.close()
            self.ended.set()


async def stream_all(port: int, path: str) -> tuple[float, int]:
    """Return how many seconds a streamed answer took, and its bytes."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    sent = request(path, accept=b"text/event-stream")
    _, stream = await loop.create_connection(lambda: Stream(sent), "127.0.0.1", port)
    await stream.ended.wait()
    return time.perf_counter() - began, stream.size
