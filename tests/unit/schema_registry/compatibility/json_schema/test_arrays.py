from typing import Any

import pytest

from tests.support.registry.json_schema_cases import DRAFT_2019, DRAFT_2020, Case, check

ARRAYS = "ArraySchemaDiff"
TRANSLATOR = "ArraySchemaDiff; SchemaTranslator, visitItemsSchema and visitContainsSchema"

TEXT: Any = {"type": "string"}
INTEGER: Any = {"type": "integer"}
NUMBER: Any = {"type": "number"}


def array(**demands: Any) -> dict[str, Any]:
    return {"type": "array", **demands}


def modern(**demands: Any) -> dict[str, Any]:
    return {"$schema": DRAFT_2020, **array(**demands)}


ITEMS = [
    Case("items added", array(), array(items=TEXT), ("SCHEMA_ADDED #/items",), ARRAYS),
    Case("items removed", array(items=TEXT), array(), ("SCHEMA_REMOVED #/items",), ARRAYS),
    Case(
        "items wider",
        array(items=INTEGER),
        array(items=NUMBER),
        ("TYPE_EXTENDED #/items",),
        ARRAYS,
    ),
    Case(
        "items of another type",
        array(items=INTEGER),
        array(items=TEXT),
        ("TYPE_CHANGED #/items",),
        ARRAYS,
    ),
    Case(
        "items of items",
        array(items=array(items=NUMBER)),
        array(items=array(items=INTEGER)),
        ("TYPE_NARROWED #/items/items",),
        ARRAYS,
    ),
    Case("maxItems added", array(), array(maxItems=3), ("MAX_ITEMS_ADDED #/maxItems",), ARRAYS),
    Case("maxItems removed", array(maxItems=3), array(), ("MAX_ITEMS_REMOVED #/maxItems",), ARRAYS),
    Case(
        "maxItems up",
        array(maxItems=3),
        array(maxItems=4),
        ("MAX_ITEMS_INCREASED #/maxItems",),
        ARRAYS,
    ),
    Case(
        "maxItems down",
        array(maxItems=3),
        array(maxItems=2),
        ("MAX_ITEMS_DECREASED #/maxItems",),
        ARRAYS,
    ),
    Case("minItems added", array(), array(minItems=3), ("MIN_ITEMS_ADDED #/minItems",), ARRAYS),
    Case("minItems removed", array(minItems=3), array(), ("MIN_ITEMS_REMOVED #/minItems",), ARRAYS),
    Case(
        "minItems up",
        array(minItems=3),
        array(minItems=4),
        ("MIN_ITEMS_INCREASED #/minItems",),
        ARRAYS,
    ),
    Case(
        "minItems down",
        array(minItems=3),
        array(minItems=2),
        ("MIN_ITEMS_DECREASED #/minItems",),
        ARRAYS,
    ),
    Case(
        "uniqueItems added",
        array(),
        array(uniqueItems=True),
        ("UNIQUE_ITEMS_ADDED #/uniqueItems",),
        ARRAYS,
    ),
    Case(
        "uniqueItems removed",
        array(uniqueItems=True),
        array(uniqueItems=False),
        ("UNIQUE_ITEMS_REMOVED #/uniqueItems",),
        ARRAYS,
    ),
]

