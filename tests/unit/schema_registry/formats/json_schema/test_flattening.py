from typing import Any

import jsonschema
import pytest

from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.flattening import flatten
from schema_registry.model import ResolvedReference
from tests.support.registry.json_schema_cases import DRAFT_2019, DRAFT_2020


def flat(root: Any, **texts: str) -> Any:
    named = (ResolvedReference(name=f"{name}.json", text=text) for name, text in texts.items())
    return flatten(Documents(root, tuple(named)))


def test_references_are_put_under_their_names() -> None:
    found = flat(
        {"properties": {"a": {"$ref": "a.json#/definitions/x"}}, "definitions": {"a.json": True}},
        a='{"$id":"http://x/a","definitions":{"x":{"$ref":"#/definitions/y"},"y":{"type":"null"}}}',
    )

    assert found["properties"]["a"] == {"$ref": "#/definitions/a.json%202/definitions/x"}
    assert found["definitions"]["a.json"] is True
    assert found["definitions"]["a.json 2"] == {
        "definitions": {
            "x": {"$ref": "#/definitions/a.json%202/definitions/y"},
            "y": {"type": "null"},
        }
    }


def test_what_locates_subschemas_is_gone() -> None:
    found = flat(
        {
            "$schema": DRAFT_2020,
            "$id": "http://x/root",
            "$ref": "inner#it",
            "$defs": {"inner": {"$id": "inner", "$defs": {"a": {"$anchor": "it", "const": 1}}}},
            "properties": {"$id": {"type": "string"}},
            "examples": [{"$id": "kept"}],
        }
    )

    assert found == {
        "$schema": DRAFT_2020,
        "$ref": "#/$defs/inner/$defs/a",
        "$defs": {"inner": {"$defs": {"a": {"const": 1}}}},
        "properties": {"$id": {"type": "string"}},
        "examples": [{"$id": "kept"}],
    }


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"$ref": "#/definitions/no", "definitions": {"no": False}}, [], [1]),
        ({"$ref": "#/definitions/yes", "definitions": {"yes": True}}, [1], []),
        (
            {"$schema": DRAFT_2020, "$ref": "#/$defs/no", "type": "null", "$defs": {"no": False}},
            [],
            [None],
        ),
        (
            {"$schema": DRAFT_2019, "items": {"$recursiveRef": "#"}, "type": ["array", "null"]},
            [[[None]]],
            [[["x"]]],
        ),
        (
            {
                "$schema": DRAFT_2020,
                "$ref": "#/$defs/a",
                "$dynamicRef": "#/$defs/b",
                "$defs": {"a": {"minimum": 1}, "b": {"maximum": 2}},
            },
            [1, 2],
            [0, 3],
        ),
        ({"required": ["a", "a"], "allOf": [], "dependencies": {"a": []}}, [{"a": 1}], [{}]),
    ],
    ids=str,
)
def test_a_flat_schema_means_the_same(schema: Any, valid: list[Any], invalid: list[Any]) -> None:
    found = flat(schema)
    validator = jsonschema.validators.validator_for(found)(found)

    assert all(validator.is_valid(value) for value in valid)
    assert not any(validator.is_valid(value) for value in invalid)


@pytest.mark.parametrize("odd", [1.5, None, "a", [{}], {"a": {}}, True], ids=str)
@pytest.mark.parametrize("keyword", ["required", "allOf", "dependencies", "definitions"])
def test_what_a_reference_hides_may_be_anything(keyword: str, odd: Any) -> None:
    """Up to draft 7 nobody looks at it; a validator may refuse it later."""
    assert flat({"$ref": "http://json-schema.org/draft-07/schema#", keyword: odd})
    assert flat({"$ref": "other.json", keyword: odd}, other='{"type": "null"}')
