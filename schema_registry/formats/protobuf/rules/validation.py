"""Validation: what the pool links, but protoc refuses, so that every protoc can read a schema.

It goes over the tree and its descriptor side by side, before anything is linked: the tree knows
where things stand, which the pool does not.
Called by: linker. Calls: field_rules, enum_rules, naming_rules.
Source: descriptor.proto; protobuf.dev, language guides; protoc is the oracle of the tests.
"""

from collections.abc import Iterator, Sequence

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FeatureSet,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import Message as PbMessage

from schema_registry.formats.protobuf.files.scopes import Scopes, joined
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.limits import FIELD_NUMBER_MAX, Steps
from schema_registry.formats.protobuf.names import map_entry_name
from schema_registry.formats.protobuf.rules.enum_rules import check_enum
from schema_registry.formats.protobuf.rules.facts import Facts
from schema_registry.formats.protobuf.rules.field_rules import (
    check_extension,
    check_field,
    check_map,
)
from schema_registry.formats.protobuf.rules.json_name_rules import check_json_names
from schema_registry.formats.protobuf.rules.naming_rules import check_names
from schema_registry.formats.protobuf.rules.rule import Spans, refuse
from schema_registry.formats.protobuf.text.syntax_tree import (
    Extend,
    Extensions,
    Field,
    Group,
    MapType,
    Message,
    Range,
    Reserved,
)

_MESSAGE_SET_NUMBER_MAX = 2**31 - 2


def validate(
    source: Source,
    descriptor: FileDescriptorProto,
    scopes: Scopes,
    steps: Steps,
) -> None:
    """Refuse a file that protoc would refuse.

    Raises:
        InvalidSchema: It would; says where.
    """
    _Validation(source, descriptor, scopes, steps).file()


