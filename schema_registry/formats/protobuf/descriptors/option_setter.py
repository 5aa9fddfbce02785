"""Option setter: from options as they are written to the fields of option messages.

Plain names are fields of descriptor.proto; names in parentheses are extensions of its messages,
found in the scope of what has the option. A value is held against the type of its field, and the
option ends up in the descriptor as protoc would put it: as a field, or as the bytes of one that
only those who know the extension can read.
Called by: linker. Calls: scopes, defaults.
Source: protobuf.dev, "Options"; text format specification; descriptor.proto.
"""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import Edition, FieldOptions
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as PbMessage
from google.protobuf.message_factory import GetMessageClass

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.descriptors.defaults import float_value, integer_value
from schema_registry.formats.protobuf.descriptors.descriptor_builder import Owner
from schema_registry.formats.protobuf.files.scopes import Scopes, SymbolKind
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.scalars import INTEGER_RANGES, WORDS
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    ListValue,
    NamePart,
    Option,
    Scalar,
    Value,
    ValueKind,
)

_ANY = "google.protobuf.Any"
_FEATURES = "google.protobuf.FeatureSet."
_BOOLEANS = {"true": True, "false": False}
_TEXT_BOOLEANS = {
    "true": True, "True": True, "t": True, "1": True,
    "false": False, "False": False, "f": False, "0": False,
}  # fmt: skip
_EDITIONS = {
    "proto2": Edition.EDITION_PROTO2,
    "proto3": Edition.EDITION_PROTO3,
    "2023": Edition.EDITION_2023,
    "2024": Edition.EDITION_2024,
}
_TARGETS = {
    "FileOptions": FieldOptions.TARGET_TYPE_FILE,
    "ExtensionRangeOptions": FieldOptions.TARGET_TYPE_EXTENSION_RANGE,
    "MessageOptions": FieldOptions.TARGET_TYPE_MESSAGE,
    "FieldOptions": FieldOptions.TARGET_TYPE_FIELD,
    "OneofOptions": FieldOptions.TARGET_TYPE_ONEOF,
    "EnumOptions": FieldOptions.TARGET_TYPE_ENUM,
    "EnumValueOptions": FieldOptions.TARGET_TYPE_ENUM_ENTRY,
    "ServiceOptions": FieldOptions.TARGET_TYPE_SERVICE,
    "MethodOptions": FieldOptions.TARGET_TYPE_METHOD,
}
"""What has which options."""


def is_custom(option: Option) -> bool:
    """Return whether an option needs extensions to be known."""
    return any(part.is_extension for part in option.name) or _names_extensions(option.value)


def _names_extensions(value: Value) -> bool:
    if isinstance(value, Aggregate):
        return any(one.name[0] == "[" or _names_extensions(one.value) for one in value.entries)
    return isinstance(value, ListValue) and any(_names_extensions(one) for one in value.values)


