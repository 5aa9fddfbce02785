"""A subscription: credit, epochs, tokens, ends; each record once and in order."""

import asyncio
from typing import Any

import pytest

from tests.support.application import RunningApplication
from tests.support.sockets.asgi import SocketClient


def assign(**more: Any) -> dict[str, Any]:
    partitions = [{"topic": "one", "partition": 0, "from": "earliest"}]
    return {"type": "assign", "sub": "s", "partitions": partitions, **more}


async def fill(app: RunningApplication, topic: str, count: int, first: int = 0) -> None:
    lines = [b'{"value":{"type":"JSON","data":%d}}' % (first + one) for one in range(count)]
    await app.produce(topic, b"\n".join(lines))


def offsets(frame: dict[str, Any]) -> list[int]:
    return [one["offset"] for part in frame["slices"] for one in part["records"]]


async def test_nothing_is_sent_before_credit_and_no_more_than_it(app: RunningApplication) -> None:
    await fill(app, "one", 10)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign())
        await asyncio.sleep(0.1)
        assert client.waiting == 0

        first = await client.ask({"type": "credit", "sub": "s", "records": 3})
        await asyncio.sleep(0.1)
        assert client.waiting == 0
        second = await client.ask({"type": "credit", "sub": "s", "records": 4, "bytes": 1})

    assert offsets(first) == [0, 1, 2]
    assert first["credit"] == {"records": 0}
    assert offsets(second)[0] == 3
    assert len(offsets(second)) <= 4


async def test_credit_of_bytes_is_overdrawn_by_one_frame_at_most(app: RunningApplication) -> None:
    await fill(app, "one", 10)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit={"bytes": 1}))
        frame = await client.receive()
        await asyncio.sleep(0.1)

        assert client.waiting == 0
        assert offsets(frame) == [0]
        assert frame["credit"] == {"bytes": 0}


async def test_a_window_is_moved_on_by_acknowledgements(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.ws.credit.AUTO_RECORDS", 4)
    await fill(app, "one", 10)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="auto"))
        first = await client.receive()
        await asyncio.sleep(0.1)
        assert client.waiting == 0

        refused = await client.ask({"type": "ack", "id": 1, "sub": "s", "seq": 2})
        second = await client.ask({"type": "ack", "sub": "s", "seq": first["seq"]})

    assert (offsets(first), offsets(second)) == ([0, 1, 2, 3], [4, 5, 6, 7])
    assert refused["error_code"] == 40002


async def test_others_have_their_turn_between_the_frames_of_who_reads_fast(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 50)
    turns: list[int] = []

    async def count() -> None:
        while True:
            turns.append(client.waiting)
            await asyncio.sleep(0)

    async with SocketClient(app.front) as client:
        await client.welcome()
        counting = asyncio.create_task(count())
        await client.ask(assign(credit="unbounded", frame_records_max=1))
        found = [offsets(await client.receive())[0] for _ in range(50)]
        counting.cancel()

    assert found == list(range(50))
    assert max(turns) < 25


async def test_records_come_as_they_are_produced(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="unbounded"))
        for number in range(5):
            await fill(app, "one", 1, number)
            assert offsets(await client.receive()) == [number]


async def test_after_a_seek_records_of_the_old_epoch_are_told_apart(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 10)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit={"records": 3}))
        first = await client.receive()
        seek = {"type": "seek", "id": 1, "sub": "s", "positions": [{"topic": "one", "offset": 8}]}
        sought = await client.ask(seek)
        second = await client.ask({"type": "credit", "sub": "s", "records": 9})

    assert sought["epoch"] > first["epoch"]
    assert second["slices"][0]["epoch"] == sought["epoch"]
    assert offsets(second) == [8, 9]


async def test_records_of_a_seek_come_behind_its_answer(app: RunningApplication) -> None:
    await fill(app, "one", 10)
    told = 0
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="unbounded"))
        for number in range(20):
            place = {"topic": "one", "partition": 0, "offset": number % 9}
            frame = await client.ask(
                {"type": "seek", "id": number, "sub": "s", "positions": [place]}
            )
            while frame["type"] != "sought":
                assert all(part["epoch"] <= told for part in frame["slices"]) or told == 0
                frame = await client.receive()
            told = frame["epoch"]


async def test_a_paused_partition_waits_and_goes_on_where_it_was(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="unbounded"))
        paused = await client.ask({"type": "pause", "id": 1, "sub": "s"})
        await fill(app, "one", 2)
        await asyncio.sleep(0.1)
        assert client.waiting == 0

        place = {"topic": "one", "partition": 0}
        frame = await client.ask({"type": "unpause", "sub": "s", "partitions": [place]})

    assert paused["type"] == "ok"
    assert offsets(frame) == [0, 1]


