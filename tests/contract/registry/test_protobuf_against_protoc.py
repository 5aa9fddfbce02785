"""protoc is the oracle: what parses, and what descriptor comes out.

Over every .proto file that our dependencies ship and over 1,200 texts made by hand
(``tests/support/protobuf/texts``). Whatever differs stands here with its reason, and has to
differ: a reason that is no longer one fails.
"""

from functools import cache

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.files.built_in import paths
from schema_registry.formats.protobuf.files.sources import collect
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.linker import Linked, link
from schema_registry.model import ResolvedReference
from tests.support.protobuf.protoc import Compiled, compile_texts, shipped_texts
from tests.support.protobuf.texts import hand_made_texts

pytestmark = pytest.mark.slow

RUNTIME = "upb, the runtime's core, does not link it"
NOT_UTF8 = "a descriptor holds strings, which are no other bytes in Python"
REFUSED_HERE = {
    'syntax = "proto2";\nmessage M {optional float f=1 [default = 1e-45];}': RUNTIME,
    'syntax = "proto2";\nmessage M {optional double f=1 [default = 5e-324];}': RUNTIME,
    'syntax = "proto3";\nmessage M {reserved 536870912;}': RUNTIME,
    'syntax = "proto3";\nmessage M {reserved 1 to 536870912;}': RUNTIME,
    'syntax = "proto3";\nmessage M {int32 a=1; reserved 2147483646;}': RUNTIME,
    'syntax = "proto2";\n'
    "message M {option message_set_wire_format=true; reserved 4 to max;}": RUNTIME,
    'syntax = "proto3";\noption java_package = "\\U00110000";': NOT_UTF8,
    'syntax = "proto2";\nmessage M {optional string a = 1 [default = "\\xff\\0\\n"];}': NOT_UTF8,
    "edition = \"2023\";\nimport 'google/protobuf/cpp_features.proto'; "
    "option features.(pb.cpp).legacy_closed_enum=true;": (
        "C++'s features are not built in, nor are they in Confluent's registry"
    ),
}
"""protoc takes these; the last one of its kind stands below."""

COMMENT_IN_BRACES = "{#c\n s:'x'}"
"""protoc lets the rest of the value vanish behind the #; it is refused here."""

OTHER_DESCRIPTOR = {
    "syntax='proto2'; message M{option message_set_wire_format=true; "
    "extensions 4 to 536870911; reserved 1 to 3;} ": "the tree does not tell it from max",
}


def test_the_files_that_our_dependencies_ship_give_the_descriptors_of_protoc() -> None:
    texts = shipped_texts()
    compiled = compile_texts(texts)
    differing = []

    for path, text in texts.items():
        references = [
            ResolvedReference(name=other, text=one) for other, one in texts.items() if other != path
        ]
        linked = link(collect(text, references, Steps()), Steps())
        if not _is_same(linked, compiled[path]):
            differing.append(path)

    assert len(texts) > 70
    assert set(paths()) & texts.keys(), "some of them are built in"
    assert differing == []


def test_a_hand_made_text_is_taken_or_refused_as_protoc_does() -> None:
    compiled = _compiled()
    refused_here, taken_here = [], []

    for text, theirs in compiled.items():
        ours = _linked(text)
        if ours is None and theirs.descriptor is not None:
            refused_here.append(text)
        if ours is not None and theirs.descriptor is None:
            taken_here.append((text, theirs.errors))

    assert len(compiled) > 1_200
    assert taken_here == []
    with_comment = [text for text in refused_here if COMMENT_IN_BRACES in text]
    assert len(with_comment) == 1
    assert set(refused_here) - set(with_comment) == REFUSED_HERE.keys()


def test_a_hand_made_text_that_both_take_gives_the_descriptor_of_protoc() -> None:
    differing, taken = set(), 0

    for text, theirs in _compiled().items():
        ours = _linked(text)
        if ours is not None and theirs.descriptor is not None:
            taken += 1
            if not _is_same(ours, theirs):
                differing.add(text)

    assert taken > 400
    assert differing == OTHER_DESCRIPTOR.keys()


@cache
def _compiled() -> dict[str, Compiled]:
    texts = {f"text{number}.proto": text for number, text in enumerate(hand_made_texts())}
    return {texts[name]: one for name, one in compile_texts(texts).items()}


def _linked(text: str) -> Linked | None:
    try:
        return link(collect(text, (), Steps()), Steps())
    except InvalidSchema:
        return None


def _is_same(ours: Linked, theirs: Compiled) -> bool:
    """Compare descriptors with their custom options known, empty braces of methods aside."""
    assert theirs.descriptor is not None
    mine = FileDescriptorProto()
    mine.CopyFrom(ours.descriptor)
    mine.name = theirs.descriptor.name
    others = FileDescriptorProto()
    others.CopyFrom(theirs.descriptor)
    for service in others.service:
        for method in service.method:
            if not method.options.ByteSize():
                method.ClearField("options")
    try:
        kind = ours.pool.FindMessageTypeByName("google.protobuf.FileDescriptorProto")
    except KeyError:
        return mine.SerializeToString(deterministic=True) == others.SerializeToString(
            deterministic=True
        )
    known = GetMessageClass(kind)
    left = known.FromString(mine.SerializeToString())
    right = known.FromString(others.SerializeToString())
    same: bool = left.SerializeToString(deterministic=True) == right.SerializeToString(
        deterministic=True
    )
    return same or left == right
