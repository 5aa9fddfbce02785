import inspect

import pytest

from cauce.client.errors import NotOpen, Refused, ServerUnreachable
from cauce.client.streaming.async_producer import AsyncProducer
from cauce.client.streaming.producer import Producer
from cauce.client.streaming.records import NewRecord
from cauce.client.streaming.sending import Receipt
from tests.support.client.fake_sockets import Peer, until_gone
from tests.unit.cauce.client.streaming.test_consumer import serving


def partitions_of(topic: str) -> int:
    del topic
    return 1


async def stores_all_but_the_last(peer: Peer) -> None:
    frame = await peer.hear("init_producer")
    await peer.say("producer", id=frame["id"], producer_id=7, epoch=0)
    offset = 0
    for _ in range(3):
        frame = await peer.hear("produce")
        run = {"count": frame["count"], "partition": 0, "base_offset": offset}
        await peer.say("receipt", id=frame["id"], topic="t", outcomes=[run])
        offset += frame["count"]
    for _ in range(2):
        frame = await peer.hear("produce")
        run = {"count": 1, "error_code": 40301, "message": "not yours"}
        await peer.say("receipt", id=frame["id"], topic="t", outcomes=[run])
    await until_gone(peer)


def test_records_have_their_receipts_one_by_one_many_and_later() -> None:
    with (
        serving(stores_all_but_the_last) as server,
        Producer(server.url, partitions_of=partitions_of) as producer,
    ):
        assert producer.produce("t", b"a", key=b"k") == Receipt("t", 0, 0)
        many = producer.produce_many("t", [NewRecord(b"b"), NewRecord(b"c")])
        later = producer.send("t", b"d")
        producer.flush()
        assert many == [Receipt("t", 0, 1), Receipt("t", 0, 2)]
        assert later.result(20) == Receipt("t", 0, 3)
        with pytest.raises(Refused):
            producer.produce("t", b"e")
        with pytest.raises(Refused):
            producer.send("t", b"f").result(20)

    with pytest.raises(NotOpen):
        producer.produce("t", b"g")


def test_nobody_there_is_told() -> None:
    with serving() as server:
        url = server.url

    with pytest.raises(ServerUnreachable):
        Producer(url).__enter__()


def test_it_has_the_calls_of_its_awaited_twin() -> None:
    for name, twin in inspect.getmembers(AsyncProducer, callable):
        if name.startswith("_"):
            continue
        mine = getattr(Producer, name)
        assert inspect.getdoc(mine), name
        twins = list(inspect.signature(twin).parameters.values())
        assert list(inspect.signature(mine).parameters.values()) == twins, name
    constructors = (Producer.__init__, AsyncProducer.__init__)
    ours, theirs = (list(inspect.signature(one).parameters.values()) for one in constructors)
    assert ours == theirs
