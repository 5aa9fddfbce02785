"""A WebSocket of the application as ASGI sees it, without a network."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from app.api.front import Front
from app.api.request_body import Message
from app.api.ws.close_codes import CloseCode, close_reason
from app.api.ws.protocol import SOCKET

PATIENCE_S = 20.0


class SocketClient:
    """A client, and the protocol between it and the door."""

    def __init__(
        self,
        front: Front,
        path: str = "/v3/ws",
        *,
        query: bytes = b"",
        subprotocols: Sequence[str] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Connect when entered."""
        self._front = front
        self._scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "query_string": query,
            "subprotocols": list(subprotocols),
            "headers": [(b"host", b"cauce.test"), *headers],
            "client": ("127.0.0.1", 1),
            "extensions": {SOCKET: self},
            **more,
        }
        self._in: asyncio.Queue[Message] = asyncio.Queue()
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self.answers: list[Message] = []
        """What the door sent by way of ASGI: the handshake."""

        self.closed: tuple[int, str] | None = None
        """Code and reason of the server's close."""

        self.message_bytes_max: int | None = None
        """What the door allows, once it has said so."""

        self.on_drain: Any = None
        self.reads_until: int | None = None
        """After so many messages there is no room any more."""

    async def __aenter__(self) -> "SocketClient":
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._front(self._scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave(1000)

    async def leave(self, code: int = 1006) -> None:
        """Close, or break off with 1006; wait until the door is done."""
        self._in.put_nowait({"type": "websocket.disconnect", "code": code})
        self._writable.set()
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until the door is done with the socket."""
        assert self._task is not None
        async with asyncio.timeout(PATIENCE_S):
            await self._task

    # -- the client ------------------------------------------------------------------------------

    def send(self, frame: dict[str, Any] | bytes | str) -> None:
        """Send a frame."""
        if isinstance(frame, bytes):
            self._in.put_nowait({"type": "websocket.receive", "bytes": frame})
        else:
            text = frame if isinstance(frame, str) else json.dumps(frame)
            self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def receive_bytes(self) -> bytes:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._out.get()

    async def receive(self) -> Any:
        """Return the next frame."""
        return msgspec.json.decode(await self.receive_bytes())

    async def ask(self, frame: dict[str, Any]) -> Any:
        """Send a frame and return the next that comes."""
        self.send(frame)
        return await self.receive()

    async def welcome(self) -> Any:
        """Return the first frame."""
        return await self.receive()

    @property
    def waiting(self) -> int:
        """Messages that came and were not looked at."""
        return self._out.qsize()

    # -- the protocol, as the door sees it -------------------------------------------------------

    @property
    def is_writable(self) -> bool:
        """Whether the client reads."""
        return self._writable.is_set()

    def stop_reading(self) -> None:
        """Make no room any more."""
        self._writable.clear()

    def read_again(self) -> None:
        """Make room."""
        self._writable.set()

    async def wait_writable(self) -> None:
        """Return when the client reads."""
        await self._writable.wait()

    def write_message(self, data: bytes, *, is_text: bool) -> None:
        """Take a message."""
        del is_text
        self._out.put_nowait(data)
        if self.reads_until is not None:
            self.reads_until -= 1
            if self.reads_until <= 0:
                self._writable.clear()

    def limit_messages(self, size: int) -> None:
        """Note the largest message that is taken."""
        self.message_bytes_max = size

    def end(self, code: CloseCode, reason: str) -> None:
        """Close from the server's side."""
        if self.closed is None:
            self.closed = (code, close_reason(code, reason))
            self._in.put_nowait({"type": "websocket.disconnect", "code": code})

    async def _receive(self) -> Message:
        return await self._in.get()

    async def _send(self, message: Message) -> None:
        self.answers.append(message)
