"""Schemas by id, by GUID and in lists over REST."""

from collections.abc import Sequence

from schema_registry.api.answers import Answer, Door, json_answer, text_answer
from schema_registry.api.documents import content_document, schema_text, version_document
from schema_registry.api.requests import Request, to_number
from schema_registry.errors import SchemaNotFound
from schema_registry.model import StoredSchema, SubjectVersion
from schema_registry.registry import listing, lookup
from schema_registry.registry.context import LIST_MAX, page_size
from schema_registry.store import Use

TYPES = ["JSON", "PROTOBUF", "AVRO"]


async def list_schemas(door: Door, request: Request) -> Answer:
    """Return versions with their schemas."""
    rule_type = request.text("ruleType")
    has_rule = listing.has_rule_of(rule_type) if rule_type else None

    def keep(version: SubjectVersion) -> bool:
        return request.sees(version.subject) and (has_rule is None or has_rule(version))

    found = await listing.list_schemas(
        door.context,
        request.prefix(":*:"),
        deleted=request.flag("deleted"),
        latest_only=request.flag("latestOnly"),
        aliases=request.flag("aliases"),
        keep=has_rule if request.may is None else keep,
        offset=request.number("offset", 0),
        limit=request.number("limit", -1),
    )
    written = []
    for version, aliases in found:
        one = await version_document(door.context, request, version, door.shape)
        seen = [name for name in aliases if request.sees(name)]
        written.append({**one, "aliases": seen} if seen else one)
    return json_answer(written)


async def by_id(door: Door, request: Request) -> Answer:
    """Return the schema of an id."""
    schema, use = await _by_id(door, request)
    written = await content_document(door.context, request, schema, door.shape)
    if not door.shape.old:
        written["ts"] = schema.created_at_ms
    if use is not None:
        written |= {"subject": str(use.subject), "version": use.version}
    if request.flag("fetchMaxId"):
        async with door.context.store.reading() as reading:
            written["maxId"] = await reading.max_id(schema.context)
    return json_answer(written)


async def text_by_id(door: Door, request: Request) -> Answer:
    """Return the text of an id's schema."""
    schema, _ = await _by_id(door, request)
    return text_answer(await schema_text(door.context, schema, request.text("format")))


async def subjects_of(door: Door, request: Request) -> Answer:
    """Return the subjects that have a schema."""
    found = await _uses(door, request)
    names = list(dict.fromkeys(str(use.subject) for use in found))
    return json_answer(_page(request, names))


async def versions_of(door: Door, request: Request) -> Answer:
    """Return the versions that have a schema."""
    found = await _uses(door, request)
    written = [{"subject": str(use.subject), "version": use.version} for use in found]
    return json_answer(_page(request, written))


async def by_guid(door: Door, request: Request) -> Answer:
    """Return the schema of a GUID."""
    found = await _by_guid(door, request)
    written = await content_document(door.context, request, found[0], door.shape)
    return json_answer({**written, "ts": found[0].created_at_ms})


async def ids_of_guid(door: Door, request: Request) -> Answer:
    """Return the contexts and ids of a GUID."""
    found = await _by_guid(door, request)
    return json_answer([{"context": one.context, "id": one.schema_id} for one in found])


async def types(_door: Door, _request: Request) -> Answer:
    """Return the types of schemas."""
    return json_answer(TYPES)


async def _by_id(door: Door, request: Request) -> tuple[StoredSchema, Use | None]:
    """Return a schema that a visible subject has, and a use of it that may be told.

    Raises:
        SchemaNotFound: There is none that whoever asks may see.
    """
    schema, use = await lookup.by_id(door.context, _id(request), request.asked_subject())
    if request.may is not None:
        visible = await _visible(door, request, schema)
        if not visible or (use is not None and use not in visible):
            raise SchemaNotFound(f"Schema {schema.schema_id} not found")
    return schema, use


async def _by_guid(door: Door, request: Request) -> Sequence[StoredSchema]:
    found = await lookup.by_guid(door.context, request.parameters["guid"])
    if request.may is not None:
        found = [one for one in found if await _visible(door, request, one)]
        if not found:
            raise SchemaNotFound(f"Schema {request.parameters['guid'][:64]!r} not found")
    return found


async def _uses(door: Door, request: Request) -> Sequence[Use]:
    """Return the uses of a schema that may be told.

    Raises:
        SchemaNotFound: There is no schema of the id, or none that may be seen.
    """
    found = await lookup.uses_of(
        door.context, _id(request), request.asked_subject(), deleted=request.flag("deleted")
    )
    if request.may is not None:
        await _by_id(door, request)
        found = [use for use in found if request.sees(use.subject)]
    return found


async def _visible(door: Door, request: Request, schema: StoredSchema) -> Sequence[Use]:
    async with door.context.store.reading() as reading:
        uses = await reading.uses(schema.context, schema.schema_id)
    return [use for use in uses if request.sees(use.subject)]


def _id(request: Request) -> int:
    return to_number(request.parameters["id"], "id")


def _page(request: Request, found: list[object] | list[str] | list[dict[str, object]]) -> object:
    start = max(0, request.number("offset", 0))
    return found[start : start + page_size(request.number("limit", -1), LIST_MAX)]
