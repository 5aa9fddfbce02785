"""Descriptor reader: from a descriptor, maybe in base64, to the syntax tree that says the same.

Clients in Python register descriptors instead of texts. Maps stay as descriptors have them, a
repeated field and a message that says ``map_entry``: message indexes count that message, and
Confluent's registry prints it so. Names of types are full ones with a leading dot.
Called by: sources, built_in, schema.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as PbMessage

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.limits import (
    FIELDS_MAX,
    MESSAGE_DEPTH_MAX,
    MESSAGES_MAX,
    bound,
)
from schema_registry.formats.protobuf.names import json_name
from schema_registry.formats.protobuf.scalars import WORDS
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Declaration,
    Entry,
    Enum,
    EnumValue,
    Extend,
    Extensions,
    Field,
    Group,
    Import,
    ImportKind,
    Label,
    ListValue,
    Message,
    MessagePart,
    Method,
    NamePart,
    Oneof,
    Option,
    ProtoFile,
    Range,
    Reserved,
    ReservedName,
    Scalar,
    Service,
    Value,
    ValueKind,
    plain_option,
    string,
    word,
)
from schema_registry.formats.protobuf.text.tokenizer import unquote

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{8,}={0,2}\s*")
_LABELS = {
    FieldDescriptorProto.LABEL_OPTIONAL: Label.OPTIONAL,
    FieldDescriptorProto.LABEL_REQUIRED: Label.REQUIRED,
    FieldDescriptorProto.LABEL_REPEATED: Label.REPEATED,
}
_EDITIONS = {Edition.EDITION_2023: "2023", Edition.EDITION_2024: "2024"}
_VISIBILITIES = {1: "local", 2: "export"}

Known = Callable[[PbMessage], PbMessage]
"""Gives options with the extensions that their file knows."""


def parse_descriptor(text: str, bytes_max: int) -> FileDescriptorProto | None:
    """Return the descriptor of a text in base64, or None if it is in no way one.

    Raises:
        InvalidSchema: It looks like one, but is none.
    """
    if not _BASE64.fullmatch(text):
        return None
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
        bound("bytes", len(content), bytes_max)
        descriptor = FileDescriptorProto.FromString(content)
    except (binascii.Error, DecodeError) as error:
        raise InvalidSchema("", f"neither a text nor a descriptor in base64: {error}") from error
    _check_texts(descriptor)
    return descriptor


def _check_texts(descriptor: FileDescriptorProto) -> None:
    """Refuse strings that are not UTF-8, which the runtime gives as bytes."""
    left: list[PbMessage] = [descriptor]
    while left:
        for field, value in left.pop().ListFields():
            if field.is_extension:
                continue  # read again once the schema's own imports tell of it
            values = value if field.is_repeated else [value]
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                left.extend(values)
            elif field.type == FieldDescriptor.TYPE_STRING and any(
                isinstance(one, bytes) for one in values
            ):
                raise InvalidSchema("", f"{field.full_name} of the descriptor is not UTF-8")


def tree_of(descriptor: FileDescriptorProto, known: Known = lambda options: options) -> ProtoFile:
    """Return the syntax tree that says what a descriptor says.

    Args:
        descriptor: As protoc makes it, with interpreted options.
        known: Gives options with their extensions known; those it does not know are left out.

    Raises:
        InvalidSchema: There is no text that says this.
    """
    return _Reader(descriptor, known).file()


class _Reader:
    def __init__(self, descriptor: FileDescriptorProto, known: Known) -> None:
        self._file = descriptor
        self._known = known
        self._messages = 0
        self._fields = 0
        self._is_edition = descriptor.syntax == "editions"

    def file(self) -> ProtoFile:
        file = self._file
        syntax: str | None = file.syntax or "proto2"
        if self._is_edition:
            syntax = _EDITIONS.get(file.edition)
        if syntax is None or (not self._is_edition and syntax not in ("proto2", "proto3")):
            raise InvalidSchema("", "a descriptor of an unknown edition")
        declarations: list[Declaration] = []
        groups = _group_types(file.extension)
        messages = [one for one in file.message_type if one.name not in groups]
        declarations += [self._message(one, 1) for one in messages]
        declarations += [self._enum(one) for one in file.enum_type]
        declarations += self._extends(file.extension, file.message_type)
        declarations += [self._service(one) for one in file.service]
        return ProtoFile(
            syntax,
            self._is_edition,
            file.package or None,
            tuple(self._imports()),
            tuple(self._options(file)),
            tuple(declarations),
        )

    def _imports(self) -> Iterator[Import]:
        public, weak = set(self._file.public_dependency), set(self._file.weak_dependency)
        for index, path in enumerate(self._file.dependency):
            if index in public:
                yield Import(path, ImportKind.PUBLIC)
            else:
                yield Import(path, ImportKind.WEAK if index in weak else ImportKind.PLAIN)
        for path in self._file.option_dependency:
            yield Import(path, ImportKind.OPTION)

    def _message(self, message: DescriptorProto, depth: int) -> Message:
        bound("messages within messages", depth, MESSAGE_DEPTH_MAX)
        self._messages += 1
        bound("messages", self._messages, MESSAGES_MAX)
        parts: list[MessagePart] = []
        parts += [Reserved((Range(one.start, one.end - 1),)) for one in message.reserved_range]
        parts += [
            Reserved((ReservedName(one, not self._is_edition),)) for one in message.reserved_name
        ]
        parts += self._options(message)
        parts += self._members(message, depth)
        for span in message.extension_range:
            options = tuple(self._options(span))
            parts.append(Extensions((Range(span.start, span.end - 1),), options))
        groups = _group_types(message.field) | _group_types(message.extension)
        nested = [one for one in message.nested_type if one.name not in groups]
        parts += [self._message(one, depth + 1) for one in nested]
        parts += [self._enum(one) for one in message.enum_type]
        parts += self._extends(message.extension, message.nested_type, depth)
        visibility = _VISIBILITIES.get(message.visibility)
        return Message(message.name, tuple(parts), visibility)

    def _members(self, message: DescriptorProto, depth: int) -> Iterator[MessagePart]:
        """Yield fields, and each oneof where its first member stands."""
        members: dict[int, list[Field | Group]] = {}
        for field in message.field:
            if field.HasField("oneof_index") and not field.proto3_optional:
                if not 0 <= field.oneof_index < len(message.oneof_decl):
                    raise InvalidSchema(message.name, f"{field.name} is in no oneof")
                member = self._field(field, message.nested_type, depth, in_oneof=True)
                members.setdefault(field.oneof_index, []).append(member)
        for field in message.field:
            if not field.HasField("oneof_index") or field.proto3_optional:
                yield self._field(field, message.nested_type, depth)
            elif found := members.pop(field.oneof_index, None):
                oneof = message.oneof_decl[field.oneof_index]
                yield Oneof(oneof.name, tuple(found), tuple(self._options(oneof)))

    def _field(
        self,
        field: FieldDescriptorProto,
        nested: Sequence[DescriptorProto],
        depth: int,
        *,
        in_oneof: bool = False,
    ) -> Field | Group:
        self._fields += 1
        bound("fields", self._fields, FIELDS_MAX)
        label = None if in_oneof else self._label(field)
        options = tuple(self._field_options(field))
        if field.type == FieldDescriptorProto.TYPE_GROUP:
            name = field.type_name.rsplit(".", 1)[-1]
            body = next((one for one in nested if one.name == name), None)
            if body is None or name.lower() != field.name:
                raise InvalidSchema(field.name, "a group without its message beside it")
            return Group(field.number, self._message(body, depth + 1), label, options)
        type_ = WORDS.get(field.type, field.type_name)
        if not type_:
            raise InvalidSchema(field.name, "a field without a type")
        return Field(field.name, field.number, type_, label, options)

    def _label(self, field: FieldDescriptorProto) -> Label | None:
        label = _LABELS[field.label]
        if label is Label.OPTIONAL:
            is_proto3 = self._file.syntax == "proto3"
            if self._is_edition or (is_proto3 and not field.proto3_optional):
                return None
        return label

    def _field_options(self, field: FieldDescriptorProto) -> Iterator[Option]:
        yield from self._options(field)
        if field.HasField("default_value"):
            yield plain_option("default", _default(field))
        if field.HasField("json_name") and field.json_name != json_name(field.name):
            yield plain_option("json_name", string(field.json_name.encode()))

    def _enum(self, enum: EnumDescriptorProto) -> Enum:
        parts: list[EnumValue | Option | Reserved] = []
        parts += [Reserved((Range(one.start, one.end),)) for one in enum.reserved_range]
        parts += [
            Reserved((ReservedName(one, not self._is_edition),)) for one in enum.reserved_name
        ]
        parts += self._options(enum)
        bound("values of an enum", len(enum.value), FIELDS_MAX)
        for value in enum.value:
            parts.append(EnumValue(value.name, value.number, tuple(self._options(value))))
        return Enum(enum.name, tuple(parts), _VISIBILITIES.get(enum.visibility))

    def _extends(
        self,
        extensions: Sequence[FieldDescriptorProto],
        nested: Sequence[DescriptorProto],
        depth: int = 0,
    ) -> Iterator[Extend]:
        """Yield extensions, those of one message that stand in a row together."""
        members: list[Field | Group] = []
        for index, field in enumerate(extensions):
            members.append(self._field(field, nested, depth))
            if index + 1 == len(extensions) or extensions[index + 1].extendee != field.extendee:
                yield Extend(field.extendee, tuple(members))
                members = []

    def _service(self, service: ServiceDescriptorProto) -> Service:
        methods = tuple(self._method(one) for one in service.method)
        return Service(service.name, methods, tuple(self._options(service)))

    def _method(self, method: MethodDescriptorProto) -> Method:
        return Method(
            method.name,
            method.input_type,
            method.output_type,
            method.client_streaming,
            method.server_streaming,
            tuple(self._options(method)),
        )

    def _options(self, owner: PbMessage) -> Iterator[Option]:
        if not owner.HasField("options"):
            return
        options = self._known(getattr(owner, "options"))  # noqa: B009 - of many classes
        for field, value in options.ListFields():
            if field.name == "uninterpreted_option":
                raise InvalidSchema("", "a descriptor whose options are not interpreted")
            name = NamePart(
                "." + field.full_name if field.is_extension else field.name,
                is_extension=field.is_extension,
            )
            for one in value if field.is_repeated else (value,):
                yield Option((name,), _value(field, one))


def _group_types(fields: Sequence[FieldDescriptorProto]) -> set[str]:
    return {
        field.type_name.rsplit(".", 1)[-1]
        for field in fields
        if field.type == FieldDescriptorProto.TYPE_GROUP
    }


def _value(field: FieldDescriptor, value: object) -> Value:
    """Return the value of an option, one of them if it is repeated."""
    match value:
        case PbMessage():
            return _aggregate(value)
        case bool():
            return word("true" if value else "false")
        case bytes() | str():
            return string(value if isinstance(value, bytes) else value.encode())
        case float():
            return _float(value)
    assert isinstance(value, int)
    known = None if field.enum_type is None else field.enum_type.values_by_number.get(value)
    return word(known.name) if known else Scalar(ValueKind.INTEGER, str(value))


def _float(value: float) -> Scalar:
    text = repr(value)
    kind = ValueKind.WORD if text.lstrip("-") in ("inf", "nan") else ValueKind.FLOAT
    return Scalar(kind, text)


def _aggregate(message: PbMessage) -> Aggregate:
    entries: list[Entry] = []
    for field, value in message.ListFields():
        name = f"[{field.full_name}]" if field.is_extension else field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entries += _map_entries(name, field.message_type, value)
        elif field.is_repeated:
            entries.append(Entry(name, ListValue(tuple(_value(field, one) for one in value))))
        else:
            entries.append(Entry(name, _value(field, value)))
    return Aggregate(tuple(entries))


def _map_entries(name: str, kind: Descriptor, value: object) -> Iterator[Entry]:
    key_field, value_field = kind.fields
    assert hasattr(value, "items"), "a map"
    for key, one in sorted(value.items()):
        pair = (Entry("key", _value(key_field, key)), Entry("value", _value(value_field, one)))
        yield Entry(name, Aggregate(pair))


def _default(field: FieldDescriptorProto) -> Scalar:
    text = field.default_value
    if field.type == FieldDescriptorProto.TYPE_STRING:
        return string(text.encode())
    if field.type == FieldDescriptorProto.TYPE_BYTES:
        try:
            return string(unquote(f'"{text}"'))
        except ValueError as error:
            raise InvalidSchema(field.name, str(error)) from error
    if field.type in (FieldDescriptorProto.TYPE_BOOL, FieldDescriptorProto.TYPE_ENUM):
        return word(text)
    if text.lstrip("-") in ("inf", "nan"):
        return word(text)
    is_integer = re.fullmatch(r"-?[0-9]+", text) is not None
    return Scalar(ValueKind.INTEGER if is_integer else ValueKind.FLOAT, text)
