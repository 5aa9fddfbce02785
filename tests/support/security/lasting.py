"""What lasts longer than a request, opened at a real node, and how each of it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.node import NodeProcess

HERE = "/v3/clusters/-"
TOPIC = f"{HERE}/topics/t"
V2 = "application/vnd.kafka.v2+json"
V2_RECORDS = "application/vnd.kafka.json.v2+json"
LOGIN_ENDED = 4401

SLOW_BODIES = {
    "/topics/slow": (V2_RECORDS, b'{"records":['),
    "/topics/slow/partitions/0": (V2_RECORDS, b'{"records":['),
    f"{HERE}/topics/slow/records": ("application/json", b'{"value":{"type":"JSON","data":1}}'),
    f"{HERE}/topics/slow/records:batch": ("application/json", b'{"entries":['),
    f"{HERE}/topics": ("application/json", b"{"),
    "/subjects/s/versions": ("application/json", b"{"),
}
"""Where bodies are taken, of what kind, and how one begins."""


def admin_secret(node: NodeProcess) -> str:
    """Return the password of its first administrator."""
    return Path(node.directory, "admin.secret").read_text().strip()


@asynccontextmanager
async def administrator(node: NodeProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that asks as the administrator."""
    auth = ("admin", admin_secret(node))
    async with httpx.AsyncClient(base_url=node.url, auth=auth, timeout=60) as client:
        yield client


async def opened_socket(node: NodeProcess, headers: dict[str, str]) -> ClientConnection:
    """Return a WebSocket that was welcomed."""
    address = node.url.replace("http", "ws") + "/v3/ws"
    client = await connect(address, additional_headers=headers)
    assert "welcome" in str(await client.recv())
    return client


async def code_of(client: ClientConnection) -> int:
    """Return the code that a socket is closed with."""
    await client.wait_closed()
    assert client.close_code is not None
    return client.close_code


async def until_cut(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> bool:
    """Ask for what lasts; return whether the connection was ended without an answer's end."""
    try:
        async with client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            await answer.aread()
    except httpx.RemoteProtocolError:
        return True
    except httpx.ReadError:
        return True
    return False


async def slow_body(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> bool:
    """Send a body that never ends; return whether the connection was ended."""
    kind, begin = SLOW_BODIES[path]

    async def drip() -> AsyncIterator[bytes]:
        yield begin
        while True:
            await asyncio.sleep(0.1)
            yield b" "

    try:
        await client.post(path, content=drip(), headers={**headers, "content-type": kind})
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        return True
    return False


async def polled_instance(
    client: httpx.AsyncClient, name: str, headers: dict[str, str], topic: str = "t"
) -> str:
    """Return the path by which a consumer instance of REST v2 waits for records."""
    made = await client.post(
        f"/consumers/g-{name}",
        content=json.dumps({"name": "i", "format": "json"}),
        headers={**headers, "content-type": V2},
    )
    assert made.status_code == 200, made.text
    place = f"/consumers/g-{name}/instances/i"
    wanted = json.dumps({"partitions": [{"topic": topic, "partition": 0}]})
    content_type = {**headers, "content-type": V2}
    answer = await client.post(f"{place}/assignments", content=wanted, headers=content_type)
    assert answer.status_code == 204, answer.text
    return f"{place}/records?timeout=60000"


async def everything_open(
    node: NodeProcess, client: httpx.AsyncClient, name: str, headers: dict[str, str]
) -> dict[str, Coroutine[None, None, object]]:
    """Open one of each kind.

    Returns:
        What waits for its end, by kind: the code of the socket, else whether it was cut.
    """
    socket = await opened_socket(node, headers)
    poll = await polled_instance(client, name, headers)
    waits: dict[str, Coroutine[None, None, object]] = {
        "socket": code_of(socket),
        "stream": until_cut(client, f"{TOPIC}/records:stream", headers),
        "v3 poll": until_cut(
            client, f"{TOPIC}/partitions/0/records?offset=0&wait_ms=60000", headers
        ),
        "v2 poll": until_cut(client, poll, {**headers, "accept": V2_RECORDS}),
    }
    for path in SLOW_BODIES:
        waits[f"body of {path}"] = slow_body(client, path, headers)
    return waits
