"""What schemas promise, over many texts: shipped ones, hand-made ones, spoilt ones, huge ones."""

import random

import pytest

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.descriptors.descriptor_builder import build_descriptor
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.schema import ProtobufSchema
from schema_registry.formats.protobuf.text.canonical import in_canonical_order
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.printer import print_proto
from tests.support.protobuf.protoc import shipped_texts
from tests.support.protobuf.texts import (
    SYMBOLS,
    VALUES,
    WORDS,
    hand_made_texts,
    parse_or_refuse,
)

pytestmark = pytest.mark.slow


def parse(text: str) -> ProtobufSchema:
    return ProtobufFormat().parse(text)


def test_a_printed_text_parses_to_the_tree_in_canonical_order() -> None:
    texts = [*shipped_texts().values(), *hand_made_texts()]
    parsed = 0

    for text in texts:
        try:
            tree = parse_proto(text)
        except InvalidSchema:
            continue
        parsed += 1
        ordered = in_canonical_order(tree)
        again = parse_proto(print_proto(tree))
        assert again == ordered
        assert in_canonical_order(again) == again
        assert print_proto(again) == print_proto(tree)

    assert parsed > 500


def test_a_normalized_text_means_the_same_and_normalizes_to_itself() -> None:
    seen = 0
    for text in hand_made_texts():
        try:
            schema = parse(text)
        except InvalidSchema:
            continue
        seen += 1
        again = parse(schema.normalized())
        assert again.normalized() == schema.normalized()
        if "map_entry" not in text:
            assert _sorted(again) == _sorted(schema)

    assert seen > 400


def _sorted(schema: ProtobufSchema) -> list[str]:
    """Return what the descriptor says, whatever the order, without options."""
    root = schema.scopes.sources.root
    text = str(build_descriptor(root, schema.scopes).descriptor).replace("oneof_index", "")
    lines = (line.strip() for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(":"))


def test_texts_that_were_changed_at_random_are_schemas_or_refused() -> None:
    chance = random.Random(20_261_126)
    texts = [one for one in hand_made_texts() if parse_or_refuse(one)]
    parsed = 0

    for _ in range(1_000):
        text = chance.choice(texts)
        at = chance.randrange(len(text) + 1)
        change = chance.choice([*WORDS, *SYMBOLS, *VALUES, ""])
        parsed += parse_or_refuse(text[:at] + change + text[at + chance.randrange(3) :])

    assert parsed > 25, "some change nothing that matters"


LARGE = 4_000


@pytest.mark.parametrize(
    "text",
    [
        "message M {" + "".join(f"optional int32 f{n} = {n + 30_000};" for n in range(LARGE)) + "}",
        "".join(f"message M{n} {{}}" for n in range(3_000)),
        "message M {" + "".join(f"message M{n} {{}}" for n in range(3_000)) + "}",
        "message M {" + "".join(f"reserved {2 * n + 1};" for n in range(LARGE)) + "}",
        "message M {" + "".join(f"extensions {2 * n + 1};" for n in range(LARGE)) + "}",
        "enum E {" + "".join(f"V{n} = {n};" for n in range(LARGE)) + "}",
        "message M {" + "optional M f = 1;" * LARGE + "}",
        "option a = {" + "b: [" * 5_000,
        "(" * 100_000,
        "message M { optional a" + ".a" * 100_000 + " b = 1; }",
        "/*" + "*" * 500_000,
        "'" + "\\\\" * 200_000,
        "message a {" + "".join(f"message a{n} {{" for n in range(29)) + "}" * 29
        + "".join(f"optional a{'.a0' * 100} f{n} = {n + 1};" for n in range(1_000)) + "}",
    ],
    ids=range(13),
)  # fmt: skip
def test_a_large_or_hostile_text_takes_time_in_proportion(text: str) -> None:
    """What took more than its length would take hours here."""
    parse_or_refuse(text)
