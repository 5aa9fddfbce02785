"""The documented records routes lead to the same handlers as the front does."""

import httpx
import pytest

from tests.support.application import JSON, TOPICS, RunningApplication


def inner(running: RunningApplication) -> httpx.AsyncClient:
    """Return a client of the application behind the front."""
    transport = httpx.ASGITransport(app=running.front.application)
    return httpx.AsyncClient(transport=transport, base_url="http://cauce.test")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "t/records", b""),
        ("GET", "t/partitions/0/records", b""),
        ("GET", "t/partitions/0/records?offset=9", b""),
        ("GET", "none/records", b""),
        ("POST", "t/records", b""),
        ("POST", "t/records", b"{"),
        ("POST", "none/records", b"{}"),
        ("POST", "t/records:batch", b"{}"),
    ],
)
async def test_route_answers_as_the_front_does(
    running: RunningApplication, method: str, path: str, body: bytes
) -> None:
    await running.create_topic("t")
    url = f"{TOPICS}/{path}"

    by_front = await running.client.request(method, url, content=body, headers=JSON)
    async with inner(running) as client:
        by_route = await client.request(method, url, content=body, headers=JSON)

    assert (by_route.status_code, by_route.content) == (by_front.status_code, by_front.content)


async def test_route_produces(running: RunningApplication) -> None:
    await running.create_topic("t")

    async with inner(running) as client:
        answer = await client.post(f"{TOPICS}/t/records", content=b"{}{}", headers=JSON)

    assert [line.split(b",")[0] for line in answer.content.splitlines()] == [
        b'{"error_code":200',
        b'{"error_code":200',
    ]
    assert len(await running.records("t")) == 2
