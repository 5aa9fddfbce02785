"""Many WebSocket members of a consumer group, on one event loop beside the test.

Each writes down what it sees as ``member`` does, and commits every batch before it takes the next.
"""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.node import NodeProcess

JOINING_S = 90.0


class WebMember:
    """One member on a socket of its own; it looks like a ``MemberProcess`` to those who check."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lines: list[dict[str, Any]] = []
        self._leaving = asyncio.Event()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has seen so far."""
        return list(self._lines)

    def seen(self, what: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""
        return [one for one in self.lines if one["what"] == what]

    def say(self, what: str, **more: object) -> None:
        """Write down what was seen."""
        self._lines.append({"what": what, "at": time.monotonic(), **more})

    def leave(self) -> None:
        """Say goodbye; called on the loop."""
        self._leaving.set()

    async def run(self, url: str, group: str, topic: str) -> None:
        """Be a member until told to leave."""
        async with connect(url, open_timeout=JOINING_S) as socket:
            subscribe = {"type": "subscribe", "sub": "s", "group": group, "topics": [topic]}
            how = {"from": "earliest", "assignors": ["range"], "session_timeout_ms": 10_000}
            await _send(socket, {**subscribe, **how, "credit": "auto"})
            reading = asyncio.create_task(self._read(socket))
            leaving = asyncio.create_task(self._leaving.wait())
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            await socket.close(1000)
            with suppress(ConnectionClosed):
                await reading
            leaving.cancel()
        self.say("left")

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            frame = json.loads(message)
            kind = frame.get("type")
            if kind in ("assigned", "revoking", "revoked", "lost"):
                places = [one["partition"] for one in frame["partitions"]]
                self.say(kind, partitions=places)
                if kind == "revoking":
                    await _send(socket, {"type": "release", "sub": "s"})
            elif kind == "records":
                await self._take(socket, frame)
            elif kind == "committed":
                for one in frame["offsets"]:
                    self.say("committed", partition=one["partition"], offset=one["offset"])
            elif kind == "error":
                self.say("refused", why=frame["message"])

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        offsets = []
        for part in frame["slices"]:
            place = {"topic": part["topic"], "partition": part["partition"]}
            offsets.append({**place, "offset": part["next_offset"]})
            for one in part["records"]:
                self.say("got", partition=part["partition"], offset=one["offset"])
        await _send(socket, {"type": "ack", "sub": "s", "seq": frame["seq"]})
        await _send(socket, {"type": "commit", "id": 1, "sub": "s", "offsets": offsets})


class WebCrowd:
    """Runs members on a thread."""

    def __init__(self, node: NodeProcess, group: str, topic: str) -> None:
        self._url = f"ws://127.0.0.1:{node.port}/v3/ws"
        self._group, self._topic = group, topic
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.members: list[WebMember] = []
        self._running: dict[WebMember, Any] = {}

    def start(self) -> WebMember:
        """Start a member more."""
        member = self._on_loop(self._made())
        self._running[member] = asyncio.run_coroutine_threadsafe(
            member.run(self._url, self._group, self._topic), self._loop
        )
        return member

    def stop(self, member: WebMember) -> None:
        """Have a member leave, and demand that it ends well."""
        self._loop.call_soon_threadsafe(member.leave)
        self._running.pop(member).result(JOINING_S)

    def close(self) -> None:
        """Have all leave."""
        for member in tuple(self._running):
            self.stop(member)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _made(self) -> WebMember:
        member = WebMember(f"web-{len(self.members)}")
        self.members.append(member)
        return member

    def _on_loop(self, work: Coroutine[Any, Any, WebMember]) -> WebMember:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(JOINING_S)


async def _send(socket: ClientConnection, frame: dict[str, Any]) -> None:
    with suppress(ConnectionClosed):
        await socket.send(json.dumps(frame))
