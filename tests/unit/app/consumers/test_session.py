"""A session from its client's side: what it may be asked, and when."""

import asyncio

import pytest

from app.broker.context import BrokerContext
from app.consumers.errors import IllegalSessionState, NotAssigned, SessionNotFound
from app.consumers.membership.subscriber import PARTITIONS_MAX
from app.consumers.model import Committed, OffsetReset, OffsetToCommit, Position, TopicPartition
from tests.support.broker import NOW_MS, append
from tests.support.consumers import T0, T1, made_session, polled_values, values


async def test_a_session_that_reads_nothing_says_so(context: BrokerContext) -> None:
    async with made_session(context) as session:
        with pytest.raises(IllegalSessionState):
            await session.poll()


async def test_an_assignment_takes_the_place_of_the_one_before(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    await append(context, b"c", partition=1)
    async with made_session(context, [T0]) as session:
        assert await polled_values(session, max_records=1) == [b"a"]
        await session.assign([T0, T1])

        assert session.assignment() == (T0, T1)
        assert await polled_values(session) == [b"b", b"c"]
        await session.assign([T1])
        assert session.assignment() == (T1,)
        await session.unsubscribe()
        assert session.assignment() == ()
        with pytest.raises(IllegalSessionState):
            await session.poll()


async def test_an_assignment_has_its_bound(context: BrokerContext) -> None:
    async with made_session(context) as session:
        with pytest.raises(IllegalSessionState):
            await session.assign([TopicPartition("t", one) for one in range(PARTITIONS_MAX + 1)])


async def test_positions_are_those_of_the_next_poll(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0, T1]) as session:
        before = dict(session.positions())
        await session.poll(max_records=1, wait_seconds=0)

        assert before == {}
        assert session.positions() == {T0: Position("t", 0, 1, 0), T1: Position("t", 1, 0)}


async def test_seeks_go_by_offset_name_and_time_and_their_epochs_rise(
    context: BrokerContext,
) -> None:
    for later in range(3):
        await append(context, b"%d" % later, timestamp_ms=NOW_MS + later)
    async with made_session(context, [T0]) as session:
        epochs = [await session.seek([Position("t", 0, 2)])]
        got = [await polled_values(session)]
        epochs.append(await session.seek_to_beginning([T0]))
        got.append(await polled_values(session, max_records=1))
        epochs.append(await session.seek_to_end([T0]))
        got.append(await polled_values(session))
        epochs.append(await session.seek_to_timestamp({T0: NOW_MS + 1}))
        got.append(await polled_values(session))

        assert got == [[b"2"], [b"0"], [], [b"1", b"2"]]
        assert epochs == sorted(set(epochs))
        assert session.epoch == epochs[-1]
        with pytest.raises(NotAssigned):
            await session.seek([Position("t", 1, 0)])


async def test_what_the_next_poll_shows_to_have_arrived_is_committed_by_itself(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0], group="g", auto_commit_interval_ms=0) as session:
        await session.poll(max_records=1, wait_seconds=0)
        first = (await session.committed([T0]))[T0]
        await session.poll(max_records=1, wait_seconds=0)
        second = (await session.committed([T0]))[T0]
        await session.poll(wait_seconds=0, acknowledges=False)
        third = (await session.committed([T0]))[T0]
        session.acknowledge({T0: 2})
        await session.tick()

        assert (first, second, third) == (None, Committed(1, 0, ""), Committed(1, 0, ""))
        assert (await session.committed([T0]))[T0] == Committed(2, 0, "")


async def test_a_commit_without_offsets_is_of_all_that_was_handed_out(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b", b"c")
    async with made_session(context, [T0], group="g", auto_commit=False) as session:
        assert await session.commit() == {}
        await session.poll(max_records=2, wait_seconds=0)

        assert await session.commit() == {T0: 0}
        assert (await session.committed([T0, T1])) == {T0: Committed(2, 0, ""), T1: None}
        assert await session.commit({T0: OffsetToCommit(1, metadata="mine")}) == {T0: 0}
        assert (await session.committed([T0]))[T0] == Committed(1, -1, "mine")


async def test_a_session_without_a_group_has_nothing_to_commit_to(context: BrokerContext) -> None:
    async with made_session(context, [T0]) as session:
        with pytest.raises(IllegalSessionState):
            await session.commit()
        with pytest.raises(IllegalSessionState):
            await session.committed([T0])


async def test_what_did_not_go_out_comes_again_and_is_not_committed(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b", b"c")
    async with made_session(context, [T0], group="g", auto_commit_interval_ms=0) as session:
        polled = await session.poll(wait_seconds=0)
        one = polled.slices[0]
        assert session.give_back(one.topic_partition, one.epoch, 1)
        assert await polled_values(session, max_records=1) == [b"b"]
        again = await session.poll(wait_seconds=0)
        session.give_all_back(again)

        assert (await session.committed([T0]))[T0] == Committed(2, 0, "")
        assert values(again) == await polled_values(session) == [b"c"]


async def test_the_end_commits_what_the_client_has(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, group="g") as other:
        for has_all, expected in ((False, Committed(1, 0, "")), (True, Committed(2, 0, ""))):
            async with made_session(context, [T0], group="g") as session:
                await session.seek([Position("t", 0, 0)])
                await session.poll(max_records=1, wait_seconds=0)
                await session.poll(wait_seconds=0)
                await session.close(has_all=has_all)

            assert (await other.committed([T0]))[T0] == expected


async def test_a_session_that_has_ended_answers_nobody(context: BrokerContext) -> None:
    async with made_session(context, [T0], auto_offset_reset=OffsetReset.LATEST) as session:
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.01)
        await session.close()

        with pytest.raises(SessionNotFound):
            await polling
        with pytest.raises(SessionNotFound):
            session.assignment()
        assert not session.give_back(T0, 1, 0)
        await session.close()


async def test_a_session_is_idle_while_nobody_asks(context: BrokerContext) -> None:
    async with made_session(context, [T0]) as session:
        polling = asyncio.create_task(session.poll(wait_seconds=60))
        await asyncio.sleep(0.03)
        in_use = session.idle_seconds
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await asyncio.sleep(0.02)

        assert in_use == 0
        assert session.idle_seconds >= 0.01
