"""Record timestamps as people and JSON write them: ISO 8601 in UTC with milliseconds.

Years beyond 9999 are written with a sign and six digits, as ECMAScript does, so that every
64-bit timestamp has a spelling and none is rounded.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEARS = 400
_SECONDS_IN_400_YEARS = 146_097 * 86_400
"""The Gregorian calendar repeats after 400 years."""

TIMESTAMP_CHARS_MAX = 40
"""Longest text that is looked at."""

TIMESTAMP_MS_MAX = 2**63 - 1
BEFORE_1970 = -1
"""Where a search begins that is for a moment before any timestamp that a record may have."""

_YEAR_BEYOND = re.compile(r"([+-]\d{6,9}|0000)(-.*)\Z", re.ASCII)


@lru_cache(maxsize=16_384)
def format_timestamp(timestamp_ms: int) -> bytes:
    """Return a timestamp in milliseconds since the epoch as ISO 8601, for example
    ``2026-11-23T20:03:00.250Z``.
    """
    seconds, rest_ms = divmod(timestamp_ms, 1000)
    return b"%b.%03dZ" % (_format_second(seconds), rest_ms)


@lru_cache(maxsize=1_024)
def _format_second(seconds: int) -> bytes:
    """Return seconds since the epoch as ISO 8601, without the zone.

    Most timestamps that are written one after the other share their second.
    """
    cycles, rest_seconds = divmod(seconds, _SECONDS_IN_400_YEARS)
    moment = _EPOCH + timedelta(seconds=rest_seconds)
    year = moment.year + _YEARS * cycles
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+07d}"
    return f"{written}-{moment:%m-%dT%H:%M:%S}".encode()


def parse_timestamp(text: str) -> int:
    """Return the milliseconds since the epoch of an ISO 8601 moment with an offset.

    Fractions below a millisecond are cut off. Years with a sign are taken as they are written.

    Raises:
        ValueError: Not such a moment, or one without an offset from UTC.
    """
    if len(text) > TIMESTAMP_CHARS_MAX:
        raise ValueError("timestamp is too long")
    cycles = 0
    if beyond := _YEAR_BEYOND.match(text):
        cycles, year = divmod(int(beyond[1]) - _YEARS, _YEARS)
        text = f"{year + _YEARS:04d}{beyond[2]}"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("timestamp has no offset from UTC")
    return (moment - _EPOCH) // _MS + cycles * _SECONDS_IN_400_YEARS * 1000


def parse_search_time(text: str) -> int:
    """Return the milliseconds of a moment to search records from.

    Args:
        text: ISO 8601, or milliseconds since 1970; these have no sign, for Kafka's protocol
            gives negative ones other meanings.

    Returns:
        ``BEFORE_1970`` for all moments before 1970.

    Raises:
        ValueError: Neither of the two, or beyond 64 bits.
    """
    if text.isascii() and text.isdigit() and len(text) <= 19:
        timestamp_ms = int(text)
    else:
        timestamp_ms = parse_timestamp(text)
    if timestamp_ms > TIMESTAMP_MS_MAX:
        raise ValueError("timestamp is beyond 64 bits of milliseconds")
    return max(timestamp_ms, BEFORE_1970)
