"""``normalize=true``: texts that say the same in another way become one."""

from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.schema import ProtobufSchema


def parse(text: str) -> ProtobufSchema:
    return ProtobufFormat().parse(text)


NORMALIZED = (
    "package p;\n"
    "\n"
    'import "google/protobuf/any.proto";\n'
    'import "google/type/date.proto";\n'
    "\n"
    "option cc_enable_arenas = true;\n"
    'option java_package = "x";\n'
    "\n"
    "message M {\n"
    "  reserved 10 to 11;\n"
    "  reserved 12;\n"
    '  reserved "y";\n'
    '  reserved "z";\n'
    "\n"
    "  optional .p.M a = 1;\n"
    "  optional .p.M.N b = 2 [\n"
    "    ctype = CORD,\n"
    "    deprecated = true\n"
    "  ];\n"
    "  map<string, .p.M.N> m = 3;\n"
    "\n"
    "  oneof o {\n"
    "    string d = 4;\n"
    "  }\n"
    "  oneof q {\n"
    "    string e = 5;\n"
    "    string f = 6;\n"
    "  }\n"
    "\n"
    "  message N {\n"
    "    enum E {\n"
    "      A = 0;\n"
    "      B = 1;\n"
    "      C = 2;\n"
    "    }\n"
    "  }\n"
    "}\n"
)


def test_two_ways_to_write_a_schema_become_one() -> None:
    one = """
    syntax = "proto2";
    package p;
    import "google/type/date.proto"; import "google/protobuf/any.proto";
    option java_package = "x"; option cc_enable_arenas = true;
    message M {
      optional N b = 2 [deprecated = true, ctype = CORD]; optional p.M a = 1;
      reserved "z", "y"; reserved 12, 10 to 11;
      oneof q { string f = 6; string e = 5; } oneof o { string d = 4; }
      map<string, N> m = 3;
      message N { enum E { A = 0; C = 2; B = 1; } }
    }
    """
    other = """
    syntax = "proto2";
    package p;
    import "google/protobuf/any.proto"; import "google/type/date.proto";
    option cc_enable_arenas = true; option java_package = "x";
    message M {
      reserved 10 to 11, 12; reserved "y"; reserved "z";
      optional .p.M a = 1; optional .p.M.N b = 2 [ctype = CORD, deprecated = true];
      repeated MEntry m = 3;
      oneof o { string d = 4; } oneof q { string e = 5; string f = 6; }
      message MEntry { option map_entry = true;
        optional string key = 1; optional N value = 2; }
      message N { enum E { A = 0; B = 1; C = 2; } }
    }
    """

    assert parse(one).canonical() != parse(other).canonical()
    assert parse(one).normalized() == parse(other).normalized()
    assert parse(one).normalized() == NORMALIZED


def test_the_order_of_messages_stays_because_payloads_count_them() -> None:
    schema = parse('syntax = "proto3"; message B {} message A { message D {} message C {} }')

    assert parse(schema.normalized()).message_indexes == schema.message_indexes


def test_the_first_value_of_an_enum_stays_because_it_is_the_default() -> None:
    schema = parse("enum E { B = 5; C = 7; A = -1; }")

    values = parse(schema.normalized()).tree.enums[0].values

    assert [one.name for one in values] == ["B", "A", "C"]
