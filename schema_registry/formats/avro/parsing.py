"""The parser: a schema's JSON to Avro's types.

What Java's parser refuses is refused, what it lets pass passes: documentation that is no text is
dropped, unknown keys are kept as properties, a type is first looked for in the enclosing namespace
and then in none.
Source: Avro specification 1.12; Avro Java's ``Schema.Parser`` for what it leaves open.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.avro.types import (
    PRIMITIVES,
    Array,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    Name,
    Named,
    Primitive,
    Record,
    Union,
    branch_name,
)

DEPTH_MAX = 100
"""Types inside types of one text."""

FIXED_BYTES_MAX = 2**31 - 1
NAME_CHARS_SHOWN = 100

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ORDERS = ("ascending", "descending", "ignore")
_TYPE_KEYS = frozenset(
    ["doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"]
)
_ENUM_KEYS = _TYPE_KEYS | {"default"}
_FIELD_KEYS = frozenset(["default", "doc", "name", "order", "type", "aliases"])

Object = Mapping[str, Any]


class Parser:
    """Reads the texts of one schema: first what it refers to, then itself."""

    def __init__(self, *, strict: bool) -> None:
        """Know no type yet.

        Args:
            strict: Check namespaces as names are checked.
        """
        self.names: dict[str, Named] = {}
        """All named types so far, by full name."""
        self._strict = strict

    def parse(self, value: Any) -> AvroType:
        """Return the type of one text's JSON.

        Raises:
            InvalidSchema: Says where, as a JSON pointer.
        """
        return self._parse(value, None, "", 0)

    def _parse(self, value: Any, namespace: str | None, path: str, depth: int) -> AvroType:
        if depth > DEPTH_MAX:
            raise BoundExceeded(path[:NAME_CHARS_SHOWN], f"more than {DEPTH_MAX} types deep")
        if isinstance(value, str):
            return self._mentioned(value, namespace, path)
        if isinstance(value, list):
            return self._union(value, namespace, path, depth)
        if isinstance(value, dict):
            return self._object(value, namespace, path, depth)
        raise InvalidSchema(path, f"a type is a name, a list or an object, not {_shown(value)}")

    def _mentioned(self, text: str, namespace: str | None, path: str) -> AvroType:
        if text in PRIMITIVES:
            return Primitive(kind=text)
        found = self._find(text, namespace)
        if found is None:
            raise InvalidSchema(path, f"unknown type {_shown(text)}")
        return found

    def _find(self, text: str, namespace: str | None) -> Named | None:
        if "." not in text and namespace and f"{namespace}.{text}" in self.names:
            return self.names[f"{namespace}.{text}"]
        return self.names.get(text)

    def _union(
        self, value: Sequence[Any], namespace: str | None, path: str, depth: int
    ) -> AvroType:
        branches: dict[str, AvroType] = {}
        for number, item in enumerate(value):
            place = f"{path}/{number}"
            branch = self._parse(item, namespace, place, depth + 1)
            if isinstance(branch, Union):
                raise InvalidSchema(place, "a union directly inside a union")
            if branch_name(branch) in branches:
                raise InvalidSchema(place, f"a second {branch_name(branch)} in a union")
            branches[branch_name(branch)] = branch
        return Union(branches=tuple(branches.values()))

    def _object(self, value: Object, namespace: str | None, path: str, depth: int) -> AvroType:
        kind = value.get("type")
        if not isinstance(kind, str):
            raise InvalidSchema(path, "no type" if kind is None else "a type's name is text")
        if kind in PRIMITIVES:
            return Primitive(kind=kind, props=_props(value, _TYPE_KEYS))
        if kind in ("array", "map"):
            key = "items" if kind == "array" else "values"
            if key not in value:
                raise InvalidSchema(path, f"no {key} type")
            inner = self._parse(value[key], namespace, f"{path}/{key}", depth + 1)
            props = _props(value, _TYPE_KEYS)
            return (
                Array(items=inner, props=props)
                if kind == "array"
                else Map(values=inner, props=props)
            )
        if kind in ("record", "error"):
            return self._record(value, namespace, path, depth)
        if kind == "enum":
            return self._enum(value, namespace, path)
        if kind == "fixed":
            return self._fixed(value, namespace, path)
        found = self._find(kind, namespace)
        if found is None:
            raise InvalidSchema(f"{path}/type", f"unknown type {_shown(kind)}")
        return found

    def _record(self, value: Object, namespace: str | None, path: str, depth: int) -> Record:
        name = self._name(value, namespace, path)
        record = Record(
            name=name,
            is_error=value["type"] == "error",
            doc=_text(value, "doc"),
            aliases=_type_aliases(value, name, path),
            props=_props(value, _TYPE_KEYS),
        )
        self._define(record, path)
        fields = value.get("fields")
        if not isinstance(fields, list):
            raise InvalidSchema(path, f"record {name.full} has no list of fields")
        found: dict[str, Field] = {}
        for number, item in enumerate(fields):
            place = f"{path}/fields/{number}"
            one = self._field(item, name.namespace, place, depth)
            if one.name in found:
                raise InvalidSchema(place, f"a second field {one.name} in record {name.full}")
            found[one.name] = one
        record.fields = tuple(found.values())
        return record

    def _field(self, value: Any, namespace: str | None, path: str, depth: int) -> Field:
        if not isinstance(value, dict):
            raise InvalidSchema(path, "a field is an object")
        name = value.get("name")
        if not isinstance(name, str):
            raise InvalidSchema(path, "a field without a name")
        _check_name(name, f"{path}/name")
        if "type" not in value:
            raise InvalidSchema(path, f"field {name} has no type")
        order = value.get("order", "ascending")
        if not isinstance(order, str) or order.lower() not in _ORDERS:
            raise InvalidSchema(f"{path}/order", f"an order is one of {', '.join(_ORDERS)}")
        avro = self._parse(value["type"], namespace, f"{path}/type", depth + 1)
        return Field(
            name=name,
            type=avro,
            doc=_text(value, "doc"),
            has_default="default" in value,
            default=_default(value.get("default"), avro),
            order=order.lower(),
            aliases=tuple(dict.fromkeys(_aliases(value, path))),
            props=_props(value, _FIELD_KEYS),
        )

    def _enum(self, value: Object, namespace: str | None, path: str) -> Enum:
        name = self._name(value, namespace, path)
        symbols = value.get("symbols")
        if not isinstance(symbols, list):
            raise InvalidSchema(path, f"enum {name.full} has no list of symbols")
        for number, symbol in enumerate(symbols):
            if not isinstance(symbol, str):
                raise InvalidSchema(f"{path}/symbols/{number}", "a symbol is text")
            _check_name(symbol, f"{path}/symbols/{number}")
        if len(set(symbols)) < len(symbols):
            raise InvalidSchema(f"{path}/symbols", "the same symbol twice")
        default = _text(value, "default")
        if default is not None and default not in symbols:
            raise InvalidSchema(f"{path}/default", f"{_shown(default)} is no symbol of the enum")
        enum = Enum(
            name=name,
            symbols=tuple(symbols),
            default=default,
            doc=_text(value, "doc"),
            aliases=_type_aliases(value, name, path),
            props=_props(value, _ENUM_KEYS),
        )
        self._define(enum, path)
        return enum

    def _fixed(self, value: Object, namespace: str | None, path: str) -> Fixed:
        name = self._name(value, namespace, path)
        size = value.get("size")
        if type(size) is not int or not 0 <= size <= FIXED_BYTES_MAX:
            raise InvalidSchema(f"{path}/size", f"a size is 0 to {FIXED_BYTES_MAX}")
        fixed = Fixed(
            name=name,
            size=size,
            doc=_text(value, "doc"),
            aliases=_type_aliases(value, name, path),
            props=_props(value, _TYPE_KEYS),
        )
        self._define(fixed, path)
        return fixed

    def _name(self, value: Object, namespace: str | None, path: str) -> Name:
        text = value.get("name")
        if not isinstance(text, str):
            raise InvalidSchema(path, "a type without a name")
        given = _text(value, "namespace")
        name = to_name(text, namespace if given is None else given)
        _check_name(name.simple, f"{path}/name")
        if name.full in PRIMITIVES:
            raise InvalidSchema(f"{path}/name", f"{name.full} is a primitive type")
        if self._strict and name.namespace:
            for part in name.namespace.split("."):
                _check_name(part, f"{path}/namespace")
        return name

    def _define(self, named: Named, path: str) -> None:
        if named.name.full in self.names:
            raise InvalidSchema(f"{path}/name", f"{named.name.full} is defined twice")
        self.names[named.name.full] = named


def to_name(text: str, namespace: str | None) -> Name:
    """Return the name that a text means inside a namespace; dots in it are a namespace."""
    before, dot, simple = text.rpartition(".")
    return Name(simple, (before if dot else namespace) or None)


def _check_name(name: str, path: str) -> None:
    if not _NAME.match(name):
        raise InvalidSchema(
            path, f"{_shown(name)} is no name: letters, digits and _, no digit first"
        )


def _text(value: Object, key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _props(value: Object, reserved: frozenset[str]) -> Mapping[str, Any]:
    return {key: found for key, found in value.items() if key not in reserved}


def _type_aliases(value: Object, name: Name, path: str) -> tuple[Name, ...]:
    found = (to_name(alias, name.namespace) for alias in _aliases(value, path))
    return tuple(dict.fromkeys(found))


def _aliases(value: Object, path: str) -> Sequence[str]:
    found = value.get("aliases")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(alias, str) for alias in found):
        raise InvalidSchema(f"{path}/aliases", "aliases are a list of names")
    return found


def _default(value: Any, avro: AvroType) -> Any:
    """Return a field's default; numbers of floating-point fields may be written as text."""
    floating = isinstance(avro, Primitive) and avro.kind in ("float", "double")
    if floating and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= NAME_CHARS_SHOWN else f"{text[:NAME_CHARS_SHOWN]}..."
