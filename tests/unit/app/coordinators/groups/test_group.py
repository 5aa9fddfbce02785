"""One group at work, its journal a list that the test answers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.coordinators.groups.commands import JoinReply, SyncReply
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import Effects, MembershipLimits
from app.coordinators.groups.group import Group
from app.coordinators.groups.membership import ClassicGroup
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offsets import GroupOffsets
from app.coordinators.groups.records import KeyValue
from app.telemetry.clock import SystemClock
from tests.support.groups.calls import READS_T_0, joining, syncing

Written = Callable[[ErrorCode, int], None]


class Working:
    """A group and its writes that are not answered yet."""

    def __init__(self, delay_ms: int = 0) -> None:
        self.writes: list[Written] = []
        limits = MembershipLimits(initial_rebalance_delay_ms=delay_ms)
        self.group = Group("g", ClassicGroup(limits), GroupOffsets(), SystemClock(), self._append)

    def _append(self, _records: Sequence[KeyValue], then: Written) -> bool:
        self.writes.append(then)
        return True

    def join(self) -> "asyncio.Task[object]":
        ticket = self.group.next_ticket()
        effects = self.group.membership.join(replace(joining(), ticket=ticket), self.group.now_ms)
        return asyncio.create_task(self._answer(ticket, effects))

    def sync(self, joined: JoinReply) -> "asyncio.Task[object]":
        ticket = self.group.next_ticket()
        asked = replace(syncing(joined, m=READS_T_0), ticket=ticket)
        return asyncio.create_task(
            self._answer(ticket, self.group.membership.sync(asked, self.group.now_ms))
        )

    async def _answer(self, ticket: int, effects: Effects) -> object:
        return await self.group.answer(ticket, effects)


async def test_an_assignment_is_given_out_when_it_is_durable() -> None:
    working = Working()
    joined = await working.join()
    assert isinstance(joined, JoinReply)

    synced = working.sync(joined)
    await asyncio.sleep(0.02)
    before = (synced.done(), working.group.is_writing, len(working.writes))
    working.writes[0](ErrorCode.NONE, 0)

    reply = await synced
    assert before == (False, True, 1)
    assert isinstance(reply, SyncReply)
    assert reply.assignment == READS_T_0
    assert not working.group.is_writing


async def test_an_assignment_that_cannot_be_written_is_not_given_out() -> None:
    working = Working()
    joined = await working.join()
    assert isinstance(joined, JoinReply)

    synced = working.sync(joined)
    await asyncio.sleep(0)
    working.writes[0](ErrorCode.INVALID_COMMIT_OFFSET_SIZE, -1)

    reply = await synced
    assert isinstance(reply, SyncReply)
    assert (reply.error, reply.assignment) == (ErrorCode.UNKNOWN_SERVER_ERROR, b"")


async def test_a_closed_group_answers_who_waits_and_has_no_timer_left() -> None:
    working = Working(delay_ms=10_000)
    joining_now = working.join()
    await asyncio.sleep(0)

    working.group.close()

    reply = await joining_now
    assert isinstance(reply, JoinReply)
    assert reply.error is ErrorCode.NOT_COORDINATOR
    assert working.group.membership.state is GroupState.DEAD


async def test_a_request_that_is_cancelled_harms_nobody() -> None:
    working = Working(delay_ms=20)
    given_up = working.join()
    await asyncio.sleep(0)
    given_up.cancel()

    while working.group.membership.state is not GroupState.COMPLETING_REBALANCE:
        await asyncio.sleep(0.005)

    assert given_up.cancelled()
    working.group.close()


async def test_it_waits_until_nothing_is_on_its_way_to_the_disk() -> None:
    working = Working()
    await working.group.written()
    working.group.write([(b"k", b"v")], lambda _error, _offset: None)
    waiting = asyncio.create_task(working.group.written())
    await asyncio.sleep(0)
    before = waiting.done()

    working.writes[0](ErrorCode.NONE, 0)

    await waiting
    assert not before


async def test_offsets_stay_while_they_are_in_use() -> None:
    working = Working()
    group = working.group
    assert (group.is_unused, group.expiry().from_ms, group.expiry().stays) == (True, None, False)

    joined = await working.join()
    assert isinstance(joined, JoinReply)
    rebalancing = group.expiry()
    synced = working.sync(joined)
    await asyncio.sleep(0)
    working.writes[0](ErrorCode.NONE, 0)
    await synced

    assert rebalancing.stays
    assert group.expiry().subscribed_topics == {"t"}
    assert group.subscribed_topics() == {"t"}
    group.close()
