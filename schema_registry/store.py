"""The store: what the registry keeps, and the two kinds of transaction it is asked in.

A reading transaction sees one moment. A writing one is alone: it sees all that was written before
it, and nobody writes until it ends; so ids have no gaps, and what it checks still holds when it
commits. Every writing transaction raises the revision, by which caches know that they are old.
Called by: registry. Implemented by: sql_store.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from schema_registry.model import Mode, StoredSchema, SubjectConfig
from schema_registry.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a subject, without its schema."""

    version: int
    schema_id: int
    deleted: bool
    registered_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where a schema is used."""

    subject: Subject
    version: int
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is set for one scope itself."""

    config: SubjectConfig | None = None
    mode: Mode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which versions of which subjects are wanted."""

    context: str | None
    """None is every context."""

    prefix: str = ""
    live: bool = True
    deleted: bool = False
    latest_only: bool = False
    offset: int = 0
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A subject that is a resource's schema for its keys or values."""

    resource_id: str
    resource_name: str
    resource_namespace: str
    resource_type: str
    association_type: str
    subject: Subject
    lifecycle: str
    frozen: bool = False


class Reading(Protocol):
    """Questions within one transaction."""

    async def revision(self) -> int:
        """Return the number of changes so far."""

    async def versions(self, subject: Subject) -> tuple[Version, ...]:
        """Return a subject's versions in order, those deleted softly as well."""

    async def versions_of(
        self, subjects: Collection[Subject]
    ) -> Mapping[Subject, tuple[Version, ...]]:
        """Return the versions of those of these subjects that have any, as ``versions`` does."""

    async def schemas(self, context: str, ids: Collection[int]) -> Mapping[int, StoredSchema]:
        """Return those of these schemas that there are."""

    async def by_guid(self, guid: str) -> Sequence[StoredSchema]:
        """Return the schemas of that content: of each context one or more, by context and id."""

    async def settings(self, scopes: Collection[Subject]) -> Mapping[Subject, Settings]:
        """Return what is set for each of these scopes that has a setting."""

    async def aliases(self) -> Mapping[Subject, str]:
        """Return the subjects that are other names, with what they are names of."""

    async def moded_subjects(self, context: str) -> Sequence[Subject]:
        """Return the subjects of a context that have a mode of their own."""

    async def subjects(self, query: ListQuery) -> Sequence[Subject]:
        """Return the subjects that have such a version, in order."""

    async def list_versions(self, query: ListQuery) -> Sequence[tuple[Subject, Version]]:
        """Return versions by subject and number."""

    async def contexts(self) -> Sequence[str]:
        """Return the contexts that have subjects, in order."""

    async def contexts_of(self, name: str) -> Sequence[str]:
        """Return the contexts that have a subject of that name, in order."""

    async def uses(self, context: str, schema_id: int) -> Sequence[Use]:
        """Return where a schema is used, by subject and version."""

    async def referrers(self, subject: Subject, version: int | None) -> Sequence[tuple[str, int]]:
        """Return the contexts and ids of schemas that refer to a version, or to any."""

    async def max_id(self, context: str) -> int:
        """Return the largest id given in a context, or 0."""

    async def associations(
        self, *, resource_id: str | None = None, subject: Subject | None = None
    ) -> Sequence[Association]:
        """Return the associations of a resource, of a subject, or all."""

    async def associations_of_name(self, resource_name: str) -> Sequence[Association]:
        """Return the associations of the resources of that name."""


class Writing(Reading, Protocol):
    """Changes within one transaction."""

    async def take_id(self, context: str) -> int:
        """Return the next id of a context."""

    async def keep_id(self, context: str, schema_id: int) -> None:
        """See to it that ids given later are larger."""

    async def insert_schema(self, schema: StoredSchema) -> None:
        """Keep a schema and what it refers to."""

    async def put_version(
        self, subject: Subject, version: Version, *, is_new: bool = False
    ) -> None:
        """Keep a version, in the place of one of the same number.

        Args:
            subject: Whose.
            version: It; its schema is kept already.
            is_new: There is none of that number, as the caller knows within this transaction.
        """

    async def mark_deleted(self, subject: Subject, versions: Collection[int]) -> None:
        """Mark versions as deleted softly."""

    async def erase_versions(self, subject: Subject, versions: Collection[int]) -> None:
        """Erase versions, and schemas of theirs that nobody else uses."""

    async def put_config(self, scope: Subject, config: SubjectConfig | None) -> None:
        """Keep a scope's settings, or none."""

    async def put_mode(self, scope: Subject, mode: Mode | None) -> None:
        """Keep a scope's mode, or none."""

    async def erase_context(self, context: str) -> None:
        """Forget a context that has no subjects."""

    async def put_association(self, association: Association) -> None:
        """Keep an association, in the place of the resource's one of that type."""

    async def erase_association(self, association: Association) -> None:
        """Forget an association."""


class Store(Protocol):
    """What the registry keeps."""

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Begin a transaction that sees one moment.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """

    def writing(self) -> AbstractAsyncContextManager[Writing]:
        """Begin a transaction that is alone; it commits when the block ends without an error.

        Raises:
            StoreUnavailable: The database cannot be asked; whether it was changed is unknown.
        """
