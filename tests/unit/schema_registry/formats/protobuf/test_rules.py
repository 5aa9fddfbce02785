"""The rules that protoc has beside those of the pool; protoc itself is asked elsewhere."""

import pytest

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat

PROTO2 = 'syntax = "proto2"; '
PROTO3 = 'syntax = "proto3"; '
EDITION = 'edition = "2023"; '
NEWER = 'edition = "2024"; '


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PROTO3 + "message M { int32 a = 1; int32 b = 1; }", "number 1 is that of a"),
        (PROTO3 + "message M { int32 a = 19000; }", "protobuf's own"),
        (PROTO3 + "message M { int32 a = 0; }", "between 1"),
        (PROTO3 + "message M { required int32 a = 1; }", "no required"),
        (PROTO3 + "message M { repeated group G = 1 {} }", "no groups"),
        (PROTO3 + "message M { extensions 1; }", "no extension ranges"),
        (PROTO3 + "message M { int32 a = 1 [default = 1]; }", "no default"),
        (PROTO3 + "message M { reserved 1; int32 a = 1; }", "reserved number"),
        (PROTO3 + "message M { reserved 'a'; int32 a = 1; }", "'a' is reserved"),
        (PROTO3 + "message M { reserved 1 to 5, 4; }", "meets others"),
        (PROTO3 + "message M { reserved 'a', 'a'; }", "reserved twice"),
        (PROTO3 + "message M { oneof o {} }", "no fields"),
        (PROTO3 + "message M { map<float, string> m = 1; }", "key of a map"),
        (PROTO3 + "message M { string a = 1 [packed = true]; }", "packed"),
        (PROTO3 + "message M { int32 a = 1 [lazy = true]; }", "lazy"),
        (PROTO3 + "message M { int32 a = 1 [jstype = JS_STRING]; }", "64 bits"),
        (PROTO3 + "message M { int32 a_b = 1; int32 aB = 2; }", "JSON name"),
        (PROTO2 + "message M { optional M a = 1 [json_name = 'b']; "
                  "optional M c = 2 [json_name = 'b']; }", "JSON name"),
        (PROTO3 + "import 'google/protobuf/any.proto'; import 'google/protobuf/any.proto';",
         "imported twice"),
        (PROTO3 + "enum E { A = 1; }", "is 0"),
        (PROTO3 + "enum E { }", "no values"),
        (PROTO3 + "enum E { A = 0; B = 0; }", "without allow_alias"),
        (PROTO3 + "enum E { option allow_alias = true; A = 0; }", "has none"),
        (PROTO3 + "enum E { option allow_alias = false; A = 0; }", "says nothing"),
        (PROTO3 + "enum E { A = 0; reserved 0; }", "reserved number"),
        (PROTO3 + "enum E { A = 0; reserved 'A'; }", "'A' is reserved"),
        (PROTO3 + "enum E { A = 0; reserved 5 to 1; }", "no range"),
        (PROTO3 + "enum E { E_A = 0; A = 1; }", "but for case"),
        (PROTO2 + "message M { extensions 1; optional M a = 1; }", "left to extensions"),
        (PROTO2 + "message M { extensions 1; reserved 1; }", "meet reserved"),
        (PROTO2 + "message M { extensions 1; } extend M { optional M a = 2; }", "leaves no number"),
        (PROTO2 + "message M { extensions 1; } extend M { required M a = 1; }", "never required"),
        (PROTO2 + "message M { repeated int32 a = 1 [default = 1]; }", "no default"),
        (PROTO2 + "message M { optional M a = 1 [default = 1]; }", "messages have"),
        (PROTO2 + "message M { optional E a = 1 [default = B]; } enum E { A = 0; }", "no value"),
        (PROTO2 + "message M { option message_set_wire_format = true; optional M a = 1; }",
         "only extensions"),
        (PROTO2 + "option features.enum_type = OPEN;", "later edition"),
        (EDITION + "option features.field_presence = LEGACY_REQUIRED;", "by default"),
        (EDITION + "option features.field_presence = FIELD_PRESENCE_UNKNOWN;", "no choice"),
        (EDITION + "message M { repeated M a = 1 [features.field_presence = EXPLICIT]; }",
         "no feature field_presence"),
        (EDITION + "message M { M a = 1 [features.utf8_validation = NONE]; }", "for strings"),
        (EDITION + "message M { M a = 1 [features.json_format = ALLOW]; }", "not for what"),
        (EDITION + "message M { repeated int32 a = 1 [packed = true]; }", "no option in editions"),
        (EDITION + "option features.enforce_naming_style = STYLE2024;", "later edition"),
        (EDITION + "option features.field_presence = IMPLICIT; message M { E e = 1; } "
                   "enum E { option features.enum_type = CLOSED; A = 1; }", "closed"),
        (NEWER + "option java_multiple_files = true;", "gone in this edition"),
        (NEWER + "message m {}", "out of style"),
        (NEWER + "message M { int32 aB = 1; }", "out of style"),
    ],
)  # fmt: skip
def test_what_protoc_refuses_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        ProtobufFormat().parse(text)

    assert why in refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        PROTO2 + "message M { optional int32 a_b = 1; optional int32 aB = 2; }",
        PROTO2 + "message M { extensions 4 to max; } extend M { optional M e = 5; }",
        PROTO2 + "message M { option message_set_wire_format = true; extensions 4 to max; }"
        "message N { extend M { optional N n = 2000000000; } }",
        PROTO3 + "message M { reserved 1 to 4, 6; reserved 'b'; int32 a = 5; }",
        PROTO3 + "enum E { option allow_alias = true; E_A = 0; A = 0; }",
        PROTO3 + "import 'google/protobuf/descriptor.proto'; "
        "extend google.protobuf.FieldOptions { int32 x = 50000; }",
        EDITION + "message M { int32 a = 1 [default = 5]; M m = 2 "
        "[features.message_encoding = DELIMITED]; }",
        NEWER + "message M { int32 A = 1 [features.enforce_naming_style = STYLE_LEGACY]; }",
        NEWER + "option features.enforce_naming_style = STYLE_LEGACY; message m {}",
    ],
)
def test_what_protoc_takes_is_taken(text: str) -> None:
    assert ProtobufFormat().parse(text).canonical()


def test_a_refusal_names_the_place() -> None:
    text = 'syntax = "proto3";\nmessage M {\n  int32 a = 1;\n  int32 b = 1;\n}'

    with pytest.raises(InvalidSchema) as refusal:
        ProtobufFormat().parse(text)

    assert refusal.value.path == "4:3"


def test_a_stored_text_is_not_held_to_the_rules_again() -> None:
    text = PROTO3 + "message M { reserved 1; int32 a = 1; }"

    schema = ProtobufFormat().parse(text, strict=False)

    assert schema.record_name() == "M"
