"""The texts that make up one schema, and what its references lead to; nothing is ever fetched.

A schema is its own text and those of its references, each a document with a base URI. References
are resolved by the rules of the drafts (``$id``, ``id``, ``$anchor``, JSON pointers) and, as
Confluent's registry does, by the names under which the referenced texts were registered.
``$dynamicRef`` and ``$recursiveRef`` lead to where they lead without a dynamic scope.

Invariants: every subschema that a document holds, or that a reference leads to, has a scope after
``Documents`` is made; every reference of the schema, and of the texts that it leads to, has a
target, or making it was refused.
Called by: schema. Calls: structure, drafts.
Source: JSON Schema core, "base URI, anchors, and dereferencing"; Everit's ReferenceLookup.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema.drafts import Draft, draft_of, is_meta_schema
from schema_registry.formats.json_schema.json_text import escaped, parse_json
from schema_registry.formats.json_schema.limits import SUBSCHEMAS_MAX
from schema_registry.formats.json_schema.structure import check_keywords, subschemas
from schema_registry.formats.schema_format import REFERENCES_MAX
from schema_registry.model import ResolvedReference

REFERENCE_KEYWORDS = ("$ref", "$dynamicRef", "$recursiveRef")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSchema:
    """What a reference to a draft itself leads to: nothing that is looked into."""

    uri: str


@dataclass(slots=True, kw_only=True, eq=False)
class Document:
    """One text."""

    number: int
    """0 is the schema itself, the others are its references."""

    name: str
    """As the reference calls it; empty for the schema itself."""

    root: Any
    uri: str
    draft: Draft
    names: dict[str, "Document"] = field(default_factory=dict)
    """What this text's own references are called."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scope:
    """Where a subschema stands."""

    document: Document
    pointer: str
    base: str
    draft: Draft
    resource: Any
    """The subschema whose ``$id`` set the base, or the document's root."""


