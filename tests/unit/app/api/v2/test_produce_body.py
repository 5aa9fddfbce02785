import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import JSON_DEPTH_MAX
from app.api.errors import ApiError
from app.api.records.parsing import HEADERS_MAX
from app.api.v2.media_types import RecordFormat
from app.api.v2.produce_body import parse_produce
from app.broker.produce import RecordToProduce

BINARY, JSON, TEXT = RecordFormat.BINARY, RecordFormat.JSON, RecordFormat.TEXT
NOW_MS = 77


def parse(
    records: Any, embedded: RecordFormat = JSON, partition: int | None = None, **more: Any
) -> list[RecordToProduce]:
    body = json.dumps({"records": records, **more}).encode()
    return parse_produce(body, embedded, NOW_MS, partition)


@given(
    st.lists(
        st.tuples(
            st.none() | st.binary(max_size=4),
            st.none() | st.binary(max_size=4),
            st.none() | st.integers(0, 9),
            st.none() | st.integers(0, 2**63 - 1),
            st.lists(
                st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.binary()),
                max_size=2,
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_record_is_what_was_sent(given_records: list[Any]) -> None:
    def b64(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode()

    sent = [
        {
            "key": b64(key),
            "value": b64(value),
            "partition": partition,
            "timestamp": timestamp,
            "headers": [{"key": name, "value": b64(data)} for name, data in headers],
        }
        for key, value, partition, timestamp, headers in given_records
    ]

    parsed = parse(sent, BINARY)

    assert parsed == [
        (
            (
                NOW_MS if timestamp is None else timestamp,
                key,
                value,
                tuple((name.encode(), data) for name, data in headers),
            ),
            partition,
        )
        for key, value, partition, timestamp, headers in given_records
    ]


def test_what_is_left_out_is_null_and_now() -> None:
    assert parse([{}]) == [((NOW_MS, None, None, ()), None)]
    assert parse([{"value": None}], key_schema_id=None) == [((NOW_MS, None, None, ()), None)]


def test_partition_is_the_path_s_or_the_record_s() -> None:
    assert parse([{"value": 1}], partition=3)[0][1] == 3
    assert parse([{"value": 1, "partition": "2"}])[0][1] == 2
    with pytest.raises(ApiError, match="named by the path"):
        parse([{"value": 1, "partition": 3}], partition=3)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 422, "empty"),
        (b"  \n", 422, "empty"),
        (b"{", 400, "not valid JSON"),
        (b'{"records":[{"value":"\xff"}]}', 400, "UTF-8"),
        (b"[" * 100_000, 422, "array"),
        (b'{"records":[' + b"[" * 100_000, 422, "array"),
        (b'{"records":[{"value":' + b"[" * 100_000, 400, "not valid JSON"),
        (b"{}", 422, "records"),
        (b"[]", 422, "object"),
        (b'{"records":[]}', 422, "at least one"),
        (b'{"records":{}}', 422, "array"),
        (b'{"records":[1]}', 422, "object"),
        (b'{"records":[],"more":1}', 422, "Unrecognized field: more"),
        (b'{"records":[{"offset":1}]}', 422, "Unrecognized field: offset"),
        (b'{"records":[{"value":1}],"value_schema_id":1}', 422, "no schema"),
        (b'{"records":[{"partition":-1}]}', 422, "0 to"),
        (b'{"records":[{"partition":"x"}]}', 400, "must be a number"),
        (b'{"records":[{"timestamp":-1}]}', 400, "milliseconds"),
        (b'{"records":[{"timestamp":99999999999999999999}]}', 400, "milliseconds"),
        (b'{"records":[{},{"headers":[{"key":"a","value":"?"}]}]}', 400, "record 1: values of"),
        (b'{"records":[{"headers":[{"name":"a"}]}]}', 422, "Unrecognized field: name"),
    ],
)
def test_body_that_does_not_read_is_refused_whole(body: bytes, status: int, word: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_produce(body, JSON, NOW_MS, None)

    assert (refused.value.status, refused.value.error_code) == (status, status)
    assert word in refused.value.message


def test_bounds_of_a_value_and_of_headers() -> None:
    deep = '{"records":[{"value":%s1%s}]}' % ("[" * JSON_DEPTH_MAX, "]" * JSON_DEPTH_MAX)
    deeper = '{"records":[{"value":[%s1%s]}]}' % ("[" * JSON_DEPTH_MAX, "]" * JSON_DEPTH_MAX)
    assert len(parse_produce(deep.encode(), JSON, NOW_MS, None)) == 1
    with pytest.raises(ApiError, match="nests deeper"):
        parse_produce(deeper.encode(), JSON, NOW_MS, None)
    with pytest.raises(ApiError, match="digits"):
        parse_produce(b'{"records":[{"value":%b}]}' % (b"1" * 2_000), JSON, NOW_MS, None)
    with pytest.raises(ApiError, match="headers"):
        parse([{"headers": [{"key": "a"}] * (HEADERS_MAX + 1)}])
    assert len(parse([{"value": "1" * 2_000}])) == 1


def test_data_that_does_not_fit_its_format_names_its_record() -> None:
    with pytest.raises(ApiError, match="record 1: keys and values of format binary"):
        parse([{"value": "eA=="}, {"value": "?"}], BINARY)
    with pytest.raises(ApiError, match="record 0: keys and values of format text"):
        parse([{"key": 1}], TEXT)
