"""Patterns match whole names, in linear time."""

import pytest

from app.broker.errors import InvalidRegularExpression
from app.broker.topic_patterns import PATTERN_CHARS_MAX, TopicPattern


def test_a_pattern_matches_whole_names() -> None:
    pattern = TopicPattern(r"orders\..*|payments")

    assert [
        one
        for one in ("orders.eu", "my-orders.eu", "payments", "payments2")
        if pattern.matches(one)
    ] == ["orders.eu", "payments"]


@pytest.mark.parametrize(
    "source", ["", "(", "a(?=b)", r"(a)\1", "a{1001}", "x" * (PATTERN_CHARS_MAX + 1), "\ud800"]
)
def test_what_is_no_pattern_is_refused(source: str) -> None:
    with pytest.raises(InvalidRegularExpression):
        TopicPattern(source)


def test_a_pattern_that_would_take_too_much_memory_is_refused() -> None:
    with pytest.raises(InvalidRegularExpression):
        TopicPattern("((((a{1,100}){1,100}){1,100}){1,100})")


def test_a_pattern_that_backtracking_would_never_finish_is_answered() -> None:
    pattern = TopicPattern("(a*)*b|(a|aa)+c")

    assert not pattern.matches("a" * 249)
