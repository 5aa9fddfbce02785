"""The format as a whole: what jsonschema, the reference implementation, finds valid is valid."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema_registry.errors import InvalidPayload, InvalidSchema
from schema_registry.formats.json_schema.codec import JsonSchemaCodec
from schema_registry.formats.json_schema.json_text import pointer
from schema_registry.formats.json_schema.limits import PATTERNS_KEPT_MAX
from tests.support.registry.json_schema_cases import (
    DRAFT_4,
    DRAFT_6,
    DRAFT_7,
    DRAFT_2019,
    DRAFT_2020,
    FORMAT,
    parse,
)

NAMES = st.sampled_from(["a", "b", "x/y"])
NUMBERS = st.integers(-3, 5) | st.sampled_from([0.5, 2.0, -1.5])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text("xé", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
COUNTS = st.integers(0, 3)


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "minimum": NUMBERS,
            "maxLength": COUNTS,
            "pattern": st.sampled_from(["^x", "é+$", "(?=x)x"]),
            "required": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "minItems": COUNTS,
            "uniqueItems": st.booleans(),
            "maxProperties": COUNTS,
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "/"]), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    )


SCHEMAS = st.recursive(
    st.builds(lambda name: {"type": name}, TYPES) | st.just({}), around, max_leaves=8
)


@pytest.mark.parametrize("draft", [DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS, values=st.lists(VALUES, min_size=3, max_size=6))
def test_what_is_valid_is_what_the_reference_finds_valid(
    draft: str, schema: Any, values: list[Any]
) -> None:
    text = {"$schema": draft, **schema}
    reference = jsonschema.validators.validator_for(text)(text)
    try:
        jsonschema.validators.validator_for(text).check_schema(text)
    except jsonschema.SchemaError:
        return
    codec = FORMAT.codec(parse(text))

    for value in values:
        errors = list(reference.iter_errors(value))
        fault = _fault(codec, value)
        assert (fault is None) is (not errors), (text, value, fault)
        assert fault is None or any(_leads(fault, error) for error in errors), (text, value, fault)


def _fault(codec: JsonSchemaCodec, value: Any) -> str | None:
    """Return where a value that is refused has its fault; hold one that is not to come back."""
    try:
        payload = codec.encode(value)
    except InvalidPayload as refusal:
        return refusal.path
    assert codec.decode(payload) == json.loads(payload)
    return None


def _leads(path: str, error: jsonschema.ValidationError) -> bool:
    """Return whether a fault is where the reference sees one, or inside a member it tried."""
    inner = [one for below in error.context or () for one in [below, *(below.context or ())]]
    places = [pointer(*one.absolute_path) for one in [error, *inner]]
    return any(path.startswith(place) for place in places)


def test_more_patterns_than_are_kept_are_no_matter() -> None:
    patterns = {f"^p{number}$": {"type": "null"} for number in range(PATTERNS_KEPT_MAX + 10)}
    schema = parse({"patternProperties": patterns, "additionalProperties": False})

    assert schema.validation.is_valid({"p5": None})
    assert not schema.validation.is_valid({"q": None})


def test_a_large_schema_is_parsed() -> None:
    field = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}
    schema = parse({"properties": {f"field{number}": field for number in range(2_000)}})

    assert schema.validation.is_valid({"field7": {"a": "x"}})
    assert not schema.validation.is_valid({"field7": {"a": "xxxxxx"}})


def test_a_text_too_deep_for_the_validator_is_refused_or_works() -> None:
    """Its own bound is 255 levels; ours is below."""
    schema: Any = {"type": "null"}
    for _ in range(99):
        schema = {"items": schema}
    assert parse(schema).validation.is_valid([[]])

    with pytest.raises(InvalidSchema, match="levels deep"):
        parse({"items": {"default": _nested(250)}})


def _nested(levels: int) -> Any:
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value
