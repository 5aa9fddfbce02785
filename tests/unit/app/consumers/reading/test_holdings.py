"""Partitions come and go: held back first, committed as far as they have arrived, then gone."""

import asyncio
from collections.abc import Collection

from app.broker.context import BrokerContext
from app.consumers.model import Committed, TopicPartition
from tests.support.broker import append
from tests.support.consumers import T0, T1, made_session, polled_values


class Slow:
    """A listener whose client is never done."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def assigned(self, partitions: Collection[TopicPartition], epoch: int) -> None:
        """Do nothing."""

    async def revoking(self, partitions: Collection[TopicPartition], wait_seconds: float) -> None:
        self.waited.append(wait_seconds)
        await asyncio.sleep(3600)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.waited.append(-1)

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Do nothing."""


async def test_what_is_revoked_is_committed_as_far_as_it_has_arrived(
    context: BrokerContext,
) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0, T1], group="g", rebalance_wait_ms=20) as session:
        await session.poll(max_records=1, wait_seconds=0)
        await session.poll(max_records=1, wait_seconds=0)
        await session._holdings.revoke([T0])

        assert session.assignment() == (T1,)
        assert (await session.committed([T0]))[T0] == Committed(1, 0, "")


async def test_what_is_about_to_go_is_handed_out_no_more(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0], group="g") as session:
        await session.poll(max_records=1, wait_seconds=0)
        revoking = asyncio.create_task(session._holdings.revoke([T0]))
        await asyncio.sleep(0.01)
        is_waiting = not revoking.done()

        assert await polled_values(session) == []
        await revoking
        assert is_waiting


async def test_a_listener_that_is_never_done_is_waited_for_only_so_long(
    context: BrokerContext,
) -> None:
    async with made_session(context, [T0], group="g", rebalance_wait_ms=20) as session:
        session.listener = slow = Slow()
        await session._holdings.revoke([T0])

        assert slow.waited == [0.02, -1]
        assert session.assignment() == ()


async def test_what_is_lost_is_not_committed(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0], group="g") as session:
        await session.poll(max_records=1, wait_seconds=0)
        await session.poll(wait_seconds=0)
        session._holdings.lose([T0])

        assert session.assignment() == ()
        assert (await session.committed([T0]))[T0] is None


async def test_what_was_read_ahead_goes_with_its_partition(context: BrokerContext) -> None:
    await append(context, b"a", b"b")
    async with made_session(context, [T0]) as session:
        await session.poll(max_records=1, wait_seconds=0)
        kept = session._read_ahead.used
        session._holdings.read_only([])

        assert kept > 0
        assert session._read_ahead.used == 0
