from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.filters.fields import CannotFilter, field_getters
from app.consumers.filters.language import Path
from storage.format.decoder import Columns
from storage.format.record import Headers


def columns(
    key: bytes | None = None,
    value: bytes | None = None,
    headers: Headers = (),
    timestamp_ms: int = 0,
) -> Columns:
    """Return a batch of one record at offset 7."""
    return Columns([7], [timestamp_ms], [key], [value], [headers])


def got(path: Path, batch: Columns, bytes_max: int = 1000) -> Any:
    """Return what the only field of a filter is."""
    getters = field_getters([path], bytes_max)
    (getter,) = getters.of_record.values()
    return getter(batch, 0)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (None, None),
        (b"", ""),
        (b"abc", "abc"),
        (b"12", 12),
        (b'"12"', "12"),
        (b" [1, 2]", [1, 2]),
        (b'{"a":null}', {"a": None}),
        (b"{", "{"),
        (b"nul", "nul"),
        (b"\xff", b"\xff"),
        (b'"\xff"', b'"\xff"'),
        (b"[" * 500 + b"\xff", b"[" * 500 + b"\xff"),
        ("é".encode(), "é"),
    ],
)
def test_keys_and_values_are_what_their_bytes_are(data: bytes | None, found: object) -> None:
    assert got(("value",), columns(value=data)) == found
    assert got(("key",), columns(key=data)) == found


def test_text_that_nests_too_deep_for_json_is_text() -> None:
    data = b"[" * 5000 + b"]" * 5000

    assert got(("value",), columns(value=data), 10_000) == data.decode()
    assert got(("value", "a"), columns(value=b'{"b":' + data + b"}"), 20_000) == (
        '{"b":' + data.decode() + "}"
    )


def test_fields_beside_are_not_decoded() -> None:
    value = b'{"a":{"b":1,"c":2},"d":[3],"e":"f"}'

    assert got(("value", "a", "b"), columns(value=value)) == {"a": {"b": 1}}
    assert got(("value", "d"), columns(value=value)) == {"d": [3]}
    assert got(("value", "x", "y"), columns(value=value)) == {}
    assert got(("value", "if"), columns(value=b'{"if":1}')) == {"if": 1}


def test_path_that_ends_takes_all_below() -> None:
    batch = columns(value=b'{"a":{"b":1,"c":2},"d":3}')
    getters = field_getters([("value", "a", "b"), ("value", "a"), ("offset",)], 100)

    assert {name: getter(batch, 0) for name, getter in getters.of_record.items()} == {
        "value": {"a": {"b": 1, "c": 2}},
        "offset": 7,
    }


def test_what_a_batch_shares_is_named_apart() -> None:
    getters = field_getters([("topic",), ("partition",)], 100)

    assert getters.of_place == {"topic", "partition"}
    assert getters.of_record == {}


def test_timestamp_is_a_time() -> None:
    batch = columns(timestamp_ms=-1)

    assert got(("timestamp",), batch) == datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)
    with pytest.raises(CannotFilter, match="years 1 to 9999"):
        got(("timestamp",), columns(timestamp_ms=2**62))


def test_headers_are_text_by_name_and_the_last_of_a_name_counts() -> None:
    headers = ((b"a", b"1"), (b"b", None), (b"a", b"2"), (b"c", b"\xff"))

    assert got(("headers", "a"), columns(headers=headers)) == {"a": "2", "b": None, "c": b"\xff"}
    with pytest.raises(CannotFilter, match="headers have more than 5 bytes"):
        got(("headers",), columns(headers=headers), 5)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (("value",), b'{"a":1}'),
        (("value",), b"x" * 7),
        (("value", "a"), b"x" * 7),
        (("value", "a"), b"[1,2,3]"),
        (("value", "a"), b'{"a":"567"}'),
        (("value", "a"), b'{"a":[1,2}'),
    ],
)
def test_more_than_the_bound_is_not_decoded(path: Path, data: bytes) -> None:
    with pytest.raises(CannotFilter, match="4 bytes of it at the most"):
        got(path, columns(value=data), 4)


def test_small_part_of_a_large_text_is_decoded() -> None:
    value = b'{"long":"%b","a":{"b":[1]}}' % (b"x" * 5000)

    assert got(("value", "a", "b"), columns(value=value), 10) == {"a": {"b": [1]}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "if", "é"]), inner, max_size=4)
    ),
    max_leaves=12,
)
PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "if", "é", "z"]), min_size=1, max_size=3).map(tuple),
    min_size=1,
    max_size=4,
)


def looked_up(whole: Any, path: Path) -> Any:
    """Return what a path leads to, or that it leads nowhere."""
    for name in path:
        if not isinstance(whole, dict) or name not in whole:
            return LookupError
        whole = whole[name]
    return whole


@given(whole=JSON, paths=PATHS, bytes_max=st.sampled_from([40, 10_000]))
def test_part_looks_like_the_whole_to_who_looks_at_it(
    whole: Any, paths: list[Path], bytes_max: int
) -> None:
    batch = columns(value=msgspec.json.encode(whole))
    getters = field_getters([("value", *path) for path in paths], bytes_max)

    try:
        part = getters.of_record["value"](batch, 0)
    except CannotFilter:
        assert len(batch.values[0] or b"") > bytes_max
        return

    assert [looked_up(part, path) for path in paths] == [looked_up(whole, path) for path in paths]
