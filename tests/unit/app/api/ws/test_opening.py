"""Opening: where a subscription begins, and which tokens open one."""

from typing import Any

import pytest

from app.api.resume_tokens import ResumePoint, ResumeTokens
from tests.support.application import RunningApplication
from tests.support.sockets.asgi import SocketClient

RECORD = b'{"timestamp":%d,"value":{"type":"JSON","data":1}}\n'


def assign(*partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "assign", "id": 1, "sub": "s", "partitions": list(partitions), **more}


async def first_offset(app: RunningApplication, start: dict[str, Any]) -> int | None:
    """Return the first offset that comes with a start, None if it is beyond the end."""
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign({"topic": "one", **start}, credit="auto", until="end"))
        frame = await client.receive()
    if frame["type"] == "end":
        return None
    return int(frame["slices"][0]["records"][0]["offset"])


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"from": "earliest"}, 0),
        ({"offset": 3}, 3),
        ({"timestamp": 400}, 4),
        ({"timestamp": 401}, 5),
        ({"timestamp": 10_000}, None),
        ({"last": 2}, 4),
        ({"last": 100}, 0),
        ({"last": 0}, None),
        ({"from": "latest"}, None),
        ({}, None),
        ({"partition": 0, "offset": 5}, 5),
    ],
)
async def test_a_partition_is_begun_where_it_is_asked_for(
    app: RunningApplication, start: dict[str, Any], expected: int | None
) -> None:
    await app.produce("one", b"".join(RECORD % (number * 100) for number in range(6)))

    assert await first_offset(app, start) == expected


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (assign({"topic": "nothing"}), 40403),
        (assign({"topic": "one", "partition": 1}), 40403),
        (assign({"topic": "one", "offset": 1, "from": "earliest"}), 40002),
        ({"type": "resume", "id": 1, "sub": "s", "token": "abc"}, 40002),
        ({"type": "subscribe", "id": 1, "sub": "s", "group": "g"}, 40002),
        (
            {
                "type": "subscribe",
                "id": 1,
                "sub": "s",
                "group": "g",
                "topics": ["a"],
                "pattern": "b",
            },
            40002,
        ),
    ],
)
async def test_what_contradicts_itself_or_is_not_there_is_refused(
    app: RunningApplication, frame: dict[str, Any], code: int
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()

        answer = await client.ask(frame)

    assert (answer["type"], answer["error_code"]) == ("error", code)
    assert app.front.sessions is not None
    assert len(app.front.sessions) == 0


async def test_an_offset_beyond_the_end_is_refused_by_the_subscription(
    app: RunningApplication,
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign({"topic": "one", "offset": 7}, credit="auto"))
        error = await client.receive()

    assert (error["type"], error["ended"]) == ("error", True)


async def token_of(app: RunningApplication, topic: str) -> str:
    async with SocketClient(app.front) as client:
        await client.welcome()
        answer = await client.ask(assign({"topic": topic, "from": "earliest"}))
    return str(answer["resume"])


async def test_a_token_of_another_cluster_or_person_opens_nothing(app: RunningApplication) -> None:
    assert app.front.tokens is not None
    token = await token_of(app, "one")
    point = app.front.tokens.read(token)
    stranger = ResumePoint(
        point.session, "User:other", point.epoch, point.settings, point.positions
    )
    garbled = ResumePoint(point.session, point.principal, 0, b"{}", point.positions)
    codes = []
    for one in (
        ResumeTokens(b"x" * 32).issue(point),
        app.front.tokens.issue(stranger),
        app.front.tokens.issue(garbled),
    ):
        async with SocketClient(app.front) as client:
            await client.welcome()
            answer = await client.ask({"type": "resume", "sub": "s", "token": one})
        codes.append(answer["error_code"])

    assert codes == [40002, 40301, 40002]


async def test_a_topic_that_was_made_anew_is_begun_anew_and_that_is_said(
    app: RunningApplication,
) -> None:
    await app.produce("one", RECORD % 1)
    token = await token_of(app, "one")
    await app.client.delete("/v3/clusters/-/topics/one")
    await app.create_topic("one", 1)
    await app.produce("one", RECORD % 2)

    async with SocketClient(app.front) as client:
        await client.welcome()
        answer = await client.ask({"type": "resume", "sub": "s", "token": token, "credit": "auto"})
        frame = await client.receive()

    assert answer["resumed"] is False
    assert "'one'" in answer["reason"]
    assert frame["slices"][0]["records"][0]["timestamp"] == 2
