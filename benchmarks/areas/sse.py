"""Speed of server-sent events on this machine: client and server share it.

Floor: the same HTTP stack that streams as many bytes, in pieces as large as events are.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import uvloop

from app.api.sse.stream import EVENT_BYTES_MAX
from benchmarks.areas.websocket import TEXT_SIZES, VALUE
from benchmarks.echo import EchoServer
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, request, stream_all
from benchmarks.processes import cpu_seconds
from tests.support.node import NodeProcess

RECORDS = 1_000_000
BODY_RECORDS = 500
TOPICS = "/v3/clusters/-/topics"

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure streams of records of a hundred bytes from the start to the end."""
    node = NodeProcess(directory / "data")
    node.start()
    floor = EchoServer()
    try:
        for kind in TEXT_SIZES:
            node.create_topic(kind, 1)
            _fill(node, kind, pace)
            yield from _stream(node, floor, kind, pace)
    finally:
        floor.stop()
        node.stop()


def _fill(node: NodeProcess, kind: str, pace: Pace) -> None:
    sizes = TEXT_SIZES[kind]
    body = b"\n".join(
        b'{"value":{"type":"JSON","data":%b}}' % (VALUE % (10**7 + n, b"x" * sizes[n % len(sizes)]))
        for n in range(BODY_RECORDS)
    )
    sent = request(f"{TOPICS}/{kind}/records", body)
    while _end_offset(node, kind) < RECORDS * pace.scale:
        run(closed_loop(node.port, sent, 8, pace.seconds / 2))


def _end_offset(node: NodeProcess, topic: str) -> int:
    answer = httpx.get(f"{node.url}/topics/{topic}/partitions/0/offsets").json()
    return int(answer["end_offset"])


def _stream(node: NodeProcess, floor: EchoServer, kind: str, pace: Pace) -> Iterator[Figure]:
    assert node.process is not None, "running"
    path = f"{TOPICS}/{kind}/records:stream?from=earliest&until=end"
    records = _end_offset(node, kind)
    _, size = run(stream_all(node.port, path))
    times = size // EVENT_BYTES_MAX + 1
    bare = f"/stream?times={times}&size={EVENT_BYTES_MAX}"
    value, least, ratio = pace.in_turns(
        partial(_rate, floor.port, bare, records), partial(_rate, node.port, path, records)
    )
    yield Figure(
        what=f"stream, one reader, {kind} sizes",
        value=value,
        unit="records/s",
        goal=300_000,
        floor=least,
        ratio=ratio,
    )
    before = cpu_seconds(node.process.pid)
    _rate(node.port, path, records)
    used = cpu_seconds(node.process.pid) - before
    yield Figure(what="  the node's CPU", value=used / records * 1e6, unit="us each")


def _rate(port: int, path: str, records: int) -> float:
    return records / run(stream_all(port, path))[0]
