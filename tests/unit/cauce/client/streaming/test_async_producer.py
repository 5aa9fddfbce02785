import asyncio

import pytest

from cauce.client.errors import ClientError, NotOpen, Refused, ServerUnreachable
from cauce.client.streaming import async_producer
from cauce.client.streaming.async_producer import AsyncProducer
from cauce.client.streaming.records import NewRecord
from cauce.client.streaming.sending import Bounds, Receipt
from tests.support.client.fake_sockets import FakeSockets, Peer, break_off, until_gone

NUMBER = 3


def partitions_of(topic: str) -> int:
    if topic == "absent":
        raise Refused(404, 40403, "no such topic")
    return NUMBER


def producer_of(server: FakeSockets, bounds: Bounds | None = None) -> AsyncProducer:
    return AsyncProducer(server.url, bounds=bounds, partitions_of=partitions_of)


async def identify(peer: Peer) -> None:
    frame = await peer.hear("init_producer")
    await peer.say("producer", id=frame["id"], producer_id=7, epoch=0)


async def store(peer: Peer, base_offset: int = 0) -> dict[str, object]:
    frame = await peer.hear("produce")
    run = {"count": frame["count"], "partition": frame["partition"], "base_offset": base_offset}
    await peer.say("receipt", id=frame["id"], topic=frame["topic"], outcomes=[run])
    return frame


async def test_a_record_has_its_receipt_when_it_is_stored() -> None:
    async def script(peer: Peer) -> None:
        await identify(peer)
        frame = await store(peer, 41)
        assert frame["producer"] == {"producer_id": 7, "epoch": 0, "sequence": 0}
        assert frame["columns"] == ["timestamps", "headers"]
        assert (await store(peer, 42))["producer"]["sequence"] == 1  # type: ignore[index]
        await until_gone(peer)

    async with FakeSockets(script) as server, producer_of(server) as producer:
        headers = (("h", b"1"),)
        receipt = await producer.produce(
            "t", b"v", key=b"k", headers=headers, partition=2, timestamp=5
        )
        later = await producer.send("t", b"w", partition=2)

        assert receipt == Receipt("t", 2, 41)
        assert await later == Receipt("t", 2, 42)


async def test_what_has_no_answer_is_sent_again_as_it_was() -> None:
    lost: list[dict[str, object]] = []

    async def first(peer: Peer) -> None:
        await identify(peer)
        lost.append(await peer.hear("produce"))
        await break_off(peer)

    async def second(peer: Peer) -> None:
        assert await store(peer, 5) == lost[0]
        await until_gone(peer)

    async with FakeSockets(first, second) as server, producer_of(server) as producer:
        assert await producer.produce("t", b"v") == Receipt("t", 0, 5)


async def test_many_records_have_an_outcome_each() -> None:
    async def script(peer: Peer) -> None:
        await identify(peer)
        frame = await peer.hear("produce")
        run = {"count": 2, "error_code": 40301, "message": "not yours"}
        await peer.say("receipt", id=frame["id"], topic="t", outcomes=[run])
        await store(peer)
        await until_gone(peer)

    async with FakeSockets(script) as server, producer_of(server) as producer:
        records = [NewRecord(b"a", partition=0), NewRecord(b"b", partition=0)]
        refused = await producer.produce_many("t", records)
        stored = await producer.produce_many("t", records)

    assert [str(one) for one in refused] == ["not yours (error 40301)"] * 2
    assert stored == [Receipt("t", 0, 0), Receipt("t", 0, 1)]


async def test_the_end_waits_for_what_is_on_its_way() -> None:
    async def script(peer: Peer) -> None:
        await identify(peer)
        await store(peer)
        await until_gone(peer)

    bounds = Bounds(linger_s=3_600.0)
    async with FakeSockets(script) as server, producer_of(server, bounds) as producer:
        pending = await producer.send("t", b"v")
        await producer.flush()
        assert pending.done()
        await producer.close()
        with pytest.raises(NotOpen):
            await producer.send("t", b"v")


async def test_a_topic_that_is_not_there_is_refused_before_anything_is_sent() -> None:
    async with FakeSockets(until_gone) as server, producer_of(server) as producer:
        with pytest.raises(Refused):
            await producer.produce("absent", b"v")

    assert server.heard == [[]]


async def test_a_refused_frame_and_a_refused_identity_are_told() -> None:
    async def script(peer: Peer) -> None:
        await identify(peer)
        frame = await peer.hear("produce")
        await peer.say("error", id=frame["id"], error_code=400, message="not a frame")
        frame = await peer.hear("init_producer")
        await peer.say("error", id=frame["id"], error_code=40301, message="not you")
        await until_gone(peer)

    async with FakeSockets(script) as server:
        producer = producer_of(server)
        await producer.__aenter__()
        with pytest.raises(Refused, match="not a frame"):
            await producer.produce("t", b"v")
        with pytest.raises(ClientError, match="not you"):
            await producer.produce("t", b"v")
        await producer.close()


async def test_what_waits_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_producer, "EXPIRE_EVERY_S", 0.01)

    async with (
        FakeSockets(until_gone) as server,
        producer_of(server, Bounds(delivery_s=0.05)) as producer,
    ):
        with pytest.raises(ServerUnreachable):
            await producer.produce("t", b"v")


async def test_a_full_buffer_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_producer, "BUFFER_BYTES_MAX", 10)
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await identify(peer)
        await go_on.wait()
        await store(peer)
        await store(peer)
        await until_gone(peer)

    async with FakeSockets(script) as server, producer_of(server) as producer:
        await producer.send("t", b"v", partition=0)
        second = asyncio.create_task(producer.send("t", b"w", partition=0))
        await asyncio.sleep(0.05)
        assert not second.done()
        go_on.set()
        await (await second)


async def test_nobody_there_is_told_at_once() -> None:
    async with FakeSockets() as server:
        producer = producer_of(server)

    with pytest.raises(ServerUnreachable):
        async with producer:
            raise AssertionError("it was opened")
