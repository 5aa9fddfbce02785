"""Polls: at the first data, fair, bounded, and never from where the session is not any more."""

import asyncio
import time
from typing import Any

import pytest

from app.broker.context import BrokerContext
from app.broker.delete_records import delete_records
from app.broker.errors import KafkaStorageError, OffsetOutOfRange, TopicAuthorizationFailed
from app.broker.produce import produce
from app.broker.topics import NewTopic, create_topic, delete_topic
from app.consumers.model import OffsetReset, OffsetToCommit, Position, TopicPartition
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, append, guarded
from tests.support.consumers import T0, T1, made_session, polled_values, records, values


async def test_a_poll_answers_at_the_first_data(context: BrokerContext) -> None:
    async with made_session(context, [T0, T1]) as session:
        began = time.monotonic()
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.02)
        await append(context, b"a", partition=1)
        polled = await polling

        assert records(polled) == [(T1, 0, b"a")]
        assert time.monotonic() - began < 30
        assert polled.slices[0].high_watermark == 1


async def test_a_poll_answers_empty_only_after_the_wait(context: BrokerContext) -> None:
    async with made_session(context, [T0]) as session:
        began = time.monotonic()

        assert values(await session.poll(wait_seconds=0.05)) == []
        assert time.monotonic() - began >= 0.05


async def test_a_poll_waits_for_the_bytes_it_is_told_to_wait_for(context: BrokerContext) -> None:
    await append(context, b"a")
    async with made_session(context, [T0], fetch_min_bytes=1_000) as session:
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.02)
        is_waiting = not polling.done()
        await append(context, b"x" * 1_000)

        assert is_waiting
        assert values(await polling) == [b"a", b"x" * 1_000]
        assert values(await session.poll(wait_seconds=0)) == []
        await append(context, b"b")
        assert values(await session.poll(wait_seconds=0.01)) == [b"b"]


async def test_a_record_comes_however_small_the_limit_is(context: BrokerContext) -> None:
    await append(context, b"x" * 5_000, b"y")
    async with made_session(context, [T0]) as session:
        assert await polled_values(session, max_bytes=1) == [b"x" * 5_000]
        assert await polled_values(session, max_bytes=1) == [b"y"]


async def test_polls_of_few_records_go_on_within_a_batch(context: BrokerContext) -> None:
    await append(context, *[b"%d" % number for number in range(7)])
    async with made_session(context, [T0]) as session:
        got = [await polled_values(session, max_records=3) for _ in range(4)]

        assert got == [[b"0", b"1", b"2"], [b"3", b"4", b"5"], [b"6"], []]


async def test_partitions_are_served_in_turn(context: BrokerContext) -> None:
    for partition in (0, 1):
        await append(context, *[b"%d" % partition for _ in range(6)], partition=partition)
    async with made_session(context, [T0, T1]) as session:
        got = [await polled_values(session, max_records=2) for _ in range(6)]

        assert [one[0] for one in got] == [b"0", b"1"] * 3


async def test_a_later_poll_ends_an_earlier_one_which_takes_nothing(context: BrokerContext) -> None:
    async with made_session(context, [T0]) as session:
        first = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.01)
        await append(context, b"a")

        assert values(await first) == []
        assert values(await second) == [b"a"]


async def test_a_seek_voids_what_a_poll_was_about_to_hand_out(context: BrokerContext) -> None:
    await append(context, b"a", b"b", b"c")
    async with made_session(context, [T0]) as session:
        await session.poll(max_records=1, wait_seconds=0)
        epoch = await session.seek([Position("t", 0, 2)])
        polled = await session.poll(wait_seconds=0)

        assert values(polled) == [b"c"]
        assert polled.epoch == polled.slices[0].epoch == epoch


async def test_a_waiting_poll_goes_where_a_seek_goes(context: BrokerContext) -> None:
    await append(context, b"a")
    async with made_session(context, [T0], auto_offset_reset=OffsetReset.LATEST) as session:
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.01)
        await session.seek_to_beginning([T0])

        assert values(await polling) == [b"a"]


async def test_a_paused_partition_holds_its_records_back(context: BrokerContext) -> None:
    await append(context, b"a")
    async with made_session(context, [T0]) as session:
        session.pause([T0])
        before = await polled_values(session)
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.01)
        session.resume([T0])

        assert before == []
        assert values(await polling) == [b"a"]


