"""Scopes: what each name of a schema stands for, looked up as protoc does.

A name is looked for from the innermost scope outwards by its first part; where that part is found
and can have parts of its own, the rest must be there too: an outer name of the same beginning is
hidden. A name with a leading dot is a full one. A file sees its own names and those of what it
imports, and what these import publicly.
Called by: linker, normalizer, compatibility. Calls: sources.
Source: protobuf.dev, "Packages and Name Resolution"; descriptor.proto on type_name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.files.sources import Source, Sources
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.names import map_entry_name
from schema_registry.formats.protobuf.text.syntax_tree import (
    Enum,
    EnumValue,
    Extend,
    Field,
    Group,
    MapType,
    Message,
    Method,
    Oneof,
    Service,
)


class SymbolKind(IntEnum):
    """What a name stands for."""

    PACKAGE = 1
    MESSAGE = 2
    ENUM = 3
    SERVICE = 4
    EXTENSION = 5
    MEMBER = 6
    """A field, oneof, value or method: nothing that other names lead to."""


_AGGREGATES = (SymbolKind.PACKAGE, SymbolKind.MESSAGE, SymbolKind.ENUM, SymbolKind.SERVICE)
_TYPES = (SymbolKind.MESSAGE, SymbolKind.ENUM)

Node: TypeAlias = (
    Message | Enum | EnumValue | Field | Group | Oneof | Service | Method | Extend | None
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a full name stands for."""

    kind: SymbolKind
    full_name: str
    path: str
    """Of the file that declares it."""

    node: Node
    scope: str = ""
    """The name that it stands in: a message, or the package."""

    extendee: str = ""
    """Of an extension: the message, as it is written."""


def joined(scope: str, name: str) -> str:
    """Return the full name of a name in a scope."""
    return f"{scope}.{name}" if scope else name


class Scopes:
    """All names of a schema and of what it imports."""

    def __init__(self, sources: Sources, steps: Steps) -> None:
        """Note all names.

        Raises:
            InvalidSchema: One is declared twice.
        """
        self._sources = sources
        self._steps = steps
        self._symbols: dict[str, Symbol] = {}
        self._packages: dict[str, set[str]] = {}
        self._visible = {
            path: frozenset(one.path for one in sources.visible(path)) for path in sources.files
        }
        for source in sources.files.values():
            self._note_file(source)

    @property
    def sources(self) -> Sources:
        """The files whose names these are."""
        return self._sources

    def symbol(self, full_name: str) -> Symbol | None:
        """Return what a full name stands for, whoever may see it; packages are not among it."""
        return self._symbols.get(full_name)

    def type_of(self, name: str, scope: str, path: str) -> Symbol | None:
        """Return the message or enum that a name stands for.

        Args:
            name: As it is written.
            scope: Full name of the message it is written in, or the package.
            path: Of the file it is written in.
        """
        return self._look_up(name, scope, path, types_only=True)

    def any_of(self, name: str, scope: str, path: str) -> Symbol | None:
        """Return what a name stands for, types and others."""
        return self._look_up(name, scope, path, types_only=False)

    def _look_up(self, name: str, scope: str, path: str, *, types_only: bool) -> Symbol | None:
        self._steps.take()
        if name.startswith("."):
            return self._seen(name[1:], path)
        first, _, rest = name.partition(".")
        while True:
            found = self._seen(joined(scope, first), path)
            if found is not None:
                if rest and found.kind in _AGGREGATES:
                    return self._seen(joined(scope, name), path)
                if not rest and (not types_only or found.kind in _TYPES):
                    return found
            if not scope:
                return None
            scope = scope.rpartition(".")[0]

    def _seen(self, full_name: str, path: str) -> Symbol | None:
        """Return what a full name stands for, if the file may see it."""
        visible = self._visible[path]
        found = self._symbols.get(full_name)
        if found is not None:
            return found if found.path in visible else None
        if not visible.isdisjoint(self._packages.get(full_name, ())):
            return Symbol(SymbolKind.PACKAGE, full_name, path, None)
        return None

    def _note_file(self, source: Source) -> None:
        package = source.tree.package or ""
        name = package
        while name:
            clash = self._symbols.get(name)
            if clash is not None:
                raise InvalidSchema(
                    source.path, f"the package {name!r} has the name of something in {clash.path}"
                )
            self._packages.setdefault(name, set()).add(source.path)
            name = name.rpartition(".")[0]
        for symbol in _symbols_of(source, package):
            self._note(symbol, source)

    def _note(self, symbol: Symbol, source: Source) -> None:
        self._steps.take()
        known = self._symbols.get(symbol.full_name)
        if known is not None or symbol.full_name in self._packages:
            file = known.path if known else sorted(self._packages[symbol.full_name])[0]
            here = " here" if file == source.path else f" in {file}"
            position = getattr(symbol.node, "position", 0)
            raise InvalidSchema(
                source.where(position), f"{symbol.full_name!r} is declared already{here}"
            )
        self._symbols[symbol.full_name] = symbol


def _symbols_of(source: Source, package: str) -> Iterator[Symbol]:
    tree, path = source.tree, source.path
    for message in tree.messages:
        yield from _of_message(message, package, path)
    for enum in tree.enums:
        yield from _of_enum(enum, package, path)
    for extend in tree.extends:
        yield from _of_extend(extend, package, path)
    for service in tree.services:
        name = joined(package, service.name)
        yield Symbol(SymbolKind.SERVICE, name, path, service, package)
        for method in service.methods:
            yield Symbol(SymbolKind.MEMBER, joined(name, method.name), path, method, name)


def _of_message(message: Message, scope: str, path: str) -> Iterator[Symbol]:
    name = joined(scope, message.name)
    yield Symbol(SymbolKind.MESSAGE, name, path, message, scope)
    for part in message.body:
        if isinstance(part, Message):
            yield from _of_message(part, name, path)
        elif isinstance(part, Enum):
            yield from _of_enum(part, name, path)
        elif isinstance(part, Extend):
            yield from _of_extend(part, name, path)
        elif isinstance(part, Oneof):
            yield Symbol(SymbolKind.MEMBER, joined(name, part.name), path, part, name)
    for field, _ in message.all_fields():
        yield from _of_field(field, name, path)


def _of_field(field: Field | Group, scope: str, path: str) -> Iterator[Symbol]:
    yield Symbol(SymbolKind.MEMBER, joined(scope, field.name), path, field, scope)
    if isinstance(field, Group):
        yield from _of_message(field.message, scope, path)
    elif isinstance(field.type, MapType):
        entry = Message(map_entry_name(field.name), position=field.position)
        yield Symbol(SymbolKind.MEMBER, joined(scope, entry.name), path, entry, scope)


def _of_extend(extend: Extend, scope: str, path: str) -> Iterator[Symbol]:
    for field in extend.members:
        name = joined(scope, field.name)
        yield Symbol(SymbolKind.EXTENSION, name, path, field, scope, extend.extendee)
        if isinstance(field, Group):
            yield from _of_message(field.message, scope, path)


def _of_enum(enum: Enum, scope: str, path: str) -> Iterator[Symbol]:
    yield Symbol(SymbolKind.ENUM, joined(scope, enum.name), path, enum, scope)
    for value in enum.values:
        yield Symbol(SymbolKind.MEMBER, joined(scope, value.name), path, value, scope)
