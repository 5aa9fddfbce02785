import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.cli.options import DataType
from cauce.cli.records.record_input import (
    BadLine,
    JsonEncoder,
    LineEncoder,
    LineFormat,
    parse_header,
)
from cauce.client.producer import Header


def encoded(line: bytes, **form: Any) -> dict[str, Any]:
    """The record that a line becomes."""
    text = LineEncoder(LineFormat(**form)).encode(line)
    assert b"\n" not in text
    record: dict[str, Any] = json.loads(text)
    return record


def stored(data: dict[str, Any]) -> bytes:
    """The bytes that the server makes of a key or value that is not JSON."""
    if data["type"] == "BINARY":
        return base64.b64decode(data["data"], validate=True)
    text: str = data["data"]
    return text.encode()


def test_encode_makes_the_line_the_value() -> None:
    assert encoded("ñandú".encode()) == {"value": {"type": "STRING", "data": "ñandú"}}


@given(st.binary(max_size=60))
def test_encode_keeps_every_byte(line: bytes) -> None:
    assert stored(encoded(line)["value"]) == line


def test_encode_splits_at_the_first_separator() -> None:
    record = encoded(b"k=v=w", key_separator=b"=")

    assert (record["key"]["data"], record["value"]["data"]) == ("k", "v=w")


def test_encode_refuses_a_line_without_the_separator() -> None:
    with pytest.raises(BadLine, match="no key separator ':'"):
        encoded(b"alone", key_separator=b":")


def test_encode_leaves_null_keys_and_values_out() -> None:
    form = {"key_separator": b":", "null": b""}

    assert encoded(b"k:", **form) == {"key": {"type": "STRING", "data": "k"}}
    assert encoded(b":v", **form) == {"value": {"type": "STRING", "data": "v"}}
    assert encoded(b":", **form) == {}


def test_encode_keeps_an_empty_value_without_a_null() -> None:
    assert encoded(b"") == {"value": {"type": "STRING", "data": ""}}


def test_encode_adds_what_every_record_has() -> None:
    record = encoded(b"v", key=b"k", partition=3, headers=(parse_header("trace=a=b"),))

    assert record["key"] == {"type": "STRING", "data": "k"}
    assert record["partition_id"] == 3
    assert record["headers"] == [{"name": "trace", "value": base64.b64encode(b"a=b").decode()}]


def test_encode_sends_json_with_the_spelling_it_had() -> None:
    form = LineFormat(value_type=DataType.JSON)

    text = LineEncoder(form).encode(b'{"n": 9223372036854775807, "x":1.10}')

    assert b'"data":{"n": 9223372036854775807, "x":1.10}' in text


@pytest.mark.parametrize("line", [b"{", b"", b"nul", b'"\xff"', b"1 2", b"[" * 100_000])
def test_encode_refuses_what_is_not_json(line: bytes) -> None:
    with pytest.raises(BadLine, match="the value is not"):
        encoded(line, value_type=DataType.JSON)


def test_encode_refuses_what_is_not_text() -> None:
    with pytest.raises(BadLine, match="the key is not UTF-8"):
        encoded(b"\xff:v", key_separator=b":", key_type=DataType.STRING)


CONSUMED = (
    b'{"topic_name":"t","partition_id":2,"offset":7,"timestamp":"2026-11-23T20:03:00.250Z",'
    b'"timestamp_type":"CREATE_TIME","key":null,"value":{"type":"JSON","data":{"n":1.0}},'
    b'"headers":[{"name":"a","value":null}]}'
)


def test_json_encode_takes_what_consume_gave() -> None:
    text = JsonEncoder().encode(CONSUMED)

    assert json.loads(text) == {
        "partition_id": 2,
        "timestamp": "2026-11-23T20:03:00.250Z",
        "value": {"type": "JSON", "data": {"n": 1.0}},
        "headers": [{"name": "a", "value": None}],
    }
    assert b'{"n":1.0}' in text


def test_json_encode_has_the_partition_chosen_anew_when_asked() -> None:
    assert "partition_id" not in json.loads(JsonEncoder(repartition=True).encode(CONSUMED))
    assert json.loads(JsonEncoder(partition=0).encode(CONSUMED))["partition_id"] == 0


@pytest.mark.parametrize("line", [b"", b"[]", b'{"valeu":1}', b'{"partition_id":"1"}', b"\xff"])
def test_json_encode_refuses_what_is_no_record(line: bytes) -> None:
    with pytest.raises(BadLine):
        JsonEncoder().encode(line)


def test_parse_header_takes_the_first_equals_sign() -> None:
    assert parse_header("a=") == Header("a", "")
    for bad in ("a", "=b", ""):
        with pytest.raises(ValueError, match="name=value"):
            parse_header(bad)
