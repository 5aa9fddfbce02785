"""The OpenAPI of the records routes, by hand: their handlers never see a pydantic model.

Tests hold these schemas to what the handlers take and answer.
"""

from typing import Any

from app.api.embedded_formats import EmbeddedFormat
from app.api.v3.consume_query import (
    BYTES_DEFAULT,
    BYTES_MAX,
    RECORDS_DEFAULT,
    RECORDS_MAX,
    WAIT_MS_MAX,
)
from app.api.v3.produce import ENTRIES_MAX, ENTRY_ID_CHARS_MAX
from app.consumers.filters.language import SOURCE_CHARS_MAX
from schema_registry.serdes.naming import SubjectNameStrategy

Schema = dict[str, Any]

_INT64: Schema = {"type": "integer", "format": "int64"}
_INT32: Schema = {"type": "integer", "format": "int32"}
_TEXT: Schema = {"type": "string"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, required: list[str], **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _closed(schema: Schema) -> Schema:
    return schema | {"additionalProperties": False}


_DATA_TYPE: Schema = {"type": "string", "enum": [one.value for one in EmbeddedFormat]}
_DATA: Schema = {
    "description": "Base64 for BINARY, text for STRING, anything for JSON; for the others the JSON "
    "view of what the schema describes."
}

_RECORD_FIELDS: dict[str, Schema] = {
    "partition_id": _INT32 | {"minimum": 0, "description": "Chosen by key if left out."},
    "headers": {"type": "array", "items": _ref("ProduceRequestHeader"), "maxItems": 1000},
    "key": _ref("ProduceRequestData"),
    "value": _ref("ProduceRequestData"),
    "timestamp": {
        "type": "string",
        "format": "date-time",
        "description": "ISO 8601 with an offset; the server's time if left out.",
    },
}

SCHEMAS: dict[str, Schema] = {
    "ProduceRequestHeader": _closed(
        _object(
            "A record header.",
            ["name"],
            name=_TEXT,
            value={"type": "string", "contentEncoding": "base64", "description": "Base64."},
        )
    ),
    "ProduceRequestData": _closed(
        _object(
            "A key or a value. Left out as a whole, or with `data` null, it is null. AVRO, "
            "JSONSCHEMA and PROTOBUF need a schema of the registry: `schema` with its `type`, or "
            "without a type `schema_id` or `schema_version`; the subject's latest version if "
            "nothing is said.",
            ["data"],
            type=_DATA_TYPE,
            data=_DATA,
            subject=_TEXT | {"description": "Whose schemas; excludes a strategy."},
            subject_name_strategy={
                "type": "string",
                "enum": [one.value for one in SubjectNameStrategy],
                "description": "How the subject is called; that of the topic's configs if left "
                "out, which is TOPIC_NAME unless it was changed.",
            },
            schema_id=_INT32 | {"description": "Excludes a type, a version and a schema."},
            schema_version=_INT32 | {"description": "Excludes a type, an id and a schema."},
            schema=_TEXT
            | {"description": "The schema itself; registered if its subject does not have it."},
        )
    ),
    "ProduceRequest": _closed(_object("A record.", [], **_RECORD_FIELDS)),
    "ProduceBatchEntry": _closed(
        _object(
            "A record with an id.",
            ["id"],
            id={"type": "string", "minLength": 1, "maxLength": ENTRY_ID_CHARS_MAX},
            **_RECORD_FIELDS,
        )
    ),
    "ProduceBatchRequest": _closed(
        _object(
            "Records with ids.",
            ["entries"],
            entries={
                "type": "array",
                "items": _ref("ProduceBatchEntry"),
                "minItems": 1,
                "maxItems": ENTRIES_MAX,
            },
        )
    ),
    "ProduceResponseData": _object(
        "What was stored for a key or value.",
        ["type", "size"],
        type=_DATA_TYPE,
        size=_INT64 | {"description": "Bytes."},
        subject=_TEXT,
        schema_id=_INT32,
        schema_version=_INT32
        | {"description": "Left out if the schema is none of the subject's versions."},
    ),
    "ProduceResponse": _object(
        "A receipt: where a record landed, or why not.",
        ["error_code"],
        error_code=_INT32 | {"description": "200, or what went wrong."},
        message=_TEXT | {"description": "What went wrong."},
        cluster_id=_TEXT,
        topic_name=_TEXT,
        partition_id=_INT32,
        offset=_INT64,
        timestamp={"type": "string", "format": "date-time"},
        key=_ref("ProduceResponseData"),
        value=_ref("ProduceResponseData"),
    ),
    "ProduceBatchSuccess": _object(
        "Where an entry landed.",
        ["id", "cluster_id", "topic_name", "partition_id", "offset", "timestamp"],
        id=_TEXT,
        cluster_id=_TEXT,
        topic_name=_TEXT,
        partition_id=_INT32,
        offset=_INT64,
        timestamp={"type": "string", "format": "date-time"},
        key=_ref("ProduceResponseData"),
        value=_ref("ProduceResponseData"),
    ),
    "ProduceBatchFailure": _object(
        "Why an entry did not land.",
        ["id", "error_code", "message"],
        id=_TEXT,
        error_code=_INT32,
        message=_TEXT,
    ),
    "ProduceBatchResponse": _object(
        "The outcome of each entry.",
        ["successes", "failures"],
        successes={"type": "array", "items": _ref("ProduceBatchSuccess")},
        failures={"type": "array", "items": _ref("ProduceBatchFailure")},
    ),
    "ConsumedData": _object(
        "A key or a value as it is shown.",
        ["type", "data"],
        type=_DATA_TYPE,
        schema_id=_INT32 | {"description": "Of AVRO, JSONSCHEMA and PROTOBUF."},
        data=_DATA,
    ),
    "ConsumedHeader": _object(
        "A record header.",
        ["name", "value"],
        name=_TEXT,
        value={"type": ["string", "null"], "description": "Base64."},
    ),
    "ConsumedRecord": _object(
        "A record.",
        [
            "topic_name",
            "partition_id",
            "offset",
            "timestamp",
            "timestamp_type",
            "key",
            "value",
            "headers",
        ],
        topic_name=_TEXT,
        partition_id=_INT32,
        offset=_INT64,
        timestamp={"type": "string", "description": "ISO 8601, UTC, milliseconds."},
        timestamp_type={"type": "string", "enum": ["CREATE_TIME", "LOG_APPEND_TIME"]},
        key={"anyOf": [_ref("ConsumedData"), {"type": "null"}]},
        value={"anyOf": [_ref("ConsumedData"), {"type": "null"}]},
        headers={"type": "array", "items": _ref("ConsumedHeader")},
    ),
    "ConsumedPlace": _object(
        "How far a partition was read.",
        ["partition_id", "next_offset", "high_watermark"],
        partition_id=_INT32,
        next_offset=_INT64,
        high_watermark=_INT64,
    ),
    "FilterCounts": _object(
        "What became of the records that a filter was asked about.",
        ["scanned", "matched", "failed"],
        scanned=_INT64,
        matched=_INT64,
        failed=_INT64 | {"description": "It could say nothing of these; they are left out."},
        first_failure=_TEXT | {"description": "Where the first of these is, and why."},
    ),
    "ConsumedRecordList": _object(
        "Records of one partition.",
        ["kind", "metadata", "data", "next_offset", "high_watermark"],
        kind=_TEXT,
        metadata=_ref("ListMetadata"),
        data={"type": "array", "items": _ref("ConsumedRecord")},
        next_offset=_INT64,
        high_watermark=_INT64,
        filter=_ref("FilterCounts"),
    ),
    "ConsumedTopicRecordList": _object(
        "Records of all partitions of a topic.",
        ["kind", "metadata", "data", "next_cursor", "partitions"],
        kind=_TEXT,
        metadata=_ref("ListMetadata"),
        data={"type": "array", "items": _ref("ConsumedRecord")},
        next_cursor=_TEXT,
        partitions={"type": "array", "items": _ref("ConsumedPlace")},
        filter=_ref("FilterCounts"),
    ),
}


def _parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        "schema": schema,
    }


