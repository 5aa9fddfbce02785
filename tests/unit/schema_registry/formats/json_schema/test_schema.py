import json
from typing import Any

import pytest

from schema_registry.errors import InvalidSchema, SchemaFormatUnsupported
from schema_registry.formats.json_schema.schema import JsonSchema
from schema_registry.formats.schema_format import ParsedSchema, SchemaFormat
from schema_registry.model import ResolvedReference, SchemaType
from tests.support.registry.json_schema_cases import FORMAT, parse

TEXT = '{ "type": "object", "title": "Order", "properties": {"b": {"maximum": 1.50}, "a": {}} }'


def test_a_text_has_a_canonical_and_a_normalized_form() -> None:
    schema = FORMAT.parse(TEXT)

    assert schema.canonical() == (
        '{"type":"object","title":"Order","properties":{"b":{"maximum":1.50},"a":{}}}'
    )
    assert schema.normalized() == (
        '{"properties":{"a":{},"b":{"maximum":1.50}},"title":"Order","type":"object"}'
    )
    assert FORMAT.parse(schema.canonical()).canonical() == schema.canonical()


def test_the_format_fits_the_registry() -> None:
    format_: SchemaFormat = FORMAT
    schema: ParsedSchema = format_.parse(TEXT)

    assert format_.schema_type is schema.schema_type is SchemaType.JSON
    assert format_.codec(schema).decode(format_.codec(schema).encode({"b": 1})) == {"b": 1}


@pytest.mark.parametrize(
    ("schema", "name"),
    [({"title": "Order"}, "Order"), ({}, None), (True, None), ({"type": "object"}, None)],
)
def test_the_title_is_the_record_name(schema: object, name: str | None) -> None:
    assert parse(schema).record_name() == name


def test_the_resolved_form_holds_all_it_refers_to() -> None:
    reference = ResolvedReference(name="a.json", text='{"type":"null"}')
    schema = FORMAT.parse('{"$ref":"a.json"}', (reference,))

    resolved = FORMAT.parse(schema.formatted("resolved"))

    assert json.loads(resolved.canonical())["definitions"] == {"a.json": {"type": "null"}}
    assert schema.canonical() == '{"$ref":"a.json"}'


@pytest.mark.parametrize("name", ["serialized", "ignore_extensions", "nonsense"])
def test_there_is_no_other_form(name: str) -> None:
    with pytest.raises(SchemaFormatUnsupported):
        parse({}).formatted(name)


def test_property_names_are_those_at_the_top() -> None:
    assert parse({"properties": {"a": {"properties": {"b": {}}}}}).property_names == {"a"}
    assert parse(True).property_names == frozenset()


@pytest.mark.parametrize("properties", [True, [None], "a", 1])
def test_properties_beside_a_reference_may_be_anything_and_are_none(properties: Any) -> None:
    schema = {"$ref": "#/definitions/a", "definitions": {"a": {}}, "properties": properties}
    text = json.dumps(schema)

    assert FORMAT.parse(text, strict=False).property_names == frozenset()
    with pytest.raises(InvalidSchema):
        FORMAT.parse(text)


def test_a_strict_parse_refuses_what_cannot_be_used() -> None:
    stored = '{"properties":{"$$a":{}},"pattern":"("}'

    assert isinstance(FORMAT.parse(stored, strict=False), JsonSchema)
    with pytest.raises(InvalidSchema, match=r"no property begins with \$\$"):
        FORMAT.parse(stored)


def test_the_same_schema_keeps_its_model_and_validators() -> None:
    schema = parse({"type": "object"})

    assert schema.node is schema.node
    assert schema.validation is schema.validation
