"""Outbox: what is to be sent on one socket, in order, bounded by bytes.

A message goes straight to the socket while that has room and nothing waits before it; else it
waits here, and a writer sends it when there is room. Who answers waits for room first
(``wait_room``), who sends records until nothing waits at all (``wait_clear``): so what waits is at
most ``QUEUE_BYTES_MAX`` and one message of each maker.

Invariants:
    Messages leave in the order in which they were put, whole.
    A peer that makes no room for ``SEND_SECONDS_MAX`` ends the socket with 4408: nothing is dropped
    but the socket, and its tokens say where to go on.
Called by: connection, subscription, producing. Calls: protocol (by its methods).
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Protocol

from uvicorn.protocols.utils import ClientDisconnected

from app.api.ws.close_codes import CloseCode, Closing
from app.api.ws.limits import QUEUE_BYTES_MAX, SEND_SECONDS_MAX


class Sink(Protocol):
    """Where messages go: the socket."""

    @property
    def is_writable(self) -> bool:
        """Whether a message can be written without a wait."""
        ...

    async def wait_writable(self) -> None:
        """Return when there is room for a message, or nobody left to read it."""
        ...

    def write_message(self, data: bytes, *, is_text: bool) -> None:
        """Write a message."""
        ...


class Outbox:
    """The messages of one socket."""

    def __init__(self, sink: Sink, send_seconds_max: float = SEND_SECONDS_MAX) -> None:
        """Send to a socket."""
        self._sink = sink
        self._send_seconds_max = send_seconds_max
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._clear = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits and the socket has room."""
        return not self._waiting and self._sink.is_writable

    def put(self, data: bytes, *, is_text: bool = True) -> None:
        """Send a message, now or when there is room; do nothing when the peer is gone."""
        if not self._waiting and self._sink.is_writable:
            self._write(data, is_text=is_text)
            return
        self._waiting.append((data, is_text))
        self._size += len(data)
        self._filled.set()
        if self._size > QUEUE_BYTES_MAX:
            self._room.clear()

    async def wait_room(self) -> None:
        """Return when another message may be made."""
        await self._room.wait()

    async def wait_clear(self) -> None:
        """Return when nothing waits and the socket has room: for records, which may be many."""
        while not self.is_clear:
            self._filled.set()
            await self._clear.wait()

    async def run(self) -> None:
        """Send what waits, until cancelled.

        Raises:
            Closing: The peer reads too slowly.
        """
        while True:
            await self._filled.wait()
            try:
                async with asyncio.timeout(self._send_seconds_max):
                    await self._sink.wait_writable()
            except TimeoutError:
                raise Closing(CloseCode.TOO_SLOW, "the client reads too slowly") from None
            while self._waiting and self._sink.is_writable:
                data, is_text = self._waiting.popleft()
                self._size -= len(data)
                self._write(data, is_text=is_text)
            if not self._waiting and self._sink.is_writable:
                self._filled.clear()
                self._clear.set()
                self._clear.clear()
            if self._size <= QUEUE_BYTES_MAX:
                self._room.set()

    def _write(self, data: bytes, *, is_text: bool) -> None:
        with suppress(ClientDisconnected):  # the reader of the socket learns of it as well
            self._sink.write_message(data, is_text=is_text)