class Documents:
    """A schema and all that it refers to, resolved."""

    def __init__(self, root: Any, references: Sequence[ResolvedReference] = ()) -> None:
        """Read the referenced texts and find what every reference leads to.

        Raises:
            InvalidSchema: A text is no schema, or a reference leads nowhere.
            BoundExceeded: There are too many subschemas or references.
        """
        self._scopes: dict[int, Scope] = {}
        self._resources: dict[str, Any] = {}
        self._anchors: dict[tuple[int, str], Any] = {}
        self._names: dict[str, Document] = {}
        self._targets: dict[tuple[int, str], Any] = {}
        self._waiting: list[Mapping[str, Any]] = []
        self._unread: dict[int, list[Mapping[str, Any]]] = {}
        self._reached = {0}
        draft = draft_of(root)
        self.documents = [Document(number=0, name="", root=root, uri="", draft=draft)]
        self._read(self.documents[0], references)
        for document in self.documents:
            if isinstance(document.root, dict):
                self._index(document)
            elif not isinstance(document.root, bool):
                raise InvalidSchema("", "a schema is an object, true or false")
        self._resolve_all()

    @property
    def root(self) -> Any:
        """The schema itself."""
        return self.documents[0].root

    @property
    def is_alone(self) -> bool:
        """Whether there is no text but the schema's own."""
        return len(self.documents) == 1

    @property
    def referenced(self) -> list[Document]:
        """The other texts that a reference leads to, at whatever remove."""
        return [one for one in self.documents[1:] if one.number in self._reached]

    def is_schema(self, value: Mapping[str, Any]) -> bool:
        """Return whether an object of these documents is a subschema."""
        return id(value) in self._scopes

    def scope(self, schema: Mapping[str, Any]) -> Scope:
        """Return where a subschema of these documents stands."""
        return self._scopes[id(schema)]

    def target(self, schema: Mapping[str, Any], keyword: str) -> Any:
        """Return what a reference of a subschema leads to: a subschema or a ``MetaSchema``."""
        return self._targets[id(schema), keyword]

    def reference_keywords(self, schema: Mapping[str, Any]) -> Iterator[str]:
        """Yield the keywords of a subschema that are references."""
        for keyword in REFERENCE_KEYWORDS:
            if (id(schema), keyword) in self._targets:
                yield keyword

    def __iter__(self) -> Iterator[tuple[Mapping[str, Any], Scope]]:
        """Yield every subschema that is an object, with its scope."""
        return iter(self._all)

    def _read(self, root: Document, references: Sequence[ResolvedReference]) -> None:
        """Parse the referenced texts, each once, level by level."""
        known: dict[tuple[str, str], Document] = {}
        level = [(root, tuple(references))]
        while level:
            below = []
            for document, named in level:
                for reference in named:
                    key = (reference.name, reference.text)
                    if key not in known:
                        known[key] = self._add(reference, document)
                        below.append((known[key], reference.references))
                    document.names[_bare(reference.name)] = known[key]
                    self._names.setdefault(_bare(reference.name), known[key])
            level = below

    def _add(self, reference: ResolvedReference, referrer: Document) -> Document:
        if len(self.documents) > REFERENCES_MAX:
            raise BoundExceeded("", f"more than {REFERENCES_MAX} references")
        try:
            root = parse_json(reference.text)
        except InvalidSchema as error:
            raise InvalidSchema(error.path, f"{reference.name}: {error.message}") from error
        document = Document(
            number=len(self.documents),
            name=reference.name,
            root=root,
            uri=_join(_own_uri(referrer.root, referrer.draft) or referrer.uri, reference.name),
            draft=draft_of(root, otherwise=referrer.draft),
        )
        self.documents.append(document)
        return document

    def _index(self, document: Document) -> None:
        scope = Scope(
            document=document,
            pointer="",
            base=document.uri,
            draft=document.draft,
            resource=document.root,
        )
        self._resources.setdefault(_bare(document.uri), document.root)
        self._walk(document.root, scope)

    def _walk(self, schema: Mapping[str, Any], scope: Scope) -> None:
        """Check and scope a subschema and all inside it."""
        stack: list[tuple[Mapping[str, Any], Scope]] = [(schema, scope)]
        while stack:
            schema, scope = stack.pop()
            if id(schema) in self._scopes:
                continue
            if len(self._scopes) >= SUBSCHEMAS_MAX:
                raise BoundExceeded("", f"more than {SUBSCHEMAS_MAX} subschemas")
            scope = self._identified(schema, scope)
            self._scopes[id(schema)] = scope
            self._unread.setdefault(scope.document.number, []).append(schema)
            alone = "$ref" in schema and not scope.draft.is_modern
            check_keywords(
                {"$ref": schema["$ref"]} if alone else schema, scope.draft, scope.pointer
            )
            for way, inner in subschemas(schema):
                if isinstance(inner, dict):
                    stack.append((inner, _below(scope, way)))
                elif not isinstance(inner, bool):
                    raise InvalidSchema(scope.pointer + way, "a schema is an object, true or false")

    def _identified(self, schema: Mapping[str, Any], scope: Scope) -> Scope:
        """Return the scope that a subschema's own ``$id`` makes, and note its anchors."""
        own = schema.get(scope.draft.id_keyword)
        is_root = schema is scope.document.root
        if isinstance(own, str) and (scope.draft.is_modern or "$ref" not in schema or is_root):
            uri, _, anchor = own.partition("#")
            if anchor:
                self._anchors.setdefault((id(scope.resource), anchor), schema)
            if uri:
                base = _join(scope.base, uri)
                self._resources.setdefault(_bare(base), schema)
                scope = Scope(
                    document=scope.document,
                    pointer=scope.pointer,
                    base=base,
                    draft=draft_of(schema, otherwise=scope.draft),
                    resource=schema,
                )
        for keyword in ("$anchor", "$dynamicAnchor"):
            if scope.draft.is_modern and isinstance(schema.get(keyword), str):
                self._anchors.setdefault((id(scope.resource), schema[keyword]), schema)
        return scope

    def _resolve_all(self) -> None:
        """Find the target of every reference of the schema, and of the texts it leads to."""
        self._waiting = self._unread.pop(0, [])
        while self._waiting:
            schema = self._waiting.pop()
            scope = self._scopes[id(schema)]
            for keyword in REFERENCE_KEYWORDS if scope.draft.is_modern else ("$ref",):
                if isinstance(schema.get(keyword), str):
                    target = self._resolve(schema[keyword], scope, f"{scope.pointer}/{keyword}")
                    self._targets[id(schema), keyword] = target
                    self._reach(target)
        self._all = [
            (inner, self._scopes[id(inner)])
            for document in self.documents
            for inner in self._inside(document.root)
        ]

    def _reach(self, target: Any) -> None:
        """Have the references of a text resolved that one leads to."""
        scope = self._scopes.get(id(target)) if isinstance(target, dict) else None
        if scope is not None:
            self._reached.add(scope.document.number)
            self._waiting += self._unread.pop(scope.document.number, [])

    def _inside(self, root: Any) -> Iterator[Mapping[str, Any]]:
        """Yield each scoped subschema of a document once, pointers into the unknown included."""
        stack, seen = [root], set()
        while stack:
            one = stack.pop()
            if isinstance(one, dict) and id(one) not in seen:
                seen.add(id(one))
                if id(one) in self._scopes:
                    yield one
            stack += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()

    def _resolve(self, reference: str, scope: Scope, path: str) -> Any:
        bare, _, fragment = reference.partition("#")
        uri, _, _ = _join(scope.base, bare).partition("#") if bare else (scope.base, "", "")
        if not bare:
            resource = scope.resource
        elif _bare(uri) in self._resources:
            resource = self._resources[_bare(uri)]
        else:
            document = scope.document.names.get(_bare(bare)) or self._names.get(_bare(bare))
            if document is None:
                if is_meta_schema(uri):
                    return MetaSchema(uri=uri)
                raise InvalidSchema(path, f"{reference!r} is none of the schema's references")
            resource = document.root
        target = self._fragment(resource, unquote(fragment), scope)
        if target is None and not bare and scope.resource is not scope.document.root:
            target = self._fragment(scope.document.root, unquote(fragment), scope)
        if target is None or not isinstance(target, dict | bool):
            raise InvalidSchema(path, f"{reference!r} leads to no schema")
        return target

    def _fragment(self, resource: Any, fragment: str, scope: Scope) -> Any:
        if not fragment:
            return resource
        if fragment.startswith("/"):
            return self._at(resource, fragment, scope)
        return self._anchors.get((id(resource), fragment))

    def _at(self, resource: Any, pointer: str, scope: Scope) -> Any:
        """Return what a JSON pointer leads to, made a subschema if nothing was known of it."""
        here, nearest, way = resource, self._scopes.get(id(resource), scope), ""
        for segment in pointer.removesuffix("/").split("/")[1:]:
            key = segment.replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict) and key in here:
                here = here[key]
            elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
                here = here[int(key)]
            else:
                return None
            way += f"/{escaped(key)}"
            if id(here) in self._scopes:
                nearest, way = self._scopes[id(here)], ""
        if isinstance(here, dict) and id(here) not in self._scopes:
            self._walk(here, _below(nearest, way))
        return here


def _below(scope: Scope, way: str) -> Scope:
    return Scope(
        document=scope.document,
        pointer=scope.pointer + way,
        base=scope.base,
        draft=scope.draft,
        resource=scope.resource,
    )


def _own_uri(root: Any, draft: Draft) -> str:
    own = root.get(draft.id_keyword) if isinstance(root, dict) else None
    return own.partition("#")[0] if isinstance(own, str) else ""


def _bare(uri: str) -> str:
    """Return a URI as it is looked up: without an empty fragment, ``./a`` as ``a``."""
    return uri.removesuffix("#").removeprefix("./")


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise InvalidSchema("", f"{reference!r} is no URI: {error}") from error
