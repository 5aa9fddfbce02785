from typing import Any

import pytest

from tests.support.registry.json_schema_cases import DRAFT_2020, Case, check

OBJECTS = "ObjectSchemaDiff"
ARRAYS = "ArraySchemaDiff"
LENIENT = "ObjectSchemaDiff, pull request 4292"
UNEVALUATED = "pull request 4249, after ArraySchemaDiff's unevaluatedItems"

TEXT: Any = {"type": "string"}
INTEGER: Any = {"type": "integer"}
NUMBER: Any = {"type": "number"}


def record(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {}, **demands}


def closed(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return record(properties, additionalProperties=False, **demands)


def array(**demands: Any) -> dict[str, Any]:
    return {"type": "array", **demands}


def modern(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return {"$schema": DRAFT_2020, **record(properties, **demands)}


def modern_array(**demands: Any) -> dict[str, Any]:
    return {"$schema": DRAFT_2020, **array(**demands)}


ADDITIONAL = [
    Case(
        "additionalProperties closed",
        record(),
        closed(),
        ("ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties",),
        LENIENT,
    ),
    Case(
        "additionalProperties opened",
        closed(),
        record(),
        ("ADDITIONAL_PROPERTIES_ADDED #/additionalProperties",),
        OBJECTS,
    ),
    Case(
        "additionalProperties from true to a schema",
        record(),
        record(additionalProperties=TEXT),
        ("ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties",),
        LENIENT,
    ),
    Case(
        "additionalProperties from a schema to true",
        record(additionalProperties=TEXT),
        record(),
        ("ADDITIONAL_PROPERTIES_EXTENDED #/additionalProperties",),
        OBJECTS,
    ),
    Case(
        "additionalProperties from false to a schema",
        closed(),
        record(additionalProperties=TEXT),
        ("ADDITIONAL_PROPERTIES_ADDED #/additionalProperties",),
        OBJECTS,
    ),
    Case(
        "additionalProperties from a schema to a wider one",
        record(additionalProperties=INTEGER),
        record(additionalProperties=NUMBER),
        ("TYPE_EXTENDED #/additionalProperties",),
        OBJECTS,
    ),
    Case(
        "additionalProperties from a schema to another one",
        record(additionalProperties=INTEGER),
        record(additionalProperties=TEXT),
        ("TYPE_CHANGED #/additionalProperties",),
        OBJECTS,
    ),
    Case(
        "additionalItems closed",
        array(items=[TEXT]),
        array(items=[TEXT], additionalItems=False),
        ("ADDITIONAL_ITEMS_REMOVED #/additionalItems",),
        ARRAYS,
    ),
    Case(
        "additionalItems opened",
        array(items=[TEXT], additionalItems=False),
        array(items=[TEXT]),
        ("ADDITIONAL_ITEMS_ADDED #/additionalItems",),
        ARRAYS,
    ),
    Case(
        "additionalItems from true to a schema",
        array(items=[TEXT]),
        array(items=[TEXT], additionalItems=TEXT),
        ("ADDITIONAL_ITEMS_NARROWED #/additionalItems",),
        ARRAYS,
    ),
    Case(
        "additionalItems from a schema to true",
        array(items=[TEXT], additionalItems=TEXT),
        array(items=[TEXT], additionalItems=True),
        ("ADDITIONAL_ITEMS_EXTENDED #/additionalItems",),
        ARRAYS,
    ),
    Case(
        "additionalItems from a schema to a narrower one",
        array(items=[TEXT], additionalItems=NUMBER),
        array(items=[TEXT], additionalItems=INTEGER),
        ("TYPE_NARROWED #/additionalItems",),
        ARRAYS,
    ),
]

UNEVALUATED_CASES = [
    Case(
        "false added",
        modern(),
        modern(unevaluatedProperties=False),
        ("UNEVALUATED_PROPERTIES_REMOVED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "false removed",
        modern(unevaluatedProperties=False),
        modern(),
        ("UNEVALUATED_PROPERTIES_ADDED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "schema added",
        modern(),
        modern(unevaluatedProperties=TEXT),
        ("UNEVALUATED_PROPERTIES_NARROWED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "schema removed",
        modern(unevaluatedProperties=TEXT),
        modern(),
        ("UNEVALUATED_PROPERTIES_EXTENDED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "from true to a schema",
        modern(unevaluatedProperties=True),
        modern(unevaluatedProperties=TEXT),
        ("UNEVALUATED_PROPERTIES_NARROWED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "from a schema to true",
        modern(unevaluatedProperties=TEXT),
        modern(unevaluatedProperties=True),
        ("UNEVALUATED_PROPERTIES_EXTENDED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "from false to a schema",
        modern(unevaluatedProperties=False),
        modern(unevaluatedProperties=TEXT),
        ("UNEVALUATED_PROPERTIES_ADDED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "from a schema to a wider one",
        modern(unevaluatedProperties=INTEGER),
        modern(unevaluatedProperties=NUMBER),
        ("TYPE_EXTENDED #/unevaluatedProperties",),
        UNEVALUATED,
    ),
    Case(
        "it closes the content model",
        modern({"a": TEXT}, unevaluatedProperties=False),
        modern({"a": TEXT, "b": TEXT}, unevaluatedProperties=False),
        ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/b",),
        UNEVALUATED,
    ),
    Case(
        "it opens the content model in part",
        modern(unevaluatedProperties=INTEGER),
        modern({"b": NUMBER}, unevaluatedProperties=INTEGER),
        (
            "TYPE_EXTENDED #/properties/b",
            "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/b",
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/b",
        ),
        UNEVALUATED,
    ),
    Case(
        "true leaves it open",
        modern(unevaluatedProperties=True),
        modern({"b": NUMBER}, unevaluatedProperties=True),
        ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/b",),
        UNEVALUATED,
    ),
    Case(
        "a property removed from what it closes",
        modern({"a": TEXT}, unevaluatedProperties=False),
        modern(unevaluatedProperties=False),
        ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a",),
        UNEVALUATED,
    ),
    Case(
        "it is no keyword of draft 7",
        record(),
        record(unevaluatedProperties=False),
        (),
        "Everit: an unprocessed property that is no schema",
    ),
]


UNEVALUATED_ITEMS = [
    Case(
        "unevaluatedItems false added",
        modern_array(prefixItems=[TEXT]),
        modern_array(prefixItems=[TEXT], unevaluatedItems=False),
        ("UNEVALUATED_ITEMS_REMOVED #/unevaluatedItems",),
        ARRAYS,
    ),
    Case(
        "unevaluatedItems false removed",
        modern_array(unevaluatedItems=False),
        modern_array(),
        ("UNEVALUATED_ITEMS_ADDED #/unevaluatedItems",),
        ARRAYS,
    ),
    Case(
        "unevaluatedItems schema added",
        modern_array(),
        modern_array(unevaluatedItems=TEXT),
        ("UNEVALUATED_ITEMS_NARROWED #/unevaluatedItems",),
        ARRAYS,
    ),
    Case(
        "unevaluatedItems schema removed",
        modern_array(unevaluatedItems=TEXT),
        modern_array(),
        ("UNEVALUATED_ITEMS_EXTENDED #/unevaluatedItems",),
        ARRAYS,
    ),
]


@pytest.mark.parametrize(
    "case", [*ADDITIONAL, *UNEVALUATED_CASES, *UNEVALUATED_ITEMS], ids=lambda case: case.name
)
def test_what_is_not_named_differs_as_confluent_says(case: Case) -> None:
    check(case)