TUPLES = [
    Case(
        "a place changes",
        array(items=[TEXT, INTEGER]),
        array(items=[TEXT, NUMBER]),
        ("TYPE_EXTENDED #/items/1",),
        ARRAYS,
    ),
    Case(
        "open, place added",
        array(items=[TEXT]),
        array(items=[TEXT, TEXT]),
        ("ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "open, place that takes everything added",
        array(items=[TEXT]),
        array(items=[TEXT, {}]),
        ("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "open, place removed",
        array(items=[TEXT, TEXT]),
        array(items=[TEXT]),
        ("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "closed, place added",
        array(items=[TEXT], additionalItems=False),
        array(items=[TEXT, TEXT], additionalItems=False),
        ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "closed, place removed",
        array(items=[TEXT, TEXT], additionalItems=False),
        array(items=[TEXT], additionalItems=False),
        ("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "closed, place false removed",
        array(items=[TEXT, False], additionalItems=False),
        array(items=[TEXT], additionalItems=False),
        ("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "partially open, place added that is covered",
        array(items=[TEXT], additionalItems=INTEGER),
        array(items=[TEXT, NUMBER], additionalItems=INTEGER),
        (
            "TYPE_EXTENDED #/items/1",
            "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        ),
        ARRAYS,
    ),
    Case(
        "partially open, place added that is not covered",
        array(items=[TEXT], additionalItems=INTEGER),
        array(items=[TEXT, TEXT], additionalItems=INTEGER),
        (
            "TYPE_CHANGED #/items/1",
            "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        ),
        ARRAYS,
    ),
    Case(
        "partially open, place removed that is covered",
        array(items=[TEXT, INTEGER], additionalItems=NUMBER),
        array(items=[TEXT], additionalItems=NUMBER),
        (
            "TYPE_EXTENDED #/items/1",
            "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        ),
        ARRAYS,
    ),
    Case(
        "partially open, place removed that is not covered",
        array(items=[TEXT, TEXT], additionalItems=NUMBER),
        array(items=[TEXT], additionalItems=NUMBER),
        (
            "TYPE_CHANGED #/items/1",
            "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        ),
        ARRAYS,
    ),
    Case(
        "a tuple becomes a list",
        array(items=[TEXT]),
        array(items=TEXT),
        ("SCHEMA_ADDED #/items", "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL #/items/0"),
        ARRAYS,
    ),
]

MODERN = [
    Case(
        "prefixItems are a tuple",
        modern(prefixItems=[TEXT]),
        modern(prefixItems=[TEXT, TEXT]),
        ("ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1",),
        "SchemaTranslator, visitPrefixItemsSchema",
    ),
    Case(
        "items false behind prefixItems close it",
        modern(prefixItems=[TEXT], items=False),
        modern(prefixItems=[TEXT, TEXT], items=False),
        ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1",),
        TRANSLATOR,
    ),
    Case(
        "items behind prefixItems are additional",
        modern(prefixItems=[TEXT], items=NUMBER),
        modern(prefixItems=[TEXT], items=INTEGER),
        ("TYPE_NARROWED #/additionalItems",),
        TRANSLATOR,
    ),
    Case(
        "items without prefixItems are for all",
        modern(items=NUMBER),
        modern(items=INTEGER),
        ("TYPE_NARROWED #/items",),
        TRANSLATOR,
    ),
    Case(
        "items false",
        modern(),
        modern(items=False),
        ("ADDITIONAL_ITEMS_REMOVED #/additionalItems",),
        TRANSLATOR,
    ),
    Case(
        "the tuples of 2019-09",
        {"$schema": DRAFT_2019, **array(items=[TEXT], additionalItems=False)},
        {"$schema": DRAFT_2019, **array(items=[TEXT, TEXT], additionalItems=False)},
        ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1",),
        "spec: Confluent's registry loads 2019-09 as 2020-12, which has no such tuples",
    ),
    Case(
        "contains added",
        modern(),
        modern(contains=TEXT),
        ("MIN_CONTAINS_ADDED #/minContains",),
        TRANSLATOR,
    ),
    Case(
        "contains removed",
        modern(contains=TEXT),
        modern(),
        ("MIN_CONTAINS_REMOVED #/minContains",),
        TRANSLATOR,
    ),
    Case(
        "minContains up",
        modern(contains=TEXT),
        modern(contains=TEXT, minContains=2),
        ("MIN_CONTAINS_INCREASED #/minContains",),
        TRANSLATOR,
    ),
    Case(
        "minContains down",
        modern(contains=TEXT, minContains=2),
        modern(contains=TEXT, minContains=0),
        ("MIN_CONTAINS_DECREASED #/minContains",),
        TRANSLATOR,
    ),
    Case(
        "maxContains added",
        modern(contains=TEXT),
        modern(contains=TEXT, maxContains=2),
        ("MAX_CONTAINS_ADDED #/maxContains",),
        TRANSLATOR,
    ),
    Case(
        "maxContains removed",
        modern(contains=TEXT, maxContains=2),
        modern(contains=TEXT),
        ("MAX_CONTAINS_REMOVED #/maxContains",),
        TRANSLATOR,
    ),
    Case(
        "maxContains up",
        modern(contains=TEXT, maxContains=2),
        modern(contains=TEXT, maxContains=3),
        ("MAX_CONTAINS_INCREASED #/maxContains",),
        TRANSLATOR,
    ),
    Case(
        "maxContains down",
        modern(contains=TEXT, maxContains=2),
        modern(contains=TEXT, maxContains=1),
        ("MAX_CONTAINS_DECREASED #/maxContains",),
        TRANSLATOR,
    ),
    Case(
        "unevaluatedItems close the content model",
        modern(prefixItems=[TEXT], unevaluatedItems=False),
        modern(prefixItems=[TEXT, TEXT], unevaluatedItems=False),
        ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1",),
        ARRAYS,
    ),
    Case(
        "unevaluatedItems open the content model in part",
        modern(prefixItems=[TEXT, INTEGER], unevaluatedItems=NUMBER),
        modern(prefixItems=[TEXT], unevaluatedItems=NUMBER),
        (
            "TYPE_EXTENDED #/items/1",
            "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        ),
        ARRAYS,
    ),
]


@pytest.mark.parametrize("case", [*ITEMS, *TUPLES, *MODERN], ids=lambda case: case.name)
def test_arrays_differ_as_confluent_says(case: Case) -> None:
    check(case)
