"""A real node by the `websockets` library: what breaks is bridged by resume tokens."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

PARTITIONS = 3
KILLS = 4
RECORDS_EACH = 90
PATIENCE_S = 120
GROUP = {"type": "subscribe", "sub": "s", "group": "g", "topics": ["t"], "from": "earliest"}
ALL = {"type": "assign", "sub": "s", "partitions": [{"topic": "t", "from": "earliest"}]}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("t", PARTITIONS)
    yield node
    node.kill()


def url(node: NodeProcess) -> str:
    return f"ws://127.0.0.1:{node.port}/v3/ws"


async def ask(socket: ClientConnection, frame: dict[str, Any]) -> None:
    await socket.send(json.dumps(frame))


async def until(socket: ClientConnection, kind: str) -> Any:
    """Return the next frame of a type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            frame = json.loads(await socket.recv())
            assert frame.get("type") != "error", frame
            if frame.get("type") == kind:
                return frame


class Follower:
    """Reads a subscription over as many sockets as it takes."""

    def __init__(self, node: NodeProcess, first: dict[str, Any], total: int) -> None:
        self.node = node
        self.frame = {**first, "credit": "auto"}
        self.total = total
        self.values: dict[int, list[int]] = defaultdict(list)
        self.sockets = 0

    @property
    def count(self) -> int:
        return sum(map(len, self.values.values()))

    async def run(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.count < self.total:
                try:
                    async with connect(url(self.node)) as socket:
                        self.sockets += 1
                        await self._follow(socket)
                except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                    await asyncio.sleep(0.05)

    async def _follow(self, socket: ClientConnection) -> None:
        await ask(socket, self.frame)
        while self.count < self.total:
            frame = await until(socket, "records")
            for part in frame["slices"]:
                found = [one["value"]["data"] for one in part["records"]]
                self.values[part["partition"]] += found
            self.frame = {"type": "resume", "sub": "s", "token": frame["resume"], "credit": "auto"}
            await ask(socket, {"type": "ack", "sub": "s", "seq": frame["seq"]})


async def produce(node: NodeProcess, numbers: range) -> None:
    """Write over a socket, and wait for every receipt."""
    async with connect(url(node)) as socket:
        for number in numbers:
            record = {
                "partition_id": number % PARTITIONS,
                "value": {"type": "JSON", "data": number},
            }
            await ask(socket, {"type": "produce", "id": number, "topic": "t", "records": [record]})
        for number in numbers:
            receipt = await until(socket, "receipt")
            assert receipt["id"] == number, "receipts come in the order of the frames"
            assert "error_code" not in receipt["outcomes"][0]


@pytest.mark.parametrize("first", [ALL, {**GROUP, "instance_id": "i"}], ids=["assign", "group"])
async def test_each_record_comes_once_and_in_order_whatever_happens_to_the_server(
    node: NodeProcess, first: dict[str, Any]
) -> None:
    total = (KILLS + 1) * RECORDS_EACH
    follower = Follower(node, first, total)
    await produce(node, range(RECORDS_EACH))
    following = asyncio.create_task(follower.run())
    for kill in range(1, KILLS + 1):
        node.kill()
        await asyncio.to_thread(node.start)
        await produce(node, range(kill * RECORDS_EACH, (kill + 1) * RECORDS_EACH))
    await following

    assert follower.sockets > 1
    assert follower.values == {
        one: list(range(one, total, PARTITIONS)) for one in range(PARTITIONS)
    }


async def test_what_was_committed_is_not_read_again_by_the_next_member(node: NodeProcess) -> None:
    await produce(node, range(30))
    seen: list[int] = []
    for wanted in (15, 30):
        async with connect(url(node)) as socket:
            await ask(socket, {**GROUP, "credit": {"records": 15}})
            while len(seen) < wanted:
                frame = await until(socket, "records")
                for part in frame["slices"]:
                    seen += [one["value"]["data"] for one in part["records"]]
            await ask(socket, {"type": "commit", "id": 1, "sub": "s"})
            await until(socket, "committed")
            await ask(socket, {"type": "unsubscribe", "sub": "s", "id": 2})

    assert sorted(seen) == list(range(30))


async def test_the_shortcut_of_a_topic_shows_its_records(node: NodeProcess) -> None:
    httpx.post(f"{node.topics}/t/records", json={"value": {"type": "JSON", "data": 7}})

    async with connect(f"{url(node)}/topics/t?from=earliest&until=end") as socket:
        frame = await until(socket, "records")

    assert frame["slices"][0]["records"][0]["value"]["data"] == 7


async def test_a_node_that_shuts_down_says_when_to_come_back(node: NodeProcess) -> None:
    async with connect(url(node)) as socket:
        await ask(socket, {**ALL, "credit": "auto"})
        await until(socket, "subscribed")
        stopping = asyncio.create_task(asyncio.to_thread(node.stop))
        closing = await until(socket, "closing")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert await stopping == 0
    assert closing["retry_ms"] > 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert json.loads(closed.value.rcvd.reason)["retry"] is True
