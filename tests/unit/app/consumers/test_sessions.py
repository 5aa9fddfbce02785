"""Sessions are found by name, bounded, and end when nobody uses them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from app.broker.context import BrokerContext
from app.broker.errors import GroupAuthorizationFailed, LogDirFull, TopicAuthorizationFailed
from app.broker.groups.admin import describe_group
from app.broker.topics import NewTopic, create_topic, delete_topic
from app.consumers.errors import SessionExists, SessionNotFound, TooManySessions
from app.consumers.keeping.store import SESSIONS_TOPIC
from app.consumers.model import (
    Committed,
    OffsetReset,
    OffsetToCommit,
    Position,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.sessions import Sessions, SessionsLimits
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import ANONYMOUS, Principal
from tests.support.broker import Guards, append, guarded
from tests.support.consumers import T0, polled_values, until, values

Start = Callable[..., Awaitable[Sessions]]


@pytest_asyncio.fixture
async def started() -> AsyncIterator[Start]:
    """Start sessions; they are cut off at the end, as by a crash."""
    running: list[asyncio.Task[None]] = []

    async def start(context: BrokerContext, limits: SessionsLimits | None = None) -> Sessions:
        sessions = Sessions(context, limits)
        running.append(asyncio.create_task(sessions.run()))
        await asyncio.sleep(0)
        return sessions

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def named(name: str = "n", group: str = "g", **more: object) -> SessionSettings:
    return SessionSettings(
        group=group,
        name=name,
        auto_offset_reset=OffsetReset.EARLIEST,
        **more,  # type: ignore[arg-type]
    )


async def test_a_session_is_found_by_its_group_and_name(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    made = await sessions.create(named(), ANONYMOUS)

    assert await sessions.get("g", "n", ANONYMOUS) is made
    for group, name in (("g", "m"), ("h", "n")):
        with pytest.raises(SessionNotFound):
            await sessions.get(group, name, ANONYMOUS)


async def test_a_name_is_taken_once(context: BrokerContext, started: Start) -> None:
    sessions = await started(context)
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(SessionExists):
        await sessions.create(named(), ANONYMOUS)
    await sessions.create(named(group="h"), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    assert len(sessions) == 4


async def test_a_session_is_its_maker_s_alone(context: BrokerContext, started: Start) -> None:
    sessions = await started(context)
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(SessionNotFound):
        await sessions.get("g", "n", Principal("eve"))


async def test_who_may_not_read_the_group_makes_and_finds_none(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(guarded(context, Guards(refused=frozenset({Operation.READ}))))

    with pytest.raises(GroupAuthorizationFailed):
        await sessions.create(named(), ANONYMOUS)
    with pytest.raises(GroupAuthorizationFailed):
        await sessions.get("g", "n", ANONYMOUS)


async def test_session_reads_and_commits_as_whoever_asks_may(
    context: BrokerContext, started: Start
) -> None:
    """Alice may read the topic from one address, and her group from everywhere."""
    await append(context, b"a", b"b", b"c")
    authorizer = AclAuthorizer()
    authorizer.load(
        Acl(kind, PatternType.LITERAL, name, "User:alice", host, Operation.READ, Permission.ALLOW)
        for kind, name, host in (
            (ResourceType.GROUP, "g", "*"),
            (ResourceType.TOPIC, "t", "10.0.0.1"),
        )
    )
    sessions = await started(replace(context, authorizer=authorizer))
    here, there = (Principal("alice", host=host) for host in ("10.0.0.1", "10.0.0.2"))
    session = await sessions.create(named(), here)
    await session.assign([T0])
    first = await session.poll(1)
    assert values(first) == [b"a"]

    from_there = await sessions.get("g", "n", there)
    with pytest.raises(TopicAuthorizationFailed):
        await from_there.poll(1, wait_seconds=0)
    refused = await from_there.commit({T0: OffsetToCommit(3)})
    with pytest.raises(TopicAuthorizationFailed):
        sessions.require_read(there, first)

    assert refused == {T0: ErrorCode.TOPIC_AUTHORIZATION_FAILED}
    again = await sessions.get("g", "n", here)
    assert await polled_values(again) == [b"b", b"c"]
    sessions.require_read(here, first)


async def test_there_are_no_more_sessions_than_there_may_be(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context, SessionsLimits(sessions_max=3, sessions_per_group_max=1))
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(TooManySessions):
        await sessions.create(named("other"), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    last = await sessions.create(SessionSettings(), ANONYMOUS)
    with pytest.raises(TooManySessions):
        await sessions.create(SessionSettings(), ANONYMOUS)
    await sessions.close(last)
    await sessions.create(SessionSettings(), ANONYMOUS)


async def test_a_deleted_session_is_gone_and_its_name_is_free(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    await sessions.create(named(), ANONYMOUS)

    await sessions.delete("g", "n", ANONYMOUS)

    with pytest.raises(SessionNotFound):
        await sessions.delete("g", "n", ANONYMOUS)
    await sessions.create(named(), ANONYMOUS)


async def test_a_session_that_nobody_uses_ends_without_what_may_not_have_arrived(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a", b"b")
    sessions = await started(context)
    session = await sessions.create(named(idle_timeout_ms=1_000), ANONYMOUS)
    await session.assign([T0])
    await session.poll(max_records=1, wait_seconds=0)
    await session.poll(wait_seconds=0)

    await sessions.sweep()
    await sessions.get("g", "n", ANONYMOUS)
    session._used_s -= 2
    await sessions.sweep()

    with pytest.raises(SessionNotFound):
        await sessions.get("g", "n", ANONYMOUS)
    other = await sessions.create(named(), ANONYMOUS)
    assert (await other.committed([T0]))[T0] == Committed(1, 0, "")


async def test_what_is_due_is_committed_though_the_client_is_silent(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a")
    sessions = await started(context, SessionsLimits(sweep_interval_ms=10))
    session = await sessions.create(named(auto_commit_interval_ms=50), ANONYMOUS)
    await session.assign([T0])
    await session.poll(wait_seconds=0)
    await session.poll(wait_seconds=0)

    while (await session.committed([T0]))[T0] != Committed(1, 0, ""):
        await asyncio.sleep(0.01)


async def test_a_session_hears_of_new_topics_at_once(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    session = await sessions.create(SessionSettings(), ANONYMOUS)
    await session.assign([TopicPartition("later", 0)])
    changed = []
    session.metadata_changed = lambda: changed.append(1)  # type: ignore[method-assign]

    await asyncio.sleep(0)
    await create_topic(context, ANONYMOUS, NewTopic(name="later"))

    assert changed


def durable(name: str = "n", **more: object) -> SessionSettings:
    return named(name, is_durable=True, **more)


async def test_a_durable_session_goes_on_after_a_crash_where_it_was_committed(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a", b"b", b"c")
    before = await started(context)
    session = await before.create(durable(auto_commit_interval_ms=0), ANONYMOUS)
    await session.subscribe(Subscription(topics=("t",)))
    assert await session.settled(30)
    assert await polled_values(session, max_records=1) == [b"a"]
    assert await polled_values(session, max_records=1) == [b"b"]
    after = await started(context)
    again = await after.get("g", "n", ANONYMOUS)

    assert again is not session
    assert again.settings == session.settings
    assert again.subscription == Subscription(topics=("t",))
    assert await again.settled(30)
    assert await polled_values(again) == [b"b", b"c"]


async def test_a_durable_session_keeps_what_it_was_told(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a", b"b", b"c")
    session = await (await started(context)).create(durable(), ANONYMOUS)
    await session.assign([T0])
    epoch = await session.seek([Position("t", 0, 1)])
    again = await (await started(context)).get("g", "n", ANONYMOUS)

    assert again.epoch >= epoch
    assert await polled_values(again) == [b"b", b"c"]


async def test_a_durable_session_that_began_at_the_end_begins_there_again(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a")
    settings = SessionSettings(group="g", name="n", is_durable=True, auto_commit=False)
    session = await (await started(context)).create(settings, ANONYMOUS)
    await session.assign([T0])
    assert await polled_values(session) == []
    await append(context, b"b")
    again = await (await started(context)).get("g", "n", ANONYMOUS)

    assert await polled_values(again) == [b"b"]


async def test_what_was_committed_after_a_restart_is_not_handed_out_again(
    context: BrokerContext, started: Start
) -> None:
    await append(context, b"a", b"b", b"c")
    session = await (await started(context)).create(durable(auto_commit=False), ANONYMOUS)
    await session.subscribe(Subscription(topics=("t",)))
    assert await session.settled(30)
    assert len(await polled_values(session, max_records=2)) == 2
    again = await (await started(context)).get("g", "n", ANONYMOUS)
    await again.commit({T0: OffsetToCommit(2)})

    assert await polled_values(again) == [b"c"]


async def test_a_name_is_taken_after_a_restart_too_until_it_is_deleted(
    context: BrokerContext, started: Start
) -> None:
    await (await started(context)).create(durable(), ANONYMOUS)
    second = await started(context)
    with pytest.raises(SessionExists):
        await second.create(durable(), ANONYMOUS)
    await second.delete("g", "n", ANONYMOUS)
    third = await started(context)

    with pytest.raises(SessionNotFound):
        await third.get("g", "n", ANONYMOUS)


async def test_a_session_that_could_not_be_written_down_is_not_there(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    await sessions.create(durable("first"), ANONYMOUS)

    async def save(_: object) -> None:
        raise LogDirFull("full")

    sessions._store.save = save  # type: ignore[method-assign]
    with pytest.raises(LogDirFull):
        await sessions.create(durable(), ANONYMOUS)

    with pytest.raises(SessionNotFound):
        await sessions.get("g", "n", ANONYMOUS)
    assert len(sessions) == 1


async def test_a_client_that_leaves_while_its_session_is_made_finds_it(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    making = asyncio.create_task(sessions.create(durable(), ANONYMOUS))
    await asyncio.sleep(0)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)

    async with asyncio.timeout(30):
        while not len(sessions):
            await asyncio.sleep(0.01)
    await sessions.get("g", "n", ANONYMOUS)


async def test_the_end_of_a_node_leaves_durable_sessions_in_their_group_and_no_others(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    for settings in (durable("a"), named("b")):
        session = await sessions.create(settings, ANONYMOUS)
        await session.subscribe(Subscription(topics=("t",)))
        assert await session.settled(30)
    await until(lambda: len(describe_group(context, ANONYMOUS, "g").members) == 2)
    await sessions.stop()

    members = describe_group(context, ANONYMOUS, "g").members
    assert [one.instance_id for one in members] == ["a"]


async def test_durable_sessions_end_with_the_topic_that_keeps_them(
    context: BrokerContext, started: Start
) -> None:
    sessions = await started(context)
    await sessions.create(durable(), ANONYMOUS)
    await sessions.create(named("other"), ANONYMOUS)
    await delete_topic(context, ANONYMOUS, SESSIONS_TOPIC)

    with pytest.raises(SessionNotFound):
        await sessions.get("g", "n", ANONYMOUS)
    await sessions.get("g", "other", ANONYMOUS)