class _Validation:
    def __init__(
        self,
        source: Source,
        descriptor: FileDescriptorProto,
        scopes: Scopes,
        steps: Steps,
    ) -> None:
        self._source = source
        self._descriptor = descriptor
        self._scopes = scopes
        self._steps = steps
        self._is_proto3 = source.tree.is_proto3
        self._facts = Facts(source, scopes)

    def file(self) -> None:
        tree = self._source.tree
        self._imports()
        features = self._descriptor.options.features
        if features.field_presence == FeatureSet.LEGACY_REQUIRED:
            refuse(self._source, None, "fields cannot be required by default")
        self._no_features_before_editions()
        allows_json = tree.is_edition or self._is_proto3
        strict_names = self._allows_json(self._descriptor.options, default=allows_json)
        package = tree.package or ""
        inner = {one.name: one for one in self._descriptor.message_type}
        groups = self._extends(tree.extends, package, self._descriptor.extension)
        for message in (*groups, *tree.messages):
            name = joined(package, message.name)
            self._message(message, name, inner[message.name], strict_names=strict_names)
        for enum in tree.enums:
            facts = self._facts.enum_at(joined(package, enum.name))
            check_enum(self._source, facts, strict_names=strict_names)
        if tree.syntax == "2024":
            check_names(self._source, self._descriptor)

    def _imports(self) -> None:
        seen: set[str] = set()
        for one in self._source.tree.imports:
            if one.path in seen:
                refuse(self._source, one, f"{one.path!r} is imported twice")
            seen.add(one.path)

    def _no_features_before_editions(self) -> None:
        if self._source.tree.is_edition:
            return
        for owner in _owners(self._descriptor):
            if owner.options.HasField("features"):  # type: ignore[attr-defined]
                refuse(self._source, None, "features are for editions only")

    def _allows_json(self, options: PbMessage, *, default: bool) -> bool:
        """Return whether JSON names have to be distinct, which features may say."""
        json_format = options.features.json_format  # type: ignore[attr-defined]
        if json_format == FeatureSet.JSON_FORMAT_UNKNOWN:
            return default
        return bool(json_format == FeatureSet.ALLOW)

    def _message(
        self, message: Message, name: str, made: DescriptorProto, *, strict_names: bool
    ) -> None:
        self._steps.take(len(message.body) + 1)
        strict_names = self._allows_json(made.options, default=strict_names)
        self._ranges(message, made)
        self._members(message, made)
        if not made.options.deprecated_legacy_json_field_conflicts:
            check_json_names(self._source, message, strict=strict_names)
        groups = [one.message for one, _ in message.all_fields() if isinstance(one, Group)]
        groups += self._extends(message.extends, name, made.extension)
        inner = {one.name: one for one in made.nested_type}
        for nested in (*groups, *message.messages):
            full_name = joined(name, nested.name)
            self._message(nested, full_name, inner[nested.name], strict_names=strict_names)
            if nested.is_map_entry:
                self._map_entry(nested, full_name, inner[nested.name], made)
        for enum in message.enums:
            facts = self._facts.enum_at(joined(name, enum.name))
            check_enum(self._source, facts, strict_names=strict_names)

    def _members(self, message: Message, made: DescriptorProto) -> None:
        numbers: dict[int, str] = {}
        is_set = made.options.message_set_wire_format
        if is_set and self._is_proto3:
            refuse(self._source, message, "proto3 has no message sets")
        protos = {one.name: one for one in made.field}
        entries = {one.name: one for one in made.nested_type}
        for field, oneof in message.all_fields():
            if is_set:
                refuse(self._source, field, "a message set has no fields, only extensions")
            if field.number in numbers:
                taken = numbers[field.number]
                refuse(self._source, field, f"number {field.number} is that of {taken} already")
            numbers[field.number] = field.name
            proto = protos[field.name]
            facts = self._facts.field(field, proto, in_oneof=oneof is not None)
            if isinstance(field, Field) and isinstance(field.type, MapType):
                value = entries[map_entry_name(field.name)].field[1]
                value_facts = self._facts.map_value(field, value)
                check_map(self._source, field, field.type.key, value_facts)
            check_field(
                self._source,
                field,
                proto,
                facts,
                in_oneof=oneof is not None,
                in_map_entry=message.is_map_entry,
            )
        for one in message.oneofs:
            if not one.members:
                refuse(self._source, one, f"the oneof {one.name!r} has no fields")

    def _ranges(self, message: Message, made: DescriptorProto) -> None:
        """Check reserved numbers and names and extension ranges against each other and fields."""
        is_set = made.options.message_set_wire_format
        reserved, extensions = Spans(), Spans()
        names: set[str] = set()
        for part in message.body:
            if isinstance(part, Extensions):
                if self._is_proto3:
                    refuse(self._source, part, "proto3 has no extension ranges")
                self._add_extensions(part, extensions, is_set=is_set)
            elif isinstance(part, Reserved):
                self._add_reserved(part, reserved, names)
        for span, part in extensions.spans:
            if reserved.meets(span):
                refuse(self._source, part, f"extensions {span.text()} meet reserved numbers")
        for field, _ in message.all_fields():
            if reserved.has(field.number):
                refuse(self._source, field, f"{field.name} has the reserved number {field.number}")
            if extensions.has(field.number):
                refuse(self._source, field, f"number {field.number} is left to extensions")
            if field.name in names:
                refuse(self._source, field, f"the name {field.name!r} is reserved")

    def _add_extensions(self, part: Extensions, extensions: Spans, *, is_set: bool) -> None:
        most = _MESSAGE_SET_NUMBER_MAX if is_set else FIELD_NUMBER_MAX
        for span in part.ranges:
            if not 0 < span.first <= span.last <= most:
                refuse(self._source, part, f"extensions {span.text()} is no range")
            if extensions.meets(span):
                refuse(self._source, part, f"extensions {span.text()} meet others")
            extensions.add(span, part)

    def _add_reserved(self, part: Reserved, reserved: Spans, names: set[str]) -> None:
        for one in part.values:
            if not isinstance(one, Range):
                if one.name in names:
                    refuse(self._source, part, f"the name {one.name!r} is reserved twice")
                names.add(one.name)
                continue
            if not 0 < one.first <= one.last:
                refuse(self._source, part, f"reserved {one.text()} is no range")
            if reserved.meets(one):
                refuse(self._source, part, f"reserved {one.text()} meets others")
            reserved.add(one, part)

    def _extends(
        self, extends: Sequence[Extend], scope: str, protos: Sequence[FieldDescriptorProto]
    ) -> list[Message]:
        """Check extensions; return the messages of the groups among them."""
        groups = []
        members = [one for extend in extends for one in extend.members]
        for member, proto in zip(members, protos, strict=True):
            extendee = self._scopes.symbol(proto.extendee[1:])
            assert extendee is not None, f"resolved in {scope}"
            facts = self._facts.field(member, proto)
            check_extension(self._source, member, proto, facts, extendee)
            if isinstance(member, Group):
                groups.append(member.message)
        return groups

    def _map_entry(
        self, entry: Message, name: str, made: DescriptorProto, outer: DescriptorProto
    ) -> None:
        """Check a message that says of itself that it is the entry of a map."""
        shape = {one.name: one.number for one in entry.fields}
        if shape != {"key": 1, "value": 2} or len(made.field) != 2:
            refuse(self._source, entry, "a map entry has the fields key = 1 and value = 2")
        repeated = FieldDescriptorProto.LABEL_REPEATED
        if not any(one.type_name == f".{name}" and one.label == repeated for one in outer.field):
            refuse(self._source, entry, "a map entry is the type of a repeated field beside it")
        protos = {one.name: one for one in made.field}
        fields = {one.name: one for one in entry.fields}
        value_facts = self._facts.field(fields["value"], protos["value"])
        check_map(self._source, fields["key"], fields["key"].type, value_facts)


def _owners(descriptor: FileDescriptorProto) -> Iterator[PbMessage]:
    """Yield everything of a file that may have options."""
    waiting: list[PbMessage] = [descriptor]
    while waiting:
        owner = waiting.pop()
        for field, value in owner.ListFields():
            if field.name == "options":
                yield owner
            elif field.message_type is not None and field.is_repeated:
                waiting.extend(value)
