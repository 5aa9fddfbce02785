"""Registration: from what a client sends to a version of a subject.

The order: the mode allows it; what was left out is filled in and settings are merged; the text is
read; a version of the same content is returned as it is; one that means the same likewise; else
the candidate is judged, and gets a version, and an id if its content has none yet.

All of that is done on views, without a lock on the store; then, in a transaction that is alone, it
is seen whether what was decided on still stands. If not, all is done again. So parses and
comparisons keep nobody waiting, and ids and versions have no gaps.

What makes a version is written down before the first transaction, once however often it is done
again. What only finds the version that there is, as serializers ask each time they start, changes
nothing and is not.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from schema_registry.errors import (
    IdDoesNotMatch,
    IncompatibleSchema,
    InvalidSchema,
    OperationNotPermitted,
    StoreConflict,
)
from schema_registry.model import Mode, StoredSchema, SubjectVersion
from schema_registry.registry.candidates import (
    Candidate,
    NewSchema,
    may_stand_for,
    read_candidate,
    stands_for,
    with_previous,
)
from schema_registry.registry.checks import Verdict, judge
from schema_registry.registry.context import Queue, RegistryContext, to_its_end
from schema_registry.registry.effective import Effective, effective_settings
from schema_registry.registry.resolving import written_subject
from schema_registry.store import Settings, Version, Writing
from schema_registry.subjects import Subject, check_registrable, parse_subject

ATTEMPTS_MAX = 50
"""How often others may change a subject in the middle of a registration under it."""

SCHEMA_ID_MAX = 2**31 - 1
NOT_GIVEN = 0
"""Stands for an id until one is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a registration comes to, or would."""

    registered: SubjectVersion
    is_new: bool
    """Whether it makes a version that was not there."""

    verdicts: tuple[Verdict, ...] = ()
    previous: StoredSchema | None = None
    """The latest version's schema before."""

    @property
    def is_compatible(self) -> bool:
        """Whether it is allowed to."""
        return all(one.is_compatible for one in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What was decided on; it must still stand when it is written."""

    versions: tuple[Version, ...]
    settings: Mapping[Subject, Settings]
    effective: Effective

    @property
    def live(self) -> list[Version]:
        return [one for one in self.versions if not one.deleted]


@to_its_end
async def register(
    context: RegistryContext,
    subject: Subject,
    new: NewSchema,
    *,
    normalize: bool = False,
    force: bool = False,
) -> SubjectVersion:
    """Make a schema a version of a subject, or return the version that it is.

    Raises:
        RegistryError: Why not; nothing was changed unless it is ``StoreUnavailable``.
    """
    subject = await written_subject(context, subject)
    check_registrable(subject)
    async with AsyncExitStack() as traces, _one_at_a_time(context, subject):
        made: list[str] | None = None
        for _ in range(ATTEMPTS_MAX):
            ground = await _look(context, subject)
            candidate, plan = await _decide(context, subject, new, ground, normalize, force)
            if not plan.is_compatible:
                raise _incompatible(subject, plan.verdicts)
            if not plan.is_new:
                return plan.registered
            if made is None:
                change = context.written_down("RegisterSchema", _items(subject, new, force=force))
                made = await traces.enter_async_context(change)
            written = await _write(context, subject, new, ground, candidate)
            if written is not None:
                made += [f"version {written.version}", f"id {written.schema.schema_id}"]
                return written
            context.views.forget()
    raise StoreConflict(f"subject {str(subject)!r} is changed by others all the time")


async def plan_registration(
    context: RegistryContext, subject: Subject, new: NewSchema, *, normalize: bool = False
) -> Plan:
    """Return what a registration would come to, and change nothing."""
    subject = await written_subject(context, subject)
    check_registrable(subject)
    ground = await _look(context, subject)
    candidate, plan = await _decide(context, subject, new, ground, normalize, force=False)
    if not plan.is_new:
        return plan
    schema_id = await _id_it_would_get(context, subject, new, candidate.guid)
    schema = replace(plan.registered.schema, schema_id=schema_id)
    return replace(plan, registered=replace(plan.registered, schema=schema))


@asynccontextmanager
async def _one_at_a_time(context: RegistryContext, subject: Subject) -> AsyncIterator[None]:
    """Let one registration under a subject after the other, so that they need not try again."""
    queue = context.subject_queues.setdefault(subject, Queue())
    queue.waiting += 1
    try:
        async with queue.lock:
            yield
    finally:
        queue.waiting -= 1
        if queue.waiting == 0:
            context.subject_queues.pop(subject, None)


async def _look(context: RegistryContext, subject: Subject) -> _Ground:
    settings = await context.views.settings(subject.scopes())
    return _Ground(
        versions=await context.views.versions(subject),
        settings=settings,
        effective=effective_settings(subject, settings),
    )


async def _decide(
    context: RegistryContext,
    subject: Subject,
    new: NewSchema,
    ground: _Ground,
    normalize: bool,
    force: bool,
) -> tuple[Candidate, Plan]:
    effective = ground.effective
    _check_mode(subject, new, effective.mode)
    live = ground.live
    ids = [one.schema_id for one in live]
    latest = await context.views.schema(subject.context, ids[-1]) if ids else None
    whole = new if effective.mode.takes_ids else with_previous(new, latest, effective)
    config = effective.config
    candidate = await read_candidate(
        context,
        subject.context,
        whole,
        normalize=normalize or bool(config.normalize),
        strict=config.validate_new_schemas is not False and not effective.mode.takes_ids,
        check_rules=config.validate_rules is not False,
    )
    schemas = await context.views.schemas(subject.context, ids)
    existing = next(
        (one for one in reversed(live) if _has_guid(schemas, one, candidate.guid)), None
    )
    if existing is None and not effective.mode.takes_ids:
        existing = await _same_meaning(context, candidate, live, schemas)
    if existing is not None and (new.version is None or new.version == existing.version):
        _check_same_id(new, existing)
        found = schemas[existing.schema_id]
        return candidate, Plan(registered=_described(subject, existing, found), is_new=False)
    verdicts: tuple[Verdict, ...] = ()
    if not force and not effective.mode.takes_ids:
        verdicts = await judge(context, subject, candidate, live, effective)
    version = _next_version(new, ground)
    planned = SubjectVersion(
        subject=str(subject),
        version=version,
        schema=StoredSchema(
            context=subject.context,
            schema_id=NOT_GIVEN,
            guid=candidate.guid,
            content=candidate.content,
            created_at_ms=context.now_ms(),
        ),
        registered_at_ms=context.now_ms(),
    )
    plan = Plan(registered=planned, is_new=True, verdicts=verdicts, previous=latest)
    return candidate, plan


def _items(subject: Subject, new: NewSchema, *, force: bool) -> Sequence[str]:
    given = {"id": new.schema_id, "version": new.version}
    numbers = [f"{name} {number}" for name, number in given.items() if number is not None]
    return [f"subject {subject}", *numbers, *(["force"] if force else [])]


def _check_mode(subject: Subject, new: NewSchema, mode: Mode) -> None:
    if mode.is_read_only:
        raise OperationNotPermitted(f"Subject {subject} in context {subject.context} is read-only")
    if new.schema_id is not None and not mode.takes_ids:
        raise OperationNotPermitted(f"Subject {subject} is not in import mode")
    if new.schema_id is not None and not 0 < new.schema_id <= SCHEMA_ID_MAX:
        raise OperationNotPermitted(f"an id is 1 to {SCHEMA_ID_MAX}, not {new.schema_id}")


def _check_same_id(new: NewSchema, existing: Version) -> None:
    if new.schema_id is not None and new.schema_id != existing.schema_id:
        raise IdDoesNotMatch(
            f"Schema already registered with id {existing.schema_id}"
            f" instead of input id {new.schema_id}"
        )


def _has_guid(schemas: Mapping[int, StoredSchema], version: Version, guid: str) -> bool:
    schema = schemas.get(version.schema_id)
    return schema is not None and schema.guid == guid


async def _same_meaning(
    context: RegistryContext,
    candidate: Candidate,
    live: Sequence[Version],
    schemas: Mapping[int, StoredSchema],
) -> Version | None:
    for version in reversed(live):
        schema = schemas.get(version.schema_id)
        if schema is None or not may_stand_for(candidate, schema):
            continue
        if await stands_for(context, candidate, schema):
            return version
    return None


def _next_version(new: NewSchema, ground: _Ground) -> int:
    following = max((one.version for one in ground.versions), default=0) + 1
    if new.version is None or new.version == following:
        return following
    if not ground.effective.mode.takes_ids:
        raise InvalidSchema(
            "", f"Version is not one more than previous version {following - 1}: {new.version}"
        )
    return new.version


async def _id_it_would_get(
    context: RegistryContext, subject: Subject, new: NewSchema, guid: str
) -> int:
    async with context.store.reading() as reading:
        found = await reading.by_guid(guid)
        same = [one.schema_id for one in found if one.context == subject.context]
        if same:
            return min(same)
        return new.schema_id or await reading.max_id(subject.context) + 1


async def _write(
    context: RegistryContext,
    subject: Subject,
    new: NewSchema,
    ground: _Ground,
    candidate: Candidate,
) -> SubjectVersion | None:
    """Write a decision down; None if what it was made on does not stand any more."""
    async with context.writing(subject) as writing:
        revision = await writing.revision()
        if not await _still_stands(context, writing, revision, subject, ground):
            return None
        await _check_references(writing, subject, candidate)
        schema = await _schema_of(context, writing, subject, new, candidate)
        version = Version(
            version=_next_version(new, ground),
            schema_id=schema.schema_id,
            deleted=False,
            registered_at_ms=context.now_ms(),
        )
        is_new = all(one.version != version.version for one in ground.versions)
        await writing.put_version(subject, version, is_new=is_new)
        await _drop_tombstones(writing, subject, ground, version)
    is_last = all(one.version < version.version for one in ground.versions)
    if is_last and len(ground.live) == len(ground.versions):
        context.views.keep(revision, subject, (*ground.versions, version), schema)
    return _described(subject, version, schema)


async def _still_stands(
    context: RegistryContext, writing: Writing, revision: int, subject: Subject, ground: _Ground
) -> bool:
    """Say whether what was decided on is so now; SQL is asked only if others changed something."""
    known = context.views.at(revision - 1, subject)
    if known is None:
        known = await writing.versions(subject), await writing.settings(subject.scopes())
    return known == (ground.versions, ground.settings)


async def _check_references(writing: Writing, subject: Subject, candidate: Candidate) -> None:
    for reference in candidate.content.references:
        target = parse_subject(reference.subject, context=subject.context)
        versions = {one.version for one in await writing.versions(target)}
        if reference.version not in versions:
            raise InvalidSchema(
                "",
                f'No schema reference found for subject "{reference.subject}"'
                f" and version {reference.version}",
            )


async def _schema_of(
    context: RegistryContext,
    writing: Writing,
    subject: Subject,
    new: NewSchema,
    candidate: Candidate,
) -> StoredSchema:
    """Return the schema of a content, made if there is none."""
    here = subject.context
    same = {
        one.schema_id: one for one in await writing.by_guid(candidate.guid) if one.context == here
    }
    if new.schema_id is None:
        if same:
            return same[min(same)]
        schema_id = await writing.take_id(here)
    else:
        schema_id = new.schema_id
        if schema_id in same:
            return same[schema_id]
        if await writing.schemas(here, [schema_id]):
            raise OperationNotPermitted(
                f"Overwrite new schema with id {schema_id} is not permitted."
            )
        await writing.keep_id(here, schema_id)
    schema = StoredSchema(
        context=here,
        schema_id=schema_id,
        guid=candidate.guid,
        content=candidate.content,
        created_at_ms=context.now_ms(),
    )
    await writing.insert_schema(schema)
    return schema


async def _drop_tombstones(
    writing: Writing, subject: Subject, ground: _Ground, version: Version
) -> None:
    """Erase softly deleted versions of the same schema that nobody refers to."""
    for old in ground.versions:
        if (
            old.deleted
            and old.schema_id == version.schema_id
            and old.version != version.version
            and not await writing.referrers(subject, old.version)
        ):
            await writing.erase_versions(subject, [old.version])


def _described(subject: Subject, version: Version, schema: StoredSchema) -> SubjectVersion:
    return SubjectVersion(
        subject=str(subject),
        version=version.version,
        schema=schema,
        deleted=version.deleted,
        registered_at_ms=version.registered_at_ms,
    )


def _incompatible(subject: Subject, verdicts: Sequence[Verdict]) -> IncompatibleSchema:
    messages = [message for one in verdicts for message in one.messages]
    return IncompatibleSchema(
        "Schema being registered is incompatible with an earlier schema for subject"
        f' "{subject}", details: [{", ".join(messages)}]'
    )