class OptionSetter:
    """Puts the options of one file where they belong."""

    def __init__(self, source: Source, scopes: Scopes, pool: DescriptorPool, steps: Steps) -> None:
        """Take what options are looked up in.

        Args:
            source: The file.
            scopes: Its names.
            pool: Has the file linked without custom options, and all that it imports.
            steps: Counts.
        """
        self._source = source
        self._scopes = scopes
        self._pool = pool
        self._steps = steps
        self._target: int | None = None
        syntax = source.tree.syntax
        self._edition = _EDITIONS.get(syntax or "proto2", Edition.EDITION_PROTO2)

    def set_plain(self, owner: Owner) -> None:
        """Set the options that descriptor.proto knows.

        Raises:
            InvalidSchema: There is no such option, or its value is none of its type.
        """
        options = getattr(owner.descriptor, "options")  # noqa: B009 - of many classes
        for option in owner.options:
            if not is_custom(option):
                self._set(option, options, owner.scope)

    def set_custom(self, owner: Owner) -> None:
        """Set the options that are extensions, behind those that ``set_plain`` has set.

        Raises:
            InvalidSchema: There is no such extension, or its value is none of its type.
        """
        custom = [one for one in owner.options if is_custom(one)]
        if not custom:
            return
        options = getattr(owner.descriptor, "options")  # noqa: B009 - of many classes
        options.SetInParent()
        try:
            known = self._pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        except KeyError as error:
            where = self._source.where(custom[0].position)
            raise InvalidSchema(where, f"unknown option {_written(custom[0])}") from error
        dynamic = GetMessageClass(known)()
        dynamic.MergeFromString(options.SerializeToString(deterministic=True))
        for option in custom:
            self._set(option, dynamic, owner.scope)
        options.ParseFromString(dynamic.SerializeToString(deterministic=True))

    def _set(self, option: Option, options: PbMessage, scope: str) -> None:
        self._steps.take()
        self._target = _TARGETS.get(options.DESCRIPTOR.name)
        try:
            message: Any = options
            for part in option.name[:-1]:
                field = self._field(part, message.DESCRIPTOR, scope)
                self._check_use(field)
                if field.message_type is None or field.is_repeated:
                    raise ValueError(f"{part.name!r} has no fields that could be set one by one")
                message = _get(message, field)
                message.SetInParent()
            field = self._field(option.name[-1], message.DESCRIPTOR, scope)
            if not field.is_repeated and _has(message, field):
                raise ValueError("is set already")
            self._put(message, field, option.value, scope, is_text=False)
        except (ValueError, TypeError) as error:
            where = self._source.where(option.position)
            raise InvalidSchema(where, f"option {_written(option)}: {error}") from error

    def _check_use(self, field: FieldDescriptor) -> None:
        """Refuse an option that is not for what it stands at, or not for the file's edition."""
        options = field.GetOptions()
        if options.targets and self._target not in options.targets:
            raise ValueError(f"{field.full_name} is not for what it stands at")
        check_support(field.full_name, options.feature_support, self._edition)

    def _field(self, part: NamePart, within: Descriptor, scope: str) -> FieldDescriptor:
        if not part.is_extension:
            field = within.fields_by_name.get(part.name)
            if field is None or part.name == "uninterpreted_option":
                raise ValueError("there is no such option")
            return field
        symbol = self._scopes.any_of(part.name, scope, self._source.path)
        if symbol is None or symbol.kind is not SymbolKind.EXTENSION:
            raise ValueError(f"{part.name!r} is no extension")
        return self._extension(symbol.full_name, within)

    def _extension(self, full_name: str, within: Descriptor) -> FieldDescriptor:
        try:
            field: FieldDescriptor = self._pool.FindExtensionByName(full_name)
        except KeyError as error:
            raise ValueError(f"{full_name!r} is no extension") from error
        extendee = field.containing_type
        if extendee is None or extendee.full_name != within.full_name:
            raise ValueError(f"{full_name!r} does not extend {within.full_name}")
        return field

    def _put(
        self,
        message: Any,
        field: FieldDescriptor,
        value: Value,
        scope: str,
        *,
        is_text: bool = True,
    ) -> None:
        """Set a field, or add to it if it is repeated.

        Args:
            message: Whose field it is.
            field: The field.
            value: As it is written.
            scope: In which names of extensions are looked up.
            is_text: Whether it is written in text format, which is looser.
        """
        self._steps.take()
        self._check_use(field)
        if isinstance(value, ListValue):
            if not field.is_repeated:
                raise ValueError(f"{field.name} takes one value, not a list")
            for one in value.values:
                self._put(message, field, one, scope)
        elif field.message_type is not None:
            self._put_message(message, field, value, scope)
        elif isinstance(value, Aggregate):
            raise ValueError(f"{field.name} takes a single value")
        else:
            scalar = scalar_value(field, value, self._edition, is_text=is_text)
            if field.is_repeated:
                _get(message, field).append(scalar)
            elif field.is_extension:
                message.Extensions[field] = scalar
            else:
                setattr(message, field.name, scalar)

    def _put_message(self, message: Any, field: FieldDescriptor, value: Value, scope: str) -> None:
        if not isinstance(value, Aggregate):
            raise ValueError(f"{field.name} takes a value in braces")
        kind = field.message_type
        assert kind is not None, "the caller has looked"
        if field.is_repeated and kind.GetOptions().map_entry:
            self._put_map_entry(_get(message, field), kind, value, scope)
            return
        made = _get(message, field).add() if field.is_repeated else _get(message, field)
        made.SetInParent()
        self._fill(made, value, scope)

    def _put_map_entry(self, map_: Any, kind: Descriptor, value: Aggregate, scope: str) -> None:
        entry: Any = GetMessageClass(kind)()
        self._fill(entry, value, scope)
        if kind.fields_by_name["value"].message_type is None:
            map_[entry.key] = entry.value
        else:
            map_[entry.key].CopyFrom(entry.value)

    def _fill(self, message: Any, value: Aggregate, scope: str) -> None:
        """Fill a message in as the text format says."""
        seen: set[str] = set()
        oneofs: set[str] = set()
        for entry in value.entries:
            if entry.name.startswith("[") and "/" in entry.name:
                self._fill_any(message, entry.name[1:-1], entry.value, scope)
                continue
            field = self._entry_field(entry.name, message.DESCRIPTOR, scope)
            if not field.is_repeated:
                if entry.name in seen:
                    raise ValueError(f"{entry.name} is set twice")
                seen.add(entry.name)
            if field.containing_oneof is not None:
                if field.containing_oneof.name in oneofs:
                    raise ValueError(f"{entry.name}: another of its oneof is set")
                oneofs.add(field.containing_oneof.name)
            self._put(message, field, entry.value, scope)

    def _entry_field(self, name: str, within: Descriptor, scope: str) -> FieldDescriptor:
        if name.startswith("["):
            symbol = self._scopes.any_of(name[1:-1], scope, self._source.path)
            return self._extension(symbol.full_name if symbol else name[1:-1], within)
        field = within.fields_by_name.get(name)
        if field is None or field.type == FieldDescriptor.TYPE_GROUP:
            lower = within.fields_by_name.get(name.lower())
            if lower is not None and lower.type == FieldDescriptor.TYPE_GROUP:
                kind = lower.message_type
                field = lower if field is lower or (kind and kind.name == name) else None
        if field is None:
            raise ValueError(f"{within.full_name} has no field {name!r}")
        return field

    def _fill_any(self, message: Any, url: str, value: Value, scope: str) -> None:
        if message.DESCRIPTOR.full_name != _ANY:
            raise ValueError(f"[{url}] stands in no {_ANY}")
        if not isinstance(value, Aggregate):
            raise ValueError(f"[{url}] takes a value in braces")
        try:
            kind = self._pool.FindMessageTypeByName(url.rsplit("/", 1)[1])
        except KeyError as error:
            raise ValueError(f"{url!r} is no type") from error
        inner: Any = GetMessageClass(kind)()
        self._fill(inner, value, scope)
        message.type_url = url
        message.value = inner.SerializeToString(deterministic=True)


