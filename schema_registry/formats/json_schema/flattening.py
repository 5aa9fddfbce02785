"""A schema and all that it refers to, as one text that stands alone.

Referenced texts are put under ``definitions`` (``$defs`` in modern drafts) by the names of their
references, every reference becomes a JSON pointer, and what named or located subschemas
otherwise goes. What validators would refuse although Confluent's registry takes it goes as well,
where it demands nothing: an empty ``required`` or ``allOf``, a name that is required twice.

It is what validators are given, and what ``format=resolved`` answers with. A dynamic reference
becomes one to where it leads without a dynamic scope.
Called by: schema, validation. Calls: documents.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from schema_registry.formats.json_schema.documents import (
    REFERENCE_KEYWORDS,
    Document,
    Documents,
    MetaSchema,
)
from schema_registry.formats.json_schema.drafts import Draft
from schema_registry.formats.json_schema.json_text import escaped

SCHEMA_URIS: Final[Mapping[Draft, str]] = {
    Draft.DRAFT_4: "http://json-schema.org/draft-04/schema#",
    Draft.DRAFT_6: "http://json-schema.org/draft-06/schema#",
    Draft.DRAFT_7: "http://json-schema.org/draft-07/schema#",
    Draft.DRAFT_2019_09: "https://json-schema.org/draft/2019-09/schema",
    Draft.DRAFT_2020_12: "https://json-schema.org/draft/2020-12/schema",
}
_LOCATING: Final = frozenset(
    {
        *("$anchor", "$dynamicAnchor", "$recursiveAnchor", "$schema", "$vocabulary"),
        *REFERENCE_KEYWORDS,
    }
)
_NOTHING: Final[Mapping[str, Any]] = {"not": {}}


def flatten(documents: Documents) -> Any:
    """Return a schema that holds all it refers to."""
    return _Flattening(documents).run()


class _Flattening:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._draft = documents.documents[0].draft
        self._keys = self._definition_keys()

    def run(self) -> Any:
        root = self._documents.root
        if not isinstance(root, dict):
            return root
        flat = {"$schema": SCHEMA_URIS[self._draft], **self._copy(root)}
        if self._documents.referenced:
            definitions = dict(_map(flat.get(self._draft.definitions_keyword)))
            for document in self._documents.referenced:
                definitions[self._keys[document.number]] = self._copy(document.root)
            flat[self._draft.definitions_keyword] = definitions
        return flat

    def _definition_keys(self) -> Mapping[int, str]:
        """Return under which name each document goes; none is taken by the schema's own."""
        root = self._documents.root
        own = _map(_map(root).get(self._draft.definitions_keyword))
        keys: dict[int, str] = {}
        taken = set(own)
        for document in self._documents.referenced:
            key, turn = document.name, 1
            while key in taken:
                turn += 1
                key = f"{document.name} {turn}"
            taken.add(key)
            keys[document.number] = key
        return keys

    def _copy(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._copy(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if not self._documents.is_schema(value):
            return {key: self._copy(inner) for key, inner in value.items()}
        draft = self._documents.scope(value).draft
        copy = {
            key: self._copy(_relaxed(key, inner))
            for key, inner in value.items()
            if key not in _LOCATING and key != draft.id_keyword and not _is_idle(key, inner)
        }
        return self._with_references(value, copy)

    def _with_references(self, schema: Mapping[str, Any], copy: dict[str, Any]) -> dict[str, Any]:
        """Add a subschema's references, and what a boolean in their place means."""
        added: list[Any] = []
        for keyword in self._documents.reference_keywords(schema):
            target = self._documents.target(schema, keyword)
            if isinstance(target, MetaSchema):
                added.append({"$ref": target.uri})
            elif isinstance(target, dict):
                added.append({"$ref": self._pointer(target)})
            elif target is False:
                added.append(dict(_NOTHING))
        if len(added) == 1 and not copy.keys() & added[0].keys():
            return {**added[0], **copy}
        own = copy.get("allOf", [])
        if not isinstance(own, list):  # ignored beside a reference, so that nobody looked at it
            own = []
        return {**copy, "allOf": [*own, *added]} if added else copy

    def _pointer(self, target: Mapping[str, Any]) -> str:
        scope = self._documents.scope(target)
        return "#" + quote(self._prefix(scope.document) + scope.pointer, safe="/~!$&'()*+,;=:@")

    def _prefix(self, document: Document) -> str:
        if document.number == 0:
            return ""
        return f"/{self._draft.definitions_keyword}/{escaped(self._keys[document.number])}"


def _map(value: Any) -> Mapping[str, Any]:
    """Return what is a map; beside a reference anything may stand in its place."""
    return value if isinstance(value, dict) else {}


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_idle(keyword: str, value: Any) -> bool:
    """Return whether a keyword demands nothing, but is malformed to a validator."""
    return keyword in ("required", "allOf") and value == []


def _relaxed(keyword: str, value: Any) -> Any:
    """Return a keyword's value without what is malformed to a validator and demands nothing."""
    if keyword == "required" and isinstance(value, list) and _are_texts(value):
        return list(dict.fromkeys(value))
    if keyword == "dependencies" and isinstance(value, dict):
        return {name: inner for name, inner in value.items() if inner != []}
    return value
