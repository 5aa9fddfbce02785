import pytest

from app.api.ws.close_codes import CloseCode, close_reason
from cauce.client.errors import AnswerLost, Closed, NotOpen, Refused
from cauce.client.streaming import async_consumer
from cauce.client.streaming.async_consumer import AsyncConsumer
from cauce.client.streaming.codec import Batch
from cauce.client.streaming.frames import Assign, Start, Subscribe
from cauce.client.streaming.reading import (
    Assigned,
    Disconnected,
    Ended,
    Event,
    Reconnected,
    Revoked,
    Revoking,
)
from cauce.client.streaming.records import TopicPartition
from tests.support.client.fake_sockets import FakeSockets, Peer, break_off, until_gone

ALONE = Assign(partitions=[Start("t", start="earliest")])
GROUP = Subscribe(group="g", topics=["t"])
P0 = TopicPartition("t", 0)
PLACES = [{"topic": "t", "partition": 0}]


async def values(consumer: AsyncConsumer, count: int) -> list[bytes | None]:
    found = []
    async for record in consumer:
        found.append(record.value)
        if len(found) == count:
            break
    return found


async def committed(peer: Peer) -> dict[TopicPartition, int]:
    """Hear a commit, let it stand, and return what it was of."""
    frame = await peer.hear("commit")
    await peer.say("committed", id=frame["id"], sub="s", offsets=frame["offsets"], resume="c")
    return {
        TopicPartition(one["topic"], one["partition"]): one["offset"] for one in frame["offsets"]
    }


async def test_records_come_in_order_and_it_ends_with_the_end() -> None:
    async def script(peer: Peer) -> None:
        frame = await peer.open("assign")
        assert frame["partitions"] == [{"topic": "t", "from": "earliest"}]
        await peer.send_records(1, 0, [b"a", b"b"])
        await peer.send_records(2, 2, [b"c"])
        await peer.say("end", sub="s", resume="t")
        assert (await peer.hear("ack"))["seq"] == 1
        assert (await peer.hear("ack"))["seq"] == 2
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        found = [(record.offset, record.value) async for record in consumer]

    assert found == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert consumer.positions() == {P0: 3}


async def test_a_break_is_bridged_by_the_last_token_that_came() -> None:
    async def first(peer: Peer) -> None:
        await peer.open("assign")
        await peer.send_records(1, 0, [b"a"])
        await peer.hear("ack")
        await break_off(peer)

    async def second(peer: Peer) -> None:
        assert (await peer.open("resume"))["token"] == "t0-1"
        await peer.send_records(1, 1, [b"b"])
        await until_gone(peer)

    told: list[Event] = []
    async with (
        FakeSockets(first, second) as server,
        AsyncConsumer(ALONE, server.url, on_event=told.append) as consumer,
    ):
        assert await values(consumer, 2) == [b"a", b"b"]

    assert [type(one) for one in told] == [Disconnected, Reconnected]


async def test_a_poll_that_gets_nothing_in_time_returns_none() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        assert await consumer.poll(0.01) is None


async def test_a_subscription_that_is_refused_is_an_error_at_once() -> None:
    async def script(peer: Peer) -> None:
        frame = await peer.hear("assign")
        await peer.say("error", id=frame["id"], error_code=40403, message="no t", retriable=True)
        await until_gone(peer)

    async with FakeSockets(script) as server:
        with pytest.raises(Refused, match="no t"):
            async with AsyncConsumer(ALONE, server.url):
                raise AssertionError("it was opened")


async def test_a_subscription_that_may_stand_later_is_asked_for_again() -> None:
    async def loading(peer: Peer) -> None:
        frame = await peer.hear("subscribe")
        await peer.say("error", id=frame["id"], error_code=50302, message="wait", retriable=True)
        await until_gone(peer)

    async def ready(peer: Peer) -> None:
        await peer.open("subscribe")
        await until_gone(peer)

    async with FakeSockets(loading, ready) as server, AsyncConsumer(GROUP, server.url) as consumer:
        assert isinstance(await consumer.poll(20), Disconnected)
        assert isinstance(await consumer.poll(20), Reconnected)


