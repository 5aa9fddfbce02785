import itertools
import json
import random
from typing import Any

import pytest

from schema_registry.compatibility.json_schema import comparison
from schema_registry.compatibility.json_schema.comparison import (
    DIFFERENCES_MAX,
    Findings,
    maximum_matching,
)
from schema_registry.compatibility.json_schema.verdict import incompatibilities
from schema_registry.errors import BoundExceeded
from tests.support.registry.json_schema_cases import DRAFT_2020, parse


def mutual(types: int, properties: int, name_type: str = "string") -> dict[str, Any]:
    """Return product types that all refer to each other through a union."""
    definitions: dict[str, Any] = {
        "Named": {"type": "object", "properties": {"name": {"type": name_type}}},
        "Id": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        "Link": {"oneOf": [{"$ref": "#/$defs/Id"}, {"$ref": "#/$defs/Product"}]},
        "Product": {"oneOf": [{"$ref": f"#/$defs/Type{one}"} for one in range(types)]},
    }
    for one in range(types):
        links = {f"link{number}": {"$ref": "#/$defs/Link"} for number in range(properties)}
        definitions[f"Type{one}"] = {
            "$ref": "#/$defs/Named",
            "type": "object",
            "properties": {**links, "kind": {"type": "string", "const": f"type {one}"}},
        }
    return {"$schema": DRAFT_2020, "$defs": definitions, "$ref": "#/$defs/Product"}


def test_a_recursive_union_of_twelve_types_agrees_with_itself() -> None:
    """The case that hung Confluent's registry: pull request 4375."""
    one, other = parse(mutual(12, 5)), parse(mutual(12, 5))

    assert incompatibilities(one, other) == []


def test_a_break_deep_in_a_recursive_union_is_found() -> None:
    one, other = parse(mutual(12, 5)), parse(mutual(12, 5, name_type="integer"))

    assert {found.kind for found in incompatibilities(other, one)} == {
        "COMBINED_TYPE_SUBSCHEMAS_CHANGED"
    }


def test_a_break_that_one_turn_would_take_for_compatible_is_found() -> None:
    """``a`` is compared within ``b``, while ``b`` is compared: it rests on ``b``, which breaks."""

    def schema(value_type: str) -> dict[str, Any]:
        return {
            "$ref": "#/definitions/b",
            "definitions": {
                "a": {"properties": {"b": {"$ref": "#/definitions/b"}}},
                "b": {
                    "properties": {
                        "a": {"oneOf": [{"$ref": "#/definitions/a"}, {"type": "null"}]},
                        "value": {"type": value_type},
                        "z": {"oneOf": [{"$ref": "#/definitions/a"}, {"type": "null"}]},
                    }
                },
            },
        }

    found = incompatibilities(parse(schema("string")), parse(schema("integer")))

    assert {(one.kind, one.path) for one in found} == {
        ("TYPE_CHANGED", "#/properties/value"),
        ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", "#/properties/a"),
        ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", "#/properties/z"),
    }


def test_a_chain_of_references_deeper_than_the_stack_is_compared() -> None:
    links = 3_000
    definitions: dict[str, Any] = {
        f"d{one}": {"properties": {"next": {"$ref": f"#/definitions/d{one + 1}"}}}
        for one in range(links)
    }

    def chain(end: str) -> dict[str, Any]:
        return {
            "$ref": "#/definitions/d0",
            "definitions": {**definitions, f"d{links}": {"type": end}},
        }

    found = incompatibilities(parse(chain("string")), parse(chain("integer")))

    assert [one.kind for one in found] == ["TYPE_CHANGED"]


def test_a_comparison_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = parse({"oneOf": [{"minimum": number} for number in range(20)]})
    monkeypatch.setattr(comparison, "STEPS_MAX", 100)

    with pytest.raises(BoundExceeded, match="more than 100 steps"):
        incompatibilities(schema, schema)


def test_the_deadline_is_looked_at() -> None:
    class TooLate(Exception):
        pass

    def late() -> None:
        raise TooLate

    schema = parse({"oneOf": [{"minimum": number} for number in range(30)]})

    with pytest.raises(TooLate):
        incompatibilities(schema, schema, check_deadline=late)


def test_paths_that_multiply_do_not() -> None:
    """Twenty levels that all refer twice to the next: a million ways to one difference."""

    def schema(end: str) -> dict[str, Any]:
        definitions: dict[str, Any] = {"d0": {"type": end}}
        for one in range(1, 20):
            below = {"$ref": f"#/definitions/d{one - 1}"}
            definitions[f"d{one}"] = {"properties": {"a": below, "b": below}}
        return {"$ref": "#/definitions/d19", "definitions": definitions}

    found = incompatibilities(parse(schema("string")), parse(schema("null")))

    assert len(found) == 100


def test_what_breaks_is_kept_before_what_is_tolerated() -> None:
    found = Findings(frozenset({"TITLE_CHANGED"}))
    for _ in range(DIFFERENCES_MAX):
        found.add("TITLE_CHANGED")
    found.add("TYPE_CHANGED")

    outcome = found.outcome()

    assert not outcome.is_compatible
    assert len(outcome.differences) == DIFFERENCES_MAX
    assert outcome.differences[0].kind == "TYPE_CHANGED"


def test_a_matching_is_as_large_as_can_be() -> None:
    source = random.Random(6)
    for _ in range(300):
        left, right = source.randint(0, 5), source.randint(0, 5)
        edges = [[r for r in range(right) if source.random() < 0.4] for _ in range(left)]

        found = maximum_matching(edges, right)

        assert all(one in edges[lefty] for lefty, one in found.items())
        assert len(set(found.values())) == len(found)
        assert len(found) == _largest(edges, right), json.dumps(edges)


def _largest(edges: list[list[int]], right: int) -> int:
    best = 0
    for order in itertools.permutations(range(right), min(right, len(edges))):
        for lefts in itertools.combinations(range(len(edges)), len(order)):
            best = max(best, sum(r in edges[one] for one, r in zip(lefts, order, strict=True)))
    return best
