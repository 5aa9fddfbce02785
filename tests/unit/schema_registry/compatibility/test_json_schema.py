"""The verdicts as a whole: attacked with data, with random schemas, and with nonsense."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schema_registry.compatibility.json_schema.verdict import incompatibilities
from schema_registry.errors import InvalidSchema
from schema_registry.formats.json_schema.schema import JsonSchema
from schema_registry.model import CompatibilityPolicy
from tests.support.json_schema_cases import DRAFT_4, DRAFT_2020, FORMAT, parse

NAMES = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(0, 4)

LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.just({"type": "null"}),
    st.just({"type": "boolean"}),
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"minLength": SMALL, "maxLength": SMALL}
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": SMALL,
            "maximum": SMALL,
            "exclusiveMinimum": SMALL,
            "exclusiveMaximum": SMALL,
            "multipleOf": st.sampled_from([1, 2, 3, 4, 0.5, 1.5]),
        },
    ),
    st.builds(lambda values: {"enum": values}, st.lists(SMALL, min_size=1, unique=True)),
    st.builds(lambda value: {"const": value}, SMALL),
)


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas around others, of those keywords whose rules prove what they say."""
    return st.one_of(
        st.builds(
            record,
            st.dictionaries(NAMES, inner, max_size=3),
            st.sets(NAMES),
            st.one_of(st.none(), st.just(False), inner),
            st.one_of(st.none(), SMALL),
        ),
        st.builds(
            lambda items, low, high: {
                "type": "array",
                "items": items,
                "minItems": min(low, high),
                "maxItems": max(low, high),
            },
            inner,
            SMALL,
            SMALL,
        ),
        st.builds(lambda one: {"anyOf": one}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"not": one}, inner),
        st.sampled_from([["string", "null"], ["integer", "string"], ["number", "null"]]).map(
            lambda types: {"type": types}
        ),
    )


def record(
    properties: dict[str, Any], required: set[str], additional: Any, most: int | None
) -> dict[str, Any]:
    """Return an object's schema; only what has a property is required."""
    found = {
        "type": "object",
        "properties": properties,
        "required": sorted(required & properties.keys()),
    }
    if additional is not None:
        found["additionalProperties"] = additional
    if most is not None:
        found["maxProperties"] = most
    return found


SCHEMAS = st.recursive(LEAVES, larger, max_leaves=6)

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        SMALL,
        st.sampled_from([0.5, 1.5, -1, 2.25, 12]),
        st.text("x", max_size=5),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=10, max_size=20))
@example({"type": "integer"}, {"type": "number"}, [1])
def test_what_is_found_compatible_stands_against_data(
    writer: Any, reader: Any, values: list[Any]
) -> None:
    """A pair of random schemas, and each with itself changed, is attacked with random values."""
    one, other = parse(writer), parse(reader)
    for before, after in ((one, other), (other, one), (one, one)):
        if not incompatibilities(after, before):
            _attack(before, after, values)


CHANGES = st.sampled_from(["drop", "grow", "null", "union", "shrink", "loosen"])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, st.lists(CHANGES, max_size=3), st.lists(VALUES, min_size=15, max_size=30))
def test_what_is_found_compatible_after_a_change_stands_against_data(
    writer: Any, changes: list[str], values: list[Any]
) -> None:
    reader = json.loads(json.dumps(writer))
    for change in changes:
        reader = _changed(reader, change)
    before, after = parse(writer), parse(reader)

    for written, read in ((before, after), (after, before)):
        if not incompatibilities(read, written):
            _attack(written, read, values)


def _changed(schema: Any, change: str) -> Any:
    """Return a schema as it may look after an edit."""
    if change == "union":
        return {"anyOf": [schema, {"type": "string"}]}
    if change == "null":
        return {"anyOf": [schema, {"type": "null"}]}
    if change == "loosen":
        bounds = ("minLength", "maxLength", "minimum", "maximum", "multipleOf", "maxItems")
        return {key: value for key, value in schema.items() if key not in bounds}
    if change == "drop" and schema.get("properties"):
        name = min(schema["properties"])
        kept = {key: value for key, value in schema["properties"].items() if key != name}
        required = [one for one in schema["required"] if one != name]
        return {**schema, "properties": kept, "required": required}
    if change == "grow" and "properties" in schema:
        return {**schema, "properties": {**schema["properties"], "new": {"type": "string"}}}
    if change == "shrink" and "enum" in schema:
        return {"enum": schema["enum"][:1]}
    return schema


