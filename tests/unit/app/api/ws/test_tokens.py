"""Tokens of a subscription: what moves moves, the rest stays."""

from app.api.resume_tokens import ResumePoint, ResumeTokens
from app.api.ws.tokens import Tokens
from app.consumers.model import TopicPartition

SIGNED = ResumeTokens(b"s" * 32)
GIVEN = {"gone": ("g", [(0, 3)]), "t": ("old", [(1, 4)])}
TEMPLATE = ResumePoint("name", "User:a", 5, b"{}", GIVEN)


def test_a_token_has_the_epochs_together_and_the_positions_by_topic() -> None:
    tokens = Tokens(SIGNED, TEMPLATE, {"t": "new", "u": "other"}.get)
    positions = {
        TopicPartition("t", 1): 9,
        TopicPartition("t", 0): 8,
        TopicPartition("u", 2): 7,
        TopicPartition("gone", 0): 3,
    }

    point = SIGNED.read(tokens.issue(2, positions))

    assert (point.session, point.principal, point.epoch, point.settings) == (
        "name",
        "User:a",
        7,
        b"{}",
    )
    assert point.positions == {
        "t": ("new", [(1, 9), (0, 8)]),
        "u": ("other", [(2, 7)]),
        "gone": ("g", [(0, 3)]),
    }


def test_a_template_says_where_one_begins() -> None:
    tokens = Tokens(SIGNED, TEMPLATE, {}.get)

    assert tokens.positions() == {TopicPartition("gone", 0): 3, TopicPartition("t", 1): 4}
    assert (tokens.epoch, tokens.session) == (5, "name")