async def test_a_token_goes_on_behind_its_frame_with_a_later_epoch(app: RunningApplication) -> None:
    await fill(app, "one", 10)
    seen: list[int] = []
    epochs: list[int] = []
    frame = assign(credit={"records": 3}, value_type="STRING")
    for _ in range(4):
        async with SocketClient(app.front) as client:
            await client.welcome()
            subscribed = await client.ask(frame)
            records = await client.receive()
            await client.leave(1006)
        seen += offsets(records)
        epochs.append(subscribed["epoch"])
        assert {one["value"]["type"] for one in records["slices"][0]["records"]} == {"STRING"}
        token = records["resume"]
        frame = {"type": "resume", "sub": "s", "token": token, "credit": {"records": 3}}

    assert seen == list(range(10))
    assert epochs == sorted(set(epochs))


async def test_an_end_is_told_when_all_was_sent_that_was_there(app: RunningApplication) -> None:
    await fill(app, "one", 5)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit={"records": 4}, until="end"))
        first = await client.receive()
        await fill(app, "one", 5, 5)
        second = await client.ask({"type": "credit", "sub": "s", "records": 100})
        end = await client.receive()

    assert offsets(first) + offsets(second) == [0, 1, 2, 3, 4]
    assert end == {"type": "end", "sub": "s", "resume": second["resume"]}


async def test_the_end_of_an_empty_partition_is_told_at_once(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="auto", until="end"))

        assert (await client.receive())["type"] == "end"


async def test_a_record_that_does_not_fit_ends_it_where_that_is_wanted(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 2)
    await app.produce("one", b'{"value":{"type":"STRING","data":"a"}}')
    await fill(app, "one", 2, 3)
    options = {"credit": "auto", "value_type": "JSON", "undecodable": "fail"}
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(**options))
        records = await client.receive()
        error = await client.receive()
        gone = await client.ask({"type": "pause", "id": 1, "sub": "s"})
        again = {"type": "resume", "sub": "s", "token": records["resume"], "credit": "auto"}
        await client.ask(again)
        same = await client.receive()

    assert offsets(records) == [0, 1]
    assert (error["error_code"], error["ended"]) == (42207, True)
    assert "offset 2" in error["message"]
    assert gone["error_code"] == 40404
    assert same["error_code"] == 42207


async def test_a_record_that_does_not_fit_is_skipped_with_a_note(app: RunningApplication) -> None:
    await app.produce("one", b'{"value":{"type":"STRING","data":"a"}}')
    options = {"credit": "auto", "value_type": "JSON", "undecodable": "skip"}
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(**options))
        frame = await client.receive()

    assert offsets(frame) == []
    assert [one["offset"] for one in frame["slices"][0]["skipped"]] == [0]


async def test_two_subscriptions_of_a_socket_do_not_hold_each_other_up(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 3)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign())
        await client.ask({**assign(credit="unbounded"), "sub": "other"})
        frame = await client.receive()

    assert (frame["sub"], offsets(frame)) == ("other", [0, 1, 2])


async def test_all_partitions_of_a_topic_are_sent(app: RunningApplication) -> None:
    for partition in range(3):
        await app.produce(
            "three", b'{"partition_id":%d,"value":{"type":"JSON","data":1}}' % partition
        )
    partitions = [{"topic": "three", "from": "earliest"}]
    seen = set()
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(partitions=partitions, credit="unbounded"))
        while len(seen) < 3:
            frame = await client.receive()
            seen |= {one["partition"] for one in frame["slices"] if one["records"]}

    assert seen == {0, 1, 2}


async def test_only_records_that_match_a_filter_are_sent_and_counted(
    app: RunningApplication,
) -> None:
    await fill(app, "one", 10)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="auto", where="value % 4 == 1"))
        frame = await client.receive()

    assert offsets(frame) == [1, 5, 9]
    assert frame["filter"] == {"scanned": 10, "matched": 3, "failed": 0}
    assert frame["slices"][0]["next_offset"] == 10


async def test_a_filter_that_lets_nothing_through_tells_how_far_it_is(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.ws.subscription.PROGRESS_SECONDS", 0.0)
    await fill(app, "one", 3)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(assign(credit="auto", where="value > 100"))
        frame = await client.receive()

    assert offsets(frame) == []
    assert frame["slices"][0]["next_offset"] == 3


@pytest.mark.parametrize("options", [{"where": "value >"}, {"where": "true", "layout": "batches"}])
async def test_a_filter_that_cannot_be_is_refused(
    app: RunningApplication, options: dict[str, Any]
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()

        answer = await client.ask(assign(**options))

    assert answer["type"] == "error"
    assert answer["error_code"] in (400, 40002)
    assert app.front.sessions is not None
    assert len(app.front.sessions) == 0
