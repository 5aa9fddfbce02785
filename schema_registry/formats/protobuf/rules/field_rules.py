"""Rules of fields and extensions: numbers, labels, types, defaults, features.

Source: protobuf.dev, language guides and "Features"; protoc is the oracle of the tests.
"""

from google.protobuf.descriptor_pb2 import FeatureSet, FieldDescriptorProto, FieldOptions

from schema_registry.formats.protobuf.files.scopes import Symbol
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.limits import FIELD_NUMBER_MAX
from schema_registry.formats.protobuf.rules.facts import FieldFacts
from schema_registry.formats.protobuf.rules.rule import refuse
from schema_registry.formats.protobuf.scalars import MAP_KEYS
from schema_registry.formats.protobuf.text.syntax_tree import (
    Extensions,
    Field,
    Group,
    Label,
    MapType,
    Message,
    is_true,
)

_RESERVED_NUMBERS = range(19_000, 20_000)
_UNPACKABLE = (
    FieldDescriptorProto.TYPE_STRING,
    FieldDescriptorProto.TYPE_BYTES,
    FieldDescriptorProto.TYPE_MESSAGE,
    FieldDescriptorProto.TYPE_GROUP,
)
_INT64S = (
    FieldDescriptorProto.TYPE_INT64,
    FieldDescriptorProto.TYPE_UINT64,
    FieldDescriptorProto.TYPE_SINT64,
    FieldDescriptorProto.TYPE_FIXED64,
    FieldDescriptorProto.TYPE_SFIXED64,
)


def check_field(
    source: Source,
    field: Field | Group,
    proto: FieldDescriptorProto,
    facts: FieldFacts,
    *,
    in_oneof: bool,
    in_map_entry: bool,
) -> None:
    """Refuse a field that protoc would refuse.

    Args:
        source: The file.
        field: As it is written.
        proto: With its own options.
        facts: With what it inherited.
        in_oneof: Whether it is written in a oneof.
        in_map_entry: Whether it is in a message that says that it is the entry of a map; it has
            the features of the map then.
    """
    _check_number(source, field)
    if source.tree.is_proto3:
        _check_proto3(source, field)
    _check_default(source, field, facts)
    _check_enum_type(source, field, facts)
    _check_options(source, field, proto.options, facts)
    if not in_map_entry:
        _check_features(source, field, proto.options.features, facts)
    if in_oneof and proto.options.features.field_presence:
        refuse(source, field, "a field in a oneof has no feature field_presence")


def check_map(source: Source, field: Field, key: str | MapType, value: FieldFacts) -> None:
    """Refuse a map that protoc would refuse.

    Args:
        source: The file.
        field: The map, or the field that is its key if it is written as a message.
        key: Type of the keys.
        value: What its values are.
    """
    if key not in MAP_KEYS:
        refuse(source, field, f"{key} cannot be the key of a map")
    enum = value.enum
    if enum is None:
        return
    if enum.node.values and enum.node.values[0].number != 0:
        refuse(source, field, "an enum in a map has 0 as its first value")
    _check_enum_type(source, field, value)


def _check_number(source: Source, field: Field | Group) -> None:
    if not 0 < field.number <= FIELD_NUMBER_MAX:
        refuse(source, field, f"the number of a field is between 1 and {FIELD_NUMBER_MAX}")
    if field.number in _RESERVED_NUMBERS:
        refuse(source, field, "numbers from 19000 to 19999 are protobuf's own")


def _check_proto3(source: Source, field: Field | Group) -> None:
    if field.label is Label.REQUIRED:
        refuse(source, field, "proto3 has no required fields")
    if isinstance(field, Group):
        refuse(source, field, "proto3 has no groups")


def _check_default(source: Source, field: Field | Group, facts: FieldFacts) -> None:
    default = next((one for one in field.options if one.simple_name == "default"), None)
    if default is None:
        return
    if facts.is_message:
        refuse(source, field, "messages have no default")
    if facts.is_repeated:
        refuse(source, field, "repeated fields have no default")
    if source.tree.is_proto3 or not facts.has_presence:
        refuse(source, field, "fields without presence have no default of their own")
    if facts.enum is not None:
        name = getattr(default.value, "text", "")
        if all(one.name != name for one in facts.enum.node.values):
            refuse(source, field, f"{facts.enum.full_name} has no value {name!r}")


