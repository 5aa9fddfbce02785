"""Record timestamps as people and JSON write them: ISO 8601 in UTC with milliseconds.

Years beyond 9999 are written with a sign and six digits, as ECMAScript does, so that every
64-bit timestamp has a spelling and none is rounded.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEARS = 400
_MS_IN_400_YEARS = 146_097 * 86_400_000
"""The Gregorian calendar repeats after 400 years."""

TIMESTAMP_CHARS_MAX = 40
"""Longest text that is looked at."""


@lru_cache(maxsize=16_384)
def format_timestamp(timestamp_ms: int) -> bytes:
    """Return a timestamp in milliseconds since the epoch as ISO 8601, for example
    ``2026-11-23T20:03:00.250Z``.
    """
    cycles, rest_ms = divmod(timestamp_ms, _MS_IN_400_YEARS)
    moment = _EPOCH + timedelta(milliseconds=rest_ms)
    year = moment.year + _YEARS * cycles
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+07d}"
    clock = f"{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{written}-{clock}".encode()


def parse_timestamp(text: str) -> int:
    """Return the milliseconds since the epoch of an ISO 8601 moment with an offset.

    Fractions below a millisecond are cut off.

    Raises:
        ValueError: Not such a moment, or one without an offset from UTC.
    """
    if len(text) > TIMESTAMP_CHARS_MAX:
        raise ValueError("timestamp is too long")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("timestamp has no offset from UTC")
    return (moment - _EPOCH) // _MS


def parse_timestamp_or_ms(text: str) -> int:
    """Return the milliseconds of an ISO 8601 moment or of a plain number of milliseconds.

    Raises:
        ValueError: Neither of the two.
    """
    digits = text[1:] if text[:1] == "-" else text
    if digits.isascii() and digits.isdigit() and len(digits) <= 19:
        return int(text)
    return parse_timestamp(text)
