"""Changes to the tables, within one transaction that is alone."""

from collections.abc import Collection

from sqlalchemy import bindparam, delete, insert, select, update

from schema_registry.documents import (
    config_document,
    metadata_document,
    reference_documents,
    rule_set_document,
)
from schema_registry.model import Mode, StoredSchema, SubjectConfig
from schema_registry.sql_store import tables
from schema_registry.sql_store.reads import SqlReading
from schema_registry.store import Association, Version
from schema_registry.subjects import Subject, parse_subject

# What every registration asks is built once: to build it takes longer than to run it.
_RAISE_REVISION = (
    update(tables.state)
    .values(revision=tables.state.c.revision + 1)
    .returning(tables.state.c.revision)
)
_TAKE_ID = (
    update(tables.contexts)
    .where(tables.contexts.c.context == bindparam("here"))
    .values(last_id=tables.contexts.c.last_id + 1)
    .returning(tables.contexts.c.last_id)
)
_INSERT_SCHEMA = insert(tables.schemas)
_INSERT_VERSION = insert(tables.versions)


class SqlWriting(SqlReading):
    """Questions and changes on one connection."""

    async def begin(self) -> None:
        """Take the lock that puts changes in an order, and raise the revision."""
        changed = await self._connection.execute(_RAISE_REVISION)
        self._revision = int(changed.scalar_one())

    async def revision(self) -> int:
        """Return the number of changes so far, this one counted."""
        return self._revision

    async def take_id(self, context: str) -> int:
        """Return the next id of a context."""
        found = await self._connection.execute(_TAKE_ID, {"here": context})
        taken = found.scalar_one_or_none()
        if taken is None:
            first = {"context": context, "last_id": 1}
            await self._connection.execute(insert(tables.contexts), first)
            return 1
        return int(taken)

    async def keep_id(self, context: str, schema_id: int) -> None:
        """See to it that ids given later are larger."""
        await self._ensure_context(context)
        table = tables.contexts
        await self._connection.execute(
            update(table)
            .where(table.c.context == context, table.c.last_id < schema_id)
            .values(last_id=schema_id)
        )

    async def insert_schema(self, schema: StoredSchema) -> None:
        """Keep a schema and what it refers to."""
        content = schema.content
        more: dict[str, object] = {}
        if content.references:
            more["references"] = reference_documents(content.references)
        if content.metadata is not None:
            more["metadata"] = metadata_document(content.metadata)
        if content.rule_set is not None:
            more["ruleSet"] = rule_set_document(content.rule_set)
        await self._connection.execute(
            _INSERT_SCHEMA,
            {
                "context": schema.context,
                "schema_id": schema.schema_id,
                "guid": schema.guid,
                "schema_type": content.schema_type.value,
                "text": content.text,
                "content": more,
                "created_at_ms": schema.created_at_ms,
            },
        )
        targets = {
            (parse_subject(one.subject, context=schema.context), one.version)
            for one in content.references
        }
        if targets:
            await self._connection.execute(
                insert(tables.schema_references),
                [
                    {
                        "context": schema.context,
                        "schema_id": schema.schema_id,
                        "to_context": target.context,
                        "to_subject": target.name,
                        "to_version": version,
                    }
                    for target, version in sorted(targets)
                ],
            )

    async def put_version(
        self, subject: Subject, version: Version, *, is_new: bool = False
    ) -> None:
        """Keep a version, in the place of one of the same number."""
        if not is_new:
            await self._ensure_context(subject.context)
            await self.erase_versions(subject, [version.version], keeping=version.schema_id)
        await self._connection.execute(
            _INSERT_VERSION,
            {
                "context": subject.context,
                "subject": subject.name,
                "version": version.version,
                "schema_id": version.schema_id,
                "deleted": version.deleted,
                "registered_at_ms": version.registered_at_ms,
            },
        )

    async def mark_deleted(self, subject: Subject, versions: Collection[int]) -> None:
        """Mark versions as deleted softly."""
        table = tables.versions
        await self._connection.execute(
            update(table)
            .where(
                table.c.context == subject.context,
                table.c.subject == subject.name,
                table.c.version.in_(list(versions)),
            )
            .values(deleted=True)
        )

    async def erase_versions(
        self, subject: Subject, versions: Collection[int], *, keeping: int | None = None
    ) -> None:
        """Erase versions, and schemas of theirs that nobody else uses.

        Args:
            subject: Whose.
            versions: Their numbers.
            keeping: The id of a schema that will be used.
        """
        table = tables.versions
        here = (table.c.context == subject.context, table.c.subject == subject.name)
        numbers = list(versions)
        found = await self._connection.execute(
            select(table.c.schema_id).where(*here, table.c.version.in_(numbers))
        )
        ids = {int(one) for one in found.scalars()}
        if not ids:
            return
        await self._connection.execute(delete(table).where(*here, table.c.version.in_(numbers)))
        for schema_id in sorted(ids - {keeping}):
            if not await self.uses(subject.context, schema_id):
                for of in (tables.schema_references, tables.schemas):
                    await self._connection.execute(
                        delete(of).where(
                            of.c.context == subject.context, of.c.schema_id == schema_id
                        )
                    )

    async def put_config(self, scope: Subject, config: SubjectConfig | None) -> None:
        """Keep a scope's settings, or none."""
        await self._put(scope, config=None if config is None else config_document(config))

    async def put_mode(self, scope: Subject, mode: Mode | None) -> None:
        """Keep a scope's mode, or none."""
        await self._put(scope, mode=None if mode is None else mode.value)

    async def erase_context(self, context: str) -> None:
        """Forget a context that has no subjects."""
        for table in (tables.settings, tables.contexts):
            await self._connection.execute(delete(table).where(table.c.context == context))

    async def put_association(self, association: Association) -> None:
        """Keep an association, in the place of the resource's one of that type."""
        await self.erase_association(association)
        await self._connection.execute(
            insert(tables.associations).values(
                resource_id=association.resource_id,
                resource_type=association.resource_type,
                association_type=association.association_type,
                resource_name=association.resource_name,
                resource_namespace=association.resource_namespace,
                context=association.subject.context,
                subject=association.subject.name,
                lifecycle=association.lifecycle,
                frozen=association.frozen,
            )
        )

    async def erase_association(self, association: Association) -> None:
        """Forget an association."""
        table = tables.associations
        await self._connection.execute(
            delete(table).where(
                table.c.resource_id == association.resource_id,
                table.c.resource_type == association.resource_type,
                table.c.association_type == association.association_type,
            )
        )

    async def _ensure_context(self, context: str) -> None:
        table = tables.contexts
        found = await self._connection.execute(
            select(table.c.context).where(table.c.context == context)
        )
        if found.scalar_one_or_none() is None:
            await self._connection.execute(insert(table).values(context=context, last_id=0))

    async def _put(self, scope: Subject, **values: object) -> None:
        table = tables.settings
        here = (table.c.context == scope.context, table.c.subject == scope.name)
        changed = await self._connection.execute(update(table).where(*here).values(**values))
        if changed.rowcount == 0:
            await self._connection.execute(
                insert(table).values(context=scope.context, subject=scope.name, **values)
            )
        await self._connection.execute(
            delete(table).where(*here, table.c.config.is_(None), table.c.mode.is_(None))
        )
