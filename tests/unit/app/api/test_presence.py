"""What waits for something ends when its client has left, or the node ends."""

import asyncio
from typing import Any

import pytest

from app.api.errors import ApiError
from app.api.presence import left, while_here
from app.api.request_body import ClientLeft


class Client:
    """One that leaves when it is told to."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def receive(self) -> dict[str, Any]:
        return await self.messages.get()

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})


async def forever(ended: list[str]) -> int:
    try:
        return await asyncio.get_running_loop().create_future()
    finally:
        ended.append("ended")


async def test_work_that_is_done_before_the_client_leaves_counts() -> None:
    client = Client()

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await while_here(work(), client.receive) == 7


async def test_what_work_raises_is_raised() -> None:
    async def work() -> int:
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"):
        await while_here(work(), Client().receive)


async def test_work_ends_when_its_client_has_left() -> None:
    client, ended = Client(), list[str]()
    waiting = asyncio.create_task(while_here(forever(ended), client.receive))
    await asyncio.sleep(0.01)
    assert not waiting.done()

    client.leave()

    with pytest.raises(ClientLeft):
        await waiting
    await asyncio.sleep(0)
    assert ended == ["ended"]


async def test_work_that_the_end_of_the_node_cuts_short_is_told_so() -> None:
    client, ended = Client(), list[str]()
    waiting = asyncio.create_task(while_here(forever(ended), client.receive))
    await asyncio.sleep(0.01)

    waiting.cancel()

    with pytest.raises(ApiError, match="shutting down") as told:
        await waiting
    assert told.value.status == 503
    await asyncio.sleep(0)
    assert ended == ["ended"]


async def test_a_client_is_there_until_it_disconnects() -> None:
    client = Client()
    leaving = asyncio.create_task(left(client.receive))
    await asyncio.sleep(0.01)
    assert not leaving.done()

    client.leave()

    await leaving
