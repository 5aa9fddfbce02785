"""Descriptor builder: from a syntax tree to the descriptor that protoc would make of the text.

Names of types become full ones, maps and groups the messages they stand for, optional fields of
proto3 the oneofs they stand for. Options are left out; ``option_setter`` puts them in.
Called by: linker. Calls: scopes.
Source: descriptor.proto; protobuf.dev, "Maps", "Field Presence".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
    SymbolVisibility,
)
from google.protobuf.message import Message as PbMessage

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.descriptors.defaults import default_text
from schema_registry.formats.protobuf.files.scopes import Scopes, Symbol, SymbolKind, joined
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.limits import FIELD_NUMBER_MAX
from schema_registry.formats.protobuf.names import json_name, map_entry_name
from schema_registry.formats.protobuf.scalars import SCALARS
from schema_registry.formats.protobuf.text.syntax_tree import (
    Enum,
    Extend,
    Extensions,
    Field,
    Group,
    ImportKind,
    Label,
    MapType,
    Message,
    Oneof,
    Option,
    Range,
    Reserved,
    Service,
    ValueKind,
    is_true,
)

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

_LABELS = {
    None: FieldDescriptorProto.LABEL_OPTIONAL,
    Label.OPTIONAL: FieldDescriptorProto.LABEL_OPTIONAL,
    Label.REQUIRED: FieldDescriptorProto.LABEL_REQUIRED,
    Label.REPEATED: FieldDescriptorProto.LABEL_REPEATED,
}
_EDITIONS = {"2023": Edition.EDITION_2023, "2024": Edition.EDITION_2024}
_VISIBILITIES = {
    "local": SymbolVisibility.VISIBILITY_LOCAL,
    "export": SymbolVisibility.VISIBILITY_EXPORT,
}
_Messages: TypeAlias = "RepeatedCompositeFieldContainer[DescriptorProto]"
MESSAGE_SET_END = 2**31 - 1
"""Exclusive end of the numbers of a message set's extensions."""

_PSEUDO_OPTIONS = ("default", "json_name")


@dataclass(frozen=True, slots=True)
class Owner:
    """Something that has options, and where it stands."""

    descriptor: PbMessage
    options: tuple[Option, ...]
    scope: str
    """In which the names of its extensions are looked up."""


@dataclass(frozen=True, slots=True)
class Built:
    """A descriptor without options, and what its options belong to."""

    descriptor: FileDescriptorProto
    owners: list[Owner]


def build_descriptor(source: Source, scopes: Scopes) -> Built:
    """Return the descriptor of a file.

    Raises:
        InvalidSchema: A name stands for nothing, or for something else than it should.
    """
    return _Builder(source, scopes).file()


