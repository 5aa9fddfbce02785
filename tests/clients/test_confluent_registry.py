"""Registry clients of others: confluent-kafka with its serializers, two for Node, Java's."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.rpc.status_pb2 import Status

from tests.support.client_programs import PATIENCE_S, ClientPrograms
from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

ORDER = """{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": null}]}"""
ORDER_WITHOUT_ID = """{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "number", "type": "long"}]}"""
JSON_ORDER = """{"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order",
    "type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["id"]}"""
STRATEGIES: list[tuple[Callable[..., str | None], str]] = [
    (topic_subject_name_strategy, "{topic}-value"),
    (record_subject_name_strategy, "shop.Order"),
    (topic_record_subject_name_strategy, "{topic}-shop.Order"),
]


@pytest.fixture
def registry(node: NodeProcess) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": node.url})


def through_kafka(node: NodeProcess, topic: str, data: bytes) -> bytes:
    """Write a value by the Kafka protocol, and read it again."""
    node.create_topic(topic, 1)
    producer = Producer({"bootstrap.servers": node.bootstrap})
    producer.produce(topic, data)
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": topic})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.error() is None
    value = message.value()
    assert isinstance(value, bytes)
    return value


@pytest.mark.parametrize(("strategy", "subject"), STRATEGIES)
def test_avro_goes_through_kafka_under_every_subject_name_strategy(
    node: NodeProcess, registry: SchemaRegistryClient, strategy: Any, subject: str
) -> None:
    topic = f"avro-{strategy.__name__}"
    context = SerializationContext(topic, MessageField.VALUE)
    serialize = AvroSerializer(registry, ORDER, conf={"subject.name.strategy": strategy})
    order = {"id": 7, "note": "n"}

    data = through_kafka(node, topic, serialize(order, context))

    assert AvroDeserializer(registry)(data, context) == order
    assert subject.format(topic=topic) in registry.get_subjects()


def test_json_goes_through_kafka_and_what_does_not_fit_is_refused(
    node: NodeProcess, registry: SchemaRegistryClient
) -> None:
    context = SerializationContext("json", MessageField.VALUE)
    serialize = JSONSerializer(JSON_ORDER, registry)

    data = through_kafka(node, "json", serialize({"id": 7}, context))

    assert JSONDeserializer(None, schema_registry_client=registry)(data, context) == {"id": 7}
    with pytest.raises(Exception, match="id"):
        serialize({"note": "n"}, context)


def test_protobuf_goes_through_kafka(node: NodeProcess, registry: SchemaRegistryClient) -> None:
    context = SerializationContext("protobuf", MessageField.VALUE)
    serialize = ProtobufSerializer(Status, registry, {"use.deprecated.format": False})
    status = Status(code=7, message="seven")

    data = through_kafka(node, "protobuf", serialize(status, context))

    read = ProtobufDeserializer(Status, {"use.deprecated.format": False}, registry)
    assert read(data, context) == status
    assert "google.rpc" in registry.get_latest_version("protobuf-value").schema.schema_str


def test_references_of_all_types_are_resolved(registry: SchemaRegistryClient) -> None:
    kinds = {
        "AVRO": (
            '{"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]}',
            '{"type": "record", "name": "B", "fields": [{"name": "a", "type": "A"}]}',
            "A",
        ),
        "JSON": (
            '{"type": "object", "properties": {"x": {"type": "integer"}}}',
            '{"type": "object", "properties": {"a": {"$ref": "a.json"}}}',
            "a.json",
        ),
        "PROTOBUF": (
            'syntax = "proto3"; package p; message A { int32 x = 1; }',
            'syntax = "proto3"; import "a.proto"; message B { p.A a = 1; }',
            "a.proto",
        ),
    }
    for kind, (referred, text, name) in kinds.items():
        registry.register_schema(f"{kind}-a", Schema(referred, kind))
        reference = SchemaReference(name, f"{kind}-a", 1)
        number = registry.register_schema(f"{kind}-b", Schema(text, kind, [reference]))

        found = registry.get_schema(number)

        assert found.references == [reference]
        assert found.schema_type == kind
        with pytest.raises(SchemaRegistryError) as refused:
            registry.delete_version(f"{kind}-a", 1)
        assert refused.value.error_code == 42206


def test_compatibility_is_checked_and_set(registry: SchemaRegistryClient) -> None:
    registry.register_schema("checked", Schema(ORDER, "AVRO"))

    assert not registry.test_compatibility("checked", Schema(ORDER_WITHOUT_ID, "AVRO"))
    with pytest.raises(SchemaRegistryError) as refused:
        registry.register_schema("checked", Schema(ORDER_WITHOUT_ID, "AVRO"))
    assert refused.value.http_status_code == 409
    registry.set_compatibility("checked", "NONE")
    registry.register_schema("checked", Schema(ORDER_WITHOUT_ID, "AVRO"))
    assert registry.get_versions("checked") == [1, 2]
    assert registry.get_compatibility("checked") == "NONE"


def test_subjects_and_versions_are_found_and_deleted(registry: SchemaRegistryClient) -> None:
    number = registry.register_schema("deleted", Schema(ORDER, "AVRO"))

    found = registry.lookup_schema("deleted", Schema(ORDER, "AVRO"))
    assert (found.schema_id, found.version) == (number, 1)
    assert registry.get_version("deleted", 1).schema_id == number
    assert registry.delete_subject("deleted") == [1]
    assert "deleted" not in registry.get_subjects()
    assert registry.delete_subject("deleted", permanent=True) == [1]
    with pytest.raises(SchemaRegistryError) as refused:
        registry.get_latest_version("deleted")
    assert (refused.value.http_status_code, refused.value.error_code) == (404, 40401)


def test_many_register_the_same_and_different_schemas_at_once(node: NodeProcess) -> None:
    def text(number: int) -> str:
        return ORDER.replace('"Order"', f'"Order{number}"')

    async def register(client: AsyncSchemaRegistryClient, number: int) -> int:
        return await client.register_schema(f"at-once-{number}", Schema(text(number), "AVRO"))

    async def register_all() -> list[int]:
        client = AsyncSchemaRegistryClient({"url": node.url})
        return list(await asyncio.gather(*(register(client, one % 20) for one in range(100))))

    numbers = asyncio.run(register_all())

    assert len(set(numbers)) == 20
    assert all(len(set(numbers[one::20])) == 1 for one in range(20))
    assert max(numbers) - min(numbers) == 19


@pytest.mark.parametrize(
    "program", ["confluent_schema_registry.cjs", "confluentinc_schemaregistry.cjs"]
)
def test_clients_for_node_register_encode_and_decode(node: NodeProcess, program: str) -> None:
    ran = subprocess.run(
        ["node", ROOT / "tests" / "clients" / "programs" / program, node.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "everything held" in ran.stdout


def test_confluent_s_client_for_java_and_python_s_read_each_other(
    node: NodeProcess, registry: SchemaRegistryClient, tmp_path: Path
) -> None:
    context = SerializationContext("java", MessageField.VALUE)
    data = AvroSerializer(registry, ORDER)({"id": 7, "note": None}, context)
    assert data is not None

    ran = subprocess.run(
        [*ClientPrograms(tmp_path).java_registry, node.url, data.hex()],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    said, theirs = ran.stdout.splitlines()[-2:]
    assert said == "everything held"
    assert AvroDeserializer(registry)(bytes.fromhex(theirs), context) == {"id": 8}
