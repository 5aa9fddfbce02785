import time
from typing import Any

import pytest

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.expansion import check_expansion


def doubling(levels: int, inside: bool) -> dict[str, Any]:
    """Return a schema whose every level leads twice to the next."""
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for one in range(1, levels + 1):
        below = {"$ref": f"#/definitions/d{one - 1}"}
        member = {"items": below} if inside else below
        definitions[f"d{one}"] = {"anyOf": [member, dict(member)]}
    return {"definitions": definitions, "$ref": f"#/definitions/d{levels}"}


@pytest.mark.parametrize("inside", [False, True])
def test_a_schema_that_doubles_at_every_level_is_refused(inside: bool) -> None:
    began = time.monotonic()

    with pytest.raises(BoundExceeded, match="held against more than"):
        check_expansion(Documents(doubling(60, inside)))

    assert time.monotonic() - began < 30


@pytest.mark.parametrize("inside", [False, True])
def test_a_schema_that_doubles_a_few_times_is_taken(inside: bool) -> None:
    check_expansion(Documents(doubling(8, inside)))


def test_a_wide_schema_is_taken() -> None:
    leaf = {"type": "object", "properties": {str(one): {"type": "string"} for one in range(300)}}

    check_expansion(
        Documents(
            {
                "definitions": {"leaf": leaf},
                "properties": {str(one): {"$ref": "#/definitions/leaf"} for one in range(300)},
            }
        )
    )


def test_a_recursive_schema_is_taken() -> None:
    union = {"anyOf": [{"items": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]}

    check_expansion(Documents(union))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"not": {"anyOf": [{}, {"$ref": "#"}]}},
        {"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}},
        {"if": {}, "then": {"$ref": "#"}},
        {"dependencies": {"a": {"$ref": "#"}}},
    ],
    ids=str,
)
def test_a_schema_that_means_itself_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidSchema, match="refers to itself"):
        check_expansion(Documents(schema))
