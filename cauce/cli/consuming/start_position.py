"""Where ``cauce consume --from`` begins: one grammar for names, offsets and times."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

OFFSET_MAX = 2**63 - 1
LAST_MAX = 2**53 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,19}")


class StartPosition(NamedTuple):
    """A field of the request: ``from``, ``offset``, ``timestamp`` (ms since 1970) or ``last``."""

    parameter: str
    value: str

    @property
    def number(self) -> int:
        """The value of all but ``from``."""
        return int(self.value)


def parse_start(text: str) -> StartPosition:
    """Return where to begin.

    ``earliest``, ``latest``, an offset, ``-`` and a number of offsets before the end, a moment in
    ISO 8601 (UTC if it does not say) or ``@`` and the milliseconds since 1970.

    Raises:
        ValueError: None of these, or before 1970, or beyond 64 bits.
    """
    if text in ("earliest", "latest"):
        return StartPosition("from", text)
    if _NUMBER.fullmatch(text):
        return StartPosition("offset", _bounded(text))
    if text.startswith("-") and _NUMBER.fullmatch(text[1:]):
        return StartPosition("last", _bounded(text[1:], LAST_MAX))
    if text.startswith("@") and _NUMBER.fullmatch(text[1:]):
        return StartPosition("timestamp", _bounded(text[1:]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not earliest, latest, an offset, -N for the last N, a time like "
            "2026-11-23T20:03:00Z or @ and milliseconds since 1970"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    timestamp_ms = -((_EPOCH - moment) // timedelta(milliseconds=1))
    if timestamp_ms < 0:
        raise ValueError(f"{text!r} is before 1970")
    return StartPosition("timestamp", str(timestamp_ms))


def _bounded(digits: str, limit: int = OFFSET_MAX) -> str:
    number = int(digits)
    if number > limit:
        raise ValueError(f"{digits} is more than {limit}")
    return str(number)
