"""confluent-kafka (librdkafka): topics, configs, offsets, records are administered; what fails."""

import time

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from tests.support.kafka_clients import PATIENCE_S, Record, confluent_read, confluent_write
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def admin(node: NodeProcess) -> AdminClient:
    return AdminClient({"bootstrap.servers": node.bootstrap})


def filled(node: NodeProcess, topic: str, count: int = 10) -> int:
    """Make a topic with records a second apart; return the time of the first one."""
    start_ms = int(time.time() * 1000) - 1000 * count
    node.create_topic(topic, 1)
    records = [Record(None, b"%d" % one, (), start_ms + 1000 * one) for one in range(count)]
    confluent_write(node, topic, records, {})
    return start_ms


def test_topics_are_created_described_grown_and_deleted(
    node: NodeProcess, admin: AdminClient
) -> None:
    topic = NewTopic("made", num_partitions=3, config={"retention.ms": "5000"})
    admin.create_topics([topic])["made"].result(PATIENCE_S)
    with pytest.raises(KafkaException) as caught:
        admin.create_topics([topic])["made"].result(PATIENCE_S)
    assert caught.value.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS

    found = admin.list_topics(timeout=PATIENCE_S)
    assert len(found.topics["made"].partitions) == 3
    assert {(one.host, one.port) for one in found.brokers.values()} == {
        ("127.0.0.1", node.kafka_port)
    }
    admin.create_partitions([NewPartitions("made", 5)])["made"].result(PATIENCE_S)
    assert len(admin.list_topics("made", timeout=PATIENCE_S).topics["made"].partitions) == 5
    admin.delete_topics(["made"])["made"].result(PATIENCE_S)
    assert "made" not in admin.list_topics(timeout=PATIENCE_S).topics


def test_configs_are_described_and_changed(node: NodeProcess, admin: AdminClient) -> None:
    node.create_topic("configured", 1)
    resource = ConfigResource(ConfigResource.Type.TOPIC, "configured")

    def value(key: str) -> str:
        found = admin.describe_configs([resource])[resource].result(PATIENCE_S)
        return str(found[key].value)

    changed = ConfigResource(
        ConfigResource.Type.TOPIC,
        "configured",
        incremental_configs=[
            ConfigEntry("retention.ms", "77", incremental_operation=AlterConfigOpType.SET),
            ConfigEntry(
                "cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND
            ),
        ],
    )
    admin.incremental_alter_configs([changed])[changed].result(PATIENCE_S)
    assert (value("retention.ms"), value("cleanup.policy")) == ("77", "delete,compact")
    all_of_it = ConfigResource(
        ConfigResource.Type.TOPIC, "configured", set_config={"segment.ms": "88"}
    )
    admin.alter_configs([all_of_it])[all_of_it].result(PATIENCE_S)
    assert (value("retention.ms"), value("segment.ms")) == ("604800000", "88")
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert admin.describe_configs([broker])[broker].result(PATIENCE_S)["node.id"].value == "1"


def test_offsets_are_found_by_place_and_by_time(node: NodeProcess, admin: AdminClient) -> None:
    start_ms = filled(node, "times")
    place = TopicPartition("times", 0)

    def offset(spec: OffsetSpec) -> int:
        return int(admin.list_offsets({place: spec})[place].result(PATIENCE_S).offset)

    assert offset(OffsetSpec.earliest()) == 0
    assert offset(OffsetSpec.latest()) == 10
    assert offset(OffsetSpec.max_timestamp()) == 9
    assert offset(OffsetSpec.for_timestamp(start_ms + 2_001)) == 3
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": "none"})
    asked = TopicPartition("times", 0, start_ms + 4_000)
    assert consumer.offsets_for_times([asked], timeout=PATIENCE_S)[0].offset == 4
    assert consumer.get_watermark_offsets(place, timeout=PATIENCE_S) == (0, 10)
    consumer.close()


def test_records_are_deleted_and_who_asks_for_them_is_reset(
    node: NodeProcess, admin: AdminClient
) -> None:
    filled(node, "shortened")

    (deleted,) = admin.delete_records([TopicPartition("shortened", 0, 4)]).values()
    assert deleted.result(PATIENCE_S).low_watermark == 4
    consumer = Consumer(
        {
            "bootstrap.servers": node.bootstrap,
            "group.id": "none",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition("shortened", 0, 1)])
    message = consumer.poll(PATIENCE_S)
    assert message is not None
    assert (message.error(), message.offset()) == (None, 4)
    consumer.close()


def test_the_cluster_is_described(node: NodeProcess, admin: AdminClient) -> None:
    found = admin.describe_cluster().result(PATIENCE_S)

    assert [(one.id, one.port) for one in found.nodes] == [(1, node.kafka_port)]
    assert found.cluster_id


def test_a_topic_that_is_asked_for_is_made(node: NodeProcess) -> None:
    confluent_write(node, "asked-for", [Record(None, b"first", (), 1_700_000_000_000)], {})

    assert [one.value for one in confluent_read(node, "asked-for", 1)] == [b"first"]


def test_a_record_that_is_too_large_is_refused_and_the_next_one_taken(node: NodeProcess) -> None:
    node.create_topic("small", 1, **{"max.message.bytes": "1000"})
    errors: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": node.bootstrap, "linger.ms": 0})
    for size in (5_000, 10):
        producer.produce("small", b"x" * size, on_delivery=lambda error, _: errors.append(error))
        producer.flush(PATIENCE_S)

    assert errors[0] is not None
    assert errors[0].code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert errors[1] is None


def test_a_consumer_waits_at_the_end_for_what_comes_later(node: NodeProcess) -> None:
    node.create_topic("later", 1)
    consumer = Consumer(
        {"bootstrap.servers": node.bootstrap, "group.id": "none", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition("later", 0, 0)])
    assert consumer.poll(0.5) is None

    confluent_write(node, "later", [Record(None, b"came", (), 1_700_000_000_000)], {})

    message = consumer.poll(PATIENCE_S)
    assert message is not None
    assert message.value() == b"came"
    consumer.close()


def test_an_idempotent_producer_goes_on_over_a_kill(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every acknowledged record is there once, in order, though the server died in between."""
    node = NodeProcess(tmp_path_factory.mktemp("killed") / "data")
    node.start()
    node.create_topic("once", 1)
    delivered: list[int] = []
    producer = Producer(
        {"bootstrap.servers": node.bootstrap, "enable.idempotence": True, "linger.ms": 1}
    )

    def on_delivery(error: KafkaError | None, message: object) -> None:
        assert error is None, error
        delivered.append(1)

    for number in range(6_000):
        producer.produce("once", b"%d" % number, partition=0, on_delivery=on_delivery)
        producer.poll(0)
        if number in (2_000, 4_000):
            while not delivered:
                producer.poll(0.01)
            node.kill()
            node.start()
    assert producer.flush(PATIENCE_S) == 0

    found = confluent_read(node, "once", 6_000)
    assert [one.value for one in found] == [b"%d" % number for number in range(6_000)]
    assert len(delivered) == 6_000
    assert node.stop() == 0
