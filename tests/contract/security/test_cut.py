"""100 of 100 WebSockets, streams and long polls end when what they logged in with is gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

SOCKETS, STREAMS, POLLS = 40, 30, 30
CUT_SECONDS_MAX = 5.0
TOPIC = "/v3/clusters/-/topics/t"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data", "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


@asynccontextmanager
async def administrator(node: NodeProcess) -> AsyncIterator[httpx.AsyncClient]:
    secret = Path(node.directory, "admin.secret").read_text().strip()
    async with httpx.AsyncClient(base_url=node.url, auth=("admin", secret), timeout=60) as client:
        yield client


async def new_key(admin: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    made = await admin.post("/v3/clusters/-/api-keys", json={"user": "admin"})
    body = made.json()
    return body["key_id"], {"Authorization": f"Bearer {body['key']}"}


async def socket(node: NodeProcess, headers: dict[str, str]) -> ClientConnection:
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


async def test_100_of_100_are_cut_when_their_key_is_gone_and_others_stay(
    closed: NodeProcess,
) -> None:
    async with administrator(closed) as admin:
        await admin.post("/v3/clusters/-/topics", json={"topic_name": "t", "partitions_count": 1})
        key_id, leaving = await new_key(admin)
        _, staying = await new_key(admin)
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=closed.url, timeout=90, limits=limits) as client:
            sockets = [await socket(closed, leaving) for _ in range(SOCKETS)]
            stays = await socket(closed, staying)
            paths = [f"{TOPIC}/records:stream"] * STREAMS
            paths += [f"{TOPIC}/partitions/0/records?offset=0&wait_ms=60000"] * POLLS
            waiting: list[Coroutine[None, None, object]] = [code_of(one) for one in sockets]
            waiting += [until_cut(client, path, leaving) for path in paths]
            tasks = [asyncio.create_task(one) for one in waiting]
            await asyncio.sleep(2)
            assert not any(one.done() for one in tasks), "they wait"

            began = time.monotonic()
            gone = await admin.delete(f"/v3/clusters/-/api-keys/{key_id}")
            assert gone.status_code == 204
            ended = await asyncio.wait_for(asyncio.gather(*tasks), 60)
            took = time.monotonic() - began

        assert ended == [4401] * SOCKETS + [True] * (STREAMS + POLLS)
        assert took < CUT_SECONDS_MAX
        await (await stays.ping())
        await stays.close()
        refused = await admin.get(TOPIC, headers=leaving, auth=None)
        assert refused.status_code == 401


async def test_a_ticket_opens_one_socket(closed: NodeProcess) -> None:
    async with administrator(closed) as admin:
        ticket = (await admin.post("/v3/auth/ticket")).json()["ticket"]
    address = f"{closed.url.replace('http', 'ws')}/v3/ws?ticket={ticket}"

    async with connect(address) as client:
        assert '"User:admin"' in str(await client.recv())
    with pytest.raises(Exception, match="401"):
        await connect(address)
    assert ticket not in closed.log
