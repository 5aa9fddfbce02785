"""A WebSocket server of a few lines: each connection is served by the next function of a script.

It says what the test wants it to say, over real sockets; tests/contract/client holds the client to
the real server.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.api.ws.codec import Kind, encode_binary, padding
from app.api.ws.columns import encode_columns

PATIENCE_S = 20.0
WELCOME = {"type": "welcome", "session": "x", "server_id": 1, "cluster_id": "c", "principal": "p"}


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection, heard: list[dict[str, Any]]) -> None:
        self.socket = socket
        self.heard = heard

    async def say(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a type; the others are only kept in ``heard``."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.socket.recv()
                if isinstance(message, bytes):
                    size = int.from_bytes(message[4:8], "little")
                    frame = {"type": "produce", **json.loads(message[8 : 8 + size])}
                else:
                    frame = json.loads(message)
                self.heard.append(frame)
                if frame["type"] == kind:
                    return frame

    async def open(self, kind: str, token: str = "t0", **fields: object) -> dict[str, Any]:
        """Let a subscription stand."""
        frame = await self.hear(kind)
        fields = {"epoch": 1, "resumed": kind == "resume", "resume": token, **fields}
        await self.say("subscribed", id=frame["id"], sub="s", **fields)
        return frame

    async def send_records(
        self, seq: int, first: int, values: Sequence[bytes], *, epoch: int = 1, partition: int = 0
    ) -> None:
        """Send records of topic t in a binary frame; its token says where it ends."""
        count, end = len(values), first + len(values)
        data = encode_columns(
            range(first, end), [1_000] * count, [None] * count, values, headers=None
        )
        part = {"topic": "t", "partition": partition, "epoch": epoch, "count": count}
        part |= {"size": len(data), "columns": [], "next_offset": end, "high_watermark": end}
        head = {"type": "records", "sub": "s", "seq": seq, "epoch": epoch, "slices": [part]}
        head |= {"credit": {}, "resume": f"t{partition}-{end}"}
        payload: list[bytes | memoryview] = [data, padding(len(data))]
        await self.socket.send(
            encode_binary(Kind.RECORD_COLUMNS, json.dumps(head).encode(), payload)
        )


Script = Callable[[Peer], Awaitable[None]]


async def until_gone(peer: Peer) -> None:
    """Serve nothing more, until the client has left."""
    async for message in peer.socket:
        if isinstance(message, str):
            peer.heard.append(json.loads(message))


class FakeSockets:
    """The server; use it in an ``async with`` block."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.heard: list[list[dict[str, Any]]] = []
        """By connection: what the client said."""

        self._server: Server

    async def __aenter__(self) -> Self:
        protocols = [Subprotocol("cauce.v1.bin"), Subprotocol("cauce.v1.json")]
        self._server = await serve(self._serve, "127.0.0.1", 0, subprotocols=protocols)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def _serve(self, socket: ServerConnection) -> None:
        heard: list[dict[str, Any]] = []
        self.heard.append(heard)
        await socket.send(json.dumps(WELCOME))
        with suppress(ConnectionClosed):
            await self.scripts.pop(0)(Peer(socket, heard))


async def break_off(peer: Peer) -> None:
    """Let a connection break without a close."""
    peer.socket.transport.abort()
