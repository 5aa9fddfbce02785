"""A client of server-sent events that speaks ASGI to an application in this process.

Parses what it gets as the HTML standard says ("Interpreting an event stream"), on its own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from app.api.front import Front
from app.api.request_body import Message
from tests.support.application import request_scope

SECONDS_MAX = 30.0


class Event(NamedTuple):
    """One event as a page would see it."""

    name: str
    data: Any
    id: str


class Listening:
    """One connection."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.events: list[Event] = []
        self.comments: list[str] = []
        self.last_id = ""
        """What the client would come back with."""

        self.retry_ms: int | None = None
        self.has_ended = False
        self.stalled = asyncio.Event()
        """While it is not set nothing is taken."""

        self.stalled.set()
        self._gone = asyncio.Event()
        self._news = asyncio.Condition()
        self._parsed = 0

    async def receive(self) -> Message:
        """Say nothing until the client leaves."""
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what the server sends."""
        await self.stalled.wait()
        async with self._news:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = dict(message["headers"])
            else:
                self.body += message.get("body", b"")
                self.has_ended = not message.get("more_body", False)
                self._parse()
            self._news.notify_all()

    def leave(self) -> None:
        """Close the connection."""
        self._gone.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(SECONDS_MAX), self._news:
            await self._news.wait_for(condition)

    async def until_ended(self) -> None:
        """Wait for the end of the answer."""
        await self.until(lambda: self.has_ended)

    def named(self, name: str) -> list[Any]:
        """Return the data of the events of a name."""
        return [event.data for event in self.events if event.name == name]

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records so far."""
        return [record for data in self.named("records") for record in data["records"]]

    @property
    def values(self) -> list[Any]:
        """Their values."""
        return [record["value"]["data"] for record in self.records]

    def _parse(self) -> None:
        if self.headers.get(b"content-type") != b"text/event-stream":
            return
        *blocks, _ = self.body[self._parsed :].split(b"\n\n")
        for block in blocks:
            self._parsed += len(block) + 2
            name, data = "message", []
            for line in block.decode().split("\n"):
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "":
                    self.comments.append(value)
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "id":
                    self.last_id = value
                elif field == "retry":
                    self.retry_ms = int(value)
            if data:
                self.events.append(Event(name, json.loads("\n".join(data)), self.last_id))


@asynccontextmanager
async def listening(
    front: Front, path: str, query: str = "", **headers: str
) -> AsyncIterator[Listening]:
    """Listen for the length of the block; then leave, and wait until the server has noticed."""
    one = Listening()
    scope = request_scope("GET", path, query.encode(), **headers)
    answering = asyncio.create_task(front(scope, one.receive, one.send))  # type: ignore[arg-type]
    answering.add_done_callback(lambda _: one.stalled.set())
    try:
        yield one
    finally:
        one.leave()
        one.stalled.set()
        async with asyncio.timeout(SECONDS_MAX):
            await answering
