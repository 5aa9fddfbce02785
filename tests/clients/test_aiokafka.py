"""aiokafka: administers, looks up offsets, and waits at the end of a partition."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError

from tests.support.kafka_clients import PATIENCE_S, Record, aiokafka_write
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


async def test_topics_are_created_configured_grown_and_deleted(node: NodeProcess) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("made", 2, 1, topic_configs={"retention.ms": "77"})])
        await admin.create_partitions({"made": NewPartitions(4)})
        (described,) = await admin.describe_topics(["made"])
        resource = ConfigResource(ConfigResourceType.TOPIC, "made")
        configs = await admin.describe_configs([resource])
        cluster = await admin.describe_cluster()
        await admin.delete_topics(["made"])
        left = await admin.list_topics()
    finally:
        await admin.close()

    assert len(described["partitions"]) == 4
    assert "77" in str(configs)
    assert cluster["brokers"][0]["port"] == node.kafka_port
    assert "made" not in left


async def test_offsets_are_found_and_records_deleted(node: NodeProcess) -> None:
    node.create_topic("times", 1)
    start_ms = int(time.time() * 1000) - 10_000
    records = [Record(None, b"v", (), start_ms + 1000 * one) for one in range(5)]
    await asyncio.to_thread(aiokafka_write, node, "times", records, {})
    place = TopicPartition("times", 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=node.bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await consumer.start()
    await admin.start()
    try:
        assert await consumer.end_offsets([place]) == {place: 5}
        found = await consumer.offsets_for_times({place: start_ms + 1_500})
        await admin.delete_records({place: RecordsToDelete(before_offset=2)})
        assert await consumer.beginning_offsets([place]) == {place: 2}
    finally:
        await consumer.stop()
        await admin.close()

    assert found[place].offset == 2


async def test_a_consumer_waits_for_what_comes_later_and_a_large_record_is_refused(
    node: NodeProcess,
) -> None:
    node.create_topic("later", 1, **{"max.message.bytes": "1000"})
    consumer = AIOKafkaConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=node.bootstrap)
    await consumer.start()
    await producer.start()
    try:
        place = TopicPartition("later", 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        waiting = asyncio.create_task(consumer.getone())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait("later", b"x" * 5_000)
        await producer.send_and_wait("later", b"came")
        found = await asyncio.wait_for(waiting, PATIENCE_S)
    finally:
        await producer.stop()
        await consumer.stop()

    assert found.value == b"came"
