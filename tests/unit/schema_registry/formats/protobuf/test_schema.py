import base64

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from schema_registry.errors import SchemaFormatUnsupported
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.schema import read_schema
from schema_registry.model import SchemaType

TEXT = """
syntax = "proto3";
package p;
import "confluent/meta.proto";
enum E { A = 0 [(confluent.enum_value_meta).doc = "x"]; }
message Outer {
  option (confluent.message_meta).doc = "x";
  oneof o { string s = 2 [(confluent.field_meta).doc = "x", deprecated = true]; }
  int32 i = 1;
  message Inner {}
}
"""


def test_a_schema_has_a_canonical_text_that_is_its_own_canonical_text() -> None:
    schema = read_schema(TEXT, (), Steps())

    again = read_schema(schema.canonical(), (), Steps())

    assert schema.schema_type is SchemaType.PROTOBUF
    assert again.canonical() == schema.canonical() != TEXT
    assert again.descriptor == schema.descriptor


def test_the_record_name_is_that_of_the_first_message() -> None:
    assert read_schema(TEXT, (), Steps()).record_name() == "p.Outer"
    assert read_schema("message M {}", (), Steps()).record_name() == "M"
    assert read_schema("enum E { A = 0; }", (), Steps()).record_name() is None


def test_the_serialized_form_is_a_descriptor_in_base64() -> None:
    schema = read_schema(TEXT, (), Steps())

    descriptor = FileDescriptorProto.FromString(base64.b64decode(schema.formatted("serialized")))

    assert descriptor == schema.descriptor
    assert [one.name for one in descriptor.message_type[0].field] == ["i", "s"]


def test_ignoring_extensions_leaves_out_custom_options_and_extensions() -> None:
    text = TEXT + "extend google.protobuf.FieldOptions { int32 x = 50000; }"
    schema = read_schema(text.replace("import", 'import "google/protobuf/descriptor.proto";import'),
                         (), Steps())  # fmt: skip

    without = schema.formatted("ignore_extensions")

    assert "confluent." not in without
    assert "extend" not in without
    assert "string s = 2 [deprecated = true];" in without
    assert "A = 0;" in without
    assert read_schema(without, (), Steps()).message_indexes == schema.message_indexes


def test_there_are_no_other_forms() -> None:
    schema = read_schema(TEXT, (), Steps())

    assert schema.formatted("") == schema.formatted("default") == schema.canonical()
    with pytest.raises(SchemaFormatUnsupported):
        schema.formatted("resolved")


def test_messages_have_indexes_and_names() -> None:
    schema = read_schema(TEXT, (), Steps())

    assert schema.message_names == {(0,): "p.Outer", (0, 0): "p.Outer.Inner"}
    assert schema.message_type("p.Outer.Inner").full_name == "p.Outer.Inner"
    with pytest.raises(KeyError):
        schema.message_type("p.Nope")