def _get(message: Any, field: FieldDescriptor) -> Any:
    return message.Extensions[field] if field.is_extension else getattr(message, field.name)


def _has(message: Any, field: FieldDescriptor) -> bool:
    """Return whether a field is set; one without presence, whether it is not its default."""
    if field.is_extension:
        found: bool = message.HasExtension(field)
    elif field.has_presence:
        found = message.HasField(field.name)
    else:
        found = getattr(message, field.name) != field.default_value
    return found


def _written(option: Option) -> str:
    return ".".join(f"({part.name})" if part.is_extension else part.name for part in option.name)


def check_support(name: str, support: FieldOptions.FeatureSupport, edition: int) -> None:
    """Refuse what an edition does not have yet, or no longer.

    Raises:
        ValueError: It does not.
    """
    if support.edition_introduced > edition:
        raise ValueError(f"{name} came with a later edition")
    if support.HasField("edition_removed") and support.edition_removed <= edition:
        raise ValueError(f"{name} is gone in this edition")


def scalar_value(
    field: FieldDescriptor, value: Scalar, edition: int, *, is_text: bool = False
) -> object:
    """Return the value of a scalar field.

    Args:
        field: The field.
        value: As it is written.
        edition: Of the file it is written in.
        is_text: Whether it is written in text format, which is looser.

    Raises:
        ValueError: It is none of its type.
    """
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _enum_number(field, value, edition, is_text=is_text)
    if field.type == FieldDescriptor.TYPE_BOOL:
        words = _TEXT_BOOLEANS if is_text else _BOOLEANS
        if value.kind is ValueKind.STRING or value.text not in words:
            raise ValueError("expected true or false")
        return words[value.text]
    word = WORDS[field.type]  # type: ignore[index]
    if word in INTEGER_RANGES:
        return integer_value(value, *INTEGER_RANGES[word])
    if word in ("float", "double"):
        if is_text and value.kind is ValueKind.WORD:
            text = value.text.replace("infinity", "inf")
            return float_value(Scalar(value.kind, text))
        return float_value(value)
    if value.kind is not ValueKind.STRING:
        raise ValueError("expected a string")
    return value.content if word == "bytes" else value.content.decode()


def _enum_number(field: FieldDescriptor, value: Scalar, edition: int, *, is_text: bool) -> int:
    kind = field.enum_type
    assert kind is not None, "the caller has looked"
    if is_text and value.kind is ValueKind.INTEGER:
        number = integer_value(value, *INTEGER_RANGES["int32"])
        if kind.is_closed and number not in kind.values_by_number:
            raise ValueError(f"{kind.full_name} has no value {number}")
        return number
    found = kind.values_by_name.get(value.text)
    if value.kind is not ValueKind.WORD or found is None:
        raise ValueError(f"{kind.full_name} has no value {value.text[:40]!r}")
    check_support(found.name, found.GetOptions().feature_support, edition)
    if found.number == 0 and kind.full_name.startswith(_FEATURES):
        raise ValueError(f"{found.name} is no choice")
    return int(found.number)
