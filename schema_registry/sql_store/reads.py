"""Questions to the tables, within one transaction."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from schema_registry.documents import (
    parse_metadata,
    parse_references,
    parse_rule_set,
    stored_config,
)
from schema_registry.model import Mode, SchemaContent, SchemaType, StoredSchema
from schema_registry.sql_store import tables
from schema_registry.store import Association, ListQuery, Settings, Use, Version
from schema_registry.subjects import Subject

ROWS_PER_QUESTION_MAX = 500
"""Values that one statement asks about; SQLite takes some 30,000."""


def _named(table: Table) -> ColumnElement[bool]:
    return tuple_(table.c.context, table.c.subject).in_(bindparam("names", expanding=True))


# What is asked all the time is built once: to build it takes longer than to run it.
_VERSIONS = (
    select(tables.versions)
    .where(
        tables.versions.c.context == bindparam("context"),
        tables.versions.c.subject == bindparam("subject"),
    )
    .order_by(tables.versions.c.version)
)
_VERSIONS_OF = (
    select(tables.versions)
    .where(_named(tables.versions))
    .order_by(tables.versions.c.context, tables.versions.c.subject, tables.versions.c.version)
)
_SETTINGS_OF = select(tables.settings).where(_named(tables.settings))
_SCHEMAS = select(tables.schemas).where(
    tables.schemas.c.context == bindparam("context"),
    tables.schemas.c.schema_id.in_(bindparam("ids", expanding=True)),
)
_BY_GUID = (
    select(tables.schemas)
    .where(tables.schemas.c.guid == bindparam("guid"))
    .order_by(tables.schemas.c.context, tables.schemas.c.schema_id)
)


class SqlReading:
    """Questions on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def revision(self) -> int:
        """Return the number of changes so far."""
        found = await self._connection.execute(select(tables.state.c.revision))
        return int(found.scalar_one())

    async def versions(self, subject: Subject) -> tuple[Version, ...]:
        """Return a subject's versions in order."""
        found = await self._connection.execute(
            _VERSIONS, {"context": subject.context, "subject": subject.name}
        )
        return tuple(_version(row) for row in found)

    async def versions_of(
        self, subjects: Collection[Subject]
    ) -> Mapping[Subject, tuple[Version, ...]]:
        """Return the versions of those of these subjects that have any."""
        versions: dict[Subject, list[Version]] = {}
        wanted = [(one.context, one.name) for one in subjects]
        for start in range(0, len(wanted), ROWS_PER_QUESTION_MAX):
            found = await self._connection.execute(
                _VERSIONS_OF, {"names": wanted[start : start + ROWS_PER_QUESTION_MAX]}
            )
            for row in found:
                versions.setdefault(Subject(row.context, row.subject), []).append(_version(row))
        return {subject: tuple(found) for subject, found in versions.items()}

    async def schemas(self, context: str, ids: Collection[int]) -> Mapping[int, StoredSchema]:
        """Return those of these schemas that there are."""
        schemas: dict[int, StoredSchema] = {}
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), ROWS_PER_QUESTION_MAX):
            some = wanted[start : start + ROWS_PER_QUESTION_MAX]
            found = await self._connection.execute(_SCHEMAS, {"context": context, "ids": some})
            schemas |= {int(row.schema_id): _schema(row) for row in found}
        return schemas

    async def by_guid(self, guid: str) -> Sequence[StoredSchema]:
        """Return the schemas of that content."""
        found = await self._connection.execute(_BY_GUID, {"guid": guid})
        return [_schema(row) for row in found]

    async def settings(self, scopes: Collection[Subject]) -> Mapping[Subject, Settings]:
        """Return what is set for each of these scopes that has a setting."""
        settings: dict[Subject, Settings] = {}
        wanted = [(one.context, one.name) for one in scopes]
        for start in range(0, len(wanted), ROWS_PER_QUESTION_MAX):
            found = await self._connection.execute(
                _SETTINGS_OF, {"names": wanted[start : start + ROWS_PER_QUESTION_MAX]}
            )
            for row in found:
                settings[Subject(row.context, row.subject)] = Settings(
                    config=None if row.config is None else stored_config(row.config),
                    mode=None if row.mode is None else Mode(row.mode),
                )
        return settings

    async def aliases(self) -> Mapping[Subject, str]:
        """Return the subjects that are other names, with what they are names of."""
        table = tables.settings
        found = await self._connection.execute(select(table).where(table.c.config.is_not(None)))
        return {
            Subject(row.context, row.subject): str(row.config["alias"])
            for row in found
            if row.config and row.config.get("alias")
        }

    async def moded_subjects(self, context: str) -> Sequence[Subject]:
        """Return the subjects of a context that have a mode of their own."""
        table = tables.settings
        found = await self._connection.execute(
            select(table.c.subject).where(
                table.c.context == context, table.c.mode.is_not(None), table.c.subject != ""
            )
        )
        return [Subject(context, str(name)) for name in found.scalars()]

    async def subjects(self, query: ListQuery) -> Sequence[Subject]:
        """Return the subjects that have such a version, in order."""
        table = tables.versions
        found = await self._connection.execute(
            select(table.c.context, table.c.subject)
            .where(*_wanted(query))
            .group_by(table.c.context, table.c.subject)
            .order_by(table.c.context, table.c.subject)
            .offset(query.offset)
            .limit(query.limit)
        )
        return [Subject(row.context, row.subject) for row in found]

    async def list_versions(self, query: ListQuery) -> Sequence[tuple[Subject, Version]]:
        """Return versions by subject and number."""
        table = tables.versions
        asked = select(table).where(*_wanted(query))
        if query.latest_only:
            newest = (
                select(table.c.context, table.c.subject, func.max(table.c.version).label("newest"))
                .where(*_wanted(query))
                .group_by(table.c.context, table.c.subject)
                .subquery()
            )
            asked = asked.join(
                newest,
                and_(
                    table.c.context == newest.c.context,
                    table.c.subject == newest.c.subject,
                    table.c.version == newest.c.newest,
                ),
            )
        order = (table.c.context, table.c.subject, table.c.version)
        found = await self._connection.execute(
            asked.order_by(*order).offset(query.offset).limit(query.limit)
        )
        return [(Subject(row.context, row.subject), _version(row)) for row in found]

    async def contexts(self) -> Sequence[str]:
        """Return the contexts that there are, in order."""
        table = tables.contexts
        found = await self._connection.execute(select(table.c.context).order_by(table.c.context))
        return [str(name) for name in found.scalars()]

    async def contexts_of(self, name: str) -> Sequence[str]:
        """Return the contexts that have a subject of that name, in order."""
        table = tables.versions
        found = await self._connection.execute(
            select(table.c.context)
            .where(table.c.subject == name)
            .distinct()
            .order_by(table.c.context)
        )
        return [str(context) for context in found.scalars()]

    async def uses(self, context: str, schema_id: int) -> Sequence[Use]:
        """Return where a schema is used, by subject and version."""
        table = tables.versions
        found = await self._connection.execute(
            select(table)
            .where(table.c.context == context, table.c.schema_id == schema_id)
            .order_by(table.c.subject, table.c.version)
        )
        return [
            Use(
                subject=Subject(row.context, row.subject),
                version=row.version,
                deleted=bool(row.deleted),
            )
            for row in found
        ]

    async def referrers(self, subject: Subject, version: int | None) -> Sequence[tuple[str, int]]:
        """Return the contexts and ids of schemas that refer to a version, or to any."""
        table = tables.schema_references
        condition = [table.c.to_subject == subject.name, table.c.to_context == subject.context]
        if version is not None:
            condition.append(table.c.to_version == version)
        found = await self._connection.execute(
            select(table.c.context, table.c.schema_id)
            .where(*condition)
            .distinct()
            .order_by(table.c.context, table.c.schema_id)
        )
        return [(str(row.context), int(row.schema_id)) for row in found]

    async def max_id(self, context: str) -> int:
        """Return the largest id given in a context, or 0."""
        table = tables.contexts
        found = await self._connection.execute(
            select(table.c.last_id).where(table.c.context == context)
        )
        return int(found.scalar_one_or_none() or 0)

    async def associations(
        self, *, resource_id: str | None = None, subject: Subject | None = None
    ) -> Sequence[Association]:
        """Return the associations of a resource, of a subject, or all."""
        table = tables.associations
        asked = select(table).order_by(
            table.c.resource_name, table.c.resource_id, table.c.association_type
        )
        if resource_id is not None:
            asked = asked.where(table.c.resource_id == resource_id)
        if subject is not None:
            asked = asked.where(_is(table, subject))
        found = await self._connection.execute(asked)
        return [_association(row) for row in found]

    async def associations_of_name(self, resource_name: str) -> Sequence[Association]:
        """Return the associations of the resources of that name."""
        table = tables.associations
        found = await self._connection.execute(
            select(table)
            .where(table.c.resource_name == resource_name)
            .order_by(table.c.resource_id, table.c.association_type)
        )
        return [_association(row) for row in found]


