"""Sessions are found by name, bounded, and end when nobody uses them."""

import asyncio

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import GroupAuthorizationFailed
from app.broker.topics import NewTopic, create_topic
from app.consumers.errors import SessionExists, SessionNotFound, TooManySessions
from app.consumers.model import Committed, OffsetReset, SessionSettings, TopicPartition
from app.consumers.sessions import Sessions, SessionsLimits
from app.security.acls import Operation
from app.security.principal import ANONYMOUS, Principal
from tests.support.broker import Guards, append, guarded
from tests.support.consumers import T0


def named(name: str = "n", group: str = "g", **more: object) -> SessionSettings:
    return SessionSettings(
        group=group,
        name=name,
        auto_offset_reset=OffsetReset.EARLIEST,
        **more,  # type: ignore[arg-type]
    )


async def test_a_session_is_found_by_its_group_and_name(context: BrokerContext) -> None:
    sessions = Sessions(context)
    made = await sessions.create(named(), ANONYMOUS)

    assert await sessions.get("g", "n", ANONYMOUS) is made
    for group, name in (("g", "m"), ("h", "n")):
        with pytest.raises(SessionNotFound):
            await sessions.get(group, name, ANONYMOUS)


async def test_a_name_is_taken_once(context: BrokerContext) -> None:
    sessions = Sessions(context)
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(SessionExists):
        await sessions.create(named(), ANONYMOUS)
    await sessions.create(named(group="h"), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    assert len(sessions) == 4


async def test_a_session_is_its_maker_s_alone(context: BrokerContext) -> None:
    sessions = Sessions(context)
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(SessionNotFound):
        await sessions.get("g", "n", Principal("eve"))


async def test_who_may_not_read_the_group_makes_and_finds_none(context: BrokerContext) -> None:
    sessions = Sessions(guarded(context, Guards(refused=frozenset({Operation.READ}))))

    with pytest.raises(GroupAuthorizationFailed):
        await sessions.create(named(), ANONYMOUS)
    with pytest.raises(GroupAuthorizationFailed):
        await sessions.get("g", "n", ANONYMOUS)


async def test_there_are_no_more_sessions_than_there_may_be(context: BrokerContext) -> None:
    sessions = Sessions(context, SessionsLimits(sessions_max=3, sessions_per_group_max=1))
    await sessions.create(named(), ANONYMOUS)

    with pytest.raises(TooManySessions):
        await sessions.create(named("other"), ANONYMOUS)
    await sessions.create(SessionSettings(), ANONYMOUS)
    last = await sessions.create(SessionSettings(), ANONYMOUS)
    with pytest.raises(TooManySessions):
        await sessions.create(SessionSettings(), ANONYMOUS)
    await sessions.close(last)
    await sessions.create(SessionSettings(), ANONYMOUS)


async def test_a_deleted_session_is_gone_and_its_name_is_free(context: BrokerContext) -> None:
    sessions = Sessions(context)
    await sessions.create(named(), ANONYMOUS)

    await sessions.delete("g", "n", ANONYMOUS)

    with pytest.raises(SessionNotFound):
        await sessions.delete("g", "n", ANONYMOUS)
    await sessions.create(named(), ANONYMOUS)


async def test_a_session_that_nobody_uses_ends_without_what_may_not_have_arrived(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    sessions = Sessions(context)
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
    context: BrokerContext,
) -> None:
    await append(context, b"a")
    sessions = Sessions(context, SessionsLimits(sweep_interval_ms=10))
    session = await sessions.create(named(auto_commit_interval_ms=50), ANONYMOUS)
    await session.assign([T0])
    running = asyncio.create_task(sessions.run())
    await session.poll(wait_seconds=0)
    await session.poll(wait_seconds=0)

    while (await session.committed([T0]))[T0] != Committed(1, 0, ""):
        await asyncio.sleep(0.01)

    running.cancel()


async def test_a_session_hears_of_new_topics_at_once(context: BrokerContext) -> None:
    sessions = Sessions(context)
    running = asyncio.create_task(sessions.run())
    session = await sessions.create(SessionSettings(), ANONYMOUS)
    await session.assign([TopicPartition("later", 0)])
    changed = []
    session.metadata_changed = lambda: changed.append(1)  # type: ignore[method-assign]

    await asyncio.sleep(0)
    await create_topic(context, ANONYMOUS, NewTopic(name="later"))

    assert changed
    running.cancel()
