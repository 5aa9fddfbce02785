import inspect
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cauce.client.errors import NotOpen, ServerUnreachable
from cauce.client.streaming.async_consumer import AsyncConsumer
from cauce.client.streaming.background_loop import BackgroundLoop
from cauce.client.streaming.codec import Batch
from cauce.client.streaming.consumer import Consumer
from cauce.client.streaming.frames import Assign, Start, Subscribe
from cauce.client.streaming.reading import Assigned, Ended, Event
from cauce.client.streaming.records import TopicPartition
from tests.support.client.fake_sockets import FakeSockets, Peer, Script, until_gone

ALONE = Assign(partitions=[Start("t", start="earliest")], until="end")
GROUP = Subscribe(group="g", topics=["t"])
P0 = TopicPartition("t", 0)


@contextmanager
def serving(*scripts: Script) -> Iterator[FakeSockets]:
    """Serve from a thread of its own."""
    loop = BackgroundLoop()
    server = FakeSockets(*scripts)
    loop.run(server.__aenter__())
    try:
        yield server
    finally:
        loop.run(server.__aexit__(None, None, None))
        loop.close()


async def two_batches(peer: Peer) -> None:
    await peer.open("assign")
    await peer.send_records(1, 0, [b"a", b"b"])
    await peer.send_records(2, 2, [b"c"])
    await peer.say("end", sub="s", resume="t")
    await until_gone(peer)


def test_records_are_iterated_to_the_end() -> None:
    with serving(two_batches) as server, Consumer(ALONE, server.url) as consumer:
        assert [record.value for record in consumer] == [b"a", b"b", b"c"]
        assert consumer.positions() == {P0: 3}


def test_batches_and_events_are_polled() -> None:
    with serving(two_batches, two_batches) as server:
        with Consumer(ALONE, server.url) as consumer:
            assert [batch.count for batch in consumer.batches()] == [2, 1]
        with Consumer(ALONE, server.url) as consumer:
            kinds = [type(consumer.poll(20)) for _ in range(3)]
            assert consumer.poll(0.01) is None

    assert kinds == [Batch, Batch, Ended]


def test_what_was_handed_out_is_committed_in_the_middle_of_a_batch() -> None:
    commits: list[object] = []

    async def script(peer: Peer) -> None:
        await peer.open("subscribe")
        await peer.say("assigned", sub="s", partitions=[{"topic": "t", "partition": 0}])
        await peer.send_records(1, 0, [b"a", b"b", b"c"])
        for _ in range(2):
            frame = await peer.hear("commit")
            commits.append(frame["offsets"][0]["offset"])
            offsets = frame["offsets"]
            await peer.say("committed", id=frame["id"], sub="s", offsets=offsets, resume="c")
        await until_gone(peer)

    told: list[Event] = []
    with (
        serving(script) as server,
        Consumer(GROUP, server.url, on_event=told.append) as consumer,
    ):
        for record in consumer:
            if record.value == b"a":
                consumer.commit()
            else:
                break

    assert commits == [1, 2]
    assert told == [Assigned([P0])]
    assert consumer.assignment == [P0]


def test_requests_are_passed_on() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        for kind in ("pause", "unpause"):
            frame = await peer.hear(kind)
            await peer.say("ok", id=frame["id"], sub="s")
        frame = await peer.hear("seek")
        await peer.say("sought", id=frame["id"], sub="s", epoch=2)
        await peer.hear("release")
        await peer.send_records(1, 0, [b"a"], epoch=2)
        await until_gone(peer)

    with serving(script) as server, Consumer(ALONE, server.url) as consumer:
        consumer.pause(P0)
        consumer.unpause(P0)
        consumer.seek(Start("t", partition=0, offset=0))
        consumer.release()
        assert isinstance(consumer.poll(20), Batch)
        consumer.hold()
        consumer.done(P0, 1)
        assert consumer.poll(0.01) is None
        assert consumer.positions() == {P0: 1}


def test_a_signal_ends_a_poll_and_nothing_is_lost() -> None:
    class Signalled(Exception):
        pass

    def handle(*_: object) -> None:
        raise Signalled

    main = threading.main_thread().ident
    assert main is not None

    async def script(peer: Peer) -> None:
        await peer.open("assign")
        signal.pthread_kill(main, signal.SIGUSR1)
        await peer.hear("pause")
        await peer.send_records(1, 0, [b"a"])
        await until_gone(peer)

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with serving(script) as server:
            consumer = Consumer(ALONE, server.url)
            with pytest.raises(Signalled):
                _open_and_poll(consumer)
    finally:
        signal.signal(signal.SIGUSR1, before)


def _open_and_poll(consumer: Consumer) -> None:
    with consumer:
        consumer.poll()


def test_nobody_there_is_told_and_a_closed_consumer_is_not_open() -> None:
    with serving() as server:
        url = server.url
    consumer = Consumer(ALONE, url)

    with pytest.raises(ServerUnreachable):
        consumer.__enter__()
    with pytest.raises(NotOpen):
        consumer.commit({P0: 1})
    consumer.close()


def test_it_has_the_calls_of_its_awaited_twin() -> None:
    private = {"handed", "is_current", "take_back"}
    for name, twin in inspect.getmembers(AsyncConsumer):
        if name.startswith("_") or name in private:
            continue
        mine = getattr(Consumer, name)
        assert inspect.getdoc(mine), name
        if callable(twin):
            twins = list(inspect.signature(twin).parameters.values())
            assert list(inspect.signature(mine).parameters.values()) == twins, name
    constructors = (Consumer.__init__, AsyncConsumer.__init__)
    ours, theirs = (list(inspect.signature(one).parameters.values()) for one in constructors)
    assert ours == theirs
