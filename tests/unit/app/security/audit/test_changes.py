"""Changes and the audit log: none without a trace, and none where there can be no trace."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

import pytest

from app.security.acls import CLUSTER, AllowAll, Ground, Operation
from app.security.audit.audit import AuditUnwritable
from app.security.audit.changes import UNKNOWN, unnamed, written_down
from app.security.audit.event import ITEMS_MAX, Category, Result
from app.security.principal import ANONYMOUS
from tests.support.security.audited import FakeAudit


def name_of(error: Exception) -> str:
    return "A_VALUE" if isinstance(error, ValueError) else unnamed(error)


def change(audit: FakeAudit, items: Iterable[str] = ()) -> AbstractAsyncContextManager[list[str]]:
    return written_down(
        *(audit, "CreateUser", ANONYMOUS, CLUSTER),
        operation=Operation.ALTER,
        decide=lambda: AllowAll().explain(ANONYMOUS, Operation.ALTER, CLUSTER),
        items=items,
        name_of=name_of,
    )


async def test_change_is_kept_before_it_is_made_and_when_it_was() -> None:
    audit = FakeAudit()

    async with change(audit, ["user bob"]):
        assert [event.kind for event in audit.kept] == ["authorization"]

    begun, ended = audit.kept
    assert begun.decision is not None
    assert (begun.decision.ground, begun.items) == (Ground.OPEN, ("user bob",))
    assert (ended.kind, ended.result) == ("request", Result.SUCCESS)
    assert ended.request_id == begun.request_id != ""


async def test_what_nobody_was_asked_for_has_no_rule() -> None:
    audit = FakeAudit()

    async with written_down(audit, "RevokeToken", ANONYMOUS, CLUSTER):
        pass

    assert [(event.operation, event.decision) for event in audit.kept] == [(None, None)] * 2


async def test_change_that_fails_is_noted_with_the_name_of_its_error() -> None:
    audit = FakeAudit()
    for error in (ValueError("x"), KeyError("x"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with change(audit):
                raise error

    assert [event.message for event in audit.noted] == [
        "A_VALUE",
        UNKNOWN,
        "it was given up; whether it was made is not known",
    ]
    assert {event.result for event in audit.noted} == {Result.FAILURE}


async def test_change_that_cannot_be_written_down_is_not_begun() -> None:
    with pytest.raises(AuditUnwritable):
        async with change(FakeAudit(is_failing=True)):
            pytest.fail("it began")


async def test_change_that_was_made_stands_though_its_end_cannot_be_written() -> None:
    audit = FakeAudit()

    async with change(audit):
        audit.is_failing = True

    assert len(audit.kept) == 1


async def test_many_names_are_many_events_of_one_request() -> None:
    audit = FakeAudit()
    names = [str(number) for number in range(2 * ITEMS_MAX + 1)]

    async with change(audit, names):
        pass

    assert [name for event in audit.kept for name in event.items] == names
    assert len({event.request_id for event in audit.kept}) == 1


async def test_nothing_is_made_of_events_that_nobody_wants() -> None:
    audit = FakeAudit(categories={Category.DENIED}, is_failing=True)

    async with change(audit):
        pass

    assert audit.noted == []


async def test_what_only_making_it_tells_is_in_the_event_of_its_end() -> None:
    audit = FakeAudit()

    async with change(audit, ["subject s"]) as made:
        made.append("version 3")

    assert [event.items for event in audit.kept] == [("subject s",), ("version 3",)]
