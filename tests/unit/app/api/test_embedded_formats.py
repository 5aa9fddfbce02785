import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.embedded_formats import (
    JSON_DEPTH_MAX,
    BadData,
    EmbeddedFormat,
    decode_base64,
    decode_data,
    render,
    render_all,
)

json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode())
tricky = st.sampled_from([b"[1", b"2]", b'"a', b'b"', b"1 ", b" 1", b"[1]\n", b"", b"1,2", b"\xff"])
stored = st.one_of(st.none(), st.binary(max_size=20), json_texts, tricky)
asked_formats = st.sampled_from([None, *EmbeddedFormat])


@pytest.mark.parametrize(
    ("kind", "data", "stored"),
    [
        ("BINARY", b'"AAEC"', b"\x00\x01\x02"),
        ("BINARY", b'""', b""),
        ("STRING", b'"gr\\u00f6\\u00dfe"', "größe".encode()),
        ("JSON", b'{"b": 1,  "a":2.50}', b'{"b": 1,  "a":2.50}'),
        ("JSON", b'"text"', b'"text"'),
        ("JSON", b"null", None),
        ("STRING", b"null", None),
        ("BINARY", b"null", None),
    ],
)
def test_decode_gives_the_bytes_to_store(kind: str, data: bytes, stored: bytes | None) -> None:
    assert decode_data(kind, data) == stored


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("BINARY", b"1", "BINARY must be a JSON string"),
        ("STRING", b"{}", "STRING must be a JSON string"),
        ("STRING", b'"\\ud800"', "STRING must be a JSON string"),
        ("BINARY", b'"AAE"', "must be base64"),
        ("BINARY", b'"AA EC"', "must be base64"),
        ("BINARY", b'"AA-_"', "must be base64"),
        ("BINARY", '"é"'.encode(), "must be base64"),
    ],
)
def test_decode_refuses_data_that_does_not_fit_its_type(
    kind: str, data: bytes, problem: str
) -> None:
    with pytest.raises(BadData, match=problem):
        decode_data(kind, data)


@given(st.binary(max_size=50))
def test_decode_base64_reads_what_base64_wrote(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, b"null"),
        (b'{"a": 1}', b'{"type":"JSON","data":{"a": 1}}'),
        (b"12", b'{"type":"JSON","data":12}'),
        (b"null", b'{"type":"JSON","data":null}'),
        (b'{"a":\n\t1}', b'{"type":"JSON","data":{"a":  1}}'),
        (b"", b'{"type":"STRING","data":""}'),
        (b"12 and more", b'{"type":"STRING","data":"12 and more"}'),
        (b"line\nline", b'{"type":"STRING","data":"line\\nline"}'),
        (b"NaN", b'{"type":"STRING","data":"NaN"}'),
        (b"\xff\xfe", b'{"type":"BINARY","data":"//4="}'),
        (b'"\xff"', b'{"type":"BINARY","data":"Iv8i"}'),
    ],
)
def test_render_shows_bytes_as_what_they_are(value: bytes | None, shown: bytes) -> None:
    assert render(value, None) == shown


@pytest.mark.parametrize(
    ("value", "asked", "shown"),
    [
        (b"1", EmbeddedFormat.STRING, b'{"type":"STRING","data":"1"}'),
        (b"1", EmbeddedFormat.BINARY, b'{"type":"BINARY","data":"MQ=="}'),
        (b"text", EmbeddedFormat.JSON, b'{"type":"STRING","data":"text"}'),
        (b"\xff", EmbeddedFormat.STRING, b'{"type":"BINARY","data":"/w=="}'),
        (None, EmbeddedFormat.BINARY, b"null"),
    ],
)
def test_render_shows_the_type_asked_for_where_possible(
    value: bytes | None, asked: EmbeddedFormat, shown: bytes
) -> None:
    assert render(value, asked) == shown


def test_render_shows_json_that_nests_too_deep_as_a_string() -> None:
    deepest = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX

    assert json.loads(render(deepest, None))["type"] == "JSON"
    assert json.loads(render(b"[%b]" % deepest, None))["type"] == "STRING"


@settings(deadline=None)
@given(values=st.lists(stored, min_size=1, max_size=6), asked=asked_formats)
def test_render_all_shows_each_value_as_render_does(
    values: list[bytes | None], asked: EmbeddedFormat | None
) -> None:
    before, shown, behind = render_all(values, asked)

    together = [before + one + behind for one in shown]
    assert [plain(one) for one in together] == [plain(render(one, asked)) for one in values]
    assert not any(b"\n" in one or b"\r" in one for one in together)


@pytest.mark.parametrize("values", [[b"[1", b"2]"], [b'"a', b'b"'], [b"1,2"], [b"", b"1"]])
def test_render_all_is_not_fooled_by_values_that_make_json_only_together(
    values: list[bytes],
) -> None:
    _, shown, _ = render_all(values, None)

    assert [json.loads(one)["type"] for one in shown if b"STRING" in one] != []


def plain(text: bytes) -> Any:
    return json.loads(text)
