"""Speed of the WebSocket on this machine: client and server share it, fsync before every receipt.

Floors: the same WebSocket stack that sends the same frames to the same client, answers each frame
with a receipt of the same size, or relays each frame to all readers, and does nothing else.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

import uvloop

from benchmarks import floors
from benchmarks.echo import EchoServer
from benchmarks.figures import Figure, Pace
from benchmarks.processes import cpu_seconds
from benchmarks.web_socket_load import (
    consume_all,
    frame,
    percentile,
    produce_all,
    repeated,
    tailed,
)
from tests.support.node import NodeProcess

JSON, BINARY = "cauce.v1.json", "cauce.v1.bin"
RECORDS = 1_000_000
FRAME_RECORDS = 500
IN_FLIGHT = 8
TAILING = 100
RATE = 1_000
TAILING_TURNS = 4
"""A turn lasts so many times longer: what is under way when it ends is late, not lost."""

VALUE = b'{"id":%d,"text":"%b"}'
TEXT_SIZES = {"equal": (74,), "varied": tuple(64 + n * 7 % 21 for n in range(21))}
"""Of values of a hundred bytes, all of them or on average."""

RECEIPT = (
    b'{"type":"receipt","id":null,"topic":"equal","outcomes":[{"count":500,"partition":0,'
    b'"base_offset":1000000}]}'
)

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce, consume, tailing and latency."""
    node = NodeProcess(directory / "data")
    node.start()
    floor = EchoServer()
    try:
        for kind in TEXT_SIZES:
            node.create_topic(kind, 1)
            yield _produce(node, floor, kind, pace)
        for kind in TEXT_SIZES:
            yield from _consume(node, floor, kind, pace)
        node.create_topic("new", 1)
        yield from _latency(node, floor, directory, pace)
        yield from _tail(node, floor, pace)
    finally:
        floor.stop()
        node.stop()


def _produce_frame(kind: str) -> bytes:
    sizes = TEXT_SIZES[kind]
    records = b",".join(
        b'{"value":{"type":"JSON","data":%b}}' % (VALUE % (10**7 + n, b"x" * sizes[n % len(sizes)]))
        for n in range(FRAME_RECORDS)
    )
    return frame(b'{"type":"produce","topic":"%b","records":[%b]}' % (kind.encode(), records))


def _produce(node: NodeProcess, floor: EchoServer, kind: str, pace: Pace) -> Figure:
    """Measure produce, until the topic is full."""
    sent = _produce_frame(kind)
    rate = run(produce_all(node.port, JSON, sent, IN_FLIGHT, pace.seconds))
    value, least, ratio = pace.in_turns(
        lambda: (
            FRAME_RECORDS
            * run(produce_all(floor.port, JSON, sent, IN_FLIGHT, pace.seconds, RECEIPT))
        ),
        lambda: FRAME_RECORDS * run(produce_all(node.port, JSON, sent, IN_FLIGHT, pace.seconds)),
    )
    produced = (value + rate * FRAME_RECORDS) * pace.seconds
    while produced < RECORDS * pace.scale:
        rate = run(produce_all(node.port, JSON, sent, IN_FLIGHT, pace.seconds))
        produced += rate * FRAME_RECORDS * pace.seconds
    return Figure(
        what=f"produce, JSON, frames of {FRAME_RECORDS}, {kind} sizes",
        value=value,
        unit="records/s",
        goal=150_000,
        floor=least,
        ratio=ratio,
    )


def _consume(node: NodeProcess, floor: EchoServer, kind: str, pace: Pace) -> Iterator[Figure]:
    for what, subprotocol, options, goal in (
        ("JSON", JSON, {}, 400_000),
        ("binary columns", BINARY, {}, 1_000_000),
        ("binary batches", BINARY, {"layout": "batches"}, 1_000_000),
    ):
        assert node.process is not None, "running"
        records = int(RECORDS * pace.scale)
        rate, frames, sample = run(consume_all(node.port, subprotocol, kind, records, **options))
        times = max(frames, int(frames * pace.seconds * rate / records))
        per_frame = records / frames
        value, least, ratio = pace.in_turns(
            partial(_repeat, floor.port, subprotocol, sample, times, per_frame),
            partial(_consume_all, node.port, subprotocol, kind, records, options),
        )
        yield Figure(
            what=f"consume, {what}, {kind} sizes",
            value=value,
            unit="records/s",
            goal=goal,
            floor=least,
            ratio=ratio,
        )
        before = cpu_seconds(node.process.pid)
        _consume_all(node.port, subprotocol, kind, records, options)
        used = cpu_seconds(node.process.pid) - before
        yield Figure(what="  the node's CPU", value=used / records * 1e6, unit="us each")


def _repeat(port: int, subprotocol: str, sample: bytes, times: int, records: float) -> float:
    return records * run(repeated(port, subprotocol, sample, times))


def _consume_all(
    port: int, subprotocol: str, topic: str, records: int, options: dict[str, str]
) -> float:
    return run(consume_all(port, subprotocol, topic, records, **options))[0]


def _latency(node: NodeProcess, floor: EchoServer, directory: Path, pace: Pace) -> Iterator[Figure]:
    found: dict[str, dict[int, list[float]]] = {"node": {}, "stack": {}, "sync": {}}
    for _ in range(pace.rounds):
        times = {
            "stack": run(tailed(floor.port, None, 1, RATE, pace.seconds))[0],
            "node": run(tailed(node.port, "new", 1, RATE, pace.seconds))[0],
            "sync": [
                int(one * 1e9) for one in floors.append_and_sync_times(directory, 200, pace.seconds)
            ],
        }
        for name, taken in times.items():
            for percent in (50, 99):
                found[name].setdefault(percent, []).append(percentile(taken, percent) / 1e3)
    for percent, goal in ((50, 3_000), (99, 10_000)):
        value, stack, sync = (median(found[one][percent]) for one in ("node", "stack", "sync"))
        yield Figure(
            what=f"end to end at {RATE:,}/s, fsync: p{percent}",
            value=value,
            unit="us",
            goal=goal,
            is_cost=True,
            floor=stack,
            ratio=value / stack,
        )
        yield Figure(what="  of a bare append and sync", value=sync, unit="us")


def _tail(node: NodeProcess, floor: EchoServer, pace: Pace) -> Iterator[Figure]:
    assert node.process is not None, "running"
    seconds = pace.seconds * TAILING_TURNS
    rates, shares, frames = [], [], []
    late: dict[int, list[tuple[float, float]]] = {50: [], 99: []}
    for _ in range(pace.rounds):
        relayed, _, _ = run(tailed(floor.port, None, TAILING, RATE, seconds))
        before = cpu_seconds(node.process.pid)
        found, rate, got = run(tailed(node.port, "new", TAILING, RATE, seconds))
        shares.append((cpu_seconds(node.process.pid) - before) * rate / len(found))
        rates.append(rate)
        frames.append(got * rate / len(found) / TAILING)
        for percent, pairs in late.items():
            pairs.append((percentile(found, percent) / 1e3, percentile(relayed, percent) / 1e3))
    yield Figure(
        what=f"{TAILING} tailing, {RATE:,}/s each, cpu {median(shares):.0%}",
        value=median(rates),
        unit="records/s",
        goal=0.97 * TAILING * RATE,
    )
    yield Figure(what="  of a reader", value=median(frames), unit="frames/s")
    for percent, pairs in late.items():
        value, stack = (median(some) for some in zip(*pairs, strict=True))
        yield Figure(
            what=f"  under way, p{percent}",
            value=value,
            unit="us",
            floor=stack,
            ratio=value / stack,
        )
