"""Encoders: functions that check a JSON value and turn it into what fastavro writes.

They are built once for a schema; a value that does not fit is refused with the path to it.
"""

import sys
from collections.abc import Callable
from math import inf, nan
from typing import Any

from schema_registry.formats.avro.defaults import is_value
from schema_registry.formats.avro.shape import WRAPPED, Shape, nullable
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

Convert = Callable[[Any], Any]

_SHOWN_CHARS = 100
_FLOAT_MAX = 3.4028235677973366e38
"""Doubles below it round to a finite float of 32 bits."""

_SPECIAL_FLOATS = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}


class Misfit(Exception):
    """A value does not fit; each level on the way up puts its step in front of the path."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = ""

    def inside(self, step: object) -> "Misfit":
        """Add the step that led to the value."""
        text = str(step).replace("~", "~0").replace("/", "~1")
        self.path = f"/{text}{self.path}"
        return self


class Encoders:
    """Functions that check a JSON value and turn it into what fastavro writes."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._named: dict[int, Convert] = {}

    def of(self, avro: AvroType) -> Convert:
        """Return the function of a type."""
        match avro:
            case Primitive():
                return _PRIMITIVES[avro.kind]
            case Array():
                return self._array(self.of(avro.items))
            case Map():
                return self._map(self.of(avro.values))
            case Union():
                other = nullable(avro)
                return self._union(avro) if other is None else self._optional(other)
            case _:
                return self._of_named(avro)

    def _of_named(self, avro: Named) -> Convert:
        key = id(avro)
        if key not in self._named:
            self._named[key] = lambda value: self._named[key](value)  # noqa: PLW0108 - it is replaced below
            match avro:
                case Enum():
                    self._named[key] = _enum(avro)
                case Fixed():
                    self._named[key] = _fixed(avro)
                case Record():
                    self._named[key] = self._record(avro)
        return self._named[key]

    def _array(self, item: Convert) -> Convert:
        def convert(value: Any) -> Any:
            if type(value) is not list:
                raise _misfit(value, "an array")
            position = 0
            try:
                written = []
                for one in value:
                    written.append(item(one))
                    position += 1
            except Misfit as misfit:
                raise misfit.inside(position) from None
            return written

        return convert

    def _map(self, inner: Convert) -> Convert:
        def convert(value: Any) -> Any:
            if type(value) is not dict:
                raise _misfit(value, "a map")
            written, key = {}, ""
            try:
                for key, one in value.items():
                    written[_text(key)] = inner(one)
            except Misfit as misfit:
                raise misfit.inside(key) from None
            return written

        return convert

    def _optional(self, other: AvroType) -> Convert:
        inner = self.of(other)
        name = branch_name(other)
        fast_name = self._shape.names.get(id(other), name)
        is_object = isinstance(other, Map | Record)

        def convert(value: Any) -> Any:
            if value is None:
                return None
            if type(value) is dict and len(value) == 1 and name in value:
                try:
                    return fast_name, inner(value[name])
                except Misfit as misfit:
                    if not is_object:
                        raise misfit.inside(name) from None
            return fast_name, inner(value)

        return convert

    def _union(self, union: Union) -> Convert:
        branches = {
            branch_name(branch): (self._shape.wrapper_name(union, number), self.of(branch))
            for number, branch in enumerate(union.branches)
        }

        def convert(value: Any) -> Any:
            if type(value) is dict and len(value) == 1:
                (name, inner_value) = next(iter(value.items()))
                if name in branches:
                    fast_name, inner = branches[name]
                    try:
                        return fast_name, {WRAPPED: inner(inner_value)}
                    except Misfit as misfit:
                        raise misfit.inside(name) from None
            for fast_name, inner in branches.values():
                try:
                    return fast_name, {WRAPPED: inner(value)}
                except Misfit:
                    continue
            raise _misfit(value, f"one of {', '.join(branches)}")

        return convert

    def _record(self, record: Record) -> Convert:
        encoders = [(one.name, self.of(one.type)) for one in record.fields]
        defaults = {
            field.name: _default_of(field.type, field.default)
            for field in record.fields
            if field.has_default
        }
        size = len(encoders)

        def convert(value: Any) -> Any:
            if type(value) is not dict:
                raise _misfit(value, f"a record {record.name.full}")
            written, name = {}, ""
            found = 0
            try:
                for name, encode in encoders:
                    if name in value:
                        found += 1
                        written[name] = encode(value[name])
                    elif name in defaults:
                        written[name] = encode(defaults[name])
                    else:
                        raise Misfit("the field is missing and has no default")
            except Misfit as misfit:
                raise misfit.inside(name) from None
            if found < len(value):
                unknown = next(key for key in value if key not in written)
                raise Misfit(f"{record.name.full} has no such field").inside(unknown)
            assert len(written) == size, "each field once"
            return written

        return convert


def _default_of(avro: AvroType, default: Any) -> Any:
    """Return a default as values are written: naming the branch of a union that it fits."""
    if isinstance(avro, Union) and default is not None:
        for branch in avro.branches:
            if is_value(branch, default):
                return {branch_name(branch): _default_of(branch, default)}
    return default


def _misfit(value: Any, wanted: str) -> Misfit:
    shown = repr(value)
    return Misfit(f"{shown[:_SHOWN_CHARS]} is not {wanted}")


def _integer(bits: int) -> Convert:
    low, high = -(1 << bits), (1 << bits) - 1
    wanted = f"an integer of {bits + 1} bits"

    def convert(value: Any) -> Any:
        if type(value) is not int or not low <= value <= high:
            if type(value) is float and value.is_integer() and low <= value <= high:
                return int(value)
            raise _misfit(value, wanted)
        return value

    return convert


def _floating(largest: float) -> Convert:
    def convert(value: Any) -> Any:
        if type(value) is float or type(value) is int:
            if -largest <= value <= largest:
                return float(value)
        elif type(value) is str and value in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[value]
        raise _misfit(value, "a number in its range")

    return convert


def _text(value: Any) -> Any:
    if type(value) is not str:
        raise _misfit(value, "text")
    return value


def _bytes(value: Any) -> Any:
    if type(value) is not str:
        raise _misfit(value, "bytes, written as text")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise _misfit(value, "bytes: a letter is beyond U+00FF") from None


def _boolean(value: Any) -> Any:
    if type(value) is not bool:
        raise _misfit(value, "true or false")
    return value


def _null(value: Any) -> Any:
    if value is not None:
        raise _misfit(value, "null")


_PRIMITIVES: dict[str, Convert] = {
    "null": _null,
    "boolean": _boolean,
    "int": _integer(31),
    "long": _integer(63),
    "float": _floating(_FLOAT_MAX),
    "double": _floating(sys.float_info.max),
    "bytes": _bytes,
    "string": _text,
}


def _enum(enum: Enum) -> Convert:
    symbols = frozenset(enum.symbols)

    def convert(value: Any) -> Any:
        if type(value) is not str or value not in symbols:
            raise _misfit(value, f"a symbol of {enum.name.full}")
        return value

    return convert


def _fixed(fixed: Fixed) -> Convert:
    def convert(value: Any) -> Any:
        found = _bytes(value)
        if len(found) != fixed.size:
            raise _misfit(value, f"{fixed.size} bytes")
        return found

    return convert
