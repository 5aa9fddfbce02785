"""Honest WebSocket readers beside a crowd: sockets that never read, and connections half open.

The crowd comes before each turn: whoever never reads has taken what the node gives it ahead, and
whoever is half open keeps the node waiting for the rest of a handshake. The floor is the same
readers without a crowd, in the same turn.
"""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.figures import Figure, Pace
from benchmarks.processes import cpu_seconds, resident_peak_bytes
from benchmarks.web_socket_load import frame, handshake, percentile, produce_all, tailed
from tests.support.node import NodeProcess

NEVER_READ, HALF_OPEN, HONEST = 500, 500, 100
RATE = 100
DESCRIPTORS = 4_096
OLD_BYTES = 24_000_000
RECORD_BYTES = 1_000
FRAME_RECORDS = 100
TIMES_MAX = 3
RESIDENT_MB_MAX = 512
QUIET_S = 0.25
QUIET_CPU = 0.1
"""A node that has given the crowd what it takes uses less than this share of a core."""

_WISH = (
    b'{"type":"assign","sub":"s","credit":"unbounded",'
    b'"partitions":[{"topic":"old","partition":0,"from":"earliest"}]}'
)

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure how long records are under way to who reads, with and without the crowd."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, most), most))
    node = NodeProcess(directory / "data")
    node.start()
    try:
        node.create_topic("old", 1)
        node.create_topic("new", 1)
        _fill(node, pace)
        yield from _beside(node, pace)
    finally:
        node.stop()


def _fill(node: NodeProcess, pace: Pace) -> None:
    record = b'{"value":{"type":"JSON","data":"%b"}}' % (b"x" * RECORD_BYTES)
    records = b",".join([record] * FRAME_RECORDS)
    sent = frame(b'{"type":"produce","topic":"old","records":[%b]}' % records)
    size = 0.0
    while size < OLD_BYTES:
        rate = run(produce_all(node.port, "cauce.v1.json", sent, 4, pace.seconds))
        size += rate * pace.seconds * FRAME_RECORDS * RECORD_BYTES


def _beside(node: NodeProcess, pace: Pace) -> Iterator[Figure]:
    assert node.process is not None, "running"
    alone: dict[int, list[float]] = {50: [], 99: []}
    beside: dict[int, list[float]] = {50: [], 99: []}
    for _ in range(pace.rounds):
        _tail(node, pace, alone)
        with ExitStack() as opened:
            for _ in range(NEVER_READ):
                opened.enter_context(_never_reading(node.port))
            for _ in range(HALF_OPEN):
                opened.enter_context(_half_open(node.port))
            _wait_quiet(node.process.pid)
            _tail(node, pace, beside)
        _wait_quiet(node.process.pid)
    for percent in (50, 99):
        value, least = median(beside[percent]), median(alone[percent])
        pairs = zip(beside[percent], alone[percent], strict=True)
        yield Figure(
            what=f"{HONEST} readers, {RATE}/s, beside a crowd: p{percent}",
            value=value,
            unit="us",
            goal=TIMES_MAX * least if percent == 99 else None,
            is_cost=True,
            floor=least,
            ratio=median(one / other for one, other in pairs),
        )
    yield Figure(
        what=f"  {NEVER_READ} never read, {HALF_OPEN} half open: peak memory",
        value=resident_peak_bytes(node.process.pid) / 1e6,
        unit="MB",
        goal=RESIDENT_MB_MAX,
        is_cost=True,
    )


def _tail(node: NodeProcess, pace: Pace, into: dict[int, list[float]]) -> None:
    found, _, _ = run(tailed(node.port, "new", HONEST, RATE, pace.seconds))
    for percent, values in into.items():
        values.append(percentile(found, percent) / 1e3)


def _never_reading(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(handshake("/v3/ws", "cauce.v1.json"))
    assert one.recv(64).startswith(b"HTTP/1.1 101")
    one.sendall(frame(_WISH))
    return one


def _half_open(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(handshake("/v3/ws", "cauce.v1.json")[:40])
    return one


def _wait_quiet(pid: int) -> None:
    """Wait until the node has nothing left to do."""
    while True:
        before = cpu_seconds(pid)
        time.sleep(QUIET_S)
        if cpu_seconds(pid) - before < QUIET_CPU * QUIET_S:
            return
