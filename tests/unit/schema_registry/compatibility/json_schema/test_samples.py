import json
from typing import Any

import pytest

from schema_registry.compatibility.json_schema.samples import (
    DEPTH_MAX,
    TOP_VALUES_MAX,
    samples,
)
from tests.support.registry.json_schema_cases import DRAFT_2020, parse


def found(schema: Any, contrast: Any = True) -> list[Any]:
    return samples(parse(schema).node, parse(contrast).node)


@pytest.mark.parametrize(
    ("schema", "contrast", "wanted"),
    [
        ({"type": "string"}, {"type": "string", "maxLength": 7}, "x" * 8),
        ({"type": "string"}, {"type": "string", "minLength": 3}, "xx"),
        ({"type": "integer"}, {"type": "integer", "maximum": 41}, 42),
        ({"type": "number"}, {"type": "integer"}, 0.25),
        ({"type": "number", "multipleOf": 0.5}, {"type": "number", "multipleOf": 2}, 0.5),
        ({"enum": ["a", {"b": 1}]}, {"enum": ["a"]}, {"b": 1}),
        (
            {"type": "array", "items": {"type": "null"}},
            {"type": "array", "maxItems": 2},
            [None] * 3,
        ),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}, [None, None]),
        ({"items": [{}, {"type": "null"}], "type": "array"}, True, [None, None]),
        ({"type": "object"}, {"type": "object", "required": ["a"]}, {}),
        (
            {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"type": "string"}}},
            {"a": None, "b": None},
        ),
        ({"type": "object"}, {"type": "object", "patternProperties": {"^x": False}}, {"x": None}),
        ({"type": "object"}, {"type": "object", "dependencies": {"a": ["b"]}}, {"a": None}),
        ({"anyOf": [{"type": "null"}, {"const": 7}]}, {"type": "null"}, 7),
        (
            {
                "allOf": [
                    {"properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"properties": {"b": {"const": 2}}, "required": ["b"]},
                ]
            },
            True,
            {"a": 1, "b": 2},
        ),
        (True, {"not": {"const": "never"}}, "never"),
        ({"not": {"type": "null"}}, True, 0),
        (
            {"$schema": DRAFT_2020, "type": "array", "contains": {"const": 5}},
            {"$schema": DRAFT_2020, "type": "array", "contains": {"const": 5}, "maxContains": 1},
            [5, 5],
        ),
    ],
    ids=str,
)
def test_a_value_is_made_where_the_other_schema_may_refuse_it(
    schema: Any, contrast: Any, wanted: Any
) -> None:
    texts = {json.dumps(value, sort_keys=True) for value in found(schema, contrast)}

    assert json.dumps(wanted, sort_keys=True) in texts


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
        {"anyOf": [{"items": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]},
        {"type": "string", "minLength": 10**15},
        {"type": "array", "minItems": 10**15},
        {"type": "object", "properties": {str(one): {} for one in range(500)}},
        {"oneOf": [{"enum": list(range(one, one + 100))} for one in range(100)]},
    ],
    ids=lambda schema: str(schema)[:60],
)
def test_values_are_few_and_small_whatever_the_schema(schema: Any) -> None:
    values = found(schema, schema)

    assert len(values) <= TOP_VALUES_MAX
    assert max((_depth(value) for value in values), default=0) <= DEPTH_MAX + 3


def _depth(value: Any) -> int:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return 1 + max(map(_depth, parts), default=0)
    return 0


def test_the_same_schemas_give_the_same_values() -> None:
    schema = {"type": "object", "properties": {"b": {"enum": [1, 2]}, "a": {"type": "string"}}}

    assert found(schema) == found(schema)


def test_nothing_is_made_of_nothing() -> None:
    assert found(False) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "multipleOf": 1e-300, "maximum": 1e300},
        {"type": "integer", "multipleOf": 1e300},
        {"type": "string", "pattern": "a", "minLength": 1e15},
        {"type": "string", "minLength": 1e15, "maxLength": 1e16},
        {"type": "array", "minItems": 1e15},
    ],
    ids=str,
)
def test_bounds_that_no_value_reaches_are_no_matter(schema: Any) -> None:
    values = [*found(schema), *found(True, schema), *found(schema, schema)]

    assert all(len(one) <= 64 for one in values if isinstance(one, str | list))