async def test_a_session_whose_place_was_deleted_begins_anew_as_it_says(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    await append(context, b"c")
    async with made_session(context, [T0]) as session:
        assert await polled_values(session, max_records=1) == [b"a"]
        await delete_records(context, ANONYMOUS, "t", 0, 2)
        await session.seek([Position("t", 0, 1)])

        assert await polled_values(session) == [b"c"]
        await session.seek([Position("t", 0, 99)])
        assert await polled_values(session) == [b"c"]


async def test_a_session_that_may_not_choose_is_told(context: BrokerContext) -> None:
    await append(context, b"a")
    async with made_session(context, [T0], auto_offset_reset=OffsetReset.NONE) as session:
        await session.seek([Position("t", 0, 99)])
        with pytest.raises(OffsetOutOfRange):
            await session.poll(wait_seconds=60)

        await session.seek([Position("t", 0, 0)])
        assert await polled_values(session) == [b"a"]


async def test_an_epoch_that_is_not_known_any_more_does_not_move_the_session(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0]) as session:
        await session.seek([Position("t", 0, 1, leader_epoch=-1)])
        place = session._positions.at(T0)
        epochs = context.replicas.get(context.topic("t").topic_id, 0)
        assert epochs is not None
        epochs.end_offset_for_epoch = lambda _: None  # type: ignore[method-assign]
        place.leader_epoch = 0

        assert await polled_values(session) == [b"b"]


async def test_a_session_whose_log_was_cut_reads_on_from_where_it_parted(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b", b"c")
    async with made_session(context, [T0]) as session:
        await session.seek([Position("t", 0, 2, leader_epoch=0)])
        replica = context.replicas.get(context.topic("t").topic_id, 0)
        assert replica is not None
        replica.end_offset_for_epoch = lambda _: (0, 1)  # type: ignore[method-assign]

        assert await polled_values(session) == [b"b", b"c"]


async def test_a_trouble_does_not_hold_up_other_partitions(context: BrokerContext) -> None:
    await append(context, b"a", partition=1)

    class Damaged(Guards):
        def authorize(self, principal: Any, operation: Operation, resource: Any) -> bool:
            return resource.name != "secret"

    await create_topic(context, ANONYMOUS, NewTopic(name="secret"))
    secret = TopicPartition("secret", 0)
    async with made_session(guarded(context, Damaged()), [secret, T1]) as session:
        await session.seek([Position("secret", 0, 5)])

        assert await polled_values(session) == [b"a"]
        with pytest.raises(TopicAuthorizationFailed):
            await session.poll(wait_seconds=60)


async def test_a_topic_that_comes_later_is_waited_for(context: BrokerContext) -> None:
    later = TopicPartition("later", 0)
    async with made_session(context, [later]) as session:
        assert await polled_values(session) == []
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await create_topic(context, ANONYMOUS, NewTopic(name="later"))
        await produce(context, ANONYMOUS, "later", [((0, None, b"a", ()), 0)])

        assert values(await polling) == [b"a"]


async def test_a_topic_made_anew_is_read_as_another_one(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0]) as session:
        assert await polled_values(session) == [b"a", b"b"]
        await delete_topic(context, ANONYMOUS, "t")
        assert await polled_values(session) == []
        await create_topic(context, ANONYMOUS, NewTopic(name="t"))
        await append(context, b"c", b"d", b"e")

        assert await polled_values(session) == [b"c", b"d", b"e"]


async def test_a_damaged_batch_is_told_and_not_handed_out(context: BrokerContext) -> None:
    await append(context, b"a")
    await append(context, b"b")
    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None
    found = replica.locate(1, 1_000)
    assert found is not None
    with open(found.file.path, "r+b") as file:  # noqa: PTH123
        file.seek(found.position + found.size - 3)
        file.write(b"\xff")
    async with made_session(context, [T0]) as session:
        assert await polled_values(session) == [b"a"]
        with pytest.raises(KafkaStorageError):
            await session.poll(wait_seconds=60)
        assert session.positions()[T0].offset == 1


async def test_a_session_reads_on_from_what_is_committed(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0], group="g") as session:
        await session.commit({T0: OffsetToCommit(1)})

        assert await polled_values(session) == [b"b"]
