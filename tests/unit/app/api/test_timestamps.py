from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.timestamps import BEFORE_1970, format_timestamp, parse_search_time, parse_timestamp

YEAR_1_MS = -62_135_596_800_000
YEAR_9999_END_MS = 253_402_300_799_999
INT64 = 2**63


@settings(deadline=None)
@given(st.integers(-INT64, INT64 - 1))
def test_parse_gives_back_what_format_wrote(timestamp_ms: int) -> None:
    written = format_timestamp(timestamp_ms).decode()

    assert parse_timestamp(written) == timestamp_ms


@settings(deadline=None)
@given(st.integers(YEAR_1_MS, YEAR_9999_END_MS))
def test_format_agrees_with_the_standard_library_where_that_has_dates(timestamp_ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=timestamp_ms)

    expected = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert format_timestamp(timestamp_ms).decode() == expected


@settings(deadline=None)
@given(st.integers(-INT64, INT64 - 1), st.integers(-INT64, INT64 - 1))
def test_format_spells_every_64_bit_timestamp_in_its_own_way(one: int, other: int) -> None:
    assert (format_timestamp(one) == format_timestamp(other)) == (one == other)


@pytest.mark.parametrize(
    ("timestamp_ms", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_764_014_580_250, "2025-11-24T20:03:00.250Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (YEAR_9999_END_MS, "9999-12-31T23:59:59.999Z"),
        (YEAR_9999_END_MS + 1, "+010000-01-01T00:00:00.000Z"),
        (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
        (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        (INT64 - 1, "+292278994-08-17T07:12:55.807Z"),
    ],
)
def test_format_writes_years_beyond_9999_with_a_sign_and_six_digits(
    timestamp_ms: int, written: str
) -> None:
    assert format_timestamp(timestamp_ms) == written.encode()


@pytest.mark.parametrize(
    ("text", "timestamp_ms"),
    [
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00-00:30", 1_800_000),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1969-12-31T23:59:59.9999Z", -1),
    ],
)
def test_parse_takes_any_offset_and_cuts_below_the_millisecond(
    text: str, timestamp_ms: int
) -> None:
    assert parse_timestamp(text) == timestamp_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T20:03:00",
        "2026-02-30T00:00:00Z",
        "1970-01-01T00:00:00.000Z" + " " * 20,
        "+10000-01-01T00:00:00Z",
        "+010000-01-01T00:00:00",
        "+010000-02-30T00:00:00Z",
        "+0100000000-01-01T00:00:00Z",
        "0000",
    ],
)
def test_parse_refuses_what_is_no_moment_with_an_offset(text: str) -> None:
    with pytest.raises(ValueError):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("text", "timestamp_ms"),
    [
        ("0", 0),
        ("9223372036854775807", INT64 - 1),
        ("1970-01-01T00:00:01Z", 1_000),
        ("1969-12-31T23:59:59.999Z", BEFORE_1970),
        ("1066-10-14T09:00:00Z", BEFORE_1970),
        ("-271821-04-20T00:00:00.000Z", BEFORE_1970),
        ("+275760-09-13T00:00:00.000Z", 8_640_000_000_000_000),
    ],
)
def test_search_takes_any_moment_and_plain_milliseconds(text: str, timestamp_ms: int) -> None:
    assert parse_search_time(text) == timestamp_ms


@pytest.mark.parametrize(
    "text",
    ["--5", "-", "-1", "+5", "٣", "1e3", " 1", "1" * 20, "", "9223372036854775808"],
)
def test_search_refuses_what_only_resembles_a_number(text: str) -> None:
    with pytest.raises(ValueError):
        parse_search_time(text)
