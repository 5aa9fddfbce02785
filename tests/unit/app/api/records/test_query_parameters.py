import pytest

from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import ApiError
from app.api.records.query_parameters import (
    PARAMETERS_MAX,
    PARAMETERS_MAX_REPEATED,
    bad_parameter,
    read_choice,
    read_format,
    read_integer,
    read_query,
    read_timestamp,
)


def test_names_have_their_values_in_order() -> None:
    assert read_query(b"b=2&a=1&a=&b=%C3%A9", "ab", "ab") == {"a": ["1", ""], "b": ["2", "é"]}
    assert read_query(b"", "a") == {}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (b"c=1", "unknown query parameter 'c'"),
        (b"a=1&a=2", "parameter a is given twice"),
        (b"a=\xff", "does not read"),
        (b"a=%FF", "does not read"),
        (b"&".join([b"b=1"] * (PARAMETERS_MAX_REPEATED + 1)), "does not read"),
    ],
)
def test_query_that_does_not_read_is_refused(query: bytes, problem: str) -> None:
    with pytest.raises(ApiError, match=problem):
        read_query(query, "ab", "b")


def test_query_without_repetition_has_a_smaller_bound() -> None:
    with pytest.raises(ApiError):
        read_query(b"&".join([b"a=1"] * (PARAMETERS_MAX + 1)), "a")


def test_values_are_read_or_refused_by_name() -> None:
    assert read_integer("a", "7", 0, 7) == 7
    assert read_timestamp("a", "1970-01-01T00:00:01Z") == 1_000
    assert read_choice("a", "x", ("x", "y")) == "x"
    assert read_format({"a": "string"}, "a") is EmbeddedFormat.STRING
    assert read_format({}, "a") is None
    for read in (
        lambda: read_integer("a", "8", 0, 7),
        lambda: read_integer("a", "+1", 0, 7),
        lambda: read_integer("a", "9" * 20, 0, 7),
        lambda: read_timestamp("a", "soon"),
        lambda: read_choice("a", "z", ("w", "x", "y")),
        lambda: read_format({"a": "xml"}, "a"),
    ):
        with pytest.raises(ApiError, match="query parameter a must be"):
            read()
    assert str(bad_parameter("a", "is odd")) == "Bad Request: query parameter a is odd"
