"""Five hundred sockets that never read, as many half-open ones, and a hundred honest ones."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.node import NodeProcess
from tests.support.sockets.raw import TEXT, RawSocket, raw_frame

pytestmark = [pytest.mark.slow, pytest.mark.alone]

NEVER_READ, HALF_OPEN, HONEST = 500, 500, 100
RECORDS = 2_000
RESIDENT_MB_MAX = 512
PATIENCE_S = 120
OLD_MB = 24


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    yield node
    assert node.stop() == 0


def resident_mb(node: NodeProcess) -> float:
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    (line,) = [one for one in status.splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1e3


def produce(node: NodeProcess, topic: str, values: list[object]) -> None:
    body = "".join(json.dumps({"value": {"type": "JSON", "data": one}}) for one in values)
    headers = {"Content-Type": "application/json"}
    url = f"{node.topics}/{topic}/records"
    answer = httpx.post(url, content=body, headers=headers, timeout=PATIENCE_S)
    assert answer.text.count('"error_code":200') == len(values)


def assign(topic: str, start: str, credit: str) -> dict[str, object]:
    partitions = [{"topic": topic, "from": start}]
    return {"type": "assign", "sub": "s", "partitions": partitions, "credit": credit}


async def honest(node: NodeProcess, is_there: asyncio.Event) -> list[int]:
    """Tail a topic until all that is written meanwhile has come, over as many sockets as needed."""
    found: list[int] = []
    frame = assign("new", "latest", "auto")
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < RECORDS:
            with suppress(ConnectionClosed):
                async with connect(f"ws://127.0.0.1:{node.port}/v3/ws") as client:
                    await client.send(json.dumps(frame))
                    async for message in client:
                        got = json.loads(message)
                        if got.get("type") == "subscribed":
                            is_there.set()
                        if got.get("type") != "records":
                            continue
                        for part in got["slices"]:
                            found += [one["value"]["data"] for one in part["records"]]
                        frame = {"type": "resume", "sub": "s", "token": got["resume"]}
                        frame["credit"] = "auto"
                        ack = {"type": "ack", "sub": "s", "seq": got["seq"]}
                        await client.send(json.dumps(ack))
                        if len(found) >= RECORDS:
                            break
    return found


async def test_who_does_not_read_costs_little_and_hinders_nobody(node: NodeProcess) -> None:
    node.create_topic("old", 1)
    node.create_topic("new", 1)
    for _ in range(OLD_MB):
        produce(node, "old", ["x" * 1_000] * 1_000)
    before = resident_mb(node)
    wish = json.dumps(assign("old", "earliest", "unbounded")).encode()
    with ExitStack() as opened:
        for number in range(NEVER_READ):
            one = opened.enter_context(RawSocket(node.port)).open()
            one.send(raw_frame(TEXT, wish))
            if number < HALF_OPEN:
                half = opened.enter_context(socket.create_connection(("127.0.0.1", node.port)))
                half.send(b"GET /v3/ws HTTP/1.1\r\nHost: te")
        there = [asyncio.Event() for _ in range(HONEST)]
        clients = [asyncio.create_task(honest(node, one)) for one in there]
        async with asyncio.timeout(PATIENCE_S):
            for one in there:
                await one.wait()
        peak = resident_mb(node)
        for start in range(0, RECORDS, 100):
            await asyncio.to_thread(produce, node, "new", list(range(start, start + 100)))
            peak = max(peak, resident_mb(node))
        found = await asyncio.gather(*clients)

    assert all(one == list(range(RECORDS)) for one in found)
    assert peak < RESIDENT_MB_MAX, f"{before:.0f} MB before, {peak:.0f} MB at most"
    print(f"{before:.0f} MB before, {peak:.0f} MB at most")