def _check_enum_type(source: Source, field: Field | Group, facts: FieldFacts) -> None:
    enum = facts.enum
    if enum is None or not enum.is_closed:
        return
    if source.tree.is_proto3 or not (facts.is_repeated or facts.has_presence):
        refuse(source, field, f"{enum.full_name} is closed: it needs a field with presence")


def _check_options(
    source: Source, field: Field | Group, options: FieldOptions, facts: FieldFacts
) -> None:
    if options.HasField("packed"):
        if source.tree.is_edition:
            refuse(source, field, "packed is no option in editions: features say it")
        if options.packed and (not facts.is_repeated or facts.type in _UNPACKABLE):
            refuse(source, field, "only repeated numbers can be packed")
    is_message = facts.type == FieldDescriptorProto.TYPE_MESSAGE
    if (options.lazy or options.unverified_lazy) and not is_message:
        refuse(source, field, "only messages can be lazy")
    if options.jstype != FieldOptions.JS_NORMAL and facts.type not in _INT64S:
        refuse(source, field, "jstype is for integers of 64 bits")
    if source.tree.syntax == "2024" and options.HasField("ctype"):
        refuse(source, field, "ctype is no option in edition 2024: features say it")


def _check_features(
    source: Source, field: Field | Group, features: FeatureSet, facts: FieldFacts
) -> None:
    if features.field_presence:
        if facts.is_repeated:
            refuse(source, field, "repeated fields have no feature field_presence")
        if facts.is_extension:
            refuse(source, field, "extensions have no feature field_presence")
        if facts.is_message and features.field_presence == FeatureSet.IMPLICIT:
            refuse(source, field, "messages have presence")
    if features.repeated_field_encoding:
        if not facts.is_repeated:
            refuse(source, field, "repeated_field_encoding is for repeated fields")
        is_packed = features.repeated_field_encoding == FeatureSet.PACKED
        if is_packed and facts.type in _UNPACKABLE:
            refuse(source, field, "only repeated numbers can be packed")
    if features.utf8_validation and not _has_strings(facts):
        refuse(source, field, "utf8_validation is for strings")
    if features.message_encoding and (not facts.is_message or facts.map_type is not None):
        refuse(source, field, "message_encoding is for messages")


def _has_strings(facts: FieldFacts) -> bool:
    if facts.map_type is not None:
        return "string" in (facts.map_type.key, facts.map_type.value)
    return facts.type == FieldDescriptorProto.TYPE_STRING


def check_extension(
    source: Source,
    field: Field | Group,
    proto: FieldDescriptorProto,
    facts: FieldFacts,
    extendee: Symbol,
) -> None:
    """Refuse an extension that protoc would refuse."""
    assert isinstance(extendee.node, Message)
    is_set = any(
        one.simple_name == "message_set_wire_format" and is_true(one.value)
        for one in extendee.node.options
    )
    if not _declares(extendee.node, field.number, is_set=is_set):
        refuse(source, field, f"{extendee.full_name} leaves no number {field.number} to others")
    if not is_set or field.number <= FIELD_NUMBER_MAX:
        _check_number(source, field)
    if is_set and (facts.is_repeated or facts.type != FieldDescriptorProto.TYPE_MESSAGE):
        refuse(source, field, "extensions of message sets are optional messages")
    if facts.is_required:
        refuse(source, field, "extensions are never required")
    if any(one.simple_name == "json_name" for one in field.options):
        refuse(source, field, "extensions have no json_name")
    if source.tree.is_proto3:
        _check_proto3(source, field)
        if not _is_for_options(extendee.full_name):
            refuse(source, field, "proto3 extends only the options of descriptor.proto")
    _check_default(source, field, facts)
    _check_enum_type(source, field, facts)
    _check_options(source, field, proto.options, facts)
    _check_features(source, field, proto.options.features, facts)


def _declares(extendee: Message, number: int, *, is_set: bool) -> bool:
    spans = [span for part in extendee.body if isinstance(part, Extensions) for span in part.ranges]
    return any(
        one.first <= number and (number <= one.last or (is_set and one.last == FIELD_NUMBER_MAX))
        for one in spans
    )


def _is_for_options(full_name: str) -> bool:
    package, _, name = full_name.rpartition(".")
    return package == "google.protobuf" and name.endswith("Options")
