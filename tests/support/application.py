"""The HTTP application on a directory, in this process, without a socket."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.api.front import Front
from app.api.request_body import Message, Scope
from app.broker.context import BrokerContext
from app.main import create_app
from app.settings import Settings
from tests.support.migrated import put_database

CLUSTER = "/v3/clusters/-"
TOPICS = f"{CLUSTER}/topics"
NAME = {"allowed_hosts": ("cauce.test",)}
"""What the clients of tests call the node."""

GROUPS_AT_ONCE = {"group_initial_rebalance_delay_ms": 0}
"""Groups do not wait for more members."""

JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningApplication:
    """A node whose door is asked by way of ASGI."""

    front: Front
    client: httpx.AsyncClient

    @property
    def context(self) -> BrokerContext:
        """The broker behind the door."""
        assert self.front.context is not None, "asked only while the node runs"
        return self.front.context

    @property
    def cluster_id(self) -> str:
        """The id that `-` stands for."""
        return self.context.image.cluster_id

    async def create_topic(self, name: str, partitions: int = 1, **configs: str) -> None:
        """Create a topic; in the names of configs `_` stands for `.`."""
        wanted: dict[str, Any] = {"topic_name": name, "partitions_count": partitions}
        wanted["configs"] = [
            {"name": key.replace("_", "."), "value": value} for key, value in configs.items()
        ]
        answer = await self.client.post(TOPICS, json=wanted)
        assert answer.status_code == 201, answer.text

    async def produce(self, topic: str, body: bytes) -> httpx.Response:
        """Produce record objects."""
        return await self.client.post(f"{TOPICS}/{topic}/records", content=body, headers=JSON)

    async def records(self, topic: str, partition: int = 0) -> list[dict[str, Any]]:
        """Return the records of a partition."""
        answer = await self.client.get(f"{TOPICS}/{topic}/partitions/{partition}/records")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])


@asynccontextmanager
async def running_application(
    directory: Path, **settings: Any
) -> AsyncIterator[RunningApplication]:
    """Run a node on a directory for the length of the block."""
    if "database_url" not in settings:
        put_database(directory)
    front = create_app(Settings(**{"data_dir": directory, **NAME, **GROUPS_AT_ONCE, **settings}))
    inner = front.application
    async with inner.router.lifespan_context(inner):
        transport = httpx.ASGITransport(app=front, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as one:
            yield RunningApplication(front=front, client=one)


class Exchange:
    """One request as ASGI sees it: gives the messages of its body, keeps those of the answer."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = iter(messages)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """Give the next message; when there is none the client has left."""
        return next(self._messages, {"type": "http.disconnect"})

    async def send(self, message: Message) -> None:
        """Keep a message."""
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The answer's headers."""
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        """The answer's body so far."""
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def request_scope(method: str, path: str, query: bytes = b"", **headers: str) -> Scope:
    """Return what ASGI says of a request; in the names of headers `_` stands for `-`."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "query_string": query,
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


def body_messages(pieces: Iterable[bytes]) -> list[Message]:
    """Return the messages of a body that ends after these pieces."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    return [*messages, {"type": "http.request", "body": b"", "more_body": False}]
