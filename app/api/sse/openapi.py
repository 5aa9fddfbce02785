"""The OpenAPI of streams, by hand: no model stands behind it. A test holds it to the query."""

from typing import Any

from app.api.embedded_formats import EmbeddedFormat
from app.api.sse.query import (
    OFFSET_MAX,
    RECORDS_MAX,
    SESSION_TIMEOUT_MS,
    SESSION_TIMEOUT_MS_MAX,
    Commit,
)
from app.api.v3.records_openapi import PATH
from app.consumers.filters.language import SOURCE_CHARS_MAX

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "maxLength": 40}
_NAME: Schema = {"type": "string", "maxLength": 255}
_DATA_TYPE: Schema = {"type": "string", "enum": [one.value for one in EmbeddedFormat]}


def _whole(minimum: int, maximum: int, **more: object) -> Schema:
    return {"type": "integer", "format": "int64", "minimum": minimum, "maximum": maximum, **more}


def _words(*choices: str) -> Schema:
    return {"type": "string", "enum": list(choices), "default": choices[0]}


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


_QUERY = [
    _query(
        "partition",
        "Only these partitions, given once or more.",
        {
            "type": "array",
            "items": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**31 - 1},
            "maxItems": 100,
        },
    ),
    _query("from", "Begin at the end or the start.", _words("latest", "earliest")),
    _query("offset", "Begin at this offset of each partition.", _whole(0, OFFSET_MAX)),
    _query(
        "timestamp",
        "Begin at the first record of this time or later: ISO 8601 or milliseconds.",
        _TIME,
    ),
    _query(
        "until",
        "`end`: end where the log ends now; or a time: before the first record of it or later.",
        _TIME,
    ),
    _query("max_records", "End after so many records.", _whole(1, RECORDS_MAX)),
    _query(
        "max_bytes",
        "End before the JSON of records becomes more than this; one record always comes.",
        _whole(1, RECORDS_MAX),
    ),
    _query("key_type", "Show keys as this where possible.", _DATA_TYPE),
    _query("value_type", "Show values as this where possible.", _DATA_TYPE),
    _query(
        "filter",
        "Only records of which this expression of CEL is true.",
        {"type": "string", "maxLength": SOURCE_CHARS_MAX},
    ),
    _query(
        "isolation_level",
        "Whether records of open and aborted transactions are shown.",
        _words("read_uncommitted", "read_committed"),
    ),
    _query(
        "last_event_id",
        "Where to go on, for clients that cannot send the header Last-Event-ID.",
        _TEXT,
    ),
    _query("ticket", "Logs in, for pages that cannot send the header Authorization.", _NAME),
    _query("group", "Read as a member of this group.", _NAME),
    _query("instance_id", "The member's name (`group.instance.id`); made up if left out.", _NAME),
    _query(
        "commit",
        "What is committed: what an id stands for when the client comes back with it; what was "
        "sent, once more was sent; nothing.",
        _words(*(one.value for one in Commit)),
    ),
    _query(
        "session_timeout_ms",
        "How long the group waits for a member that is away.",
        _whole(1, SESSION_TIMEOUT_MS_MAX, default=SESSION_TIMEOUT_MS),
    ),
]
_LAST_EVENT_ID: Schema = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The id of the last event that the client has; it goes on behind it.",
    "schema": _TEXT,
}

TOPIC_PARAMETERS = [PATH[0], PATH[1], *_QUERY, _LAST_EVENT_ID]
TOPICS_PARAMETERS = [
    PATH[0],
    _query(
        "topic",
        "A topic to read, given once or more.",
        {"type": "array", "items": _NAME, "maxItems": 100},
    ),
    _query("pattern", "Topics whose whole name matches this (RE2); with a group.", _NAME),
    *_QUERY,
    _LAST_EVENT_ID,
]

_EVENT: Schema = {
    "type": "object",
    "description": "One event.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["records", "assigned", "revoked", "error", "done"]},
        "id": {"type": "string", "description": "Where to go on behind it."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "`records` as a consume shows them; `partitions` that were assigned or "
            "revoked; `error_code`, `message` and `retriable`; or `reason`, `records` and `bytes` "
            "of what is done.",
        },
    },
}

STREAM_RESPONSE: Schema = {
    "description": "Events as they come; the id of each says where to go on behind it.",
    "content": {"text/event-stream": {"schema": _EVENT}},
}
DONE_RESPONSE: Schema = {
    "description": "The id is of a `done` event: nothing comes any more, do not come back."
}
