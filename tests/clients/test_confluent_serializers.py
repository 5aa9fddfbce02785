"""confluent-kafka's serializers, sync and async: subject name strategies, references, headers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    AssociationCreateOrUpdateInfo,
    AssociationCreateOrUpdateRequest,
    AsyncSchemaRegistryClient,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import (
    AsyncAvroDeserializer,
    AsyncAvroSerializer,
    AvroDeserializer,
    AvroSerializer,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import (
    AsyncJSONDeserializer,
    AsyncJSONSerializer,
    JSONDeserializer,
    JSONSerializer,
)
from confluent_kafka.schema_registry.protobuf import (
    AsyncProtobufDeserializer,
    AsyncProtobufSerializer,
    ProtobufDeserializer,
    ProtobufSerializer,
)
from confluent_kafka.serialization import MessageField, SerializationContext
from google.longrunning.operations_pb2 import Operation

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

ORDER = {"id": 7, "item": {"name": "screw"}}
OPERATION = Operation(name="seven", done=True)
AVRO_ITEM = {"type": "record", "name": "Item", "fields": [{"name": "name", "type": "string"}]}
AVRO = {
    "type": "record",
    "name": "shop.Order",
    "fields": [{"name": "id", "type": "long"}, {"name": "item", "type": "Item"}],
}
JSON_ITEM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
JSON = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "shop.JsonOrder",
    "type": "object",
    "properties": {"id": {"type": "integer"}, "item": {"$ref": "item.json"}},
    "required": ["id"],
}
STRATEGIES = {
    "TOPIC": "{topic}-value",
    "RECORD": "{record}",
    "TOPIC_RECORD": "{topic}-{record}",
    "ASSOCIATED": "{topic}-value",
}
"""The last one asks the registry, and is the first one where a topic has no associations."""

RECORDS = {
    "AVRO": "shop.Order",
    "JSON": "shop.JsonOrder",
    "PROTOBUF": "google.longrunning.Operation",
}
VALUES: dict[str, Any] = {"AVRO": ORDER, "JSON": ORDER, "PROTOBUF": OPERATION}
Maker = Callable[..., Any]


def text_with_reference(registry: SchemaRegistryClient, kind: str) -> Schema:
    """Register what an order refers to; return the order's schema, which is not registered."""
    item, order, name = {
        "AVRO": (AVRO_ITEM, AVRO, "shop.Item"),
        "JSON": (JSON_ITEM, JSON, "item.json"),
    }[kind]
    if kind == "AVRO":
        item = {**AVRO_ITEM, "namespace": "shop"}
    registry.register_schema(f"{kind}-item", Schema(json.dumps(item), kind))
    return Schema(json.dumps(order), kind, [SchemaReference(name, f"{kind}-item", 1)])


def makers(kind: str, *, is_async: bool) -> tuple[Maker, Maker]:
    """Return how a serializer and a deserializer are made of client, schema and settings."""
    if kind == "PROTOBUF":
        writer = AsyncProtobufSerializer if is_async else ProtobufSerializer
        reader = AsyncProtobufDeserializer if is_async else ProtobufDeserializer
        return (
            lambda client, _, conf: writer(Operation, client, conf),
            lambda client, conf: reader(Operation, conf, client),
        )
    if kind == "AVRO":
        avro_writer = AsyncAvroSerializer if is_async else AvroSerializer
        avro_reader = AsyncAvroDeserializer if is_async else AvroDeserializer
        return (
            lambda client, schema, conf: avro_writer(client, schema, conf=conf),
            lambda client, conf: avro_reader(client, conf=conf),
        )
    json_writer = AsyncJSONSerializer if is_async else JSONSerializer
    json_reader = AsyncJSONDeserializer if is_async else JSONDeserializer
    return (
        lambda client, schema, conf: json_writer(schema, client, conf=conf),
        lambda client, conf: json_reader(None, schema_registry_client=client, conf=conf),
    )


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_values_with_references_go_round_under_every_strategy(
    node: NodeProcess, kind: str, strategy: str, is_async: bool
) -> None:
    registry = SchemaRegistryClient({"url": node.url})
    schema = None if kind == "PROTOBUF" else text_with_reference(registry, kind)
    topic = f"{kind}-{strategy}-{is_async}"
    context = SerializationContext(topic, MessageField.VALUE)
    make_writer, make_reader = makers(kind, is_async=is_async)
    conf = {"subject.name.strategy.type": strategy}

    async def go_round_async() -> Any:
        client = AsyncSchemaRegistryClient({"url": node.url})
        data = await (await make_writer(client, schema, conf))(VALUES[kind], context)
        other = AsyncSchemaRegistryClient({"url": node.url})
        return await (await make_reader(other, conf))(data, context)

    def go_round() -> Any:
        data = make_writer(registry, schema, conf)(VALUES[kind], context)
        other = SchemaRegistryClient({"url": node.url})
        return make_reader(other, conf)(data, context)

    read = asyncio.run(go_round_async()) if is_async else go_round()

    assert read == VALUES[kind]
    subject = STRATEGIES[strategy].format(topic=topic, record=RECORDS[kind])
    latest = registry.get_latest_version(subject)
    assert latest.schema.schema_type == kind
    assert latest.schema.references


