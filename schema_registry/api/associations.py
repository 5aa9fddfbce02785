"""Associations over REST: what is sent, checked and defaulted, and what is answered.

A batch answers 207 and each of its requests by itself; the ones before one that fails stand.
Source: Confluent's registry since 8.0.4.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from schema_registry.api.answers import Answer, Door, empty_answer, json_answer
from schema_registry.api.documents import content_document, new_schema
from schema_registry.api.errors import status_and_code
from schema_registry.api.guard import Access
from schema_registry.api.requests import Request
from schema_registry.errors import (
    AuditUnavailable,
    IncompatibleSchema,
    InvalidAssociation,
    InvalidRequest,
    InvalidSubject,
    RegistryError,
    StoreUnavailable,
)
from schema_registry.registry import associations
from schema_registry.registry.associations import (
    KEY,
    STRONG,
    TOPIC,
    VALUE,
    WEAK,
    Associated,
    AssociationQuery,
    NewAssociation,
    Resource,
)
from schema_registry.registry.context import SCHEMAS_MAX, page_size
from schema_registry.store import Association
from schema_registry.subjects import DEFAULT_CONTEXT, Subject, check_context, parse_subject

BATCH_MAX = 100
"""Requests of one batch."""

NAME_CHARS_MAX = 255

Document = dict[str, Any]


async def of_subject(door: Door, request: Request) -> Answer:
    """Return the associations of a subject."""
    found = await associations.associations_of_subject(
        door.context, request.subject(), _query(request)
    )
    return _page(request, found)


async def of_resource(door: Door, request: Request) -> Answer:
    """Return the associations of a resource by its id."""
    found = await associations.associations_of_id(
        door.context, _name(request.parameters, "resourceId"), _query(request)
    )
    return _page(request, found)


async def of_name(door: Door, request: Request) -> Answer:
    """Return the associations of a resource by its name."""
    found = await associations.associations_of_name(
        door.context,
        _name(request.parameters, "resourceNamespace"),
        _name(request.parameters, "resourceName"),
        _query(request),
    )
    return _page(request, found)


async def create(door: Door, request: Request) -> Answer:
    """Make associations that are not there."""
    return await _associate(door, request, request.document(), create_only=True)


async def put(door: Door, request: Request) -> Answer:
    """Make associations, or change them."""
    given = {**request.document(), "resourceId": request.parameters["resourceId"]}
    return await _associate(door, request, given, create_only=False)


async def delete(door: Door, request: Request) -> Answer:
    """Take associations away."""
    await associations.dissociate(
        door.context,
        _name(request.parameters, "resourceId"),
        _query(request),
        cascade=request.flag("cascadeLifecycle"),
        dry_run=request.flag("dryRun"),
    )
    return empty_answer()


async def get_many(door: Door, request: Request) -> Answer:
    """Return the associations of many resources."""

    async def one(given: Mapping[str, Any]) -> Document:
        query = _asked(
            given.get("resourceType"), given.get("associationTypes"), given.get("lifecycle")
        )
        if given.get("resourceId"):
            found = await associations.associations_of_id(
                door.context, _name(given, "resourceId"), query
            )
        else:
            found = await associations.associations_of_name(
                door.context, _name(given, "resourceNamespace"), _name(given, "resourceName"), query
            )
        written = {name: given[name] for name in _RESOURCE if given.get(name)}
        return {**written, "associations": [_association(each) for each in _seen(request, found)]}

    return await _each(door, request, one)


async def change_many(door: Door, request: Request) -> Answer:
    """Change the associations of many resources, each by itself, in order."""

    async def one(given: Mapping[str, Any]) -> Document:
        written: Document = {}
        for operation in _operations(given):
            kind = operation.get("opType")
            if kind == "DELETE":
                await _delete_one(door, request, given, operation)
                continue
            if kind not in ("CREATE", "UPSERT"):
                raise _invalid("opType", "must be CREATE, UPSERT or DELETE")
            asked = {**given, "associations": [operation]}
            made = await _made(door, request, asked, create_only=kind == "CREATE")
            listed = written.get("associations", []) + made.pop("associations", [])
            written |= made
            if listed:
                written["associations"] = listed
        return written

    return await _each(door, request, one)


# -- inside --------------------------------------------------------------------------------------


async def _associate(
    door: Door, request: Request, given: Mapping[str, Any], *, create_only: bool
) -> Answer:
    return json_answer(await _made(door, request, given, create_only=create_only))


async def _made(
    door: Door, request: Request, given: Mapping[str, Any], *, create_only: bool
) -> Document:
    dry_run = request.flag("dryRun")
    resource = _resource(given, dry_run=dry_run)
    wanted = _wanted(request, resource, given)
    found = await associations.associate(
        door.context, resource, wanted, create_only=create_only, dry_run=dry_run
    )
    written: Document = {
        "resourceName": resource.name,
        "resourceNamespace": resource.namespace,
        "resourceType": resource.resource_type,
    }
    if resource.resource_id:
        written["resourceId"] = resource.resource_id
    if not dry_run:
        written["associations"] = [await _info(door, request, one) for one in found]
    return written


async def _info(door: Door, request: Request, one: Associated) -> Document:
    written: Document = {
        "subject": str(one.association.subject),
        "associationType": one.association.association_type,
        "lifecycle": one.association.lifecycle,
        "frozen": one.association.frozen,
    }
    if one.version is not None:
        written["schema"] = await content_document(
            door.context, request, one.version.schema, door.shape
        )
    return written


async def _delete_one(
    door: Door, request: Request, given: Mapping[str, Any], operation: Mapping[str, Any]
) -> None:
    kind = _association_type(operation)
    query = _asked(given.get("resourceType"), [kind], None)
    await associations.dissociate(
        door.context,
        _name(given, "resourceId"),
        query,
        cascade=_flag(operation, "cascadeLifecycle") is True,
        dry_run=request.flag("dryRun"),
    )


async def _each(
    door: Door, request: Request, one: Callable[[Mapping[str, Any]], Awaitable[Document]]
) -> Answer:
    """Return what each request of a batch comes to."""
    asked = request.document().get("requests")
    if not isinstance(asked, list) or not asked:
        raise _invalid("requests", "cannot be null or empty")
    if len(asked) > BATCH_MAX:
        raise _invalid("requests", f"at most {BATCH_MAX}")
    results: list[Document] = []
    for given in asked:
        try:
            results.append({"result": await one(_as_object(given, "requests"))})
        except (StoreUnavailable, AuditUnavailable):
            raise
        except RegistryError as error:
            _, code = status_and_code(error)
            if isinstance(error, IncompatibleSchema):
                code = door.incompatible_code
            results.append({"error": {"error_code": code, "message": str(error)}})
    return json_answer({"results": results}, status=207)


def _page(request: Request, found: Sequence[Association]) -> Answer:
    found = _seen(request, found)
    start = max(0, request.number("offset", 0))
    end = start + page_size(request.number("limit", -1), SCHEMAS_MAX)
    return json_answer([_association(one) for one in found[start:end]])


def _seen(request: Request, found: Sequence[Association]) -> Sequence[Association]:
    """Return those of subjects that whoever asks may see."""
    return [one for one in found if request.sees(one.subject, Access.DESCRIBE)]


def _association(one: Association) -> Document:
    return {
        "subject": str(one.subject),
        "resourceName": one.resource_name,
        "resourceNamespace": one.resource_namespace,
        "resourceId": one.resource_id,
        "resourceType": one.resource_type,
        "associationType": one.association_type,
        "lifecycle": one.lifecycle,
        "frozen": one.frozen,
    }


_RESOURCE = ("resourceName", "resourceNamespace", "resourceId", "resourceType")


def _query(request: Request) -> AssociationQuery:
    return _asked(
        request.text("resourceType"),
        request.query.get("associationType"),
        request.text("lifecycle"),
    )


def _asked(resource_type: Any, types: Any, lifecycle: Any) -> AssociationQuery:
    if types is not None and not _are_texts(types):
        raise _invalid("associationTypes", "must be a list of texts")
    if resource_type is not None and not isinstance(resource_type, str):
        raise _invalid("resourceType", "must be text")
    if lifecycle not in (None, "", STRONG, WEAK):
        raise _invalid("lifecycle", f"must be {STRONG} or {WEAK}")
    return AssociationQuery(
        resource_type=resource_type or TOPIC,
        association_types=tuple(types or ()),
        lifecycle=lifecycle or None,
    )


def _are_texts(value: Iterable[Any]) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _resource(given: Mapping[str, Any], *, dry_run: bool) -> Resource:
    if given.get("resourceType") not in (None, "", TOPIC):
        raise _invalid("resourceType", f"must be '{TOPIC}'")
    if not (dry_run and not given.get("resourceId")):
        _name(given, "resourceId")
    return Resource(
        resource_id=given.get("resourceId") or "",
        name=_name(given, "resourceName"),
        namespace=_name(given, "resourceNamespace"),
    )


def _operations(given: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = given.get("associations")
    if not isinstance(found, list) or not found:
        raise _invalid("associations", "cannot be null or empty")
    return [_as_object(one, "associations") for one in found]


def _wanted(
    request: Request, resource: Resource, given: Mapping[str, Any]
) -> Sequence[NewAssociation]:
    wanted = [_new(request, resource, one) for one in _operations(given)]
    types = [one.association_type for one in wanted]
    if len(set(types)) != len(types):
        raise _invalid("associationType", "there is more than one of a type")
    if len({one.frozen for one in wanted if one.frozen is not None}) > 1:
        raise _invalid(
            "frozen", "all associations for a resource must be consistently frozen or non-frozen"
        )
    return wanted


def _new(request: Request, resource: Resource, given: Mapping[str, Any]) -> NewAssociation:
    kind = _association_type(given)
    lifecycle, schema = given.get("lifecycle"), given.get("schema")
    if lifecycle not in (None, STRONG, WEAK):
        raise _invalid("lifecycle", f"must be {STRONG} or {WEAK}")
    return NewAssociation(
        association_type=kind,
        subject=_subject(request, resource, kind, given.get("subject")),
        lifecycle=lifecycle,
        frozen=_flag(given, "frozen"),
        schema=None if schema is None else new_schema(_as_object(schema, "schema")),
        normalize=_flag(given, "normalize") is True,
    )


def _association_type(given: Mapping[str, Any]) -> str:
    kind = given.get("associationType") or VALUE
    if kind not in (KEY, VALUE):
        raise _invalid("associationType", f"must be either '{KEY}' or '{VALUE}'")
    return str(kind)


def _subject(request: Request, resource: Resource, kind: str, given: Any) -> Subject:
    """Return the subject that is named, or the one that a resource's namespace has for it."""
    if given is None:
        given = f":.{resource.namespace}:{resource.name}-{kind}"
    if not isinstance(given, str) or not given:
        raise _invalid("subject", "must be text that is not empty")
    context = request.text("context") or ""
    try:
        name = check_context(context.strip(":") or DEFAULT_CONTEXT) if context else request.context
        return parse_subject(given, context=name)
    except InvalidSubject as error:
        raise _invalid("subject", str(error)) from None


def _flag(given: Mapping[str, Any], name: str) -> bool | None:
    found = given.get(name)
    if found is not None and not isinstance(found, bool):
        raise _invalid(name, "must be true or false")
    return found


def _name(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found:
        raise _invalid(name, "cannot be null or empty")
    if len(found) > NAME_CHARS_MAX or not found.isprintable():
        raise _invalid(name, f"must be at most {NAME_CHARS_MAX} printable characters")
    return found


def _as_object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} must hold objects")
    return value


def _invalid(name: str, detail: str) -> InvalidAssociation:
    return InvalidAssociation(
        f"The association specified an invalid value for property: '{name}', detail: {detail}"
    )
