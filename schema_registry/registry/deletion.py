"""Deletion: soft, which hides, and then permanent, which erases.

What a live schema refers to is not deleted; what any schema refers to is not erased. A subject that
is associated with a resource keeps a live version.
"""

from collections.abc import Sequence

from schema_registry.errors import (
    ContextNotEmpty,
    NoActiveVersion,
    OperationNotPermitted,
    ReferenceExists,
    SubjectAssociated,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectSoftDeleted,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
)
from schema_registry.registry.context import RegistryContext, to_its_end
from schema_registry.registry.effective import effective_settings
from schema_registry.registry.lookup import LATEST
from schema_registry.registry.nearest import describe_versions
from schema_registry.registry.resolving import read_subject
from schema_registry.store import ListQuery, Version, Writing
from schema_registry.subjects import Subject


@to_its_end
async def delete_subject(
    context: RegistryContext, subject: Subject, *, permanent: bool
) -> Sequence[int]:
    """Delete all versions of a subject; return their numbers.

    Raises:
        RegistryError: Why not; nothing was changed.
    """
    asked, subject = subject, await read_subject(context, subject)
    items = _items(subject, permanent=permanent)
    async with context.written_down("DeleteSubject", items) as made, context.writing() as writing:
        await _check_mode(writing, subject)
        versions = await writing.versions(subject)
        live = [one for one in versions if not one.deleted]
        if not versions:
            raise SubjectNotFound(f"Subject '{asked}' not found.")
        if permanent and live:
            raise SubjectNotSoftDeleted(
                f"Subject '{asked}' was not deleted first before being permanently deleted"
            )
        if not permanent and not live:
            raise SubjectSoftDeleted(
                f"Subject '{asked}' was soft deleted. Set permanent=true to delete permanently"
            )
        chosen = versions if permanent else live
        numbers = [one.version for one in chosen]
        await _check_referrers(writing, subject, chosen, permanent=permanent)
        if await writing.associations(subject=subject):
            raise SubjectAssociated(f"An association exists for subject '{asked}'")
        if permanent:
            await writing.erase_versions(subject, numbers)
            await _forget_settings(writing, subject)
        else:
            await writing.mark_deleted(subject, numbers)
        made += [f"version {number}" for number in numbers]
    return numbers


@to_its_end
async def delete_version(
    context: RegistryContext, subject: Subject, number: int, *, permanent: bool
) -> int:
    """Delete one version of a subject; return its number.

    Raises:
        RegistryError: Why not; nothing was changed.
    """
    asked, subject = subject, await read_subject(context, subject)
    items = _items(
        subject, f"version {'latest' if number == LATEST else number}", permanent=permanent
    )
    async with context.written_down("DeleteVersion", items) as made, context.writing() as writing:
        await _check_mode(writing, subject)
        versions = await writing.versions(subject)
        if not versions or (not permanent and all(one.deleted for one in versions)):
            raise SubjectNotFound(f"Subject '{asked}' not found.")
        version = _chosen(versions, number, permanent=permanent)
        if permanent and not version.deleted:
            raise VersionNotSoftDeleted(
                f"Subject '{asked}' Version {version.version} was not deleted"
                " first before being permanently deleted"
            )
        if not permanent and version.deleted:
            raise VersionSoftDeleted(
                f"Subject '{asked}' Version {version.version} was soft deleted."
                " Set permanent=true to delete permanently"
            )
        await _check_referrers(writing, subject, [version], permanent=permanent)
        if not permanent and all(one.deleted or one == version for one in versions):
            await _check_not_associated(writing, subject)
        if permanent:
            await writing.erase_versions(subject, [version.version])
            if len(versions) == 1:
                await _forget_settings(writing, subject)
        else:
            await writing.mark_deleted(subject, [version.version])
        made.append(f"version {version.version}")
    return version.version


@to_its_end
async def delete_context(context: RegistryContext, name: str) -> None:
    """Forget a context and its settings.

    Raises:
        SubjectNotFound: There is none.
        ContextNotEmpty: It has subjects.
    """
    async with context.changing("DeleteContext", [f"context {name}"]) as writing:
        if name not in await writing.contexts():
            raise SubjectNotFound(f"Context '{name}' not found.")
        query = ListQuery(context=name, deleted=True, limit=1)
        if await writing.subjects(query):
            raise ContextNotEmpty(f"Context '{name}' is not empty")
        await writing.erase_context(name)


async def hide_subject(writing: Writing, subject: Subject) -> None:
    """Delete all versions of a subject softly, in the transaction of somebody else.

    Raises:
        RegistryError: Why not; the transaction must not be ended well.
    """
    await _check_mode(writing, subject)
    live = [one for one in await writing.versions(subject) if not one.deleted]
    await _check_referrers(writing, subject, live, permanent=False)
    await writing.mark_deleted(subject, [one.version for one in live])


def _items(subject: Subject, *more: str, permanent: bool) -> Sequence[str]:
    return [f"subject {subject}", *more, "permanently" if permanent else "softly"]


def _chosen(versions: Sequence[Version], number: int, *, permanent: bool) -> Version:
    if number == LATEST:
        candidates = [one for one in versions if one.deleted == permanent]
        if candidates:
            return candidates[-1]
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise VersionNotFound(describe_versions(number, versions))


async def _check_mode(writing: Writing, subject: Subject) -> None:
    settings = await writing.settings(subject.scopes())
    if effective_settings(subject, settings).mode.is_read_only:
        raise OperationNotPermitted(f"Subject {subject} in context {subject.context} is read-only")


async def _check_not_associated(writing: Writing, subject: Subject) -> None:
    if await writing.associations(subject=subject):
        raise NoActiveVersion(f"Subject '{subject}' is associated: its last version has to stay")


async def _check_referrers(
    writing: Writing, subject: Subject, versions: Sequence[Version], *, permanent: bool
) -> None:
    numbers = {one.version for one in versions}
    own = {one.schema_id for one in versions}
    for version in sorted(numbers):
        for other, schema_id in await writing.referrers(subject, version):
            uses = [
                use
                for use in await writing.uses(other, schema_id)
                if (permanent or not use.deleted)
                and not (use.subject == subject and use.version in numbers and schema_id in own)
            ]
            if uses:
                raise ReferenceExists(
                    "One or more references exist to the schema"
                    f" {{subject={subject},version={version}}}."
                )


async def _forget_settings(writing: Writing, subject: Subject) -> None:
    await writing.put_config(subject, None)
    await writing.put_mode(subject, None)
