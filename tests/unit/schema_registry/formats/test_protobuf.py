"""Protobuf as a whole: what every module of the package promises together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.schema_format import SchemaFormat
from schema_registry.model import ResolvedReference, SchemaType
from tests.support.protobuf.texts import SYMBOLS, VALUES, WORDS, parse_or_refuse


def test_it_is_a_format_of_the_registry() -> None:
    protobuf: SchemaFormat = ProtobufFormat()

    schema = protobuf.parse('syntax = "proto3"; message M { int32 a = 1; }')
    codec = protobuf.codec(schema)

    assert protobuf.schema_type is schema.schema_type is SchemaType.PROTOBUF
    assert codec.decode(codec.encode({"a": 1})) == {"a": 1}


def test_references_are_resolved_through_all_levels() -> None:
    leaf = ResolvedReference(name="c.proto", text='syntax = "proto3"; message C { string s = 1; }')
    middle = ResolvedReference(
        name="b.proto",
        text='syntax = "proto3"; import "c.proto"; message B { C c = 1; }',
        references=(leaf,),
    )

    schema = ProtobufFormat().parse(
        'syntax = "proto3"; import "b.proto"; message A { B b = 1; }', [middle]
    )

    codec = ProtobufFormat().codec(schema)
    assert codec.decode(codec.encode({"b": {"c": {"s": "x"}}})) == {"b": {"c": {"s": "x"}}}


@settings(max_examples=100)
@given(st.lists(st.sampled_from(WORDS + SYMBOLS + VALUES), max_size=60))
def test_any_words_are_a_schema_or_refused(words: list[str]) -> None:
    parse_or_refuse(" ".join(words))


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_text_is_a_schema_or_refused(text: str) -> None:
    parse_or_refuse(text)


def test_a_deadline_ends_the_work() -> None:
    class OverdueError(Exception):
        pass

    def overdue() -> None:
        raise OverdueError

    text = "message M {" + "".join(f"optional int32 f{n} = {n + 1};" for n in range(2_000)) + "}"

    with pytest.raises(OverdueError):
        ProtobufFormat(overdue).parse(text)
