"""A load that is encoded before the clock runs: what a server can do, without a client's cost.

Frames are Produce v7 and Fetch v4, which both servers take; correlation ids are not looked at.
"""

import random
import socket
import struct
import time

from storage.format.builder import build_batch
from storage.format.record import NewRecord

IN_FLIGHT = 5
SECONDS = 3.0


def string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def frame(api_key: int, version: int, body: bytes) -> bytes:
    request = struct.pack(">hhi", api_key, version, 1) + string("generator") + body
    return struct.pack(">i", len(request)) + request


def produce_frame(topic: str, record_bytes: int, batch_bytes: int, acks: int) -> tuple[bytes, int]:
    """Return a produce request of one batch, and how many records it has."""
    count = max(1, batch_bytes // (record_bytes + 12))
    chance = random.Random(1)
    records = [NewRecord(0, None, chance.randbytes(record_bytes)) for _ in range(count)]
    batch = build_batch(records)
    body = struct.pack(">hhii", -1, acks, 30_000, 1) + string(topic)
    body += struct.pack(">iii", 1, 0, len(batch)) + batch
    return frame(0, 7, body), count


def fetch_frame(topic: str, max_bytes: int) -> bytes:
    body = struct.pack(">iiiibi", -1, 500, 1, 1 << 30, 0, 1) + string(topic)
    return frame(1, 4, body + struct.pack(">iiqi", 1, 0, 0, max_bytes))


class Connection:
    """One blocking connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(64 << 20)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> int:
        """Read one answer and return its size."""
        (size,) = struct.unpack(">i", self._exactly(4))
        self._exactly(size)
        return int(size)

    def _exactly(self, size: int) -> memoryview:
        view = memoryview(self._buffer)[:size]
        have = 0
        while have < size:
            count = self._socket.recv_into(view[have:])
            assert count, "the server has hung up"
            have += count
        return view

    def close(self) -> None:
        self._socket.close()


def requests_per_second(port: int, request: bytes, in_flight: int = IN_FLIGHT) -> float:
    """Return how many of these requests a second are answered."""
    connection = Connection(port)
    try:
        for _ in range(in_flight):
            connection.send(request)
        count = 0
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < SECONDS:
            connection.receive()
            connection.send(request)
            count += 1
        for _ in range(in_flight):
            connection.receive()
    finally:
        connection.close()
    return count / took