@pytest.mark.parametrize("kind", RECORDS)
def test_the_guid_may_be_in_a_header(node: NodeProcess, kind: str) -> None:
    registry = SchemaRegistryClient({"url": node.url})
    schema = None if kind == "PROTOBUF" else text_with_reference(registry, kind)
    headers: list[tuple[str, str | bytes | None]] = []
    context = SerializationContext(f"{kind}-header", MessageField.VALUE, headers)
    make_writer, make_reader = makers(kind, is_async=False)

    conf = {"schema.id.serializer": header_schema_id_serializer}
    data = make_writer(registry, schema, conf)(VALUES[kind], context)
    read = make_reader(SchemaRegistryClient({"url": node.url}), {})(data, context)

    assert read == VALUES[kind]
    ((name, value),) = headers
    assert name == "__value_schema_id"
    assert isinstance(value, bytes)
    assert value[0] == 1
    bare = {"AVRO": b"\x0e\x0ascrew", "PROTOBUF": OPERATION.SerializeToString()}
    assert data == bare.get(kind, data)


@pytest.mark.parametrize("kind", ["AVRO", "JSON"])
def test_what_does_not_fit_and_what_is_not_registered_is_refused(
    node: NodeProcess, kind: str
) -> None:
    registry = SchemaRegistryClient({"url": node.url})
    schema = text_with_reference(registry, kind)
    context = SerializationContext(f"{kind}-refused", MessageField.VALUE)
    make_writer, _ = makers(kind, is_async=False)

    strict = make_writer(registry, schema, {"auto.register.schemas": False})
    with pytest.raises(Exception, match="40401"):
        strict(ORDER, context)
    with pytest.raises(Exception, match="id"):
        make_writer(registry, schema, {})({"item": {"name": "a"}}, context)


@pytest.mark.parametrize("is_key", [False, True], ids=["value", "key"])
def test_a_serializer_asks_which_subject_a_topic_has(node: NodeProcess, is_key: bool) -> None:
    registry = SchemaRegistryClient({"url": node.url})
    topic, subject = f"orders-{is_key}", f"shop.orders-{is_key}"
    kind = "key" if is_key else "value"
    registry.register_schema(subject, Schema(json.dumps(AVRO_ITEM), "AVRO"))
    made = registry.create_association(
        AssociationCreateOrUpdateRequest(
            resource_name=topic,
            resource_namespace="lkc-1",
            resource_id=f"lkc-1:{topic}",
            resource_type="topic",
            associations=[
                AssociationCreateOrUpdateInfo(
                    subject=subject, association_type=kind, lifecycle="STRONG", frozen=True
                )
            ],
        )
    )
    conf = {"subject.name.strategy.type": "ASSOCIATED", "auto.register.schemas": False}
    field = MessageField.KEY if is_key else MessageField.VALUE
    context = SerializationContext(topic, field)

    data = AvroSerializer(registry, json.dumps(AVRO_ITEM), conf=conf)({"name": "nut"}, context)

    assert AvroDeserializer(registry)(data, context) == {"name": "nut"}
    assert made.associations is not None
    assert made.associations[0].frozen
    found = registry.get_associations_by_resource_name(topic, "-", "topic", [kind])
    assert [one.subject for one in found] == [subject]
    with pytest.raises(SchemaRegistryError) as refused:
        registry.delete_associations(f"lkc-1:{topic}", "topic")
    assert refused.value.error_code == 40908
    registry.delete_associations(f"lkc-1:{topic}", "topic", cascade_lifecycle=True)
    assert registry.get_associations_by_resource_name(topic, "lkc-1", "topic") == []
    assert subject not in registry.get_subjects()
