"""What quotas hold, and what they cost.

A quiet producer sends a small batch at a time and waits for its answer; noisy ones, in processes of
their own, send all they can. Its p99 beside them must not be twice what it is alone, once a quota
holds them. A quota must hold within five percent. Asking quotas must cost next to nothing where
none are set; the floor there is a call that does nothing.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.security.principal import Principal
from app.security.quota_windows.limits import UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas, Quotas, Unlimited
from app.telemetry.clock import SystemClock
from benchmarks.figures import Figure, Pace
from benchmarks.wire_load import Peer, produce_frame
from tests.support.node import NodeProcess

RELAXED = {"flush.messages": "1000000000"}
NOISY = 2
RATE = 1_000_000
PAUSE_S = 0.005
SETTLE_S = 2.0
SECONDS_MIN = 5.0
CALLS = 100_000
LIMITS = 10_000

NOISE = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1], "client.id": "noisy", "linger.ms": 5,
                     "batch.size": 20000})
while True:
    try:
        producer.produce("noisy", b"x" * 1000)
    except BufferError:
        producer.poll(0.1)
    producer.poll(0)
"""


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure the quiet one alone and beside the noisy ones, their rate, and what asking costs."""
    node = NodeProcess(directory / "data")
    node.start()
    try:
        for name in ("quiet", "noisy"):
            node.create_topic(name, 1, **RELAXED)
        yield from _neighbours(node, pace)
    finally:
        node.kill()
    yield from _costs(pace)


def _neighbours(node: NodeProcess, pace: Pace) -> Iterator[Figure]:
    seconds = max(SECONDS_MIN, pace.seconds)
    alone = _p99_ms(node, seconds)
    yield Figure(what="p99 of a quiet producer, alone", value=alone, unit="ms", is_cost=True)
    with _noise(node):
        beside = _p99_ms(node, seconds)
    yield Figure(
        what="  beside noisy ones without a quota",
        value=beside,
        unit="ms",
        is_cost=True,
        floor=alone,
        ratio=beside / alone,
    )
    _limit(node)
    with _noise(node):
        time.sleep(SETTLE_S)
        size, began = _size(node), time.perf_counter()
        held = _p99_ms(node, seconds)
        rate = (_size(node) - size) / (time.perf_counter() - began)
    yield Figure(
        what="  beside noisy ones with a quota",
        value=held,
        unit="ms",
        goal=2 * alone,
        is_cost=True,
        floor=alone,
        ratio=held / alone,
    )
    yield Figure(
        what="a quota of 1 MB/s is held to",
        value=abs(rate - RATE) / RATE * 100,
        unit="% off",
        goal=5,
        is_cost=True,
    )


def _costs(pace: Pace) -> Iterator[Figure]:
    none, limited = ClientQuotas(SystemClock()), ClientQuotas(SystemClock())
    limited.load(
        [Quota(f"user-{number}", UNSET, QuotaType.PRODUCE, 1e12) for number in range(LIMITS)]
    )
    rows: tuple[tuple[str, Quotas, str], ...] = (
        ("ask and account, no limits set", none, "alice"),
        (f"  {LIMITS:,} limits set, of others", limited, "alice"),
        (f"  {LIMITS:,} limits set, one of them its own", limited, "user-7"),
    )
    for what, quotas, name in rows:
        value, floor, ratio = pace.in_turns(_asking(Unlimited(), name), _asking(quotas, name))
        yield Figure(what=what, value=value, unit="us", is_cost=True, floor=floor, ratio=ratio)


def _asking(quotas: Quotas, name: str) -> Callable[[], float]:
    principal = Principal(name)

    def ask() -> float:
        began = time.perf_counter()
        for _ in range(CALLS):
            quotas.owed(QuotaType.PRODUCE, principal)
            quotas.produced(principal, 1000)
        return (time.perf_counter() - began) / CALLS * 1e6

    return ask


def _p99_ms(node: NodeProcess, seconds: float) -> float:
    """Return the 99th percentile of the times that a small batch takes, one after the other."""
    frame = produce_frame("quiet", 1)
    peer = Peer(node.kafka_port)
    taken = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        peer.socket.sendall(frame)
        peer.receive()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_S)
    peer.socket.close()
    return statistics.quantiles(taken, n=100)[98]


@contextmanager
def _noise(node: NodeProcess) -> Iterator[None]:
    command = [sys.executable, "-c", NOISE, node.bootstrap]
    noisy = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(NOISY)]
    try:
        time.sleep(1)
        yield
    finally:
        for one in noisy:
            one.kill()
            one.wait()


def _limit(node: NodeProcess) -> None:
    wanted = {"client_id": "noisy", "values": {"producer_byte_rate": RATE}}
    url = f"{node.url}/v3/clusters/-/quotas:alter"
    httpx.post(url, json={"data": [wanted]}).raise_for_status()


def _size(node: NodeProcess) -> int:
    return sum(path.stat().st_size for path in node.directory.glob("logs/*/noisy-0/*.log"))
