"""Sessions as members of a group: who reads what, who is told, and who comes back."""

import asyncio
from collections.abc import Collection

import pytest

from app.broker.context import BrokerContext
from app.broker.groups.admin import describe_group
from app.broker.groups.members import leave_group
from app.broker.topics import NewTopic, add_partitions, create_topic
from app.consumers.errors import GroupRefuses, SessionFenced
from app.consumers.keeping.state import SessionState
from app.consumers.model import (
    ASSIGNOR_COOPERATIVE,
    Committed,
    OffsetToCommit,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.coordinators.groups.commands import Leaving
from app.security.principal import ANONYMOUS
from tests.support.broker import append
from tests.support.consumers import (
    T0,
    T1,
    made,
    member,
    polled_values,
    running_sessions,
    until,
    values,
)

BOTH = {T0, T1}


def held(*sessions: Session) -> list[set[TopicPartition]]:
    return [set(one.assignment()) for one in sessions]


def is_shared(*sessions: Session) -> bool:
    found = held(*sessions)
    return set().union(*found) == BOTH and sum(map(len, found)) == len(BOTH)


async def static(context: BrokerContext, sessions: Sessions, name: str) -> Session:
    """Return a session of ``g`` that joins as a static member; it is written nowhere."""

    async def save(_: SessionState) -> None:
        """Keep nothing."""

    settings = SessionSettings(group="g", name=name, is_durable=True)
    session = Session(context, SessionState(settings=settings), save, sessions._shared)
    sessions._unnamed.add(session)
    await session.subscribe(Subscription(topics=("t",)))
    assert await session.settled(30)
    return session


class Told:
    """A listener that keeps what it is told, and is done when it is let."""

    def __init__(self, *, is_done: bool = True) -> None:
        self.told: list[tuple[str, set[TopicPartition]]] = []
        self.done = asyncio.Event()
        if is_done:
            self.done.set()

    def assigned(self, partitions: Collection[TopicPartition], epoch: int) -> None:
        self.told.append(("assigned", set(partitions)))

    async def revoking(self, partitions: Collection[TopicPartition], wait_seconds: float) -> None:
        self.told.append(("revoking", set(partitions)))
        await self.done.wait()

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.told.append(("revoked", set(partitions)))

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        self.told.append(("lost", set(partitions)))


async def test_a_member_alone_reads_everything(context: BrokerContext) -> None:
    await append(context, b"a")
    await append(context, b"b", partition=1)
    async with running_sessions(context) as sessions:
        session = await member(sessions, "n")

        assert held(session) == [BOTH]
        assert sorted(await polled_values(session)) == [b"a", b"b"]  # type: ignore[type-var]


@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky", ASSIGNOR_COOPERATIVE])
async def test_two_members_share_and_the_one_that_stays_takes_over(
    context: BrokerContext, assignor: str
) -> None:
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a", assignors=(assignor,), auto_commit_interval_ms=0)
        second = await member(sessions, "b", assignors=(assignor,), auto_commit_interval_ms=0)
        await until(lambda: is_shared(first, second))
        for partition in (0, 1):
            await append(context, b"%d" % partition, partition=partition)
        got = await first.poll(wait_seconds=30), await second.poll(wait_seconds=30)
        both = [value for one in got for value in values(one)]
        await second.poll(wait_seconds=0)
        await sessions.close(first)
        await until(lambda: held(second) == [BOTH])
        await append(context, b"next")

        assert sorted(both) == [b"0", b"1"]  # type: ignore[type-var]
        assert values(await second.poll(wait_seconds=30)) == [b"next"]


async def test_a_rebalance_waits_for_what_was_handed_out(context: BrokerContext) -> None:
    await append(context, b"a")
    await append(context, b"b", partition=1)
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a", auto_commit_interval_ms=3_600_000)
        assert len(await polled_values(first)) == 2
        joining = asyncio.create_task(member(sessions, "b"))
        await asyncio.sleep(0.1)
        waits = not joining.done()
        await first.poll(wait_seconds=0)
        second = await joining
        await until(lambda: is_shared(first, second))

        assert waits
        assert await polled_values(first) == await polled_values(second) == []
        assert set((await second.committed([T0, T1])).values()) == {Committed(1, 0, "")}


async def test_a_rebalance_waits_for_a_commit_where_the_client_commits(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a", auto_commit=False)
        await first.poll(wait_seconds=0)
        joining = asyncio.create_task(member(sessions, "b"))
        await asyncio.sleep(0.1)
        waits = not joining.done()
        await first.commit()
        second = await joining
        await until(lambda: is_shared(first, second))

        assert waits
        assert await polled_values(first) == await polled_values(second) == []


async def test_a_rebalance_does_not_wait_for_ever_and_what_may_not_have_arrived_comes_again(
    context: BrokerContext,
) -> None:
    await append(context, b"a")
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a", rebalance_wait_ms=50)
        assert await polled_values(first) == [b"a"]
        second = await member(sessions, "b", rebalance_wait_ms=50)
        await until(lambda: is_shared(first, second))
        owner = first if T0 in held(first)[0] else second

        assert await polled_values(owner) == [b"a"]


async def test_a_listener_is_told_and_may_commit_until_the_end(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with running_sessions(context) as sessions:
        first = await made(sessions, group="g", name="a", auto_commit=False)
        first.listener = told = Told(is_done=False)
        await first.subscribe(Subscription(topics=("t",)))
        await until(lambda: ("assigned", BOTH) in told.told)
        await first.poll(wait_seconds=0)
        joining = asyncio.create_task(member(sessions, "b"))
        await until(lambda: ("revoking", BOTH) in told.told)
        held_back = await polled_values(first)
        await first.commit({T0: OffsetToCommit(1)})
        told.done.set()
        second = await joining
        await until(lambda: is_shared(first, second))

        assert held_back == []
        assert [what for what, _ in told.told] == ["assigned", "revoking", "revoked", "assigned"]
        assert (await second.committed([T0]))[T0] == Committed(1, -1, "")


async def test_a_cooperative_member_goes_on_reading_what_it_keeps(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        first = await made(sessions, group="g", name="a", assignors=(ASSIGNOR_COOPERATIVE,))
        first.listener = told = Told()
        await first.subscribe(Subscription(topics=("t",)))
        await until(lambda: held(first) == [BOTH])
        second = await member(sessions, "b", assignors=(ASSIGNOR_COOPERATIVE,))
        await until(lambda: is_shared(first, second))

        (kept,) = held(first)
        assert told.told[:3] == [
            ("assigned", BOTH),
            ("revoking", BOTH - kept),
            ("revoked", BOTH - kept),
        ]


async def test_a_session_joins_a_cooperative_group_though_it_was_not_told_to(
    context: BrokerContext,
) -> None:
    async with running_sessions(context) as sessions:
        first = await member(sessions, "a", assignors=(ASSIGNOR_COOPERATIVE,))
        second = await member(sessions, "b")

        await until(lambda: is_shared(first, second))


async def test_a_session_that_its_group_refuses_says_so(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        await member(sessions, "a", assignors=(ASSIGNOR_COOPERATIVE,))
        second = await made(sessions, group="g", name="b", assignors=("range",))
        await second.subscribe(Subscription(topics=("t",)))

        with pytest.raises(GroupRefuses):
            await second.poll(wait_seconds=30)


async def test_a_member_that_its_group_has_dropped_loses_all_and_joins_anew(
    context: BrokerContext,
) -> None:
    async with running_sessions(context) as sessions:
        session = await made(sessions, group="g", name="a")
        session.listener = told = Told()
        await session.subscribe(Subscription(topics=("t",)))
        await until(lambda: held(session) == [BOTH])
        identity = session._subscriber.identity
        leave_group(context, ANONYMOUS, "g", [Leaving(member_id=identity.member_id)])
        await until(lambda: told.told[1:] == [("lost", BOTH), ("assigned", BOTH)])

        assert session._subscriber.identity.member_id != identity.member_id


async def test_a_name_that_somebody_else_joins_with_ends_the_session(
    context: BrokerContext,
) -> None:
    async with running_sessions(context) as sessions, running_sessions(context) as others:
        session = await static(context, sessions, "n")
        session.listener = told = Told()
        polling = asyncio.create_task(session.poll(wait_seconds=30))
        other = await static(context, others, "n")

        with pytest.raises(SessionFenced):
            await polling
        assert told.told == [("lost", BOTH)]
        assert held(other) == [BOTH]


async def test_a_durable_session_that_comes_back_moves_nobody(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        leader = await static(context, sessions, "a")
        other = await member(sessions, "b")
        await until(lambda: is_shared(leader, other))
        before, generation = held(leader, other), other._subscriber.identity.generation
        leader.abandon()
        again = await static(context, sessions, "a")

        assert held(again, other) == before
        assert again._subscriber.identity.generation == generation


async def test_a_leader_that_comes_back_sees_what_has_changed_meanwhile(
    context: BrokerContext,
) -> None:
    async with running_sessions(context) as sessions:
        session = await static(context, sessions, "a")
        session.abandon()
        await add_partitions(context, ANONYMOUS, "t", 3)
        again = await static(context, sessions, "a")

        await until(lambda: held(again) == [BOTH | {TopicPartition("t", 2)}])


async def test_a_durable_session_that_ends_leaves_its_group(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        first = await static(context, sessions, "a")
        second = await member(sessions, "b")
        await until(lambda: is_shared(first, second))
        await first.close()

        await until(lambda: held(second) == [BOTH])


async def test_topics_that_come_are_read_by_pattern(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        session = await made(sessions, group="g", name="n")
        await session.subscribe(Subscription(pattern="t.*"))
        await until(lambda: held(session) == [BOTH])
        await create_topic(context, ANONYMOUS, NewTopic(name="t-new"))
        await create_topic(context, ANONYMOUS, NewTopic(name="other"))

        await until(lambda: held(session) == [BOTH | {TopicPartition("t-new", 0)}])


async def test_partitions_that_come_are_read_whoever_leads(context: BrokerContext) -> None:
    async with running_sessions(context) as sessions:
        first, second = await member(sessions, "a"), await member(sessions, "b")
        await add_partitions(context, ANONYMOUS, "t", 3)
        wanted = BOTH | {TopicPartition("t", 2)}

        await until(lambda: set().union(*held(first, second)) == wanted)


async def test_a_subscription_that_changes_changes_what_is_read(context: BrokerContext) -> None:
    await create_topic(context, ANONYMOUS, NewTopic(name="other"))
    async with running_sessions(context) as sessions:
        session = await member(sessions, "n")
        await session.subscribe(Subscription(topics=("other",)))
        await until(lambda: held(session) == [{TopicPartition("other", 0)}])
        await session.unsubscribe()

        assert held(session) == [set()]
        assert describe_group(context, ANONYMOUS, "g").members == ()
