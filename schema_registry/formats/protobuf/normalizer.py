"""Normalizer: the tree of a schema whatever way it was written.

Imports, options, reserved numbers and values are sorted, fields stand in the order of their
numbers, names of types are full ones, messages that are entries of maps become maps again, and
``syntax = "proto2"`` is left out. Two texts that differ in these things only are one schema.
The order of messages stays: payloads count them.
Called by: schema. Calls: canonical, scopes.
Source: Confluent's registry, ``normalize`` (reference of the registry, 2.5).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from schema_registry.formats.protobuf.files.scopes import Scopes, SymbolKind, joined
from schema_registry.formats.protobuf.scalars import SCALARS
from schema_registry.formats.protobuf.text.canonical import in_canonical_order
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Declaration,
    Enum,
    Extend,
    Extensions,
    Field,
    Group,
    Import,
    ListValue,
    MapType,
    Message,
    MessagePart,
    Method,
    Oneof,
    Option,
    ProtoFile,
    Range,
    Reserved,
    ReservedName,
    Service,
    Value,
)

_M = TypeVar("_M", Field, Group)


def normalized_tree(scopes: Scopes) -> ProtoFile:
    """Return the normalized tree of a schema's own file."""
    return in_canonical_order(_Normalizer(scopes).file())


class _Normalizer:
    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._path = scopes.sources.root.path

    def file(self) -> ProtoFile:
        file = self._scopes.sources.root.tree
        package = file.package or ""
        drops_syntax = not file.is_edition and file.syntax == "proto2"
        declarations: list[Declaration] = []
        for one in file.declarations:
            match one:
                case Message():
                    declarations.append(self._message(one, package))
                case Enum():
                    declarations.append(self._enum(one, package))
                case Extend():
                    declarations.append(self._extend(one, package))
                case Service():
                    declarations.append(self._service(one, package))
        return replace(
            file,
            syntax=None if drops_syntax else file.syntax,
            imports=_sorted_imports(file.imports),
            options=self._options(file.options, package),
            declarations=tuple(declarations),
        )

    def _message(self, message: Message, scope: str) -> Message:
        name = joined(scope, message.name)
        body: list[MessagePart] = list(_sorted_reserved(message.body))
        body += self._options(message.options, name)
        body += _by_number(self._field(one, name) for one in message.fields)
        body += self._oneofs(message.oneofs, name)
        body += _by_number(self._group(one, name) for one in message.groups)
        body += self._extensions(message.body, name)
        nested = (one for one in message.messages if not one.is_map_entry)
        body += [self._message(one, name) for one in nested]
        body += [self._enum(one, name) for one in message.enums]
        body += [self._extend(one, name) for one in message.extends]
        return replace(message, body=tuple(body))

    def _oneofs(self, oneofs: Iterable[Oneof], scope: str) -> list[Oneof]:
        made = []
        for one in oneofs:
            members = sorted(
                (self._member(member, scope) for member in one.members),
                key=lambda member: member.number,
            )
            options = self._options(one.options, scope)
            made.append(replace(one, members=tuple(members), options=options))
        return sorted(made, key=lambda one: one.members[0].number if one.members else 0)

    def _member(self, member: Field | Group, scope: str) -> Field | Group:
        if isinstance(member, Group):
            return self._group(member, scope)
        return self._field(member, scope)

    def _group(self, group: Group, scope: str) -> Group:
        message = self._message(group.message, scope)
        return replace(group, message=message, options=self._options(group.options, scope))

    def _field(self, field: Field, scope: str) -> Field:
        options = self._options(field.options, scope)
        map_type = field.type if isinstance(field.type, MapType) else self._map_of(field, scope)
        if map_type is not None:
            value = self._full(map_type.value, scope)
            return replace(field, type=MapType(map_type.key, value), label=None, options=options)
        assert isinstance(field.type, str)
        return replace(field, type=self._full(field.type, scope), options=options)

    def _map_of(self, field: Field, scope: str) -> MapType | None:
        """Return the map that a field is, if its type is a message that is the entry of one."""
        assert isinstance(field.type, str)
        if field.type in SCALARS:
            return None
        found = self._scopes.type_of(field.type, scope, self._path)
        if found is None or not isinstance(found.node, Message) or not found.node.is_map_entry:
            return None
        parts = {one.name: one for one in found.node.fields}
        key, value = parts["key"].type, parts["value"].type
        assert isinstance(key, str)
        assert isinstance(value, str)
        return MapType(key, self._full(value, found.full_name))

    def _full(self, name: str, scope: str) -> str:
        if name in SCALARS:
            return name
        found = self._scopes.type_of(name, scope, self._path)
        return name if found is None else "." + found.full_name

    def _extend(self, extend: Extend, scope: str) -> Extend:
        members = sorted(
            (self._member(one, scope) for one in extend.members), key=lambda one: one.number
        )
        return replace(extend, extendee=self._full(extend.extendee, scope), members=tuple(members))

    def _extensions(self, body: tuple[MessagePart, ...], scope: str) -> list[Extensions]:
        found = [one for one in body if isinstance(one, Extensions)]
        made = [
            replace(one, ranges=(span,), options=self._options(one.options, scope))
            for one in found
            for span in one.ranges
        ]
        return sorted(made, key=lambda one: one.ranges[0].first)

    def _enum(self, enum: Enum, scope: str) -> Enum:
        """Return an enum with sorted values, but for the first one: it is the default."""
        options = self._options(enum.options, scope)
        values = [replace(one, options=self._options(one.options, scope)) for one in enum.values]
        values[1:] = sorted(values[1:], key=lambda one: (one.number, one.name))
        return replace(enum, body=(*_sorted_reserved(enum.body), *options, *values))

    def _service(self, service: Service, scope: str) -> Service:
        name = joined(scope, service.name)
        methods = tuple(self._method(one, name) for one in service.methods)
        return replace(service, methods=methods, options=self._options(service.options, name))

    def _method(self, method: Method, scope: str) -> Method:
        return replace(
            method,
            request=self._full(method.request, scope),
            response=self._full(method.response, scope),
            options=self._options(method.options, scope),
        )

    def _options(self, options: tuple[Option, ...], scope: str) -> tuple[Option, ...]:
        """Return options sorted, with full names of extensions and sorted values in braces.

        Those of one name keep their order: they are the values of a repeated field.
        """
        made = [self._option(one, scope) for one in options]
        return tuple(sorted(made, key=lambda one: [part.name for part in one.name]))

    def _option(self, option: Option, scope: str) -> Option:
        name = tuple(
            replace(part, name=self._full_extension(part.name, scope))
            if part.is_extension
            else part
            for part in option.name
        )
        return replace(option, name=name, value=_sorted_value(option.value))

    def _full_extension(self, name: str, scope: str) -> str:
        """Return the full name of an extension, with a dot only where it would be hidden."""
        found = self._scopes.any_of(name, scope, self._path)
        if found is None or found.kind is not SymbolKind.EXTENSION:
            return name
        plain = self._scopes.any_of(found.full_name, scope, self._path)
        return found.full_name if plain is found else "." + found.full_name


def _by_number(members: Iterable[_M]) -> list[_M]:
    return sorted(members, key=lambda one: one.number)


def _sorted_imports(imports: tuple[Import, ...]) -> tuple[Import, ...]:
    distinct = {(one.kind, one.path): one for one in imports}
    return tuple(sorted(distinct.values(), key=lambda one: one.path))


def _sorted_reserved(body: Iterable[object]) -> list[Reserved]:
    """Return reserved numbers in order and names behind them, each by itself."""
    values = [value for part in body if isinstance(part, Reserved) for value in part.values]
    return [Reserved((one,)) for one in sorted(values, key=_reserved_key)]


def _reserved_key(value: Range | ReservedName) -> tuple[int, int, str]:
    if isinstance(value, Range):
        return 0, value.first, value.text()
    return 1, 0, value.name


def _sorted_value(value: Value) -> Value:
    if isinstance(value, Aggregate):
        entries = [replace(one, value=_sorted_value(one.value)) for one in value.entries]
        return Aggregate(tuple(sorted(entries, key=lambda one: one.name)))
    if isinstance(value, ListValue):
        return ListValue(tuple(_sorted_value(one) for one in value.values))
    return value
