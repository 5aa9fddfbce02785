from decimal import Decimal
from typing import Any

import pytest

from schema_registry.formats.json_schema.nodes import (
    ArrayFacts,
    CombinedFacts,
    Criterion,
    EnumFacts,
    Kind,
    Node,
    NumberFacts,
    ObjectFacts,
    ReferenceFacts,
    StringFacts,
)
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_6, DRAFT_2019, DRAFT_2020, parse


def node(schema: Any) -> Node:
    return parse(schema).node


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (True, Kind.EMPTY),
        (False, Kind.FALSE),
        ({}, Kind.EMPTY),
        ({"title": "t", "default": 1, "unknown": 2}, Kind.EMPTY),
        ({"type": "boolean"}, Kind.BOOLEAN),
        ({"type": "null"}, Kind.NULL),
        ({"type": "string"}, Kind.STRING),
        ({"minLength": 1}, Kind.STRING),
        ({"format": "date"}, Kind.STRING),
        ({"format": "date", "$schema": DRAFT_2020}, Kind.EMPTY),
        ({"maximum": 1}, Kind.NUMBER),
        ({"type": "integer"}, Kind.NUMBER),
        ({"items": {}}, Kind.ARRAY),
        ({"prefixItems": [{}], "$schema": DRAFT_2020}, Kind.ARRAY),
        ({"prefixItems": [{}]}, Kind.EMPTY),
        ({"required": ["a"]}, Kind.OBJECT),
        ({"dependencies": {"a": ["b"]}}, Kind.OBJECT),
        ({"dependencies": {"a": ["b"]}, "$schema": DRAFT_2019}, Kind.EMPTY),
        ({"unevaluatedProperties": False, "$schema": DRAFT_2019}, Kind.OBJECT),
        ({"enum": [1]}, Kind.ENUM),
        ({"const": 1}, Kind.CONST),
        ({"const": 1, "$schema": DRAFT_4}, Kind.EMPTY),
        ({"const": 1, "$schema": DRAFT_6}, Kind.CONST),
        ({"not": {}}, Kind.NOT),
        ({"if": {}}, Kind.CONDITIONAL),
        ({"if": {}, "$schema": DRAFT_6}, Kind.EMPTY),
        ({"anyOf": [{}]}, Kind.COMBINED),
        ({"type": ["string"]}, Kind.COMBINED),
        ({"$ref": "#/definitions/a", "definitions": {"a": {}}}, Kind.REFERENCE),
        ({"$ref": "http://json-schema.org/draft-07/schema#"}, Kind.META_SCHEMA),
    ],
    ids=str,
)
def test_a_schema_is_of_the_kind_that_its_keywords_make_it(schema: Any, kind: Kind) -> None:
    assert node(schema).kind is kind


def combined(schema: Any) -> tuple[Criterion, list[Kind]]:
    facts = node(schema).facts
    assert isinstance(facts, CombinedFacts)
    return facts.criterion, [member.kind for member in facts.members]


@pytest.mark.parametrize(
    ("schema", "criterion", "kinds"),
    [
        ({"type": ["string", "null"]}, Criterion.ANY, [Kind.STRING, Kind.NULL]),
        ({"type": "string", "enum": ["a"]}, Criterion.ALL, [Kind.ENUM, Kind.STRING]),
        ({"minLength": 1, "minimum": 1}, Criterion.ALL, [Kind.NUMBER, Kind.STRING]),
        (
            {"type": "string", "minimum": 1, "not": {}, "oneOf": [{}]},
            Criterion.ALL,
            [Kind.COMBINED, Kind.NOT, Kind.STRING, Kind.NUMBER],
        ),
        (
            {"type": ["string", "null"], "minimum": 1},
            Criterion.ALL,
            [Kind.COMBINED, Kind.NUMBER],
        ),
        (
            {"$schema": DRAFT_2020, "$ref": "#/$defs/a", "type": "string", "$defs": {"a": {}}},
            Criterion.ALL,
            [Kind.REFERENCE, Kind.STRING],
        ),
    ],
    ids=str,
)
def test_keywords_of_several_kinds_are_a_product(
    schema: Any, criterion: Criterion, kinds: list[Kind]
) -> None:
    assert combined(schema) == (criterion, kinds)


