"""What is not found is told what comes nearest, in words that lead to the difference."""

import time
from random import Random

import pytest

from schema_registry.model import (
    Metadata,
    RuleSet,
    SchemaContent,
    SchemaReference,
    SchemaType,
    StoredSchema,
)
from schema_registry.registry.nearest import comparable, describe_nearest, describe_versions
from schema_registry.store import Version


def content(text: str, schema_type: SchemaType = SchemaType.AVRO) -> SchemaContent:
    return SchemaContent(schema_type=schema_type, text=text)


def stored(number: int, held: SchemaContent) -> tuple[Version, StoredSchema]:
    version = Version(version=number, schema_id=number, deleted=False, registered_at_ms=0)
    schema = StoredSchema(
        context=".", schema_id=number, guid=str(number), content=held, created_at_ms=0
    )
    return version, schema


def test_the_most_alike_is_named_with_the_tokens_that_differ() -> None:
    found = [stored(2, content("message M { int64 b = 2; }")), stored(1, content("enum E {}"))]

    hint = describe_nearest(content("message M { int32 a = 2; }"), found)

    assert hint == ("nearest is version 2 (id 2), which has 'int64 b' instead of 'int32 a'")


def test_differences_far_apart_are_shown_one_by_one_in_long_texts() -> None:
    lines = [f"int32 f{number} = {number};" for number in range(1, 200)]
    other = [*lines]
    other[3], other[190] = "int64 f4 = 4;", "int32 f191 = 191 [deprecated = true];"

    hint = describe_nearest(content("\n".join(other)), [stored(1, content(" ".join(lines)))])

    assert hint is not None
    assert "'int32' instead of 'int64'" in hint
    assert "'nothing' instead of '[ deprecated = true ]'" in hint


@pytest.mark.parametrize(
    ("there", "word"),
    [
        (content("t", SchemaType.JSON), "types"),
        (
            SchemaContent(
                schema_type=SchemaType.AVRO,
                text="t",
                references=(SchemaReference(name="a", subject="s", version=1),),
            ),
            "references",
        ),
        (
            SchemaContent(schema_type=SchemaType.AVRO, text="t", rule_set=RuleSet()),
            "rules",
        ),
        (
            SchemaContent(
                schema_type=SchemaType.AVRO, text="t", metadata=Metadata(properties={"a": "b"})
            ),
            "metadata",
        ),
    ],
    ids=["types", "references", "rules", "metadata"],
)
def test_what_else_differs_is_said(there: SchemaContent, word: str) -> None:
    hint = describe_nearest(content("t"), [stored(1, there)])

    assert hint == f"nearest is version 1 (id 1), whose {word} differ"


def test_only_some_versions_and_no_long_texts_are_compared() -> None:
    pairs = [stored(number, content("t")) for number in range(1, 40)]
    versions = [version for version, _ in pairs]
    schemas = {version.schema_id: schema for version, schema in pairs}

    found = comparable(content("t"), versions, schemas)

    assert [version.version for version, _ in found] == list(range(39, 19, -1))
    assert comparable(content("t" * 30_000), versions, schemas) == []
    assert describe_nearest(content("t"), []) is None


def test_texts_of_the_worst_kind_are_compared_in_time() -> None:
    chance = Random(1)
    for kinds in (2, 95, 105, 900):
        one, other = (
            " ".join(f"t{chance.randrange(kinds)}" for _ in range(2_500)) for _ in range(2)
        )
        began = time.monotonic()

        assert describe_nearest(content(one), [stored(1, content(other))])
        assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("there", "number", "hint"),
    [
        ([], 4, "Version 4 not found."),
        ([2], 4, "Version 4 not found; there is 2."),
        ([1, 2, 5], 4, "Version 4 not found; there are 1, 2, 5."),
        ([1, 2, 5, 7, 9], 4, "Version 4 not found; nearest are 2, 5, 7."),
        ([1, 2, 3, 4], 2**31 - 1, "Version 2147483647 not found; nearest are 2, 3, 4."),
    ],
    ids=["none", "one", "few", "many", "far"],
)
def test_a_version_that_is_not_there_is_told_the_nearest_ones(
    there: list[int], number: int, hint: str
) -> None:
    versions = [stored(one, content("t"))[0] for one in there]

    assert describe_versions(number, versions) == hint
