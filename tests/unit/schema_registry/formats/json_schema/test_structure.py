import json
from typing import Any

import pytest

from schema_registry.errors import InvalidSchema
from schema_registry.formats.json_schema.drafts import Draft
from schema_registry.formats.json_schema.json_text import parse_json
from schema_registry.formats.json_schema.structure import check_keywords, subschemas


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("type", "text"),
        ("type", []),
        ("type", ["string", "text"]),
        ("type", 3),
        ("minLength", "1"),
        ("maxLength", -1),
        ("minItems", 1.5),
        ("maxProperties", True),
        ("minimum", "0"),
        ("maximum", True),
        ("multipleOf", 0),
        ("multipleOf", -2),
        ("pattern", 3),
        ("enum", "a"),
        ("required", "a"),
        ("required", [1]),
        ("required", True),
        ("uniqueItems", 1),
        ("properties", []),
        ("patternProperties", True),
        ("definitions", []),
        ("$defs", "a"),
        ("allOf", {}),
        ("anyOf", True),
        ("dependencies", []),
        ("dependencies", {"a": [1]}),
        ("dependentRequired", {"a": "b"}),
        ("exclusiveMinimum", True),
        ("$ref", 3),
        ("title", []),
    ],
)
def test_a_malformed_keyword_is_refused_with_its_place(keyword: str, value: Any) -> None:
    schema = parse_json(json.dumps({keyword: value}))

    with pytest.raises(InvalidSchema) as refusal:
        check_keywords(schema, Draft.DRAFT_7, "/properties/x")

    assert refusal.value.path == f"/properties/x/{keyword}"
    assert refusal.value.message.startswith(keyword)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1.0, "maxLength": 10**20},
        {"type": ["null", "object"], "required": [], "enum": [], "allOf": []},
        {"dependencies": {"a": ["b"], "c": {}}, "const": None, "default": object},
        {"unknown": object, "multipleOf": 0.01, "exclusiveMaximum": 3},
    ],
)
def test_what_confluent_takes_is_taken(schema: Any) -> None:
    text = json.dumps(schema, default=lambda _: {"any": ["thing"]})

    check_keywords(parse_json(text), Draft.DRAFT_7, "")


def test_exclusive_bounds_of_draft_4_are_booleans() -> None:
    check_keywords({"exclusiveMinimum": True}, Draft.DRAFT_4, "")

    with pytest.raises(InvalidSchema, match="exclusiveMinimum must be true or false"):
        check_keywords({"exclusiveMinimum": 3}, Draft.DRAFT_4, "")


def test_subschemas_come_with_the_way_to_them() -> None:
    schema = {
        "properties": {"a/b": {"type": "string"}},
        "items": [True, {}],
        "anyOf": [False],
        "not": {},
        "dependencies": {"x": ["y"], "z": {}},
        "enum": [{}],
        "default": {},
    }

    assert [way for way, _ in subschemas(schema)] == [
        "/properties/a~1b",
        "/items/0",
        "/items/1",
        "/anyOf/0",
        "/not",
        "/dependencies/z",
    ]
