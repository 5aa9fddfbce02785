"""The Kafka door beside Apache Kafka: the same clients, the same load, the same run.

The goal of each figure is what Apache Kafka (one KRaft node of its last version, from Maven) does
in the same run; where Maven and a JVM are not there, Cauce is measured alone. ``fsync`` means that
acknowledgements wait for the disk at both (Kafka: ``flush.messages=1``), ``cache`` that they do
not at either. Clients: librdkafka by confluent-kafka, Kafka's own performance tools, and a
generator that sends requests that were encoded before.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.figures import Figure, Pace
from benchmarks.kafka import clients, generator
from benchmarks.kafka.clients import Load
from benchmarks.kafka.servers import ApacheKafka, Cauce, Server, fetch_jars

RECORDS = {100: 1_000_000, 1024: 200_000}
LATENCY_RECORDS = 10_000
READY_MS_MAX = 1_500
RESIDENT_MB_MAX = 200
FETCH_BYTES = 1 << 20
SHORT_TURNS = 3
"""What is soon over is done so often at each server, by turns: the machine is noisy."""

QUICK_ROWS = (
    (True, 1, 100, "all", "none"),
    (False, 1, 100, "1", "none"),
    (False, 8, 1024, "all", "lz4"),
)


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Start both servers and measure them in turns."""
    kinds = [Cauce, ApacheKafka] if fetch_jars() else [Cauce]
    servers: list[Server] = [kind(directory) for kind in kinds]
    try:
        for server in servers:
            server.start()
        beside = Beside(servers)
        yield beside.figure("start to ready", lambda one: one.ready_seconds * 1000, "ms")
        yield beside.figure("resident memory at rest", lambda one: one.resident_mb(), "MB")
        yield from _latency(beside, pace)
        yield from _generated(beside)
        yield from _clients(beside, pace)
        yield beside.figure("resident memory at the end", lambda one: one.resident_mb(), "MB")
    finally:
        for server in servers:
            server.stop()


class Beside:
    """Measures all servers one after the other; the first one is ours."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers

    def figure(
        self, what: str, measured: Callable[[Server], float], unit: str, turns: int = 1
    ) -> Figure:
        """Return ours, the peer's as its goal, and the share of the processor that ours took.

        Args:
            what: Its name.
            measured: Measures one server.
            unit: Of what is measured.
            turns: How often, ours and the peer's by turns; the medians count.
        """
        ours = self.servers[0]
        found: dict[Server, list[float]] = {one: [] for one in self.servers}
        cpu = seconds = 0.0
        for _ in range(turns):
            for server in self.servers:
                began, cpu_before = time.perf_counter(), ours.cpu_seconds()
                found[server].append(measured(server))
                if server is ours:
                    seconds += time.perf_counter() - began
                    cpu += ours.cpu_seconds() - cpu_before
        share = cpu / seconds if seconds > 0.1 else 0
        value, *peers = [statistics.median(one) for one in found.values()]
        peer = peers[0] if peers else None
        return Figure(
            what=f"{what}, cpu {share:.0%}" if share else what,
            value=value,
            unit=unit,
            goal=peer,
            is_cost=unit in {"ms", "MB", "us"},
            ratio=value / peer if peer else None,
        )

    def make_topic(self, name: str, partitions: int, *, fsync: bool) -> None:
        """Make a topic on all servers."""
        for server in self.servers:
            admin = AdminClient({"bootstrap.servers": server.bootstrap})
            topic = NewTopic(name, partitions, 1, config=server.topic_configs(fsync=fsync))
            admin.create_topics([topic])[name].result(30)

    def delete_topic(self, name: str) -> None:
        """Delete a topic on all servers, for the sake of the disk."""
        for server in self.servers:
            admin = AdminClient({"bootstrap.servers": server.bootstrap})
            admin.delete_topics([name])[name].result(30)


def _latency(beside: Beside, pace: Pace) -> Iterator[Figure]:
    for said in ("fsync", "cache"):
        topic = f"latency-{said}"
        beside.make_topic(topic, 1, fsync=said == "fsync")
        found = {}
        for server in beside.servers:
            load = Load(
                bootstrap=server.bootstrap,
                topic=topic,
                partitions=1,
                record_bytes=20,
                count=max(2_000, int(LATENCY_RECORDS * pace.scale)),
                acks="all",
                compression="none",
            )
            found[server] = clients.in_process("latency", load)
        for name, place in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            yield beside.figure(
                f"end to end at 1,000/s, {said}, {name}",
                lambda one, found=found, place=place: (  # type: ignore[misc]
                    found[one][int(len(found[one]) * place)] * 1e6
                ),
                "us",
            )


def _generated(beside: Beside) -> Iterator[Figure]:
    for said in ("cache", "fsync"):
        topic = f"generated-{said}"
        beside.make_topic(topic, 1, fsync=said == "fsync")
        for size, batch in ((100, 1), (100, 16_384), (1024, 1_000_000)):
            request, _ = generator.produce_frame(topic, size, batch, -1)
            yield beside.figure(
                f"produce {len(request):,} B, {said}",
                lambda one, sent=request: generator.requests_per_second(one.port, sent),  # type: ignore[misc]
                "req/s",
            )
    request = generator.fetch_frame("generated-cache", FETCH_BYTES)
    yield beside.figure(
        "fetch 1 MiB",
        lambda one: generator.requests_per_second(one.port, request, 1),
        "req/s",
        SHORT_TURNS,
    )


def _rows(pace: Pace) -> Iterator[tuple[bool, int, int, str, str]]:
    """Yield fsync, partitions, record size, acks and compression of each row."""
    if pace.scale < 1:
        yield from QUICK_ROWS
    else:
        yield from product((False, True), (1, 8), (100, 1024), ("1", "all"), ("none", "lz4"))


def _clients(beside: Beside, pace: Pace) -> Iterator[Figure]:
    for fsync, partitions, size, acks, codec in _rows(pace):
        said = f"{size} B, acks={acks}, {codec}, {partitions} p, {'fsync' if fsync else 'cache'}"
        count = int(RECORDS[size] * max(0.2, pace.scale))
        for tool, produce, consume in (
            ("rdkafka", _in_process("produce"), _in_process("consume")),
            ("java", clients.java_produce, clients.java_consume),
        ):
            if tool == "java" and len(beside.servers) == 1:
                continue
            topic = f"{tool}-{int(fsync)}-{partitions}-{size}-{acks}-{codec}"
            beside.make_topic(topic, partitions, fsync=fsync)
            for what, run in (("in", produce), ("out", consume)):
                yield beside.figure(
                    f"{tool} {what} {said}",
                    lambda one, run=run, topic=topic: run(  # type: ignore[misc]
                        Load(
                            bootstrap=one.bootstrap,
                            topic=topic,
                            partitions=partitions,  # noqa: B023 - measured within the turn
                            record_bytes=size,  # noqa: B023 - likewise
                            count=count,  # noqa: B023 - likewise
                            acks=acks,  # noqa: B023 - likewise
                            compression=codec,  # noqa: B023 - likewise
                        )
                    ),
                    "rec/s",
                    SHORT_TURNS if what == "out" or tool == "rdkafka" else 1,
                )
            beside.delete_topic(topic)


def _in_process(what: str) -> Callable[[Load], float]:
    return lambda load: clients.in_process(what, load)
