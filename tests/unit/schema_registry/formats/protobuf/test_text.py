"""Texts and trees together: orders, forms, and what trees say of themselves."""

from schema_registry.formats.protobuf.limits import FIELD_NUMBER_MAX
from schema_registry.formats.protobuf.text.canonical import in_canonical_order, without_extensions
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.printer import print_proto
from schema_registry.formats.protobuf.text.syntax_tree import (
    Field,
    Label,
    Message,
    NamePart,
    Option,
    Range,
    Scalar,
    ValueKind,
    is_true,
    plain_option,
    string,
    word,
)


def test_the_canonical_order_goes_by_kind_and_keeps_the_order_within_one() -> None:
    tree = parse_proto("""
    service S {} extend X { optional int32 b = 9; optional int32 a = 8; }
    enum E { B = 1; option deprecated = true; A = 0; }
    message B { message D {} enum F { G = 0; } oneof o { group H = 3 {} int32 i = 4; }
      optional int32 z = 2 [default = 1, deprecated = true]; optional int32 y = 1; message C {}
      reserved 7; }
    message A {}
    """)

    ordered = in_canonical_order(tree)

    assert [one.name for one in ordered.messages] == ["B", "A"]
    assert [type(one).__name__ for one in ordered.declarations] == [
        "Message", "Message", "Enum", "Extend", "Service",
    ]  # fmt: skip
    body = ordered.messages[0].body
    assert [type(one).__name__ for one in body] == [
        "Reserved", "Field", "Field", "Oneof", "Message", "Message", "Enum",
    ]  # fmt: skip
    assert [one.name for one in ordered.messages[0].messages] == ["D", "C"]
    assert [one.simple_name for one in ordered.messages[0].fields[0].options] == [
        "deprecated",
        "default",
    ]
    assert [one.name for one in ordered.messages[0].oneofs[0].members] == ["i", "h"]
    assert [one.name for one in ordered.extends[0].members] == ["b", "a"]
    assert in_canonical_order(ordered) == ordered


def test_without_extensions_nothing_is_left_of_them_at_any_place() -> None:
    tree = parse_proto("""
    option (x) = 1; option java_package = "p";
    message M { option (x) = 1; extensions 5; extend M { optional int32 e = 5; }
      optional int32 a = 1 [(x) = 1, deprecated = true];
      oneof o { option (x) = 1; int32 b = 2 [(x).y = 1]; }
      optional group G = 3 [(x) = 1] { option (x) = 1; }
      message N { option (x) = 1; } }
    enum E { option (x) = 1; A = 0 [(x) = 1]; }
    extend M { optional int32 f = 6; }
    service S { option (x) = 1; rpc C (M) returns (M) { option (x) = 1; } }
    """)

    text = print_proto(without_extensions(tree))

    assert "(x)" not in text
    assert "exten" not in text
    assert 'option java_package = "p";' in text
    assert "optional int32 a = 1 [deprecated = true];" in text


def test_a_message_knows_its_parts() -> None:
    (message,) = parse_proto(
        "message M { optional int32 a = 1; oneof o { int32 b = 2; } optional group C = 3 {} "
        "option map_entry = true; }"
    ).messages

    assert [(one.name, oneof and oneof.name) for one, oneof in message.all_fields()] == [
        ("a", None),
        ("b", "o"),
        ("c", None),
    ]
    assert message.is_map_entry
    assert not Message("N").is_map_entry
    assert message.fields == (Field("a", 1, "int32", Label.OPTIONAL),)


def test_ranges_are_written_as_short_as_they_can_be() -> None:
    assert Range(5, 5).text() == "5"
    assert Range(5, 7).text() == "5 to 7"
    assert Range(5, FIELD_NUMBER_MAX).text() == "5 to max"
    assert Range(5, FIELD_NUMBER_MAX).text(2**31 - 1) == f"5 to {FIELD_NUMBER_MAX}"


def test_options_have_simple_names_or_none() -> None:
    option = plain_option("a", word("true"))
    nested = Option((NamePart("a", False), NamePart("b", False)), string(b"x"))

    assert option.simple_name == "a"
    assert nested.simple_name is None
    assert Option((NamePart("a", True),), word("x")).simple_name is None
    assert is_true(option.value)
    assert not is_true(Scalar(ValueKind.STRING, "", b"true"))
    assert Field("f", 1, "int32", None, (option,)).option("a") is option
    assert Field("f", 1, "int32", None, (option,)).option("b") is None


def test_places_do_not_count_when_trees_are_compared() -> None:
    assert parse_proto("message M {}") == parse_proto("\n\n  message  M { ; }")
