"""Associations: which subject is a resource's schema, so that clients need not guess it by name.

A resource is a topic: an id of its own, a name in a namespace (the id of its cluster). It has one
association for its keys and one for its values. WEAK, the subject is shared; STRONG, it is the
resource's alone and may go with it. Frozen, which only a strong one is, an association is not
changed before it is thawed, and not taken away without its subject.

States of an association: none -> weak <-> strong <-> frozen; weak, strong -> none; frozen -> none
together with its subject.

Invariants:
    A subject with a strong association has no other one.
    A subject with an association has a version that is not deleted.
A schema that is given with an association is registered first, in a transaction of its own: after a
crash in between the version is there, and asking again ends what was begun.
Source: Confluent's registry since 8.0.4; section 1.4 of the facts on it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from schema_registry.errors import (
    AssociationExists,
    AssociationFrozen,
    AssociationNotFound,
    IncompatibleSchema,
    InvalidAssociation,
    NoActiveVersion,
    SubjectAssociated,
    SubjectHasStrongAssociation,
)
from schema_registry.model import SubjectVersion
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.context import RegistryContext, to_its_end
from schema_registry.registry.deletion import hide_subject
from schema_registry.registry.registration import plan_registration, register
from schema_registry.registry.resolving import written_subject
from schema_registry.store import Association, Reading
from schema_registry.subjects import Subject

TOPIC = "topic"
"""The only type of resource."""

KEY, VALUE = "key", "value"
WEAK, STRONG = "WEAK", "STRONG"
ANY_NAMESPACE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What associations are of."""

    resource_id: str
    name: str
    namespace: str
    resource_type: str = TOPIC


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssociation:
    """An association as it is wanted; what is None stays as it is, or is the default."""

    association_type: str
    subject: Subject
    lifecycle: str | None = None
    frozen: bool | None = None
    schema: NewSchema | None = None
    """Registered first."""

    normalize: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Associated:
    """An association that stands, and the version that its schema is, if one was given."""

    association: Association
    version: SubjectVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationQuery:
    """Which associations are wanted."""

    resource_type: str = TOPIC
    association_types: Collection[str] = ()
    """All if empty."""

    lifecycle: str | None = None

    def matches(self, association: Association) -> bool:
        """Return whether this is one of them."""
        return (
            association.resource_type == self.resource_type
            and association.association_type in (self.association_types or (KEY, VALUE))
            and association.lifecycle == (self.lifecycle or association.lifecycle)
        )


async def associations_of_subject(
    context: RegistryContext, subject: Subject, query: AssociationQuery
) -> Sequence[Association]:
    """Return the associations of a subject; none if there is no such subject."""
    subject = await written_subject(context, subject)
    async with context.store.reading() as reading:
        found = await reading.associations(subject=subject)
    return [one for one in found if query.matches(one)]


async def associations_of_id(
    context: RegistryContext, resource_id: str, query: AssociationQuery
) -> Sequence[Association]:
    """Return the associations of a resource."""
    async with context.store.reading() as reading:
        found = await reading.associations(resource_id=resource_id)
    return [one for one in found if query.matches(one)]


async def associations_of_name(
    context: RegistryContext, namespace: str, name: str, query: AssociationQuery
) -> Sequence[Association]:
    """Return the associations of the resources of a name, in one namespace or in any (``-``)."""
    async with context.store.reading() as reading:
        found = await reading.associations_of_name(name)
    return [
        one
        for one in found
        if query.matches(one) and namespace in (ANY_NAMESPACE, one.resource_namespace)
    ]


@to_its_end
async def associate(
    context: RegistryContext,
    resource: Resource,
    wanted: Sequence[NewAssociation],
    *,
    create_only: bool,
    dry_run: bool = False,
) -> Sequence[Associated]:
    """Make associations of a resource, all of them or none; return them.

    Args:
        context: The registry.
        resource: Which.
        wanted: At most one of each type.
        create_only: Refuse where there is another one of the type already.
        dry_run: Change nothing; what would be refused is.

    Raises:
        RegistryError: Why not. Schemas that were given may be registered all the same, if somebody
            else was faster with an association in between.
    """
    wanted = [replace(one, subject=await written_subject(context, one.subject)) for one in wanted]
    async with context.store.reading() as reading:
        planned = await _plan(reading, resource, wanted, create_only=create_only)
    if dry_run:
        await _would_register(context, wanted)
        return [Associated(association=one) for one in planned]
    versions = {
        one.association_type: await register(
            context, one.subject, one.schema, normalize=one.normalize
        )
        for one in wanted
        if one.schema is not None
    }
    settled = [
        replace(one, schema=None, lifecycle=association.lifecycle)
        for one, association in zip(wanted, planned, strict=True)
    ]
    subjects = {one.subject for one in wanted}
    verb = "CreateAssociations" if create_only else "PutAssociations"
    async with (
        context.written_down(verb, _items(resource.resource_id, subjects)),
        context.writing(*subjects) as writing,
    ):
        planned = await _plan(writing, resource, settled, create_only=create_only)
        for association in planned:
            await writing.put_association(association)
    return [
        Associated(association=one, version=versions.get(one.association_type)) for one in planned
    ]


