"""Facts: what fields and enums are, with the features that they inherited.

Source: protobuf.dev, "Feature Settings for Editions": what a feature is where nothing is said.
"""

from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from schema_registry.formats.protobuf.files.scopes import Scopes, Symbol
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Enum,
    Field,
    Group,
    Label,
    MapType,
    Message,
    Option,
    ProtoFile,
    Scalar,
)

_MESSAGES = (FieldDescriptorProto.TYPE_MESSAGE, FieldDescriptorProto.TYPE_GROUP)


@dataclass(frozen=True)
class EnumFacts:
    """An enum that fields are of."""

    full_name: str
    node: Enum
    is_closed: bool


@dataclass(frozen=True)
class FieldFacts:
    """A field with what it inherited."""

    type: int
    """As in its descriptor."""

    is_repeated: bool
    is_required: bool
    has_presence: bool
    is_extension: bool
    enum: EnumFacts | None
    """Its type, if that is an enum; the type of the values, if it is a map."""

    map_type: MapType | None

    @property
    def is_message(self) -> bool:
        """Whether it is a message or a group; maps are messages too."""
        return self.type in _MESSAGES


class Facts:
    """Looks up facts for one file."""

    def __init__(self, source: Source, scopes: Scopes) -> None:
        """Take the file and the names it sees."""
        self._source = source
        self._scopes = scopes
        self._presence = feature(source.tree.options, "field_presence")

    def enum(self, symbol: Symbol) -> EnumFacts:
        """Return the facts of an enum, whatever file it is of."""
        assert isinstance(symbol.node, Enum)
        tree = self._scopes.sources.files[symbol.path].tree
        said = feature(symbol.node.options, "enum_type") or feature(tree.options, "enum_type")
        is_closed = said == "CLOSED" if said else _is_proto2(tree)
        return EnumFacts(symbol.full_name, symbol.node, is_closed)

    def enum_at(self, full_name: str) -> EnumFacts:
        """Return the facts of an enum by its full name."""
        symbol = self._scopes.symbol(full_name)
        assert symbol is not None
        return self.enum(symbol)

    def field(
        self, field: Field | Group, proto: FieldDescriptorProto, *, in_oneof: bool = False
    ) -> FieldFacts:
        """Return the facts of a field or an extension."""
        map_type = field.type if isinstance(field.type, MapType) else None
        symbol = self._scopes.symbol(proto.type_name[1:]) if map_type is None else None
        if symbol and isinstance(symbol.node, Message) and symbol.node.is_map_entry:
            map_type = _map_type_of(symbol.node)
        enum = self.enum(symbol) if symbol and isinstance(symbol.node, Enum) else None
        is_repeated = proto.label == FieldDescriptorProto.LABEL_REPEATED
        presence = feature(field.options, "field_presence") or self._presence
        is_extension = bool(proto.extendee)
        is_explicit = proto.type in _MESSAGES or in_oneof or is_extension
        is_explicit = is_explicit or self._is_explicit(field, presence)
        is_required = field.label is Label.REQUIRED or presence == "LEGACY_REQUIRED"
        return FieldFacts(
            proto.type,
            is_repeated,
            is_required,
            is_explicit and not is_repeated,
            is_extension,
            enum,
            map_type,
        )

    def map_value(self, field: Field, proto: FieldDescriptorProto) -> FieldFacts:
        """Return the facts of the values of a map, given the descriptor of the value."""
        value = Field("value", 2, proto.type_name or "", None, field.options)
        return self.field(value, proto)

    def _is_explicit(self, field: Field | Group, presence: str | None) -> bool:
        if self._source.tree.is_proto3:
            return field.label is Label.OPTIONAL
        return presence != "IMPLICIT"


def _map_type_of(entry: Message) -> MapType | None:
    """Return the map that a message which says that it is an entry stands for."""
    types = {one.name: one.type for one in entry.fields}
    key, value = types.get("key"), types.get("value")
    if isinstance(key, str) and isinstance(value, str):
        return MapType(key, value)
    return None


def _is_proto2(tree: ProtoFile) -> bool:
    return not tree.is_edition and not tree.is_proto3


def feature(options: tuple[Option, ...], name: str) -> str | None:
    """Return the word that options say for a feature, if they say one."""
    for option in options:
        steps = [part.name for part in option.name]
        value = option.value
        if steps == ["features"] and isinstance(value, Aggregate):
            value = next((one.value for one in value.entries if one.name == name), value)
        elif steps != ["features", name]:
            continue
        if isinstance(value, Scalar):
            return value.text
    return None
