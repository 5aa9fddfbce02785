"""The drafts of JSON Schema, and where each keeps what.

A schema without ``$schema``, or with one that is not known, is of draft 7, as in Confluent's
registry; ``http://json-schema.org/schema`` means draft 4 to the library it loads old drafts with.
Calls: nothing.
Source: JsonSchema.rawSchema of Confluent's json-schema-provider; the meta-schemas of each draft.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final


class Draft(IntEnum):
    """A draft, ordered by age."""

    DRAFT_4 = 4
    DRAFT_6 = 6
    DRAFT_7 = 7
    DRAFT_2019_09 = 2019
    DRAFT_2020_12 = 2020

    @property
    def is_modern(self) -> bool:
        """Whether a ``$ref`` counts beside other keywords, and vocabularies are split up."""
        return self >= Draft.DRAFT_2019_09

    @property
    def id_keyword(self) -> str:
        """What a schema's own URI is called."""
        return "id" if self is Draft.DRAFT_4 else "$id"

    @property
    def definitions_keyword(self) -> str:
        """Where definitions are kept by custom."""
        return "$defs" if self.is_modern else "definitions"


_URIS: Final[tuple[tuple[str, Draft], ...]] = (
    ("json-schema.org/draft/2020-12/schema", Draft.DRAFT_2020_12),
    ("json-schema.org/draft/2019-09/schema", Draft.DRAFT_2019_09),
    ("json-schema.org/draft-07/schema", Draft.DRAFT_7),
    ("json-schema.org/draft-06/schema", Draft.DRAFT_6),
    ("json-schema.org/draft-04/schema", Draft.DRAFT_4),
    ("json-schema.org/schema", Draft.DRAFT_4),
)

_VOCABULARIES: Final = (
    "https://json-schema.org/draft/2019-09/meta/",
    "https://json-schema.org/draft/2020-12/meta/",
)

ONE_SCHEMA: Final = frozenset(
    {
        *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if"),
        *("items", "not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
"""Keywords whose value is a schema."""

SCHEMA_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
"""Keywords whose value is an array of schemas; ``items`` may be one."""

SCHEMA_MAP: Final = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords whose value is an object of schemas; ``dependencies`` mixes in arrays of names."""


def draft_of(schema: Any, otherwise: Draft = Draft.DRAFT_7) -> Draft:
    """Return the draft that a schema names, or ``otherwise``."""
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    return draft_of_uri(named) or otherwise if isinstance(named, str) else otherwise


def draft_of_uri(uri: str) -> Draft | None:
    """Return the draft whose meta-schema has this URI."""
    bare = uri.removeprefix("https://").removeprefix("http://")
    if bare == uri:
        return None
    return next((draft for known, draft in _URIS if bare.startswith(known)), None)


def is_meta_schema(uri: str) -> bool:
    """Return whether a URI is that of a draft's own schema, or of a vocabulary of one."""
    return draft_of_uri(uri) is not None or uri.startswith(_VOCABULARIES)
