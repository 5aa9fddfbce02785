"""The source of a generated function: depth, names of its own, and a title in tracebacks."""

import traceback

import pytest

from app.wire.generated_source import GeneratedSource


def test_lines_stand_at_their_depth_and_blocks_end() -> None:
    source = GeneratedSource("def count(limit):")
    source.add("found = []")
    with source.block("for one in range(limit):"), source.block("if one % 2:"):
        source.add("found.append(one)")
    source.add("return found")

    assert source.compile("count", "count odd")(6) == [1, 3, 5]


def test_constant_has_one_name_by_its_identity_and_is_not_copied() -> None:
    source = GeneratedSource("def same():")
    first, equal = [1], [1]

    names = [source.constant(one, "list") for one in (first, equal, first)]
    source.add(f"return {names[0]}, {names[1]}")
    made = source.compile("same", "same")()

    assert names[0] == names[2] != names[1]
    assert made[0] is first
    assert made[1] is equal


def test_fresh_names_never_repeat() -> None:
    source = GeneratedSource("def nothing():")

    assert len({source.fresh("one") for _ in range(100)}) == 100


def test_functions_do_not_see_each_other() -> None:
    source = GeneratedSource("def alone():")
    source.add("return first")
    other = GeneratedSource("def first():")
    other.add("return 1")
    other.compile("first", "first")

    with pytest.raises(NameError):
        source.compile("alone", "alone")()


def test_title_stands_in_tracebacks() -> None:
    source = GeneratedSource("def fail():")
    source.add("return 1 // 0")

    with pytest.raises(ZeroDivisionError) as caught:
        source.compile("fail", "decode Thing v3")()

    assert traceback.extract_tb(caught.tb)[-1].filename == "<decode Thing v3>"
