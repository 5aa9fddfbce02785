import json
import math
import struct
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.errors import InvalidPayload
from schema_registry.formats.protobuf.codec import ProtobufCodec
from schema_registry.formats.protobuf.limits import JSON_DEPTH_MAX
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.scalars import INTEGER_RANGES

SCHEMA = ProtobufFormat().parse("""
syntax = "proto3";
package p;
import "google/protobuf/timestamp.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
message M {
  int32 int32 = 1; int64 int64 = 2; uint32 uint32 = 3; uint64 uint64 = 4; sint32 sint32 = 5;
  sint64 sint64 = 6; fixed32 fixed32 = 7; fixed64 fixed64 = 8; sfixed32 sfixed32 = 9;
  sfixed64 sfixed64 = 10; float float = 11; double double = 12; bool bool = 13;
  string string = 14; bytes bytes = 15; E some_enum = 16; optional string maybe = 17;
  repeated int32 list = 18; repeated M items = 19; M self = 20;
  map<string, int32> by_name = 21; map<int64, M> by_number = 22; map<bool, E> by_truth = 23;
  oneof choice { string left = 24; int32 right = 25; M middle = 26; }
  google.protobuf.Timestamp at = 27; google.protobuf.Value any_value = 28;
  google.protobuf.StringValue wrapped = 29; repeated google.protobuf.Value values = 30;
  google.protobuf.NullValue nothing = 31; string renamed = 32 [json_name = "@name"];
  message Inner { string s = 1; }
}
enum E { A = 0; B = 1; }
message Second { int32 x = 1; }
""")
CODEC = ProtobufCodec(SCHEMA)

FULL = {
    "int32": -1, "int64": "-9223372036854775808", "uint32": 4294967295,
    "uint64": "18446744073709551615", "sint32": -2, "sint64": "-3", "fixed32": 4, "fixed64": "5",
    "sfixed32": -6, "sfixed64": "-7", "float": 1.5, "double": 2.5, "bool": True, "string": "é",
    "bytes": "AP8=", "someEnum": "B", "maybe": "", "list": [1, 2], "items": [{"int32": 1}],
    "self": {"self": {}}, "byName": {"a": 1}, "byNumber": {"-5": {"int32": 2}},
    "byTruth": {"true": "B"}, "left": "l", "at": "2020-01-01T00:00:00Z",
    "anyValue": {"a": [1, None]}, "wrapped": "w", "values": [None, 1], "nothing": None,
    "@name": "n",
}  # fmt: skip


def test_a_value_comes_back_from_its_payload() -> None:
    decoded = CODEC.decode(CODEC.encode(FULL))

    assert {key: decoded[key] for key in FULL if key not in ("items", "self", "byNumber")} == {
        key: value for key, value in FULL.items() if key not in ("items", "self", "byNumber")
    }
    assert decoded["items"][0]["int32"] == 1
    assert decoded["byNumber"]["-5"]["int32"] == 2


def test_a_payload_begins_with_message_indexes() -> None:
    first = CODEC.encode({"int32": 1})
    inner = ProtobufCodec(SCHEMA, "p.M.Inner").encode({"s": "x"})
    second = ProtobufCodec(SCHEMA, (1,)).encode({"x": 1})

    assert first == b"\x00\x08\x01"
    assert inner == b"\x04\x00\x00\x0a\x01x"
    assert second == b"\x02\x02\x08\x01"
    assert CODEC.decode(inner) == {"s": "x"}
    assert CODEC.decode(second) == {"x": 1}
    assert CODEC.decode(b"\x02\x00\x08\x01")["int32"] == 1


@pytest.mark.parametrize("message", ["p.Nope", "", (7,), (), (0, 1)])
def test_a_message_that_the_schema_lacks_is_refused(message: Any) -> None:
    with pytest.raises(InvalidPayload):
        ProtobufCodec(SCHEMA, message)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1, ""), ("x", ""), (None, ""), ([], ""),
        ({"nope": 1}, "/nope"),
        ({"int32": 2147483648}, "/int32"), ({"int32": 1.5}, "/int32"), ({"int32": "x"}, "/int32"),
        ({"int32": True}, "/int32"), ({"int32": "1_0"}, "/int32"), ({"int32": " 1"}, "/int32"),
        ({"uint64": -1}, "/uint64"), ({"int64": "9" * 5000}, "/int64"),
        ({"float": 1e39}, "/float"), ({"float": "1e"}, "/float"), ({"double": False}, "/double"),
        ({"double": 10**400}, "/double"),
        ({"bool": 1}, "/bool"), ({"bool": "true"}, "/bool"),
        ({"string": 1}, "/string"), ({"string": "\ud800"}, "/string"),
        ({"bytes": "?"}, "/bytes"), ({"bytes": 1}, "/bytes"), ({"bytes": "A"}, "/bytes"),
        ({"someEnum": "C"}, "/someEnum"), ({"someEnum": 1.5}, "/someEnum"),
        ({"list": 1}, "/list"), ({"list": [1, "x"]}, "/list/1"), ({"list": [None]}, "/list/0"),
        ({"items": [{}, {"list": [1, True]}]}, "/items/1/list/1"),
        ({"self": {"self": {"bool": 1}}}, "/self/self/bool"),
        ({"byName": []}, "/byName"), ({"byName": {"a/b~": "x"}}, "/byName/a~1b~0"),
        ({"byName": {"a": None}}, "/byName/a"), ({"byNumber": {"x": {}}}, "/byNumber/x"),
        ({"byNumber": {"1": {"int32": "y"}}}, "/byNumber/1/int32"),
        ({"byTruth": {"yes": "A"}}, "/byTruth/yes"),
        ({"byNumber": {"1": {}, "01": {}}}, "/byNumber/01"),
        ({"left": "a", "right": 1}, "/right"),
        ({"someEnum": "A", "some_enum": "B"}, "/some_enum"),
        ({"at": "yesterday"}, "/at"), ({"at": 1}, "/at"), ({"wrapped": 1}, "/wrapped"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        CODEC.encode(value)

    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ({"some_enum": 1}, {"someEnum": "B"}),
        ({"someEnum": 7}, {"someEnum": 7}),
        ({"int32": "5", "int64": 5, "uint32": 5.0}, {"int32": 5, "int64": "5", "uint32": 5}),
        ({"float": "NaN", "double": "-Infinity"}, {"float": "NaN", "double": "-Infinity"}),
        ({"double": 3, "float": "1.5e1"}, {"double": 3.0, "float": 15.0}),
        ({"bytes": "_-8"}, {"bytes": "/+8="}),
        ({"maybe": None, "self": None, "list": None, "left": None, "right": 0}, {"right": 0}),
        ({"renamed": "x"}, {"@name": "x"}),
    ],
)
def test_a_value_may_be_written_in_other_ways(value: Any, same: dict[str, Any]) -> None:
    decoded = CODEC.decode(CODEC.encode(value))

    assert {key: decoded[key] for key in same} == same


