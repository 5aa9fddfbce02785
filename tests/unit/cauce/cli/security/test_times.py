from datetime import timedelta

import pytest

from cauce.cli.security.times import parse_span, time_text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("1s", timedelta(seconds=1)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_parse_span_reads_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5d", "1y", "999999999w", "٣d"])
def test_parse_span_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_span(text)


def test_time_text_is_utc_to_the_second() -> None:
    assert time_text(1_795_464_180_999) == "2026-11-23T20:03:00Z"
    assert time_text(None, "never") == "never"
    assert time_text(2**53) == "@9007199254740992"
