"""Schemas by id, by GUID and in lists over REST."""

from schema_registry.api.answers import Answer, Door, json_answer, text_answer
from schema_registry.api.documents import content_document, schema_text, version_document
from schema_registry.api.requests import Request, to_number
from schema_registry.registry import listing, lookup
from schema_registry.registry.context import LIST_MAX, page_size

TYPES = ["JSON", "PROTOBUF", "AVRO"]


async def list_schemas(door: Door, request: Request) -> Answer:
    """Return versions with their schemas."""
    rule_type = request.text("ruleType")
    found = await listing.list_schemas(
        door.context,
        request.prefix(":*:"),
        deleted=request.flag("deleted"),
        latest_only=request.flag("latestOnly"),
        aliases=request.flag("aliases"),
        keep=listing.has_rule_of(rule_type) if rule_type else None,
        offset=request.number("offset", 0),
        limit=request.number("limit", -1),
    )
    written = []
    for version, aliases in found:
        one = await version_document(door.context, request, version, door.shape)
        written.append({**one, "aliases": list(aliases)} if aliases else one)
    return json_answer(written)


async def by_id(door: Door, request: Request) -> Answer:
    """Return the schema of an id."""
    subject = request.asked_subject()
    schema, use = await lookup.by_id(door.context, _id(request), subject)
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
    schema, _ = await lookup.by_id(door.context, _id(request), request.asked_subject())
    return text_answer(await schema_text(door.context, schema, request.text("format")))


async def subjects_of(door: Door, request: Request) -> Answer:
    """Return the subjects that have a schema."""
    found = await lookup.uses_of(
        door.context, _id(request), request.asked_subject(), deleted=request.flag("deleted")
    )
    names = list(dict.fromkeys(str(use.subject) for use in found))
    return json_answer(_page(request, names))


async def versions_of(door: Door, request: Request) -> Answer:
    """Return the versions that have a schema."""
    found = await lookup.uses_of(
        door.context, _id(request), request.asked_subject(), deleted=request.flag("deleted")
    )
    written = [{"subject": str(use.subject), "version": use.version} for use in found]
    return json_answer(_page(request, written))


async def by_guid(door: Door, request: Request) -> Answer:
    """Return the schema of a GUID."""
    found = await lookup.by_guid(door.context, request.parameters["guid"])
    written = await content_document(door.context, request, found[0], door.shape)
    return json_answer({**written, "ts": found[0].created_at_ms})


async def ids_of_guid(door: Door, request: Request) -> Answer:
    """Return the contexts and ids of a GUID."""
    found = await lookup.by_guid(door.context, request.parameters["guid"])
    return json_answer([{"context": one.context, "id": one.schema_id} for one in found])


async def types(_door: Door, _request: Request) -> Answer:
    """Return the types of schemas."""
    return json_answer(TYPES)


def _id(request: Request) -> int:
    return to_number(request.parameters["id"], "id")


def _page(request: Request, found: list[object] | list[str] | list[dict[str, object]]) -> object:
    start = max(0, request.number("offset", 0))
    return found[start : start + page_size(request.number("limit", -1), LIST_MAX)]
