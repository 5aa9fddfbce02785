"""Samples: whatever the schema, what is shown is a value that it takes."""

import io
import json
from typing import Any

import fastavro
import jsonschema
import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.model import ResolvedReference, SchemaType
from schema_registry.serdes.samples import NoSample, sample_of

AVRO, JSON, PROTOBUF = SchemaType


def test_avro_sample_is_read_by_fastavro() -> None:
    schema = {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "next", "type": ["null", "Order"], "default": None},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        ],
    }

    found = sample_of(AVRO, json.dumps(schema))

    assert found == {
        "id": 1,
        "note": {"string": "text"},
        "tags": ["text"],
        "next": None,
        "kind": "A",
    }
    line = io.StringIO(json.dumps(found))
    assert list(fastavro.json_reader(line, fastavro.parse_schema(schema))) == [
        {**found, "note": "text"}
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 3}, "b": {}}},
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
        {"oneOf": [{"type": "string", "maxLength": 2}, {"type": "array"}]},
        {"examples": [1, "good"], "type": "string"},
        True,
    ],
)
def test_json_sample_is_valid(schema: Any) -> None:
    found = sample_of(JSON, json.dumps(schema))

    jsonschema.Draft7Validator(schema).validate(found)


def test_json_sample_has_what_the_schema_names() -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "boolean"}}

    found = sample_of(JSON, json.dumps({"type": "object", "properties": properties}))

    assert properties.keys() <= found.keys()
    assert sample_of(JSON, '{"examples":[1,"good"],"type":"string"}') == "good"


def test_protobuf_sample_is_read_by_protobuf_s_own_mapping() -> None:
    text = """
        syntax = "proto3"; package p;
        import "google/protobuf/timestamp.proto"; import "google/protobuf/any.proto";
        import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto";
        import "google/protobuf/duration.proto"; import "google/protobuf/field_mask.proto";
        message Order {
          int64 order_id = 1; bytes raw = 2; repeated string tags = 3; bool paid = 4;
          map<string, Line> lines = 5; map<int32, double> rates = 6; map<bool, bool> flags = 7;
          oneof how { string card = 8; Line cash = 9; }
          enum Status { UNKNOWN = 0; OPEN = 1; } Status status = 10;
          google.protobuf.Timestamp at = 11; google.protobuf.Any more = 12;
          google.protobuf.Int64Value wrapped = 13; google.protobuf.Value any_value = 14;
          google.protobuf.Duration took = 15; google.protobuf.FieldMask mask = 16;
          google.protobuf.NullValue nothing = 17; Order previous = 18;
          repeated Order next = 19; float rate = 20; google.protobuf.Struct extra = 21;
        }
        message Line { int32 count = 1; Order back = 2; }
    """

    found = sample_of(PROTOBUF, text)

    assert (found["orderId"], found["status"], found["card"]) == (1, "OPEN", "text")
    assert found["lines"] == {"key": {"count": 1}}
    assert found["flags"] == {"true": True}
    assert not {"previous", "next", "cash"} & found.keys()
    message = GetMessageClass(ProtobufFormat().parse(text).message_type("p.Order"))()
    ParseDict(found, message)
    assert message.order_id == 1


def test_references_are_followed() -> None:
    text = '{"type":"record","name":"Box","fields":[{"name":"user","type":"User"}]}'
    user = '{"type":"record","name":"User","fields":[{"name":"a","type":"int"}]}'

    found = sample_of(AVRO, text, [ResolvedReference(name="User", text=user)])

    assert found == {"user": {"a": 1}}


@pytest.mark.parametrize(
    ("schema_type", "text"),
    [
        (JSON, "false"),
        (PROTOBUF, 'syntax = "proto3"; enum E { A = 0; }'),
        (
            AVRO,
            '{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}',
        ),
    ],
)
def test_schema_without_a_value_has_no_sample(schema_type: SchemaType, text: str) -> None:
    with pytest.raises(NoSample):
        sample_of(schema_type, text)
