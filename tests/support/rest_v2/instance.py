"""A client of REST v2 as one writes it by hand: what is sent, and nothing kept but the base URI."""

import json
from typing import Any

import httpx

from tests.support.application import RunningApplication

V2 = "application/vnd.kafka.v2+json"
HEADERS = {"content-type": V2, "accept": V2}


def records_of(kind: str) -> str:
    """Return the content type of records."""
    return f"application/vnd.kafka.{kind}.v2+json"


class InstanceV2:
    """One consumer instance, asked by way of ASGI."""

    def __init__(self, running: RunningApplication, group: str = "g", name: str = "i") -> None:
        """Know where it is, or will be."""
        self._client = running.client
        self.group = group
        self.path = f"/consumers/{group}/instances/{name}"
        self.name = name

    async def create(self, **settings: Any) -> httpx.Response:
        """Make it; in the names of settings `_` stands for a dot."""
        body = {"name": self.name, "auto.offset.reset": "earliest"}
        body |= {name.replace("_", "."): value for name, value in settings.items()}
        return await self._client.post(
            f"/consumers/{self.group}", content=json.dumps(body), headers=HEADERS
        )

    async def ask(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """Ask it something."""
        content = None if body is None else json.dumps(body)
        return await self._client.request(
            method, self.path + path, content=content, headers=HEADERS
        )

    async def poll(self, query: str = "?timeout=10") -> httpx.Response:
        """Poll it."""
        return await self._client.get(f"{self.path}/records{query}")

    async def values(self, query: str = "?timeout=10") -> list[Any]:
        """Poll it and return the values."""
        answer = await self.poll(query)
        assert answer.status_code == 200, answer.text
        return [one["value"] for one in answer.json()]


def partitions(*places: tuple[str, int]) -> dict[str, Any]:
    """Return the body that names partitions."""
    return {"partitions": [{"topic": topic, "partition": number} for topic, number in places]}


async def produce_v2(
    running: RunningApplication, topic: str, *values: Any, kind: str = "json", partition: int = 0
) -> None:
    """Produce values to a partition."""
    body = json.dumps({"records": [{"value": value} for value in values]})
    answer = await running.client.post(
        f"/topics/{topic}/partitions/{partition}",
        content=body,
        headers={"content-type": records_of(kind)},
    )
    assert answer.status_code == 200, answer.text
