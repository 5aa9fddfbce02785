"""Speed of the REST doors on this machine: client and server share it, fsync before ack.

Floors: the same HTTP stack with a route that reads the body and answers as many bytes; a plain
append with fdatasync of the same bytes; a plain pread.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop

from benchmarks import floors
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, consume_all, offered, request
from benchmarks.processes import cpu_seconds, resident_peak_bytes
from tests.support.node import NodeProcess

CONNECTIONS = 64
OFFERED = 2_000
PRODUCERS = 16
VALUE = b'{"type":"JSON","data":{"id":%d,"text":"' + b"x" * 80 + b'"}}'
TOPICS = "/v3/clusters/-/topics"
RAW = b"application/vnd.cauce.recordbatches"
PAGE_RECORDS = 5_000
PAGE_BYTES = 800_000
ANSWER_BYTES = 1_200_000
"""About what a page of so many records is as JSON."""

RAW_BYTES = 16_000_000
GIGABYTE = 1_000_000_000

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce, consume, memory."""
    node = NodeProcess(directory / "data")
    node.start()
    try:
        node.create_topic("bench", 1)
        node.create_topic("small", 6)
        node.create_topic("large", 1)
        yield from _produce_many(node, directory, pace)
        yield from _produce_one(node, directory, pace)
        yield from _consume(node, directory, pace)
        node.stop()
        node.start()
        yield from _memory(node, pace)
    finally:
        node.stop()


def _produce_many(node: NodeProcess, directory: Path, pace: Pace) -> Iterator[Figure]:
    body = b"\n".join(b'{"value":%b}' % (VALUE % number) for number in range(100))
    sent = request(f"{TOPICS}/bench/records", body)
    idle = floors.IdleServer(answer_bytes=15_000)
    try:
        value, floor, ratio = pace.in_turns(
            lambda: _rate(idle.port, request("/floor", body), PRODUCERS, pace) * 100,
            lambda: _rate(node.port, sent, PRODUCERS, pace) * 100,
        )
    finally:
        idle.stop()
    yield Figure(
        what="produce, bodies of 100 records, 16 connections",
        value=value,
        unit="records/s",
        goal=200_000,
        floor=floor,
        ratio=ratio,
    )
    plain = floors.append_and_sync(directory, 11_000, pace.seconds) * 100
    yield Figure(what="  a write + fdatasync for each 100", value=plain, unit="records/s")
    yield _cpu(node, "  the node's CPU", lambda: _rate(node.port, sent, PRODUCERS, pace) * 100)


def _produce_one(node: NodeProcess, directory: Path, pace: Pace) -> Iterator[Figure]:
    body = b'{"value":%b}' % (VALUE % 1)
    sent = request(f"{TOPICS}/small/records", body)
    idle = floors.IdleServer(answer_bytes=200)
    try:
        value, floor, ratio = pace.in_turns(
            lambda: _rate(idle.port, request("/floor", body), CONNECTIONS, pace),
            lambda: _rate(node.port, sent, CONNECTIONS, pace),
        )
        stack = _percentile(idle.port, request("/floor", body), 99, pace)
    finally:
        idle.stop()
    yield Figure(
        what="produce, one record, 64 connections",
        value=value,
        unit="requests/s",
        goal=8_000,
        floor=floor,
        ratio=ratio,
    )
    yield _cpu(node, "  the node's CPU", lambda: _rate(node.port, sent, CONNECTIONS, pace))
    late, least, over = pace.in_turns(
        lambda: _synced_percentile(directory, 99, pace),
        lambda: _percentile(node.port, sent, 99, pace),
    )
    yield Figure(
        what="  2,000/s offered: p99, beside a bare sync's",
        value=late,
        unit="us",
        goal=10_000,
        is_cost=True,
        floor=least,
        ratio=over,
    )
    yield Figure(what="  of the HTTP stack alone: p99", value=stack, unit="us")
    yield Figure(
        what="  2,000/s offered: p50", value=_percentile(node.port, sent, 50, pace), unit="us"
    )


