"""Speed of schemas in REST v2: JSON in, bytes of Avro, Protobuf and JSON Schema in the log.

Floor of each is what the library alone makes of the same values, without a server around it, in
processor time of the same run: fastavro's write, protobuf's message from arguments, jsonschema-rs's
answer; each with the reading of the JSON.
"""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import httpx
import jsonschema_rs
import msgspec
import uvloop
from google.protobuf.message_factory import GetMessageClass

from benchmarks.figures import Figure, Pace
from benchmarks.floors import per_cpu_second
from benchmarks.load import closed_loop, request
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from tests.support.node import NodeProcess

BODY_RECORDS = 500
PRODUCERS = 4
GOALS = {"avro": 40_000, "protobuf": 30_000, "jsonschema": 80_000}
CONTENT_TYPE = b"application/vnd.kafka.%b.v2+json"

RECORD: dict[str, Any] = {
    "id": 1_234_567,
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "name": "a name of some length",
    "price": 12.75,
    "quantity": 3,
    "paid": True,
    "tags": ["one", "two", "three"],
    "at": 1_764_000_000_000,
    "status": "OPEN",
    "note": "a note",
}
"""Ten fields, as in the comparison of libraries that the choice rests on."""

AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "uuid", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "price", "type": "double"},
        {"name": "quantity", "type": "int"},
        {"name": "paid", "type": "boolean"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "status", "type": {"type": "enum", "name": "S", "symbols": ["OPEN", "CLOSED"]}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
PROTOBUF = """syntax = "proto3";
message Order {
  int64 id = 1;
  string uuid = 2;
  string name = 3;
  double price = 4;
  int32 quantity = 5;
  bool paid = 6;
  repeated string tags = 7;
  int64 at = 8;
  enum Status { OPEN = 0; CLOSED = 1; }
  Status status = 9;
  optional string note = 10;
}
"""
JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "uuid": {"type": "string", "minLength": 36, "maxLength": 36},
        "name": {"type": "string"},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer"},
        "paid": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "at": {"type": "integer"},
        "status": {"enum": ["OPEN", "CLOSED"]},
        "note": {"type": ["string", "null"]},
    },
    "required": ["id", "uuid"],
    "additionalProperties": False,
}
SCHEMAS = {"avro": json.dumps(AVRO), "protobuf": PROTOBUF, "jsonschema": json.dumps(JSON_SCHEMA)}
VALUES = {
    "avro": RECORD | {"note": {"string": "a note"}},
    "protobuf": RECORD,
    "jsonschema": RECORD,
}

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce of each format, beside the same records as plain JSON."""
    node = NodeProcess(directory / "data")
    node.start()
    try:
        node.create_topic("json", 1)
        yield _plain(node, pace)
        for kind in SCHEMAS:
            node.create_topic(kind, 1)
            yield _produce(node, kind, pace)
            yield _consume(node, kind, pace)
    finally:
        node.stop()


def _body(value: Any, **more: Any) -> bytes:
    records = [{"value": {**value, "id": 10**7 + number}} for number in range(BODY_RECORDS)]
    return json.dumps({"records": records, **more}, separators=(",", ":")).encode()


def _sent(topic: str, body: bytes) -> bytes:
    content_type = CONTENT_TYPE % topic.encode()
    return request(f"/topics/{topic}", body).replace(b"application/json", content_type)


def _plain(node: NodeProcess, pace: Pace) -> Figure:
    sent = _sent("json", _body(RECORD))
    rate, _ = run(closed_loop(node.port, sent, PRODUCERS, pace.seconds))
    return Figure(
        what=f"produce, plain json, bodies of {BODY_RECORDS}",
        value=rate * BODY_RECORDS,
        unit="records/s",
    )


def _produce(node: NodeProcess, kind: str, pace: Pace) -> Figure:
    """Produce by id, as a producer does that has registered once."""
    answer = httpx.post(
        f"{node.url}/topics/{kind}",
        content=_body(VALUES[kind], value_schema=SCHEMAS[kind]),
        headers={"content-type": (CONTENT_TYPE % kind.encode()).decode()},
    ).raise_for_status()
    schema_id = answer.json()["value_schema_id"]
    sent = _sent(kind, _body(VALUES[kind], value_schema_id=schema_id))
    bare = _bare(kind)
    value, floor, ratio = pace.in_turns(
        lambda: per_cpu_second(bare, pace.seconds / 2),
        lambda: run(closed_loop(node.port, sent, PRODUCERS, pace.seconds))[0] * BODY_RECORDS,
    )
    return Figure(
        what=f"produce, {kind}, bodies of {BODY_RECORDS}",
        value=value,
        unit="records/s",
        goal=GOALS[kind],
        floor=floor,
        ratio=ratio,
    )


def _consume(node: NodeProcess, kind: str, pace: Pace) -> Figure:
    """Read decoded records over REST v3, a page again and again."""
    path = f"/v3/clusters/-/topics/{kind}/partitions/0/records?offset=0&max_records={BODY_RECORDS}"
    rate, _ = run(closed_loop(node.port, request(path), 1, pace.seconds))
    return Figure(
        what=f"consume decoded, {kind}, pages of {BODY_RECORDS}",
        value=rate * BODY_RECORDS,
        unit="records/s",
    )


def _bare(kind: str) -> Callable[[], object]:
    """Return what makes bytes of one record's JSON with the library alone."""
    text = json.dumps(RECORD).encode()
    decode = msgspec.json.Decoder().decode
    if kind == "avro":
        schema = fastavro.parse_schema(AVRO)

        def avro() -> bytes:
            written = io.BytesIO()
            fastavro.schemaless_writer(written, schema, decode(text))
            return written.getvalue()

        return avro
    if kind == "protobuf":
        message = GetMessageClass(ProtobufFormat().parse(PROTOBUF).message_type("Order"))
        return lambda: message(**decode(text)).SerializeToString()
    validator = jsonschema_rs.Draft7Validator(JSON_SCHEMA)
    return lambda: text if validator.is_valid(decode(text)) else None
