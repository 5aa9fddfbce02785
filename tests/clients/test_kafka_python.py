"""kafka-python: administers, looks up offsets, and says what a broker refused."""

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import MessageSizeTooLargeError, TopicAlreadyExistsError

from tests.support.kafka_clients import PATIENCE_S, Record, kafka_python_write
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def admin(node: NodeProcess) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=node.bootstrap)
    yield admin
    admin.close()


def test_topics_are_created_grown_described_and_deleted(admin: KafkaAdminClient) -> None:
    topic = NewTopic("made", num_partitions=2, replication_factor=1)
    admin.create_topics([topic])
    with pytest.raises(TopicAlreadyExistsError):
        admin.create_topics([topic])
    admin.create_partitions({"made": NewPartitions(3)})

    (found,) = admin.describe_topics(["made"])
    assert len(found["partitions"]) == 3
    admin.delete_topics(["made"])
    assert "made" not in admin.list_topics()


def test_configs_and_cluster_are_described(admin: KafkaAdminClient, node: NodeProcess) -> None:
    node.create_topic("configured", 1, **{"retention.ms": "77"})

    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "configured")])
    cluster = admin.describe_cluster()

    assert "77" in str(found)
    assert node.kafka_port in [one["port"] for one in cluster["brokers"]]


def test_offsets_are_found_by_place_and_by_time(node: NodeProcess) -> None:
    node.create_topic("times", 1)
    start_ms = int(time.time() * 1000) - 10_000
    records = [Record(None, b"v", (), start_ms + 1000 * one) for one in range(5)]
    kafka_python_write(node, "times", records, {})
    consumer = KafkaConsumer(bootstrap_servers=node.bootstrap)
    place = TopicPartition("times", 0)

    assert consumer.beginning_offsets([place]) == {place: 0}
    assert consumer.end_offsets([place]) == {place: 5}
    assert consumer.offsets_for_times({place: start_ms + 1_500})[place].offset == 2
    assert consumer.partitions_for_topic("times") == {0}
    consumer.close()


def test_a_record_that_is_too_large_is_refused(node: NodeProcess) -> None:
    node.create_topic("small", 1, **{"max.message.bytes": "1000"})
    producer = KafkaProducer(bootstrap_servers=node.bootstrap, enable_idempotence=False)

    with pytest.raises(MessageSizeTooLargeError):
        producer.send("small", b"x" * 5_000).get(PATIENCE_S)
    assert producer.send("small", b"x").get(PATIENCE_S).offset == 0
    producer.close()
