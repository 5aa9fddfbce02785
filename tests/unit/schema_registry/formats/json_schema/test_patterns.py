import pytest

from schema_registry.formats.json_schema.patterns import pattern_finds


def test_a_pattern_is_found_anywhere_in_a_text() -> None:
    assert pattern_finds("b", "abc")
    assert not pattern_finds("^b", "abc")


def test_a_pattern_that_gives_up_does_not_match() -> None:
    assert not pattern_finds("^(?=a?)(a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize("expression", ["[", "a{1,99999}"])
def test_a_pattern_that_is_none_matches_nothing(expression: str) -> None:
    assert not pattern_finds(expression, "a")