def test_each_type_of_a_list_has_the_bounds_that_are_its_own() -> None:
    facts = node({"type": ["string", "integer"], "minLength": 2, "minimum": 3}).facts

    assert isinstance(facts, CombinedFacts)
    text, number = (member.facts for member in facts.members)
    assert isinstance(text, StringFacts)
    assert text.min_length == 2
    assert isinstance(number, NumberFacts)
    assert (number.minimum, number.is_integer) == (3, True)


def test_bounds_are_exact() -> None:
    facts = node({"multipleOf": 0.1, "minimum": 1e-5}).facts

    assert isinstance(facts, NumberFacts)
    assert (facts.multiple_of, facts.minimum) == (Decimal("0.1"), Decimal("0.00001"))


def test_values_are_told_apart_by_what_they_are() -> None:
    facts = node({"enum": [1, 1.0, "1", {"b": 1, "a": 2}, {"a": 2.0, "b": 1}, True, None]}).facts

    assert isinstance(facts, EnumFacts)
    assert facts.values == {"1", '"1"', '{"a":2,"b":1}', "true", "null"}


def test_an_object_has_all_that_is_said_of_it() -> None:
    facts = node(
        {
            "properties": {"a": True},
            "required": ["a", "b"],
            "patternProperties": {"^x": False},
            "additionalProperties": {"type": "null"},
            "dependencies": {"a": ["b"], "c": {}, "d": []},
            "minProperties": 1,
        }
    ).facts

    assert isinstance(facts, ObjectFacts)
    assert facts.properties["a"].kind is Kind.EMPTY
    assert facts.required == {"a", "b"}
    assert facts.patterns["^x"].kind is Kind.FALSE
    assert facts.allows_additional
    assert facts.additional is not None
    assert facts.additional.kind is Kind.NULL
    assert facts.dependent_names == {"a": {"b"}}
    assert list(facts.dependent_schemas) == ["c"]
    assert (facts.min_properties, facts.max_properties) == (1, None)


@pytest.mark.parametrize(
    ("schema", "items", "prefix", "allows", "additional"),
    [
        ({"items": {}}, True, 0, True, False),
        ({"items": False}, True, 0, True, False),
        ({"items": [{}, {}]}, False, 2, True, False),
        ({"items": [{}], "additionalItems": False}, False, 1, False, False),
        ({"items": [{}], "additionalItems": {}}, False, 1, True, True),
        ({"$schema": DRAFT_2020, "items": {}}, True, 0, True, False),
        ({"$schema": DRAFT_2020, "items": False}, False, 0, False, False),
        ({"$schema": DRAFT_2020, "items": True}, False, 0, True, False),
        ({"$schema": DRAFT_2020, "prefixItems": [{}], "items": {}}, False, 1, True, True),
        ({"$schema": DRAFT_2020, "prefixItems": [{}], "items": False}, False, 1, False, False),
        ({"$schema": DRAFT_2019, "items": [{}], "additionalItems": {}}, False, 1, True, True),
    ],
    ids=str,
)
def test_an_array_is_a_list_or_a_tuple(
    schema: Any, items: bool, prefix: int, allows: bool, additional: bool
) -> None:
    facts = node(schema).facts

    assert isinstance(facts, ArrayFacts)
    assert (facts.items is not None) is items
    assert len(facts.prefix) == prefix
    assert facts.allows_additional is allows
    assert (facts.additional is not None) is additional


def test_a_reference_to_itself_is_the_same_node() -> None:
    root = node({"properties": {"next": {"$ref": "#"}}})

    assert isinstance(root.facts, ObjectFacts)
    reference = root.facts.properties["next"]
    assert isinstance(reference.facts, ReferenceFacts)
    assert reference.facts.node is root


def test_annotations_are_kept_apart() -> None:
    schema = {"$id": "http://x/y", "title": "t", "description": "d", "default": {"b": 1.0}}
    found = node({**schema, "connect.type": "bytes", "type": "object"}).annotations

    assert (found.uri, found.title, found.description) == ("http://x/y", "t", "d")
    assert (found.default, found.connect_type) == ('{"b":1}', "bytes")


def test_a_default_of_null_is_one_in_old_drafts_alone() -> None:
    assert node({"default": None}).annotations.default == "null"
    assert node({"$schema": DRAFT_2020, "default": None}).annotations.default is None
