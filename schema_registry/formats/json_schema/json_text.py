"""JSON texts of schemas to values and back, as exactly as a registry needs it.

Numbers keep how they were written: ``1.50`` stays ``1.50``, because texts are compared for
identity. The printer writes what Jackson writes for Confluent's registry: compact, keys in the
order given or sorted by UTF-16 units, decimals as Java's ``BigDecimal`` prints them, control
characters with capital hexadecimal digits, everything else as it is.

Invariants: every value that leaves ``parse_json`` is within ``JSON_DEPTH_MAX`` and
``NUMBER_DIGITS_MAX``, holds no NaN and no half of a surrogate pair, so it can be printed.
Calls: nothing but the bounds and the errors.
Source: JsonSchema.canonicalString and Jackson.java of Confluent's json-schema-provider.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema.limits import JSON_DEPTH_MAX, NUMBER_DIGITS_MAX
from schema_registry.formats.schema_format import SCHEMA_TEXT_BYTES_MAX

_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPES |= {chr(code): f"\\u{code:04X}" for code in range(0x20) if chr(code) not in _ESCAPES}
_ESCAPES |= {'"': '\\"', "\\": "\\\\"}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)


def parse_json(text: str) -> Any:
    """Return the value of a JSON text; fractions come as ``Decimal``.

    Raises:
        InvalidSchema: It is no JSON.
        BoundExceeded: It is too long, too deep, or a number in it has too many digits.
    """
    if len(text) > SCHEMA_TEXT_BYTES_MAX:
        raise BoundExceeded("", f"the text is longer than {SCHEMA_TEXT_BYTES_MAX} bytes")
    try:
        value = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_no_constant
        )
        text.encode()
    except json.JSONDecodeError as error:
        raise InvalidSchema(f"{error.lineno}:{error.colno}", f"no JSON: {error.msg}") from error
    except UnicodeEncodeError as error:
        raise InvalidSchema("", "no JSON: half of a surrogate pair") from error
    except RecursionError as error:
        raise BoundExceeded("", f"more than {JSON_DEPTH_MAX} levels deep") from error
    _check(value)
    return value


def print_json(value: Any, *, is_sorted: bool = False) -> str:
    """Return a value as compact JSON, as Jackson prints it.

    Args:
        value: From ``parse_json``.
        is_sorted: Keys in the order of their UTF-16 units, otherwise as they stand.
    """
    parts: list[str] = []
    _print(value, is_sorted, parts)
    return "".join(parts)


def pointer(*segments: str | int) -> str:
    """Return a JSON pointer (RFC 6901) of unescaped segments."""
    return "".join(f"/{escaped(str(segment))}" for segment in segments)


def escaped(segment: str) -> str:
    """Return a segment as a JSON pointer writes it."""
    return segment.replace("~", "~0").replace("/", "~1")


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BoundExceeded("", f"a number has more than {NUMBER_DIGITS_MAX} digits") from None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "JSON has no infinities"
    if len(text) + abs(exponent) > NUMBER_DIGITS_MAX:
        raise BoundExceeded("", f"a number has more than {NUMBER_DIGITS_MAX} digits")
    return value if value else abs(value)


def _integer(text: str) -> int:
    if len(text) > NUMBER_DIGITS_MAX:
        raise BoundExceeded("", f"a number has more than {NUMBER_DIGITS_MAX} digits")
    return int(text)


def _no_constant(name: str) -> Any:
    raise InvalidSchema("", f"no JSON: {name} is no number")


def _check(value: Any) -> None:
    """Refuse what is too deep or cannot be written as UTF-8."""
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > JSON_DEPTH_MAX + 1:
            raise BoundExceeded("", f"more than {JSON_DEPTH_MAX} levels deep")
        level = [inner for one in level for inner in _inner(one)]


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            yield inner
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, str):
        _check_text(value)


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
        raise InvalidSchema("", "no JSON: half of a surrogate pair")


def _print(value: Any, is_sorted: bool, parts: list[str]) -> None:
    if isinstance(value, dict):
        separator = "{"
        for key in sorted(value, key=_utf16) if is_sorted else value:
            parts.append(f"{separator}{_quoted(key)}:")
            _print(value[key], is_sorted, parts)
            separator = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        separator = "["
        for inner in value:
            parts.append(separator)
            _print(inner, is_sorted, parts)
            separator = ","
        parts.append("]" if value else "[]")
    elif isinstance(value, str):
        parts.append(_quoted(value))
    elif isinstance(value, bool) or value is None:
        parts.append({True: "true", False: "false", None: "null"}[value])
    else:
        parts.append(str(value))


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPE_TABLE)}"'


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
