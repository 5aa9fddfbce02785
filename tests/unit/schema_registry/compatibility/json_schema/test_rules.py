from typing import Any

import pytest

from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_2019, DRAFT_2020, Case, check

DIFF = "SchemaDiff"
EVERIT = "SchemaDiff, on what Everit's SchemaLoader makes"

TEXT: Any = {"type": "string"}
INTEGER: Any = {"type": "integer"}
TYPES = ("array", "boolean", "null", "number", "object", "string")


def tree(version: str, value: Any, keyword: str = "definitions") -> dict[str, Any]:
    return {
        "$schema": version,
        "$ref": f"#/{keyword}/node",
        keyword: {
            "node": {
                "type": "object",
                "properties": {"value": value, "next": {"$ref": f"#/{keyword}/node"}},
            }
        },
    }


CASES = [
    Case("anything becomes everything", TEXT, {}, (), DIFF),
    Case("anything becomes true", TEXT, True, (), DIFF),
    Case("everything becomes something", {}, TEXT, ("TYPE_CHANGED #/",), DIFF),
    Case("true becomes something", True, TEXT, ("TYPE_CHANGED #/",), DIFF),
    Case("true and everything are the same", True, {}, (), DIFF),
    Case("nothing becomes something", False, TEXT, (), DIFF),
    Case("something becomes nothing", TEXT, False, ("TYPE_CHANGED #/",), DIFF),
    Case("everything becomes nothing", True, False, ("TYPE_CHANGED #/",), DIFF),
    Case(
        "title, description, id and default are free",
        {"title": "a", "description": "a", "$id": "http://a/a", **TEXT},
        {"title": "b", "description": "b", "$id": "http://a/b", **TEXT, "default": ""},
        ("TITLE_CHANGED #/", "DESCRIPTION_CHANGED #/", "ID_CHANGED #/", "DEFAULT_CHANGED #/"),
        DIFF,
    ),
    Case("a comment is nothing at all", {**TEXT, "$comment": "a"}, TEXT, (), DIFF),
    Case(
        "a schema becomes a member of a union",
        TEXT,
        {"oneOf": [INTEGER, TEXT]},
        ("SUM_TYPE_EXTENDED #/",),
        DIFF,
    ),
    Case(
        "a schema becomes nullable",
        TEXT,
        {"type": ["string", "null"]},
        ("SUM_TYPE_EXTENDED #/",),
        DIFF,
    ),
    Case(
        "a schema becomes a union that has no room for it",
        TEXT,
        {"anyOf": [INTEGER, {"type": "null"}]},
        ("TYPE_CHANGED #/",),
        DIFF,
    ),
    Case(
        "a schema becomes a wider member of a union",
        INTEGER,
        {"anyOf": [{"type": "number"}, TEXT]},
        ("TYPE_EXTENDED #/", "SUM_TYPE_EXTENDED #/"),
        DIFF,
    ),
    Case("a schema becomes a union of one", TEXT, {"oneOf": [TEXT]}, (), DIFF),
    Case("a schema becomes a product of one", TEXT, {"allOf": [TEXT]}, (), DIFF),
    Case("a union of one becomes its member", {"anyOf": [TEXT]}, TEXT, (), DIFF),
    Case(
        "a union becomes one of its members",
        {"anyOf": [TEXT, INTEGER]},
        TEXT,
        ("TYPE_CHANGED #/",),
        DIFF,
    ),
    Case(
        "a product becomes one of its members",
        {"allOf": [TEXT, {"minLength": 1}]},
        {"minLength": 1},
        ("PRODUCT_TYPE_NARROWED #/",),
        DIFF,
    ),
    Case(
        "a product becomes what none of its members is",
        {"allOf": [TEXT, {"minLength": 1}]},
        INTEGER,
        ("TYPE_CHANGED #/",),
        DIFF,
    ),
    Case(
        "a member becomes a product",
        TEXT,
        {"allOf": [TEXT, {"minLength": 1}]},
        ("TYPE_CHANGED #/",),
        DIFF,
    ),
    Case(
        "an enum goes, the type stays",
        {**TEXT, "enum": ["a"]},
        TEXT,
        ("PRODUCT_TYPE_NARROWED #/",),
        EVERIT,
    ),
    Case("an enum comes", TEXT, {**TEXT, "enum": ["a"]}, ("TYPE_CHANGED #/",), EVERIT),
    Case(
        "const and enum are different kinds",
        {"const": "a"},
        {"enum": ["a", "b"]},
        ("TYPE_CHANGED #/",),
        EVERIT,
    ),
    Case(
        "a not that refuses less",
        {"not": {"type": "number"}},
        {"not": INTEGER},
        ("NOT_TYPE_NARROWED #/not",),
        "NotSchemaDiff",
    ),
    Case(
        "a not that refuses more",
        {"not": INTEGER},
        {"not": {"type": "number"}},
        ("NOT_TYPE_EXTENDED #/not",),
        "NotSchemaDiff",
    ),
    Case(
        "a not that stays is found narrower",
        {"not": INTEGER},
        {"not": INTEGER},
        ("NOT_TYPE_NARROWED #/not",),
        "NotSchemaDiff",
    ),
    Case(
        "conditions are not compared",
        {"if": TEXT, "then": {"minLength": 1}},
        {"if": TEXT, "then": {"minLength": 2}},
        (),
        "SchemaDiff: it has no rule for ConditionalSchema",
    ),
    Case(
        "a type that is named for the keywords it had",
        {"properties": {"a": TEXT}},
        {"type": "object", "properties": {"a": TEXT}},
        (),
        "SchemaDiff: it does not compare requiresObject",
    ),
    Case(
        "what connect made of bytes, in two ways",
        {"type": "string", "connect.type": "bytes"},
        {"type": "number", "connect.type": "bytes"},
        (),
        DIFF,
    ),
    Case(
        "what connect made of bytes and of something else",
        {"type": "string", "connect.type": "bytes"},
        {"type": "number", "connect.type": "float64"},
        ("TYPE_CHANGED #/",),
        DIFF,
    ),
    Case(
        "references are followed",
        {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": INTEGER}},
        {"properties": {"a": {"type": "number"}}},
        ("TYPE_EXTENDED #/properties/a",),
        DIFF,
    ),
    Case(
        "what stands beside a reference is nothing in draft 7",
        {"$ref": "#/definitions/a", "definitions": {"a": TEXT}},
        {"$ref": "#/definitions/a", "minLength": 3, "definitions": {"a": TEXT}},
        (),
        EVERIT,
    ),
    Case(
        "references to references",
        {"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": TEXT}},
        TEXT,
        (),
        "spec: SchemaDiff follows one reference, and then compares nothing",
    ),
    Case(
        "a definition that nobody refers to",
        TEXT,
        {**TEXT, "definitions": {"a": INTEGER}},
        (),
        DIFF,
    ),
    Case("a recursive schema, the same", tree(DRAFT_4, TEXT), tree(DRAFT_4, TEXT), (), DIFF),
    Case(
        "a recursive schema with a change inside",
        tree(DRAFT_4, INTEGER),
        tree(DRAFT_4, TEXT),
        ("TYPE_CHANGED #/properties/value",),
        DIFF,
    ),
    Case(
        "a recursive schema with a change inside, of a modern draft",
        tree(DRAFT_2020, INTEGER, "$defs"),
        tree(DRAFT_2020, {"type": "number"}, "$defs"),
        ("TYPE_EXTENDED #/properties/value",),
        DIFF,
    ),
    Case(
        "the recursive reference of 2019-09",
        {"$schema": DRAFT_2019, "properties": {"a": {"$recursiveRef": "#"}, "b": INTEGER}},
        {"$schema": DRAFT_2019, "properties": {"a": {"$recursiveRef": "#"}, "b": TEXT}},
        ("TYPE_CHANGED #/properties/b",),
        DIFF,
    ),
    Case(
        "drafts may differ",
        {"$schema": DRAFT_4, **TEXT},
        {"$schema": DRAFT_2020, **TEXT},
        (),
        DIFF,
    ),
    Case(
        "the meta-schema of a draft",
        {"$ref": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "https://json-schema.org/draft/2020-12/schema", "$schema": DRAFT_2020},
        ("TYPE_CHANGED #/",),
        "spec: a meta-schema is not looked into",
    ),
    Case(
        "the meta-schema of a draft, again",
        {"$ref": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "http://json-schema.org/draft-07/schema#"},
        (),
        "spec: a meta-schema is not looked into",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nodes_differ_as_confluent_says(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("before", TYPES)
@pytest.mark.parametrize("after", TYPES)
def test_a_type_is_compatible_with_itself_alone(before: str, after: str) -> None:
    changes = () if before == after else ("TYPE_CHANGED #/",)

    check(Case(f"{before} to {after}", {"type": before}, {"type": after}, changes, DIFF))
