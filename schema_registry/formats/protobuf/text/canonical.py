"""Canonical and other forms of a syntax tree, still as trees.

Always true: the order of messages among their siblings never changes, because payloads count
them; a tree in canonical order is in canonical order.
Called by: schema. Calls: scopes.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from schema_registry.formats.protobuf.text.printer import last_options_last
from schema_registry.formats.protobuf.text.syntax_tree import (
    Enum,
    EnumValue,
    Extend,
    Extensions,
    Field,
    Group,
    ImportKind,
    Message,
    MessagePart,
    Oneof,
    Option,
    ProtoFile,
    Reserved,
    Service,
)

_BODY_ORDER = (Reserved, Option, Field, Oneof, Group, Extensions, Message, Enum, Extend)
_FILE_ORDER = (Message, Enum, Extend, Service)
_ENUM_ORDER = (Reserved, Option, EnumValue)
_IMPORT_ORDER = tuple(ImportKind)

_P = TypeVar("_P")


def in_canonical_order(file: ProtoFile) -> ProtoFile:
    """Return the tree in the order in which the printer writes it."""
    declarations = _by_kind(file.declarations, _FILE_ORDER)
    return replace(
        file,
        imports=tuple(sorted(file.imports, key=lambda one: _IMPORT_ORDER.index(one.kind))),
        declarations=tuple(_ordered(one) for one in declarations),
    )


def _by_kind(parts: Iterable[_P], order: tuple[type, ...]) -> list[_P]:
    return sorted(parts, key=lambda one: order.index(type(one)))


def _ordered(part: _P) -> _P:
    """Return a declaration in canonical order, with all that is in it."""
    made: object = part
    match part:
        case Message():
            body = (_ordered(one) for one in _by_kind(part.body, _BODY_ORDER))
            made = replace(part, body=tuple(body))
        case Enum():
            made = replace(part, body=tuple(_by_kind(part.body, _ENUM_ORDER)))
        case Oneof() if any(isinstance(one, Group) for one in part.members):
            members = sorted(part.members, key=lambda one: isinstance(one, Group))
            made = replace(part, members=tuple(_ordered(one) for one in members))
        case Oneof() | Extend():
            made = replace(part, members=tuple(_ordered(one) for one in part.members))
        case Group():
            options = last_options_last(part.options)
            made = replace(part, message=_ordered(part.message), options=options)
        case Field():
            made = replace(part, options=last_options_last(part.options))
        case _:
            pass
    return made  # type: ignore[return-value]


def without_extensions(file: ProtoFile) -> ProtoFile:
    """Return the tree without extensions, their ranges, and the options that are extensions."""
    kept = [one for one in file.declarations if not isinstance(one, Extend)]
    return replace(
        file,
        options=_plain(file.options),
        declarations=tuple(_without(one) for one in kept),
    )


def _plain(options: tuple[Option, ...]) -> tuple[Option, ...]:
    return tuple(one for one in options if not any(part.is_extension for part in one.name))


def _without(part: _P) -> _P:
    made: object = part
    match part:
        case Message():
            made = replace(part, body=_body_without(part.body))
        case Enum():
            values = (
                replace(one, options=_plain(one.options)) if isinstance(one, EnumValue) else one
                for one in part.body
                if not (isinstance(one, Option) and not _plain((one,)))
            )
            made = replace(part, body=tuple(values))
        case Oneof():
            members = tuple(_without(one) for one in part.members)
            made = replace(part, members=members, options=_plain(part.options))
        case Group():
            message = _without(part.message)
            made = replace(part, message=message, options=_plain(part.options))
        case Service():
            methods = tuple(_without(one) for one in part.methods)
            made = replace(part, methods=methods, options=_plain(part.options))
        case _ if hasattr(part, "options"):
            made = replace(part, options=_plain(part.options))  # type: ignore[type-var]
        case _:
            pass
    return made  # type: ignore[return-value]


def _body_without(body: tuple[MessagePart, ...]) -> tuple[MessagePart, ...]:
    dropped: Callable[[MessagePart], bool] = lambda one: (  # noqa: E731
        isinstance(one, Extend | Extensions) or (isinstance(one, Option) and not _plain((one,)))
    )
    return tuple(_without(one) for one in body if not dropped(one))
