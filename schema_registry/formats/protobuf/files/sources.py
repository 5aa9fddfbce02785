"""Sources: a schema's file and all that it imports, each once, what is imported first.

An import leads to a reference of that name, or to a file that is built in; there is no other
place where files come from. A reference under the name of a built-in file is not looked at:
clients register Google's types as they have them, and there must be one of each.
Called by: schema. Calls: parser, built_in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.files import built_in
from schema_registry.formats.protobuf.files.descriptor_reader import parse_descriptor, tree_of
from schema_registry.formats.protobuf.limits import (
    CLOSURE_BYTES_MAX,
    DESCRIPTOR_BYTES_MAX,
    Steps,
    bound,
)
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.syntax_tree import ImportKind, ProtoFile
from schema_registry.formats.protobuf.text.tokenizer import Places
from schema_registry.formats.schema_format import REFERENCES_MAX, SCHEMA_TEXT_BYTES_MAX
from schema_registry.model import ResolvedReference

ROOT_PATH = "default"
"""Path of the schema itself, which has none."""


@dataclass(frozen=True)
class Source:
    """One file."""

    path: str
    tree: ProtoFile
    text: str | None
    """None if it came as a descriptor, or is built in."""

    is_built_in: bool = False
    descriptor: FileDescriptorProto | None = None
    """What it came as, if not as a text."""

    @property
    def whole(self) -> str:
        """The place of all of it, for a message."""
        return "" if self.path == ROOT_PATH else self.path

    def where(self, position: int) -> str:
        """Return the place of a position for a message."""
        if self.text is None:
            return self.whole
        place = self._places.of(position)
        return place if self.path == ROOT_PATH else f"{self.path}:{place}"

    @cached_property
    def _places(self) -> Places:
        assert self.text is not None
        return Places(self.text)


@dataclass(frozen=True)
class Sources:
    """Files by path, each behind those that it imports; the schema's own is the last."""

    files: Mapping[str, Source]

    @property
    def root(self) -> Source:
        """The schema's own file."""
        return self.files[ROOT_PATH]

    @cached_property
    def all_visible(self) -> dict[str, tuple[Source, ...]]:
        """Files whose names each file may use: itself, its imports and what they pass on."""
        return {path: tuple(self._visible(source)) for path, source in self.files.items()}

    def visible(self, path: str) -> tuple[Source, ...]:
        """Return the files whose names a file may use."""
        return self.all_visible[path]

    def _visible(self, source: Source) -> Iterator[Source]:
        seen = {source.path}
        yield source
        waiting = [one.path for one in reversed(source.tree.imports)]
        while waiting:
            path = waiting.pop()
            if path in seen or path not in self.files:
                continue
            seen.add(path)
            yield self.files[path]
            imports = self.files[path].tree.imports
            waiting += [one.path for one in imports if one.kind is ImportKind.PUBLIC]


def collect(text: str, references: Sequence[ResolvedReference], steps: Steps) -> Sources:
    """Return a schema's file and all that it imports.

    Raises:
        InvalidSchema: A text is none, or an import leads nowhere or in a circle.
    """
    texts = _flat(references)
    bound("references", len(texts), REFERENCES_MAX)
    size = sum(len(one) for one in texts.values()) + len(text)
    bound("characters of a schema and its references", size, CLOSURE_BYTES_MAX)
    root = parse_source(ROOT_PATH, text, steps)
    return Sources(_Collecting(texts, steps).all_of(root))


def parse_source(path: str, text: str, steps: Steps) -> Source:
    """Return the file of a text, which may be a descriptor in base64.

    Raises:
        InvalidSchema: It is neither; the place names the path, unless it is the schema's own.
    """
    try:
        bound("bytes", len(text), SCHEMA_TEXT_BYTES_MAX)
        try:
            bound("bytes", len(text.encode()), SCHEMA_TEXT_BYTES_MAX)
        except UnicodeEncodeError as error:
            raise InvalidSchema("", "the text is no Unicode") from error
        descriptor = parse_descriptor(text, DESCRIPTOR_BYTES_MAX)
        if descriptor is not None:
            return Source(path, tree_of(descriptor), None, descriptor=descriptor)
        return Source(path, parse_proto(text, steps), text)
    except InvalidSchema as error:
        if path == ROOT_PATH:
            raise
        inner = f"{path}:{error.path}" if error.path else path
        raise type(error)(inner, error.message) from error


def _flat(references: Sequence[ResolvedReference]) -> dict[str, str]:
    """Return the texts of all references, whatever their level, by name."""
    texts: dict[str, str] = {}
    waiting = list(reversed(references))
    while waiting:
        reference = waiting.pop()
        known = texts.get(reference.name)
        if known is None:
            texts[reference.name] = reference.text
            waiting += reversed(reference.references)
        elif known != reference.text:
            raise InvalidSchema(reference.name, "two references of this name differ")
    return texts


class _Collecting:
    """Follows imports, each file once."""

    def __init__(self, texts: Mapping[str, str], steps: Steps) -> None:
        self._texts = texts
        self._steps = steps
        self._files: dict[str, Source] = {}

    def all_of(self, root: Source) -> dict[str, Source]:
        """Return the files that a file needs, and itself, in the order in which they link."""
        open_files: list[tuple[Source, Iterator[str]]] = [(root, _imported(root))]
        opened = {root.path}
        while open_files:
            source, imports = open_files[-1]
            path = next((one for one in imports if one not in self._files), None)
            if path is None:
                self._files[source.path] = source
                open_files.pop()
            elif path in opened:
                chain = " -> ".join(one.path for one, _ in open_files)
                raise InvalidSchema(source.path, f"imports go in a circle: {chain} -> {path}")
            else:
                opened.add(path)
                found = self._open(path, source)
                open_files.append((found, _imported(found)))
        return self._files

    def _open(self, path: str, importer: Source) -> Source:
        tree = built_in.tree(path)
        if tree is not None:
            return Source(path, tree, None, is_built_in=True)
        text = self._texts.get(path)
        if text is None or path == ROOT_PATH:
            at = next(one for one in importer.tree.imports if one.path == path)
            raise InvalidSchema(
                importer.where(at.position), f"{path!r} is imported, but is no reference"
            )
        return parse_source(path, text, self._steps)


def _imported(source: Source) -> Iterator[str]:
    return iter([one.path for one in source.tree.imports])
