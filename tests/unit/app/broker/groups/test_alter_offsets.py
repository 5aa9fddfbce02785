from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.broker.context import BrokerContext
from app.broker.delete_records import delete_records
from app.broker.errors import (
    BrokerError,
    GroupAuthorizationFailed,
    InvalidRequest,
    NonEmptyGroup,
    UnknownTopicOrPartition,
)
from app.broker.groups.alter_offsets import OffsetTarget, alter_offsets
from app.broker.groups.offsets import fetch_offsets
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import NOW_MS, Guards, append, guarded, running_broker
from tests.support.groups.calls import commit, leave_all, stable_group


@pytest_asyncio.fixture
async def context(tmp_path: Path) -> AsyncIterator[BrokerContext]:
    """A broker where ``t-0`` has offsets 2 to 5, and ``g`` has committed 4 of it."""
    async with running_broker(tmp_path) as context:
        for number in range(6):
            await append(context, b"v", timestamp_ms=NOW_MS + number)
        await delete_records(context, ANONYMOUS, "t", 0, 2)
        await commit(context, t_0=4)
        yield context


def committed(context: BrokerContext, partition: int = 0) -> int:
    return fetch_offsets(context, ANONYMOUS, "g", [("t", partition)])["t", partition].offset


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (OffsetTarget.EARLIEST, None, 2),
        (OffsetTarget.LATEST, None, 6),
        (OffsetTarget.TIMESTAMP, NOW_MS + 3, 3),
        (OffsetTarget.TIMESTAMP, NOW_MS + 99, 6),
        (OffsetTarget.SHIFT, -1, 3),
        (OffsetTarget.SHIFT, -9, 2),
        (OffsetTarget.SHIFT, 9, 6),
        (OffsetTarget.EXACT, 5, 5),
        (OffsetTarget.EXACT, 0, 2),
    ],
)
async def test_a_group_is_sent_there_and_the_plan_changes_nothing(
    context: BrokerContext, target: OffsetTarget, value: int | None, expected: int
) -> None:
    plan = await alter_offsets(context, ANONYMOUS, "g", target, value=value, validate_only=True)
    unchanged = committed(context)
    done = await alter_offsets(context, ANONYMOUS, "g", target, value=value)

    assert [(one.current_offset, one.new_offset, one.error_code) for one in plan] == [
        (4, expected, 0)
    ]
    assert (plan, unchanged, committed(context)) == (done, 4, expected)


async def test_a_group_that_is_not_known_begins_where_it_is_sent(context: BrokerContext) -> None:
    done = await alter_offsets(
        context, ANONYMOUS, "new", OffsetTarget.LATEST, partitions=[("t", 0), ("t", 1)]
    )

    assert [(one.current_offset, one.new_offset) for one in done] == [(None, 6), (None, 0)]


async def test_a_group_with_members_stays_where_it_is(context: BrokerContext) -> None:
    await stable_group(context)
    for validate_only in (True, False):
        with pytest.raises(NonEmptyGroup):
            await alter_offsets(
                context, ANONYMOUS, "g", OffsetTarget.LATEST, validate_only=validate_only
            )
    assert committed(context) == 4

    leave_all(context)
    await alter_offsets(context, ANONYMOUS, "g", OffsetTarget.LATEST)
    assert committed(context) == 6


@pytest.mark.parametrize(
    ("target", "value", "partitions", "refusal"),
    [
        (OffsetTarget.EXACT, None, None, InvalidRequest),
        (OffsetTarget.LATEST, 1, None, InvalidRequest),
        (OffsetTarget.SHIFT, 1, [("t", 1)], InvalidRequest),
        (OffsetTarget.LATEST, None, [], InvalidRequest),
        (OffsetTarget.LATEST, None, [("t", 9)], UnknownTopicOrPartition),
        (OffsetTarget.LATEST, None, [("none", 0)], UnknownTopicOrPartition),
    ],
)
async def test_what_makes_no_sense_is_refused_whole(
    context: BrokerContext,
    target: OffsetTarget,
    value: int | None,
    partitions: list[tuple[str, int]] | None,
    refusal: type[BrokerError],
) -> None:
    with pytest.raises(refusal):
        await alter_offsets(context, ANONYMOUS, "g", target, value=value, partitions=partitions)

    assert committed(context) == 4


async def test_it_needs_read_on_the_group(context: BrokerContext) -> None:
    broker = guarded(context, Guards(frozenset({Operation.READ})))

    with pytest.raises(GroupAuthorizationFailed):
        await alter_offsets(broker, ANONYMOUS, "g", OffsetTarget.LATEST)
