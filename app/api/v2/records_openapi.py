"""The OpenAPI of REST v2's records, by hand: their handlers never see a pydantic model.

Tests hold these schemas to what the handlers take and answer.
"""

from typing import Any

from app.api.v2.media_types import V2, RecordFormat
from app.api.v2.record_formats import OF_SCHEMAS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_INT32: Schema = {"type": "integer", "format": "int32"}
_INT64: Schema = {"type": "integer", "format": "int64"}

_NAMES = {
    RecordFormat.BINARY: "Binary",
    RecordFormat.JSON: "Json",
    RecordFormat.TEXT: "Text",
    RecordFormat.AVRO: "Avro",
    RecordFormat.JSONSCHEMA: "JsonSchema",
    RecordFormat.PROTOBUF: "Protobuf",
}
_OF_SCHEMA: Schema = {
    "description": "The JSON view of what the schema describes, or null.",
}
_DATA: dict[RecordFormat, Schema] = {
    RecordFormat.BINARY: {
        "type": ["string", "null"],
        "contentEncoding": "base64",
        "description": "Base64, or null.",
    },
    RecordFormat.JSON: {"description": "Any JSON; null is a null, not the text of one."},
    RecordFormat.TEXT: {"type": ["string", "null"], "description": "Text, or null."},
    RecordFormat.AVRO: _OF_SCHEMA
    | {"description": "Avro's JSON encoding (a union is `{type: value}`), or null."},
    RecordFormat.JSONSCHEMA: _OF_SCHEMA,
    RecordFormat.PROTOBUF: _OF_SCHEMA | {"description": "Protobuf's JSON mapping, or null."},
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, required: list[str], **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _record(name: str, data: Schema) -> Schema:
    return _object(
        f"A record to produce, its key and value as {name.lower()}.",
        [],
        key=data,
        value=data,
        partition=_INT32 | {"minimum": 0, "description": "Chosen by key if left out."},
        timestamp=_INT64
        | {
            "minimum": 0,
            "maximum": 2**63 - 1,
            "description": "Milliseconds since 1970; the server's time if left out.",
        },
        headers={"type": "array", "items": _ref("V2Header"), "maxItems": 1000},
    ) | {"additionalProperties": False}


def _request(name: str, *, has_schema: bool) -> Schema:
    schemas: Schema = {}
    for field in ("key", "value") if has_schema else ():
        schemas[f"{field}_schema"] = _TEXT | {
            "description": f"The schema of the {field}s; registered if its subject does not have "
            "it."
        }
        schemas[f"{field}_schema_id"] = _INT32 | {
            "description": f"The id of the schema of the {field}s, in place of the schema."
        }
    return _object(
        f"Records to produce, keys and values as {name.lower()}.",
        ["records"],
        records={"type": "array", "items": _ref(f"V2{name}Record"), "minItems": 1},
        **schemas,
    ) | {"additionalProperties": False}


def _consumed(name: str, data: Schema) -> Schema:
    return _object(
        f"A record that was consumed, its key and value as {name.lower()}.",
        ["topic", "key", "value", "partition", "offset", "timestamp"],
        topic=_TEXT,
        key=data,
        value=data,
        partition=_INT32,
        offset=_INT64,
        timestamp=_INT64 | {"description": "Milliseconds since 1970."},
        headers={
            "type": "array",
            "items": _ref("V2Header"),
            "description": "Left out where there are none.",
        },
    )


SCHEMAS: dict[str, Schema] = {
    "V2Header": _object(
        "A record header.",
        ["key"],
        key=_TEXT,
        value={
            "type": ["string", "null"],
            "contentEncoding": "base64",
            "description": "Base64, or null.",
        },
    )
    | {"additionalProperties": False},
    "V2ProducedOffset": _object(
        "Where a record landed, or why not. What a refused record looks like depends on the "
        "setting `rest_compat`.",
        [],
        partition={"type": ["integer", "null"], "format": "int32"},
        offset={"type": ["integer", "null"], "format": "int64"},
        error_code={"type": ["integer", "null"], "format": "int32"},
        error={"type": ["string", "null"], "description": "Why not."},
        message=_TEXT | {"description": "Why not, as Strimzi's bridge says it."},
    ),
    "V2ProduceResponse": _object(
        "One place a record, in their order.",
        ["offsets", "key_schema_id", "value_schema_id"],
        offsets={"type": "array", "items": _ref("V2ProducedOffset")},
        key_schema_id={"type": ["integer", "null"], "format": "int32"},
        value_schema_id={"type": ["integer", "null"], "format": "int32"},
    ),
}
for _format, _name in _NAMES.items():
    SCHEMAS[f"V2{_name}Record"] = _record(_name, _DATA[_format])
    SCHEMAS[f"V2{_name}ProduceRequest"] = _request(_name, has_schema=_format in OF_SCHEMAS)
    SCHEMAS[f"V2{_name}ConsumedRecord"] = _consumed(_name, _DATA[_format])


def _parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        "schema": schema,
    }


TOPIC_PATH = [
    _parameter("topic_name", "path", "The topic's name.", {"type": "string", "maxLength": 255}),
]
PARTITION_PATH = [
    *TOPIC_PATH,
    _parameter(
        "partition_id",
        "path",
        "The partition's number.",
        _INT32 | {"minimum": 0, "maximum": 2**31 - 1},
    ),
]
PRODUCE_QUERY = [
    _parameter(
        "async",
        "query",
        "Answer 204 once the records are appended, without their places.",
        {"type": "boolean", "default": False},
    ),
]
PRODUCE_BODY: Schema = {
    "required": True,
    "content": {
        one.media_type.decode(): {"schema": _ref(f"V2{name}ProduceRequest")}
        for one, name in _NAMES.items()
    },
}
PRODUCE_RESPONSES: dict[int | str, Schema] = {
    200: {
        "description": "One place a record; look at each one's `error_code`.",
        "content": {V2.decode(): {"schema": _ref("V2ProduceResponse")}},
    },
    204: {"description": "Appended (`async`)."},
}
INSTANCE_PATH = [
    _parameter("group_name", "path", "The group's id.", {"type": "string", "maxLength": 255}),
    _parameter("instance", "path", "The instance's name.", {"type": "string", "maxLength": 255}),
]
POLL_QUERY = [
    _parameter(
        "timeout",
        "query",
        "How long to wait for the first record, in milliseconds; a minute at most.",
        _INT64 | {"minimum": 0},
    ),
    _parameter(
        "max_bytes",
        "query",
        "Bytes of records at most; the first one comes all the same.",
        _INT64 | {"minimum": 0},
    ),
]
POLL_RESPONSES: dict[int | str, Schema] = {
    200: {
        "description": "The next records.",
        "headers": {
            "Cauce-Skipped-Records": {
                "description": "How many were left out (`decode.policy` is `skip`), and which.",
                "schema": _TEXT,
            },
            "Cauce-Raw-Records": {
                "description": "How many are shown as strings, being not of the format.",
                "schema": _INT32,
            },
        },
        "content": {
            one.media_type.decode(): {
                "schema": {"type": "array", "items": _ref(f"V2{name}ConsumedRecord")}
            }
            for one, name in _NAMES.items()
        },
    },
}
