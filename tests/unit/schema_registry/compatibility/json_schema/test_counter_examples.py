import json
from typing import Any

import pytest

from schema_registry.compatibility.json_schema.counter_examples import (
    EXAMPLE_BYTES_MAX,
    refused_records,
)
from schema_registry.compatibility.json_schema.verdict import incompatibilities
from tests.support.registry.json_schema_cases import FORMAT, parse


def record(properties: Any, **demands: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **demands}


def examples(writer: Any, reader: Any) -> dict[str, Any]:
    """Return the records shown for each place, each held to both schemas."""
    before, after = parse(writer), parse(reader)
    found = {}
    for one in incompatibilities(after, before):
        if one.counter_example is not None:
            value = json.loads(one.counter_example)
            assert before.validation.is_valid(value)
            assert not after.validation.is_valid(value)
            found[one.path] = value
    return found


TEXT: Any = {"type": "string"}


@pytest.mark.parametrize(
    ("writer", "reader", "shown"),
    [
        (TEXT, {**TEXT, "maxLength": 2}, {"#/maxLength": "xxx"}),
        (record({}), record({"a": TEXT}), {"#/properties/a": {"a": 0}}),
        (record({"a": TEXT}), record({"a": TEXT}, required=["a"]), {"#/required/a": {}}),
        (
            record({"a": TEXT}, additionalProperties=False),
            record({}, additionalProperties=False),
            {"#/properties/a": {"a": ""}},
        ),
        (
            record({"a": {"type": "array", "items": record({"b": {"type": "number"}})}}),
            record({"a": {"type": "array", "items": record({"b": {"type": "integer"}})}}),
            {"#/properties/a/items/properties/b": {"a": [{"b": 0.25}]}},
        ),
        (
            {"type": ["string", "null"]},
            TEXT,
            {"#/": None},
        ),
        (
            record({"a": {"enum": ["x", "y"]}, "b": {"type": "number"}}, required=["a"]),
            record({"a": {"enum": ["x"]}, "b": {"type": "integer"}}, required=["a"]),
            {
                "#/properties/a/enum": {"a": "y"},
                "#/properties/b": {"a": "x", "b": 0.25},
            },
        ),
    ],
    ids=str,
)
def test_a_record_shows_what_breaks_at_its_place(
    writer: Any, reader: Any, shown: dict[str, Any]
) -> None:
    assert examples(writer, reader) == shown


def test_nothing_is_shown_where_nothing_breaks() -> None:
    """Confluent's rules do not see that the pattern is wider."""
    writer, reader = {**TEXT, "pattern": "^ab"}, {**TEXT, "pattern": "^a"}

    assert incompatibilities(parse(reader), parse(writer)) != []
    assert examples(writer, reader) == {}


def test_records_are_the_shortest_first_and_none_is_long() -> None:
    fields = {f"field{number}": {"type": "string", "minLength": 30} for number in range(100)}
    writer = parse(record(fields, required=sorted(fields)))
    reader = parse(record({name: {"type": "null"} for name in fields}))

    assert refused_records(writer, reader) == []

    few = parse(record({"a": {"type": ["string", "integer"]}}))
    shown = refused_records(few, reader)
    assert shown
    assert [len(text) for _, text in shown] == sorted(len(text) for _, text in shown)
    assert all(len(text) <= EXAMPLE_BYTES_MAX for _, text in shown)


def test_a_schema_without_a_validator_shows_nothing() -> None:
    stored = FORMAT.parse('{"type":"string","pattern":"("}', strict=False)

    [found] = incompatibilities(parse({"type": "null"}), stored)

    assert found.counter_example is None
