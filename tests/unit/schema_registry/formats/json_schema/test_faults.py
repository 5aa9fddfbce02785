from typing import Any

import pytest

from schema_registry.errors import InvalidPayload
from schema_registry.formats.json_schema.faults import MESSAGE_CHARACTERS_MAX, short
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_2020, FORMAT, parse

UNION = {
    "oneOf": [
        {"properties": {"kind": {"const": "a"}, "size": {"type": "integer"}}, "required": ["kind"]},
        {"properties": {"kind": {"const": "b"}, "name": {"type": "string"}}, "required": ["kind"]},
    ]
}


@pytest.mark.parametrize(
    ("schema", "value", "path", "message"),
    [
        ({"type": "string"}, 1, "", "is not of type"),
        (False, 1, "", "no value is allowed"),
        ({"properties": {"a": False}}, {"a": 1}, "/a", "no value is allowed"),
        ({"properties": {"a/b": {"type": "string"}}}, {"a/b": 1}, "/a~1b", "is not of type"),
        ({"required": ["a"]}, {}, "", "required"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, "", "'b'"),
        ({"additionalProperties": {"type": "null"}}, {"b": 1}, "/b", "is not of type"),
        ({"patternProperties": {"^x/": {"type": "null"}}}, {"x/": 1}, "/x~1", "is not of type"),
        ({"items": {"minimum": 3}}, [3, 4, 2], "/2", "less than"),
        ({"items": [{}, {"type": "null"}]}, [1, 2], "/1", "is not of type"),
        ({"items": [{}], "additionalItems": {"type": "null"}}, [1, 2], "/1", "is not of type"),
        (
            {"$schema": DRAFT_2020, "prefixItems": [{}], "items": {"type": "null"}},
            [1, None, 2],
            "/2",
            "is not of type",
        ),
        ({"allOf": [{}, {"properties": {"a": {"enum": [1]}}}]}, {"a": 2}, "/a", "is not one of"),
        (
            {
                "definitions": {
                    "n": {"properties": {"n": {"$ref": "#/definitions/n"}, "v": {"type": "null"}}}
                },
                "$ref": "#/definitions/n",
            },
            {"n": {"n": {"v": 1}}},
            "/n/n/v",
            "is not of type",
        ),
        ({"items": UNION}, [{"kind": "a", "size": 1}, {"kind": "b", "name": 2}], "/1/name", "type"),
        ({"items": UNION}, [{"kind": "c"}], "/0", "not exactly one member of oneOf"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 1, "", "no member of anyOf"),
        ({"oneOf": [{}, True]}, 1, "", "not exactly one member of oneOf"),
        ({"not": {}}, 1, "", "(not)"),
        ({"contains": {"type": "null"}}, [1], "", "(contains)"),
        ({"if": {"type": "integer"}, "then": {"minimum": 5}}, 1, "", "(if, then)"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "", "(propertyNames)"),
        ({"uniqueItems": True}, [1, 1], "", "non-unique"),
        (
            {"$schema": DRAFT_4, "properties": {"a": {}}, "additionalProperties": False},
            {"b": 1},
            "",
            "'b'",
        ),
        (
            {
                "$schema": DRAFT_2020,
                "$ref": "#/$defs/a",
                "minProperties": 1,
                "$defs": {"a": {"type": "object"}},
            },
            {},
            "",
            "less than 1",
        ),
        ({"$ref": "http://json-schema.org/draft-07/schema#"}, {"type": 3}, "", "($ref)"),
    ],
    ids=str,
)
def test_a_fault_is_found_where_it_is(schema: Any, value: Any, path: str, message: str) -> None:
    codec = FORMAT.codec(parse(schema))

    with pytest.raises(InvalidPayload) as refusal:
        codec.encode(value)

    assert refusal.value.path == path
    assert message in refusal.value.message


def test_a_message_is_cut_where_it_is_long() -> None:
    assert short("x" * 10_000) == "x" * (MESSAGE_CHARACTERS_MAX - 3) + "..."
    assert short("one\n\ntwo") == "one"
