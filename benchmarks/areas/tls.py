"""What TLS costs at the Kafka port: a node that speaks it beside one that does not.

The floor is the plain node in the same turns; the client pays for TLS too, on the same two cores.
Plain fetches leave by ``sendfile``; over TLS each byte is read and encrypted. The floor of
handshakes is what two ends do in one process without a network.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, Pace
from benchmarks.wire_load import Peer, exchange, fetch_frame, produce_frame
from tests.support.node import NodeProcess
from tests.support.security.certificates import Pair, client_context, write_pair

IN_FLIGHT = 5
RECORDS_16_KIB = 140
RECORDS_1_MIB = 9_500
RELAXED = {"flush.messages": "1000000000"}


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure fetch, produce and handshakes."""
    pair = write_pair(directory, "here")
    options = ("--tls-cert", str(pair[0]), "--tls-key", str(pair[1]), "--no-http-tls")
    plain, secure = NodeProcess(directory / "plain"), NodeProcess(directory / "tls", *options)
    try:
        for node in (plain, secure):
            node.start()
            for name in ("produced", "fetched"):
                node.create_topic(name, 1, **RELAXED)
        yield from _exchanges(plain, secure, pace)
        yield _handshakes(secure, pair, pace)
    finally:
        plain.stop()
        secure.stop()


def _exchanges(plain: NodeProcess, secure: NodeProcess, pace: Pace) -> Iterator[Figure]:
    tls = client_context()
    exchange(plain.kafka_port, produce_frame("fetched", RECORDS_1_MIB), 1, 0.2)
    exchange(secure.kafka_port, produce_frame("fetched", RECORDS_1_MIB), 1, 0.2, tls)
    for what, frame, in_flight in (
        ("fetch 1 MiB over TLS", fetch_frame("fetched", 0, 1 << 20), 1),
        (
            "produce 16 KiB over TLS, 5 in flight, no fsync",
            produce_frame("produced", RECORDS_16_KIB),
            IN_FLIGHT,
        ),
    ):
        value, floor, ratio = pace.in_turns(
            lambda frame=frame, in_flight=in_flight: exchange(  # type: ignore[misc]
                plain.kafka_port, frame, in_flight, pace.seconds
            ),
            lambda frame=frame, in_flight=in_flight: exchange(  # type: ignore[misc]
                secure.kafka_port, frame, in_flight, pace.seconds, tls
            ),
        )
        yield Figure(what=what, value=value, unit="requests/s", floor=floor, ratio=ratio)


def _handshakes(node: NodeProcess, pair: Pair, pace: Pace) -> Figure:
    tls = client_context()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pair)

    def in_memory() -> float:
        return _rate(lambda: _shake_hands(server, tls), pace.seconds)

    def connect() -> None:
        Peer(node.kafka_port, tls).socket.close()

    def by_network() -> float:
        return _rate(connect, pace.seconds)

    value, floor, ratio = pace.in_turns(in_memory, by_network)
    return Figure(
        what="connections over TLS, one after the other",
        value=value,
        unit="/s",
        floor=floor,
        ratio=ratio,
    )


def _rate(act: Callable[[], object], seconds: float) -> float:
    began = time.perf_counter()
    count = 0
    while time.perf_counter() - began < seconds:
        act()
        count += 1
    return count / (time.perf_counter() - began)


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)]
    for one in (*ends, *ends):
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
