import pytest

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.protobuf import limits
from schema_registry.formats.protobuf.limits import MESSAGE_DEPTH_MAX, VALUE_DEPTH_MAX, Steps
from schema_registry.formats.protobuf.text import parser
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Entry,
    Extend,
    Extensions,
    Field,
    Group,
    Import,
    ImportKind,
    Label,
    ListValue,
    MapType,
    Method,
    Oneof,
    Range,
    Reserved,
    ReservedName,
    Scalar,
    ValueKind,
)


def test_a_file_says_its_syntax_package_and_imports() -> None:
    file = parse_proto(
        'edition = "2023"; package a.b; import "x"; import public "y"; import weak "z";'
    )

    assert (file.syntax, file.is_edition, file.package) == ("2023", True, "a.b")
    assert file.imports == (
        Import("x"),
        Import("y", ImportKind.PUBLIC),
        Import("z", ImportKind.WEAK),
    )


def test_a_file_that_does_not_say_is_proto2() -> None:
    file = parse_proto("message M { optional int32 a = 1; }")

    assert file.syntax is None
    assert file.messages[0].fields == (Field("a", 1, "int32", Label.OPTIONAL),)


def test_a_body_keeps_the_order_of_the_text() -> None:
    text = """
    syntax = "proto2";
    message M {
      oneof o { string s = 1; group G = 2 { } }
      repeated .a.B b = 3;
      map<string, M> m = 4;
      extensions 10 to 20, 30 to max;
      reserved 5, 6 to 7;
      reserved "x", "y";
      extend N { optional int32 e = 1; }
    }
    """

    body = parse_proto(text).messages[0].body

    assert [type(part) for part in body] == [
        Oneof, Field, Field, Extensions, Reserved, Reserved, Extend,
    ]  # fmt: skip
    assert isinstance(body[0], Oneof)
    assert isinstance(body[0].members[1], Group)
    assert body[1:6] == (
        Field("b", 3, ".a.B", Label.REPEATED),
        Field("m", 4, MapType("string", "M")),
        Extensions((Range(10, 20), Range(30, limits.FIELD_NUMBER_MAX))),
        Reserved((Range(5, 5), Range(6, 7))),
        Reserved((ReservedName("x"), ReservedName("y"))),
    )


def test_values_of_options_are_kept_as_they_are_written() -> None:
    text = """
    option (a.b).c = { x: -0x1F y <z: 1.50> [e.f]: [inf, 'q' "r"]; };
    """

    (option,) = parse_proto(text).options

    assert [(part.name, part.is_extension) for part in option.name] == [
        ("a.b", True),
        ("c", False),
    ]
    inner = Aggregate((Entry("z", Scalar(ValueKind.FLOAT, "1.50")),))
    words = (Scalar(ValueKind.WORD, "inf"), Scalar(ValueKind.STRING, "", b"qr"))
    assert option.value == Aggregate(
        (
            Entry("x", Scalar(ValueKind.INTEGER, "-0x1F")),
            Entry("y", inner),
            Entry("[e.f]", ListValue(words)),
        )
    )


def test_a_service_has_methods_that_may_stream() -> None:
    text = "service S { rpc A (stream B) returns (.c.D) { option x = y; } rpc E (F) returns (G); }"

    (service,) = parse_proto(text).services

    assert [(one.name, one.request, one.response) for one in service.methods] == [
        ("A", "B", ".c.D"),
        ("E", "F", "G"),
    ]
    first: Method = service.methods[0]
    assert (first.streams_requests, first.streams_responses) == (True, False)
    assert len(first.options) == 1


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("message M {\n  int32 a = 1;\n}", "2:3"),
        ('syntax = "proto3";\nmessage M {\n  int32 = 1;\n}', "3:9"),
        ('syntax = "proto4";', "1:10"),
        ('syntax = "proto3"; message M { int32 a = 1', "1:43"),
        (
            'syntax = "proto3"; message M { int32 a = 1 [json_name = "a", json_name = "b"]; }',
            "1:62",
        ),
    ],
)
def test_what_is_no_declaration_is_refused_with_its_place(text: str, where: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        parse_proto(text)

    assert refusal.value.path == where


def test_messages_nest_as_deep_as_protoc_allows() -> None:
    def nested(depth: int) -> str:
        return "message M {" * depth + "}" * depth

    parse_proto(nested(MESSAGE_DEPTH_MAX))
    with pytest.raises(BoundExceeded):
        parse_proto(nested(MESSAGE_DEPTH_MAX + 1))
    with pytest.raises(BoundExceeded):
        parse_proto(nested(50_000))


def test_braces_nest_up_to_a_bound() -> None:
    def nested(depth: int) -> str:
        return "option a = " + "{a:" * (depth - 1) + "{" + "}" * depth + ";"

    parse_proto(nested(VALUE_DEPTH_MAX))
    with pytest.raises(BoundExceeded):
        parse_proto(nested(VALUE_DEPTH_MAX + 1))
    with pytest.raises(BoundExceeded):
        parse_proto(nested(50_000))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MESSAGES_MAX", "message M {} message N {} message O {} message P {}"),
        ("FIELDS_MAX", "message M { repeated M a = 1; repeated M b = 2; repeated M c = 3;"
                       " repeated M d = 4; }"),
        ("ENUM_VALUES_MAX", "enum E { A = 0; B = 1; C = 2; D = 3; }"),
    ],
)  # fmt: skip
def test_there_are_as_many_of_each_as_its_bound(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, name, 4)
    parse_proto(text)

    monkeypatch.setattr(parser, name, 3)
    with pytest.raises(BoundExceeded):
        parse_proto(text)


def test_a_checkpoint_ends_the_work() -> None:
    class OverdueError(Exception):
        pass

    def overdue() -> None:
        raise OverdueError

    with pytest.raises(OverdueError):
        parse_proto("option a = 1;" * 1_000, Steps(overdue))
