"""The parser: what is a schema, and where what is none is wrong."""

import json
from typing import Any

import pytest

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.model import ResolvedReference

FORMAT = AvroFormat()


def parse(value: Any) -> str:
    return FORMAT.parse(json.dumps(value)).canonical()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "1:1"),
        ("{", "1:2"),
        ("string", "1:1"),
        ("null", ""),
        ("1", ""),
        ('"strin"', ""),
        ('{"a": 1}', ""),
        ('{"type": {"type": "int"}}', ""),
        ('{"type": "array"}', ""),
        ('{"type": "map"}', ""),
        ('{"type": "array", "items": "x"}', "/items"),
        ('{"type": "record", "fields": []}', ""),
        ('{"type": "record", "name": "R"}', ""),
        ('{"type": "record", "name": "a-b", "fields": []}', "/name"),
        ('{"type": "record", "name": "1a", "fields": []}', "/name"),
        ('{"type": "record", "name": "", "fields": []}', "/name"),
        ('{"type": "record", "name": "int", "fields": []}', "/name"),
        ('{"type": "record", "name": "R", "namespace": "a-b", "fields": []}', "/namespace"),
        ('{"type": "record", "name": "R", "fields": [{"type": "int"}]}', "/fields/0"),
        ('{"type": "record", "name": "R", "fields": [{"name": "a"}]}', "/fields/0"),
        ('{"type": "record", "name": "R", "fields": [3]}', "/fields/0"),
        (
            '{"type": "record", "name": "R", "fields": [{"name": "a.b", "type": "int"}]}',
            "/fields/0/name",
        ),
        (
            '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "X"}]}',
            "/fields/0/type",
        ),
        (
            '{"type": "record", "name": "R", "fields":'
            ' [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}',
            "/fields/1",
        ),
        (
            '{"type": "record", "name": "R", "fields":'
            ' [{"name": "a", "type": "int", "order": "up"}]}',
            "/fields/0/order",
        ),
        ('{"type": "record", "name": "R", "aliases": "S", "fields": []}', "/aliases"),
        ('{"type": "enum", "name": "E"}', ""),
        ('{"type": "enum", "name": "E", "symbols": ["A", "A"]}', "/symbols"),
        ('{"type": "enum", "name": "E", "symbols": ["a b"]}', "/symbols/0"),
        ('{"type": "enum", "name": "E", "symbols": [1]}', "/symbols/0"),
        ('{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}', "/default"),
        ('{"type": "fixed", "name": "F"}', "/size"),
        ('{"type": "fixed", "name": "F", "size": -1}', "/size"),
        ('{"type": "fixed", "name": "F", "size": true}', "/size"),
        ('["int", "int"]', "/1"),
        ('["int", ["string"]]', "/1"),
        ('["null", {"type": "enum", "name": "E", "symbols": []}, "E"]', "/2"),
        (
            '[{"type": "fixed", "name": "F", "size": 1},'
            ' {"type": "fixed", "name": "F", "size": 1}]',
            "/1/name",
        ),
        ('{"type": "int", "x": NaN}', ""),
        ('{"type": "int", "x": 1e999}', ""),
        ('"\\ud800"', ""),
        ('{"type": "int", "x": ' + "9" * 5000 + "}", ""),
    ],
)
def test_what_is_no_schema_is_refused_with_the_place(text: str, path: str) -> None:
    with pytest.raises(InvalidSchema) as raised:
        FORMAT.parse(text)

    assert raised.value.path == path


def test_comments_are_taken_as_avro_does() -> None:
    text = '{"type": /* a // b */ "record", "name": "R", // the rest\n "fields": [], "p": "//x"}'

    assert FORMAT.parse(text).canonical() == '{"type":"record","name":"R","fields":[],"p":"//x"}'


def test_a_name_is_looked_for_in_its_namespace_and_then_in_none() -> None:
    inner = {"type": "fixed", "name": "F", "namespace": "", "size": 1}
    schema = {
        "type": "record",
        "name": "n.R",
        "fields": [{"name": "a", "type": inner}, {"name": "b", "type": "F"}],
    }

    assert '{"name":"b","type":"F"}' in parse(schema)


def test_types_of_references_are_known_and_only_mentioned() -> None:
    other = ResolvedReference(name="n.A", text='{"type":"record","name":"n.A","fields":[]}')
    both = ResolvedReference(
        name="n.B",
        text='{"type":"record","name":"n.B","fields":[{"name":"a","type":"n.A"}]}',
        references=(other,),
    )
    text = (
        '{"type":"record","name":"n.C","fields":'
        '[{"name":"b","type":"n.B"},{"name":"a","type":"A"}]}'
    )

    schema = FORMAT.parse(text, [both, other])

    assert schema.canonical() == (
        '{"type":"record","name":"C","namespace":"n",'
        '"fields":[{"name":"b","type":"B"},{"name":"a","type":"A"}]}'
    )
    assert FORMAT.parse(schema.formatted("resolved")).record_name() == "n.C"


def test_a_reference_may_not_be_defined_again() -> None:
    text = '{"type":"record","name":"n.A","fields":[]}'

    with pytest.raises(InvalidSchema, match="defined twice"):
        FORMAT.parse(text, [ResolvedReference(name="n.A", text=text)])


def test_stored_schemas_may_have_namespaces_that_new_ones_may_not() -> None:
    text = '{"type":"record","name":"R","namespace":"a-b","fields":[]}'

    assert FORMAT.parse(text, strict=False).record_name() == "a-b.R"


def test_texts_that_are_too_deep_or_too_long_are_refused() -> None:
    for text in (
        '{"type":"array","items":' * 200 + '"int"' + "}" * 200,
        "[" * 100_000,
        '"' + "x" * 1_000_001 + '"',
    ):
        with pytest.raises(InvalidSchema):
            FORMAT.parse(text)


def test_references_that_lead_too_deep_are_refused() -> None:
    reference = ResolvedReference(name="n", text='"int"')
    for number in range(60):
        text = json.dumps({"type": "fixed", "name": f"F{number}", "size": 1})
        reference = ResolvedReference(name="n", text=text, references=(reference,))

    with pytest.raises(BoundExceeded):
        FORMAT.parse('"int"', [reference])
