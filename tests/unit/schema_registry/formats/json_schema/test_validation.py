import time

import pytest

from schema_registry.errors import InvalidPayload, InvalidSchema
from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.json_text import parse_json
from schema_registry.formats.json_schema.validation import Validation
from schema_registry.model import ResolvedReference
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_2019, DRAFT_2020


def validation(text: str, **texts: str) -> Validation:
    named = (ResolvedReference(name=f"{name}.json", text=one) for name, one in texts.items())
    return Validation(Documents(parse_json(text), tuple(named)))


def test_a_value_is_valid_or_not() -> None:
    found = validation('{"type":"integer","multipleOf":0.5}')

    assert found.is_valid(3)
    assert not found.is_valid(3.25)


def test_a_referenced_text_counts() -> None:
    found = validation('{"items":{"$ref":"a.json"}}', a='{"type":"null"}')

    assert found.is_valid([None])
    assert not found.is_valid([0])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ('{"$schema":"http://json-schema.org/draft-04/schema#","required":[]}', {}),
        ('{"$schema":"http://json-schema.org/draft-04/schema#","dependencies":{"a":[]}}', {"a": 1}),
        ('{"required":["a","a"],"allOf":[]}', {"a": 1}),
        ('{"$schema":"http://example.com/unknown","type":"object"}', {}),
        ('{"format":"no-such-format"}', "x"),
        ('{"$id":"relative/id","type":"object"}', {}),
        ('{"properties":{"a":true,"b":{}}}', {"a": 1}),
        ('{"pattern":"^(?!x)(?<=)\\\\p{L}+$"}', "é"),
        ("true", 1),
    ],
)
def test_what_confluent_takes_can_be_validated_with(schema: str, value: object) -> None:
    assert validation(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ('{"properties":{"a":{"pattern":"("}}}', "/properties/a/pattern"),
        ('{"pattern":"((a{1000}){1000}){1000}"}', "/pattern"),
        ('{"patternProperties":{"[":{}}}', "/patternProperties"),
        (f'{{"$schema":"{DRAFT_2020}","items":[{{}}]}}', "/items"),
        ('{"$ref":"https://json-schema.org/draft/2020-12/schema"}', ""),
    ],
)
def test_what_cannot_be_validated_with_is_refused(schema: str, path: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        validation(schema)

    assert refusal.value.path.startswith(path)
    assert refusal.value.message


def test_formats_count_where_the_draft_says_so() -> None:
    """Confluent's validators hold to formats up to draft 7."""
    assert not validation('{"format":"ipv4"}').is_valid("x")
    assert not validation(f'{{"$schema":"{DRAFT_4}","format":"ipv4"}}').is_valid("x")
    assert validation(f'{{"$schema":"{DRAFT_2019}","format":"ipv4"}}').is_valid("x")
    assert validation(f'{{"$schema":"{DRAFT_2020}","format":"ipv4"}}').is_valid("x")


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|aa)+$", "^(?=x?)(a+)+$", "^(a+)+\\\\1$", "(.*)*(.*)*(.*)*!$"]
)
def test_no_pattern_hangs(pattern: str) -> None:
    try:
        found = validation(f'{{"pattern":"{pattern}"}}')
    except InvalidSchema:
        return
    began = time.monotonic()

    found.is_valid("a" * 50_000 + "b")

    assert time.monotonic() - began < 30


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_is_no_json_value_is_not_valid(value: object) -> None:
    assert not validation('{"type":["number","string"]}').is_valid(value)


def test_a_deep_value_of_a_recursive_union_is_quick() -> None:
    found = validation(
        '{"anyOf":[{"items":{"$ref":"#"},"type":"array"},'
        '{"items":{"$ref":"#"},"type":"array","minItems":1},{"type":"null"}]}'
    )
    value: object = 3
    for _ in range(100):
        value = [value]
    began = time.monotonic()

    with pytest.raises(InvalidPayload):
        found.check(value)

    assert time.monotonic() - began < 30