class _Builder:
    def __init__(self, source: Source, scopes: Scopes) -> None:
        self._source = source
        self._tree = source.tree
        self._scopes = scopes
        self._owners: list[Owner] = []
        self._in_message_set = False

    def file(self) -> Built:
        tree = self._tree
        package = tree.package or ""
        file = FileDescriptorProto(name=self._source.path)
        if tree.package is not None:
            file.package = tree.package
        if tree.is_edition and tree.syntax is not None:
            file.syntax = "editions"
            file.edition = _EDITIONS[tree.syntax]
        elif tree.is_proto3:
            file.syntax = "proto3"
        self._imports(file)
        for message in tree.messages:
            self._message(message, package, file.message_type.add())
        for enum in tree.enums:
            self._enum(enum, package, file.enum_type.add())
        for extend in tree.extends:
            self._extend(extend, package, file)
        for service in tree.services:
            self._service(service, package, file.service.add())
        self._own(file, tree.options, package)
        return Built(file, self._owners)

    def _imports(self, file: FileDescriptorProto) -> None:
        for one in self._tree.imports:
            if one.kind is ImportKind.OPTION:
                file.option_dependency.append(one.path)
                continue
            if one.kind is ImportKind.PUBLIC:
                file.public_dependency.append(len(file.dependency))
            if one.kind is ImportKind.WEAK:
                file.weak_dependency.append(len(file.dependency))
            file.dependency.append(one.path)

    def _own(self, descriptor: PbMessage, options: tuple[Option, ...], scope: str) -> None:
        options = tuple(one for one in options if one.simple_name not in _PSEUDO_OPTIONS)
        if options:
            self._owners.append(Owner(descriptor, options, scope))

    def _message(self, message: Message, scope: str, made: DescriptorProto) -> None:
        name = joined(scope, message.name)
        made.name = message.name
        if message.visibility:
            made.visibility = _VISIBILITIES[message.visibility]
        outer, self._in_message_set = self._in_message_set, _is_message_set(message)
        for part in message.body:
            match part:
                case Field() | Group():
                    self._member(part, name, made, made.field.add())
                case Oneof():
                    self._oneof(part, name, made)
                case Message():
                    self._message(part, name, made.nested_type.add())
                case Enum():
                    self._enum(part, name, made.enum_type.add())
                case Extend():
                    self._extend(part, name, made)
                case Reserved():
                    self._reserve(part, made)
                case Extensions():
                    self._extensions(part, name, made)
                case Option():
                    pass
        self._in_message_set = outer
        self._own(made, message.options, scope)
        if self._tree.is_proto3:
            _add_synthetic_oneofs(message, made)

    def _oneof(self, oneof: Oneof, scope: str, message: DescriptorProto) -> None:
        index = len(message.oneof_decl)
        made = message.oneof_decl.add(name=oneof.name)
        self._own(made, oneof.options, scope)
        for member in oneof.members:
            field = message.field.add()
            self._member(member, scope, message, field)
            field.oneof_index = index

    def _member(
        self,
        member: Field | Group,
        scope: str,
        message: DescriptorProto | FileDescriptorProto,
        made: FieldDescriptorProto,
    ) -> None:
        """Fill a field in; maps and groups add their message to where the field stands."""
        made.name = member.name
        made.number = member.number
        made.label = _LABELS[member.label]
        made.json_name = json_name(member.name)
        self._own(made, member.options, scope)
        if isinstance(member, Group):
            nested = _nested(message).add()
            self._message(member.message, scope, nested)
            made.type = FieldDescriptorProto.TYPE_GROUP
            made.type_name = "." + joined(scope, member.message.name)
        elif isinstance(member.type, MapType):
            entry = map_entry_name(member.name)
            assert isinstance(message, DescriptorProto), "the parser lets maps be nowhere else"
            self._map_entry(member.type, entry, scope, member, message.nested_type.add())
            made.label = FieldDescriptorProto.LABEL_REPEATED
            made.type = FieldDescriptorProto.TYPE_MESSAGE
            made.type_name = "." + joined(scope, entry)
        else:
            self._set_type(made, member.type, scope, member)
            self._pseudo_options(made, member)
        given = next((one for one in member.options if one.simple_name == "json_name"), None)
        if given is not None:
            made.json_name = self._json_name(given)

    def _map_entry(
        self, type_: MapType, name: str, scope: str, field: Field, made: DescriptorProto
    ) -> None:
        made.name = name
        made.options.map_entry = True
        for number, (word, written) in enumerate((("key", type_.key), ("value", type_.value)), 1):
            part = made.field.add(name=word, number=number, json_name=word)
            part.label = FieldDescriptorProto.LABEL_OPTIONAL
            self._set_type(part, written, joined(scope, name), field)
            features = tuple(one for one in field.options if one.name[0].name == "features")
            self._own(part, features, scope)

    def _set_type(self, made: FieldDescriptorProto, written: str, scope: str, field: Field) -> None:
        if written in SCALARS:
            made.type = SCALARS[written]
            return
        found = self._type(written, scope, field.position)
        made.type_name = "." + found.full_name
        is_enum = found.kind is SymbolKind.ENUM
        made.type = FieldDescriptorProto.TYPE_ENUM if is_enum else FieldDescriptorProto.TYPE_MESSAGE

    def _type(self, written: str, scope: str, position: int) -> Symbol:
        found = self._scopes.type_of(written, scope, self._source.path)
        if found is None or found.kind not in (SymbolKind.MESSAGE, SymbolKind.ENUM):
            what = "is no type" if found is not None else "is not defined"
            raise InvalidSchema(self._source.where(position), f"{written!r} {what}")
        return found

    def _pseudo_options(self, made: FieldDescriptorProto, field: Field) -> None:
        """Fill in what is written like an option, but is a part of the field."""
        default = field.option("default")
        if default is not None:
            try:
                made.default_value = default_text(made.type, default.value)
            except ValueError as error:
                where = self._source.where(default.position)
                raise InvalidSchema(where, f"default of {field.name}: {error}") from error

    def _json_name(self, option: Option) -> str:
        content = getattr(option.value, "content", b"")
        try:
            name: str = content.decode()
        except UnicodeDecodeError:
            name = ""
        is_string = getattr(option.value, "kind", None) is ValueKind.STRING
        if not is_string or "\0" in name or (name[:1] == "[" and name[-1:] == "]"):
            where = self._source.where(option.position)
            raise InvalidSchema(where, "json_name is a string, without null or brackets around it")
        return name

    def _extend(
        self, extend: Extend, scope: str, within: DescriptorProto | FileDescriptorProto
    ) -> None:
        extendee = self._scopes.any_of(extend.extendee, scope, self._source.path)
        if extendee is None or extendee.kind is not SymbolKind.MESSAGE:
            where = self._source.where(extend.position)
            raise InvalidSchema(where, f"{extend.extendee!r} is no message")
        for member in extend.members:
            field = within.extension.add(extendee="." + extendee.full_name)
            self._member(member, scope, within, field)
            if self._tree.is_proto3 and member.label is Label.OPTIONAL:
                field.proto3_optional = True

    def _extensions(self, extensions: Extensions, scope: str, made: DescriptorProto) -> None:
        for one in extensions.ranges:
            span = made.extension_range.add(start=one.first, end=self._end(one))
            self._own(span, extensions.options, scope)

    def _reserve(self, reserved: Reserved, made: DescriptorProto) -> None:
        for one in reserved.values:
            if isinstance(one, Range):
                made.reserved_range.add(start=one.first, end=self._end(one))
            else:
                made.reserved_name.append(one.name)

    def _end(self, span: Range) -> int:
        """Return the exclusive end of a range; ``max`` is more in a message set."""
        if span.last == FIELD_NUMBER_MAX and self._in_message_set:
            return MESSAGE_SET_END
        return span.last + 1

    def _enum(self, enum: Enum, scope: str, made: EnumDescriptorProto) -> None:
        made.name = enum.name
        if enum.visibility:
            made.visibility = _VISIBILITIES[enum.visibility]
        for value in enum.values:
            self._own(made.value.add(name=value.name, number=value.number), value.options, scope)
        for reserved in enum.reserved:
            for one in reserved.values:
                if isinstance(one, Range):
                    made.reserved_range.add(start=one.first, end=one.last)
                else:
                    made.reserved_name.append(one.name)
        self._own(made, enum.options, scope)

    def _service(self, service: Service, scope: str, made: ServiceDescriptorProto) -> None:
        name = joined(scope, service.name)
        made.name = service.name
        for method in service.methods:
            part = made.method.add(name=method.name)
            part.input_type = self._message_type(method.request, name, method.position)
            part.output_type = self._message_type(method.response, name, method.position)
            if method.streams_requests:
                part.client_streaming = True
            if method.streams_responses:
                part.server_streaming = True
            self._own(part, method.options, name)
        self._own(made, service.options, scope)

    def _message_type(self, written: str, scope: str, position: int) -> str:
        found = self._scopes.any_of(written, scope, self._source.path)
        if found is None or found.kind is not SymbolKind.MESSAGE:
            raise InvalidSchema(self._source.where(position), f"{written!r} is no message")
        return "." + found.full_name


def _nested(within: DescriptorProto | FileDescriptorProto) -> _Messages:
    return within.nested_type if isinstance(within, DescriptorProto) else within.message_type


def _is_message_set(message: Message) -> bool:
    return any(
        one.simple_name == "message_set_wire_format" and is_true(one.value)
        for one in message.options
    )


def _add_synthetic_oneofs(message: Message, made: DescriptorProto) -> None:
    """Give each optional field of proto3 a oneof of its own, behind the others."""
    optional = {one.name for one in message.fields if one.label is Label.OPTIONAL}
    if not optional:
        return
    taken = set(_member_names(made))
    for field in made.field:
        if field.name not in optional:
            continue
        name = field.name if field.name.startswith("_") else "_" + field.name
        while name in taken:
            name = "X" + name
        taken.add(name)
        field.proto3_optional = True
        field.oneof_index = len(made.oneof_decl)
        made.oneof_decl.add(name=name)


def _member_names(made: DescriptorProto) -> Iterator[str]:
    for parts in (made.field, made.nested_type, made.enum_type, made.oneof_decl, made.extension):
        yield from (part.name for part in parts)
    for enum in made.enum_type:
        yield from (value.name for value in enum.value)
