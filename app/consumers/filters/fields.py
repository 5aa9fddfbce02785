"""What of a record is decoded for a filter: only what the filter looks at.

A JSON text of which some fields are wanted is decoded into those and no others; turning what is
decoded into CEL's values is most of what a filter costs. What is decoded that way looks to the
filter as the whole would (property test).

Keys and values are what their bytes are, whatever a reader wants to have them shown as: JSON if
they are a JSON text, else text if they are UTF-8, else bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from app.consumers.filters.language import Path
from storage.format.decoder import Columns
from storage.format.record import Headers

DECODED_BYTES_MAX = 128 * 1024
"""What of one key or value may be decoded; a hundred milliseconds' work at the worst."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAY_BEGIN_JSON = frozenset(b' \t\r\n{["-0123456789tfn')

Wanted = dict[str, "Wanted"]
"""Names that are wanted, by each what is wanted below it; nothing below is all of it."""

_decode_any = msgspec.json.Decoder().decode


class CannotFilter(Exception):
    """A filter says nothing of this record."""


Getter = Callable[[Columns, int], object]
"""Takes a field from the columns of a batch, at a record's index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGetters:
    """How to get the fields that a filter looks at."""

    of_record: dict[str, Getter]
    of_place: frozenset[str]
    """Those of ``topic`` and ``partition``, which all records of a batch share."""


def field_getters(paths: Iterable[Path], bytes_max: int) -> FieldGetters:
    """Return how to get what paths lead to.

    Args:
        paths: What the filter looks at.
        bytes_max: Of one key or value, what may be decoded for it.
    """
    wanted = _wanted(paths)
    found: dict[str, Getter] = {}
    for name, below in wanted.items():
        if name == "offset":
            found[name] = _offset
        elif name == "timestamp":
            found[name] = _timestamp
        elif name == "headers":
            found[name] = partial(_headers, bytes_max)
        elif name == "key":
            found[name] = partial(_key, _opener(below, bytes_max))
        elif name == "value":
            found[name] = partial(_value, _opener(below, bytes_max))
    return FieldGetters(of_record=found, of_place=frozenset(wanted.keys() & {"topic", "partition"}))


def _wanted(paths: Iterable[Path]) -> Wanted:
    """Return the tree of paths, in which a path that ends takes all below it."""
    tree: Wanted = {}
    ends: set[Path] = set(paths)
    for path in ends:
        if any(path[:length] in ends for length in range(1, len(path))):
            continue
        below = tree
        for name in path:
            below = below.setdefault(name, {})
    return tree


def _offset(columns: Columns, index: int) -> object:
    return columns.offsets[index]


def _timestamp(columns: Columns, index: int) -> object:
    try:
        return _EPOCH + timedelta(milliseconds=columns.timestamps_ms[index])
    except OverflowError:
        raise CannotFilter("its timestamp is not in the years 1 to 9999") from None


def _headers(bytes_max: int, columns: Columns, index: int) -> object:
    """Return headers by name; of several with one name the last one, as Kafka's lastHeader."""
    headers: Headers = columns.headers[index]
    if sum(len(name) + len(value or b"") for name, value in headers) > bytes_max:
        raise CannotFilter(f"its headers have more than {bytes_max} bytes")
    return {name.decode("utf-8", "replace"): _text_or_bytes(value) for name, value in headers}


Opener = Callable[[bytes], object]


def _key(opener: Opener, columns: Columns, index: int) -> object:
    key = columns.keys[index]
    return None if key is None else opener(key)


def _value(opener: Opener, columns: Columns, index: int) -> object:
    value = columns.values[index]
    return None if value is None else opener(value)


def _opener(below: Wanted, bytes_max: int) -> Opener:
    if below:
        return _PartOpener(below, bytes_max).open
    return partial(_bounded, bytes_max, _open_all)


def _bounded(bytes_max: int, opener: Opener, data: bytes) -> object:
    if len(data) > bytes_max:
        raise CannotFilter(f"this filter looks at {bytes_max} bytes of it at the most")
    return opener(data)


def _text_or_bytes(data: bytes | None) -> object:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _open_all(data: bytes) -> object:
    if data[:1] and data[0] in _MAY_BEGIN_JSON and _is_utf8(data):
        try:
            return _decode_any(data)
        except (msgspec.MsgspecError, RecursionError):
            pass
    return _text_or_bytes(data)


def _is_utf8(data: bytes) -> bool:
    return data.isascii() or isinstance(_text_or_bytes(data), str)


class _PartOpener:
    """Decodes some fields of a JSON object; of anything else it is, all."""

    def __init__(self, below: Wanted, bytes_max: int) -> None:
        self._below = below
        self._bytes_max = bytes_max
        self._decode = msgspec.json.Decoder(_shape(below, Any)).decode
        self._decode_raw = msgspec.json.Decoder(_shape(below, msgspec.Raw)).decode

    def open(self, data: bytes) -> object:
        if not (data[:1] and data[0] in _MAY_BEGIN_JSON and _is_utf8(data)):
            return _bounded(self._bytes_max, _text_or_bytes, data)
        try:
            if len(data) <= self._bytes_max:
                return _fields(self._decode(data), self._below)
            return self._open_large(data)
        except msgspec.ValidationError:
            pass  # it is JSON, and not of objects all the way
        except (msgspec.DecodeError, RecursionError):
            return _bounded(self._bytes_max, _text_or_bytes, data)
        return _bounded(self._bytes_max, _open_all, data)

    def _open_large(self, data: bytes) -> object:
        raws = _fields(self._decode_raw(data), self._below)
        if _raw_size(raws) > self._bytes_max:
            raise CannotFilter(f"this filter looks at {self._bytes_max} bytes of it at the most")
        return _decoded(raws)


def _shape(below: Wanted, leaf: Any) -> Any:
    """Return a type that takes the wanted fields of an object and leaves the others."""
    fields: list[Any] = [
        (
            f"f{number}",
            (_shape(further, leaf) if further else leaf) | msgspec.UnsetType
            if further or leaf is not Any
            else Any,
            msgspec.field(default=msgspec.UNSET, name=name),
        )
        for number, (name, further) in enumerate(below.items())
    ]
    return msgspec.defstruct("Part", fields, gc=False)


def _fields(part: Any, below: Wanted) -> dict[str, Any]:
    """Return the fields of a part that are there, as an object."""
    found = {}
    for number, (name, further) in enumerate(below.items()):
        value = getattr(part, f"f{number}")
        if value is not msgspec.UNSET:
            found[name] = _fields(value, further) if further else value
    return found


def _raw_size(raws: dict[str, Any]) -> int:
    return sum(
        _raw_size(value) if isinstance(value, dict) else len(value) for value in raws.values()
    )


def _decoded(raws: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _decoded(value) if isinstance(value, dict) else _decode_any(value)
        for name, value in raws.items()
    }