def test_values_nest_up_to_a_bound() -> None:
    def nested(depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for _ in range(depth - 1):
            value = {"self": value}
        return value

    CODEC.encode(nested(JSON_DEPTH_MAX))
    for depth in (JSON_DEPTH_MAX + 1, 900):
        with pytest.raises(InvalidPayload):
            CODEC.encode(nested(depth))


@pytest.mark.parametrize(
    "payload", [b"", b"\x00\x08", b"\x00\xff", b"\x02\x0e", b"\x00\x72\x01\xff", b"\x80"]
)
def test_bytes_of_another_kind_are_refused(payload: bytes) -> None:
    with pytest.raises(InvalidPayload):
        CODEC.decode(payload)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        value = CODEC.decode(payload)
    except InvalidPayload:
        return

    json.dumps(value)


def test_required_fields_of_proto2_have_to_be_there() -> None:
    schema = ProtobufFormat().parse(
        "message M { required int32 a = 1; optional E e = 2; } enum E { A = 1; }"
    )
    codec = ProtobufCodec(schema)

    assert codec.decode(codec.encode({"a": 1, "e": "A"})) == {"a": 1, "e": "A"}
    with pytest.raises(InvalidPayload, match="a"):
        codec.encode({})
    with pytest.raises(InvalidPayload):
        codec.encode({"a": 1, "e": 5})
    with pytest.raises(InvalidPayload):
        codec.decode(b"\x00")


def test_extensions_are_written_with_their_full_name_in_brackets() -> None:
    schema = ProtobufFormat().parse(
        "package p; message M { extensions 5; optional M m = 1; } "
        "extend M { optional int32 e = 5; }"
    )
    codec = ProtobufCodec(schema)

    assert codec.encode({"m": {"[p.e]": 3}}) == b"\x00\x0a\x02\x28\x03"
    assert codec.decode(b"\x00\x28\x03") == {"[p.e]": 3}
    with pytest.raises(InvalidPayload):
        codec.encode({"[p.nope]": 3})


def integers(word: str) -> st.SearchStrategy[Any]:
    least, most = INTEGER_RANGES[word]
    numbers = st.integers(least, most)
    return numbers | numbers.map(str)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **{word: integers(word) for word in INTEGER_RANGES},
    "float": st.floats(width=32).filter(math.isfinite) | st.just("NaN"),
    "double": st.floats(allow_nan=False, allow_infinity=False) | st.just("Infinity"),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "bytes": st.sampled_from(["", "AA==", "AP8"]),
    "someEnum": st.sampled_from(["A", "B", 0, 1, 99]),
    "maybe": st.none() | st.text("ab"),
    "list": st.lists(st.integers(-9, 9)),
    "byName": st.dictionaries(st.text("xy"), st.integers(0, 5)),
    "byTruth": st.dictionaries(st.sampled_from(["true", "false"]), st.just("B")),
    "right": st.integers(0, 5),
}
VALUES = st.recursive(
    st.fixed_dictionaries({}, optional=SCALARS),
    lambda inner: st.fixed_dictionaries(
        {}, optional={**SCALARS, "self": inner, "items": st.lists(inner, max_size=3)}
    ),
    max_leaves=4,
)


@given(VALUES)
def test_values_are_encoded_as_protobufs_own_mapping_does(value: dict[str, Any]) -> None:
    message = json_format.ParseDict(value, GetMessageClass(SCHEMA.message_type("p.M"))())

    encoded = CODEC.encode(value)

    theirs = GetMessageClass(SCHEMA.message_type("p.M")).FromString(encoded[1:])
    assert theirs.SerializeToString(deterministic=True) == message.SerializeToString(
        deterministic=True
    )


def test_single_floats_keep_what_fits() -> None:
    largest = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]

    assert CODEC.decode(CODEC.encode({"float": largest}))["float"] == pytest.approx(largest)
