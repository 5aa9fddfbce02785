"""A WebSocket client that sends whatever bytes it is told, right or wrong (RFC 6455, 5.2)."""

import base64
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
PATIENCE_S = 30.0


class Received(NamedTuple):
    """A frame of the server."""

    first: int
    """FIN, RSV bits and opcode, as they came."""

    payload: bytes

    @property
    def opcode(self) -> int:
        """What it is."""
        return self.first & 0x0F


def raw_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    size: int | None = None,
) -> bytes:
    """Return a frame; ``size`` is what its head says if not the payload's."""
    size = len(payload) if size is None else size
    bit = 0x80 if masked else 0
    head = bytes([(FIN if fin else 0) | rsv | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += struct.pack(">BH", bit | 126, size)
    else:
        head += struct.pack(">BQ", bit | 127, size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    hidden = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
    return head + mask + hidden.to_bytes(len(payload), "big")


@dataclass(slots=True)
class RawSocket:
    """A connection to a node."""

    port: int
    path: str = "/v3/ws"
    headers: dict[str, str] = field(default_factory=dict)
    connection: socket.socket = field(init=False)
    _held: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def handshake(self, request_line: str | None = None, **changes: str | None) -> str:
        """Ask for a WebSocket; return the head of the answer.

        Args:
            request_line: Another one.
            changes: Headers by name with ``_`` for ``-``; None leaves one out.
        """
        headers: dict[str, str | None] = {
            "host": "localhost",
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-key": base64.b64encode(os.urandom(16)).decode(),
            "sec-websocket-version": "13",
            **self.headers,
        }
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        lines = [request_line or f"GET {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        self.send("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._held:
            if not self._receive():
                break
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def open(self) -> "RawSocket":
        """Open the WebSocket and take the welcome."""
        head = self.handshake()
        assert head.startswith("HTTP/1.1 101 "), head
        welcome = self.receive()
        assert welcome is not None
        assert b'"welcome"' in welcome.payload or welcome.first & RSV1
        return self

    def send(self, *pieces: bytes) -> None:
        """Send pieces, each by itself; a server that has closed does not matter."""
        for piece in pieces:
            try:
                self.connection.sendall(piece)
            except OSError:
                return

    def receive(self) -> Received | None:
        """Return the next frame; None when the server has closed the connection."""
        while (found := self._take()) is None:
            if not self._receive():
                return None
        return found

    def receive_all(self) -> list[Received]:
        """Return all frames until the server closes the connection."""
        found = []
        while (one := self.receive()) is not None:
            found.append(one)
        return found

    def _receive(self) -> bool:
        try:
            data = self.connection.recv(1 << 20)
        except ConnectionError:
            return False
        self._held += data
        return bool(data)

    def _take(self) -> Received | None:
        held = self._held
        if len(held) < 2:
            return None
        size, at = held[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(held[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(held[2:10], "big"), 10
        if len(held) < at + size:
            return None
        assert not held[1] & 0x80, "a server does not mask"
        self._held = held[at + size :]
        return Received(held[0], held[at : at + size])
