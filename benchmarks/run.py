"""Speed of the REST doors on this machine, client and server sharing it, fsync before ack.

Prints medians over rounds, each beside a floor of the same run: a produce beside a plain append
with fdatasync of the same bytes, a raw consume beside a plain pread.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.node import NodeProcess

ROUNDS = 3
CONNECTIONS = 64
SECONDS = 3.0
VALUE = b'{"type":"JSON","data":{"id":%d,"text":"' + b"x" * 80 + b'"}}'


def request(path: str, body: bytes = b"", accept: bytes = b"*/*") -> bytes:
    method = b"POST" if body else b"GET"
    return (
        b"%b %b HTTP/1.1\r\nhost: bench\r\naccept: %b\r\ncontent-type: application/json\r\n"
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


async def closed_loop(port: int, sent: bytes, connections: int) -> tuple[float, list[float]]:
    """Return requests/s and their latencies with so many connections that never pause."""
    latencies: list[float] = []
    began: dict[Connection, float] = {}
    ended = asyncio.Event()
    clock = time.perf_counter
    end = clock() + SECONDS

    def answered(connection: Connection) -> None:
        now = clock()
        latencies.append(now - began[connection])
        if now < end:
            began[connection] = now
            connection.send(sent)
        else:
            del began[connection]
            if not began:
                ended.set()

    opened = [await connect(port, answered) for _ in range(connections)]
    start = clock()
    for connection in opened:
        began[connection] = clock()
        connection.send(sent)
    await ended.wait()
    return len(latencies) / (clock() - start), latencies


async def offered(port: int, sent: bytes, rate: int) -> list[float]:
    """Return latencies, from the planned moment on, of requests offered at a rate."""
    latencies: list[float] = []
    count = int(rate * SECONDS)
    planned: dict[Connection, float] = {}
    free: list[Connection] = []
    clock = time.perf_counter

    def answered(connection: Connection) -> None:
        latencies.append(clock() - planned[connection])
        free.append(connection)

    free += [await connect(port, answered) for _ in range(CONNECTIONS)]
    start = clock() + 0.1
    for number in range(count):
        due = start + number / rate
        while clock() < due or not free:
            await asyncio.sleep(max(0.0, due - clock()))
        connection = free.pop()
        planned[connection] = due
        connection.send(sent)
    while len(latencies) < count:
        await asyncio.sleep(0.01)
    return latencies


async def consume_all(port: int, path: str, accept: bytes, max_records: int) -> tuple[float, float]:
    """Return records/s and bytes/s of one reader from the start to the end."""
    max_bytes = 16_000_000 if max_records == 1 else 160 * max_records
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


def floor_append(directory: Path, size: int) -> float:
    """Return plain appends with fdatasync a second."""
    with (directory / "floor").open("wb", buffering=0) as file:
        data = os.urandom(size)
        count = 0
        began = time.perf_counter()
        while time.perf_counter() - began < 1:
            file.write(data)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - began)


def resident_mb(pid: int) -> float:
    """Return a process's resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def say(what: str, values: list[float], unit: str) -> None:
    print(f"{what:<52} {statistics.median(values):>12,.0f} {unit}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        node = NodeProcess(directory / "data")
        node.start()
        assert node.process is not None
        node.create_topic("bench", 1)
        node.create_topic("small", 6)
        many = b"\n".join(b'{"value":%b}' % (VALUE % number) for number in range(100))
        path = "/v3/clusters/-/topics/bench/records"
        one = request("/v3/clusters/-/topics/small/records", b'{"value":%b}' % (VALUE % 1))
        run = uvloop.run
        livez = request("/livez")
        try:
            rates = [run(closed_loop(node.port, request(path, many), 16))[0] for _ in range(ROUNDS)]
            say("produce, 100-record bodies", [rate * 100 for rate in rates], "records/s")
            singles = [run(closed_loop(node.port, one, CONNECTIONS))[0] for _ in range(ROUNDS)]
            say("produce, 1 record, 64 connections", singles, "requests/s")
            latencies = sorted(run(offered(node.port, one, 2000)))
            p50, p99 = (latencies[int(len(latencies) * part)] * 1e6 for part in (0.5, 0.99))
            say("  offered 2,000/s: p50", [p50], "us")
            say("  offered 2,000/s: p99", [p99], "us")
            floor = [run(closed_loop(node.port, livez, CONNECTIONS))[0] for _ in range(ROUNDS)]
            say("floor: a route that does nothing", floor, "requests/s")
            say("floor: append of 11 KB + fdatasync", [floor_append(directory, 11_000)], "1/s")
            here = "/v3/clusters/-/topics/bench/partitions/0/records"
            got = [run(consume_all(node.port, here, b"*/*", 5000))[0] for _ in range(ROUNDS)]
            say("consume, JSON, 5,000 a page", got, "records/s")
            accept = b"application/vnd.cauce.recordbatches"
            raw = [run(consume_all(node.port, here, accept, 1))[1] for _ in range(ROUNDS)]
            say("consume, raw batches", [rate / 1e6 for rate in raw], "MB/s")
            say("resident memory of the node", [resident_mb(node.process.pid)], "MB")
            print(json.dumps({"rounds": ROUNDS, "seconds": SECONDS}))
        finally:
            node.stop()


if __name__ == "__main__":
    main()
