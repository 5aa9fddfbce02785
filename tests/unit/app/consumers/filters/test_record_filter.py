import asyncio
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.filters import record_filter
from app.consumers.filters.record_filter import (
    COST_MAX,
    InvalidFilter,
    RecordFilter,
    compile_filter,
    picked,
)
from storage.format.decoder import Columns

PLACE = ("orders", 3)


def batch(*values: Any, first: int = 10) -> Columns:
    """Return records with these values as JSON."""
    count = len(values)
    return Columns(
        offsets=list(range(first, first + count)),
        timestamps_ms=[1_700_000_000_000] * count,
        keys=[b"k%d" % index for index in range(count)],
        values=[None if value is None else msgspec.json.encode(value) for value in values],
        headers=[((b"trace", b"t%d" % index),) for index in range(count)],
    )


async def matches(one: RecordFilter, columns: Columns, **bounds: Any) -> list[int]:
    wanted = range(len(columns.offsets))
    return (await one.matching(PLACE, columns, wanted, time.monotonic, **bounds)).indexes


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("true", [0, 1, 2]),
        ("false", []),
        ("topic == 'orders' && partition == 3", [0, 1, 2]),
        ("topic == 'others'", []),
        ("offset >= 11", [1, 2]),
        ("timestamp > timestamp('2023-01-01T00:00:00Z')", [0, 1, 2]),
        ("timestamp.getFullYear() == 2024", []),
        ("key == 'k1'", [1]),
        ("value == null", [2]),
        ("value != null && value.n > 1.5", [1]),
        ("value != null && value.items.exists(i, i.sku == 'x')", [0]),
        ("headers.trace == 't2' || 'none' in headers", [2]),
        ("key.matches('^k[01]$') && !key.endsWith('0')", [1]),
        ("has(value.n) && value.n == 1", [0]),
    ],
)
async def test_records_are_let_through_of_which_it_is_true(
    source: str, expected: list[int]
) -> None:
    columns = batch(
        {"n": 1, "items": [{"sku": "x"}]}, {"n": 2, "items": [{"sku": "y"}, {"sku": "z"}]}, None
    )

    assert await matches(compile_filter(source), columns) == expected


async def test_records_are_counted_and_what_cannot_be_said_of_them() -> None:
    one = compile_filter("value.n > 1")

    assert await matches(one, batch({"n": 2}, {"m": 1}, {"n": "x"}, {"n": 1})) == [0]
    assert await matches(one, batch({"n": 3}, first=14)) == [0]

    assert one.counts() == {
        "scanned": 5,
        "matched": 2,
        "failed": 2,
        "first_failure": "orders-3 at offset 11: there is no field n",
    }


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("value.n", "it is of type int"),
        ("value.none", "it is null"),
        ("value.n > 'x'", "No such overload"),
        ("value.n / 0 == 1", "division by zero in CEL expression"),
        ("value.n + 9223372036854775807 > 1", "Arithmetic overflow"),
        ("value.list[5] == 1", "index out of bounds"),
        ("int(value.text) == 1", "Function 'int' error"),
        ("value.long.size() > 1", "this filter looks at 131072 bytes of it at the most"),
    ],
)
async def test_failure_says_why(source: str, reason: str) -> None:
    one = compile_filter(source)
    value = {"n": 1, "none": None, "list": [1], "text": "x", "long": "y" * 200_000}

    assert await matches(one, batch(value)) == []
    assert one.first_failure is not None
    assert one.first_failure.startswith(f"orders-3 at offset 10: {reason}")
    assert one.failed == 1


@pytest.mark.parametrize(
    ("source", "line", "column", "problem"),
    [
        ("value.a >", 1, 10, "mismatched input '<EOF>'"),
        ("true &&\n  offset > > 1", 2, 12, "extraneous input '>'"),
        ("", 1, 1, "mismatched input '<EOF>'"),
        ("foo == 1", 1, 1, "there is no 'foo'"),
        ("key.matches('a(')", 1, 13, "not a regular expression"),
        (r"key.matches('a\x7b101}')", 1, 13, "the pattern is too large"),
        ("key.matches(b'a')", 1, 13, "a pattern is a text"),
        ("1", 1, 1, "it is of type int and never true or false"),
        ("null", 1, 1, "it is null and never true or false"),
        ("1 / 0 == 1", 1, 1, "division by zero"),
        ("'\\ud800' == key", 1, 1, "invalid string literal"),
    ],
)
def test_text_that_is_no_filter_is_refused_where_it_is_wrong(
    source: str, line: int, column: int, problem: str
) -> None:
    with pytest.raises(InvalidFilter, match=r"^filter: line ") as caught:
        compile_filter(source)

    assert (caught.value.line, caught.value.column) == (line, column)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 300


async def test_enough_is_enough() -> None:
    one = compile_filter("offset % 2 == 0")
    columns = batch(*range(10))

    first = await one.matching(PLACE, columns, range(1, 10), time.monotonic, 2)
    rest = await one.matching(PLACE, columns, range(first.end, 10), time.monotonic, 5)
    none = await one.matching(PLACE, columns, range(5, 10), time.monotonic, 0)

    assert first == ([2, 4], 5)
    assert rest == ([6, 8], 10)
    assert none == ([], 5)
    assert (one.scanned, one.matched) == (9, 4)


async def test_others_get_the_event_loop_meanwhile() -> None:
    one = compile_filter("offset >= 0")
    columns = batch(*range(100))
    seconds = iter(range(1_000))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    found = await one.matching(PLACE, columns, range(100), lambda: next(seconds))
    beside.cancel()

    assert found == (list(range(100)), 100)
    assert turns >= 99


async def test_filter_that_costs_more_looks_at_less() -> None:
    source = "value.s + " * 20 + "value.s == ''"
    one = compile_filter(source)

    await matches(one, batch({"s": "x" * 2_000}))

    assert one.failed == 1
    assert COST_MAX // (4 * 20 * 20) < 2_000


async def test_same_text_is_compiled_once_and_counted_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = compile_filter("key == 'compiled once'")
    monkeypatch.setattr(record_filter, "read_filter", None)
    second = compile_filter("key == 'compiled once'")
    await matches(first, batch(1))

    assert (first.scanned, second.scanned) == (1, 0)


def test_picked_records_are_those() -> None:
    columns = batch("a", "b", "c")

    assert picked(columns, [0, 2]) == Columns(
        [10, 12],
        [1_700_000_000_000] * 2,
        [b"k0", b"k2"],
        [b'"a"', b'"c"'],
        [((b"trace", b"t0"),), ((b"trace", b"t2"),)],
    )
    assert picked(columns, []) == Columns([], [], [], [], [])


WORDS = st.sampled_from(
    (
        *"()[].!<>+-%?:,",
        *("&&", "||", "==", " in ", "value", "key", "offset", "x", ".a", ".b", ".all(x,"),
        *(".exists(x,", "has(", "size(", "'a'", "1", "2.5", "null", "true", ".matches('a')"),
    )
)


@given(
    source=st.lists(WORDS, max_size=12).map("".join),
    value=st.sampled_from([None, 1, "a", [1, "a"], {"a": 1}, {"a": {"b": [1]}}, {"b": 2.5}]),
)
def test_whatever_is_taken_runs_and_whatever_is_said_is_counted(source: str, value: Any) -> None:
    try:
        one = compile_filter(source)
    except InvalidFilter:
        return

    found = asyncio.run(matches(one, batch(value)))

    assert (len(found), one.scanned) == (one.matched, 1)
    assert one.matched + one.failed <= 1
