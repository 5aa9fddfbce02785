"""The client against a real node that is killed: each record once, whoever waits."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce.client import (
    Assign,
    AsyncConsumer,
    AsyncProducer,
    Batch,
    Consumer,
    Event,
    NewRecord,
    Producer,
    Receipt,
    Reconnected,
    Refused,
    Revoked,
    Revoking,
    Start,
    Subscribe,
    TopicPartition,
)
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

PARTITIONS = 3
ROUNDS, EACH = 3, 300
PATIENCE_S = 120.0
WISHES = {
    "assign": Assign(partitions=[Start("t", start="earliest")]),
    "group": Subscribe(group="g", topics=["t"], start="earliest"),
}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("t", PARTITIONS)
    yield node
    node.kill()


class Restarts:
    """Kills of a node, each followed by a start, beside the test and one after another."""

    def __init__(self, node: NodeProcess) -> None:
        self._node = node
        self._one_at_a_time = threading.Lock()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Kill the node, once it is ready after the restart before, and start it again."""
        self._threads.append(threading.Thread(target=self._restart))
        self._threads[-1].start()

    def join(self) -> None:
        """Wait until the node is ready after the last of them."""
        for thread in self._threads:
            thread.join()

    def _restart(self) -> None:
        with self._one_at_a_time:
            self._node.kill()
            self._node.start()


@pytest.fixture
def restarts(node: NodeProcess) -> Iterator[Restarts]:
    restarts = Restarts(node)
    yield restarts
    restarts.join()


@pytest.mark.parametrize("kind", WISHES)
async def test_each_record_is_written_and_read_once_through_kills(
    node: NodeProcess, restarts: Restarts, kind: str
) -> None:
    total = ROUNDS * EACH
    found: dict[int, list[int]] = defaultdict(list)
    told: list[Event] = []

    async def read() -> None:
        async with AsyncConsumer(WISHES[kind], node.url, on_event=told.append) as consumer:
            async for record in consumer:
                found[record.partition].append(int(record.value or b""))
                if sum(map(len, found.values())) == total:
                    return

    receipts = []
    async with asyncio.timeout(PATIENCE_S):
        reading = asyncio.create_task(read())
        async with AsyncProducer(node.url) as producer:
            for number in range(total):
                if number % EACH == EACH // 2:
                    restarts.begin()
                value = b"%d" % number
                receipts.append(await producer.send("t", value, partition=number % PARTITIONS))
                await asyncio.sleep(0.002)
            places = await asyncio.gather(*receipts)
        await reading

    assert found == {one: list(range(one, total, PARTITIONS)) for one in range(PARTITIONS)}
    assert places == [
        Receipt("t", number % PARTITIONS, number // PARTITIONS) for number in range(total)
    ]
    assert all(one.resumed for one in told if isinstance(one, Reconnected))
    assert any(isinstance(one, Reconnected) for one in told)


def test_the_blocking_twins_bridge_a_kill_too(node: NodeProcess, restarts: Restarts) -> None:
    with Producer(node.url) as producer:
        producer.produce_many("t", [NewRecord(b"%d" % at, partition=0) for at in range(100)])
        restarts.begin()
        stored = producer.produce_many(
            "t", [NewRecord(b"%d" % at, partition=0) for at in range(100, 200)]
        )
        restarts.join()
    found: list[bytes | None] = []
    with Consumer(WISHES["assign"], node.url) as consumer:
        for record in consumer:
            found.append(record.value)
            if len(found) == 50:
                restarts.begin()
            if len(found) == 200:
                break
        restarts.join()

    assert stored == [Receipt("t", 0, at) for at in range(100, 200)]
    assert found == [b"%d" % at for at in range(200)]


def test_a_group_shares_and_goes_on_where_it_has_committed(node: NodeProcess) -> None:
    wish = WISHES["group"]
    with Producer(node.url) as producer:
        records = [NewRecord(b"%d" % at, partition=at % PARTITIONS) for at in range(90)]
        producer.produce_many("t", records)
    seen: list[bytes | None] = []
    with Consumer(wish, node.url) as consumer:
        for record in consumer:
            seen.append(record.value)
            if len(seen) == 40:
                break
    notices: list[Event] = []
    with Consumer(wish, node.url, on_event=notices.append) as first:
        while len(seen) < 90:
            event = first.poll(PATIENCE_S)
            if isinstance(event, Batch):
                seen += [record.value for record in event.records()]
            elif event is not None:
                first.on_notice(event)
        with Consumer(wish, node.url) as second:
            shared: set[TopicPartition] = set()
            while not (second.assignment and len(shared) == PARTITIONS and told(notices)):
                for one in (first, second):
                    event = one.poll(0.1)
                    if event is not None and not isinstance(event, Batch):
                        one.on_notice(event)
                shared = {*first.assignment, *second.assignment}

    assert sorted(seen) == sorted(b"%d" % at for at in range(90))  # type: ignore[type-var]
    assert shared == {TopicPartition("t", number) for number in range(PARTITIONS)}


def told(notices: list[Event]) -> bool:
    """Whether partitions were announced to be taken, and then taken."""
    return {type(one) for one in notices} >= {Revoking, Revoked}


def test_seek_pause_filters_and_the_end(node: NodeProcess) -> None:
    with Producer(node.url) as producer:
        records = [NewRecord(b'{"n":%d}' % at, b"k", partition=0) for at in range(100)]
        producer.produce_many("t", records)
    wish = Assign(partitions=[Start("t", start="earliest")], where="value.n % 10 == 0")
    with Consumer(wish, node.url) as consumer:
        iterator = iter(consumer)
        assert next(iterator).offset == 0
        consumer.seek(Start("t", partition=0, offset=95))
        consumer.seek(Start("t", partition=0, offset=55))
        assert next(iterator).offset == 60
    last = Assign(partitions=[Start("t", partition=0, last=3)], until="end")
    with Consumer(last, node.url) as consumer:
        assert [record.offset for record in consumer] == [97, 98, 99]
    tail = Assign(partitions=[Start("t", partition=0)])
    with Consumer(tail, node.url) as consumer:
        consumer.pause(TopicPartition("t", 0))
        consumer.seek(Start("t", partition=0, last=1))
        assert consumer.poll(0.5) is None
        consumer.unpause(TopicPartition("t", 0))
        batch = consumer.poll(PATIENCE_S)
        assert isinstance(batch, Batch)
        assert [record.offset for record in batch.records()] == [99]


def test_refusals_are_told_apart(node: NodeProcess) -> None:
    with pytest.raises(Refused, match="absent"):
        Consumer(Assign(partitions=[Start("absent")]), node.url).__enter__()
    with pytest.raises(Refused, match="Syntax"):
        Consumer(
            Assign(partitions=[Start("t")], where="value =="),
            node.url,
        ).__enter__()
    with Producer(node.url) as producer:
        outcomes = producer.produce_many(
            "t", [NewRecord(b"a", partition=0), NewRecord(b"x" * 2_000_000, partition=0)]
        )
        with pytest.raises(Refused):
            producer.produce("absent", b"v")

    assert outcomes[0] == Receipt("t", 0, 0)
    assert isinstance(outcomes[1], Refused)
