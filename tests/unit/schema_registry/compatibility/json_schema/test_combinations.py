from typing import Any

import pytest

from schema_registry.compatibility.json_schema.verdict import incompatibilities
from schema_registry.errors import BoundExceeded
from tests.support.registry.json_schema_cases import DRAFT_2020, Case, check, parse

COMBINED = "CombinedSchemaDiff"

TEXT: Any = {"type": "string"}
INTEGER: Any = {"type": "integer"}
NUMBER: Any = {"type": "number"}
FLAG: Any = {"type": "boolean"}
NULL: Any = {"type": "null"}
LONG: Any = {"type": "string", "minLength": 9}


CRITERIA = [
    (before, after, COMBINED)
    for before in ("allOf", "anyOf", "oneOf")
    for after in ("allOf", "anyOf", "oneOf")
]

CASES = [
    Case(
        "anyOf grows",
        {"anyOf": [TEXT, INTEGER]},
        {"anyOf": [TEXT, INTEGER, FLAG]},
        ("SUM_TYPE_EXTENDED #/",),
        COMBINED,
    ),
    Case(
        "oneOf grows at the front",
        {"oneOf": [TEXT, INTEGER]},
        {"oneOf": [FLAG, TEXT, INTEGER]},
        ("SUM_TYPE_EXTENDED #/",),
        COMBINED,
    ),
    Case(
        "oneOf shrinks",
        {"oneOf": [TEXT, INTEGER, FLAG]},
        {"oneOf": [TEXT, INTEGER]},
        ("SUM_TYPE_NARROWED #/",),
        COMBINED,
    ),
    Case(
        "allOf grows",
        {"allOf": [TEXT]},
        {"allOf": [TEXT, {"maxLength": 3}]},
        ("PRODUCT_TYPE_EXTENDED #/",),
        COMBINED,
    ),
    Case(
        "allOf shrinks",
        {"allOf": [TEXT, LONG, {"maxLength": 30}]},
        {"allOf": [TEXT, {"maxLength": 30}]},
        ("PRODUCT_TYPE_NARROWED #/",),
        COMBINED,
    ),
    Case(
        "members in another order",
        {"oneOf": [TEXT, INTEGER, FLAG]},
        {"oneOf": [FLAG, TEXT, INTEGER]},
        (),
        COMBINED,
    ),
    Case(
        "a member that is another",
        {"oneOf": [TEXT, INTEGER]},
        {"oneOf": [TEXT, FLAG]},
        ("COMBINED_TYPE_SUBSCHEMAS_CHANGED #/",),
        COMBINED,
    ),
    Case(
        "a member that is wider",
        {"oneOf": [TEXT, INTEGER]},
        {"oneOf": [TEXT, NUMBER]},
        ("TYPE_EXTENDED #/oneOf/1",),
        COMBINED,
    ),
    Case(
        "two members that fit one alone",
        {"anyOf": [INTEGER, NUMBER]},
        {"anyOf": [NUMBER, TEXT]},
        ("TYPE_EXTENDED #/anyOf/0", "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"),
        "CombinedSchemaDiff: each member is paired once",
    ),
    Case(
        "a pairing that has to give way for another",
        {"anyOf": [TEXT, LONG]},
        {"anyOf": [LONG, TEXT]},
        (),
        "CombinedSchemaDiff, MaximumCardinalityMatch",
    ),
    Case(
        "members said twice count once",
        {"oneOf": [TEXT, TEXT, INTEGER]},
        {"oneOf": [TEXT, INTEGER]},
        (),
        "CombinedSchemaDiff: sets of subschemas",
    ),
    Case(
        "a type list grows",
        {"type": ["string", "null"]},
        {"type": ["string", "null", "integer"]},
        ("SUM_TYPE_EXTENDED #/",),
        "CombinedSchemaDiff: a type list is an anyOf",
    ),
    Case(
        "a type list shrinks",
        {"type": ["string", "null"]},
        {"type": ["string"]},
        ("SUM_TYPE_NARROWED #/",),
        "CombinedSchemaDiff: a type list is an anyOf",
    ),
    Case(
        "a bound on one type of a list",
        {"type": ["string", "null"]},
        {"type": ["string", "null"], "maxLength": 5},
        ("COMBINED_TYPE_SUBSCHEMAS_CHANGED #/",),
        "CombinedSchemaDiff: the member with the bound has no partner",
    ),
    Case(
        "a bound loosened on one type of a list",
        {"type": ["string", "null"], "maxLength": 5},
        {"type": ["string", "null"], "maxLength": 6},
        ("MAX_LENGTH_INCREASED #/anyOf/0/maxLength",),
        COMBINED,
    ),
    Case(
        "nullable by oneOf and by a type list",
        {"oneOf": [TEXT, NULL]},
        {"type": ["string", "null"]},
        ("COMBINED_TYPE_EXTENDED #/",),
        COMBINED,
    ),
    Case(
        "a single member becomes a longer oneOf",
        {"anyOf": [TEXT]},
        {"oneOf": [TEXT, INTEGER]},
        ("COMBINED_TYPE_EXTENDED #/", "SUM_TYPE_EXTENDED #/"),
        COMBINED,
    ),
    Case(
        "a product becomes one of its members, still combined",
        {"allOf": [TEXT, LONG]},
        {"oneOf": [TEXT]},
        ("COMBINED_TYPE_EXTENDED #/", "PRODUCT_TYPE_NARROWED #/"),
        COMBINED,
    ),
    Case(
        "a type beside an enum is a product",
        {"type": "string", "enum": ["a"]},
        {"type": "string", "enum": ["a", "b"]},
        ("ENUM_ARRAY_EXTENDED #/allOf/0/enum",),
        "Everit's SchemaLoader: several kinds of keywords are an allOf",
    ),
    Case(
        "a type beside an enum that shrinks",
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "enum": ["a"]},
        ("COMBINED_TYPE_SUBSCHEMAS_CHANGED #/",),
        "Everit's SchemaLoader: several kinds of keywords are an allOf",
    ),
    Case(
        "members that are objects, paired by what they hold",
        {
            "oneOf": [
                {"properties": {"k": {"const": "a"}}, "additionalProperties": False},
                {"properties": {"k": {"const": "b"}}, "additionalProperties": False},
            ]
        },
        {
            "oneOf": [
                {"properties": {"k": {"const": "b"}, "n": TEXT}, "additionalProperties": False},
                {"properties": {"k": {"const": "a"}}, "additionalProperties": False},
            ]
        },
        ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/oneOf/1/properties/n",),
        COMBINED,
    ),
    Case(
        "a reference beside keywords is a product in modern drafts",
        {"$schema": DRAFT_2020, "$ref": "#/$defs/a", "minLength": 3, "$defs": {"a": TEXT}},
        {"$schema": DRAFT_2020, "$ref": "#/$defs/a", "minLength": 2, "$defs": {"a": TEXT}},
        ("MIN_LENGTH_DECREASED #/allOf/1/minLength",),
        "SchemaTranslator: a reference is one of the children",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_combinations_differ_as_confluent_says(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(("before", "after", "source"), CRITERIA)
def test_a_criterion_may_change_to_any_of_alone(before: str, after: str, source: str) -> None:
    change = ("COMBINED_TYPE_EXTENDED #/",) if after == "anyOf" else ("COMBINED_TYPE_CHANGED #/",)
    members = [TEXT, INTEGER]

    check(
        Case(
            f"{before} to {after}",
            {before: members},
            {after: members},
            () if before == after else change,
            source,
        )
    )


@pytest.mark.parametrize(("before", "after", "source"), CRITERIA)
def test_the_criterion_of_a_single_member_does_not_matter(
    before: str, after: str, source: str
) -> None:
    check(
        Case(
            f"{before} to {after}",
            {before: [TEXT]},
            {after: [TEXT]},
            () if before == after else ("COMBINED_TYPE_EXTENDED #/",),
            source,
        )
    )


def test_a_union_of_many_values_is_compared() -> None:
    many = [{"const": number} for number in range(700)]
    one, other = parse({"oneOf": many}), parse({"oneOf": [*reversed(many), {"const": "more"}]})

    assert incompatibilities(other, one) == []
    assert [found.kind for found in incompatibilities(one, other)] == ["SUM_TYPE_NARROWED"]


def test_pairs_of_members_are_as_many_as_there_may_be() -> None:
    union = parse({"oneOf": [{"const": number} for number in range(1_001)]})

    with pytest.raises(BoundExceeded, match="pairs of members"):
        incompatibilities(union, union)


def test_what_connect_made_of_bytes_is_a_member_by_that() -> None:
    before = {"anyOf": [{"type": "boolean", "connect.type": "bytes"}, TEXT]}
    after = {"anyOf": [{"const": 1, "connect.type": "bytes"}, TEXT]}

    assert incompatibilities(parse(after), parse(before)) == []
