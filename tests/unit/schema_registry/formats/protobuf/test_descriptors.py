"""Descriptors with their defaults and options; protoc is asked elsewhere whether they are its."""

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FieldOptions, MethodOptions

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.descriptors.defaults import as_single, float_text
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.schema import ProtobufSchema

OWN_OPTIONS = """
syntax = "proto3";
package p;
import "google/protobuf/descriptor.proto";
message O { string s = 1; repeated int32 r = 2; O o = 3; map<string, int32> m = 4; E e = 5; }
enum E { A = 0; B = 1; }
extend google.protobuf.MessageOptions { O o = 50000; repeated int32 r = 50001; E e = 50002; }
"""


def parse(text: str) -> ProtobufSchema:
    return ProtobufFormat().parse(text)


def test_names_become_full_ones_and_maps_and_groups_messages() -> None:
    text = """
    syntax = "proto2";
    package p;
    message M {
      optional group Inner = 1 { optional .p.M m = 1; }
      map<string, Inner> some_map = 2;
      oneof o { N n = 3; }
      message N { }
    }
    """

    message = parse(text).descriptor.message_type[0]

    assert [(one.name, one.type_name) for one in message.field] == [
        ("some_map", ".p.M.SomeMapEntry"),
        ("n", ".p.M.N"),
        ("inner", ".p.M.Inner"),
    ]
    assert [one.name for one in message.nested_type] == ["SomeMapEntry", "Inner", "N"]
    assert message.nested_type[0].options.map_entry
    assert message.nested_type[0].field[1].type_name == ".p.M.Inner"
    assert message.field[2].type == FieldDescriptorProto.TYPE_GROUP


def test_an_optional_field_of_proto3_is_in_a_oneof_of_its_own() -> None:
    text = 'syntax = "proto3"; message M { optional int32 a = 1; int32 _a = 2; }'

    message = parse(text).descriptor.message_type[0]

    assert [one.name for one in message.oneof_decl] == ["X_a"]
    assert (message.field[0].oneof_index, message.field[0].proto3_optional) == (0, True)
    assert not message.field[1].HasField("oneof_index")


@pytest.mark.parametrize(
    ("number", "is_double", "text"),
    [
        (0.1, True, "0.1"),
        (0.1, False, "0.1"),
        (1 / 3, True, "0.33333333333333331"),
        (1 / 3, False, "0.333333343"),
        (1e22, True, "1e+22"),
        (123456789.0, False, "123456792"),
        (float("inf"), True, "inf"),
        (float("-inf"), False, "-inf"),
        (float("nan"), True, "nan"),
        (1e300, False, "inf"),
    ],
)
def test_numbers_have_as_few_digits_as_lead_back_to_them(
    number: float, is_double: bool, text: str
) -> None:
    assert float_text(number if is_double else as_single(number), is_double=is_double) == text


@pytest.mark.parametrize(
    ("type_", "written", "made"),
    [
        ("int32", "-0x10", "-16"),
        ("uint64", "18446744073709551615", "18446744073709551615"),
        ("bool", "true", "true"),
        ("string", r"'a\n' 'b'", "a\nb"),
        ("bytes", r"'\xff\'é'", r"\377\'\303\251"),
        ("double", "15e9", "15000000000"),
        ("float", "-inf", "-inf"),
        ("E", "B", "B"),
    ],
)
def test_a_default_is_written_as_protoc_writes_it(type_: str, written: str, made: str) -> None:
    text = (
        f"message M {{ optional {type_} a = 1 [default = {written}]; }} enum E {{ A = 0; B = 1; }}"
    )

    assert parse(text).descriptor.message_type[0].field[0].default_value == made


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        ("int32", "2147483648"), ("uint32", "-1"), ("int32", "1.0"), ("bool", "1"),
        ("string", "a"), ("bytes", "1"), ("double", "'1'"), ("E", "1"), ("E", "'A'"),
        ("int64", "{}"), ("float", "infinity"),
    ],
)  # fmt: skip
def test_a_default_of_another_type_is_refused(type_: str, written: str) -> None:
    text = f"message M {{ optional {type_} a = 1 [default = {written}]; }} enum E {{ A = 0; }}"

    with pytest.raises(InvalidSchema):
        parse(text)


