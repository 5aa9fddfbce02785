"""Subscriptions, with a group and without; commits that wait for a rebalance or are refused."""

import asyncio

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import IllegalGeneration, InvalidRegularExpression
from app.broker.topics import NewTopic, create_topic
from app.consumers.errors import IllegalSessionState, SessionNotFound
from app.consumers.membership.subscriber import TOPICS_MAX, check_subscription
from app.consumers.model import Committed, OffsetToCommit, Subscription, TopicPartition
from app.security.principal import ANONYMOUS
from tests.support.broker import append
from tests.support.consumers import (
    T0,
    T1,
    made,
    made_session,
    member,
    polled_values,
    running_sessions,
    until,
)


@pytest.mark.parametrize(
    "given",
    [
        Subscription(),
        Subscription(topics=("t",), pattern="t"),
        Subscription(topics=tuple(str(one) for one in range(TOPICS_MAX + 1))),
    ],
)
def test_a_subscription_is_by_names_or_by_a_pattern(given: Subscription) -> None:
    with pytest.raises(IllegalSessionState):
        check_subscription(given)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRegularExpression):
        check_subscription(Subscription(pattern="("))


async def test_a_session_without_a_group_reads_all_of_its_topics(context: BrokerContext) -> None:
    await append(context, b"a")
    async with running_sessions(context) as sessions:
        session = await made(sessions)
        await session.subscribe(Subscription(pattern="t|later"))
        assert await polled_values(session) == [b"a"]
        await create_topic(context, ANONYMOUS, NewTopic(name="later"))

        assert session.assignment() == (TopicPartition("later", 0), T0, T1)
        assert await session.settled(0)


async def test_a_session_does_not_mix_the_ways_to_read(context: BrokerContext) -> None:
    async with made_session(context, [T0]) as session:
        with pytest.raises(IllegalSessionState):
            await session.subscribe(Subscription(topics=("t",)))
        await session.assign([])
        await session.subscribe(Subscription(topics=("t",)))
        with pytest.raises(IllegalSessionState):
            await session.subscribe(Subscription(pattern="t"))
        with pytest.raises(IllegalSessionState):
            await session.assign([T0])
        await session.unsubscribe()
        await session.subscribe(Subscription(pattern="t"))
        assert session.subscription == Subscription(pattern="t")


async def test_a_commit_of_what_is_not_the_session_s_is_refused(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        first, second = await member(sessions, "a"), await member(sessions, "b")
        await until(lambda: len(first.assignment()) == len(second.assignment()) == 1)
        (theirs,) = second.assignment()

        with pytest.raises(IllegalGeneration):
            await first.commit({theirs: OffsetToCommit(5)})


async def test_a_commit_right_after_the_subscription_waits_for_the_assignment(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    async with running_sessions(context) as sessions:
        session = await made(sessions, group="g", name="n")
        await session.subscribe(Subscription(topics=("t",)))

        assert await session.commit({T0: OffsetToCommit(1)}) == {T0: 0}
        assert (await session.committed([T0]))[T0] == Committed(1, -1, "")
        assert await polled_values(session) == [b"b"]


async def test_what_goes_wrong_in_a_membership_ends_its_session_alone(
    context: BrokerContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a")
        broken = first._subscriber._member
        assert broken is not None
        broken._topics = lambda: 1 / 0  # type: ignore[assignment,return-value]
        polling = asyncio.create_task(first.poll(wait_seconds=30))
        await asyncio.sleep(0)
        broken.join_again()

        with pytest.raises(SessionNotFound):
            await polling
        await member(sessions, "b")
        assert "ZeroDivisionError" in caplog.text
