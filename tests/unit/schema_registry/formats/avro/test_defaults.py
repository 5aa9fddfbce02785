"""Defaults: which JSON is a value of which type."""

import json
from typing import Any

import pytest

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.avro.avro_format import AvroFormat

FORMAT = AvroFormat()
ENUM = {"type": "enum", "name": "E", "symbols": ["A"]}
FIXED = {"type": "fixed", "name": "F", "size": 2}
INNER = {
    "type": "record",
    "name": "I",
    "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 2}],
}


def with_default(avro: Any, default: Any) -> str:
    field = {"name": "a", "type": avro, "default": default}
    return json.dumps({"type": "record", "name": "R", "fields": [field]})


@pytest.mark.parametrize(
    ("avro", "default"),
    [
        ("null", None),
        ("boolean", False),
        ("int", -(2**31)),
        ("long", 2**63 - 1),
        ("float", 1),
        ("double", 1.5),
        ("double", "1e3"),
        ("double", "NaN"),
        ("bytes", "\u00ff"),
        ("string", "\u20ac"),
        (ENUM, "A"),
        (FIXED, "ab"),
        ({"type": "array", "items": "int"}, [1, 2]),
        ({"type": "map", "values": "int"}, {"a": 1}),
        (["null", "int"], None),
        (["null", "int"], 3),
        (INNER, {"x": 1}),
        (INNER, {"x": 1, "y": 1, "z": 1}),
    ],
)
def test_values_of_the_type_are_taken(avro: Any, default: Any) -> None:
    FORMAT.parse(with_default(avro, default))


@pytest.mark.parametrize(
    ("avro", "default"),
    [
        ("null", 0),
        ("boolean", 0),
        ("int", 2**31),
        ("int", 1.0),
        ("int", True),
        ("int", "1"),
        ("long", 2**63),
        ("float", "x"),
        ("double", None),
        ("bytes", "\u0100"),
        ("bytes", [1]),
        ("string", None),
        (ENUM, "B"),
        (FIXED, "a"),
        ({"type": "array", "items": "int"}, ["a"]),
        ({"type": "array", "items": "int"}, {}),
        ({"type": "map", "values": "int"}, {"a": "b"}),
        ({"type": "map", "values": "int"}, []),
        (["null", "int"], "a"),
        ([], None),
        (INNER, {}),
        (INNER, {"x": 1, "y": "b"}),
        (INNER, []),
    ],
)
def test_other_values_are_refused_for_new_schemas_alone(avro: Any, default: Any) -> None:
    text = with_default(avro, default)

    with pytest.raises(InvalidSchema, match=r"R\.a"):
        FORMAT.parse(text)
    FORMAT.parse(text, strict=False)


def test_defaults_that_multiply_are_bounded() -> None:
    texts = ['{"type":"record","name":"R0","fields":[]}']
    for number in range(1, 60):
        inner = f'"R{number - 1}"' if number > 1 else texts[0]
        texts.append(
            f'{{"type":"record","name":"R{number}","fields":['
            f'{{"name":"a","type":{inner if number == 1 else texts[-1]},"default":{{}}}},'
            f'{{"name":"b","type":"R{number - 1}","default":{{}}}}]}}'
        )

    with pytest.raises(BoundExceeded):
        FORMAT.parse(texts[-1])


def test_a_default_that_needs_itself_is_refused() -> None:
    text = '{"type":"record","name":"R","fields":[{"name":"r","type":"R","default":{}}]}'

    with pytest.raises(BoundExceeded):
        FORMAT.parse(text)
