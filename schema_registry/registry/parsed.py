"""Parsed schemas: texts with their references, read once and kept.

References are found depth first, each version once. One without a context is in that of the schema
which refers to it; version -1 is what is the latest when the schema is registered.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schema_registry.errors import BoundExceeded, InvalidSchema, SchemaTooLarge
from schema_registry.formats.schema_format import (
    REFERENCE_DEPTH_MAX,
    REFERENCES_MAX,
    SCHEMA_TEXT_BYTES_MAX,
    ParsedSchema,
)
from schema_registry.model import ResolvedReference, SchemaReference, SchemaType, StoredSchema
from schema_registry.registry.languages import language_of
from schema_registry.registry.views import Views
from schema_registry.registry.workers import Workers
from schema_registry.subjects import parse_subject

PARSED_KEPT_MAX = 1_000
PARSED_CHARS_KEPT_MAX = 16_000_000

Key = tuple[SchemaType, str, bytes, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """What a schema refers to, all of it."""

    references: tuple[ResolvedReference, ...] = ()
    digest: bytes = b""
    """Of all names and texts; to look at each of them again could take for ever."""

    chars: int = 0


NOTHING = Referred()


class ParsedSchemas:
    """Reads texts, and keeps what it read."""

    def __init__(self, views: Views, workers: Workers) -> None:
        """Keep nothing yet."""
        self._views = views
        self._workers = workers
        self._kept: dict[Key, ParsedSchema] = {}
        self._chars = 0

    async def parse(
        self,
        schema_type: SchemaType,
        text: str,
        referred: Referred = NOTHING,
        *,
        strict: bool = False,
    ) -> ParsedSchema:
        """Return the schema of a text.

        Raises:
            InvalidSchema: It is none.
            SchemaTooLarge: It is longer than the bound.
        """
        if len(text.encode(errors="replace")) > SCHEMA_TEXT_BYTES_MAX:
            raise SchemaTooLarge(f"a schema has at most {SCHEMA_TEXT_BYTES_MAX} bytes")
        key = (schema_type, text, referred.digest, strict)
        found = self._kept.get(key)
        if found is None:
            language = language_of(schema_type)
            size = len(text) + referred.chars
            found = await self._workers.run(
                size, lambda: language.format.parse(text, referred.references, strict=strict)
            )
            self._keep(key, found, size)
        return found

    async def stored(self, schema: StoredSchema) -> ParsedSchema:
        """Return a schema that is kept, as it was checked when it was new."""
        content = schema.content
        resolved = await self.resolve(schema.context, content.references)
        return await self.parse(content.schema_type, content.text, resolved)

    async def pinned(
        self, context: str, references: Sequence[SchemaReference]
    ) -> tuple[SchemaReference, ...]:
        """Return references whose versions are numbers.

        Raises:
            InvalidSchema: One leads nowhere.
        """
        found = []
        for reference in references:
            if reference.version > 0:
                found.append(reference)
                continue
            subject = parse_subject(reference.subject, context=context)
            live = [one.version for one in await self._views.versions(subject) if not one.deleted]
            if not live:
                raise _missing(reference)
            found.append(replace(reference, version=live[-1]))
        return tuple(found)

    async def resolve(self, context: str, references: Sequence[SchemaReference]) -> Referred:
        """Return references with the texts that they lead to.

        Raises:
            InvalidSchema: One leads nowhere.
        """
        if not references:
            return NOTHING
        resolution = _Resolution(self._views)
        found = await resolution.resolve(context, references, 0)
        return Referred(references=found, digest=resolution.digest(found), chars=resolution.chars)

    def _keep(self, key: Key, schema: ParsedSchema, size: int) -> None:
        self._chars += size
        if len(self._kept) >= PARSED_KEPT_MAX or self._chars > PARSED_CHARS_KEPT_MAX:
            self._kept.clear()
            self._chars = size
        self._kept[key] = schema


class _Resolution:
    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[tuple[str, str, str, int], ResolvedReference] = {}
        self._digests: dict[int, bytes] = {}
        self.chars = 0

    def digest(self, references: Sequence[ResolvedReference]) -> bytes:
        """Return a digest of references that were resolved here."""
        digest = hashlib.sha256()
        for reference in references:
            digest.update(self._digests[id(reference)])
        return digest.digest()

    async def resolve(
        self, context: str, references: Sequence[SchemaReference], depth: int
    ) -> tuple[ResolvedReference, ...]:
        if depth > REFERENCE_DEPTH_MAX:
            raise BoundExceeded("", f"references lead more than {REFERENCE_DEPTH_MAX} deep")
        return tuple([await self._one(context, one, depth) for one in references])

    async def _one(self, context: str, reference: SchemaReference, depth: int) -> ResolvedReference:
        subject = parse_subject(reference.subject, context=context)
        key = (reference.name, subject.context, subject.name, reference.version)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= REFERENCES_MAX:
            raise BoundExceeded("", f"more than {REFERENCES_MAX} references")
        versions = {one.version: one for one in await self._views.versions(subject)}
        version = versions.get(reference.version)
        if version is None:
            raise _missing(reference)
        schema = await self._views.schema(subject.context, version.schema_id)
        if schema is None:
            raise _missing(reference)
        found = ResolvedReference(
            name=reference.name,
            text=schema.content.text,
            references=await self.resolve(subject.context, schema.content.references, depth + 1),
        )
        self._known[key] = found
        digest = hashlib.sha256(repr((found.name, found.text)).encode())
        digest.update(self.digest(found.references))
        self._digests[id(found)] = digest.digest()
        self.chars += len(found.text)
        return found


def _missing(reference: SchemaReference) -> InvalidSchema:
    return InvalidSchema(
        "",
        f'No schema reference found for subject "{reference.subject}"'
        f" and version {reference.version}",
    )
