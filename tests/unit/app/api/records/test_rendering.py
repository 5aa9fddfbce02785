"""Records as a consume shows them: what is rendered column by column is what each record is."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import EmbeddedFormat
from app.api.records.rendering import render_records
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.decoder import decode_columns
from storage.format.record import NewRecord

BASE = 40
BYTES = st.none() | st.binary(max_size=8) | st.sampled_from([b"1", b'{"a": 1}', b"text", b"\xff"])
HEADERS = st.lists(
    st.tuples(st.sampled_from([b"a", b"\xc3\xa9"]), st.none() | st.binary(max_size=4)), max_size=2
).map(tuple)
RECORDS = st.lists(
    st.builds(NewRecord, st.integers(0, 10**12), BYTES, BYTES, HEADERS), min_size=1, max_size=6
)


def rendered(records: list[NewRecord], wanted: slice, asked: EmbeddedFormat | None = None) -> bytes:
    batch = build_batch(records, base_offset=BASE)
    columns = decode_columns(batch)
    return render_records(("t", 3), parse_header(batch), columns, wanted, (asked, asked), b"\n")


@given(records=RECORDS, start=st.integers(0, 5), count=st.integers(1, 6))
def test_records_are_shown_whole_and_binary_comes_back_to_the_byte(
    records: list[NewRecord], start: int, count: int
) -> None:
    start = min(start, len(records) - 1)
    wanted = slice(start, start + count)

    lines = rendered(records, wanted, EmbeddedFormat.BINARY).split(b"\n")

    assert len(lines) == len(records[wanted])
    for number, (line, record) in enumerate(zip(lines, records[wanted], strict=True), start):
        shown = json.loads(line)
        assert (shown["topic_name"], shown["partition_id"]) == ("t", 3)
        assert (shown["offset"], shown["timestamp_type"]) == (BASE + number, "CREATE_TIME")
        for name, data in (("key", record.key), ("value", record.value)):
            if data is None:
                assert shown[name] is None
            else:
                assert shown[name]["type"] == "BINARY"
                assert base64.b64decode(shown[name]["data"]) == data
        assert shown["headers"] == [
            {
                "name": name.decode(),
                "value": None if value is None else base64.b64encode(value).decode(),
            }
            for name, value in record.headers
        ]


@given(records=RECORDS)
def test_each_record_is_shown_as_it_would_be_alone(records: list[NewRecord]) -> None:
    together = rendered(records, slice(None)).split(b"\n")

    alone = [rendered(records, slice(number, number + 1)) for number in range(len(records))]

    assert together == alone


def test_type_is_what_the_bytes_are() -> None:
    values = (b'{"a":1}', b"text", b"\xff", None)
    records = [NewRecord(0, None, value) for value in values]

    lines = rendered(records, slice(None)).split(b"\n")

    shown = [json.loads(line)["value"] for line in lines]
    assert shown == [
        {"type": "JSON", "data": {"a": 1}},
        {"type": "STRING", "data": "text"},
        {"type": "BINARY", "data": "/w=="},
        None,
    ]


def test_name_of_a_header_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    records = [NewRecord(0, None, None, ((b"a\xff", b"x"),))]

    shown = json.loads(rendered(records, slice(None)))

    assert shown["headers"] == [{"name": "a\ufffd", "value": "eA=="}]
