"""Subjects and their versions over REST."""

import difflib
import re
from typing import Any

from schema_registry.api.answers import Answer, Door, json_answer, text_answer
from schema_registry.api.documents import (
    Document,
    changed_version,
    new_schema,
    schema_text,
    version_document,
)
from schema_registry.api.guard import Access, require
from schema_registry.api.requests import Request
from schema_registry.api.verdicts import verdict_documents
from schema_registry.model import SchemaType
from schema_registry.registry import deletion, listing, lookup, registration
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.context import LIST_MAX, page_size
from schema_registry.registry.lookup import parse_version
from schema_registry.subjects import parse_subject


async def list_subjects(door: Door, request: Request) -> Answer:
    """Return the names of subjects."""
    offset, limit = request.number("offset", 0), request.number("limit", -1)
    is_open = request.may is None
    found = await listing.list_subjects(
        door.context,
        request.prefix(":*:"),
        deleted=request.flag("deleted"),
        deleted_only=request.flag("deletedOnly"),
        offset=offset if is_open else 0,
        limit=limit if is_open else -1,
    )
    names = [str(subject) for subject in found]
    if not is_open:  # the page is one of what may be seen
        start = max(0, offset)
        seen = [name for name in names if request.sees(name, Access.DESCRIBE)]
        names = seen[start : start + page_size(limit, LIST_MAX)]
    return json_answer(names)


async def look_up(door: Door, request: Request) -> Answer:
    """Return the version that a schema is."""
    new = asked_schema(request)
    found = await lookup.look_up(
        door.context,
        request.subject(),
        new,
        normalize=request.flag("normalize"),
        deleted=request.flag("deleted"),
    )
    written = await version_document(door.context, request, found, door.shape)
    return json_answer(_as_sent(written, new))


async def delete_subject(door: Door, request: Request) -> Answer:
    """Delete all versions."""
    found = await deletion.delete_subject(
        door.context, request.subject(), permanent=request.flag("permanent")
    )
    return json_answer(list(found))


async def by_metadata(door: Door, request: Request) -> Answer:
    """Return the newest version with some properties."""
    properties = dict(
        zip(request.query.get("key", ()), request.query.get("value", ()), strict=False)
    )
    found = await lookup.by_metadata(
        door.context, request.subject(), properties, deleted=request.flag("deleted")
    )
    return json_answer(await version_document(door.context, request, found, door.shape))


async def list_versions(door: Door, request: Request) -> Answer:
    """Return the numbers of a subject's versions."""
    negative = request.flag("deletedAsNegative")
    only = request.flag("deletedOnly")
    _, found = await lookup.versions_of(
        door.context, request.subject(), deleted=request.flag("deleted") or only or negative
    )
    numbers = [
        -one.version if negative and one.deleted else one.version
        for one in found
        if one.deleted or not only
    ]
    start = max(0, request.number("offset", 0))
    return json_answer(numbers[start : start + page_size(request.number("limit", -1), LIST_MAX)])


async def register(door: Door, request: Request) -> Answer:
    """Make a schema a version, or say what would come of it."""
    subject, new = request.subject(), asked_schema(request)
    normalize = request.flag("normalize")
    if request.flag("dryRun"):
        require(request.may, Access.READ, subject)  # it shows what there is
        plan = await registration.plan_registration(door.context, subject, new, normalize=normalize)
        return json_answer(await _plan_document(door, request, plan))
    registered = await registration.register(
        door.context, subject, new, normalize=normalize, force=request.flag("force")
    )
    if door.shape.old:
        return json_answer({"id": registered.schema.schema_id})
    written = await version_document(door.context, request, registered, door.shape)
    written.pop("subject")
    return json_answer(_as_sent(written, new))


def asked_schema(request: Request) -> NewSchema:
    """Return the schema in a body.

    Raises:
        AccessDenied: It refers to what whoever asks may not read.
    """
    new = new_schema(request.document())
    for one in new.references:
        require(request.may, Access.READ, parse_subject(one.subject, context=request.context))
    return new


def _as_sent(written: Document, new: NewSchema) -> Document:
    """Answer a descriptor with a descriptor.

    Serializers send one, and keep what the answer says as what they would get for
    ``format=serialized``: confluent-kafka's (2.16) cannot read a text there.
    """
    if new.schema_type is SchemaType.PROTOBUF and _DESCRIPTOR.fullmatch(new.text):
        written["schema"] = new.text
    return written


async def _plan_document(door: Door, request: Request, plan: registration.Plan) -> Document:
    written: Document = await version_document(door.context, request, plan.registered, door.shape)
    written |= {
        "dryRun": True,
        "isNew": plan.is_new,
        "is_compatible": plan.is_compatible,
        "verdicts": verdict_documents(plan.verdicts),
    }
    if plan.previous is not None and plan.is_new:
        before, after = plan.previous.content.text, plan.registered.schema.content.text
        written["diff"] = await door.context.workers.run(
            len(before) + len(after), lambda: _text_diff(before, after)
        )
    return written


def _text_diff(before: str, after: str) -> list[str]:
    """Return a unified diff of two texts, broken where people would break them."""
    old, new = (
        text.replace("{", "{\n").replace(",", ",\n").splitlines() for text in (before, after)
    )
    if len(old) + len(new) > DIFF_LINES_MAX:
        return []
    return list(difflib.unified_diff(old, new, "latest", "candidate", lineterm=""))


_DESCRIPTOR = re.compile(r"[A-Za-z0-9+/]+={0,2}")
"""Base64: no ``.proto`` text has these letters only."""

DIFF_LINES_MAX = 2_000
"""Longer texts are not compared line by line."""


async def get_version(door: Door, request: Request) -> Answer:
    """Return one version."""
    found = await _version(door, request)
    return json_answer(await version_document(door.context, request, found, door.shape))


async def get_version_text(door: Door, request: Request) -> Answer:
    """Return the text of one version."""
    found = await _version(door, request)
    return text_answer(await schema_text(door.context, found.schema, request.text("format")))


async def _version(door: Door, request: Request) -> Any:
    return await lookup.get_version(
        door.context,
        request.subject(),
        parse_version(request.parameters["version"]),
        deleted=request.flag("deleted"),
    )


async def delete_version(door: Door, request: Request) -> Answer:
    """Delete one version."""
    found = await deletion.delete_version(
        door.context,
        request.subject(),
        parse_version(request.parameters["version"]),
        permanent=request.flag("permanent"),
    )
    return json_answer(found)


async def referenced_by(door: Door, request: Request) -> Answer:
    """Return the ids of schemas that refer to a version."""
    found = await lookup.referring_ids(
        door.context,
        request.subject(),
        parse_version(request.parameters["version"]),
        deleted=request.flag("deleted"),
    )
    return json_answer(list(found))


async def change_tags(door: Door, request: Request) -> Answer:
    """Make a new version of one with other tags or rules."""
    stored = await lookup.get_version(
        door.context, request.subject(), parse_version(request.parameters["version"])
    )
    new = changed_version(request.document(), stored)
    registered = await registration.register(door.context, request.subject(), new)
    return json_answer(await version_document(door.context, request, registered, door.shape))
