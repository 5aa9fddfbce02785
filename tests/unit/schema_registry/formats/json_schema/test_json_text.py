import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema.json_text import parse_json, pointer, print_json
from schema_registry.formats.json_schema.limits import JSON_DEPTH_MAX

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (' { "b" : 1 , "a" : [ ] } ', '{"b":1,"a":[]}'),
        ("1.50", "1.50"),
        ("1e5", "1E+5"),
        ("1E-7", "1E-7"),
        ("0.0000001", "1E-7"),
        ("-0.0", "0.0"),
        ("-0", "0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ('"\\u0001\\u001f\\t\\/\\u007f\\u00e9"', '"\\u0001\\u001F\\t/\x7fé"'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        ('"\\ud83d\\ude00"', '"😀"'),
        ("{}", "{}"),
        ("null", "null"),
    ],
)
def test_a_text_is_printed_as_jackson_prints_it(text: str, printed: str) -> None:
    assert print_json(parse_json(text)) == printed


def test_sorted_keys_are_in_the_order_of_java() -> None:
    """By UTF-16 units: the first half of a pair is below the last of the plane's letters."""
    value = parse_json('{"\uff5e":1,"😀":2,"b":3,"B":4,"aa":{"z":1,"y":2},"a":5}')

    assert print_json(value, is_sorted=True) == (
        '{"B":4,"a":5,"aa":{"y":2,"z":1},"b":3,"😀":2,"\uff5e":1}'
    )


@given(VALUES)
def test_what_is_printed_is_parsed_to_the_same(value: object) -> None:
    text = json.dumps(value)

    again = print_json(parse_json(text))

    assert json.loads(again) == json.loads(text)
    assert print_json(parse_json(again)) == again


@pytest.mark.parametrize(
    "text",
    ["", "{", "{'a':1}", "NaN", "Infinity", "[1,]", "1 2", '"\\ud800"', '{"\\udc00":1}', "\ud800"],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema, match="no JSON"):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * (JSON_DEPTH_MAX + 2) + "]" * (JSON_DEPTH_MAX + 2),
        "9" * 500,
        "1e999999999",
        "1e-999999999",
        '"' + "x" * 1_000_001 + '"',
    ],
    ids=["endless", "deep", "long number", "huge", "tiny", "long"],
)
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(BoundExceeded):
        parse_json(text)


def test_a_pointer_escapes_its_segments() -> None:
    assert pointer("a/b", "c~d", 0, "") == "/a~1b/c~0d/0/"


@pytest.mark.parametrize(
    "text", ["1e999999999", "1e9999999999999999999999", "-1E-99999999999999999999"]
)
def test_an_exponent_that_no_decimal_has_is_refused(text: str) -> None:
    with pytest.raises(BoundExceeded, match="digits"):
        parse_json(text)
