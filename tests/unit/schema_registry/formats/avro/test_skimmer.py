"""The skimmer: which schemas need it, and that it walks as the codec reads."""

import json
from typing import Any

import pytest

from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.avro.skimmer import VALUE_DEPTH_MAX, needs_skimming, skimmer
from schema_registry.formats.avro.types import AvroType

FORMAT = AvroFormat()
ALL = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": {"type": "map", "values": ["null", "string", "double"]}},
        {"name": "b", "type": {"type": "fixed", "name": "F", "size": 3}},
        {"name": "c", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
        {"name": "d", "type": ["null", "R"]},
        {"name": "e", "type": {"type": "array", "items": "boolean"}},
        {"name": "f", "type": "float"},
        {"name": "g", "type": "bytes"},
    ],
}
VALUE = {
    "a": {"x": None, "y": {"string": "s"}, "z": {"double": 1.0}},
    "b": "abc",
    "c": "A",
    "d": None,
    "e": [True, False],
    "f": 1.0,
    "g": "ab",
}


def root(schema: Any) -> AvroType:
    return FORMAT.parse(json.dumps(schema)).root


@pytest.mark.parametrize(
    ("schema", "needed"),
    [
        ("int", False),
        (ALL, True),
        ({"type": "array", "items": "null"}, True),
        ({"type": "array", "items": "int"}, False),
        ({"type": "array", "items": {"type": "record", "name": "E", "fields": []}}, True),
        ({"type": "map", "values": {"type": "fixed", "name": "F", "size": 0}}, False),
        (["null", {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}], True),
    ],
)
def test_only_schemas_that_can_say_too_much_need_it(schema: Any, needed: bool) -> None:
    assert needs_skimming(root(schema)) is needed


def test_it_walks_over_what_the_codec_writes() -> None:
    schema = FORMAT.parse(json.dumps(ALL))
    payload = FORMAT.codec(schema).encode({**VALUE, "d": {"R": VALUE}})

    skimmer(schema.root)(payload)
    with pytest.raises(ValueError, match="end in the middle"):
        skimmer(schema.root)(payload[:-1])


def test_blocks_with_sizes_are_walked() -> None:
    payload = b"\x03\x04\x02\x04\x00"

    skimmer(root({"type": "array", "items": "int"}))(payload)


def test_depth_is_bounded() -> None:
    node = {"type": "record", "name": "N", "fields": [{"name": "n", "type": ["null", "N"]}]}
    skim = skimmer(root(node))

    skim(b"\x02" * VALUE_DEPTH_MAX + b"\x00")
    with pytest.raises(ValueError, match="deep"):
        skim(b"\x02" * (VALUE_DEPTH_MAX + 1) + b"\x00")
