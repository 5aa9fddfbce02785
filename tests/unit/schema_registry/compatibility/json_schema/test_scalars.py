from typing import Any

import pytest

from schema_registry.compatibility.json_schema.comparison import Findings
from schema_registry.compatibility.json_schema.scalars import compare_bound
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_6, Case, check

STRINGS = "StringSchemaDiff"
NUMBERS = "NumberSchemaDiff"
VALUES = "EnumSchemaDiff, ConstSchemaDiff"


def text(**demands: Any) -> dict[str, Any]:
    return {"type": "string", **demands}


def number(**demands: Any) -> dict[str, Any]:
    return {"type": "number", **demands}


def integer(**demands: Any) -> dict[str, Any]:
    return {"type": "integer", **demands}


CASES = [
    Case("no difference", text(), text(), (), STRINGS),
    Case(
        "maxLength added",
        text(),
        text(maxLength=5),
        ("MAX_LENGTH_ADDED #/maxLength",),
        STRINGS,
    ),
    Case(
        "maxLength removed",
        text(maxLength=5),
        text(),
        ("MAX_LENGTH_REMOVED #/maxLength",),
        STRINGS,
    ),
    Case(
        "maxLength up",
        text(maxLength=5),
        text(maxLength=6),
        ("MAX_LENGTH_INCREASED #/maxLength",),
        STRINGS,
    ),
    Case(
        "maxLength down",
        text(maxLength=5),
        text(maxLength=4),
        ("MAX_LENGTH_DECREASED #/maxLength",),
        STRINGS,
    ),
    Case(
        "minLength added",
        text(),
        text(minLength=1),
        ("MIN_LENGTH_ADDED #/minLength",),
        STRINGS,
    ),
    Case(
        "minLength removed",
        text(minLength=1),
        text(),
        ("MIN_LENGTH_REMOVED #/minLength",),
        STRINGS,
    ),
    Case(
        "minLength up",
        text(minLength=1),
        text(minLength=2),
        ("MIN_LENGTH_INCREASED #/minLength",),
        STRINGS,
    ),
    Case(
        "minLength down",
        text(minLength=2),
        text(minLength=1),
        ("MIN_LENGTH_DECREASED #/minLength",),
        STRINGS,
    ),
    Case("pattern added", text(), text(pattern="^a"), ("PATTERN_ADDED #/pattern",), STRINGS),
    Case("pattern removed", text(pattern="^a"), text(), ("PATTERN_REMOVED #/pattern",), STRINGS),
    Case(
        "pattern wider by its meaning is another all the same",
        text(pattern="^ab"),
        text(pattern="^a"),
        ("PATTERN_CHANGED #/pattern",),
        STRINGS,
    ),
    Case("format is not compared", text(format="date"), text(format="uuid"), (), STRINGS),
    Case("a length written as 5.0", text(maxLength=5), text(maxLength=5.0), (), STRINGS),
    Case("maximum added", number(), number(maximum=9), ("MAXIMUM_ADDED #/maximum",), NUMBERS),
    Case("maximum removed", number(maximum=9), number(), ("MAXIMUM_REMOVED #/maximum",), NUMBERS),
    Case(
        "maximum up",
        number(maximum=9),
        number(maximum=9.5),
        ("MAXIMUM_INCREASED #/maximum",),
        NUMBERS,
    ),
    Case(
        "maximum down",
        number(maximum=9),
        number(maximum=8),
        ("MAXIMUM_DECREASED #/maximum",),
        NUMBERS,
    ),
    Case("minimum added", number(), number(minimum=0), ("MINIMUM_ADDED #/minimum",), NUMBERS),
    Case("minimum removed", number(minimum=0), number(), ("MINIMUM_REMOVED #/minimum",), NUMBERS),
    Case(
        "minimum up",
        number(minimum=0),
        number(minimum=1),
        ("MINIMUM_INCREASED #/minimum",),
        NUMBERS,
    ),
    Case(
        "minimum down",
        number(minimum=0),
        number(minimum=-1),
        ("MINIMUM_DECREASED #/minimum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMaximum added",
        number(),
        number(exclusiveMaximum=9),
        ("EXCLUSIVE_MAXIMUM_ADDED #/exclusiveMaximum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMaximum removed",
        number(exclusiveMaximum=9),
        number(),
        ("EXCLUSIVE_MAXIMUM_REMOVED #/exclusiveMaximum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMaximum up",
        number(exclusiveMaximum=9),
        number(exclusiveMaximum=10),
        ("EXCLUSIVE_MAXIMUM_INCREASED #/exclusiveMaximum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMaximum down, where there is no maximum to look at by mistake",
        number(exclusiveMaximum=9),
        number(exclusiveMaximum=8),
        ("EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum",),
        "spec: NumberSchemaDiff reads the update's maximum here, and fails without one",
    ),
    Case(
        "exclusiveMinimum added",
        number(),
        number(exclusiveMinimum=9),
        ("EXCLUSIVE_MINIMUM_ADDED #/exclusiveMinimum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMinimum removed",
        number(exclusiveMinimum=9),
        number(),
        ("EXCLUSIVE_MINIMUM_REMOVED #/exclusiveMinimum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMinimum up",
        number(exclusiveMinimum=9),
        number(exclusiveMinimum=10),
        ("EXCLUSIVE_MINIMUM_INCREASED #/exclusiveMinimum",),
        NUMBERS,
    ),
    Case(
        "exclusiveMinimum down",
        number(exclusiveMinimum=9),
        number(exclusiveMinimum=8),
        ("EXCLUSIVE_MINIMUM_DECREASED #/exclusiveMinimum",),
        NUMBERS,
    ),
    Case(
        "the exclusive bounds of draft 4 are no bounds of their own",
        {"$schema": DRAFT_4, **number(maximum=9)},
        {"$schema": DRAFT_4, **number(maximum=9, exclusiveMaximum=True)},
        (),
        "NumberSchemaDiff: it compares limits, and draft 4 has none",
    ),
    Case(
        "the exclusive bounds of draft 6 are",
        {"$schema": DRAFT_6, **number()},
        {"$schema": DRAFT_6, **number(exclusiveMaximum=9)},
        ("EXCLUSIVE_MAXIMUM_ADDED #/exclusiveMaximum",),
        NUMBERS,
    ),
    Case(
        "multipleOf added",
        integer(),
        integer(multipleOf=2),
        ("MULTIPLE_OF_ADDED #/multipleOf",),
        NUMBERS,
    ),
    Case(
        "multipleOf removed",
        integer(multipleOf=2),
        integer(),
        ("MULTIPLE_OF_REMOVED #/multipleOf",),
        NUMBERS,
    ),
    Case(
        "multipleOf coarser",
        integer(multipleOf=2),
        integer(multipleOf=6),
        ("MULTIPLE_OF_EXPANDED #/multipleOf",),
        NUMBERS,
    ),
    Case(
        "multipleOf finer",
        integer(multipleOf=6),
        integer(multipleOf=2),
        ("MULTIPLE_OF_REDUCED #/multipleOf",),
        NUMBERS,
    ),
    Case(
        "multipleOf another",
        integer(multipleOf=6),
        integer(multipleOf=4),
        ("MULTIPLE_OF_CHANGED #/multipleOf",),
        NUMBERS,
    ),
    Case(
        "multipleOf finer, in fractions",
        number(multipleOf=0.1),
        number(multipleOf=0.01),
        ("MULTIPLE_OF_REDUCED #/multipleOf",),
        "spec: NumberSchemaDiff cuts divisors to whole numbers, and divides by zero",
    ),
    Case(
        "multipleOf that only seems to divide when it is cut",
        number(multipleOf=6.5),
        number(multipleOf=3),
        ("MULTIPLE_OF_CHANGED #/multipleOf",),
        "spec: NumberSchemaDiff takes 6 for 6.5",
    ),
    Case("integer to number", integer(), number(), ("TYPE_EXTENDED #/",), NUMBERS),
    Case("number to integer", number(), integer(), ("TYPE_NARROWED #/",), NUMBERS),
    Case(
        "enum longer",
        {"enum": ["a", "b"]},
        {"enum": ["b", "a", "c"]},
        ("ENUM_ARRAY_EXTENDED #/enum",),
        VALUES,
    ),
    Case(
        "enum shorter",
        {"enum": ["a", "b"]},
        {"enum": ["a"]},
        ("ENUM_ARRAY_NARROWED #/enum",),
        VALUES,
    ),
    Case(
        "enum with another value",
        {"enum": ["a", "b"]},
        {"enum": ["a", "c"]},
        ("ENUM_ARRAY_CHANGED #/enum",),
        VALUES,
    ),
    Case("enum in another order", {"enum": ["a", 1]}, {"enum": [1.0, "a"]}, (), VALUES),
    Case(
        "const changed",
        {"const": "a"},
        {"const": "b"},
        ("ENUM_ARRAY_CHANGED #/const",),
        VALUES,
    ),
    Case("const kept", {"const": {"a": [1]}}, {"const": {"a": [1]}}, (), VALUES),
    Case("const of null", {"const": None}, {"const": None}, (), VALUES),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scalars_differ_as_confluent_says(case: Case) -> None:
    check(case)


def test_a_bound_that_stays_is_no_difference() -> None:
    found = Findings(frozenset())

    compare_bound(found, "maximum", "MAXIMUM", None, None)

    assert found.outcome().differences == ()