def _consume(node: NodeProcess, directory: Path, pace: Pace) -> Iterator[Figure]:
    path = f"{TOPICS}/bench/partitions/0/records"
    log = next((directory / "data").glob("logs/*/bench-0/*.log"))
    idle = floors.IdleServer(answer_bytes=ANSWER_BYTES)

    def consume() -> float:
        return run(consume_all(node.port, path, b"*/*", PAGE_RECORDS, PAGE_BYTES))[0]

    try:
        value, floor, ratio = pace.in_turns(
            lambda: _rate(idle.port, request("/floor"), 1, pace) * PAGE_RECORDS, consume
        )
    finally:
        idle.stop()
    yield Figure(
        what="consume, JSON, 5,000 records a page",
        value=value,
        unit="records/s",
        goal=400_000,
        floor=floor,
        ratio=ratio,
    )
    yield _cpu(node, "  the node's CPU", consume)
    value, floor, ratio = pace.in_turns(
        lambda: floors.pread(log, RAW_BYTES, pace.seconds) / 1e6,
        lambda: run(consume_all(node.port, path, RAW, 1, RAW_BYTES))[1] / 1e6,
    )
    yield Figure(
        what="consume, raw batches, 16 MB an answer",
        value=value,
        unit="MB/s",
        goal=1_000,
        floor=floor,
        ratio=ratio,
    )


def _memory(node: NodeProcess, pace: Pace) -> Iterator[Figure]:
    """Send a gigabyte in and read it twice, raw and as JSON."""
    record = b'{"value":{"type":"JSON","data":"%b"}}' % (b"y" * 10_000)
    sent = request(f"{TOPICS}/large/records", b"\n".join([record] * 50))
    path = f"{TOPICS}/large/partitions/0/records"
    produced = rate = 0.0
    while produced < GIGABYTE * pace.scale:
        rate, latencies = run(closed_loop(node.port, sent, 8, pace.seconds))
        produced += len(latencies) * 50 * 10_000
    yield Figure(
        what=f"{produced / GIGABYTE:.1f} GB in, records of 10 KB", value=rate * 0.5, unit="MB/s"
    )
    run(consume_all(node.port, path, RAW, 1, RAW_BYTES))
    run(consume_all(node.port, path, b"*/*", 500, 6_000_000))
    yield Figure(
        what="  in, out raw, out as JSON: peak memory",
        value=resident_peak_bytes(_pid(node)) / 1e6,
        unit="MB",
        goal=150,
        is_cost=True,
    )


def _rate(port: int, sent: bytes, connections: int, pace: Pace) -> float:
    return run(closed_loop(port, sent, connections, pace.seconds))[0]


def _percentile(port: int, sent: bytes, percent: int, pace: Pace) -> float:
    """Return a latency in microseconds with 2,000 requests/s offered."""
    latencies = sorted(run(offered(port, sent, OFFERED, CONNECTIONS, pace.seconds)))
    return latencies[len(latencies) * percent // 100] * 1e6


def _synced_percentile(directory: Path, percent: int, pace: Pace) -> float:
    """Return a latency in microseconds of a plain append with fdatasync."""
    took = floors.append_and_sync_times(directory, 200, pace.seconds)
    return took[len(took) * percent // 100] * 1e6


def _cpu(node: NodeProcess, what: str, work: Callable[[], float]) -> Figure:
    """Measure how much CPU the node spends on one of what some work does so many a second of."""
    pid = _pid(node)
    used, began = cpu_seconds(pid), time.perf_counter()
    rate = work()
    done = rate * (time.perf_counter() - began)
    return Figure(what=what, value=(cpu_seconds(pid) - used) / done * 1e6, unit="us each")


def _pid(node: NodeProcess) -> int:
    assert node.process is not None, "it was started"
    return node.process.pid