@to_its_end
async def dissociate(
    context: RegistryContext,
    resource_id: str,
    query: AssociationQuery,
    *,
    cascade: bool,
    dry_run: bool = False,
) -> Sequence[Association]:
    """Take associations of a resource away, all that are asked for or none; return them.

    Args:
        context: The registry.
        resource_id: Whose.
        query: Which of them.
        cascade: Delete the subjects of the strong ones as well, softly.
        dry_run: Change nothing; what would be refused is.

    Raises:
        AssociationNotFound: There are none.
        AssociationFrozen: One is frozen, and its subject is to stay.
        RegistryError: A subject cannot be deleted.
    """
    async with context.store.reading() as reading:
        chosen = await _chosen(reading, resource_id, query, cascade=cascade)
    if dry_run:
        return chosen
    subjects = {one.subject for one in chosen}
    items = [*_items(resource_id, subjects), *(["cascade"] if cascade else [])]
    async with (
        context.written_down("DeleteAssociations", items),
        context.writing(*subjects) as writing,
    ):
        now = await _chosen(writing, resource_id, query, cascade=cascade)
        chosen = [one for one in now if one.subject in subjects]  # others came after the request
        if not chosen:
            raise _not_found(resource_id)
        for association in chosen:
            await writing.erase_association(association)
            if cascade and association.lifecycle == STRONG:
                await hide_subject(writing, association.subject)
    return chosen


def _items(resource_id: str, subjects: Collection[Subject]) -> Sequence[str]:
    return [f"resource {resource_id}", *sorted(f"subject {subject}" for subject in subjects)]


async def _chosen(
    reading: Reading, resource_id: str, query: AssociationQuery, *, cascade: bool
) -> Sequence[Association]:
    found = [
        one for one in await reading.associations(resource_id=resource_id) if query.matches(one)
    ]
    if not found:
        raise _not_found(resource_id)
    for one in found:
        if one.frozen and not cascade:
            raise _frozen(one)
    return found


async def _plan(
    reading: Reading,
    resource: Resource,
    wanted: Sequence[NewAssociation],
    *,
    create_only: bool,
) -> Sequence[Association]:
    """Return what is wanted as it would stand."""
    there: Mapping[str, Association] = {
        one.association_type: one
        for one in await reading.associations(resource_id=resource.resource_id)
        if one.resource_type == resource.resource_type
    }
    for one in there.values():
        if (one.resource_name, one.resource_namespace) != (resource.name, resource.namespace):
            raise InvalidAssociation(
                f"The association specified an invalid value for property: 'resourceId', detail: "
                f"it is {one.resource_name!r} in namespace {one.resource_namespace!r}"
            )
    planned = [
        _merged(resource, one, there.get(one.association_type), create_only=create_only)
        for one in wanted
    ]
    for new, association in zip(wanted, planned, strict=True):
        await _check_subject(reading, association, planned)
        if new.schema is None:
            await _check_version(reading, association.subject)
    return planned


def _merged(
    resource: Resource, new: NewAssociation, old: Association | None, *, create_only: bool
) -> Association:
    """Return an association as it would stand, beside the one that is there."""
    default = WEAK if new.schema is None else STRONG
    merged = Association(
        resource_id=resource.resource_id,
        resource_name=resource.name,
        resource_namespace=resource.namespace,
        resource_type=resource.resource_type,
        association_type=new.association_type,
        subject=new.subject,
        lifecycle=new.lifecycle or (default if old is None else old.lifecycle),
        frozen=(old is not None and old.frozen) if new.frozen is None else new.frozen,
    )
    if old is not None and merged != old:
        if create_only or merged.subject != old.subject:
            raise AssociationExists(
                f"An association of type '{old.association_type}' already exists for resource"
                f" '{old.resource_name}', with subject '{old.subject}'"
            )
        if old.frozen and new.frozen is not False:
            raise _frozen(old)
    if merged.frozen and merged.lifecycle == WEAK:
        raise InvalidAssociation(
            "The association specified an invalid value for property: 'frozen', detail: "
            "association with lifecycle of WEAK cannot be frozen"
        )
    return merged


async def _check_subject(
    reading: Reading, association: Association, planned: Sequence[Association]
) -> None:
    """Refuse a subject that one of its associations, the new one too, wants for itself."""
    same = (association.resource_id, association.resource_type)
    replaced = [one.association_type for one in planned]
    others = [
        one
        for one in await reading.associations(subject=association.subject)
        if (one.resource_id, one.resource_type) != same or one.association_type not in replaced
    ]
    others += [
        one for one in planned if one.subject == association.subject and one is not association
    ]
    if association.lifecycle == STRONG and others:
        raise SubjectAssociated(
            f"An association already exists for subject '{association.subject}'"
        )
    if any(one.lifecycle == STRONG for one in others):
        raise SubjectHasStrongAssociation(
            f"A strong association already exists for subject '{association.subject}'"
        )


async def _check_version(reading: Reading, subject: Subject) -> None:
    if all(one.deleted for one in await reading.versions(subject)):
        raise NoActiveVersion(f"No active (non-deleted) version exists for subject '{subject}'")


async def _would_register(context: RegistryContext, wanted: Sequence[NewAssociation]) -> None:
    for one in wanted:
        if one.schema is None:
            continue
        plan = await plan_registration(context, one.subject, one.schema, normalize=one.normalize)
        if not plan.is_compatible:
            raise IncompatibleSchema(
                f"The schema would not be compatible with subject '{one.subject}'"
            )


def _not_found(resource_id: str) -> AssociationNotFound:
    return AssociationNotFound(f"No association for resource '{resource_id}' was found.")


def _frozen(association: Association) -> AssociationFrozen:
    return AssociationFrozen(
        f"The association of type '{association.association_type}' is frozen for subject"
        f" '{association.subject}'"
    )