async def test_a_subscription_that_ends_for_good_is_told_after_its_records() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await peer.send_records(1, 0, [b"a"])
        await peer.say("error", sub="s", error_code=41601, message="gone", ended=True)
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        assert isinstance(await consumer.poll(20), Batch)
        with pytest.raises(Refused, match="gone"):
            await consumer.poll(20)


async def test_a_close_without_return_is_an_error() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await peer.socket.close(4409, close_reason(CloseCode.FENCED, "another"))

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        with pytest.raises(Closed, match="another"):
            await consumer.poll(20)


async def _only_hear(self: AsyncConsumer, batch: Batch) -> None:
    """Leave commits to what is tested."""


async def test_what_is_done_is_committed_before_partitions_are_given_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AsyncConsumer, "_acknowledge", _only_hear)
    commits: list[dict[TopicPartition, int]] = []

    async def script(peer: Peer) -> None:
        await peer.open("subscribe")
        await peer.say("assigned", sub="s", partitions=PLACES)
        await peer.send_records(1, 0, [b"a", b"b"])
        await peer.say("revoking", sub="s", partitions=PLACES, deadline_ms=20_000)
        commits.append(await committed(peer))
        await peer.hear("release")
        await peer.say("revoked", sub="s", partitions=PLACES)
        await until_gone(peer)

    told: list[Event] = []
    async with (
        FakeSockets(script) as server,
        AsyncConsumer(GROUP, server.url, on_event=told.append) as consumer,
    ):
        while not (told and isinstance(told[-1], Revoked)):
            event = await consumer.poll(20)
            assert event is not None
            if not isinstance(event, Batch):
                await consumer.on_notice(event)

    assert told == [Assigned([P0]), Revoking([P0], 20_000), Revoked([P0])]
    assert commits == [{P0: 2}]


async def failing_at(url: str, value: bytes) -> None:
    async with AsyncConsumer(GROUP, url) as consumer:
        async for record in consumer:
            if record.value == value:
                raise ZeroDivisionError


async def test_leaving_commits_what_was_handed_out_unless_it_failed() -> None:
    commits: list[dict[TopicPartition, int]] = []

    async def script(peer: Peer) -> None:
        await peer.open("subscribe")
        await peer.say("assigned", sub="s", partitions=PLACES)
        await peer.send_records(1, 5, [b"a", b"b", b"c"])
        commits.append(await committed(peer))
        await until_gone(peer)

    async with FakeSockets(script, script) as server:
        async with AsyncConsumer(GROUP, server.url) as consumer:
            assert await values(consumer, 2) == [b"a", b"b"]
        with pytest.raises(ZeroDivisionError):
            await failing_at(server.url, b"b")

    assert commits == [{P0: 7}, {P0: 6}]


async def test_what_is_done_is_committed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_consumer, "AUTO_COMMIT_S", 0.0)

    async def script(peer: Peer) -> None:
        await peer.open("subscribe")
        await peer.say("assigned", sub="s", partitions=PLACES)
        await peer.send_records(1, 0, [b"a"])
        assert await committed(peer) == {P0: 1}
        await peer.send_records(2, 1, [b"last"])
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(GROUP, server.url) as consumer:
        assert await values(consumer, 2) == [b"a", b"last"]
        await consumer.close(is_done=False)


async def test_a_commit_is_sent_again_until_it_is_answered() -> None:
    async def first(peer: Peer) -> None:
        await peer.open("subscribe")
        await peer.hear("commit")
        await break_off(peer)

    async def second(peer: Peer) -> None:
        await peer.open("resume")
        assert await committed(peer) == {P0: 7}
        await until_gone(peer)

    async with (
        FakeSockets(first, second) as server,
        AsyncConsumer(GROUP, server.url) as consumer,
    ):
        await consumer.commit({P0: 7})
        await consumer.commit({})


async def test_a_commit_may_be_refused_or_late() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("subscribe")
        frame = await peer.hear("commit")
        await peer.say("error", id=frame["id"], error_code=40901, message="moved on")
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(GROUP, server.url) as consumer:
        with pytest.raises(Refused, match="moved on"):
            await consumer.commit({P0: 7})
        with pytest.raises(AnswerLost):
            await consumer.commit({P0: 7}, timeout_s=0.01)


