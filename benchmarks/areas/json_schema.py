"""Speed of JSON Schema in the registry: parse, compare, validate; by itself, in processor time.

Floor of a validated encode is what the libraries below it take for the same record: jsonschema-rs's
answer and msgspec's encoding. That of a validated decode likewise.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

from benchmarks.figures import Figure, Pace
from benchmarks.floors import per_cpu_second
from schema_registry.compatibility.json_schema.verdict import incompatibilities
from schema_registry.formats.json_schema.schema import JsonSchema, JsonSchemaFormat

FIELDS = 200
CHECK_MS_MAX = 50
UNION_TYPES = 12
UNION_MS_MAX = 1_000
"""Confluent's own test of such a union gives it ten seconds."""

ENCODE_RATIO_MIN = 0.7

RECORD = {
    "id": 1_234_567,
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "name": "a name of some length",
    "price": 12.75,
    "quantity": 3,
    "paid": True,
    "tags": ["one", "two", "three"],
    "at": 1_764_000_000_000,
    "status": "OPEN",
    "note": None,
}
"""Ten fields, as in the comparison of libraries that the choice rests on."""

SCHEMA = {
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


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure what is done once for a schema, then what is done for every record."""
    language = JsonSchemaFormat()
    text = json.dumps(_wide(FIELDS, step=0))
    yield _cost("parse, 200 objects", pace, lambda: language.parse(text), CHECK_MS_MAX)
    old, new, broken = (
        language.parse(json.dumps(schema))
        for schema in (_wide(FIELDS, 0), _wide(FIELDS + 10, 0), _wide(FIELDS, -1))
    )
    yield _cost("check, 200 objects, compatible", pace, lambda: _check(new, old), CHECK_MS_MAX)
    yield _cost("check, 200 breaks, with records", pace, lambda: _check(broken, old), None)
    union = language.parse(json.dumps(_union(UNION_TYPES)))
    again = language.parse(json.dumps(_union(UNION_TYPES)))
    yield _cost(
        "check, 12 types that refer to each other", pace, lambda: _check(again, union), UNION_MS_MAX
    )
    yield from _records(language.parse(json.dumps(SCHEMA)), pace)


def _check(reader: JsonSchema, writer: JsonSchema) -> None:
    incompatibilities(reader, writer)


def _cost(what: str, pace: Pace, work: Callable[[], object], goal: float | None) -> Figure:
    work()
    milliseconds = pace.median(lambda: 1000 / per_cpu_second(work, pace.seconds))
    return Figure(what=what, value=milliseconds, unit="ms", goal=goal, is_cost=True)


def _records(schema: JsonSchema, pace: Pace) -> Iterator[Figure]:
    codec = JsonSchemaFormat().codec(schema)
    validator = jsonschema_rs.Draft7Validator(SCHEMA)
    encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder()
    payload = codec.encode(RECORD)

    def bare_encode() -> bytes | None:
        return encoder.encode(RECORD) if validator.is_valid(RECORD) else None

    def bare_decode() -> Any:
        return validator.is_valid(decoder.decode(payload))

    for what, bare, ours in (
        ("encode and validate, 10 fields", bare_encode, lambda: codec.encode(RECORD)),
        ("decode and validate, 10 fields", bare_decode, lambda: codec.decode(payload)),
    ):
        value, floor, ratio = pace.in_turns(
            lambda bare=bare: per_cpu_second(bare, pace.seconds / 2),  # type: ignore[misc]
            lambda ours=ours: per_cpu_second(ours, pace.seconds / 2),  # type: ignore[misc]
        )
        yield Figure(
            what=what,
            value=value,
            unit="records/s",
            floor=floor,
            ratio=ratio,
            ratio_goal=ENCODE_RATIO_MIN,
        )


def _wide(fields: int, step: int) -> dict[str, Any]:
    """Return a closed record of records, its bounds moved by a step."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            f"field{number}": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "maxLength": number + 1 + step},
                    "count": {"type": ["integer", "null"]},
                },
            }
            for number in range(fields)
        },
    }


def _union(types: int) -> dict[str, Any]:
    """Return product types that all refer to each other through a union."""
    definitions: dict[str, Any] = {
        "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Id": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        "Link": {"oneOf": [{"$ref": "#/$defs/Id"}, {"$ref": "#/$defs/Product"}]},
        "Product": {"oneOf": [{"$ref": f"#/$defs/Type{one}"} for one in range(types)]},
    }
    for one in range(types):
        links = {f"link{number}": {"$ref": "#/$defs/Link"} for number in range(5)}
        definitions[f"Type{one}"] = {
            "$ref": "#/$defs/Named",
            "type": "object",
            "properties": {**links, "kind": {"type": "string", "const": f"type {one}"}},
        }
    schema_uri = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": schema_uri, "$defs": definitions, "$ref": "#/$defs/Product"}
