import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.consumers.filters.language import (
    DEPTH_MAX,
    SOURCE_CHARS_MAX,
    TOKENS_MAX,
    BadFilter,
    may_match,
    position_in,
    read_filter,
)


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("true", set()),
        ("offset > 5 && topic == 'a'", {("offset",), ("topic",)}),
        ("value.a.b == 1", {("value", "a", "b")}),
        ("value['a'].b[\"c d\"] == 1", {("value", "a", "b", "c d")}),
        ("value['a\\n'] == 1", {("value",)}),
        ("value[0] == 1", {("value",)}),
        ("value.a[key] == 1", {("value", "a"), ("key",)}),
        ("value.a.startsWith('x')", {("value", "a")}),
        ("value.size() > 1", {("value",)}),
        ("has(value.a)", {("value", "a")}),
        ("value.a // value.b\n > 1", {("value", "a")}),
        ('\'value.a\' == """key"""', set()),
        (r"r'\' == key", {("key",)}),
        (r"""br'\' == b"\"" && r'''\''' == key""", {("key",)}),
        ("value.items.exists(i, i.sku == 'x' && offset > 1)", {("value", "items"), ("offset",)}),
        ("'x' in headers || headers['x'] == 'y'", {("headers",), ("headers", "x")}),
    ],
)
def test_it_is_known_what_a_filter_looks_at(source: str, paths: set[tuple[str, ...]]) -> None:
    assert set(read_filter(source).paths) == paths


@pytest.mark.parametrize(
    ("source", "line", "column", "problem"),
    [
        ("foo == 1", 1, 1, "there is no 'foo'; a record has topic, "),
        ("true &&\n  foo", 2, 3, "there is no 'foo'"),
        ("true // foo\n || bar", 2, 5, "there is no 'bar'"),
        ("nothing(1)", 1, 1, "there is no function 'nothing'"),
        ("value.replace('a', 'b')", 1, 7, "there is no function 'replace'"),
        ("all(value, x, true)", 1, 1, "there is no function 'all'"),
        ("value.l.map(x, x)", 1, 9, "map is not served"),
        ("value.l.filter(x, true)", 1, 9, "filter is not served"),
        ("value.l.all(x, x.all(y, y))", 1, 18, "a loop within a loop"),
        ("value.l.all(x, value.m == x)", 1, 16, "cannot look at 'value'"),
        ("value.l.all(x, key == x)", 1, 16, "cannot look at 'key'"),
        ("value.l.all(x, 'a' in headers)", 1, 23, "cannot look at 'headers'"),
        ("value.l.all(x, x == .value)", 1, 21, "'.' is not expected"),
        ("value.l.all(x, x in .value)", 1, 21, "'.' is not expected"),
        ("value.l.all(value, value == 1)", 1, 13, "'value' cannot name"),
        ("value.l.all(x.y, true)", 1, 13, "takes a name, a comma and a condition"),
        ("value.l.all()", 1, 13, "takes a name"),
        (".value", 1, 1, "'.' is not expected"),
        ("value{a: 1}", 1, 6, "'{' is not expected"),
        ("value.a.matches(value.b)", 1, 9, "with a literal"),
        ("value.a.matches('a' + 'b')", 1, 9, "with a literal"),
        ("matches(value, 'a')", 1, 1, "with a literal"),
        ("(true", 1, 1, "'(' is not closed"),
        ("true)", 1, 5, "')' closes nothing"),
        ("[true)", 1, 6, "')' closes nothing"),
        ("key == 'a", 1, 8, '"\'" is not closed'),
        ("key == `a`", 1, 8, "'`' is not expected"),
        ("key = 1", 1, 5, "'=' is not expected"),
    ],
)
def test_what_is_not_served_is_refused_where_it_stands(
    source: str, line: int, column: int, problem: str
) -> None:
    with pytest.raises(BadFilter) as caught:
        read_filter(source)

    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"filter: line {line}, column {column}: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("largest", "beyond"),
    [
        ("'" + "x" * (SOURCE_CHARS_MAX - 2) + "'", "'" + "x" * (SOURCE_CHARS_MAX - 1) + "'"),
        ("(" * DEPTH_MAX + "1" + ")" * DEPTH_MAX, "(" * 33 + "1" + ")" * 33),
        ("!" * (TOKENS_MAX - 1) + "true", "!" * TOKENS_MAX + "true"),
    ],
)
def test_size_of_a_filter_is_bounded(largest: str, beyond: str) -> None:
    read_filter(largest)
    with pytest.raises(BadFilter):
        read_filter(beyond)


def test_weight_grows_with_length_loops_and_above_all_additions() -> None:
    short, long = read_filter("offset > 1").weight, read_filter("offset > 1" + " + 1" * 100).weight
    loop = read_filter("value.l.all(x, x.a > 1)").weight
    alike = read_filter("value.l == 1 && key.a.b == 2").weight

    assert short == 1
    assert loop == 3 * alike
    assert long > 100 * 100


def test_patterns_are_handed_out_with_their_places() -> None:
    reading = read_filter("value.a.matches('x') && key.matches(r\"y\")")

    assert [(pattern.text, pattern.place) for pattern in reading.patterns] == [
        ("'x'", 16),
        ('r"y"', 36),
    ]


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        ("^a+[b-d]*$", True),
        ("(a{10}){10}", True),
        ("(a{11}){10}", False),
        ("a{,101}", False),
        ("a{2,}", True),
        ("a{1000000}", False),
        ("x" * 250, True),
        ("x" * 251, False),
    ],
)
def test_size_of_a_pattern_is_bounded(pattern: str, *, good: bool) -> None:
    assert may_match(pattern) is good


@pytest.mark.parametrize(("place", "position"), [(0, (1, 1)), (3, (2, 1)), (4, (2, 2))])
def test_positions_are_counted_from_one(place: int, position: tuple[int, int]) -> None:
    assert position_in("ab\ncd", place) == position


WORDS = st.sampled_from(
    [*"()[]{}.,:?!<>+-*/%", "&&", "==", "in", "value", "key", "x", "all", "has", "'a'", "1", "\n"]
)


@given(st.lists(WORDS).map(" ".join) | st.text())
@example("x.all(")
@example("value.")
def test_any_text_is_read_or_refused_within_itself(source: str) -> None:
    try:
        read_filter(source)
    except BadFilter as error:
        lines = source.split("\n")
        assert 1 <= error.line <= len(lines)  # noqa: PT017 - both outcomes are right
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1  # noqa: PT017
