"""Decoders: functions that turn what fastavro read into JSON values.

They are built once for a schema. Numbers that JSON does not have are written as text.
"""

import math
from collections.abc import Callable
from typing import Any

from schema_registry.formats.avro.shape import WRAPPED, nullable
from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
    branch_name,
)

Convert = Callable[[Any], Any]


class Decoders:
    """Functions that turn what fastavro read into JSON values."""

    def __init__(self) -> None:
        self._named: dict[int, Convert] = {}

    def of(self, avro: AvroType) -> Convert:  # noqa: PLR0911 - one for each kind
        """Return the function of a type."""
        match avro:
            case Primitive():
                return _DECODED.get(avro.kind, _same)
            case Array():
                item = self.of(avro.items)
                return _same if item is _same else lambda value: [item(one) for one in value]
            case Map():
                inner = self.of(avro.values)
                if inner is _same:
                    return _same
                return lambda value: {key: inner(one) for key, one in value.items()}
            case Union():
                other = nullable(avro)
                return self._union(avro) if other is None else self._optional(other)
            case Fixed():
                return _from_bytes
            case Enum():
                return _same
            case Record():
                return self._record(avro)

    def _optional(self, other: AvroType) -> Convert:
        inner, name = self.of(other), branch_name(other)
        if isinstance(other, Record):
            return lambda value: None if value is None else {name: inner(value[1])}
        return lambda value: None if value is None else {name: inner(value)}

    def _union(self, union: Union) -> Convert:
        branches = [(branch_name(branch), self.of(branch)) for branch in union.branches]

        def convert(value: Any) -> Any:
            wrapper, inner = value
            name, decode = branches[int(wrapper.rpartition("_")[2])]
            return None if name == "null" else {name: decode(inner[WRAPPED])}

        return convert

    def _record(self, record: Record) -> Convert:
        key = id(record)
        if key not in self._named:
            self._named[key] = lambda value: self._named[key](value)  # noqa: PLW0108 - it is replaced below
            fields = [(one.name, self.of(one.type)) for one in record.fields]
            changed = [(name, decode) for name, decode in fields if decode is not _same]

            def convert(value: Any) -> Any:
                for name, decode in changed:
                    value[name] = decode(value[name])
                return value

            self._named[key] = convert if changed else _same
        return self._named[key]


def _same(value: Any) -> Any:
    return value


def _from_bytes(value: bytes) -> str:
    return value.decode("latin-1")


def _from_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


_DECODED: dict[str, Convert] = {
    "bytes": _from_bytes,
    "float": _from_float,
    "double": _from_float,
}
