"""Commits and members of a group: next offsets, answered when durable; who is told what."""

import asyncio
from typing import Any

import pytest

from app.api.ws import opening
from tests.support.application import RunningApplication
from tests.support.sockets.asgi import SocketClient

GROUP = "readers"


def subscribe(**more: Any) -> dict[str, Any]:
    frame = {"type": "subscribe", "sub": "s", "group": GROUP, "topics": ["one"]}
    return {**frame, "from": "earliest", "credit": "auto", **more}


async def fill(app: RunningApplication, topic: str, count: int, first: int = 0) -> None:
    lines = [b'{"value":{"type":"JSON","data":%d}}' % (first + one) for one in range(count)]
    await app.produce(topic, b"\n".join(lines))


async def until(client: SocketClient, kind: str) -> Any:
    """Return the next frame of a kind."""
    while (frame := await client.receive())["type"] != kind:
        pass
    return frame


def offsets(frame: dict[str, Any]) -> list[int]:
    return [one["offset"] for part in frame["slices"] for one in part["records"]]


async def test_a_member_is_told_what_is_its_own_before_the_records(app: RunningApplication) -> None:
    await fill(app, "one", 3)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe(id=1))
        frames = [await client.receive() for _ in range(3)]

    assert [one["type"] for one in frames] == ["subscribed", "assigned", "records"]
    assert frames[0]["instance_id"].startswith("ws-")
    assert frames[1]["partitions"] == [{"topic": "one", "partition": 0}]
    assert offsets(frames[2]) == [0, 1, 2]


async def test_the_next_member_goes_on_behind_what_was_committed(app: RunningApplication) -> None:
    await fill(app, "one", 5)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe())
        await until(client, "records")
        place = {"topic": "one", "partition": 0, "offset": 3}
        client.send({"type": "commit", "id": 7, "sub": "s", "offsets": [place]})
        answer = await until(client, "committed")
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe())
        frame = await until(client, "records")

    assert (answer["id"], answer["offsets"]) == (7, [place])
    assert offsets(frame) == [3, 4]


async def test_a_commit_without_offsets_is_of_what_was_acknowledged(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 6)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe(frame_records_max=2))
        first = await until(client, "records")
        await until(client, "records")
        client.send({"type": "ack", "sub": "s", "seq": first["seq"]})
        client.send({"type": "commit", "sub": "s"})
        answer = await until(client, "committed")

    assert answer["offsets"] == [{"topic": "one", "partition": 0, "offset": 2}]


async def test_a_commit_without_offsets_or_acknowledgements_is_of_all_that_was_sent(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 6)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe())
        await until(client, "records")
        client.send({"type": "commit", "sub": "s"})
        answer = await until(client, "committed")

    assert answer["offsets"] == [{"topic": "one", "partition": 0, "offset": 6}]


async def test_what_is_acknowledged_is_committed_by_itself_where_that_is_wanted(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 6)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe(auto_commit=True, frame_records_max=2))
        await until(client, "records")
        second = await until(client, "records")
        client.send({"type": "ack", "id": 1, "sub": "s", "seq": second["seq"]})
        await until(client, "ok")
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe())
        frame = await until(client, "records")

    assert offsets(frame) == [4, 5]


async def test_a_commit_outside_a_group_or_of_a_partition_that_is_not_its_own_is_refused(
    app: RunningApplication,
) -> None:
    place = {"topic": "nothing", "partition": 0, "offset": 3}
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask({"type": "assign", "sub": "a", "partitions": [{"topic": "one"}]})
        alone = await client.ask({"type": "commit", "id": 1, "sub": "a", "offsets": [place]})
        client.send(subscribe())
        await until(client, "assigned")
        unknown = await client.ask({"type": "commit", "id": 2, "sub": "s", "offsets": [place]})

    assert (alone["id"], alone["type"]) == (1, "error")
    assert (unknown["id"], unknown["error_code"]) == (2, 40901)


