"""Imports, references, built-in files, names across files, and descriptors as files."""

import base64
import importlib

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.protobuf.files import sources
from schema_registry.formats.protobuf.files.built_in import paths, tree
from schema_registry.formats.protobuf.files.scopes import Scopes, SymbolKind
from schema_registry.formats.protobuf.files.sources import collect
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.model import ResolvedReference


def reference(name: str, text: str, *inner: ResolvedReference) -> ResolvedReference:
    return ResolvedReference(name=name, text=text, references=inner)


def scopes(text: str, *references: ResolvedReference) -> Scopes:
    return Scopes(collect(text, references, Steps()), Steps())


def test_files_stand_behind_those_that_they_import() -> None:
    leaf = reference("c", "message C {}")
    middle = reference("b", 'import "c"; message B {}', leaf)

    found = collect('import "b"; import "c";', [middle, leaf], Steps())

    assert list(found.files) == ["c", "b", "default"]


@pytest.mark.parametrize(
    ("text", "references", "where", "why"),
    [
        ('\n import "b";', [], "2:2", "no reference"),
        ('import "b";', [reference("b", 'import "c";')], "b:1:1", "no reference"),
        ('import "b";', [reference("b", "message {")], "b:1:9", "expected"),
        ('import "b";', [reference("b", 'import "b";')], "b", "circle"),
        ('import "b";', [reference("b", 'import "c";'), reference("c", 'import "b";')],
         "c", "circle"),
        ('import "default";', [reference("default", "")], "default", "circle"),
        ('import "b";', [reference("b", "message B {}"), reference("b", "message C {}")],
         "b", "differ"),
    ],
)  # fmt: skip
def test_an_import_that_leads_nowhere_is_refused_with_its_place(
    text: str, references: list[ResolvedReference], where: str, why: str
) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        collect(text, references, Steps())

    assert refusal.value.path == where
    assert why in refusal.value.message


def test_a_reference_that_many_refer_to_is_looked_at_once() -> None:
    found = reference("r0", "message M0 {}")
    for level in range(1, 40):
        text = f'import "r{level - 1}"; message M{level} {{}}'
        found = reference(f"r{level}", text, found, found)

    assert len(collect('import "r39";', [found], Steps()).files) == 41


def test_references_and_their_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [reference(str(number), "") for number in range(6)]
    monkeypatch.setattr(sources, "REFERENCES_MAX", 5)

    with pytest.raises(BoundExceeded):
        collect("", many, Steps())
    monkeypatch.setattr(sources, "CLOSURE_BYTES_MAX", 10)
    with pytest.raises(BoundExceeded):
        collect("// and that is it", [], Steps())
    monkeypatch.setattr(sources, "SCHEMA_TEXT_BYTES_MAX", 9)
    with pytest.raises(BoundExceeded):
        collect("// " + "é" * 4, [], Steps())


def test_a_text_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidSchema):
        collect("// \ud800", [], Steps())


def test_every_file_that_is_built_in_can_be_imported() -> None:
    text = "".join(f'import "{path}";\n' for path in paths())

    schema = ProtobufFormat().parse(
        'syntax = "proto3";\n' + text + "message M { google.type.Money a = 1; "
        "google.protobuf.Any b = 2; confluent.type.Decimal c = 3; confluent.Meta d = 4; }"
    )

    assert schema.record_name() == "M"
    assert {"google/protobuf/timestamp.proto", "google/type/date.proto"} <= set(paths())
    assert {"confluent/meta.proto", "confluent/type/decimal.proto"} <= set(paths())
    assert tree("google/protobuf/nope.proto") is None


def test_a_reference_under_the_name_of_a_built_in_file_is_not_looked_at() -> None:
    own = reference("google/protobuf/timestamp.proto", "this is no schema")

    schema = ProtobufFormat().parse(
        'syntax = "proto3"; import "google/protobuf/timestamp.proto"; '
        "message M { google.protobuf.Timestamp at = 1; }",
        [own],
    )

    assert ProtobufFormat().codec(schema).encode({"at": "1970-01-01T00:00:01Z"})


def test_an_inner_name_hides_an_outer_one_of_the_same_beginning() -> None:
    found = scopes("message A { message B {} } message M { message A {} }")

    assert found.type_of("A.B", "", "default") is not None
    assert found.type_of("A.B", "M", "default") is None
    assert found.type_of(".A.B", "M", "default") is not None
    inner = found.type_of("A", "M", "default")
    assert inner is not None
    assert inner.full_name == "M.A"


def test_a_field_does_not_hide_a_type() -> None:
    found = scopes("message A {} message M { optional int32 A = 1; }")

    symbol = found.type_of("A", "M", "default")
    other = found.any_of("A", "M", "default")

    assert symbol is not None
    assert symbol.kind is SymbolKind.MESSAGE
    assert other is not None
    assert other.kind is SymbolKind.MEMBER


