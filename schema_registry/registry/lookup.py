"""Lookup: versions by subject, schemas by id, GUID or content."""

import re
from collections.abc import Collection, Mapping, Sequence

from schema_registry.errors import (
    BoundExceeded,
    InvalidVersion,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from schema_registry.model import StoredSchema, SubjectVersion
from schema_registry.registry.candidates import (
    Candidate,
    NewSchema,
    read_candidate,
    stands_for,
    with_previous,
)
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.nearest import comparable, describe_nearest, describe_versions
from schema_registry.registry.resolving import read_subject
from schema_registry.store import Use, Version
from schema_registry.subjects import DEFAULT_CONTEXT, Subject

LATEST = -1
VERSION_MAX = 2**31 - 1

_GUID = re.compile("[0-9a-fA-F-]{36}")


def parse_version(text: str) -> int:
    """Return a version's number, or ``LATEST``.

    Raises:
        InvalidVersion: It is neither.
    """
    if text.lower() == "latest" or text == "-1":
        return LATEST
    if text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= VERSION_MAX:
        return int(text)
    raise InvalidVersion(
        f"The specified version '{text[:50]}' is not a valid version id. Allowed values are"
        ' between [1, 2^31-1] and the string "latest"'
    )


async def versions_of(
    context: RegistryContext, subject: Subject, *, deleted: bool = False
) -> tuple[Subject, Sequence[Version]]:
    """Return the subject meant and its versions.

    Args:
        context: The registry.
        subject: As it was asked for.
        deleted: Those deleted softly as well.

    Raises:
        SubjectNotFound: It has none.
    """
    actual = await read_subject(context, subject)
    found = [one for one in await context.views.versions(actual) if deleted or not one.deleted]
    if not found:
        raise SubjectNotFound(f"Subject '{subject}' not found.")
    return actual, found


async def get_version(
    context: RegistryContext,
    subject: Subject,
    number: int,
    *,
    deleted: bool = False,
    hints: bool = True,
) -> SubjectVersion:
    """Return one version of a subject.

    Args:
        context: The registry.
        subject: As it was asked for.
        number: Which, or ``LATEST``.
        deleted: Also if it is deleted softly.
        hints: Whoever asks may list the versions, so a refusal may name those nearest.

    Raises:
        SubjectNotFound: There is no such subject.
        VersionNotFound: It has no such version.
    """
    actual, found = await versions_of(context, subject, deleted=deleted)
    version = found[-1] if number == LATEST else _numbered(found, number, hints=hints)
    schema = await context.views.schema(actual.context, version.schema_id)
    if schema is None:
        raise VersionNotFound(f"Version {number} not found.")
    return described(actual, version, schema)


def _numbered(found: Sequence[Version], number: int, *, hints: bool = True) -> Version:
    for version in found:
        if version.version == number:
            return version
    raise VersionNotFound(describe_versions(number, found if hints else ()))


def described(subject: Subject, version: Version, schema: StoredSchema) -> SubjectVersion:
    """Return a version with its schema."""
    return SubjectVersion(
        subject=str(subject),
        version=version.version,
        schema=schema,
        deleted=version.deleted,
        registered_at_ms=version.registered_at_ms,
    )


async def look_up(
    context: RegistryContext,
    subject: Subject,
    new: NewSchema,
    *,
    normalize: bool = False,
    deleted: bool = False,
) -> SubjectVersion:
    """Return the version of a subject that a schema is.

    Raises:
        SubjectNotFound: There is no such subject.
        SchemaNotFound: It has no such version; says where it is else, or which
            version comes nearest.
        InvalidSchema: It is no schema.
    """
    actual, versions = await versions_of(context, subject, deleted=deleted)
    effective = await context.views.effective(actual)
    if not new.text.strip():
        latest = await context.views.schema(actual.context, versions[-1].schema_id)
        new = with_previous(new, latest, effective)
    candidate = await read_candidate(
        context,
        actual.context,
        new,
        normalize=normalize or bool(effective.config.normalize),
        strict=False,
        check_rules=False,
    )
    schemas = await context.views.schemas(actual.context, [one.schema_id for one in versions])
    for version in reversed(versions):
        schema = schemas.get(version.schema_id)
        if schema is not None and schema.guid == candidate.guid:
            return described(actual, version, schema)
    for version in reversed(versions):
        schema = schemas.get(version.schema_id)
        if schema is not None and await stands_for(context, candidate, schema):
            return described(actual, version, schema)
    hint = await _hint(context, actual, candidate, versions, schemas)
    raise SchemaNotFound(f"Schema not found{hint}")


async def _hint(
    context: RegistryContext,
    subject: Subject,
    candidate: Candidate,
    versions: Sequence[Version],
    schemas: Mapping[int, StoredSchema],
) -> str:
    """Return where the schema is else, or which version of the subject comes nearest to it."""
    async with context.store.reading() as reading:
        same = await reading.by_guid(candidate.guid)
        here = [one.schema_id for one in same if one.context == subject.context]
        uses = await reading.uses(subject.context, here[0]) if here else ()
    live = [use for use in uses if not use.deleted]
    if live:
        use = live[0]
        return f"; it is id {here[0]}, version {use.version} of subject '{use.subject}'"
    found = comparable(candidate.content, versions, schemas)
    size = sum(len(schema.content.text) for _, schema in found)
    try:
        nearest = await context.workers.run(
            size, lambda: describe_nearest(candidate.content, found)
        )
    except BoundExceeded:
        return ""
    return f"; {nearest}" if nearest else ""


async def by_metadata(
    context: RegistryContext,
    subject: Subject,
    properties: Mapping[str, str],
    *,
    deleted: bool = False,
) -> SubjectVersion:
    """Return the newest version whose metadata has all these properties.

    Raises:
        SubjectNotFound: There is no such subject.
        SchemaNotFound: It has no such version.
    """
    actual, versions = await versions_of(context, subject, deleted=deleted)
    schemas = await context.views.schemas(actual.context, [one.schema_id for one in versions])
    for version in reversed(versions):
        schema = schemas.get(version.schema_id)
        metadata = schema.content.metadata if schema is not None else None
        found = metadata.properties if metadata is not None else {}
        if schema is not None and properties.items() <= found.items():
            return described(actual, version, schema)
    raise SchemaNotFound("Schema not found: no version has such metadata")


async def by_id(
    context: RegistryContext, schema_id: int, subject: Subject | None
) -> tuple[StoredSchema, Use | None]:
    """Return the schema of an id, and a version of the subject that has it.

    Args:
        context: The registry.
        schema_id: In the subject's context, or in the default one.
        subject: Whose it is, or with an empty name a context; a subject without a context is
            looked for in the others as well.

    Raises:
        SchemaNotFound: There is none.
    """
    here = subject.context if subject is not None else DEFAULT_CONTEXT
    schema = await context.views.schema(here, schema_id)
    if subject is None or subject.is_context:
        if schema is None:
            raise SchemaNotFound(f"Schema {schema_id} not found")
        return schema, None
    use = await _use_of(context, here, schema_id, subject.name) if schema is not None else None
    if use is None and here == DEFAULT_CONTEXT:
        async with context.store.reading() as reading:
            others = await reading.contexts_of(subject.name)
        for other in others:
            found = await context.views.schema(other, schema_id)
            use = await _use_of(context, other, schema_id, subject.name) if found else None
            if found is not None and use is not None:
                return found, use
    if schema is None:
        raise SchemaNotFound(f"Schema {schema_id} not found")
    return schema, use


async def _use_of(
    context: RegistryContext, schema_context: str, schema_id: int, name: str
) -> Use | None:
    subject = Subject(schema_context, name)
    for version in reversed(await context.views.versions(subject)):
        if version.schema_id == schema_id:
            return Use(subject=subject, version=version.version, deleted=version.deleted)
    return None


async def uses_of(
    context: RegistryContext, schema_id: int, subject: Subject | None, *, deleted: bool = False
) -> Sequence[Use]:
    """Return the versions that have a schema.

    Raises:
        SchemaNotFound: There is no such schema.
    """
    schema, _ = await by_id(context, schema_id, subject)
    async with context.store.reading() as reading:
        found = await reading.uses(schema.context, schema_id)
    name = subject.name if subject is not None else ""
    return [one for one in found if (deleted or not one.deleted) and name in ("", one.subject.name)]


async def by_guid(context: RegistryContext, guid: str) -> Sequence[StoredSchema]:
    """Return the schemas of a GUID, of the default context first.

    Raises:
        SchemaNotFound: There is none.
    """
    found: Sequence[StoredSchema] = ()
    if _GUID.fullmatch(guid):  # else PostgreSQL might not even take the text
        async with context.store.reading() as reading:
            found = await reading.by_guid(guid.lower())
    if not found:
        raise SchemaNotFound(f"Schema {guid[:64]!r} not found")
    return sorted(found, key=lambda one: (one.context != DEFAULT_CONTEXT, one.context))


async def referring_ids(
    context: RegistryContext, subject: Subject, number: int, *, deleted: bool = False
) -> Collection[int]:
    """Return the ids of schemas that refer to a version.

    Raises:
        SubjectNotFound: There is no such subject.
        VersionNotFound: It has no such version.
    """
    actual, versions = await versions_of(context, subject, deleted=True)
    version = versions[-1] if number == LATEST else _numbered(versions, number)
    found = []
    async with context.store.reading() as reading:
        for other, schema_id in await reading.referrers(actual, version.version):
            uses = await reading.uses(other, schema_id)
            if any(deleted or not use.deleted for use in uses):
                found.append(schema_id)
    return sorted(set(found))
