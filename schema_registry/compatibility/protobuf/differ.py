"""Differ: all differences of two Protobuf schemas.

Messages and enums are compared by name, fields by number across the whole message: which oneof a
field is in is looked at by itself. A message that a field leads to is compared by its local name
if it is declared beside the field in both schemas, because it is compared there; if one of the two
comes from an import, what is in it is compared as well. Each pair of messages is compared once;
what breaks in it then breaks the fields that lead to it.

Two things Confluent's registry does not see are seen here: groups are fields, and a feature may
make a field required. One thing is left as it is there, though data can be lost: a number of
proto3 that becomes repeated, or is no longer, has no label on one side, and then labels are not
compared.
Called by: verdict. Calls: views.
Source: Confluent's registry 8.4 (reference of the registry, 2.3).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from schema_registry.compatibility.protobuf.difference import Difference, Kind
from schema_registry.compatibility.protobuf.views import (
    FieldView,
    MessageView,
    ScalarKind,
    TypeKind,
    TypeView,
)
from schema_registry.formats.protobuf.files.scopes import joined
from schema_registry.formats.protobuf.files.sources import ROOT_PATH
from schema_registry.formats.protobuf.limits import DIFFERENCES_MAX, Steps
from schema_registry.formats.protobuf.schema import ProtobufSchema
from schema_registry.formats.protobuf.text.syntax_tree import Enum, Message

_Path: TypeAlias = tuple[str, ...]
_Pair: TypeAlias = tuple[str, str]
"""Full names of a writer's and a reader's message."""


@dataclass(frozen=True, slots=True)
class _Use:
    """A pair of messages within another: declared in it, or led to by its fields."""

    user: _Pair
    fields: tuple[FieldView, FieldView] | None
    path: _Path


def differences(
    reader: ProtobufSchema, writer: ProtobufSchema, steps: Steps | None = None
) -> list[Difference]:
    """Return how a reader's schema differs from a writer's, harmless differences too."""
    differ = _Differ(steps or Steps())
    differ.files(writer, reader)
    return differ.found


class _Differ:
    def __init__(self, steps: Steps) -> None:
        self.found: list[Difference] = []
        self._steps = steps
        self._seen: set[_Pair] = set()
        self._waiting: list[tuple[MessageView, MessageView]] = []
        """Pairs that fields lead to, to be compared after those that are declared here."""

        self._current: _Pair = ("", "")
        self._broken: set[_Pair] = set()
        """Pairs in which something breaks readers."""

        self._uses: dict[_Pair, list[_Use]] = {}
        """Where each pair is used: it breaks what uses it."""

    def _add(self, kind: Kind, path: _Path, reader: object = None, writer: object = None) -> None:
        difference = Difference(kind, "#/" + "/".join(path), _text(reader), _text(writer))
        if not difference.is_harmless:
            self._broken.add(self._current)
        if len(self.found) < DIFFERENCES_MAX or not difference.is_harmless:
            self.found.append(difference)

    def files(self, writer: ProtobufSchema, reader: ProtobufSchema) -> None:
        if writer.tree.package != reader.tree.package:
            self._add(Kind.PACKAGE_CHANGED, (), reader.tree.package, writer.tree.package)
        writers = [_top(writer, one) for one in writer.tree.messages]
        readers = [_top(reader, one) for one in reader.tree.messages]
        self._messages(writers, readers, ())
        self._enums(writer.tree.enums, reader.tree.enums, ())
        while self._waiting:
            written, read = self._waiting.pop()
            self._message(written, read, tuple(read.local_name.split(".")))
        self._spread()

    def _spread(self) -> None:
        """Note the fields that lead to what breaks, and what breaks because of them."""
        broken = list(self._broken)
        while broken:
            pair = broken.pop()
            for use in self._uses.pop(pair, ()):
                self._current = use.user
                known = use.user in self._broken
                if use.fields is not None:
                    written, read = use.fields
                    self._add(Kind.FIELD_NAMED_TYPE_CHANGED, use.path, read, written)
                self._broken.add(use.user)
                if not known:
                    broken.append(use.user)

    def _messages(
        self, writers: Sequence[MessageView], readers: Sequence[MessageView], path: _Path
    ) -> None:
        in_writer = {one.node.name: (index, one) for index, one in enumerate(writers)}
        in_reader = {one.node.name: (index, one) for index, one in enumerate(readers)}
        for name in _names(in_writer, in_reader):
            at = (*path, name)
            writer_index, writer = in_writer.get(name, (-1, None))
            reader_index, reader = in_reader.get(name, (-1, None))
            if writer is None or reader is None:
                only = writer or reader
                assert only is not None
                if not only.node.is_map_entry:
                    kind = Kind.MESSAGE_REMOVED if reader is None else Kind.MESSAGE_ADDED
                    self._add(kind, at, reader and f"message {name}", writer and f"message {name}")
                continue
            self._message(writer, reader, at)
            if writer_index != reader_index:
                self._add(Kind.MESSAGE_MOVED, at, reader_index, writer_index)

    def _enums(self, writers: Iterable[Enum], readers: Iterable[Enum], path: _Path) -> None:
        in_writer = {one.name: one for one in writers}
        in_reader = {one.name: one for one in readers}
        for name in _names(in_writer, in_reader):
            at = (*path, name)
            if name not in in_reader:
                self._add(Kind.ENUM_REMOVED, at, None, f"enum {name}")
            elif name not in in_writer:
                self._add(Kind.ENUM_ADDED, at, f"enum {name}", None)
            else:
                self._enum(in_writer[name], in_reader[name], at)

    def _enum(self, writer: Enum, reader: Enum, path: _Path) -> None:
        in_writer = {one.number: one.name for one in writer.values}
        in_reader = {one.number: one.name for one in reader.values}
        for number in sorted(in_writer.keys() | in_reader.keys()):
            self._steps.take()
            at = (*path, str(number))
            writes, reads = in_writer.get(number), in_reader.get(number)
            if reads is None:
                self._add(Kind.ENUM_CONST_REMOVED, at, None, writes)
            elif writes is None:
                self._add(Kind.ENUM_CONST_ADDED, at, reads, None)
            elif reads != writes:
                self._add(Kind.ENUM_CONST_CHANGED, at, reads, writes)

    def _message(self, writer: MessageView, reader: MessageView, path: _Path) -> None:
        """Compare two messages that were not compared yet, and what is declared in them."""
        pair = (writer.full_name, reader.full_name)
        if pair in self._seen:
            return
        self._seen.add(pair)
        outer, self._current = self._current, pair
        self._uses.setdefault(pair, []).append(_Use(outer, None, path))
        self._oneofs(writer, reader, path)
        for number in sorted(writer.fields.keys() | reader.fields.keys()):
            self._steps.take()
            self._field(writer, reader, number, path)
        self._messages(
            [writer.inner(one) for one in writer.messages],
            [reader.inner(one) for one in reader.messages],
            path,
        )
        self._enums(writer.enums, reader.enums, path)
        self._current = outer

    def _oneofs(self, writer: MessageView, reader: MessageView, path: _Path) -> None:
        in_writer, in_reader = writer.oneofs, reader.oneofs
        for name, oneof in in_reader.items():
            numbers = [one.number for one in oneof.members]
            self._exclusions(writer, numbers, (*path, name))
        for name in _names(in_writer, in_reader):
            if name not in in_reader:
                self._add(Kind.ONEOF_REMOVED, (*path, name), None, f"oneof {name}")
            elif name not in in_writer:
                self._add(Kind.ONEOF_ADDED, (*path, name), f"oneof {name}", None)

    def _exclusions(self, writer: MessageView, numbers: Sequence[int], path: _Path) -> None:
        """Note when fields exclude each other that the writer may set together."""
        known = [writer.fields[one] for one in numbers if one in writer.fields]
        alone = [one for one in known if one.oneof is None]
        origins = len(alone) + len({one.oneof for one in known if one.oneof is not None})
        if origins > 1:
            several = len(alone) > 1
            kind = (
                Kind.MULTIPLE_FIELDS_MOVED_TO_ONEOF
                if several
                else Kind.FIELD_MOVED_TO_EXISTING_ONEOF
            )
            members = ", ".join(one.name for one in known)
            self._add(kind, path, f"oneof {path[-1]}: {members}", members)

    def _field(self, writer: MessageView, reader: MessageView, number: int, path: _Path) -> None:
        writes, reads = writer.fields.get(number), reader.fields.get(number)
        if reads is None:
            assert writes is not None
            self._removed(writes, reader, path)
        elif writes is None:
            if reads.oneof is not None:
                kind = Kind.ONEOF_FIELD_ADDED
            else:
                kind = Kind.REQUIRED_FIELD_ADDED if reads.is_required else Kind.FIELD_ADDED
            self._add(kind, _place(reads, path), reads)
        else:
            at = _place(reads, path)
            if writes.oneof is not None and reads.oneof is None:
                self._add(Kind.ONEOF_FIELD_MOVED_TO_TOP_LEVEL, at, reads, writes)
            self._same_field(writes, reads, at)

    def _removed(self, writes: FieldView, reader: MessageView, path: _Path) -> None:
        at = _place(writes, path)
        if writes.oneof is None:
            kind = Kind.REQUIRED_FIELD_REMOVED if writes.is_required else Kind.FIELD_REMOVED
            self._add(kind, at, None, writes)
        elif not _is_gone(writes.oneof, writes.message, reader):
            self._add(Kind.ONEOF_FIELD_REMOVED, at, None, writes)

    def _same_field(self, writes: FieldView, reads: FieldView, path: _Path) -> None:
        if writes.name != reads.name:
            self._add(Kind.FIELD_NAME_CHANGED, path, reads, writes)
        self._types(writes.type, reads.type, (writes, reads), path)
        written, read = writes.type.scalar, reads.type.scalar
        labels = (writes.label, reads.label)
        if written is None or written is not read or None in labels or labels[0] is labels[1]:
            return
        is_text = written is ScalarKind.STRING_OR_BYTES
        kind = (
            Kind.FIELD_STRING_OR_BYTES_LABEL_CHANGED
            if is_text
            else Kind.FIELD_NUMERIC_LABEL_CHANGED
        )
        self._add(kind, path, reads, writes)

    def _types(
        self, writes: TypeView, reads: TypeView, fields: tuple[FieldView, FieldView], path: _Path
    ) -> None:
        written, read = fields
        if writes.kind is not reads.kind:
            self._add(Kind.FIELD_KIND_CHANGED, path, read, written)
        elif writes.kind is TypeKind.SCALAR:
            if writes.scalar is not reads.scalar:
                self._add(Kind.FIELD_SCALAR_KIND_CHANGED, path, read, written)
        elif writes.kind is TypeKind.MAP:
            for part, other in ((writes.key, reads.key), (writes.value, reads.value)):
                assert part is not None
                assert other is not None
                self._types(part, other, fields, path)
        else:
            assert writes.message is not None
            assert reads.message is not None
            self._named_types(writes.message, reads.message, fields, path)

    def _named_types(
        self,
        writer: MessageView,
        reader: MessageView,
        fields: tuple[FieldView, FieldView],
        path: _Path,
    ) -> None:
        """Compare two messages that fields lead to: one by name, maybe in two versions."""
        if writer.local_name != reader.local_name:
            self._add(Kind.FIELD_NAMED_TYPE_CHANGED, path, fields[1], fields[0])
        elif not (writer.is_local and reader.is_local) and writer.node is not reader.node:
            self._waiting.append((writer, reader))
            pair = (writer.full_name, reader.full_name)
            self._uses.setdefault(pair, []).append(_Use(self._current, fields, path))


def _names(writer: Iterable[str], reader: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*writer, *reader)))


def _top(schema: ProtobufSchema, message: Message) -> MessageView:
    package = schema.tree.package or ""
    return MessageView(schema, message, joined(package, message.name), ROOT_PATH)


def _place(field: FieldView, path: _Path) -> _Path:
    number = str(field.node.number)
    return (*path, number) if field.oneof is None else (*path, field.oneof, number)


def _is_gone(oneof: str, writer: MessageView, reader: MessageView) -> bool:
    """Return whether a oneof is gone as a whole: its name and all that was in it."""
    if oneof in reader.oneofs:
        return False
    members = writer.oneofs[oneof].members
    return not any(one.number in reader.fields for one in members)


def _text(side: object) -> str | None:
    if side is None:
        return None
    return side.text() if isinstance(side, FieldView) else str(side)
