"""Views: what was read of the store lately, so that a busy registry does not ask SQL each time.

Schemas of an id, the versions of subjects and settings are kept, each with a bound, until the
store's revision changes. A change by this process is seen at once; one by another process when the
revision is asked for again, at most ``FRESH_S`` later. What was not found is never kept.
Decisions that change something ask within their transaction, unless nothing has changed since the
revision that views are of.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from schema_registry.model import StoredSchema
from schema_registry.registry.effective import Effective, effective_settings
from schema_registry.registry.loader import Loader
from schema_registry.store import Settings, Store, Version
from schema_registry.subjects import Subject

FRESH_S = 0.5
"""How old a view may be where other processes change the registry."""

SCHEMAS_KEPT_MAX = 10_000
SCHEMA_CHARS_KEPT_MAX = 64_000_000
SUBJECTS_KEPT_MAX = 10_000
SETTINGS_KEPT_MAX = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")


class Views:
    """What was read of one store."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Keep nothing yet."""
        self._store = store
        self._monotonic = monotonic
        self._revision = -1
        self._checked_at = float("-inf")
        self._checking = asyncio.Lock()
        self._schemas: dict[tuple[str, int], StoredSchema] = {}
        self._chars = 0
        self._versions: dict[Subject, tuple[Version, ...]] = {}
        self._settings: dict[Subject, Settings | None] = {}
        self._schema_loader = Loader(self._read_schemas)
        self._version_loader = Loader(self._read_versions)
        self._settings_loader = Loader(self._read_settings)

    def forget(self) -> None:
        """Forget all, after a change."""
        self._schemas.clear()
        self._chars = 0
        self._versions.clear()
        self._settings.clear()

    def changed(self, revision: int, *subjects: Subject) -> None:
        """Take note of a change that this process made.

        Args:
            revision: The store's after it.
            subjects: All whose versions were changed; nothing else was.
        """
        if revision == self._revision + 1:
            self._revision = revision
            for subject in subjects:
                self._versions.pop(subject, None)
        elif revision > self._revision:
            self._revision = revision
            self.forget()

    def keep(
        self, revision: int, subject: Subject, versions: tuple[Version, ...], schema: StoredSchema
    ) -> None:
        """Take note of what a subject has after a change that was noted.

        Args:
            revision: The store's after the change.
            subject: The one that was changed.
            versions: All that it has, in order.
            schema: The newest one's.
        """
        if revision == self._revision:
            _keep(self._versions, subject, versions, SUBJECTS_KEPT_MAX)
            self._keep_schema(schema)

    def at(
        self, revision: int, subject: Subject
    ) -> tuple[tuple[Version, ...], Mapping[Subject, Settings]] | None:
        """Return a subject's versions and settings at a revision; None where that is not known."""
        versions = self._versions.get(subject)
        scopes = subject.scopes()
        if revision != self._revision or versions is None:
            return None
        if any(one not in self._settings for one in scopes):
            return None
        found = ((one, self._settings[one]) for one in scopes)
        return versions, {one: settings for one, settings in found if settings is not None}

    async def revision(self) -> int:
        """Return the number of changes that views know of; while it stays, so do they."""
        await self._refresh()
        return self._revision

    async def versions(self, subject: Subject) -> tuple[Version, ...]:
        """Return a subject's versions, those deleted softly as well."""
        await self._refresh()
        found = self._versions.get(subject)
        if found is None:
            revision = self._revision
            found = (await self._version_loader.load([subject])).get(subject, ())
            if found and revision == self._revision:
                _keep(self._versions, subject, found, SUBJECTS_KEPT_MAX)
        return found

    async def schemas(self, context: str, ids: Collection[int]) -> Mapping[int, StoredSchema]:
        """Return those of these schemas that there are."""
        await self._refresh()
        found = {
            one: schema for one in ids if (schema := self._schemas.get((context, one))) is not None
        }
        missing = [one for one in ids if one not in found]
        if missing:
            revision = self._revision
            read = await self._schema_loader.load([(context, one) for one in missing])
            for (_, schema_id), schema in read.items():
                found[schema_id] = schema
                if revision == self._revision:
                    self._keep_schema(schema)
        return found

    async def schema(self, context: str, schema_id: int) -> StoredSchema | None:
        """Return the schema of an id, if there is one."""
        return (await self.schemas(context, [schema_id])).get(schema_id)

    async def effective(self, subject: Subject) -> Effective:
        """Return the settings that hold for a subject."""
        return effective_settings(subject, await self.settings(subject.scopes()))

    async def settings(self, scopes: Collection[Subject]) -> Mapping[Subject, Settings]:
        """Return what is set for each of these scopes that has a setting."""
        await self._refresh()
        missing = [one for one in scopes if one not in self._settings]
        found = {one: self._settings[one] for one in scopes if one in self._settings}
        if missing:
            revision = self._revision
            read = await self._settings_loader.load(missing)
            for scope in missing:
                found[scope] = read.get(scope)
                if revision == self._revision:
                    _keep(self._settings, scope, found[scope], SETTINGS_KEPT_MAX)
        return {scope: one for scope, one in found.items() if one is not None}

    async def _read_versions(
        self, subjects: Collection[Subject]
    ) -> Mapping[Subject, tuple[Version, ...]]:
        async with self._store.reading() as reading:
            return await reading.versions_of(subjects)

    async def _read_schemas(
        self, keys: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], StoredSchema]:
        wanted: dict[str, list[int]] = {}
        for context, schema_id in keys:
            wanted.setdefault(context, []).append(schema_id)
        found: dict[tuple[str, int], StoredSchema] = {}
        async with self._store.reading() as reading:
            for context, ids in wanted.items():
                read = await reading.schemas(context, ids)
                found |= {(context, schema_id): schema for schema_id, schema in read.items()}
        return found

    async def _read_settings(self, scopes: Collection[Subject]) -> Mapping[Subject, Settings]:
        async with self._store.reading() as reading:
            return await reading.settings(scopes)

    def _keep_schema(self, schema: StoredSchema) -> None:
        self._chars += len(schema.content.text)
        _keep(self._schemas, (schema.context, schema.schema_id), schema, SCHEMAS_KEPT_MAX)
        if self._chars > SCHEMA_CHARS_KEPT_MAX:
            self._schemas.clear()
            self._chars = 0

    async def _refresh(self) -> None:
        if self._monotonic() - self._checked_at < FRESH_S:
            return
        async with self._checking:
            now = self._monotonic()
            if now - self._checked_at < FRESH_S:
                return
            async with self._store.reading() as reading:
                revision = await reading.revision()
            if revision > self._revision:
                self._revision = revision
                self.forget()
            self._checked_at = now


def _keep(kept: dict[Key, Value], key: Key, value: Value, maximum: int) -> None:
    if len(kept) >= maximum and key not in kept:
        del kept[next(iter(kept))]
    kept[key] = value
