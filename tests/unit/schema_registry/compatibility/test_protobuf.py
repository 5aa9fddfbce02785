"""The verdicts on Protobuf schemas: a table of changes, each with the source of its verdict."""

from dataclasses import dataclass

import pytest

from schema_registry.compatibility.incompatibility import INCOMPATIBILITIES_MAX
from schema_registry.compatibility.protobuf import incompatibilities
from schema_registry.compatibility.protobuf.differ import differences
from schema_registry.compatibility.protobuf.difference import MESSAGES, Kind
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.schema import ProtobufSchema
from schema_registry.model import CompatibilityPolicy, ResolvedReference

KINDS = "Confluent's registry 8.4: kinds of differences, fields by number, oneofs since 2026-06"
SCALARS = "Confluent's registry: groups of scalars; protobuf.dev, Updating A Message Type"
LABELS = "Confluent's registry: labels count where both sides have one"
PACKAGES = "Confluent's registry, pull request 3004: a package change is incompatible"
MOVES = "Confluent's registry, pull requests 2061 and 2970: moved messages, moves into oneofs"
REFERENCES = "Confluent's registry, issue 1512: what is imported is compared as well"
OURS = "ours: Confluent's registry does not see it; differ says why"


@dataclass(frozen=True)
class Case:
    """A change from what data was written with to what it is read with."""

    name: str
    writer: str
    reader: str
    expected: str
    """``KIND path`` of each difference, separated by commas."""

    source: str = KINDS
    syntax: str = 'syntax = "proto3"; '


PROTO2 = 'syntax = "proto2"; '
EDITION = 'edition = "2023"; '


def m(body: str) -> str:
    return f"message M {{ {body} }}"


