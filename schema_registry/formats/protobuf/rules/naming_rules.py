"""Rules of names in edition 2024, whose style is enforced unless a file says otherwise.

Packages and fields are lower_snake_case, messages, enums, services and methods TitleCase, values
UPPER_SNAKE_CASE.
Source: protobuf.dev, "Style Guide" and feature enforce_naming_style; protoc is the oracle.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FeatureSet,
    FileDescriptorProto,
)

from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.rules.rule import refuse

_TITLE = re.compile(r"[A-Z][A-Za-z0-9]*")
_LOWER = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
_UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z][A-Z0-9]*)*")
_PACKAGE = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*(\.[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*)*")


_Name: TypeAlias = tuple[str, re.Pattern[str], str]


def check_names(source: Source, file: FileDescriptorProto) -> None:
    """Refuse a file of edition 2024 with names out of style."""
    if _is_free(file.options):
        return
    for name, style, what in _names(file):
        if not style.fullmatch(name):
            refuse(source, None, f"{name!r} is out of style for {what}")


def _is_free(options: Any) -> bool:
    """Return whether options say that names may be as they are."""
    return bool(options.features.enforce_naming_style == FeatureSet.STYLE_LEGACY)


def _names(file: FileDescriptorProto) -> Iterator[_Name]:
    if file.package:
        yield file.package, _PACKAGE, "a package"
    for message in file.message_type:
        yield from _of_message(message)
    for enum in file.enum_type:
        yield from _of_enum(enum)
    yield from _of(file.extension, _LOWER, "an extension")
    for service in file.service:
        if not _is_free(service.options):
            yield service.name, _TITLE, "a service"
            yield from _of(service.method, _TITLE, "a method")


def _of(parts: Iterable[Any], style: re.Pattern[str], what: str) -> Iterator[_Name]:
    for part in parts:
        if not _is_free(part.options):
            yield part.name, style, what


def _of_message(message: DescriptorProto) -> Iterator[_Name]:
    if _is_free(message.options) or message.options.map_entry:
        return
    yield message.name, _TITLE, "a message"
    yield from _of(message.field, _LOWER, "a field")
    yield from _of(message.extension, _LOWER, "an extension")
    yield from _of(message.oneof_decl, _LOWER, "a oneof")
    for nested in message.nested_type:
        yield from _of_message(nested)
    for enum in message.enum_type:
        yield from _of_enum(enum)


def _of_enum(enum: EnumDescriptorProto) -> Iterator[_Name]:
    if not _is_free(enum.options):
        yield enum.name, _TITLE, "an enum"
        yield from _of(enum.value, _UPPER, "a value")
