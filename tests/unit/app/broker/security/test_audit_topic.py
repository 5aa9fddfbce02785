"""The audit log's topic: made when needed, the server's own, and left alone if somebody made it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.delete_records import delete_records
from app.broker.errors import ClusterAuthorizationFailed, InvalidTopic
from app.broker.fetch import FetchBounds, WantedPartition, fetch, read_slice
from app.broker.produce import produce
from app.broker.security import audit_topic as module
from app.broker.security.audit_topic import AuditTopic
from app.broker.topic_configs import alter_topic_configs
from app.broker.topics import NewTopic, add_partitions, create_topic, delete_topic
from app.cluster.metadata_image import BrokerRegistration
from app.security.acls import Operation
from app.security.audit.event import AUDIT_TOPIC
from app.security.principal import ANONYMOUS
from storage.format.batch import iterate_headers
from storage.format.decoder import decode_columns
from tests.support.broker import NOW_MS, Guards, guarded


async def values(context: BrokerContext, partition: int = 0) -> list[bytes]:
    """Return what is in a partition of the topic."""
    wanted = WantedPartition(
        topic_name=AUDIT_TOPIC, partition=partition, offset=0, max_bytes=1 << 20
    )
    bounds = FetchBounds(max_bytes=1 << 20, min_bytes=1, wait_ms=5_000)
    (found,) = await fetch(context, ANONYMOUS, [wanted], bounds)
    assert found.error is None
    assert found.found is not None
    data = await read_slice(context, found.found)
    return [
        value or b"" for at, _ in iterate_headers(data) for value in decode_columns(data, at).values
    ]


async def test_topic_is_made_when_there_is_something_and_holds_it(context: BrokerContext) -> None:
    topic = AuditTopic(context)
    assert AUDIT_TOPIC not in context.image.topics

    topic.offer([b'{"a":1}\n', b'{"b":2}\n'])
    await topic.stop()

    assert context.image.topics[AUDIT_TOPIC].is_internal
    assert await values(context) == [b'{"a":1}', b'{"b":2}']


async def test_running_one_appends_what_it_is_offered(context: BrokerContext) -> None:
    topic = AuditTopic(context)
    task = asyncio.create_task(topic.run())

    topic.offer([b"one\n"])
    async with asyncio.timeout(30):
        while AUDIT_TOPIC not in context.image.topics:
            await asyncio.sleep(0.01)
        assert await values(context) == [b"one"]

    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_comes_close_together_is_one_batch(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 3_600.0)
    topic = AuditTopic(context)
    task = asyncio.create_task(topic.run())

    for line in (b"one\n", b"two\n", b"three\n"):
        topic.offer([line])
        await asyncio.sleep(0.01)
    assert AUDIT_TOPIC not in context.image.topics
    await topic.stop()

    wanted = WantedPartition(topic_name=AUDIT_TOPIC, partition=0, offset=0, max_bytes=1 << 20)
    bounds = FetchBounds(max_bytes=1 << 20, min_bytes=1, wait_ms=5_000)
    (found,) = await fetch(context, ANONYMOUS, [wanted], bounds)
    assert found.found is not None
    assert len(list(iterate_headers(await read_slice(context, found.found)))) == 1
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_there_is_no_room_for_is_counted(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    topic = AuditTopic(context)

    topic.offer([b"1\n", b"2\n", b"3\n"])
    await topic.stop()

    assert topic.missing == 1
    assert await values(context) == [b"2", b"3"]


async def test_topic_that_somebody_else_made_is_left_alone(context: BrokerContext) -> None:
    await context.catalog.create_topic(AUDIT_TOPIC, 1)
    await context.metadata.refresh()
    topic = AuditTopic(context)

    topic.offer([b"1\n"])
    await topic.stop()

    assert topic.missing == 1


async def test_node_that_came_later_adds_its_own_partition(context: BrokerContext) -> None:
    other = BrokerRegistration(node_id=7, host="h", http_port=1, kafka_port=2)
    await context.catalog.register_broker(other)
    await context.catalog.create_topic(AUDIT_TOPIC, [(7,)], is_internal=True)
    await context.metadata.refresh()
    topic = AuditTopic(context)

    topic.offer([b"1\n"])
    await topic.stop()
    topic.offer([b"2\n"])
    await topic.stop()

    partitions = context.image.topics[AUDIT_TOPIC].partitions
    assert [one.replicas for one in partitions] == [(7,), (context.node_id,)]
    assert (await values(context, 1), topic.missing) == ([b"1", b"2"], 0)


async def test_nodes_that_come_at_once_add_one_each(context: BrokerContext) -> None:
    await context.catalog.create_topic(AUDIT_TOPIC, [(7,)], is_internal=True)
    await context.metadata.refresh()
    await context.catalog.add_partitions(AUDIT_TOPIC, 2, replicas=[(8,)])
    topic = AuditTopic(context)

    topic.offer([b"1\n"])
    await topic.stop()  # what it knows of the topic is old, so nothing is added
    assert topic.missing == 0
    await context.metadata.refresh()
    await topic.stop()

    partitions = context.image.topics[AUDIT_TOPIC].partitions
    assert [one.replicas for one in partitions] == [(7,), (8,), (context.node_id,)]
    assert await values(context, 2) == [b"1"]


async def test_nobody_makes_the_topic_or_writes_to_it(context: BrokerContext) -> None:
    with pytest.raises(InvalidTopic, match="made by the server"):
        await create_topic(context, ANONYMOUS, NewTopic(name=AUDIT_TOPIC))
    topic = AuditTopic(context)
    topic.offer([b"1\n"])
    await topic.stop()

    with pytest.raises(InvalidTopic, match="internal topic"):
        await produce(context, ANONYMOUS, AUDIT_TOPIC, [((NOW_MS, None, b"x", ()), None)])


async def test_changing_the_topic_takes_alter_of_the_cluster(context: BrokerContext) -> None:
    topic = AuditTopic(context)
    topic.offer([b"1\n"])
    await topic.stop()
    normal = guarded(context, Guards(refused=frozenset({Operation.ALTER})))
    deleting = replace(normal, authorizer=OnlyTopics())

    with pytest.raises(ClusterAuthorizationFailed):
        await delete_topic(deleting, ANONYMOUS, AUDIT_TOPIC)
    with pytest.raises(ClusterAuthorizationFailed):
        await delete_records(deleting, ANONYMOUS, AUDIT_TOPIC, 0, 1)
    with pytest.raises(ClusterAuthorizationFailed):
        await add_partitions(deleting, ANONYMOUS, AUDIT_TOPIC, 2)
    with pytest.raises(ClusterAuthorizationFailed):
        await alter_topic_configs(deleting, ANONYMOUS, AUDIT_TOPIC, [])
    await delete_topic(context, ANONYMOUS, AUDIT_TOPIC)

    assert AUDIT_TOPIC not in context.image.topics


class OnlyTopics(Guards):
    """Allows everything of topics, and nothing of the cluster."""

    def authorize(self, principal, operation, resource):  # type: ignore[no-untyped-def]
        """Look at the kind."""
        return resource.kind.value == "TOPIC"
