"""Lists: subjects, schemas and contexts, a page at a time."""

from collections.abc import Callable, Sequence

from schema_registry.model import RuleSet, SubjectVersion
from schema_registry.registry.context import LIST_MAX, SCHEMAS_MAX, RegistryContext, page_size
from schema_registry.registry.lookup import described
from schema_registry.store import ListQuery
from schema_registry.subjects import (
    ANY_CONTEXT,
    DEFAULT_CONTEXT,
    GLOBAL_CONTEXT,
    Subject,
    parse_subject,
)


def list_query(
    prefix: str,
    *,
    deleted: bool = False,
    deleted_only: bool = False,
    latest_only: bool = False,
    offset: int = 0,
    limit: int,
) -> ListQuery:
    """Return the question for subjects that begin with a text.

    Args:
        prefix: ``:*:`` is every context, and may be followed by the beginning of a name.
        deleted: Those deleted softly as well.
        deleted_only: Only those.
        latest_only: Only the latest version of each.
        offset: How many are left out at the beginning.
        limit: How many there are at the most.
    """
    subject = parse_subject(prefix)
    return ListQuery(
        context=None if subject.context == ANY_CONTEXT else subject.context,
        prefix=subject.name,
        live=not deleted_only,
        deleted=deleted or deleted_only,
        latest_only=latest_only,
        offset=max(0, offset),
        limit=limit,
    )


async def list_subjects(
    context: RegistryContext,
    prefix: str,
    *,
    deleted: bool = False,
    deleted_only: bool = False,
    offset: int = 0,
    limit: int = -1,
) -> Sequence[Subject]:
    """Return subjects, in order."""
    query = list_query(
        prefix,
        deleted=deleted,
        deleted_only=deleted_only,
        offset=offset,
        limit=page_size(limit, LIST_MAX),
    )
    async with context.store.reading() as reading:
        return await reading.subjects(query)


async def list_schemas(
    context: RegistryContext,
    prefix: str,
    *,
    deleted: bool = False,
    latest_only: bool = False,
    aliases: bool = False,
    keep: Callable[[SubjectVersion], bool] | None = None,
    offset: int = 0,
    limit: int = -1,
) -> Sequence[tuple[SubjectVersion, Sequence[str]]]:
    """Return versions with their schemas and, if asked for, the other names of their subjects.

    Args:
        context: The registry.
        prefix: As for subjects.
        deleted: Those deleted softly as well.
        latest_only: Only the latest of each subject.
        aliases: Find the subjects' other names.
        keep: Only these.
        offset: How many are left out at the beginning.
        limit: How many at the most.
    """
    wanted = page_size(limit, SCHEMAS_MAX)
    found: list[SubjectVersion] = []
    skipped = 0
    position = max(0, offset) if keep is None else 0
    while len(found) < wanted:
        query = list_query(
            prefix, deleted=deleted, latest_only=latest_only, offset=position, limit=SCHEMAS_MAX
        )
        page = await _page(context, query)
        for one in page:
            if keep is None or keep(one):
                if keep is not None and skipped < offset:
                    skipped += 1
                elif len(found) < wanted:
                    found.append(one)
        position += len(page)
        if len(page) < SCHEMAS_MAX:
            break
    names = await _aliases(context) if aliases else {}
    return [(one, names.get(one.subject, ())) for one in found]


async def _page(context: RegistryContext, query: ListQuery) -> Sequence[SubjectVersion]:
    async with context.store.reading() as reading:
        rows = await reading.list_versions(query)
        ids: dict[str, set[int]] = {}
        for subject, version in rows:
            ids.setdefault(subject.context, set()).add(version.schema_id)
        schemas = {name: await reading.schemas(name, wanted) for name, wanted in ids.items()}
    return [
        described(subject, version, schemas[subject.context][version.schema_id])
        for subject, version in rows
    ]


async def _aliases(context: RegistryContext) -> dict[str, list[str]]:
    async with context.store.reading() as reading:
        found = await reading.aliases()
    names: dict[str, list[str]] = {}
    for alias, target in found.items():
        subject = parse_subject(target, context=alias.context)
        names.setdefault(str(subject), []).append(str(alias))
    return names


async def list_contexts(
    context: RegistryContext, prefix: str = "", *, offset: int = 0, limit: int = -1
) -> Sequence[str]:
    """Return the contexts, in order; the default one is always there."""
    async with context.store.reading() as reading:
        found = {DEFAULT_CONTEXT, *await reading.contexts()} - {GLOBAL_CONTEXT}
    chosen = [name for name in sorted(found) if name.startswith(prefix)]
    start = max(0, offset)
    return chosen[start : start + page_size(limit, LIST_MAX)]


def has_rule_of(rule_type: str) -> Callable[[SubjectVersion], bool]:
    """Return a filter for schemas that have a rule of a type."""

    def keep(version: SubjectVersion) -> bool:
        rules = version.schema.content.rule_set or RuleSet()
        lists = (rules.migration_rules, rules.domain_rules, rules.encoding_rules)
        return any(rule.type == rule_type for one in lists for rule in one or ())

    return keep
