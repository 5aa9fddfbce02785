"""Speed of REST v2 on this machine: client and server share it.

Floor: the same HTTP stack with a route that answers as many bytes as a poll does.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvloop

from benchmarks import floors
from benchmarks.figures import Figure, Pace
from benchmarks.load import Connection, closed_loop, connect, request
from tests.support.node import NodeProcess

V2 = {"content-type": "application/vnd.kafka.v2+json"}
BODY_RECORDS = 500
RECORDS = 1_000_000
PRODUCERS = 4
EMPTY = len(b"[]")
VALUES = {
    "json": b'{"id":%d,"text":"' + b"x" * 74 + b'"}',
    "text": b'"%08d' + b"x" * 92 + b'"',
    "binary": b'"%08d' + b"A" * 128 + b'"',
}
"""A hundred bytes in the log each, as they are sent."""

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce and polls in each format."""
    node = NodeProcess(directory / "data")
    node.start()
    try:
        for kind in VALUES:
            node.create_topic(kind, 1)
            yield _produce(node, kind, pace)
            yield from _consume(node, kind, pace)
    finally:
        node.stop()


def _produce(node: NodeProcess, kind: str, pace: Pace) -> Figure:
    """Fill a topic; the rate is that of the last stretch."""
    value = VALUES[kind]
    records = b",".join(b'{"value":%b}' % (value % (10**7 + n)) for n in range(BODY_RECORDS))
    sent = request(f"/topics/{kind}", b'{"records":[%b]}' % records).replace(
        b"application/json", b"application/vnd.kafka.%b.v2+json" % kind.encode()
    )
    produced = 0.0
    rate = 0.0
    while produced < RECORDS * pace.scale:
        rate, latencies = run(closed_loop(node.port, sent, PRODUCERS, pace.seconds))
        produced += len(latencies) * BODY_RECORDS
    return Figure(
        what=f"produce, {kind}, bodies of {BODY_RECORDS}, {PRODUCERS} connections",
        value=rate * BODY_RECORDS,
        unit="records/s",
    )


def _consume(node: NodeProcess, kind: str, pace: Pace) -> Iterator[Figure]:
    here = f"{node.url}/consumers/bench"
    wanted: dict[str, Any] = {"name": kind, "format": kind, "auto.commit.enable": "false"}
    httpx.post(here, json=wanted, headers=V2).raise_for_status()
    here = f"{here}/instances/{kind}"
    places = {"partitions": [{"topic": kind, "partition": 0}]}
    httpx.post(f"{here}/assignments", json=places, headers=V2).raise_for_status()

    end: int = httpx.get(f"{node.url}/topics/{kind}/partitions/0/offsets").json()["end_offset"]

    def consume() -> tuple[float, list[int]]:
        httpx.post(f"{here}/positions/beginning", json=places, headers=V2).raise_for_status()
        return run(_poll_all(node.port, kind))

    _, sizes = consume()
    idle = floors.IdleServer(answer_bytes=sum(sizes) // len(sizes))
    try:
        value, floor, ratio = pace.in_turns(
            lambda: (
                run(closed_loop(idle.port, request("/floor"), 1, pace.seconds))[0]
                * (end / len(sizes))
            ),
            lambda: end / consume()[0],
        )
    finally:
        idle.stop()
    yield Figure(
        what=f"consume, {kind}, one instance",
        value=value,
        unit="records/s",
        goal=300_000,
        floor=floor,
        ratio=ratio,
    )


async def _poll_all(port: int, name: str) -> tuple[float, list[int]]:
    """Poll an instance to the end of its log; return the seconds and the sizes of the answers."""
    answers: asyncio.Queue[Connection] = asyncio.Queue()
    connection = await connect(port, answers.put_nowait)
    sent = request(f"/consumers/bench/instances/{name}/records?timeout=0")
    clock = asyncio.get_running_loop().time
    began = clock()
    sizes: list[int] = []
    while not sizes or connection.size > EMPTY:
        connection.send(sent)
        await answers.get()
        sizes.append(connection.size)
    return clock() - began, sizes[:-1]