PATH = [
    _parameter(
        "cluster_id",
        "path",
        "The cluster's id, or `-` for this one.",
        {"type": "string", "maxLength": 255},
    ),
    _parameter("topic_name", "path", "The topic's name.", {"type": "string", "maxLength": 255}),
]
PATH_WITH_PARTITION = [
    *PATH,
    _parameter(
        "partition_id",
        "path",
        "The partition's number.",
        _INT32 | {"minimum": 0, "maximum": 2**31 - 1},
    ),
]
_QUERY = [
    _parameter(
        "timestamp",
        "query",
        "Begin at the first record of this time or later: ISO 8601 or milliseconds.",
        {"type": "string", "maxLength": 40},
    ),
    _parameter(
        "from",
        "query",
        "Begin at the start or the end.",
        {"type": "string", "enum": ["earliest", "latest"]},
    ),
    _parameter(
        "max_records",
        "query",
        "Records at most.",
        _INT32 | {"minimum": 1, "maximum": RECORDS_MAX, "default": RECORDS_DEFAULT},
    ),
    _parameter(
        "max_bytes",
        "query",
        "Bytes of record batches at most; the first batch comes whole all the same.",
        _INT32 | {"minimum": 1, "maximum": BYTES_MAX, "default": BYTES_DEFAULT},
    ),
    _parameter(
        "wait_ms",
        "query",
        "How long to wait for the first record.",
        _INT32 | {"minimum": 0, "maximum": WAIT_MS_MAX, "default": 0},
    ),
    _parameter("key_type", "query", "Show keys as this where possible.", _DATA_TYPE),
    _parameter("value_type", "query", "Show values as this where possible.", _DATA_TYPE),
    _parameter(
        "filter",
        "query",
        "Only records of which this expression of CEL is true; an empty answer is then not the "
        "end of the log. Fields: topic, partition, offset, timestamp, key, value, headers.",
        {"type": "string", "maxLength": SOURCE_CHARS_MAX},
    ),
]
PARTITION_QUERY = [
    _parameter(
        "offset",
        "query",
        "Begin at this offset.",
        _INT64 | {"minimum": 0, "maximum": 2**63 - 1},
    ),
    *_QUERY,
]
TOPIC_QUERY = [
    _parameter("cursor", "query", "Go on where an answer ended.", {"type": "string"}),
    *_QUERY,
]

