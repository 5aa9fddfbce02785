"""The codec: values there and back, what does not fit, and bytes that lie."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.errors import BoundExceeded, InvalidPayload
from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.schema_format import PayloadCodec

FORMAT = AvroFormat()
ENUM = {"type": "enum", "name": "n.E", "symbols": ["A", "B"]}
FIXED = {"type": "fixed", "name": "n.F", "size": 2}
NODE = {
    "type": "record",
    "name": "n.Node",
    "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "Node"]}],
}


def codec(schema: Any) -> PayloadCodec:
    return FORMAT.codec(FORMAT.parse(json.dumps(schema)))


def record(*fields: tuple[str, Any], **defaults: Any) -> dict[str, Any]:
    written = [
        {"name": name, "type": avro, **({"default": defaults[name]} if name in defaults else {})}
        for name, avro in fields
    ]
    return {"type": "record", "name": "n.R", "fields": written}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("null", None),
        ("boolean", True),
        ("int", -(2**31)),
        ("long", 2**63 - 1),
        ("float", 1.5),
        ("double", 1e300),
        ("double", "NaN"),
        ("double", "-Infinity"),
        ("bytes", "\u0000\u00ff"),
        ("string", "\u20ac\U0001f600"),
        (ENUM, "B"),
        (FIXED, "\u00ff\u0000"),
        ({"type": "array", "items": "bytes"}, ["\u00ff", ""]),
        ({"type": "map", "values": {"type": "array", "items": "double"}}, {"a": [1.0, "NaN"]}),
        (["null", "string"], None),
        (["null", "string"], {"string": "x"}),
        (["string", "null"], {"string": "x"}),
        (["null", ENUM], {"n.E": "A"}),
        (["null", "int", "long", "float", "double"], {"long": 1}),
        (["null", "int", "long", "float", "double"], {"float": 1.0}),
        (["null", "string", "bytes", ENUM, FIXED], {"n.F": "ab"}),
        (["int", {"type": "map", "values": "int"}], {"map": {"int": 1}}),
        ([{"type": "array", "items": "int"}, "string"], {"array": [1]}),
        (record(("a", "int"), ("b", ["null", "n.R"])), {"a": 1, "b": {"n.R": {"a": 2, "b": None}}}),
        (NODE, {"v": 1, "next": {"n.Node": {"v": 2, "next": None}}}),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "\u0001"),
        ({"type": "long", "logicalType": "timestamp-millis"}, 1_700_000_000_000),
        ({"type": "string", "logicalType": "uuid"}, "no uuid, and that is its business"),
    ],
)
def test_values_come_back_as_they_went(schema: Any, value: Any) -> None:
    found = codec(schema)

    assert found.decode(found.encode(value)) == value


def test_bytes_are_avro_s() -> None:
    schema = record(("a", ["null", "string", ENUM]), ("b", {"type": "array", "items": "long"}))

    payload = codec(schema).encode({"a": {"n.E": "B"}, "b": [1, -1]})

    parsed = fastavro.parse_schema(schema)
    assert fastavro.schemaless_reader(io.BytesIO(payload), parsed, None) == {"a": "B", "b": [1, -1]}


def test_branches_need_not_be_named_and_defaults_are_filled_in() -> None:
    schema = record(("a", ["null", "string"]), ("b", ["int", "string"]), ("c", "int"), c=7)
    found = codec(schema)

    written = found.decode(found.encode({"a": "x", "b": "y"}))

    assert written == {"a": {"string": "x"}, "b": {"string": "y"}, "c": 7}


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        ("int", 2**31, ""),
        ("int", True, ""),
        ("int", "1", ""),
        ("long", 1.5, ""),
        ("float", 1e39, ""),
        ("boolean", 1, ""),
        ("null", 0, ""),
        ("string", None, ""),
        ("bytes", "\u0100", ""),
        (ENUM, "C", ""),
        (FIXED, "a", ""),
        (record(("a", "int")), {}, "/a"),
        (record(("a", "int")), {"a": 1, "b": 2}, "/b"),
        (record(("a", "int")), [1], ""),
        (record(("a", {"type": "array", "items": "int"})), {"a": [1, "x"]}, "/a/1"),
        (record(("a", {"type": "map", "values": "int"})), {"a": {"k/1": "x"}}, "/a/k~11"),
        (record(("a", ["null", "int"])), {"a": {"int": "x"}}, "/a/int"),
        (record(("a", ["null", "int", "string"])), {"a": {"int": "x"}}, "/a/int"),
        (record(("a", ["int", "string"])), {"a": 1.5}, "/a"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(schema: Any, value: Any, path: str) -> None:
    with pytest.raises(InvalidPayload) as raised:
        codec(schema).encode(value)

    assert raised.value.path == path


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ("int", b""),
        ("string", b"\x10ab"),
        ("string", b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("string", b"\x02\xff"),
        ("int", b"\x02\x02"),
        ("null", b"\x00"),
        (["null", "int"], b"\x04"),
        (["null", "int", "string"], b"\x07\x02"),
        (ENUM, b"\x04"),
        (NODE, b"\x02\x02" * 1_000_000),
        ({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\x0f\x00"),
        (
            {"type": "array", "items": {"type": "fixed", "name": "Z", "size": 0}},
            b"\xfe\xff\xff\xff\x0f\x00",
        ),
    ],
)
def test_bytes_of_something_else_are_refused(schema: Any, payload: bytes) -> None:
    with pytest.raises(InvalidPayload):
        codec(schema).decode(payload)


def test_java_s_bare_bytes_are_read() -> None:
    found = codec("bytes")

    assert found.decode(b"\xff\xff\xff") == "\u00ff\u00ff\u00ff"
    assert found.decode(found.encode("ab")) == "ab"


def test_values_that_are_too_deep_are_refused() -> None:
    value: Any = None
    for _ in range(5_000):
        value = {"n.Node": {"v": 1, "next": value}}

    with pytest.raises(InvalidPayload):
        codec(NODE).encode(value["n.Node"])


def test_schemas_whose_values_multiply_are_refused() -> None:
    text = '{"type":"record","name":"R0","fields":[]}'
    for number in range(1, 40):
        text = (
            f'{{"type":"record","name":"R{number}","fields":[{{"name":"a","type":{text}}},'
            f'{{"name":"b","type":"R{number - 1}"}}]}}'
        )

    with pytest.raises(BoundExceeded):
        FORMAT.codec(FORMAT.parse(text))


FUZZED = [
    codec(
        record(
            ("a", "string"),
            ("b", ["null", "double", ENUM, FIXED]),
            ("c", {"type": "map", "values": "bytes"}),
        )
    ),
    codec(NODE),
    codec({"type": "array", "items": ["null", NODE]}),
]


@given(st.binary(max_size=200), st.sampled_from(FUZZED))
def test_any_bytes_are_read_or_refused(payload: bytes, found: PayloadCodec) -> None:
    try:
        value = found.decode(payload)
    except InvalidPayload:
        return
    assert found.decode(found.encode(value)) == value
