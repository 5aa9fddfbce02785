"""Offsets by place and by time."""

import pytest

from app.broker.context import BrokerContext
from app.broker.delete_records import delete_records
from app.broker.errors import TopicAuthorizationFailed, UnknownTopicOrPartition
from app.broker.list_offsets import NO_OFFSET, OffsetSpec, list_offsets
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import NOW_MS, Guards, append, guarded

TIMES_MS = (NOW_MS, NOW_MS + 20, NOW_MS + 10)


def listed(context: BrokerContext, spec: OffsetSpec | int) -> tuple[int, int]:
    found = list_offsets(context, ANONYMOUS, "t", 0, spec)
    return found.offset, found.timestamp_ms


@pytest.mark.parametrize("spec", list(OffsetSpec))
def test_empty_partition_begins_and_ends_at_0(context: BrokerContext, spec: OffsetSpec) -> None:
    expected = NO_OFFSET if spec is OffsetSpec.MAX_TIMESTAMP else 0

    assert listed(context, spec) == (expected, -1)


async def test_places_and_times_are_found(context: BrokerContext) -> None:
    for time_ms in TIMES_MS:
        await append(context, b"v", timestamp_ms=time_ms)
    await delete_records(context, ANONYMOUS, "t", 0, 1)

    assert listed(context, OffsetSpec.EARLIEST) == (1, -1)
    assert listed(context, OffsetSpec.LATEST) == (3, -1)
    assert listed(context, OffsetSpec.MAX_TIMESTAMP) == (1, NOW_MS + 20)


@pytest.mark.parametrize(
    ("asked_ms", "found"),
    [
        (-1, (0, NOW_MS)),
        (NOW_MS, (0, NOW_MS)),
        (NOW_MS + 1, (1, NOW_MS + 20)),
        (NOW_MS + 20, (1, NOW_MS + 20)),
        (NOW_MS + 21, (NO_OFFSET, -1)),
    ],
)
async def test_time_leads_to_the_first_record_at_or_after_it(
    context: BrokerContext, asked_ms: int, found: tuple[int, int]
) -> None:
    for time_ms in TIMES_MS:
        await append(context, b"v", timestamp_ms=time_ms)

    assert listed(context, asked_ms) == found


def test_unknown_topic_and_partition_are_refused(context: BrokerContext) -> None:
    for topic, partition in (("none", 0), ("t", 2)):
        with pytest.raises(UnknownTopicOrPartition):
            list_offsets(context, ANONYMOUS, topic, partition, OffsetSpec.LATEST)


def test_principal_needs_describe_and_is_asked_before_existence(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DESCRIBE}))

    with pytest.raises(TopicAuthorizationFailed):
        list_offsets(guarded(context, guards), ANONYMOUS, "none", 0, OffsetSpec.LATEST)