def test_names_are_seen_through_imports_and_public_ones_only() -> None:
    leaf = reference("c", "package c; message C {}")
    open_middle = reference("b", 'import public "c"; message B {}', leaf)
    closed_middle = reference("b", 'import "c"; message B {}', leaf)

    seen = scopes('import "b";', open_middle)
    hidden = scopes('import "b";', closed_middle)

    assert seen.type_of("c.C", "", "default") is not None
    assert hidden.type_of("c.C", "", "default") is None
    assert hidden.type_of("c.C", "", "b") is not None


@pytest.mark.parametrize(
    "text",
    [
        "message A {} message A {}",
        "message A {} enum A { B = 0; }",
        "message M { optional int32 a = 1; optional int32 a = 2; }",
        "enum A { X = 0; } enum B { X = 0; }",
        "package a; message M {} enum E { M = 0; }",
        "message M { map<string, string> a = 1; message AEntry {} }",
    ],
)
def test_a_name_is_declared_once(text: str) -> None:
    with pytest.raises(InvalidSchema, match="declared already"):
        scopes(text)


def test_a_name_is_declared_once_in_all_files() -> None:
    with pytest.raises(InvalidSchema, match="declared already in b"):
        scopes('import "b"; message M {}', reference("b", "message M {}"))
    with pytest.raises(InvalidSchema, match="package"):
        scopes('import "b"; package a.b;', reference("b", "message a {}"))


def test_a_descriptor_reads_as_the_text_it_was_made_of() -> None:
    text = """
    syntax = "proto2";
    package p;
    import public "google/protobuf/any.proto";
    option java_package = "x";
    message M {
      reserved 20 to 30;
      reserved "gone";
      option deprecated = true;
      required .p.M a = 1 [deprecated = true, json_name = "ay"];
      optional bytes b = 2 [default = "\\377\\'"];
      optional .p.M.E e = 4 [default = B];
      optional double d = 5 [default = -inf];
      oneof o { .p.M c = 3; }
      repeated group G = 6 { optional string s = 1 [default = "é\\n"]; }
      extensions 100 to max;
      message N {}
      enum E { reserved 5 to max; A = 0; B = -1 [deprecated = true]; }
      extend .p.M { optional int32 x = 100; }
    }
    service S { rpc C (stream .p.M) returns (.p.M) { option deprecated = true; }; }
    """
    schema = ProtobufFormat().parse(text)

    again = ProtobufFormat().parse(schema.formatted("serialized"))

    assert again.canonical() == schema.canonical()
    assert again.descriptor == schema.descriptor


def test_a_descriptor_keeps_maps_as_messages_which_indexes_count() -> None:
    schema = ProtobufFormat().parse(
        'syntax = "proto3"; message M { map<string, int32> a = 1; message N {} }'
    )

    again = ProtobufFormat().parse(schema.formatted("serialized"))

    assert "option map_entry = true;" in again.canonical()
    assert schema.message_indexes == {"M": (0,), "M.N": (0, 0)}
    assert again.message_indexes == {"M": (0,), "M.AEntry": (0, 0), "M.N": (0, 1)}
    assert ProtobufFormat().parse(again.canonical()).canonical() == again.canonical()
    assert again.normalized() == schema.normalized()


def test_a_descriptor_keeps_options_that_what_it_imports_knows() -> None:
    text = (
        'syntax = "proto3"; import "confluent/meta.proto"; message M { '
        'string a = 1 [(.confluent.field_meta) = { doc: "d" params: { key: "k" value: "v" } }]; }'
    )
    schema = ProtobufFormat().parse(text)

    again = ProtobufFormat().parse(schema.formatted("serialized"))

    assert again.canonical() == schema.canonical()
    assert "(.confluent.field_meta)" in again.canonical()


def test_options_mean_the_same_where_a_module_of_the_process_knows_them() -> None:
    importlib.import_module("confluent_kafka.schema_registry.confluent.meta_pb2")
    text = (
        'syntax = "proto3"; import "confluent/meta.proto"; message M { '
        'string a = 1 [(.confluent.field_meta) = { params: { key: "k" value: "v" } }]; }'
    )
    schema = ProtobufFormat().parse(text)

    again = ProtobufFormat().parse(schema.formatted("serialized"))

    assert again.canonical() == schema.canonical()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff\xff\xff\xff\xff\xff",
        b"\x12\x0c9_\xcdk.\xb2B\x89\xe0\x1b\x07\xe4",
        b"\x22\x0a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff",
        FileDescriptorProto(name="a", syntax="proto5").SerializeToString(),
        FileDescriptorProto(name="aaaaa", syntax="editions", edition=999).SerializeToString(),
    ],
)
def test_what_only_looks_like_a_descriptor_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidSchema):
        ProtobufFormat().parse(base64.b64encode(content).decode())