async def test_a_second_member_takes_over_what_the_first_is_done_with(
    app: RunningApplication,
) -> None:
    for partition in range(3):
        line = b'{"partition_id":%d,"value":{"type":"JSON","data":1}}' % partition
        await app.produce("three", line)
    async with SocketClient(app.front) as first, SocketClient(app.front) as second:
        await first.welcome()
        await second.welcome()
        first.send(subscribe(topics=["three"]))
        await until(first, "records")
        second.send(subscribe(topics=["three"]))
        revoking = await until(first, "revoking")
        first.send({"type": "commit", "sub": "s"})
        await until(first, "committed")
        first.send({"type": "release", "sub": "s"})
        revoked = await until(first, "revoked")
        mine = (await until(first, "assigned"))["partitions"]
        yours = (await until(second, "assigned"))["partitions"]

    assert revoking["deadline_ms"] > 0
    assert revoked["partitions"] == revoking["partitions"]
    assert sorted(one["partition"] for one in mine + yours) == [0, 1, 2]


async def test_a_member_that_breaks_off_comes_back_by_its_token_to_where_it_was(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 6)
    client = SocketClient(app.front)
    async with client:
        await client.welcome()
        client.send(subscribe(frame_records_max=2))
        first = await until(client, "records")
        await until(client, "records")
        await client.leave(1006)
    assert app.front.sessions is not None
    assert len(app.front.sessions) == 1

    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send({"type": "resume", "sub": "x", "token": first["resume"], "credit": "auto"})
        subscribed = await until(client, "subscribed")
        assigned = await until(client, "assigned")
        frame = await until(client, "records")

    assert subscribed["resumed"] is True
    assert assigned["partitions"] == [{"topic": "one", "partition": 0}]
    assert offsets(frame)[0] == 2
    assert frame["slices"][0]["epoch"] > first["slices"][0]["epoch"]
    assert len(app.front.sessions) == 0


async def test_a_member_whose_session_is_gone_comes_back_all_the_same(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 4)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe(frame_records_max=2))
        first = await until(client, "records")

    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send({"type": "resume", "sub": "x", "token": first["resume"], "credit": "auto"})
        frame = await until(client, "records")

    assert offsets(frame) == [2, 3]


async def test_the_second_of_an_instance_id_fences_the_first(app: RunningApplication) -> None:
    async with SocketClient(app.front) as first, SocketClient(app.front) as second:
        await first.welcome()
        await second.welcome()
        first.send(subscribe(instance_id="i"))
        await until(first, "assigned")
        second.send(subscribe(instance_id="i"))
        await until(second, "assigned")
        await first.wait_closed()
        await asyncio.sleep(0.1)
        second.send({"type": "pause", "id": 1, "sub": "s"})
        still = await until(second, "ok")

    assert first.closed is not None
    assert first.closed[0] == 4409
    assert still["id"] == 1


@pytest.mark.parametrize(("code", "kept"), [(1000, 0), (1001, 0), (1006, 1), (1011, 1)])
async def test_a_member_leaves_its_group_if_its_client_says_goodbye(
    app: RunningApplication, code: int, kept: int
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe())
        await until(client, "assigned")
        await client.leave(code)
        assert app.front.sessions is not None
        assert len(app.front.sessions) == kept


async def test_a_member_that_comes_back_is_told_what_it_has_though_a_topic_was_made_anew(
    app: RunningApplication,
) -> None:
    await app.create_topic("two", 1)
    await fill(app, "two", 1)
    await fill(app, "one", 1)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(subscribe(topics=["one", "two"]))
        read: set[str] = set()
        while read != {"one", "two"}:
            frame = await until(client, "records")
            read.update(one["topic"] for one in frame["slices"])
        await client.leave(1006)
    await app.client.delete("/v3/clusters/-/topics/two")
    await app.create_topic("two", 1)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send({"type": "resume", "sub": "s", "token": frame["resume"], "credit": "auto"})
        answer = await until(client, "subscribed")
        next_frame = await client.receive()

    assert answer["resumed"] is False
    assert next_frame["type"] == "assigned"
    assert {"topic": "one", "partition": 0} in next_frame["partitions"]


async def test_topics_are_read_by_a_pattern(app: RunningApplication) -> None:
    await fill(app, "one", 1)
    async with SocketClient(app.front) as client:
        await client.welcome()
        frame = {"type": "subscribe", "sub": "s", "group": GROUP, "pattern": "o.*"}
        client.send({**frame, "from": "earliest", "credit": "auto"})
        assigned = await until(client, "assigned")
        client.send({**frame, "id": 2, "sub": "t", "pattern": "("})
        bad = await until(client, "error")

    assert assigned["partitions"] == [{"topic": "one", "partition": 0}]
    assert (bad["id"], bad["type"]) == (2, "error")
    assert opening.IDLE_MS_MIN >= 60_000