def test_plain_options_are_set() -> None:
    text = """
    syntax = "proto3";
    option java_package = "x";
    message M { option deprecated = true; repeated int32 a = 1 [packed = false, ctype = CORD]; }
    service S { rpc C (M) returns (M) { option idempotency_level = IDEMPOTENT; } }
    """

    file = parse(text).descriptor

    assert file.options.java_package == "x"
    assert file.message_type[0].options.deprecated
    field = file.message_type[0].field[0].options
    assert (field.HasField("packed"), field.packed, field.ctype) == (True, False, FieldOptions.CORD)
    method = file.service[0].method[0].options
    assert method.idempotency_level == MethodOptions.IDEMPOTENT


def test_custom_options_are_set_as_whoever_knows_them_reads_them() -> None:
    text = (
        OWN_OPTIONS
        + """
    message M {
      option (o) = { s: "x" r: [1, 2] o < s: "y" > m { key: "k" value: 3 } e: B };
      option (.p.r) = 1;
      option (p.r) = 2;
      option (e) = B;
      option deprecated = true;
    }
    """
    )

    schema = parse(text)

    options = schema.message_type("p.M").GetOptions()
    found = schema.pool.FindExtensionByName("p.o")
    known = schema.pool.FindMessageTypeByName("google.protobuf.MessageOptions")
    assert options.deprecated
    assert found.containing_type is known
    read = _read_options(schema, "p.M")
    assert str(read.Extensions[found]).split() == [
        "s:", '"x"', "r:", "1", "r:", "2", "o", "{", "s:", '"y"', "}",
        "m", "{", "key:", '"k"', "value:", "3", "}", "e:", "B",
    ]  # fmt: skip
    assert list(read.Extensions[schema.pool.FindExtensionByName("p.r")]) == [1, 2]
    assert read.Extensions[schema.pool.FindExtensionByName("p.e")] == 1


def _read_options(schema: ProtobufSchema, name: str):  # type: ignore[no-untyped-def]
    from google.protobuf.message_factory import GetMessageClass

    known = schema.pool.FindMessageTypeByName("google.protobuf.MessageOptions")
    made = next(one for one in schema.descriptor.message_type if f"p.{one.name}" == name)
    return GetMessageClass(known).FromString(made.options.SerializeToString())


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("(nope) = 1", "no extension"),
        ("nope = 1", "no such option"),
        ("(o) = 1", "braces"),
        ("(e) = C", "no value"),
        ("(e) = 1", "no value"),
        ("(r) = 1.5", "integer"),
        ("(r) = [1]", "expected a value"),
        ("(r).x = 1", "no fields"),
        ("(o) = { nope: 1 }", "no field"),
        ("(o) = { s: 'a' s: 'b' }", "twice"),
        ("(o).s = 'a'; option (o).s = 'b'", "already"),
        ("deprecated = 1", "true or false"),
        ("deprecated = true; option deprecated = true", "already"),
        ("uninterpreted_option = {}", "no such option"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option: str, why: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        parse(OWN_OPTIONS + f"message M {{ option {option}; }}")

    assert why in refusal.value.message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("message M { optional N a = 1; }", "not defined"),
        ("message M { optional int32 x = 1; optional x a = 2; }", "not defined"),
        ("enum E { A = 0; } extend E { optional int32 a = 1; }", "no message"),
        ("enum E { A = 0; } service S { rpc C (E) returns (E); }", "no message"),
        ("message M { optional M a = 1 [json_name = x]; }", "json_name"),
    ],
)
def test_a_name_that_stands_for_nothing_of_use_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        parse(text)

    assert why in refusal.value.message


def test_json_names_that_proto2_lets_clash_do_not_keep_a_schema_from_linking() -> None:
    text = "message M { optional int32 a_b = 1; optional int32 aB = 2; }"

    schema = parse(text)

    assert [one.json_name for one in schema.descriptor.message_type[0].field] == ["aB", "aB"]
    codec = ProtobufFormat().codec(schema)
    assert codec.decode(codec.encode({"a_b": 1, "[aB]": 2})) == {"aB": 1, "[aB]": 2}