CASES = [
    Case("nothing", m("int32 a = 1;"), m("int32 a = 1;"), ""),
    Case("order", m("int32 a = 1; string b = 2;"), m("string b = 2; int32 a = 1;"), ""),
    Case("a field is added", m("int32 a = 1;"), m("int32 a = 1; int32 b = 2;"),
         "FIELD_ADDED #/M/2"),
    Case("a field is removed", m("int32 a = 1; int32 b = 2;"), m("int32 a = 1;"),
         "FIELD_REMOVED #/M/2"),
    Case("a field is renamed", m("int32 a = 1;"), m("int32 b = 1;"), "FIELD_NAME_CHANGED #/M/1"),
    Case("a field gets another number", m("int32 a = 1;"), m("int32 a = 2;"),
         "FIELD_REMOVED #/M/1, FIELD_ADDED #/M/2"),
    Case("a field in a nested message", m("message N { int32 a = 1; }"),
         m("message N { int64 a = 1; int32 b = 2; }"), "FIELD_ADDED #/M/N/2"),
    Case("reserved numbers and options", m("int32 a = 1; reserved 5;"),
         m("int32 a = 1 [deprecated = true]; reserved 6;"), ""),
    # Messages and enums
    Case("a message is added", m(""), m("") + "message N {}", "MESSAGE_ADDED #/N"),
    Case("a message is removed", m("") + "message N {}", m(""), "MESSAGE_REMOVED #/N"),
    Case("a nested message is removed", m("message N {}"), m(""), "MESSAGE_REMOVED #/M/N"),
    Case("a nested message is added", m(""), m("message N {}"), "MESSAGE_ADDED #/M/N"),
    Case("messages change places", "message A {} message B {}", "message B {} message A {}",
         "MESSAGE_MOVED #/A, MESSAGE_MOVED #/B", MOVES),
    Case("nested messages change places", m("message A {} message B {}"),
         m("message B {} message A {}"), "MESSAGE_MOVED #/M/A, MESSAGE_MOVED #/M/B", MOVES),
    Case("a message is put before another", "message A {}", "message B {} message A {}",
         "MESSAGE_MOVED #/A, MESSAGE_ADDED #/B", MOVES),
    Case("a message is nested now", m("N n = 1;") + "message N {}", m("N n = 1; message N {}"),
         "FIELD_NAMED_TYPE_CHANGED #/M/1, MESSAGE_ADDED #/M/N, MESSAGE_REMOVED #/N"),
    Case("a message is renamed", m("A a = 1;") + "message A {}", m("B a = 1;") + "message B {}",
         "FIELD_NAMED_TYPE_CHANGED #/M/1, MESSAGE_REMOVED #/A, MESSAGE_ADDED #/B"),
    Case("another message for a field", m("A a = 1;") + "message A {} message B {}",
         m("B a = 1;") + "message A {} message B {}", "FIELD_NAMED_TYPE_CHANGED #/M/1"),
    Case("the name of a type is written out", m("N n = 1; message N {}"),
         m(".M.N n = 1; message N {}"), ""),
    Case("an enum is added", m(""), m("") + "enum E { A = 0; }", "ENUM_ADDED #/E"),
    Case("an enum is removed", m("enum E { A = 0; }"), m(""), "ENUM_REMOVED #/M/E"),
    Case("a value is added", "enum E { A = 0; }", "enum E { A = 0; B = 1; }",
         "ENUM_CONST_ADDED #/E/1"),
    Case("a value is removed", "enum E { A = 0; B = 1; }", "enum E { A = 0; }",
         "ENUM_CONST_REMOVED #/E/1"),
    Case("a value is renamed", "enum E { A = 0; }", "enum E { B = 0; }",
         "ENUM_CONST_CHANGED #/E/0"),
    Case("an enum for a field becomes another", m("E e = 1;") + "enum E { A = 0; }",
         m("F e = 1;") + "enum F { B = 0; }", "ENUM_REMOVED #/E, ENUM_ADDED #/F", SCALARS),
    # The package
    Case("the package changes", "package a; message M {}", "package b; message M {}",
         "PACKAGE_CHANGED #/", PACKAGES),
    Case("a package is given", "message M {}", "package b; message M {}", "PACKAGE_CHANGED #/",
         PACKAGES),
    Case("the package changes, fields lead to its messages", "package a; message M { M m = 1; }",
         "package b; message M { M m = 1; }", "PACKAGE_CHANGED #/", PACKAGES),
    # Types
    Case("int32 to int64", m("int32 a = 1;"), m("int64 a = 1;"), "", SCALARS),
    Case("uint64 to bool", m("uint64 a = 1;"), m("bool a = 1;"), "", SCALARS),
    Case("int32 to an enum", m("int32 a = 1;"), m("E a = 1;") + "enum E { A = 0; }",
         "ENUM_ADDED #/E", SCALARS),
    Case("an enum to uint32", m("E a = 1; enum E { A = 0; }"), m("uint32 a = 1;"),
         "ENUM_REMOVED #/M/E", SCALARS),
    Case("sint32 to sint64", m("sint32 a = 1;"), m("sint64 a = 1;"), "", SCALARS),
    Case("fixed32 to sfixed32", m("fixed32 a = 1;"), m("sfixed32 a = 1;"), "", SCALARS),
    Case("fixed64 to sfixed64", m("fixed64 a = 1;"), m("sfixed64 a = 1;"), "", SCALARS),
    Case("string to bytes", m("string a = 1;"), m("bytes a = 1;"), "", SCALARS),
    Case("bytes to string", m("bytes a = 1;"), m("string a = 1;"), "", SCALARS),
    Case("int32 to sint32", m("int32 a = 1;"), m("sint32 a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("int32 to string", m("int32 a = 1;"), m("string a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("float to double", m("float a = 1;"), m("double a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("fixed32 to fixed64", m("fixed32 a = 1;"), m("fixed64 a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("fixed32 to float", m("fixed32 a = 1;"), m("float a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("int64 to fixed64", m("int64 a = 1;"), m("fixed64 a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("renamed and of another kind", m("int32 a = 1;"), m("string b = 1;"),
         "FIELD_NAME_CHANGED #/M/1, FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("int32 to a message", m("int32 a = 1;"), m("M a = 1;"), "FIELD_KIND_CHANGED #/M/1"),
    Case("a message to string", m("M a = 1;"), m("string a = 1;"), "FIELD_KIND_CHANGED #/M/1"),
    Case("a message to a map", m("M a = 1;"), m("map<string, M> a = 1;"),
         "FIELD_KIND_CHANGED #/M/1"),
    Case("an enum to a message of its name", m("E a = 1;") + "enum E { A = 0; }",
         m("E a = 1;") + "message E {}",
         "FIELD_KIND_CHANGED #/M/1, MESSAGE_ADDED #/E, ENUM_REMOVED #/E"),
    # Maps
    Case("a map's values become wider", m("map<string, int32> a = 1;"),
         m("map<string, int64> a = 1;"), "", SCALARS),
    Case("a map's values change kind", m("map<string, int32> a = 1;"),
         m("map<string, string> a = 1;"), "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("a map's keys change kind", m("map<string, int32> a = 1;"), m("map<int32, int32> a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", SCALARS),
    Case("a map's values become messages", m("map<string, int32> a = 1;"),
         m("map<string, M> a = 1;"), "FIELD_KIND_CHANGED #/M/1"),
    Case("a map of other messages", m("map<string, A> a = 1; message A {} message B {}"),
         m("map<string, B> a = 1; message A {} message B {}"), "FIELD_NAMED_TYPE_CHANGED #/M/1"),
    Case("a map as descriptors write it", m("map<string, int32> a = 1;"),
         m("repeated AEntry a = 1; message AEntry { option map_entry = true; string key = 1; "
           "int64 value = 2; }"), ""),
    Case("a map as descriptors write it, of another kind",
         m("repeated AEntry a = 1; message AEntry { option map_entry = true; string key = 1; "
           "int32 value = 2; }"), m("map<string, string> a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1"),
    # Labels
    Case("an optional number becomes repeated", m("optional int32 a = 1;"),
         m("repeated int32 a = 1;"), "FIELD_NUMERIC_LABEL_CHANGED #/M/1", LABELS),
    Case("a repeated number becomes optional", m("repeated double a = 1;"),
         m("optional double a = 1;"), "FIELD_NUMERIC_LABEL_CHANGED #/M/1", LABELS),
    Case("an optional string becomes repeated", m("optional string a = 1;"),
         m("repeated string a = 1;"), "FIELD_STRING_OR_BYTES_LABEL_CHANGED #/M/1", LABELS),
    Case("repeated bytes become optional", m("repeated bytes a = 1;"), m("optional bytes a = 1;"),
         "FIELD_STRING_OR_BYTES_LABEL_CHANGED #/M/1", LABELS),
    Case("a message becomes repeated", m("optional M a = 1;"), m("repeated M a = 1;"), "", LABELS),
    Case("a number without a label becomes optional", m("int32 a = 1;"), m("optional int32 a = 1;"),
         "", LABELS),
    Case("a number without a label becomes repeated: not seen", m("int32 a = 1;"),
         m("repeated int32 a = 1;"), "", LABELS),
    Case("another kind and another label", m("optional int32 a = 1;"), m("repeated string a = 1;"),
         "FIELD_SCALAR_KIND_CHANGED #/M/1", LABELS),
    # proto2
    Case("a required field is added", m("optional M a = 1;"),
         m("optional M a = 1; required int32 b = 2;"), "REQUIRED_FIELD_ADDED #/M/2", KINDS, PROTO2),
    Case("a required field is removed", m("required int32 b = 2;"), m(""),
         "REQUIRED_FIELD_REMOVED #/M/2", KINDS, PROTO2),
    Case("a required number becomes optional", m("required int32 a = 1;"),
         m("optional int32 a = 1;"), "FIELD_NUMERIC_LABEL_CHANGED #/M/1", LABELS, PROTO2),
    Case("an optional string becomes required", m("optional string a = 1;"),
         m("required string a = 1;"), "FIELD_STRING_OR_BYTES_LABEL_CHANGED #/M/1", LABELS, PROTO2),
    Case("a group is added", m(""), m("optional group G = 1 {}"),
         "FIELD_ADDED #/M/1, MESSAGE_ADDED #/M/G", OURS, PROTO2),
    Case("a group becomes a message", m("optional group G = 1 {}"),
         m("optional G g = 1; message G {}"), "FIELD_KIND_CHANGED #/M/1", OURS, PROTO2),
    Case("a field in a group changes kind", m("optional group G = 1 { optional int32 a = 1; }"),
         m("optional group G = 1 { optional string a = 1; }"),
         "FIELD_SCALAR_KIND_CHANGED #/M/G/1", OURS, PROTO2),
    Case("extensions are not looked at",
         "message M { extensions 5; } extend M { optional int32 e = 5; }",
         "message M { extensions 5; } extend M { optional string e = 5; }", "", KINDS, PROTO2),
    # Editions
    Case("a field is required by a feature", m("int32 b = 2;"),
         m("int32 b = 2; int32 a = 1 [features.field_presence = LEGACY_REQUIRED];"),
         "REQUIRED_FIELD_ADDED #/M/1", OURS, EDITION),
    Case("a message is delimited by a feature", m("M a = 1;"),
         m("M a = 1 [features.message_encoding = DELIMITED];"), "FIELD_KIND_CHANGED #/M/1", OURS,
         EDITION),
    # Oneofs
    Case("a oneof is added", m(""), m("oneof o { int32 a = 1; }"),
         "ONEOF_ADDED #/M/o, ONEOF_FIELD_ADDED #/M/o/1"),
    Case("a whole oneof is removed", m("oneof o { int32 a = 1; int32 b = 2; } int32 c = 3;"),
         m("int32 c = 3;"), "ONEOF_REMOVED #/M/o"),
    Case("a member is added", m("oneof o { int32 a = 1; }"),
         m("oneof o { int32 a = 1; int32 b = 2; }"), "ONEOF_FIELD_ADDED #/M/o/2"),
    Case("a member is removed", m("oneof o { int32 a = 1; int32 b = 2; }"),
         m("oneof o { int32 a = 1; }"), "ONEOF_FIELD_REMOVED #/M/o/2"),
    Case("a oneof is renamed", m("oneof o { int32 a = 1; }"), m("oneof p { int32 a = 1; }"),
         "ONEOF_REMOVED #/M/o, ONEOF_ADDED #/M/p"),
    Case("a oneof is renamed and a member changes kind", m("oneof o { int32 a = 1; }"),
         m("oneof p { string a = 1; }"),
         "ONEOF_REMOVED #/M/o, ONEOF_ADDED #/M/p, FIELD_SCALAR_KIND_CHANGED #/M/p/1"),
    Case("a oneof is renamed and loses a member", m("oneof o { int32 a = 1; int32 b = 2; }"),
         m("oneof p { int32 a = 1; }"),
         "ONEOF_REMOVED #/M/o, ONEOF_ADDED #/M/p, ONEOF_FIELD_REMOVED #/M/o/2"),
    Case("a member changes kind", m("oneof o { int32 a = 1; }"), m("oneof o { string a = 1; }"),
         "FIELD_SCALAR_KIND_CHANGED #/M/o/1"),
    Case("a member leaves its oneof", m("oneof o { int32 a = 1; int32 b = 2; }"),
         m("int32 a = 1; oneof o { int32 b = 2; }"), "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/1"),
    Case("a oneof is given up", m("oneof o { int32 a = 1; int32 b = 2; }"),
         m("int32 a = 1; int32 b = 2;"),
         "ONEOF_REMOVED #/M/o, ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/1, "
         "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/2"),
    Case("a member leaves and changes kind", m("oneof o { int32 a = 1; }"), m("string a = 1;"),
         "ONEOF_REMOVED #/M/o, ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/1, "
         "FIELD_SCALAR_KIND_CHANGED #/M/1"),
    Case("one field moves into a new oneof", m("int32 a = 1; int32 b = 2;"),
         m("int32 a = 1; oneof o { int32 b = 2; int32 c = 3; }"),
         "ONEOF_ADDED #/M/o, ONEOF_FIELD_ADDED #/M/o/3"),
    Case("one field moves into a new oneof and changes kind", m("int32 b = 2;"),
         m("oneof o { string b = 2; }"),
         "ONEOF_ADDED #/M/o, FIELD_SCALAR_KIND_CHANGED #/M/o/2"),
    Case("several fields move into a oneof", m("int32 a = 1; int32 b = 2;"),
         m("oneof o { int32 a = 1; int32 b = 2; }"),
         "MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o, ONEOF_ADDED #/M/o", MOVES),
    Case("a field moves into a oneof that has members",
         m("int32 a = 1; oneof o { int32 b = 2; }"), m("oneof o { int32 a = 1; int32 b = 2; }"),
         "FIELD_MOVED_TO_EXISTING_ONEOF #/M/o", MOVES),
    Case("a field moves into a renamed oneof", m("int32 a = 1; oneof o { int32 b = 2; }"),
         m("oneof p { int32 a = 1; int32 b = 2; }"),
         "FIELD_MOVED_TO_EXISTING_ONEOF #/M/p, ONEOF_REMOVED #/M/o, ONEOF_ADDED #/M/p", MOVES),
    Case("two oneofs become one", m("oneof o { int32 a = 1; } oneof p { int32 b = 2; }"),
         m("oneof o { int32 a = 1; int32 b = 2; }"),
         "FIELD_MOVED_TO_EXISTING_ONEOF #/M/o, ONEOF_REMOVED #/M/p", MOVES),
    Case("one oneof becomes two", m("oneof o { int32 a = 1; int32 b = 2; }"),
         m("oneof o { int32 a = 1; } oneof p { int32 b = 2; }"), "ONEOF_ADDED #/M/p"),
    Case("an optional field of proto3 is in no oneof", m("optional int32 a = 1;"),
         m("optional int32 a = 1; optional int32 b = 2;"), "FIELD_ADDED #/M/2"),
]  # fmt: skip


def parse(text: str, references: dict[str, str] | None = None) -> ProtobufSchema:
    resolved = [ResolvedReference(name=name, text=one) for name, one in (references or {}).items()]
    return ProtobufFormat().parse(text, resolved)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_change_has_the_differences_and_the_verdict_of_its_source(case: Case) -> None:
    writer, reader = parse(case.syntax + case.writer), parse(case.syntax + case.reader)

    found = [f"{one.kind} {one.path}" for one in differences(reader, writer)]

    expected = case.expected.split(", ") if case.expected else []
    assert sorted(found) == sorted(expected), case.source
    breaking = [one for one in expected if Kind(one.split()[0]) in MESSAGES]
    assert bool(incompatibilities(reader, writer)) == bool(breaking), case.source


def test_the_table_has_every_kind_of_difference() -> None:
    named = {one.split()[0] for case in CASES if case.expected for one in case.expected.split(", ")}

    assert named == set(Kind)
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    assert all(case.source for case in CASES)
    assert len(Kind) == 26
    assert len(MESSAGES) == 11


GOOGLE = 'syntax = "proto3"; package p; message G {{ {0} a = 1; {1} }}'
USER = 'syntax = "proto3"; import "{0}"; message M {{ {1} g = 1; }}'


def test_what_is_imported_is_compared_too() -> None:
    writer = parse(USER.format("g", "p.G"), {"g": GOOGLE.format("int32", "")})
    wider = parse(USER.format("h", "p.G"), {"h": GOOGLE.format("int64", "string b = 2;")})
    other = parse(USER.format("h", "p.G"), {"h": GOOGLE.format("string", "")})

    assert [f"{one.kind} {one.path}" for one in differences(wider, writer)] == ["FIELD_ADDED #/G/2"]
    assert incompatibilities(wider, writer) == []
    assert [(one.kind, one.path) for one in incompatibilities(other, writer)] == [
        ("FIELD_SCALAR_KIND_CHANGED", "#/G/1"),
        ("FIELD_NAMED_TYPE_CHANGED", "#/M/1"),
    ], REFERENCES


def test_another_package_of_what_is_imported_does_not_matter() -> None:
    writer = parse(USER.format("g", "p.G"), {"g": GOOGLE.format("int32", "")})
    reader = parse(
        USER.format("g", "q.r.G"), {"g": GOOGLE.format("int64", "").replace("p;", "q.r;")}
    )

    assert differences(reader, writer) == [], REFERENCES


def test_a_message_may_move_from_an_import_but_not_into_one() -> None:
    imported = parse(USER.format("g", "p.G"), {"g": GOOGLE.format("int32", "")})
    own = parse('syntax = "proto3"; message M { G g = 1; } message G { int64 a = 1; }')
    broken = parse('syntax = "proto3"; message M { G g = 1; } message G { string a = 1; }')

    assert [one.kind for one in incompatibilities(imported, own)] == ["MESSAGE_REMOVED"], REFERENCES
    assert incompatibilities(own, imported) == [], REFERENCES
    assert [one.kind for one in incompatibilities(broken, imported)] == [
        "FIELD_SCALAR_KIND_CHANGED",
        "FIELD_NAMED_TYPE_CHANGED",
    ], REFERENCES


def test_what_breaks_deep_in_imports_breaks_every_field_that_leads_there() -> None:
    text = (
        'syntax = "proto3"; package p; message A {{ B b = 1; A a = 2; }} '
        "message B {{ C c = 1; A back = 2; }} message C {{ {0} x = 1; }}"
    )
    user = 'syntax = "proto3"; import "g"; message M { p.A a = 1; repeated p.B b = 2; }'
    writer = parse(user, {"g": text.format("int32")})
    reader = parse(user, {"g": text.format("string")})

    found = [f"{one.kind} {one.path}" for one in incompatibilities(reader, writer)]

    named = "FIELD_NAMED_TYPE_CHANGED"
    assert sorted(found) == sorted(
        ["FIELD_SCALAR_KIND_CHANGED #/C/1"]
        + [f"{named} {path}" for path in ("#/M/1", "#/M/2", "#/A/1", "#/A/2", "#/B/1", "#/B/2")]
    )


def test_types_that_are_built_in_are_the_same_on_both_sides() -> None:
    text = (
        'syntax = "proto3"; import "google/protobuf/struct.proto"; '
        "message M { google.protobuf.Value v = 1; }"
    )

    assert differences(parse(text), parse(text)) == []


def test_a_long_chain_of_imported_messages_is_compared() -> None:
    def chain(kind: str) -> str:
        links = (f"message M{n} {{ M{n + 1} next = 1; }}" for n in range(2_000))
        return f'syntax = "proto3"; package p; {"".join(links)} message M2000 {{ {kind} x = 1; }}'

    user = 'syntax = "proto3"; import "g"; message Root { p.M0 first = 1; }'

    found = incompatibilities(
        parse(user, {"g": chain("string")}), parse(user, {"g": chain("bool")})
    )

    assert len(found) == INCOMPATIBILITIES_MAX
    assert found[0].kind == "FIELD_SCALAR_KIND_CHANGED"


def test_both_sides_are_shown() -> None:
    writer = parse('syntax = "proto3"; message M { optional int32 a = 1; }')
    reader = parse('syntax = "proto3"; message M { repeated int32 b = 1; }')

    (found,) = incompatibilities(reader, writer, CompatibilityPolicy.LENIENT)

    assert (found.reader, found.writer) == ("repeated int32 b = 1", "optional int32 a = 1")
    assert found.message == MESSAGES[Kind.FIELD_NUMERIC_LABEL_CHANGED]


def test_a_deadline_ends_the_comparison() -> None:
    class OverdueError(Exception):
        pass

    def overdue() -> None:
        raise OverdueError

    fields = "".join(f"int32 f{n} = {n + 1};" for n in range(1_500))
    schema = parse(f'syntax = "proto3"; message M {{ {fields} }}')

    with pytest.raises(OverdueError):
        incompatibilities(schema, schema, checkpoint=overdue)
    assert differences(schema, schema, Steps()) == []
