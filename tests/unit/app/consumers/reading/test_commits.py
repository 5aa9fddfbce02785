"""Commits: what is asked for, what is due by itself, and what a group refuses."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import UnknownMemberId
from app.consumers.errors import IllegalSessionState
from app.consumers.model import (
    Committed,
    OffsetToCommit,
    Position,
    SessionSettings,
    TopicPartition,
)
from app.consumers.reading.commits import Committer, MemberIdentity
from app.consumers.reading.positions import Positions
from app.security.principal import ANONYMOUS
from tests.support.consumers import T0, T1


def reading(offset: int) -> Positions:
    positions = Positions()
    positions.add([T0])
    positions.look_up(T0, Position("t", 0, 0), None, "id")
    if offset:
        positions.hand_out(T0, positions.epoch, 0, (offset, 4))
    return positions


def committer(
    context: BrokerContext,
    positions: Positions,
    identity: MemberIdentity | None = None,
    **more: int,
) -> Committer:
    settings = SessionSettings(group="g", **more)  # type: ignore[arg-type]
    who = identity or MemberIdentity()
    return Committer(context, ANONYMOUS, settings, positions, lambda: who)


async def test_what_is_committed_is_found_again(context: BrokerContext) -> None:
    commits = committer(context, reading(0))

    outcomes = await commits.commit({T0: OffsetToCommit(5, 2, "note")})

    assert outcomes == {T0: 0}
    assert commits.committed([T0, T1]) == {T0: Committed(5, 2, "note"), T1: None}


async def test_a_partition_that_is_not_there_refuses_only_itself(context: BrokerContext) -> None:
    commits = committer(context, reading(0))
    nowhere = TopicPartition("t", 99)

    outcomes = await commits.commit({nowhere: OffsetToCommit(1), T0: OffsetToCommit(2)})

    assert outcomes == {nowhere: 3, T0: 0}


async def test_a_session_without_a_group_commits_nothing(context: BrokerContext) -> None:
    commits = Committer(context, ANONYMOUS, SessionSettings(), reading(3), MemberIdentity)

    with pytest.raises(IllegalSessionState):
        await commits.commit({T0: OffsetToCommit(1)})
    await commits.commit_due()


async def test_only_what_is_acknowledged_is_committed_by_itself(context: BrokerContext) -> None:
    positions = reading(5)
    commits = committer(context, positions, auto_commit_interval_ms=0)

    await commits.commit_due()
    before = commits.committed([T0])[T0]
    positions.acknowledge()
    await commits.commit_due()

    assert before == Committed(0, -1, "")
    assert commits.committed([T0])[T0] == Committed(5, 4, "")


async def test_nothing_is_committed_by_itself_before_the_interval_is_over(
    context: BrokerContext,
) -> None:
    positions = reading(5)
    positions.acknowledge()
    commits = committer(context, positions, auto_commit_interval_ms=3_600_000)

    await commits.commit_due()

    assert commits.committed([T0])[T0] is None


async def test_nothing_is_committed_by_itself_where_the_client_does_it(
    context: BrokerContext,
) -> None:
    positions = reading(5)
    positions.acknowledge()
    commits = committer(context, positions, auto_commit=False, auto_commit_interval_ms=0)

    await commits.commit_due()

    assert commits.committed([T0])[T0] is None


async def test_what_the_group_refuses_is_due_again(context: BrokerContext) -> None:
    positions = reading(5)
    positions.acknowledge()
    stranger = MemberIdentity("nobody", 3)
    await committer(context, Positions()).commit({T1: OffsetToCommit(1)})
    commits = committer(context, positions, stranger, auto_commit_interval_ms=0)

    with pytest.raises(UnknownMemberId):
        await commits.commit({T0: OffsetToCommit(5)})
    await commits.commit_due()

    assert positions.to_commit() == {T0: OffsetToCommit(5, 4)}