RECORDS_BODY: Schema = {
    "required": True,
    "description": "Record objects, one after another; white space between them is optional.",
    "content": {
        "application/json": {"schema": _ref("ProduceRequest")},
        "application/x-ndjson": {"schema": _ref("ProduceRequest")},
    },
}
BATCH_BODY: Schema = {
    "required": True,
    "content": {"application/json": {"schema": _ref("ProduceBatchRequest")}},
}
RECORDS_RESPONSE: Schema = {
    "description": "One receipt a record.",
    "content": {"application/json": {"schema": _ref("ProduceResponse")}},
}
BATCH_RESPONSE: Schema = {
    "description": "The outcome of each entry.",
    "content": {"application/json": {"schema": _ref("ProduceBatchResponse")}},
}
_HEADERS: Schema = {
    "Link": {"description": 'The next page (`rel="next"`).', "schema": _TEXT},
    "Cauce-Filter": {
        "description": "With a filter: how many records it was asked about, let through, could "
        "say nothing of (`scanned=9, matched=2, failed=0`).",
        "schema": _TEXT,
    },
}
_BINARY: Schema = {"type": "string", "format": "binary"}
CONSUME_PARTITION_RESPONSE: Schema = {
    "description": "Records, and where to go on.",
    "headers": _HEADERS
    | {
        "Cauce-Next-Offset": {"description": "Where to go on.", "schema": _INT64},
        "Cauce-High-Watermark": {"description": "The end of what may be read.", "schema": _INT64},
    },
    "content": {
        "application/json": {"schema": _ref("ConsumedRecordList")},
        "application/x-ndjson": {"schema": _ref("ConsumedRecord")},
        "application/vnd.cauce.recordbatches": {"schema": _BINARY},
    },
}
CONSUME_TOPIC_RESPONSE: Schema = {
    "description": "Records, and where to go on.",
    "headers": _HEADERS
    | {"Cauce-Next-Cursor": {"description": "Where to go on.", "schema": _TEXT}},
    "content": {
        "application/json": {"schema": _ref("ConsumedTopicRecordList")},
        "application/x-ndjson": {"schema": _ref("ConsumedRecord")},
    },
}
