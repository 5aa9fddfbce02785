"""Avro's types as a graph: what a schema's text means.

A named type stands in the graph once, however often the text mentions it, so types may lead back
to themselves. Nodes are compared by identity; after the parser has built them nobody changes them.
Source: Avro specification 1.12, "Schema Declaration".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a type."""

    simple: str
    namespace: str | None

    @property
    def full(self) -> str:
        """The name with its namespace, if it has one."""
        return f"{self.namespace}.{self.simple}" if self.namespace else self.simple

    def qualified(self, namespace: str | None) -> str:
        """Return the shortest text that means this name inside a namespace."""
        if self.namespace is None or self.namespace == namespace:
            return self.simple
        return self.full


@dataclass(eq=False, slots=True, kw_only=True)
class Primitive:
    """A type without parts."""

    kind: str
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Array:
    """A list of items."""

    items: "AvroType"
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Map:
    """Text to values."""

    values: "AvroType"
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Union:
    """One of several types."""

    branches: "tuple[AvroType, ...]"


@dataclass(eq=False, slots=True, kw_only=True)
class Field:
    """A part of a record."""

    name: str
    type: "AvroType"
    doc: str | None = None
    has_default: bool = False
    default: Any = None
    order: str = "ascending"
    aliases: tuple[str, ...] = ()
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Record:
    """Named fields in an order."""

    name: Name
    is_error: bool = False
    doc: str | None = None
    aliases: tuple[Name, ...] = ()
    props: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    """Set once by the parser, which needs the record before its fields."""


@dataclass(eq=False, slots=True, kw_only=True)
class Enum:
    """One of several symbols."""

    name: Name
    symbols: tuple[str, ...]
    default: str | None = None
    doc: str | None = None
    aliases: tuple[Name, ...] = ()
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Fixed:
    """A number of bytes."""

    name: Name
    size: int
    doc: str | None = None
    aliases: tuple[Name, ...] = ()
    props: Mapping[str, Any] = field(default_factory=dict)


Named = Record | Enum | Fixed
AvroType = Primitive | Array | Map | Union | Record | Enum | Fixed


def kind_of(avro: AvroType) -> str:
    """Return the type's kind in the words of the specification."""
    match avro:
        case Primitive():
            return avro.kind
        case Record():
            return "error" if avro.is_error else "record"
        case _:
            return type(avro).__name__.lower()


def branch_name(avro: AvroType) -> str:
    """Return what tells a type from the others of a union: its full name, or its kind."""
    return avro.name.full if isinstance(avro, Named) else kind_of(avro)
