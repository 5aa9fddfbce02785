"""Parameters of a query that asks for records, checked one by one; 400 names the one at fault."""

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import ApiError
from app.api.timestamps import parse_search_time

PARAMETERS_MAX = 20
_FORMATS = ", ".join(one.value for one in EmbeddedFormat)


def read_query(
    query_string: bytes, known: Collection[str], repeated: Collection[str] = ()
) -> dict[str, list[str]]:
    """Return what stands in a query, by name.

    Args:
        query_string: As it stood in the URL.
        known: Names there are.
        repeated: Those of them that may be given more than once.

    Raises:
        ApiError: It does not read, or names another.
    """
    parameters_max = PARAMETERS_MAX if not repeated else PARAMETERS_MAX_REPEATED
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=parameters_max,
            errors="strict",
        )
    except ValueError:
        raise ApiError(400, 400, "Bad Request: the query does not read") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            raise ApiError(400, 400, f"Bad Request: unknown query parameter {name[:80]!r}")
        if name in given and name not in repeated:
            raise bad_parameter(name, "is given twice")
        given.setdefault(name, []).append(value)
    return given


PARAMETERS_MAX_REPEATED = 1_000
"""Of a query that may name many topics or partitions."""


def bad_parameter(name: str, problem: str) -> ApiError:
    """Return the refusal of a parameter."""
    return ApiError(400, 400, f"Bad Request: query parameter {name} {problem}")


def read_integer(name: str, text: str, minimum: int, maximum: int) -> int:
    """Return a number.

    Raises:
        ApiError: It is none, or out of its bounds.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise bad_parameter(name, f"must be an integer from {minimum} to {maximum}")
    number = int(text)
    if not minimum <= number <= maximum:
        raise bad_parameter(name, f"must be {minimum} to {maximum}")
    return number


def read_timestamp(name: str, text: str) -> int:
    """Return a time in milliseconds.

    Raises:
        ApiError: It is none.
    """
    try:
        return parse_search_time(text)
    except (ValueError, OverflowError):
        raise bad_parameter(name, "must be ISO 8601 with an offset, or milliseconds") from None


def read_choice(name: str, text: str, choices: Collection[str]) -> str:
    """Return one of several words.

    Raises:
        ApiError: It is none of them.
    """
    if text not in choices:
        raise bad_parameter(name, f"must be {', '.join(list(choices)[:-1])} or {list(choices)[-1]}")
    return text


def read_format(given: Mapping[str, str], name: str) -> EmbeddedFormat | None:
    """Return what data is to be shown as, or None for what it is.

    Raises:
        ApiError: It is no format.
    """
    if name not in given:
        return None
    try:
        return EmbeddedFormat(given[name].upper())
    except ValueError:
        raise bad_parameter(name, f"must be one of {_FORMATS}") from None
