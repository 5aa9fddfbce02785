"""Defaults: is what a reader puts in for a missing field a value of its type?

Bytes and fixed are written as text of the code points 0 to 255. A union's default may fit any of
its branches. Stricter than Java in two places, because a default that fails them breaks readers:
an enum's default is one of its symbols, a fixed's has its size.
Source: Avro specification 1.12, "Complex Types", table of defaults; AVRO-3649 (any branch).
"""

from typing import Any

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.avro.json_text import dump_json
from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Union,
    branch_name,
)

DEFAULT_DEPTH_MAX = 100
"""Values inside values of one default, those of fields that it leaves out included."""

DEFAULT_STEPS_MAX = 100_000
"""Values looked at for one default."""

_INTEGER_BITS = {"int": 31, "long": 63}
_SPECIAL_FLOATS = ("NaN", "Infinity", "-Infinity")
_SHOWN_CHARS = 100


def check_defaults(root: AvroType) -> None:
    """Refuse a schema whose fields have defaults that are no values of their types.

    Raises:
        InvalidSchema: Names the field.
    """
    seen: set[int] = set()
    waiting: list[AvroType] = [root]
    while waiting:
        avro = waiting.pop()
        if isinstance(avro, Named):
            if id(avro) in seen:
                continue
            seen.add(id(avro))
        match avro:
            case Array():
                waiting.append(avro.items)
            case Map():
                waiting.append(avro.values)
            case Union():
                waiting += avro.branches
            case Record():
                waiting += (field.type for field in avro.fields)
                _check_fields(avro)


def _check_fields(record: Record) -> None:
    for field in record.fields:
        if field.has_default and not is_value(field.type, field.default):
            shown = dump_json(field.default)
            if len(shown) > _SHOWN_CHARS:
                shown = f"{shown[:_SHOWN_CHARS]}..."
            raise InvalidSchema(
                f"{record.name.full}.{field.name}",
                f"the default {shown} is no {branch_name(field.type)}",
            )


def is_value(avro: AvroType, value: Any) -> bool:
    """Say whether JSON is a value of a type, as defaults are written.

    Raises:
        BoundExceeded: It takes too long to tell.
    """
    return _Check().holds(avro, value, 0)


class _Check:
    """One value's check, with a bound on its steps: types may multiply."""

    def __init__(self) -> None:
        self._steps = 0

    def holds(self, avro: AvroType, value: Any, depth: int) -> bool:
        self._steps += 1
        if self._steps > DEFAULT_STEPS_MAX or depth > DEFAULT_DEPTH_MAX:
            raise BoundExceeded("", "a default takes too many steps to check")
        match avro:
            case Primitive():
                return _is_primitive(avro.kind, value)
            case Enum():
                return isinstance(value, str) and value in avro.symbols
            case Fixed():
                return _is_bytes(value) and len(value) == avro.size
            case Union():
                return any(self.holds(branch, value, depth + 1) for branch in avro.branches)
            case _:
                return self._holds_parts(avro, value, depth + 1)

    def _holds_parts(self, avro: Array | Map | Record, value: Any, depth: int) -> bool:
        if isinstance(avro, Array):
            return isinstance(value, list) and all(
                self.holds(avro.items, item, depth) for item in value
            )
        if not isinstance(value, dict):
            return False
        if isinstance(avro, Map):
            return all(self.holds(avro.values, item, depth) for item in value.values())
        return all(
            (field.name in value or field.has_default)
            and self.holds(field.type, value.get(field.name, field.default), depth)
            for field in avro.fields
        )


def _is_primitive(kind: str, value: Any) -> bool:
    if kind in _INTEGER_BITS:
        bound = 1 << _INTEGER_BITS[kind]
        return type(value) is int and -bound <= value < bound
    if kind in ("float", "double"):
        return type(value) in (int, float) or value in _SPECIAL_FLOATS
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "bytes":
        return _is_bytes(value)
    return isinstance(value, str)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, str) and all(ord(letter) < 256 for letter in value)
