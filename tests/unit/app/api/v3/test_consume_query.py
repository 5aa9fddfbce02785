"""The query of a consume: what reads, what does not, and cursors that come back as they went."""

from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import ApiError
from app.api.records.query_parameters import PARAMETERS_MAX
from app.api.v3.consume_query import (
    BYTES_DEFAULT,
    BYTES_MAX,
    CURSOR_CHARS_MAX,
    OFFSET_MAX,
    PARTITIONS_MAX,
    RECORDS_DEFAULT,
    RECORDS_MAX,
    WAIT_MS_MAX,
    ConsumeQuery,
    Cursor,
    parse_query,
)

TOPIC_ID = "AyNswH5AQVS_gAhZPH1Ndw"
OFFSETS = st.integers(0, OFFSET_MAX)


def parse(query: str, *, over_partitions: bool = False) -> ConsumeQuery:
    return parse_query(query.encode(), over_partitions=over_partitions)


def test_nothing_given_is_the_start_in_pages_of_the_default() -> None:
    query = parse("")

    assert (query.offset, query.timestamp_ms, query.from_latest) == (None, None, False)
    assert (query.max_records, query.max_bytes) == (RECORDS_DEFAULT, BYTES_DEFAULT)
    assert (query.wait_ms, query.key_type, query.value_type) == (0, None, None)


def test_everything_given_is_taken() -> None:
    query = parse("offset=7&max_records=3&max_bytes=9&wait_ms=5&key_type=string&value_type=BINARY")

    assert (query.offset, query.max_records, query.max_bytes, query.wait_ms) == (7, 3, 9, 5)
    assert (query.key_type, query.value_type) == (EmbeddedFormat.STRING, EmbeddedFormat.BINARY)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("5", 5), ("1970-01-01T00:00:05Z", 5000), ("1970-01-01T01:00:05%2B01:00", 5000)],
)
def test_times_are_iso_8601_or_milliseconds(text: str, milliseconds: int) -> None:
    assert parse(f"timestamp={text}").timestamp_ms == milliseconds


@pytest.mark.parametrize(
    "query",
    [
        "offset=-1",
        f"offset={OFFSET_MAX + 1}",
        "offset=",
        "offset=1.0",
        "offset=+1",
        "offset=%D9%A1",
        "offset=" + "1" * 5000,
        "offset=1&offset=1",
        "offset=1&from=earliest",
        "offset=1&timestamp=1",
        "cursor=AAAA",
        "from=middle",
        "timestamp=now",
        "timestamp=",
        "timestamp=2026-01-01T00:00:00",
        "max_records=0",
        f"max_records={RECORDS_MAX + 1}",
        "max_bytes=0",
        f"max_bytes={BYTES_MAX + 1}",
        f"wait_ms={WAIT_MS_MAX + 1}",
        "wait_ms=-1",
        "key_type=XML",
        "value_type=",
        "nothing=1",
        "%FF=1",
        "&".join(["wait_ms=1"] * (PARAMETERS_MAX + 1)),
    ],
    ids=lambda query: query[:40],
)
def test_query_that_does_not_read_is_a_bad_request(query: str) -> None:
    with pytest.raises(ApiError, match="Bad Request") as caught:
        parse(query)

    assert (caught.value.status, caught.value.error_code) == (400, 400)
    assert len(caught.value.message) < 300


def test_bytes_that_are_no_text_are_a_bad_request() -> None:
    with pytest.raises(ApiError):
        parse_query(b"offset=\xff", over_partitions=False)


@given(offsets=st.lists(OFFSETS, max_size=50), first=st.integers(0, PARTITIONS_MAX))
def test_cursor_comes_back_as_it_went(offsets: list[int], first: int) -> None:
    cursor = Cursor(topic_id=TOPIC_ID, offsets=tuple(offsets), first=first)

    assert parse(f"cursor={cursor.encode()}", over_partitions=True).cursor == cursor


def test_largest_cursor_is_taken_and_fits() -> None:
    cursor = Cursor(topic_id=TOPIC_ID, offsets=(OFFSET_MAX,) * PARTITIONS_MAX, first=0)

    assert len(cursor.encode()) <= CURSOR_CHARS_MAX + len(TOPIC_ID) * 2
    assert parse(f"cursor={cursor.encode()}", over_partitions=True).cursor == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "AAAA",
        "%E2%82%AC",
        "A" * (CURSOR_CHARS_MAX + 1),
        Cursor(topic_id=TOPIC_ID, offsets=(-1,), first=0).encode(),
        Cursor(topic_id=TOPIC_ID, offsets=(2**63,), first=0).encode(),
        Cursor(topic_id=TOPIC_ID, offsets=(0,), first=-1).encode(),
        Cursor(topic_id=TOPIC_ID, offsets=(0,) * (PARTITIONS_MAX + 1), first=0).encode(),
    ],
    ids=lambda text: text[:20],
)
def test_cursor_that_was_not_given_out_here_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="is not one that was given out here") as caught:
        parse(f"cursor={text}", over_partitions=True)

    assert caught.value.status == 400


@given(st.binary(max_size=60))
def test_any_bytes_as_a_cursor_are_a_cursor_or_a_bad_request(data: bytes) -> None:
    text = b"cursor=" + urlsafe_b64encode(data).rstrip(b"=")

    with suppress(ApiError):
        cursor = parse_query(text, over_partitions=True).cursor
        assert cursor is not None
        assert all(0 <= offset <= OFFSET_MAX for offset in cursor.offsets)


def test_next_page_keeps_what_was_given_but_the_place() -> None:
    query = parse("from=latest&max_records=3&value_type=string")

    assert query.next_page(offset=9) == "offset=9&max_records=3&value_type=string"
    assert query.next_page(cursor="abc") == "cursor=abc&max_records=3&value_type=string"
