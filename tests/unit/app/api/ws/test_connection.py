"""Connection: frames in, answers out, in order and bounded."""

import asyncio
import json
from typing import Any

import pytest

from app.api.ws import connection as connections
from app.security.principal import ANONYMOUS
from app.security.quota_windows.limits import DEFAULT, UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas
from tests.support.application import RunningApplication
from tests.support.sockets.asgi import SocketClient

ASSIGN = {
    "type": "assign",
    "sub": "s",
    "partitions": [{"topic": "one", "from": "earliest"}],
    "credit": "unbounded",
}


def produce(topic: str, *values: object, **more: Any) -> dict[str, Any]:
    given = [{"value": {"type": "JSON", "data": value}} for value in values]
    return {"type": "produce", "topic": topic, "records": given, **more}


async def test_what_is_produced_comes_back_on_the_same_socket(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        assert (await client.ask({**ASSIGN, "id": 1}))["type"] == "subscribed"

        client.send(produce("one", "a", "b", id="p"))
        frames = {one["type"]: one for one in (await client.receive(), await client.receive())}

    receipt = frames["receipt"]
    assert (receipt["id"], receipt["outcomes"]) == (
        "p",
        [{"count": 2, "partition": 0, "base_offset": 0}],
    )
    records = frames["records"]["slices"][0]["records"]
    assert [one["value"]["data"] for one in records] == ["a", "b"]


async def test_receipts_come_in_the_order_of_the_frames(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        for number in range(50):
            client.send(produce(["one", "three", "nothing"][number % 3], number, id=number))

        ids = [(await client.receive())["id"] for _ in range(50)]

    assert ids == list(range(50))
    records = await app.records("one")
    assert [one["value"]["data"] for one in records] == list(range(0, 50, 3))


async def test_a_client_that_waits_for_no_receipt_is_not_read_beyond_the_bound(
    app: RunningApplication,
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.stop_reading()
        for _ in range(200):
            client.send(produce("one", "x" * 2_000, id="i" * 250))
        await asyncio.sleep(0.3)
        before = client.waiting

        client.read_again()
        ids = [(await client.receive())["id"] for _ in range(200)]

    assert before == 0
    assert len(ids) == 200


async def test_a_beat_is_answered(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()

        client.send("{}")

        assert await client.receive_bytes() == b"{}"


async def test_the_server_gives_signs_of_life_and_ends_who_asks_for_nothing(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(connections, "IDLE_SECONDS_MAX", 0.1)
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.wait_closed()
        assert await client.receive_bytes() == b"{}"

    assert client.closed is not None
    assert client.closed[0] == 4408


async def test_a_request_that_is_refused_leaves_the_socket_open(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()

        unknown = await client.ask({"type": "ack", "id": 1, "sub": "s", "seq": 1})
        misspelt = await client.ask({"type": "assign", "id": 2, "sbu": "s"})
        no_topic = await client.ask(
            {"type": "assign", "id": 3, "sub": "s", "partitions": [{"topic": "nothing"}]}
        )
        await client.ask({**ASSIGN, "id": 4})
        twice = await client.ask({**ASSIGN, "id": 5})

    assert [(one["id"], one["error_code"]) for one in (unknown, misspelt, no_topic, twice)] == [
        (1, 40404),
        (2, 400),
        (3, 40403),
        (5, 40901),
    ]


@pytest.mark.parametrize(
    ("message", "code"),
    [("nothing", 4400), ('{"type":"what"}', 4400), ("[]", 4400), (b"\3\0\0\0\0\0\0\0", 1003)],
)
async def test_what_is_no_frame_and_has_no_id_ends_the_socket(
    app: RunningApplication, message: bytes | str, code: int
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(message)
        await client.wait_closed()

    assert client.closed is not None
    assert client.closed[0] == code
    assert json.loads(client.closed[1])["retry"] is False


async def test_binary_frames_are_taken_where_they_were_agreed_on(app: RunningApplication) -> None:
    header = b'{"topic":"one","id":5}'
    header += b" " * (-(8 + len(header)) % 8)
    columns = b"\xff\xff\xff\xff\1\0\0\0" + b"7"
    frame = b"\3\0\0\0" + len(header).to_bytes(4, "little") + header + columns
    async with SocketClient(app.front, subprotocols=["cauce.v1.bin"]) as client:
        await client.welcome()
        client.send(frame)
        receipt = await client.receive()
        client.send(b"\3\0\0\0" + bytes(4))
        await client.wait_closed()

    assert receipt["outcomes"] == [{"count": 1, "partition": 0, "base_offset": 0}]
    assert client.closed is not None
    assert client.closed[0] == 4400


async def test_a_number_that_is_too_long_is_refused_as_over_rest(app: RunningApplication) -> None:
    number = "1" * 2_000
    text = '{"type":"produce","id":1,"topic":"one","records":[{"value":{"type":"JSON","data":%s}}]}'
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send(text % number)
        refused = await client.receive()

    assert refused["outcomes"][0]["error_code"] == 400
    assert await app.records("one") == []


async def test_an_idempotent_producer_is_appended_once_over_two_sockets(
    app: RunningApplication,
) -> None:
    receipts = []
    who: dict[str, Any] = {}
    for _ in range(2):
        async with SocketClient(app.front) as client:
            await client.welcome()
            if not who:
                told = await client.ask({"type": "init_producer", "id": 1})
                who = {"producer_id": told["producer_id"], "epoch": told["epoch"], "sequence": 0}
            receipts.append(await client.ask(produce("one", 1, 2, partition=0, producer=who)))

    assert receipts[0] == receipts[1]
    assert len(await app.records("one")) == 2


async def test_a_subscription_is_ended_and_its_name_is_free_again(app: RunningApplication) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()
        await client.ask(ASSIGN)
        ended = await client.ask({"type": "unsubscribe", "id": 2, "sub": "s"})
        again = await client.ask(ASSIGN)

    assert ended == {"type": "ok", "id": 2, "sub": "s"}
    assert again["type"] == "subscribed"
    assert app.front.sessions is not None
    assert len(app.front.sessions) == 0


async def test_nothing_of_a_socket_is_left_when_its_client_breaks_off(
    app: RunningApplication,
) -> None:
    client = SocketClient(app.front, query=b"")
    async with client:
        await client.welcome()
        await client.ask(ASSIGN)
        client.send(produce("one", 1))
        await client.leave(1006)
        assert app.front.sessions is not None
        assert len(app.front.sessions) == 0
        assert app.front.sockets is not None
        assert len(app.front.sockets) == 0


async def test_a_slow_reader_is_ended_with_4408(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.ws.outbox.SEND_SECONDS_MAX", 0.05)
    monkeypatch.setattr("app.api.ws.outbox.Outbox.__init__.__defaults__", (0.05,))
    for _ in range(3):
        await app.produce("one", b'{"value":{"type":"JSON","data":"x"}}' * 50)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.reads_until = 2
        client.send({**ASSIGN, "frame_records_max": 10})
        await client.wait_closed()
        frames = [await client.receive() for _ in range(2)]

    assert client.closed is not None
    assert client.closed[0] == 4408
    assert json.loads(client.closed[1])["retry_ms"] == 1000
    assert [one["type"] for one in frames] == ["subscribed", "records"]
    async with SocketClient(app.front) as client:
        await client.welcome()
        frame = {"type": "resume", "sub": "x", "token": frames[1]["resume"], "credit": "auto"}
        assert (await client.ask(frame))["resumed"] is True
        assert (await client.receive())["slices"][0]["records"][0]["offset"] == 10


async def test_wrong_token_on_the_way_is_refused_and_the_socket_goes_on(
    app: RunningApplication,
) -> None:
    async with SocketClient(app.front) as client:
        await client.welcome()

        refused = await client.ask({"type": "auth", "id": 1, "token": "t"})
        made = await client.ask({"type": "init_producer", "id": 2})

    assert (refused["error_code"], refused["id"]) == (40101, 1)
    assert made["type"] == "producer"


async def test_a_socket_s_time_is_measured_and_it_is_not_read_while_time_is_owed(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = app.context.quotas
    assert isinstance(quotas, ClientQuotas)
    spent: list[float] = []
    quotas.load([Quota(DEFAULT, UNSET, QuotaType.REQUEST, 1.0)])
    async with SocketClient(app.front) as client:
        await client.welcome()
        monkeypatch.setattr(ClientQuotas, "requested", lambda _self, _who, s: spent.append(s) or 0)
        client.send(produce("one", 1, id=1))
        first = await client.receive()
        monkeypatch.undo()
        quotas.requested(ANONYMOUS, 0.015)
        client.send(produce("one", 2, id=2))
        await asyncio.sleep(0.1)
        owed_ms, waiting = quotas.owed(QuotaType.REQUEST, ANONYMOUS), client.waiting
        second = await client.receive()

    assert (first["id"], second["id"]) == (1, 2)
    assert sum(spent) > 0
    assert owed_ms > 0
    assert waiting == 0
