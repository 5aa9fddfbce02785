import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.json_stream import (
    NUMBER_DIGITS_MAX,
    MalformedStream,
    ObjectSplitter,
    has_long_number,
    nesting,
)

DEPTH_MAX = 8
BYTES_MAX = 4_000

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(alphabet='ab"\\{}[]\n é流', max_size=12)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.text(alphabet='k"\\{}', max_size=3), values, max_size=3)
spaces = st.text(alphabet=" \t\r\n", max_size=3)


def splitter(*, object_bytes_max: int = BYTES_MAX, depth_max: int = 64) -> ObjectSplitter:
    return ObjectSplitter(object_bytes_max=object_bytes_max, depth_max=depth_max)


def feed_all(text: bytes, cuts: list[int]) -> list[bytes]:
    """Feed a text in the chunks that these cuts make of it."""
    one = splitter(object_bytes_max=1_000_000)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    found = []
    for start, end in pairwise(places):
        found += one.feed(text[start:end])
    one.finish()
    return found


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@settings(deadline=None)
@given(
    wanted=st.lists(st.tuples(spaces, objects, st.booleans()), max_size=5),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_feed_gives_the_same_objects_however_the_stream_is_cut(
    wanted: list[tuple[str, dict[str, Any], bool]], cuts: list[int]
) -> None:
    texts = [json.dumps(value, ensure_ascii=ascii_).encode() for _, value, ascii_ in wanted]
    stream = b"".join(
        space.encode() + text for (space, _, _), text in zip(wanted, texts, strict=True)
    )

    assert feed_all(stream, cuts) == texts


def test_feed_gives_each_object_with_its_last_byte_when_bytes_come_one_by_one() -> None:
    one = splitter()

    found = [(place, one.feed(b'{"a":"}\\""} {}'[place : place + 1])) for place in range(14)]

    assert [entry for entry in found if entry[1]] == [(10, [b'{"a":"}\\""}']), (13, [b"{}"])]


@pytest.mark.parametrize("text", [b"[1]", b"1", b'"a"', b"}", b"null", b"{} x", b"{}\x00"])
def test_feed_refuses_what_is_no_object(text: bytes) -> None:
    with pytest.raises(MalformedStream, match="must be a JSON object"):
        splitter().feed(text)


def test_feed_hands_over_what_was_finished_before_it_refused() -> None:
    with pytest.raises(MalformedStream) as caught:
        splitter().feed(b'{"a":1}{"b":2} oops {"c":3}')

    assert caught.value.args[1] == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("bracket", [b'{"a":', b"["])
def test_feed_takes_the_deepest_nesting_and_refuses_one_more(bracket: bytes) -> None:
    inside = b'{"a":' + bracket * (DEPTH_MAX - 1)

    assert splitter(depth_max=DEPTH_MAX).feed(inside) == []
    with pytest.raises(MalformedStream, match="nests deeper than 8"):
        splitter(depth_max=DEPTH_MAX).feed(inside + bracket)


def test_feed_does_not_count_brackets_inside_strings() -> None:
    text = b'{"a":"' + b"{[" * 50 + b'"}'

    assert splitter(depth_max=1).feed(text) == [text]


def test_feed_refuses_an_unfinished_object_when_it_is_larger_than_allowed() -> None:
    one = splitter(object_bytes_max=100)
    one.feed(b'{"a":"' + b"x" * 94)

    with pytest.raises(MalformedStream, match="larger than 100 bytes"):
        one.feed(b"x")


def test_feed_refuses_a_whole_object_when_it_is_larger_than_allowed() -> None:
    text = b'{"a":"' + b"x" * 92 + b'"}'

    assert splitter(object_bytes_max=100).feed(text) == [text]
    with pytest.raises(MalformedStream, match="larger than 99 bytes"):
        splitter(object_bytes_max=99).feed(text)


def test_feed_holds_nothing_of_white_space_between_objects() -> None:
    one = splitter(object_bytes_max=10)

    assert [one.feed(b" \r\n\t" * 100) for _ in range(3)] == [[], [], []]
    one.finish()


@pytest.mark.parametrize("text", [b"{", b'{"a":"', b'{"a":[}', b"{}{"])
def test_finish_refuses_a_stream_that_ends_inside_an_object(text: bytes) -> None:
    one = splitter()
    one.feed(text)

    with pytest.raises(MalformedStream, match="ends inside a record") as caught:
        one.finish()
    assert caught.value.args[1] == []


@settings(deadline=None)
@given(value=values, depth_max=st.integers(0, 6))
def test_nesting_says_whether_a_text_keeps_to_the_bound(value: Any, depth_max: int) -> None:
    text = json.dumps(value, ensure_ascii=False).encode()

    assert nesting(text, depth_max) == (depth_of(value) <= depth_max)


LONG = "1" * (NUMBER_DIGITS_MAX + 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LONG, True),
        (f"[0.{LONG}]", True),
        (f'{{"a":"{LONG}","b":-{LONG}e5}}', True),
        (f'"\\\\"  ,{LONG}', True),
        (LONG[:-1], False),
        (f'"{LONG}"', False),
        (f'{{"{LONG}":"\\"{LONG}"}}', False),
    ],
)
def test_long_numbers_are_found_and_strings_of_digits_are_none(text: str, found: bool) -> None:
    assert has_long_number(text.encode()) is found
