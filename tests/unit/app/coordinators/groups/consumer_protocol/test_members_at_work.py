"""Timers and writes of a consumer group, on a journal that the test settles."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup
from app.coordinators.groups.consumer_protocol.members_at_work import (
    ConsumerGroupRules,
    MembersAtWork,
)
from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    HeartbeatReply,
    MemberHeartbeat,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.records import KeyValue

JOIN = MemberHeartbeat(
    member_id="m", epoch=0, rebalance_timeout_ms=20, topics=("t",), owned=NOTHING
)
LONG = ConsumerGroupRules(session_timeout_ms=60_000)
PATIENCE_S = 30


def find(_names: Collection[str]) -> TopicsByName:
    return {"t": Topic(topic_id="A" * 22, partitions=2)}


class Journal:
    """Keeps writes until they are settled."""

    def __init__(self) -> None:
        self.writes: list[Sequence[KeyValue]] = []
        self.is_refusing = False
        self._waiting: list[Callable[[ErrorCode, int], None]] = []

    def write(self, records: Sequence[KeyValue], then: Callable[[ErrorCode, int], None]) -> bool:
        self.writes.append(records)
        self._waiting.append(then)
        return not self.is_refusing

    def settle(self, error: ErrorCode = ErrorCode.NONE) -> None:
        self._waiting.pop(0)(error, 0)


def at_work(journal: Journal, rules: ConsumerGroupRules = LONG) -> MembersAtWork:
    return MembersAtWork("g", ConsumerGroup(9), rules, journal.write)


async def begun(work: MembersAtWork, beat: MemberHeartbeat) -> "asyncio.Task[HeartbeatReply]":
    task = asyncio.create_task(work.heartbeat(beat, find))
    await asyncio.sleep(0)
    return task


async def until_gone(work: MembersAtWork, member_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while member_id in work.group.members:
            await asyncio.sleep(0.005)


async def test_an_answer_waits_for_its_write_and_so_does_one_that_repeats_it() -> None:
    journal = Journal()
    work = at_work(journal)
    first = await begun(work, JOIN)
    again = await begun(work, MemberHeartbeat(member_id="m", epoch=1))

    waited = not first.done() and not again.done()
    journal.settle()

    assert waited
    assert [(await one).error for one in (first, again)] == [ErrorCode.NONE] * 2
    assert len(journal.writes) == 1
    work.close()


async def test_what_was_refused_is_written_with_the_next_change() -> None:
    journal = Journal()
    work = at_work(journal)
    journal.is_refusing = True
    first = await begun(work, JOIN)
    journal.is_refusing = False
    second = await begun(work, replace(JOIN, member_id="n"))
    journal.settle(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    journal.settle()

    assert (await first).error is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert (await second).error is ErrorCode.NONE
    assert {key for key, _ in journal.writes[0]} <= {key for key, _ in journal.writes[1]}
    work.close()


async def test_what_does_not_become_durable_is_answered_to_nobody() -> None:
    journal = Journal()
    work = at_work(journal)
    first = await begun(work, JOIN)
    journal.settle(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    again = await begun(work, MemberHeartbeat(member_id="m", epoch=1))

    refused = [(await one).error for one in (first, again)]
    assert refused == [ErrorCode.COORDINATOR_NOT_AVAILABLE] * 2
    work.close()


async def test_a_member_that_hangs_up_leaves_the_others_answers_alone() -> None:
    journal = Journal()
    work = at_work(journal)
    leaves = await begun(work, JOIN)
    stays = await begun(work, MemberHeartbeat(member_id="m", epoch=1))

    leaves.cancel()
    await asyncio.sleep(0)
    journal.settle()

    assert (await stays).error is ErrorCode.NONE
    work.close()


async def test_a_member_that_is_not_heard_of_is_removed() -> None:
    journal = Journal()
    work = at_work(journal, ConsumerGroupRules(session_timeout_ms=20))
    joining = await begun(work, JOIN)
    journal.settle()
    await joining

    await until_gone(work, "m")

    assert len(journal.writes) == 2
    work.close()


async def test_a_member_that_does_not_give_up_in_time_is_removed() -> None:
    journal = Journal()
    work = at_work(journal)
    await begun(work, JOIN)
    await begun(work, replace(JOIN, member_id="n"))
    await begun(work, MemberHeartbeat(member_id="m", epoch=1))

    await until_gone(work, "m")

    assert list(work.group.members) == ["n"]
    work.close()


async def test_a_group_that_was_loaded_awaits_its_members() -> None:
    known = ConsumerGroup(9)
    known.heartbeat(JOIN, find)
    parts = {part: value for part in known.parts() if (value := known.value(part)) is not None}
    rules = ConsumerGroupRules(session_timeout_ms=20)
    work = MembersAtWork("g", ConsumerGroup(9, parts), rules, Journal().write)

    await until_gone(work, "m")

    assert work.group.epoch == known.epoch + 1
    assert len(work.gone()) == 3
    work.close()
