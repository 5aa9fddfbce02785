"""What confluent-kafka's serializers write is shown by every door, and the other way round."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.rpc.status_pb2 import Status
from websockets.asyncio.client import connect

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

PATIENCE_S = 60
AVRO = json.dumps(
    {
        "type": "record",
        "name": "Order",
        "namespace": "shop",
        "fields": [
            {"name": "code", "type": "int"},
            {"name": "message", "type": ["null", "string"], "default": None},
        ],
    }
)
JSON = json.dumps(
    {
        "title": "Order",
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
    }
)
PROTOBUF = """syntax = "proto3"; package google.rpc; import "google/protobuf/any.proto";
message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }"""


class Kind(NamedTuple):
    """One format: how others write and read it, and what the doors show."""

    name: str
    v2: str
    text: str
    serializer: Callable[[SchemaRegistryClient, dict[str, Any]], Any]
    deserializer: Callable[[SchemaRegistryClient], Any]
    value: Any
    shown: Any
    bad: Any
    """JSON that the schema does not take; its fault is at ``/code``."""


KINDS = [
    Kind(
        "AVRO",
        "avro",
        AVRO,
        lambda registry, conf: AvroSerializer(registry, AVRO, conf=conf),
        AvroDeserializer,
        {"code": 7, "message": "ä"},
        {"code": 7, "message": {"string": "ä"}},
        {"code": "x"},
    ),
    Kind(
        "JSONSCHEMA",
        "jsonschema",
        JSON,
        lambda registry, conf: JSONSerializer(JSON, registry, conf=conf),
        lambda registry: JSONDeserializer(JSON, schema_registry_client=registry),
        {"code": 7, "message": "ä"},
        {"code": 7, "message": "ä"},
        {"code": "x"},
    ),
    Kind(
        "PROTOBUF",
        "protobuf",
        PROTOBUF,
        lambda registry, conf: ProtobufSerializer(Status, registry, conf=conf),
        lambda registry: ProtobufDeserializer(Status, {"use.deprecated.format": False}),
        Status(code=7, message="ä"),
        {"code": 7, "message": "ä", "details": []},
        {"code": "x"},
    ),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=[one.name for one in KINDS])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory: Path = tmp_path_factory.mktemp("node")
    node = NodeProcess(directory / "data")
    node.start()
    yield node
    assert node.stop() == 0


@pytest.fixture(scope="module")
def registry(node: NodeProcess) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": node.url})


@pytest.fixture
def topic(node: NodeProcess, request: pytest.FixtureRequest) -> str:
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    node.create_topic(name, 1)
    return name


def value_of(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE, [])


def send(node: NodeProcess, topic: str, value: bytes | None, **more: Any) -> KafkaError | None:
    """Write a value by the Kafka protocol; return why it was refused."""
    outcome: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": node.bootstrap})
    producer.produce(topic, value, on_delivery=lambda error, _: outcome.append(error), **more)
    assert producer.flush(PATIENCE_S) == 0
    return outcome[0]


def read(node: NodeProcess, topic: str, count: int) -> list[Message]:
    """Read the first values by the Kafka protocol."""
    settings = {"bootstrap.servers": node.bootstrap, "group.id": f"read-{topic}"}
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        found = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < count and time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None:
                assert message.error() is None
                found.append(message)
    assert len(found) == count
    return found


# -- what the doors show -----------------------------------------------------------------------


def by_v3(node: NodeProcess, topic: str, **query: str) -> list[Any]:
    answer = httpx.get(f"{node.topics}/{topic}/partitions/0/records", params=query)
    assert answer.status_code == 200, answer.text
    return [one["value"] for one in answer.json()["data"]]


def by_v2(node: NodeProcess, topic: str, v2: str, **settings: str) -> httpx.Response:
    kafka = {"content-type": "application/vnd.kafka.v2+json"}
    here = f"{node.url}/consumers/v2-{topic}"
    httpx.post(here, json={"name": "i", "format": v2, **settings}, headers=kafka).raise_for_status()
    here = f"{here}/instances/i"
    places = {"partitions": [{"topic": topic, "partition": 0}]}
    for step in ("assignments", "positions/beginning"):
        httpx.post(f"{here}/{step}", json=places, headers=kafka).raise_for_status()
    accept = {"accept": f"application/vnd.kafka.{v2}.v2+json"}
    return httpx.get(f"{here}/records", headers=accept, timeout=PATIENCE_S)


async def by_socket(node: NodeProcess, topic: str, count: int, **options: Any) -> list[Any]:
    frame = {
        "type": "assign",
        "sub": "s",
        "partitions": [{"topic": topic, "from": "earliest"}],
        "credit": "unbounded",
        **options,
    }
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE_S), connect(f"ws://127.0.0.1:{node.port}/v3/ws") as socket:
        await socket.send(json.dumps(frame))
        async for message in socket:
            got = json.loads(message)
            assert got["type"] != "error", got
            for part in got.get("slices", ()):
                found += part["records"] + part.get("skipped", [])
            if len(found) >= count:
                break
    return found


def by_sse(node: NodeProcess, topic: str, **query: str) -> list[Any]:
    query |= {"from": "earliest", "until": "end"}
    answer = httpx.get(f"{node.topics}/{topic}/records:stream", params=query, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    found = []
    for event in answer.text.split("\n\n"):
        lines = dict(one.split(": ", 1) for one in event.splitlines() if ": " in one)
        if lines.get("event") == "records":
            found += [one["value"] for one in json.loads(lines["data"])["records"]]
    return found


@kinds
async def test_what_serializers_write_every_door_shows(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str, kind: Kind
) -> None:
    serializer = kind.serializer(registry, {})
    data = serializer(kind.value, value_of(topic))
    assert send(node, topic, data) is None
    schema_id = int.from_bytes(data[1:5], "big")
    expected = {"type": kind.name, "schema_id": schema_id, "data": kind.shown}

    assert by_v3(node, topic) == by_v3(node, topic, value_type=kind.name) == [expected]
    assert by_v3(node, topic, filter="value.code == 7") == [expected]
    assert by_v3(node, topic, filter="value.code == 8") == []
    assert by_v3(node, topic, value_type="BINARY")[0]["type"] == "BINARY"
    (shown,) = by_v2(node, topic, kind.v2).json()
    assert shown["value"] == kind.shown
    (framed,) = await by_socket(node, topic, 1)
    assert framed["value"] == expected
    (filtered,) = await by_socket(node, topic, 1, where="value.code == 7")
    assert filtered["value"] == expected
    assert by_sse(node, topic) == [expected]


@kinds
def test_guid_in_a_header_names_the_schema_as_well(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str, kind: Kind
) -> None:
    context = value_of(topic)
    conf = {"schema.id.serializer": header_schema_id_serializer}
    data = kind.serializer(registry, conf)(kind.value, context)
    headers = context.headers
    assert headers, "the serializer names the schema there"

    assert send(node, topic, data, headers=headers) is None

    (shown,) = by_v3(node, topic)
    assert (shown["type"], shown["data"]) == (kind.name, kind.shown)
    assert by_v2(node, topic, kind.v2).json()[0]["value"] == kind.shown


@kinds
async def test_what_the_doors_write_deserializers_read(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str, kind: Kind
) -> None:
    by_text = {"value": {"type": kind.name, "schema": kind.text, "data": kind.shown}}
    receipt = httpx.post(f"{node.topics}/{topic}/records", json=by_text).json()
    assert receipt["error_code"] == 200, receipt
    schema_id = receipt["value"]["schema_id"]
    by_id = {"value": {"schema_id": schema_id, "data": kind.shown}}
    latest = {"value": {"data": kind.shown}}
    for record in (by_id, latest):
        answer = httpx.post(f"{node.topics}/{topic}/records", json=record).json()
        assert answer["value"] == receipt["value"]
    answer = httpx.post(
        f"{node.url}/topics/{topic}",
        content=json.dumps({"value_schema_id": schema_id, "records": [{"value": kind.shown}]}),
        headers={"content-type": f"application/vnd.kafka.{kind.v2}.v2+json"},
    )
    assert answer.json()["value_schema_id"] == schema_id
    async with asyncio.timeout(PATIENCE_S), connect(f"ws://127.0.0.1:{node.port}/v3/ws") as socket:
        produce = {"type": "produce", "id": 1, "topic": topic, "records": [by_id]}
        await socket.send(json.dumps(produce))
        async for message in socket:
            got = json.loads(message)
            if got["type"] == "receipt":
                break
    deserializer = kind.deserializer(registry)

    for message in read(node, topic, 5):
        assert deserializer(message.value(), value_of(topic)) == kind.value


@kinds
async def test_fault_is_named_by_every_door(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str, kind: Kind
) -> None:
    schema_type = {"JSONSCHEMA": "JSON"}.get(kind.name, kind.name)
    schema_id = registry.register_schema(f"{topic}-value", Schema(kind.text, schema_type))
    bad, good = ({"value": {"data": one}} for one in (kind.bad, kind.shown))

    lines = httpx.post(
        f"{node.topics}/{topic}/records",
        content=json.dumps(bad) + json.dumps(good),
        headers={"content-type": "application/json"},
    ).text.split("\r\n")
    first, second = (json.loads(one) for one in lines[:2])
    assert (first["error_code"], second["error_code"]) == (422, 200)
    assert "42203" in first["message"]
    assert "(at /code)" in first["message"]
    refused = httpx.post(
        f"{node.url}/topics/{topic}",
        content=json.dumps({"value_schema_id": schema_id, "records": [{"value": kind.bad}]}),
        headers={"content-type": f"application/vnd.kafka.{kind.v2}.v2+json"},
    )
    assert (refused.status_code, refused.json()["error_code"]) == (422, 42203)
    async with asyncio.timeout(PATIENCE_S), connect(f"ws://127.0.0.1:{node.port}/v3/ws") as socket:
        produce = {"type": "produce", "id": 1, "topic": topic, "records": [bad, good]}
        await socket.send(json.dumps(produce))
        async for message in socket:
            got = json.loads(message)
            if got["type"] == "receipt":
                break
    assert "(at /code)" in json.dumps(got)
    assert len(by_v3(node, topic)) == 2


async def test_policies_hold_for_what_does_not_decode(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str
) -> None:
    schema_id = registry.register_schema(f"{topic}-value", Schema(AVRO, "AVRO"))
    broken = b"\0" + schema_id.to_bytes(4, "big") + b"\xff"
    good = KINDS[0].serializer(registry, {})(KINDS[0].value, value_of(topic))
    for value in (broken, good):
        assert send(node, topic, value) is None

    skipping = by_v2(node, f"{topic}", "avro", **{"decode.policy": "skip"})
    assert [one["value"] for one in skipping.json()] == [KINDS[0].shown]
    assert skipping.headers["cauce-skipped-records"].startswith("1; ")
    noted, sent = sorted(
        await by_socket(node, topic, 2, value_type="AVRO", undecodable="skip"),
        key=lambda one: one["offset"],
    )
    assert noted["offset"] == 0
    assert "reason" in noted
    assert sent["value"]["data"] == KINDS[0].shown
    raw, shown = by_v3(node, topic)
    assert (raw["type"], shown["type"]) == ("BINARY", "AVRO")


def test_references_are_followed_by_doors_and_clients(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str
) -> None:
    registry.register_schema("shop.Order", Schema(AVRO, "AVRO"))
    text = json.dumps(
        {"type": "record", "name": "Box", "fields": [{"name": "order", "type": "shop.Order"}]}
    )
    reference = SchemaReference("shop.Order", "shop.Order", 1)
    registry.register_schema(f"{topic}-value", Schema(text, "AVRO", [reference]))
    value = {"order": {"code": 1, "message": {"string": "m"}}}

    answer = httpx.post(f"{node.topics}/{topic}/records", json={"value": {"data": value}}).json()

    assert answer["error_code"] == 200, answer
    assert by_v3(node, topic)[0]["data"] == value
    (message,) = read(node, topic, 1)
    found = AvroDeserializer(registry)(message.value(), value_of(topic))
    assert found == {"order": {"code": 1, "message": "m"}}


@kinds
def test_topic_that_wants_schemas_refuses_everything_else(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str, kind: Kind
) -> None:
    configs = f"{node.topics}/{topic}/configs"
    changes = {
        "data": [
            {"name": "confluent.value.schema.validation", "value": "true"},
            {"name": "cauce.value.schema.validation.level", "value": "full"},
        ]
    }
    assert httpx.post(f"{configs}:alter", json=changes).status_code == 204
    data = kind.serializer(registry, {})(kind.value, value_of(topic))

    assert send(node, topic, data) is None
    assert send(node, topic, None, key=b"k") is None
    for bad in (b"text", b"\0\0\1\0\0" + data[5:], data[:5] + b"\xff\xff"):
        error = send(node, topic, bad)
        assert error is not None
        assert error.code() == KafkaError.INVALID_RECORD
    plain = httpx.post(
        f"{node.topics}/{topic}/records", json={"value": {"type": "JSON", "data": 1}}
    ).json()
    assert plain["error_code"] == 40002
    assert "schema validation" in plain["message"]
    assert [one and one["type"] for one in by_v3(node, topic)] == [kind.name, None]


def test_messages_that_are_nested_or_later_are_shown(
    node: NodeProcess, registry: SchemaRegistryClient, topic: str
) -> None:
    text = (
        'syntax = "proto3"; message A { message In { int32 x = 1; } } message B { string b = 1; }'
    )
    schema_id = registry.register_schema(f"{topic}-value", Schema(text, "PROTOBUF"))
    prefix = b"\0" + schema_id.to_bytes(4, "big")
    send(node, topic, prefix + b"\4\0\0\x08\5")
    send(node, topic, prefix + b"\2\2\x0a\1b")

    assert [one["data"] for one in by_v3(node, topic)] == [{"x": 5}, {"b": "b"}]
