"""The printers: the order of keys, what is left out, what a second mention is."""

import json
from typing import Any

import pytest

from schema_registry.formats.avro.avro_format import AvroFormat

FORMAT = AvroFormat()


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ({"type": "string"}, '"string"'),
        ("string", '"string"'),
        (
            {"logicalType": "date", "type": "int"},
            '{"type":"int","logicalType":"date"}',
        ),
        (["null", {"type": "int"}], '["null","int"]'),
        (
            {"p": 1, "items": "int", "type": "array", "doc": "dropped"},
            '{"type":"array","items":"int","p":1}',
        ),
        (
            {"default": {}, "values": "int", "type": "map"},
            '{"type":"map","values":"int","default":{}}',
        ),
        (
            {
                "z": 1,
                "aliases": ["o.Old", "Older", "n.Oldest"],
                "fields": [
                    {
                        "q": [1.5],
                        "aliases": ["b"],
                        "order": "DESCENDING",
                        "default": None,
                        "doc": "d",
                        "type": "null",
                        "name": "a",
                    },
                    {"name": "c", "type": "int", "order": "ascending"},
                ],
                "doc": "the \u00e9",
                "namespace": "n",
                "name": "R",
                "type": "record",
            },
            '{"type":"record","name":"R","namespace":"n","doc":"the \u00e9","fields":['
            '{"name":"a","type":"null","doc":"d","default":null,"order":"descending",'
            '"aliases":["b"],"q":[1.5]},{"name":"c","type":"int"}],"z":1,'
            '"aliases":["o.Old","Older","Oldest"]}',
        ),
        (
            {"default": "A", "symbols": ["A"], "name": "n.E", "type": "enum", "doc": 3},
            '{"type":"enum","name":"E","namespace":"n","symbols":["A"],"default":"A"}',
        ),
        (
            {"size": 2, "doc": "d", "name": "F", "type": "fixed", "logicalType": "duration"},
            '{"type":"fixed","name":"F","doc":"d","size":2,"logicalType":"duration"}',
        ),
        (
            {
                "type": "record",
                "name": "n.R",
                "fields": [
                    {"name": "a", "type": {"type": "fixed", "name": "n.F", "size": 1}},
                    {"name": "b", "type": {"type": "fixed", "name": "m.F", "size": 1}},
                    {"name": "c", "type": ["n.F", "m.F"]},
                    {"name": "d", "type": {"type": "n.F"}},
                    {
                        "name": "e",
                        "type": {"type": "fixed", "name": "G", "namespace": "", "size": 1},
                    },
                    {"name": "f", "type": "double", "default": "1.5"},
                ],
            },
            '{"type":"record","name":"R","namespace":"n","fields":['
            '{"name":"a","type":{"type":"fixed","name":"F","size":1}},'
            '{"name":"b","type":{"type":"fixed","name":"F","namespace":"m","size":1}},'
            '{"name":"c","type":["F","m.F"]},{"name":"d","type":"F"},'
            '{"name":"e","type":{"type":"fixed","name":"G","namespace":"","size":1}},'
            '{"name":"f","type":"double","default":1.5}]}',
        ),
    ],
)
def test_canonical_text_is_java_s(given: Any, canonical: str) -> None:
    schema = FORMAT.parse(json.dumps(given))

    assert schema.canonical() == canonical
    assert FORMAT.parse(canonical).canonical() == canonical


def test_normalized_text_has_full_names_and_sorted_properties() -> None:
    inner = {"type": "fixed", "name": "F", "size": 1, "z": 1, "a": 2}
    given = {
        "type": "record",
        "name": "R",
        "namespace": "n",
        "aliases": ["S"],
        "fields": [{"name": "f", "type": inner}, {"name": "g", "type": "F"}],
    }

    text = FORMAT.parse(json.dumps(given)).normalized()

    assert text == (
        '{"type":"record","name":"n.R","fields":['
        '{"name":"f","type":{"type":"fixed","name":"n.F","size":1,"a":2,"z":1}},'
        '{"name":"g","type":"n.F"}],"aliases":["n.S"]}'
    )
    assert FORMAT.parse(text).normalized() == text


def test_normalized_text_keeps_a_name_out_of_a_namespace() -> None:
    inner = {"type": "fixed", "name": "F", "namespace": "", "size": 1}
    given = {"type": "record", "name": "n.R", "fields": [{"name": "f", "type": inner}]}

    text = FORMAT.parse(json.dumps(given)).normalized()

    assert FORMAT.parse(text).normalized() == text
    assert '"name":"F","namespace":""' in text
