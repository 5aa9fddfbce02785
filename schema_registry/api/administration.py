"""Settings, modes and contexts over REST."""

from schema_registry.api.answers import Answer, Door, empty_answer, json_answer
from schema_registry.api.guard import Access, require
from schema_registry.api.requests import Request
from schema_registry.documents import config_document, parse_config
from schema_registry.errors import InvalidMode
from schema_registry.model import SubjectConfig
from schema_registry.registry import administration, deletion, listing
from schema_registry.subjects import check_context, parse_subject


async def get_config(door: Door, request: Request) -> Answer:
    """Return settings."""
    found = await administration.get_config(
        door.context, request.scope(), default_to_global=request.flag("defaultToGlobal")
    )
    return json_answer(config_document(found))


async def put_config(door: Door, request: Request) -> Answer:
    """Change settings; answers with what was asked for."""
    changes = parse_config(request.document())
    alias = changes.get("alias")
    if isinstance(alias, str) and alias:  # it would show what it stands for
        require(request.may, Access.READ, parse_subject(alias, context=request.context))
    await administration.put_config(door.context, request.scope(), changes)
    return json_answer(config_document(SubjectConfig(**changes), level_key="compatibility"))


async def delete_config(door: Door, request: Request) -> Answer:
    """Take settings away."""
    found = await administration.delete_config(door.context, request.scope())
    return json_answer(config_document(found))


async def get_mode(door: Door, request: Request) -> Answer:
    """Return the mode."""
    found = await administration.get_mode(
        door.context, request.scope(), default_to_global=request.flag("defaultToGlobal")
    )
    return json_answer({"mode": found.value})


async def put_mode(door: Door, request: Request) -> Answer:
    """Set the mode; answers with what was asked for."""
    given = request.document()
    text = given.get("mode")
    if text is not None and not isinstance(text, str):
        raise InvalidMode("mode must be text")
    mode = None if text is None else administration.parse_mode(text)
    await administration.put_mode(door.context, request.scope(), mode, force=request.flag("force"))
    return json_answer({} if mode is None else {"mode": mode.value})


async def delete_mode(door: Door, request: Request) -> Answer:
    """Take the mode away."""
    found = await administration.delete_mode(
        door.context, request.scope(), recursive=request.flag("recursive")
    )
    return json_answer({"mode": found.value})


async def list_contexts(door: Door, request: Request) -> Answer:
    """Return the names of contexts."""
    found = await listing.list_contexts(
        door.context,
        request.text("contextPrefix") or "",
        offset=request.number("offset", 0),
        limit=request.number("limit", -1),
    )
    return json_answer(list(found))


async def delete_context(door: Door, request: Request) -> Answer:
    """Forget a context without subjects."""
    name = check_context(request.parameters["context"].strip(":") or ".")
    await deletion.delete_context(door.context, name)
    return empty_answer()
