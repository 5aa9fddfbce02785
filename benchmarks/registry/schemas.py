"""Schemas to measure with: ten fields, two hundred fields, a new version each time; many rows."""

import hashlib
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from sqlalchemy import insert, update

from app.cluster.database import create_engine, transaction
from schema_registry.model import SchemaContent, SchemaType
from schema_registry.registry.identity import guid_of
from schema_registry.sql_store import tables

FIELDS = 200
ROWS_AT_ONCE = 2_000

Body = dict[str, Any]


def record(fields: int, name: str = "Order", **more: Any) -> str:
    """Return an Avro record as the registry prints it; every field has a default."""
    found = [{"name": f"field{one}", "type": "long", "default": 0} for one in range(fields)]
    return json.dumps({"type": "record", "name": name, "fields": found, **more}).replace(" ", "")


def new_versions(prefix: str, subjects: int) -> Iterator[tuple[str, Body]]:
    """Return subjects in turns with a schema that each of them has not had, nor anybody else."""
    for number in count():
        subject = f"{prefix}-{number % subjects}"
        added = {"name": f"added{number}", "type": "int", "default": number}
        fields = [{"name": f"field{one}", "type": "long"} for one in range(9)]
        name = f"R{hashlib.md5(subject.encode(), usedforsecurity=False).hexdigest()}"
        schema = {"type": "record", "name": name, "fields": [*fields, added]}
        yield subject, {"schema": json.dumps(schema)}


def checks() -> dict[str, Iterator[Body]]:
    """Return for each type a schema of 200 fields, and others that are compatible with it."""
    return {"AVRO": _avro(), "JSON": _json_schema(), "PROTOBUF": _protobuf()}


def _avro() -> Iterator[Body]:
    for number in count():
        inner = [
            {"name": "text", "type": ["null", "string"], "default": None},
            {"name": f"at{number}", "type": "long", "default": number},
        ]
        fields = [
            {"name": f"field{one}", "type": {"type": "record", "name": f"R{one}", "fields": inner}}
            for one in range(FIELDS)
        ]
        yield {"schema": json.dumps({"type": "record", "name": "Wide", "fields": fields})}


def _json_schema() -> Iterator[Body]:
    for number in count(1):
        properties = {
            f"field{one}": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "maxLength": number},
                    "count": {"type": ["integer", "null"]},
                },
            }
            for one in range(FIELDS)
        }
        schema = {"type": "object", "additionalProperties": False, "properties": properties}
        yield {"schemaType": "JSON", "schema": json.dumps(schema)}


def _protobuf() -> Iterator[Body]:
    for number in count(1):
        messages = "".join(
            f"message R{one} {{ string text = 1; int64 at{number} = {number + 1}; }}\n"
            for one in range(FIELDS)
        )
        fields = "".join(f"  R{one} field{one} = {one + 1};\n" for one in range(FIELDS))
        text = f'syntax = "proto3";\n{messages}message Wide {{\n{fields}}}\n'
        yield {"schemaType": "PROTOBUF", "schema": text}


async def fill(database_url: str, subjects: int) -> None:
    """Write so many subjects of one version into the tables of a registry that is stopped."""
    engine = create_engine(database_url)
    try:
        async with transaction(engine, writes=True) as connection:
            taken = (await connection.execute(tables.contexts.select())).one().last_id
            for start in range(0, subjects, ROWS_AT_ONCE):
                numbers = range(start, min(subjects, start + ROWS_AT_ONCE))
                made = [_rows(number, taken + 1 + number) for number in numbers]
                await connection.execute(insert(tables.schemas), [schema for schema, _ in made])
                await connection.execute(insert(tables.versions), [version for _, version in made])
            await connection.execute(update(tables.contexts).values(last_id=taken + subjects))
    finally:
        await engine.dispose()


def _rows(number: int, schema_id: int) -> tuple[Body, Body]:
    text = record(3, f"Many{number}")
    guid = guid_of(SchemaContent(schema_type=SchemaType.AVRO, text=text))
    schema = {
        "context": ".",
        "schema_id": schema_id,
        "guid": guid,
        "schema_type": "AVRO",
        "text": text,
        "content": {},
        "created_at_ms": 0,
    }
    version = {
        "context": ".",
        "subject": f"many-{number:06}",
        "version": 1,
        "schema_id": schema_id,
        "deleted": False,
        "registered_at_ms": 0,
    }
    return schema, version
