"""Where a session begins: at what is committed, what is remembered, or what it chooses."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import TopicAuthorizationFailed, UnknownTopicOrPartition
from app.broker.list_offsets import OffsetSpec
from app.consumers.errors import NoOffsetForPartition
from app.consumers.keeping.state import Remembered, SessionState
from app.consumers.model import (
    OffsetReset,
    OffsetToCommit,
    Position,
    SessionSettings,
    TopicPartition,
)
from app.consumers.reading.starts import find_start, last_commit, named_position, timestamp_position
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import NOW_MS, Guards, append, guarded
from tests.support.consumers import T0, made_session


def state(
    policy: OffsetReset | int = OffsetReset.EARLIEST, group: str | None = "g"
) -> SessionState:
    return SessionState(settings=SessionSettings(group=group, auto_offset_reset=policy))


async def commit(context: BrokerContext, offset: int) -> None:
    async with made_session(context, group="g") as session:
        await session.commit({T0: OffsetToCommit(offset)})


async def test_a_session_begins_at_what_its_group_has_committed(context: BrokerContext) -> None:
    await append(context, b"a", b"b", b"c")
    await commit(context, 2)

    found = find_start(context, state(), T0, resets=False)

    assert (found.position.offset, found.committed, found.is_reset) == (2, 2, False)
    assert found.commit_log_offset >= 0
    assert find_start(context, state(group=None), T0, resets=False).position.offset == 0


@pytest.mark.parametrize(
    ("policy", "offset"),
    [(OffsetReset.EARLIEST, 0), (OffsetReset.LATEST, 3), (NOW_MS + 1, 1), (NOW_MS + 9, 3)],
)
async def test_a_session_begins_where_it_says_when_nothing_is_committed(
    context: BrokerContext, policy: OffsetReset | int, offset: int
) -> None:
    for later in range(3):
        await append(context, b"a", timestamp_ms=NOW_MS + later)

    found = find_start(context, state(policy), T0, resets=False)

    assert (found.position.offset, found.committed, found.is_reset) == (offset, None, True)


async def test_a_session_that_may_not_choose_says_so(context: BrokerContext) -> None:
    with pytest.raises(NoOffsetForPartition):
        find_start(context, state(OffsetReset.NONE), T0, resets=False)


async def test_what_is_remembered_counts_until_something_is_committed(
    context: BrokerContext,
) -> None:
    topic_id = context.topic("t").topic_id
    kept = state().with_remembered([Remembered(Position("t", 0, 2), topic_id, -1)], 1, [T0])

    before = find_start(context, kept, T0, resets=False)
    is_reset = find_start(context, kept, T0, resets=True)
    await commit(context, 1)
    after = find_start(context, kept, T0, resets=False)

    assert (before.position.offset, before.is_reset) == (2, False)
    assert (is_reset.position.offset, is_reset.is_reset) == (0, True)
    assert after.position.offset == 1


async def test_the_end_for_readers_of_committed_records_is_the_last_stable_offset(
    context: BrokerContext,
) -> None:
    await append(context, b"a")
    settings = SessionSettings(is_committed=True)

    end = named_position(context, ANONYMOUS, settings, T0, OffsetSpec.LATEST)
    none_later = timestamp_position(context, ANONYMOUS, settings, T0, NOW_MS + 1)

    assert end == none_later == Position("t", 0, 1)


async def test_a_topic_that_is_not_there_or_not_to_be_seen_is_refused(
    context: BrokerContext,
) -> None:
    with pytest.raises(UnknownTopicOrPartition):
        find_start(context, state(), TopicPartition("other", 0), resets=False)

    await commit(context, 1)

    class Hidden(Guards):
        def authorize(self, principal, operation, resource):  # type: ignore[no-untyped-def]
            return resource.name != "t"

    with pytest.raises(TopicAuthorizationFailed):
        last_commit(guarded(context, Hidden()), state(), T0)
    assert Operation.DESCRIBE
