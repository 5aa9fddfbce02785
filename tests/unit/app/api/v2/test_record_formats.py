"""Keys and values: what is stored, and what is shown of what was stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import BadData
from app.api.v2.media_types import RecordFormat
from app.api.v2.record_formats import Undecodable, decode, raw_text, show

BINARY, JSON, TEXT = RecordFormat.BINARY, RecordFormat.JSON, RecordFormat.TEXT
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def shown(embedded: RecordFormat, values: list[bytes | None]) -> list[object]:
    before, each, behind = show(embedded, values)
    assert len(each) == len(values)
    return [json.loads(before + one + behind) for one in each]


@given(st.lists(st.none() | st.binary(max_size=8), min_size=1, max_size=5))
def test_binary_comes_back_to_the_byte(values: list[bytes | None]) -> None:
    again = [decode(BINARY, json.dumps(one).encode()) for one in shown(BINARY, values)]

    assert again == values


@given(st.lists(st.none() | TEXTS, min_size=1, max_size=5))
def test_text_is_stored_without_quotes_and_comes_back(values: list[str | None]) -> None:
    stored = [decode(TEXT, json.dumps(one).encode()) for one in values]

    assert stored == [None if one is None else one.encode() for one in values]
    assert shown(TEXT, stored) == values


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_json_is_stored_as_it_was_sent_and_comes_back(
    values: list[object], indent: int | None
) -> None:
    sent = [json.dumps(one, indent=indent).encode() for one in values]

    stored = [decode(JSON, one) for one in sent]

    pairs = zip(values, sent, strict=True)
    assert stored == [None if one is None else text for one, text in pairs]
    assert shown(JSON, stored) == values
    assert all(b"\n" not in one for one in show(JSON, stored)[1])


@pytest.mark.parametrize(
    ("embedded", "data"),
    [(BINARY, b'"?"'), (BINARY, b"1"), (TEXT, b"1"), (TEXT, b'{"a":1}')],
)
def test_data_of_another_format_is_refused(embedded: RecordFormat, data: bytes) -> None:
    with pytest.raises(BadData, match=f"format {embedded.value} must be"):
        decode(embedded, data)


@pytest.mark.parametrize(
    ("embedded", "values"),
    [
        (JSON, [b"1", b"oops"]),
        (JSON, [None, b"1", b"\xff"]),
        (JSON, [b"[1", b"2]"]),
        (TEXT, [b"a", b"\xff", b"\xff"]),
        (TEXT, [None, b"\xff"]),
    ],
)
def test_value_that_cannot_be_shown_is_told(
    embedded: RecordFormat, values: list[bytes | None]
) -> None:
    with pytest.raises(Undecodable):
        show(embedded, values)


@pytest.mark.parametrize(
    ("value", "said"), [(b"text", "text"), (b'"', '"'), (b"", ""), (b"\xff\x00", "/wA=")]
)
def test_anything_can_be_shown_raw(value: bytes, said: str) -> None:
    assert json.loads(raw_text(value)) == said