def _attack(writer: JsonSchema, reader: JsonSchema, values: list[Any]) -> None:
    for value in values:
        if writer.validation.is_valid(value):
            assert reader.validation.is_valid(value), (writer.canonical(), reader.canonical())


HOLES: list[tuple[str, Any, Any, Any]] = [
    (
        "a default is filled in by nobody",
        {"type": "object", "properties": {"a": {"default": 1}}},
        {"type": "object", "properties": {"a": {"default": 1}}, "required": ["a"]},
        {},
    ),
    ("a name without a property", {"type": "object"}, {"type": "object", "required": ["a"]}, {}),
    (
        "a property that accepts everything, required",
        {"type": "object"},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        {},
    ),
    ("a type that was not named", {"properties": {}}, {"type": "object", "properties": {}}, 1),
    (
        "members that overlap",
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}, {"type": "number"}]},
        1,
    ),
    (
        "members that overlap after one has grown",
        {"oneOf": [{"enum": [1]}, {"enum": [2]}]},
        {"oneOf": [{"enum": [1, 2]}, {"enum": [2]}]},
        2,
    ),
    ("contains", {"contains": {"type": "string"}}, {"contains": {"type": "null"}}, ["a"]),
    (
        "propertyNames",
        {"type": "object", "propertyNames": {"maxLength": 9}},
        {"type": "object", "propertyNames": {"maxLength": 1}},
        {"abc": 1},
    ),
    (
        "patternProperties",
        {"patternProperties": {"^x": {"type": "string"}}},
        {"patternProperties": {"^x": {"type": "null"}}},
        {"x": "a"},
    ),
    (
        "a pattern that comes",
        {"properties": {"xa": {}}},
        {"properties": {"xa": {}}, "patternProperties": {"^x": False}},
        {"xa": 1},
    ),
    ("conditions", {"if": {}, "then": {}}, {"if": {}, "then": False}, 1),
    (
        "the exclusive bounds of draft 4",
        {"$schema": DRAFT_4, "maximum": 9},
        {"$schema": DRAFT_4, "maximum": 9, "exclusiveMaximum": True},
        9,
    ),
    ("formats", {"format": "date"}, {"format": "ipv4"}, "2026-01-01"),
]


@pytest.mark.parametrize(
    ("name", "writer", "reader", "value"), HOLES, ids=lambda one: str(one)[:40]
)
def test_the_rules_that_prove_nothing_are_known(
    name: str, writer: Any, reader: Any, value: Any
) -> None:
    """Each is in docs/json-schema-verdicts.md: Confluent tolerates it, and a record breaks."""
    before, after = parse(writer), parse(reader)

    assert incompatibilities(after, before) == [], name
    assert before.validation.is_valid(value)
    assert not after.validation.is_valid(value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("aé#/$", max_size=3) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "type",
                        "properties",
                        "items",
                        "$ref",
                        "$id",
                        "id",
                        "anyOf",
                        "oneOf",
                        "allOf",
                    ),
                    *("not", "enum", "const", "required", "additionalProperties", "definitions"),
                    *("$defs", "$anchor", "$dynamicRef", "pattern", "dependencies", "minLength"),
                    *("unevaluatedProperties", "prefixItems", "contains", "maxContains", "if"),
                    *("patternProperties", "$schema", "default", "multipleOf", "format"),
                ]
            ),
            inner
            | st.sampled_from(
                ["#", "#/definitions/a", "#a", "string", "object", ["string", "null"], DRAFT_2020]
            ),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANYTHING, ANYTHING)
def test_nonsense_is_refused_or_compared_in_time(one: Any, other: Any) -> None:
    began = time.monotonic()
    schemas = []
    for value in (one, other):
        with contextlib.suppress(InvalidSchema):
            schemas.append(FORMAT.parse(json.dumps(value)))

    for schema in schemas:
        assert FORMAT.parse(schema.canonical()).canonical() == schema.canonical()
        assert FORMAT.parse(schema.normalized(), strict=False) is not None
        for policy in CompatibilityPolicy:
            assert incompatibilities(schemas[0], schema, policy) is not None
        assert incompatibilities(schema, schema) == []
    assert time.monotonic() - began < 30
