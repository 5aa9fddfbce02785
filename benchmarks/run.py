"""Speed of the REST doors on this machine, client and server sharing it, fsync before ack.

Prints medians over rounds, each beside a floor of the same run: the same HTTP stack with a route
that does nothing, a plain append with fdatasync of the same bytes, a plain pread.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import floors
from benchmarks.load import closed_loop, consume_all, offered, request
from tests.support.node import NodeProcess

ROUNDS = 3
CONNECTIONS = 64
PRODUCERS = 16
VALUE = b'{"type":"JSON","data":{"id":%d,"text":"' + b"x" * 80 + b'"}}'
TOPICS = "/v3/clusters/-/topics"
RAW = b"application/vnd.cauce.recordbatches"
GIGABYTE = 1_000_000_000

run = uvloop.run


def say(what: str, value: float, unit: str, floor: float | None = None) -> None:
    ratio = "" if floor is None else f"   {value / floor:6.2f} of the floor {floor:,.0f}"
    print(f"{what:<44} {value:>12,.0f} {unit:<11}{ratio}", flush=True)


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


def resident_mb(node: NodeProcess, what: str) -> float:
    """Return a process's resident memory, now (VmRSS) or at its peak (VmHWM)."""
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


def produce(node: NodeProcess, directory: Path) -> None:
    many = b"\n".join(b'{"value":%b}' % (VALUE % number) for number in range(100))
    one = b'{"value":%b}' % (VALUE % 1)
    idle = floors.IdleServer(answer_bytes=15_000)
    try:
        sent = request("/floor", many)
        floor = median(lambda: run(closed_loop(idle.port, sent, PRODUCERS))[0])
        sent = request(f"{TOPICS}/bench/records", many)
        rate = median(lambda: run(closed_loop(node.port, sent, PRODUCERS))[0])
        say("produce, 100-record bodies", rate * 100, "records/s", floor * 100)
        say("  append of 11 KB + fdatasync", floors.append_and_sync(directory, 11_000), "/s")
        floor = median(lambda: run(closed_loop(idle.port, request("/floor", one), CONNECTIONS))[0])
    finally:
        idle.stop()
    sent = request(f"{TOPICS}/small/records", one)
    rate = median(lambda: run(closed_loop(node.port, sent, CONNECTIONS))[0])
    say("produce, 1 record, 64 connections", rate, "requests/s", floor)
    latencies = sorted(run(offered(node.port, sent, 2000, CONNECTIONS)))
    for percent in (50, 99):
        value = latencies[len(latencies) * percent // 100] * 1e6
        say(f"  offered 2,000/s: p{percent}", value, "us")


def consume(node: NodeProcess, directory: Path) -> None:
    path = f"{TOPICS}/bench/partitions/0/records"
    log = next((directory / "data").glob("logs/*/bench-0/*.log"))
    got = median(lambda: run(consume_all(node.port, path, b"*/*", 5000, 800_000))[0])
    say("consume, JSON, 5,000 a page", got, "records/s")
    floor = floors.pread(log, 16_000_000)
    got = median(lambda: run(consume_all(node.port, path, RAW, 1, 16_000_000))[1])
    say("consume, raw batches", got / 1e6, "MB/s", floor / 1e6)
    say("resident memory", resident_mb(node, "VmRSS"), "MB")


def memory(node: NodeProcess) -> None:
    """Send a gigabyte in and read it twice, raw and as JSON."""
    record = b'{"value":{"type":"JSON","data":"%b"}}' % (b"y" * 10_000)
    sent = request(f"{TOPICS}/large/records", b"\n".join([record] * 50))
    path = f"{TOPICS}/large/partitions/0/records"
    produced = 0.0
    while produced < GIGABYTE:
        rate, latencies = run(closed_loop(node.port, sent, 8))
        produced += len(latencies) * 50 * 10_000
    say("a gigabyte in: last rate", rate * 0.5, "MB/s")
    run(consume_all(node.port, path, RAW, 1, 16_000_000))
    run(consume_all(node.port, path, b"*/*", 500, 6_000_000))
    say("  in, out raw, out as JSON: peak memory", resident_mb(node, "VmHWM"), "MB")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        node = NodeProcess(directory / "data")
        node.start()
        try:
            node.create_topic("bench", 1)
            node.create_topic("small", 6)
            node.create_topic("large", 1)
            produce(node, directory)
            consume(node, directory)
            node.stop()
            node.start()
            memory(node)
        finally:
            node.stop()


if __name__ == "__main__":
    main()