def _is(table: Table, subject: Subject) -> ColumnElement[bool]:
    return and_(table.c.context == subject.context, table.c.subject == subject.name)


def _wanted(query: ListQuery) -> list[ColumnElement[bool]]:
    table = tables.versions
    conditions: list[ColumnElement[bool]] = []
    if query.context is not None:
        conditions.append(table.c.context == query.context)
    if query.prefix:
        # Not LIKE, which does not tell cases apart on SQLite.
        conditions.append(func.substr(table.c.subject, 1, len(query.prefix)) == query.prefix)
    if not query.live or not query.deleted:
        conditions.append(table.c.deleted.is_(query.deleted))
    return conditions


def _version(row: Row[tuple[object, ...]]) -> Version:
    return Version(
        version=int(row.version),
        schema_id=int(row.schema_id),
        deleted=bool(row.deleted),
        registered_at_ms=int(row.registered_at_ms),
    )


def _schema(row: Row[tuple[object, ...]]) -> StoredSchema:
    content = row.content
    return StoredSchema(
        context=row.context,
        schema_id=int(row.schema_id),
        guid=row.guid,
        content=SchemaContent(
            schema_type=SchemaType(row.schema_type),
            text=row.text,
            references=parse_references(content.get("references")),
            metadata=parse_metadata(content.get("metadata")),
            rule_set=parse_rule_set(content.get("ruleSet")),
        ),
        created_at_ms=int(row.created_at_ms),
    )


def _association(row: Row[tuple[object, ...]]) -> Association:
    return Association(
        resource_id=row.resource_id,
        resource_name=row.resource_name,
        resource_namespace=row.resource_namespace,
        resource_type=row.resource_type,
        association_type=row.association_type,
        subject=Subject(row.context, row.subject),
        lifecycle=row.lifecycle,
        frozen=bool(row.frozen),
    )
