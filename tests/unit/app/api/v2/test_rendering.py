"""Records as a poll shows them: rendered column by column is what each record is."""

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.api.v2.media_types import RecordFormat
from app.api.v2.rendering import render_records
from storage.format.builder import build_batch
from storage.format.decoder import decode_columns
from storage.format.record import NewRecord

BASE = 40
BYTES = st.none() | st.binary(max_size=6)
HEADERS = st.lists(
    st.tuples(st.sampled_from([b"a", b"\xc3\xa9"]), st.none() | st.binary(max_size=4)), max_size=2
).map(tuple)
RECORDS = st.lists(
    st.builds(NewRecord, st.integers(0, 10**12), BYTES, BYTES, HEADERS), min_size=1, max_size=6
)


def rendered(
    records: list[NewRecord], wanted: slice, embedded: RecordFormat = RecordFormat.BINARY
) -> Any:
    columns = decode_columns(build_batch(records, base_offset=BASE))
    return json.loads(b"[%b]" % render_records(("t", 3), columns, wanted, embedded))


def base64_or_none(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


@given(records=RECORDS, start=st.integers(0, 5), count=st.integers(1, 6))
def test_records_are_shown_whole(records: list[NewRecord], start: int, count: int) -> None:
    start = min(start, len(records) - 1)
    wanted = slice(start, start + count)

    shown = rendered(records, wanted)

    expected = []
    for number, record in enumerate(records[wanted], start):
        one: dict[str, Any] = {
            "topic": "t",
            "key": base64_or_none(record.key),
            "value": base64_or_none(record.value),
            "partition": 3,
            "offset": BASE + number,
            "timestamp": record.timestamp_ms,
        }
        if record.headers:
            one["headers"] = [
                {"key": name.decode(), "value": base64_or_none(data)}
                for name, data in record.headers
            ]
        expected.append(one)
    assert shown == expected


@given(records=RECORDS)
def test_each_record_is_shown_as_it_would_be_alone(records: list[NewRecord]) -> None:
    alone = [rendered(records, slice(number, number + 1))[0] for number in range(len(records))]

    assert rendered(records, slice(None)) == alone


def test_values_are_json_where_that_is_the_format() -> None:
    records = [NewRecord(0, b'"%k"', b'{"a": "%b"}'), NewRecord(0, b"1", None)]

    shown = rendered(records, slice(None), RecordFormat.JSON)

    assert [(one["key"], one["value"]) for one in shown] == [("%k", {"a": "%b"}), (1, None)]
