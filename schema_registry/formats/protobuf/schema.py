"""A Protobuf schema: its tree, its forms, and its linked descriptors.

Called by: protobuf_format, compatibility. Calls: sources, linker, canonical, normalizer, printer.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as PbMessage
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from schema_registry.errors import SchemaFormatUnsupported
from schema_registry.formats.protobuf.files.descriptor_reader import Known, tree_of
from schema_registry.formats.protobuf.files.scopes import Scopes, joined
from schema_registry.formats.protobuf.files.sources import ROOT_PATH, Sources, collect
from schema_registry.formats.protobuf.limits import Steps
from schema_registry.formats.protobuf.linker import Linked, link
from schema_registry.formats.protobuf.message_indexes import FIRST_MESSAGE, all_messages
from schema_registry.formats.protobuf.normalizer import normalized_tree
from schema_registry.formats.protobuf.text.canonical import in_canonical_order, without_extensions
from schema_registry.formats.protobuf.text.printer import print_proto
from schema_registry.formats.protobuf.text.syntax_tree import ProtoFile
from schema_registry.model import ResolvedReference, SchemaType


@dataclass(frozen=True)
class ProtobufSchema:
    """A schema that was read and linked."""

    linked: Linked
    schema_type: SchemaType = SchemaType.PROTOBUF

    @property
    def tree(self) -> ProtoFile:
        """What the text says."""
        return self.linked.scopes.sources.root.tree

    @property
    def scopes(self) -> Scopes:
        """All names of the schema and of what it imports."""
        return self.linked.scopes

    @property
    def descriptor(self) -> FileDescriptorProto:
        """The schema as a descriptor."""
        return self.linked.descriptor

    @property
    def pool(self) -> DescriptorPool:
        """Has the schema and all that it imports."""
        return self.linked.pool

    def canonical(self) -> str:
        """Return the text that is stored, and compared for identity."""
        return self._canonical

    @cached_property
    def _canonical(self) -> str:
        return print_proto(self.tree)

    def normalized(self) -> str:
        """Return the text that is stored with ``normalize=true``."""
        return self._normalized

    @cached_property
    def _normalized(self) -> str:
        return print_proto(normalized_tree(self.scopes))

    def formatted(self, name: str) -> str:
        """Return the text as a descriptor (``serialized``) or without its extensions.

        Raises:
            SchemaFormatUnsupported: It is neither ``serialized`` nor ``ignore_extensions``.
        """
        if name in ("", "default"):
            return self.canonical()
        if name == "serialized":
            return base64.b64encode(self.descriptor.SerializeToString()).decode()
        if name == "ignore_extensions":
            return print_proto(without_extensions(self.tree))
        raise SchemaFormatUnsupported(name)

    def record_name(self) -> str | None:
        """Return the full name of the first message, if there is one."""
        return self.message_names.get(FIRST_MESSAGE)

    @cached_property
    def message_names(self) -> Mapping[tuple[int, ...], str]:
        """Full names of the messages of the text by their indexes, outer ones first."""
        package = self.tree.package or ""
        return {at: joined(package, name) for at, name, _ in all_messages(self.tree)}

    @cached_property
    def message_indexes(self) -> Mapping[str, tuple[int, ...]]:
        """Indexes of the messages of the text by their full names."""
        return {name: at for at, name in self.message_names.items()}

    def message_type(self, full_name: str) -> Descriptor:
        """Return the linked descriptor of a message.

        Raises:
            KeyError: There is none of that name.
        """
        found: Descriptor = self.pool.FindMessageTypeByName(full_name)
        return found


def read_schema(
    text: str, references: Sequence[ResolvedReference], steps: Steps, *, strict: bool = True
) -> ProtobufSchema:
    """Return the schema of a text.

    Args:
        text: A ``.proto`` text or a descriptor in base64.
        references: What it imports, all levels.
        steps: Counts.
        strict: Whether to check what protoc checks, or only what is needed to link.

    Raises:
        InvalidSchema: It is none.
    """
    sources = collect(text, references, steps)
    came = (one.descriptor for one in sources.files.values())
    if any(one is not None and _has_unknown_options(one) for one in came):
        sources = _with_custom_options(sources, steps)
    return ProtobufSchema(link(in_order(sources), steps, strict=strict))


def in_order(sources: Sources) -> Sources:
    """Return files with the schema's own in canonical order: what will be stored is judged."""
    root = sources.root
    ordered = replace(root, tree=in_canonical_order(root.tree))
    return Sources({**sources.files, ROOT_PATH: ordered})


def _with_custom_options(sources: Sources, steps: Steps) -> Sources:
    """Read descriptors once more, now that what they import tells their options' extensions."""
    linked = link(sources, steps, strict=False)
    known = known_to(linked.pool)
    files = {
        path: source
        if source.descriptor is None
        else replace(source, tree=tree_of(source.descriptor, known))
        for path, source in sources.files.items()
    }
    return Sources(files)


def known_to(pool: DescriptorPool) -> Known:
    """Return what gives options with the extensions known that a pool has."""

    def known(options: PbMessage) -> PbMessage:
        try:
            kind = pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        except KeyError:
            return options
        found: PbMessage = GetMessageClass(kind)()
        found.MergeFromString(options.SerializeToString())
        return found

    return known


def _has_unknown_options(descriptor: FileDescriptorProto) -> bool:
    """Return whether a descriptor has options that descriptor.proto does not know.

    An extension that some module has loaded into the process counts as unknown: what a schema
    means is told by what it imports, never by what else runs beside it.
    """
    waiting: list[PbMessage] = [descriptor]
    while waiting:
        message = waiting.pop()
        if len(UnknownFieldSet(message)):
            return True
        for field, value in message.ListFields():
            if field.is_extension:
                return True
            if field.message_type is not None:
                waiting.extend(value if field.is_repeated else (value,))
    return False
