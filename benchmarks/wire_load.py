"""Load on the Kafka port that was encoded before, over plain sockets; and the least it could cost.

The bare server does for each frame what nobody can do without: receive it, write it to a file or
send a file's bytes by ``sendfile``, answer. It knows no protocol.
"""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import time
from pathlib import Path

from app.wire.codec import decode, encode
from app.wire.message import api_of
from app.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from app.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from app.wire.primitives import write_uvarint
from storage.format.builder import build_batch

PRODUCE_VERSION = 9
FETCH_VERSION = 11
ROOT = Path(__file__).parents[1]


def framed(request: object, version: int) -> bytes:
    api = api_of(type(request))
    out = bytearray(struct.pack(">hhih", api.key, version, 1, -1))
    if api.is_flexible(version):
        write_uvarint(out, 0)
    encode(request, version, out)
    decode(type(request), version, out, 11 if api.is_flexible(version) else 10)
    return struct.pack(">i", len(out)) + out


def produce_frame(topic: str, records: int) -> bytes:
    """Return a request with one batch of 100-byte records."""
    now_ms = int(time.time() * 1000)
    batch = build_batch([(now_ms, None, b"x" * 100, ()) for _ in range(records)])
    data = [PartitionProduceData(index=0, records=memoryview(batch))]
    topics = [TopicProduceData(name=topic, partition_data=data)]
    return framed(ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=topics), PRODUCE_VERSION)


def fetch_frame(topic: str, offset: int, max_bytes: int, wait_ms: int = 0) -> bytes:
    partition = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=max_bytes)
    topics = [FetchTopic(topic=topic, partitions=[partition])]
    request = FetchRequest(max_wait_ms=wait_ms, min_bytes=1, max_bytes=max_bytes, topics=topics)
    return framed(request, FETCH_VERSION)


class Peer:
    """A connection, blocking."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)
        self.buffer = bytearray(4 << 20)

    def receive(self) -> int:
        """Receive one frame; return its size."""
        view = memoryview(self.buffer)
        have = 0
        while have < 4:
            have += self.socket.recv_into(view[have:4])
        (size,) = struct.unpack_from(">i", self.buffer)
        have = 0
        while have < size:
            received = self.socket.recv_into(view[have:size])
            assert received, "the connection was closed"
            have += received
        return int(size)


def exchange(
    port: int, frame: bytes, in_flight: int, seconds: float, tls: ssl.SSLContext | None = None
) -> float:
    """Return answers per second with so many requests under way on one connection."""
    peer = Peer(port, tls)
    answered = under_way = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        peer.socket.sendall(frame)
        under_way += 1
        if under_way == in_flight:
            peer.receive()
            under_way -= 1
            answered += 1
    elapsed = time.perf_counter() - began
    peer.socket.close()
    return answered / elapsed


def delivery_latencies(port: int, topic: str, count: int) -> list[float]:
    """Return the seconds from sending a record to having it at a fetch that waited for it."""
    reading, writing = Peer(port), Peer(port)
    frame = produce_frame(topic, 1)
    found = []
    for offset in range(count):
        reading.socket.sendall(fetch_frame(topic, offset, 1 << 16, wait_ms=5_000))
        time.sleep(0.001)
        began = time.perf_counter()
        writing.socket.sendall(frame)
        reading.receive()
        found.append(time.perf_counter() - began)
        writing.receive()
    return found


class BareServer:
    """The floor, in a process of its own."""

    def __init__(self, file: Path, sent_bytes: int) -> None:
        """Write each frame to a file, or send so many bytes of it if they are not 0."""
        code = "from benchmarks.wire_load import serve_barely; serve_barely()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(file), str(sent_bytes)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None, "a pipe"
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def serve_barely() -> None:
    """Be the process of a ``BareServer``."""
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            peer, _ = listening.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with peer, contextlib.suppress(ConnectionError):  # it had what it wanted
                _serve_peer(peer, file, int(sys.argv[2]))


def _serve_peer(peer: socket.socket, file: int, sent_bytes: int) -> None:
    buffer = bytearray(4 << 20)
    view = memoryview(buffer)
    answer = struct.pack(">i", 50) + bytes(50)
    have = position = 0
    while received := peer.recv_into(view[have:]):
        have += received
        while have >= 4 and have >= (size := 4 + struct.unpack_from(">i", buffer)[0]):
            if sent_bytes:
                peer.sendall(struct.pack(">i", sent_bytes))
                at = 0
                while at < sent_bytes:
                    at += os.sendfile(peer.fileno(), file, at, sent_bytes - at)
            else:
                position += os.pwrite(file, view[4:size], position)
                peer.sendall(answer)
            buffer[: have - size] = bytes(view[size:have])
            have -= size