async def test_after_a_seek_nothing_older_comes_even_over_a_break() -> None:
    async def first(peer: Peer) -> None:
        await peer.open("assign")
        await peer.send_records(1, 0, [b"old"])
        frame = await peer.hear("seek")
        assert frame["positions"] == [{"topic": "t", "partition": 0, "offset": 9}]
        await peer.say("sought", id=frame["id"], sub="s", epoch=2)
        await break_off(peer)

    async def second(peer: Peer) -> None:
        await peer.open("resume", epoch=3)
        await peer.send_records(1, 1, [b"stale"], epoch=3)
        frame = await peer.hear("seek")
        assert frame["positions"] == [{"topic": "t", "partition": 0, "offset": 9}]
        await peer.say("sought", id=frame["id"], sub="s", epoch=4)
        await peer.send_records(2, 9, [b"new"], epoch=4)
        await until_gone(peer)

    async with (
        FakeSockets(first, second) as server,
        AsyncConsumer(ALONE, server.url) as consumer,
    ):
        await consumer.seek(Start("t", partition=0, offset=9))
        assert await values(consumer, 1) == [b"new"]


async def test_a_seek_ends_the_records_that_an_iteration_has_in_hand() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await peer.send_records(1, 0, [b"a", b"old", b"old"])
        frame = await peer.hear("seek")
        await peer.say("sought", id=frame["id"], sub="s", epoch=2)
        await peer.send_records(2, 9, [b"new"], epoch=2)
        await until_gone(peer)

    found = []
    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        async for record in consumer:
            found.append(record.value)
            if record.value == b"a":
                await consumer.seek(Start("t", partition=0, offset=9))
            else:
                break

    assert found == [b"a", b"new"]


async def test_a_refused_seek_is_raised() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        frame = await peer.hear("seek")
        await peer.say("error", id=frame["id"], error_code=40402, message="no such partition")
        await peer.send_records(1, 0, [b"a"])
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        with pytest.raises(Refused):
            await consumer.seek(Start("t", partition=0, offset=9))
        assert await values(consumer, 1) == [b"a"]


async def test_pauses_are_repeated_on_the_next_socket() -> None:
    async def first(peer: Peer) -> None:
        await peer.open("assign")
        for kind in ("pause", "unpause", "pause"):
            frame = await peer.hear(kind)
            assert frame["partitions"] == PLACES
            await peer.say("ok", id=frame["id"], sub="s")
        await break_off(peer)

    async def second(peer: Peer) -> None:
        await peer.open("resume")
        assert (await peer.hear("pause"))["partitions"] == PLACES
        await peer.send_records(1, 0, [b"a"])
        await until_gone(peer)

    async with (
        FakeSockets(first, second) as server,
        AsyncConsumer(ALONE, server.url) as consumer,
    ):
        await consumer.pause(P0)
        await consumer.unpause(P0)
        await consumer.pause(P0)
        assert await values(consumer, 1) == [b"a"]


async def test_json_is_asked_for_by_its_subprotocol() -> None:
    async def script(peer: Peer) -> None:
        assert peer.socket.subprotocol == "cauce.v1.json"
        await peer.open("assign")
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url, as_json=True):
        pass


async def test_a_consumer_that_is_closed_says_so() -> None:
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await until_gone(peer)

    async with FakeSockets(script) as server:
        async with AsyncConsumer(ALONE, server.url) as consumer:
            pass
        await consumer.close()
        with pytest.raises(NotOpen):
            await consumer.poll()
        with pytest.raises(NotOpen):
            await consumer.commit({P0: 1})


async def test_what_a_wait_did_not_return_is_returned_again_and_held_batches_count_as_said() -> (
    None
):
    async def script(peer: Peer) -> None:
        await peer.open("assign")
        await peer.send_records(1, 0, [b"a", b"b"])
        await peer.say("end", sub="s", resume="t")
        await until_gone(peer)

    async with FakeSockets(script) as server, AsyncConsumer(ALONE, server.url) as consumer:
        before = consumer.handed
        first = await consumer.poll(20)
        consumer.take_back(before)
        assert await consumer.poll(20) == first
        consumer.hold()
        consumer.done(P0, 1)
        assert isinstance(await consumer.poll(20), Ended)
        assert consumer.positions() == {P0: 1}
        assert consumer.assignment == []
