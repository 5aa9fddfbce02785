"""The verdicts as a whole: attacked with data, with random schemas, and with nonsense."""

import contextlib
import json
import random
import runpy
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schema_registry.compatibility.json_schema.counter_examples import refused_records
from schema_registry.compatibility.json_schema.verdict import incompatibilities
from schema_registry.errors import InvalidSchema
from schema_registry.model import CompatibilityPolicy
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_2020, FORMAT, Case, parse

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


def edits(schema: Any) -> list[Any]:
    """Return what becomes of a schema by one edit of it or of one inside it."""
    found = [*_wrapped(schema), *_bounds_moved(schema)]
    for keyword in ("items", "not", "additionalProperties", "additionalItems"):
        if isinstance(schema.get(keyword), dict):
            found += [{**schema, keyword: one} for one in edits(schema[keyword])]
    for name, inner in schema.get("properties", {}).items():
        others = {key: one for key, one in schema["properties"].items() if key != name}
        kept = [one for one in schema["required"] if one != name]
        toggled = kept if name in schema["required"] else [*kept, name]
        found.append({**schema, "properties": others, "required": kept})
        found.append({**schema, "required": toggled})
        found += [{**schema, "properties": {**others, name: one}} for one in edits(inner)]
    for keyword in ("anyOf", "items"):
        members = schema.get(keyword, [])
        for number, inner in enumerate(members) if isinstance(members, list) else ():
            rest = [*members[:number], *members[number + 1 :]]
            found += [{**schema, keyword: [*rest, one]} for one in edits(inner)]
            found += [{**schema, keyword: rest or [inner]}, inner]
    return found


def _wrapped(schema: Any) -> list[Any]:
    """Return edits that put something around a schema, or in its place."""
    return [
        {},
        {"anyOf": [schema]},
        {"anyOf": [schema, {"type": "null"}]},
        {"anyOf": [{"type": "string"}, schema]},
        {"oneOf": [schema]},
        {"allOf": [schema]},
        {"not": {"not": schema}},
        {"type": ["string", "null"]},
        {"type": "integer"},
        {"enum": [1, 2]},
    ]


def _bounds_moved(schema: Any) -> list[Any]:
    """Return edits of a schema's own keywords."""
    found = []
    for keyword in ("minLength", "maxLength", "minimum", "maximum", "maxProperties", "maxItems"):
        without = {key: one for key, one in schema.items() if key != keyword}
        if keyword in schema:
            moved = [{**schema, keyword: max(0, schema[keyword] + step)} for step in (-1, 1)]
            found += [without, *moved]
    if "multipleOf" in schema:
        found += [{**schema, "multipleOf": divisor} for divisor in (1, 2, 3, 4, 0.5)]
    if isinstance(schema.get("type"), list):
        found += [{**schema, "type": schema["type"][:1]}, {**schema, "minLength": 2}]
    if schema.get("type") in ("integer", "number"):
        found += [{**schema, "type": one} for one in ("integer", "number")]
    if "enum" in schema:
        found += [{"enum": schema["enum"][:1]}, {"enum": [*schema["enum"], "more"]}]
    if "properties" in schema:
        more = {**schema["properties"], "new": {"type": "string"}}
        required = sorted({*schema["required"], "new"})
        found += [{**schema, "properties": more}, {**schema, "additionalProperties": False}]
        found += [{**schema, "properties": more, "required": required}]
        found += [{**schema, "additionalProperties": {"type": "string"}}]
        found += [{key: one for key, one in schema.items() if key != "additionalProperties"}]
    if isinstance(schema.get("items"), list):
        found += [{**schema, "items": [*schema["items"], {"type": "null"}]}]
        found += [{**schema, "additionalItems": one} for one in (False, {"type": "string"})]
        found += [{key: one for key, one in schema.items() if key != "additionalItems"}]
    return found


def _attack(writer: Any, reader: Any) -> None:
    """Look for a record that a compatible verdict has to answer for."""
    before, after = parse(writer), parse(reader)
    if not incompatibilities(after, before):
        assert refused_records(before, after) == [], (writer, reader)


TEXT: Any = {"type": "string"}
BASES: list[Any] = [
    {"type": "string", "minLength": 1, "maxLength": 3},
    {"type": "number", "minimum": 1, "maximum": 9, "multipleOf": 2},
    {"type": "integer", "exclusiveMinimum": 1},
    {"type": ["string", "integer", "null"], "maxLength": 2},
    {"enum": ["a", 1, None]},
    {"const": {"a": 1}},
    record({"a": TEXT, "b": {"type": "integer"}}, {"a"}, None, None),
    record({"a": TEXT, "b": {"type": "integer"}}, {"a"}, False, 2),
    record({"a": TEXT, "b": {"type": "number"}}, {"b"}, {"type": "integer"}, None),
    record({"a": record({"c": TEXT}, set(), None, None)}, set(), False, None),
    record({}, set(), {"type": ["string", "null"]}, 3),
    {"type": "array", "items": TEXT, "maxItems": 2},
    {"type": "array", "items": [TEXT, {"type": "integer"}]},
    {"type": "array", "items": [TEXT, {"type": "integer"}], "additionalItems": False},
    {"type": "array", "items": [TEXT], "additionalItems": {"type": "number"}},
    {"anyOf": [TEXT, {"type": "integer"}, record({"a": TEXT}, {"a"}, False, None)]},
    {"not": {"type": ["string", "null"]}},
    {"allOf": [record({"a": TEXT}, {"a"}, None, None), record({"b": TEXT}, set(), None, None)]},
]


@pytest.mark.parametrize("schema", BASES, ids=str)
def test_what_is_found_compatible_after_an_edit_stands_against_records(schema: Any) -> None:
    """Every edit of every part, forwards and back; and two edits, against each other."""
    edited = edits(schema)

    for number, one in enumerate(edited):
        _attack(schema, one)
        _attack(one, schema)
        _attack(edited[number - 1], one)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, st.lists(st.randoms(use_true_random=False), min_size=1, max_size=3))
@example({"type": "integer"}, [])
def test_what_is_found_compatible_stands_against_records(
    schema: Any, turns: list[random.Random]
) -> None:
    edited = schema
    for turn in turns:
        edited = turn.choice(edits(edited))
        _attack(schema, edited)
        _attack(edited, schema)


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


def test_there_are_cases_enough_and_each_says_who_decides() -> None:
    """The tables stand beside the tests of the modules that they are about."""
    cases = {
        (case.name, file.name): case
        for file in sorted((Path(__file__).parent / "json_schema").glob("test_*.py"))
        for table in runpy.run_path(str(file)).values()
        if isinstance(table, list)
        for case in table
        if isinstance(case, Case)
    }

    assert len(cases) >= 120
    assert all(case.source for case in cases.values())
    assert {case.is_compatible for case in cases.values()} == {True, False}
