"""Linker: a schema's files made to descriptors, checked, and linked by Google's pool.

A file goes through in steps: its descriptor with names resolved and plain options set; our checks
and the pool's; then custom options, which need the file's own extensions and those of its imports
linked. The pool that comes out has all of it.
Called by: schema. Calls: descriptor_builder, option_setter, validation.
"""

from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.descriptors.descriptor_builder import Built, build_descriptor
from schema_registry.formats.protobuf.descriptors.option_setter import OptionSetter, is_custom
from schema_registry.formats.protobuf.files.scopes import Scopes
from schema_registry.formats.protobuf.files.sources import ROOT_PATH, Source, Sources
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.rules.validation import validate


@dataclass(frozen=True)
class Linked:
    """A schema with its descriptors."""

    scopes: Scopes
    descriptor: FileDescriptorProto
    """Of the schema's own file, custom options in it."""

    pool: DescriptorPool
    """Has every file."""


def link(sources: Sources, steps: Steps, *, strict: bool = True) -> Linked:
    """Return a schema with its descriptors.

    Args:
        sources: The schema's file and all that it imports.
        steps: Counts.
        strict: Whether the schema's own file is checked for what the pool lets pass.

    Raises:
        InvalidSchema: It makes no sense; says where.
    """
    scopes = Scopes(sources, steps)
    linking = _Linking(scopes, steps)
    for source in sources.files.values():
        linking.add(source, strict=strict and not source.is_built_in)
    return Linked(scopes, linking.descriptors[ROOT_PATH], linking.pool())


class _Linking:
    def __init__(self, scopes: Scopes, steps: Steps) -> None:
        self._scopes = scopes
        self._steps = steps
        self._checking = DescriptorPool()
        """Has every file without custom options."""

        self.descriptors: dict[str, FileDescriptorProto] = {}
        self._has_custom_options = False

    def add(self, source: Source, *, strict: bool) -> None:
        built = build_descriptor(source, self._scopes)
        setter = OptionSetter(source, self._scopes, self._checking, self._steps)
        for owner in built.owners:
            setter.set_plain(owner)
        if strict:
            validate(source, built.descriptor, self._scopes, self._steps)
        self._link(source, built)
        for owner in built.owners:
            setter.set_custom(owner)
        custom = any(is_custom(one) for owner in built.owners for one in owner.options)
        self._has_custom_options = self._has_custom_options or custom
        self.descriptors[source.path] = built.descriptor

    def _link(self, source: Source, built: Built) -> None:
        """Add a file to the pool, which refuses what it cannot link."""
        try:
            self._checking.AddSerializedFile(_linkable(built.descriptor).SerializeToString())
            self._checking.FindFileByName(source.path)
        except (TypeError, KeyError) as error:
            raise InvalidSchema(source.whole, _reason(str(error))) from error

    def pool(self) -> DescriptorPool:
        """Return a pool of all files with all of their options."""
        if not self._has_custom_options:
            return self._checking
        pool = DescriptorPool()
        for descriptor in self.descriptors.values():
            pool.AddSerializedFile(_linkable(descriptor).SerializeToString())
        return pool


def _linkable(descriptor: FileDescriptorProto) -> FileDescriptorProto:
    """Return a descriptor without JSON names that clash.

    proto2 lets them clash, and protoc links them; upb does not. The later field of two is then
    only known by its own name in JSON.
    """
    waiting = list(descriptor.message_type)
    clashes = False
    while waiting:
        message = waiting.pop()
        names = [field.json_name for field in message.field]
        clashes = clashes or len(set(names)) != len(names)
        waiting.extend(message.nested_type)
    if not clashes:
        return descriptor
    copy = FileDescriptorProto()
    copy.CopyFrom(descriptor)
    waiting = list(copy.message_type)
    while waiting:
        message = waiting.pop()
        waiting.extend(message.nested_type)
        seen: set[str] = set()
        for field in message.field:
            if field.json_name in seen:
                field.json_name = f"[{field.name}]"
            seen.add(field.json_name)
    return copy


def _reason(message: str) -> str:
    """Return the pool's reason without what is said around it."""
    return message.removeprefix("Couldn't build proto file into descriptor pool: ").strip("\"'")
