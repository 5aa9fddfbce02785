"""The printers: Avro's types to the text that is stored, and to other forms of it.

The canonical text has the order of keys of Java's ``Schema.toString()``: a schema printed here
and there is the same text, so that it is the same schema.
Source: Avro Java's ``Schema.toJson``; section 2.5 of the facts on Confluent's registry for
``normalize``: full names, properties sorted.
"""

from collections.abc import Collection, Mapping
from typing import Any

from schema_registry.errors import BoundExceeded
from schema_registry.formats.avro.json_text import dump_json
from schema_registry.formats.avro.types import (
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
    kind_of,
)

PRINT_DEPTH_MAX = 200
"""Types inside types of a text that is printed with its references inlined."""


class Printer:
    """Prints one schema."""

    def __init__(self, known: Collection[str] = (), *, normalize: bool = False) -> None:
        """Prepare.

        Args:
            known: Full names of types that are mentioned, not written out.
            normalize: Names in full, properties sorted.
        """
        self._known = set(known)
        self._normalize = normalize

    def text(self, avro: AvroType) -> str:
        """Return the text of a type."""
        return dump_json(self._value(avro, None, 0))

    def _value(self, avro: AvroType, namespace: str | None, depth: int) -> Any:
        if depth > PRINT_DEPTH_MAX:
            raise BoundExceeded("", f"more than {PRINT_DEPTH_MAX} types deep")
        match avro:
            case Primitive():
                return {"type": avro.kind, **self._props(avro.props)} if avro.props else avro.kind
            case Union():
                return [self._value(branch, namespace, depth + 1) for branch in avro.branches]
            case Array():
                items = self._value(avro.items, namespace, depth + 1)
                return {"type": "array", "items": items, **self._props(avro.props)}
            case Map():
                values = self._value(avro.values, namespace, depth + 1)
                return {"type": "map", "values": values, **self._props(avro.props)}
            case _:
                return self._named(avro, namespace, depth)

    def _named(self, avro: Named, namespace: str | None, depth: int) -> Any:
        if avro.name.full in self._known:
            return self._mention(avro.name, namespace)
        self._known.add(avro.name.full)
        written: dict[str, Any] = {"type": kind_of(avro), **self._name(avro.name, namespace)}
        if avro.doc is not None:
            written["doc"] = avro.doc
        match avro:
            case Record():
                inner = avro.name.namespace
                written["fields"] = [self._field(one, inner, depth) for one in avro.fields]
            case Enum():
                written["symbols"] = list(avro.symbols)
                if avro.default is not None:
                    written["default"] = avro.default
            case Fixed():
                written["size"] = avro.size
        written |= self._props(avro.props)
        if avro.aliases:
            written["aliases"] = [
                self._mention(alias, avro.name.namespace) for alias in avro.aliases
            ]
        return written

    def _mention(self, name: Name, namespace: str | None) -> str:
        return name.full if self._normalize else name.qualified(namespace)

    def _name(self, name: Name, namespace: str | None) -> Mapping[str, str]:
        if self._normalize and (name.namespace or not namespace):
            return {"name": name.full}
        if name.namespace == namespace:
            return {"name": name.simple}
        return {"name": name.simple, "namespace": name.namespace or ""}

    def _field(self, field: Field, namespace: str | None, depth: int) -> Mapping[str, Any]:
        written: dict[str, Any] = {
            "name": field.name,
            "type": self._value(field.type, namespace, depth + 1),
        }
        if field.doc is not None:
            written["doc"] = field.doc
        if field.has_default:
            written["default"] = field.default
        if field.order != "ascending":
            written["order"] = field.order
        if field.aliases:
            written["aliases"] = list(field.aliases)
        return written | self._props(field.props)

    def _props(self, props: Mapping[str, Any]) -> dict[str, Any]:
        return dict(sorted(props.items())) if self._normalize else dict(props)
