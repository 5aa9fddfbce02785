"""Deleting records: what stays readable, what is refused, what outlives a restart."""

from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.delete_records import UP_TO_HIGH_WATERMARK, delete_records
from app.broker.errors import (
    ClusterAuthorizationFailed,
    InvalidTopic,
    OffsetOutOfRange,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.list_offsets import OffsetSpec, list_offsets
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.security.acls import Operation
from app.security.audit.event import AUDIT_TOPIC
from app.security.principal import ANONYMOUS
from app.settings import Settings
from app.wiring import running_node
from tests.support.broker import Guards, append, guarded, running_broker
from tests.support.groups.calls import commit


def earliest(context: BrokerContext) -> int:
    return list_offsets(context, ANONYMOUS, "t", 0, OffsetSpec.EARLIEST).offset


async def test_log_begins_at_the_offset_and_never_moves_back(context: BrokerContext) -> None:
    await append(context, b"a", b"b", b"c")

    starts = [await delete_records(context, ANONYMOUS, "t", 0, offset) for offset in (0, 2, 1)]

    assert starts == [0, 2, 2]
    assert earliest(context) == 2


async def test_minus_one_deletes_all_that_readers_see(context: BrokerContext) -> None:
    await append(context, b"a", b"b", b"c")

    assert await delete_records(context, ANONYMOUS, "t", 0, UP_TO_HIGH_WATERMARK) == 3


async def test_offset_beyond_the_high_watermark_deletes_nothing(context: BrokerContext) -> None:
    await append(context, b"a")

    with pytest.raises(OffsetOutOfRange):
        await delete_records(context, ANONYMOUS, "t", 0, 2)

    assert earliest(context) == 0


async def test_deletion_outlives_a_restart(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        await append(context, b"a", b"b")
        await delete_records(context, ANONYMOUS, "t", 0, 1)
    settings = Settings(data_dir=tmp_path / "data", http_port=0, kafka_port=0)

    async with running_node(settings) as node:
        assert earliest(node.context) == 1


async def test_unknown_topic_and_partition_are_refused(context: BrokerContext) -> None:
    for topic, partition in (("none", 0), ("t", 2)):
        with pytest.raises(UnknownTopicOrPartition):
            await delete_records(context, ANONYMOUS, topic, partition, 0)


async def test_principal_needs_delete_and_is_asked_before_existence(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DELETE}))

    with pytest.raises(TopicAuthorizationFailed):
        await delete_records(guarded(context, guards), ANONYMOUS, "none", 0, 0)


async def test_offsets_of_groups_are_not_deleted(context: BrokerContext) -> None:
    await commit(context, "g", t_0=1)

    for partition in (0, 1):
        with pytest.raises(InvalidTopic, match="delete records of internal topic"):
            await delete_records(context, ANONYMOUS, OFFSETS_TOPIC, partition, UP_TO_HIGH_WATERMARK)


async def test_records_of_the_audit_log_are_deleted_by_who_may_alter_the_cluster(
    context: BrokerContext,
) -> None:
    await context.catalog.create_topic(AUDIT_TOPIC, 1, is_internal=True)
    await context.metadata.refresh()
    others = guarded(context, Guards(refused=frozenset({Operation.ALTER})))

    assert await delete_records(context, ANONYMOUS, AUDIT_TOPIC, 0, UP_TO_HIGH_WATERMARK) == 0
    with pytest.raises(ClusterAuthorizationFailed):
        await delete_records(others, ANONYMOUS, AUDIT_TOPIC, 0, UP_TO_HIGH_WATERMARK)
