"""The expected texts are laid out as Confluent's registry prints them (its documented answers)."""

from schema_registry.formats.protobuf.text.canonical import in_canonical_order
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.printer import print_proto
from tests.support.protobuf.protoc import shipped_texts


def printed(text: str) -> str:
    return print_proto(parse_proto(text))


PRINTED = (
    'syntax = "proto3";\n'
    "package a.b;\n"
    "\n"
    'import "p";\n'
    'import public "q";\n'
    "\n"
    "option java_package = \"x.\\'y\\'\";\n"
    "\n"
    "message M {\n"
    "  reserved 9, 10 to 12;\n"
    '  reserved "gone";\n'
    "\n"
    "  option deprecated = true;\n"
    "\n"
    "  map<string, N> m = 3;\n"
    "  repeated int32 r = 2 [packed = true];\n"
    "\n"
    "  oneof o {\n"
    "    string s = 4 [\n"
    "      deprecated = true,\n"
    '      json_name = "ess"\n'
    "    ];\n"
    "  }\n"
    "\n"
    "  message N {\n"
    "    int32 z = 1;\n"
    "  \n"
    "    oneof p {\n"
    "      int32 y = 2;\n"
    "    }\n"
    "  }\n"
    "}\n"
    "message Empty {}\n"
    "enum E {\n"
    "  reserved 5 to max;\n"
    "\n"
    "  option deprecated = true;\n"
    "  Z = 0;\n"
    "}\n"
    "\n"
    "extend X {\n"
    "  int32 e = 100 [(a.opt) = {\n"
    '    k: "v",\n'
    "    l: [\n"
    "      1,\n"
    "      2\n"
    "    ]\n"
    "  }];\n"
    "}\n"
    "\n"
    "service S {\n"
    "  option deprecated = true;\n"
    "\n"
    "  rpc C (M) returns (stream M) {\n"
    "    option deprecated = true;\n"
    "  };\n"
    "  rpc D (M) returns (M);\n"
    "}\n"
)


def test_a_file_is_printed_in_the_order_and_layout_of_confluent() -> None:
    text = """
    // comments go
    syntax = "proto3"; package a.b;
    enum E { Z = 0; option deprecated = true; reserved 5 to max; }
    option java_package = "x.'y'"; import public "q"; import "p";
    service S { option deprecated = true; rpc C (M) returns (stream M) { option deprecated = true; }
      rpc D (M) returns (M); }
    message M {
      message N { int32 z = 1; oneof p { int32 y = 2; } }
      oneof o { string s = 4 [json_name = "ess", deprecated = true]; }
      map<string, N> m = 3;
      repeated int32 r = 2 [packed = true]; reserved 9, 10 to 12; reserved "gone";
      option deprecated = true;
    }
    message Empty {}
    extend X { int32 e = 100 [(a.opt) = { k: "v", l: [1, 2] }]; }
    """

    assert printed(text) == PRINTED


def test_groups_and_extensions_are_printed_behind_fields() -> None:
    text = """
    message M {
      extensions 10 to 20, 30 to max [verification = UNVERIFIED];
      optional group G = 1 [deprecated = true] { repeated int32 a = 2; }
      required bytes b = 3 [default = "\\377'x"];
    }
    """

    assert printed(text) == (
        "\n"
        "message M {\n"
        '  required bytes b = 3 [default = "\\377\\\'x"];\n'
        "\n"
        "  optional group G = 1 [deprecated = true] {\n"
        "    repeated int32 a = 2;\n"
        "  }\n"
        "\n"
        "  extensions 10 to 20, 30 to max [verification = UNVERIFIED];\n"
        "}\n"
    )


def test_a_printed_text_parses_to_the_tree_in_canonical_order() -> None:
    for path, text in list(shipped_texts().items())[:20]:
        tree = parse_proto(text)

        again = parse_proto(print_proto(tree))

        assert again == in_canonical_order(tree), path
        assert print_proto(again) == print_proto(tree)
