"""Views: messages and fields of a schema as the differ sees them, with types resolved.

A group is a field like others here, of a message that is written between two marks; so is a
message of an edition whose encoding is delimited.
Called by: differ. Calls: formats.protobuf.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from google.protobuf.descriptor import FieldDescriptor

from schema_registry.formats.protobuf.files.scopes import Symbol, SymbolKind, joined
from schema_registry.formats.protobuf.files.sources import ROOT_PATH
from schema_registry.formats.protobuf.scalars import SCALARS
from schema_registry.formats.protobuf.schema import ProtobufSchema
from schema_registry.formats.protobuf.text.syntax_tree import (
    Enum,
    Field,
    Group,
    Label,
    MapType,
    Message,
    Oneof,
)


class TypeKind(StrEnum):
    """How a field is written."""

    SCALAR = "scalar"
    MAP = "map"
    MESSAGE = "message"
    DELIMITED = "group"


class ScalarKind(StrEnum):
    """Scalars of one kind are written alike (protobuf.dev, "Updating A Message Type")."""

    GENERAL_NUMBER = "general number"
    SIGNED_NUMBER = "signed number"
    STRING_OR_BYTES = "string or bytes"
    FIXED32 = "fixed32"
    FIXED64 = "fixed64"
    FLOAT = "float"
    DOUBLE = "double"


_SCALAR_KINDS = {
    "int32": ScalarKind.GENERAL_NUMBER, "int64": ScalarKind.GENERAL_NUMBER,
    "uint32": ScalarKind.GENERAL_NUMBER, "uint64": ScalarKind.GENERAL_NUMBER,
    "bool": ScalarKind.GENERAL_NUMBER,
    "sint32": ScalarKind.SIGNED_NUMBER, "sint64": ScalarKind.SIGNED_NUMBER,
    "string": ScalarKind.STRING_OR_BYTES, "bytes": ScalarKind.STRING_OR_BYTES,
    "fixed32": ScalarKind.FIXED32, "sfixed32": ScalarKind.FIXED32,
    "fixed64": ScalarKind.FIXED64, "sfixed64": ScalarKind.FIXED64,
    "float": ScalarKind.FLOAT, "double": ScalarKind.DOUBLE,
}  # fmt: skip


@dataclass(frozen=True)
class TypeView:
    """The type of a field, or of the key or value of a map."""

    written: str
    kind: TypeKind
    scalar: ScalarKind | None = None
    message: "MessageView | None" = None
    key: "TypeView | None" = None
    value: "TypeView | None" = None


@dataclass(frozen=True)
class FieldView:
    """A field with the oneof it is in."""

    node: Field | Group
    message: "MessageView"
    oneof: str | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @cached_property
    def _linked(self) -> FieldDescriptor:
        descriptor = self.message.schema.message_type(self.message.full_name)
        found: FieldDescriptor = descriptor.fields_by_number[self.node.number]
        return found

    @property
    def is_required(self) -> bool:
        """Whether it must be set, by its label or by a feature."""
        return bool(self._linked.is_required)

    @property
    def label(self) -> Label | None:
        """What is written before it."""
        return Label.REQUIRED if self.is_required else self.node.label

    @cached_property
    def type(self) -> TypeView:
        """Its type."""
        node = self.node
        if isinstance(node, Group):
            return self._named(node.message.name, self.message.full_name)
        if isinstance(node.type, MapType):
            return self._map(node.type.key, node.type.value, self.message.full_name)
        return self._named(node.type, self.message.full_name)

    def _map(self, key: str, value: str, scope: str) -> TypeView:
        return TypeView(
            f"map<{key}, {value}>",
            TypeKind.MAP,
            key=self._named(key, scope, in_map=True),
            value=self._named(value, scope, in_map=True),
        )

    def _named(self, written: str, scope: str, *, in_map: bool = False) -> TypeView:
        if written in SCALARS:
            return TypeView(written, TypeKind.SCALAR, _SCALAR_KINDS[written])
        view = self.message
        found = view.schema.scopes.type_of(written, scope, view.path)
        assert found is not None, "the linker has resolved every type"
        if found.kind is SymbolKind.ENUM:
            return TypeView(written, TypeKind.SCALAR, ScalarKind.GENERAL_NUMBER)
        assert isinstance(found.node, Message)
        if found.node.is_map_entry and not in_map:
            parts = {one.name: one.type for one in found.node.fields}
            return self._map(str(parts["key"]), str(parts["value"]), found.full_name)
        kind = TypeKind.MESSAGE
        if not in_map and self._linked.type == FieldDescriptor.TYPE_GROUP:
            kind = TypeKind.DELIMITED
        return TypeView(written, kind, message=view_of(view.schema, found))

    def text(self) -> str:
        """Return it as it is written, without options."""
        label = f"{self.label} " if self.label else ""
        if isinstance(self.node, Group):
            return f"{label}group {self.node.message.name} = {self.node.number}"
        return f"{label}{self.type.written} {self.name} = {self.node.number}"


@dataclass(frozen=True)
class MessageView:
    """A message of a schema, its own or one that it imports."""

    schema: ProtobufSchema
    node: Message
    full_name: str
    path: str
    """Of its file."""

    @property
    def is_local(self) -> bool:
        """Whether it is the schema's own."""
        return self.path == ROOT_PATH

    @property
    def local_name(self) -> str:
        """Its name without the package."""
        package = self.schema.scopes.sources.files[self.path].tree.package or ""
        return self.full_name.removeprefix(package + ".") if package else self.full_name

    def inner(self, node: Message) -> "MessageView":
        """Return a message that is declared in this one."""
        return MessageView(self.schema, node, joined(self.full_name, node.name), self.path)

    @cached_property
    def fields(self) -> dict[int, FieldView]:
        """Fields and groups by number, members of oneofs among them."""
        return {
            node.number: FieldView(node, self, oneof.name if oneof else None)
            for node, oneof in self.node.all_fields()
        }

    @property
    def oneofs(self) -> dict[str, Oneof]:
        """Oneofs by name."""
        return {one.name: one for one in self.node.oneofs}

    @property
    def messages(self) -> tuple[Message, ...]:
        """Messages declared inside, those of groups among them."""
        groups = [one.message for one, _ in self.node.all_fields() if isinstance(one, Group)]
        return (*self.node.messages, *groups)

    @property
    def enums(self) -> tuple[Enum, ...]:
        """Enums declared inside."""
        return self.node.enums


def view_of(schema: ProtobufSchema, symbol: Symbol) -> MessageView:
    """Return the view of a message that a name stands for."""
    assert isinstance(symbol.node, Message)
    return MessageView(schema, symbol.node, symbol.full_name, symbol.path)
