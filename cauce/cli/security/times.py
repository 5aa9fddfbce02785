"""Times as a person writes and reads them."""

import re
from datetime import UTC, datetime, timedelta

SPAN_MAX = timedelta(days=36_500)

_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def parse_span(text: str) -> timedelta:
    """Return a span of time such as ``90d``, ``12h`` or ``30m``.

    Raises:
        ValueError: It is none, or nothing, or longer than a hundred years.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!a} is not a number and one of s, m, h, d, w, such as 90d")
    span_s = int(found[1]) * _UNITS_S[found[2]]
    if not 0 < span_s <= SPAN_MAX.total_seconds():
        raise ValueError(f"{text} is not between a second and a hundred years")
    return timedelta(seconds=span_s)


def time_text(time_ms: int | None, otherwise: str = "") -> str:
    """Return a moment in UTC to the second, or what is said where there is none."""
    if time_ms is None:
        return otherwise
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # after the year 9999
        return f"@{time_ms}"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
