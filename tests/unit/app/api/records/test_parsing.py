"""Records of a produce body: what is parsed in place agrees with what is parsed one by one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.records.parsing import (
    JSON_VALUE_TAILS,
    PlainRecordIn,
    Refused,
    parse_array,
    parse_body,
    parse_record,
)

NOW_MS = 1_764_000_000_000
_decoder = msgspec.json.Decoder(PlainRecordIn)

_DATA = [
    b"null",
    b"1",
    b'"' + b"x" * (JSON_VALUE_TAILS - 3) + b'"',
    b'"' + b"x" * (JSON_VALUE_TAILS - 2) + b'"',
    b'{ "a": [1, null] }',
    b'"text"',
    b'"AAE="',
]
_TYPES = [b'"JSON"', b'"STRING"', b'"BINARY"', b'"AVRO"', b"null"]
_KEYS = [b"", b'"key":null,', b'"key":{"type":"STRING","data":"k"},']
_OTHERS = [
    b"",
    b'"partition_id":3,',
    b'"partition_id":-1,',
    b'"timestamp":0,',
    b'"timestamp":"2026-11-25T20:15:00Z",',
    b'"headers":[],',
    b'"headers":[{"name":"h","value":"AAE="}],',
]


@given(
    records=st.lists(
        st.tuples(
            st.sampled_from(_KEYS),
            st.sampled_from(_OTHERS),
            st.sampled_from(_TYPES),
            st.sampled_from(_DATA),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_body_parses_as_its_records_do_by_themselves(
    records: list[tuple[bytes, bytes, bytes, bytes]],
) -> None:
    texts = [
        b'{%b%b"value":{"type":%b,"data":%b}}' % (key, other, kind, data)
        for key, other, kind, data in records
    ]

    parsed = parse_body(b"\n".join(texts), NOW_MS)

    assert parsed == [parse_record(_decoder.decode(text), NOW_MS) for text in texts]


def test_a_json_value_is_kept_to_the_byte_and_its_receipt_says_how_long_it_is() -> None:
    parsed = parse_body(b'{"value":{"type":"JSON","data":{ "a" : 1.0 }}}', NOW_MS)

    record = (NOW_MS, None, b'{ "a" : 1.0 }', ())
    assert parsed == [((record, None), b',"value":{"type":"JSON","size":13}}')]


def test_a_json_null_is_a_tombstone() -> None:
    parsed = parse_body(b'{"value":{"type":"JSON","data":null}}', NOW_MS)

    record = (NOW_MS, None, None, ())
    assert parsed == [((record, None), b',"value":{"type":"JSON","size":0}}')]


def test_fields_of_schemas_are_known_and_refused_record_by_record() -> None:
    body = b'{"value":{"type":"JSON","data":1}}\n{"value":{"type":"JSON","data":1,"schema_id":7}}'

    parsed = parse_body(body, NOW_MS)

    assert parsed is not None
    assert not isinstance(parsed[0], Refused)
    assert isinstance(parsed[1], Refused)


@pytest.mark.parametrize("value", [b"[" * 200 + b"]" * 200, b"1" * 2_000])
def test_a_value_beyond_the_bounds_is_refused_and_its_neighbour_is_not(value: bytes) -> None:
    body = b'{"value":{"type":"JSON","data":%b}}\n{"value":{"type":"JSON","data":1}}' % value

    parsed = parse_body(body, NOW_MS)

    assert parsed is not None
    assert isinstance(parsed[0], Refused)
    assert not isinstance(parsed[1], Refused)


@pytest.mark.parametrize("body", [b'{"value":', b'{"value":{"type":"JSON","data":"\xff"}}'])
def test_a_body_that_does_not_decode_has_to_be_taken_apart(body: bytes) -> None:
    assert parse_body(body, NOW_MS) is None


def test_an_array_is_parsed_as_its_lines_would_be() -> None:
    lines = [
        b'{"value":{"type":"JSON","data":{"a":1}}}',
        b'{"key":{"type":"STRING","data":"k"},"partition_id":2}',
        b'{"value":{"type":"JSON","data":%b1%b}}' % (b"[" * 140, b"]" * 140),
        b'{"value":{"type":"AVRO","data":1,"schema_id":7}}',
    ]

    for chosen in (lines[:2], lines[:3], lines):
        assert parse_array(b"[" + b",".join(chosen) + b"]", 5) == parse_body(b"\n".join(chosen), 5)


@pytest.mark.parametrize("text", [b"{}", b"7", b'[{"what":1}]', b"[[]]"])
def test_what_is_no_array_of_records_is_refused(text: bytes) -> None:
    assert isinstance(parse_array(text, 5), Refused)
