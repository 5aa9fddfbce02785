"""The door: an ASGI application that answers the registry's paths.

Not of the framework that the other doors use, because a subject is routed before its path is
decoded, a slash at the end is no redirect, flags are not validated, and every error has one shape;
and because what serializers ask all day should cost little.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import msgspec

from schema_registry.api.answers import Answer, Door
from schema_registry.api.errors import MESSAGE_CHARS_MAX, HttpRefusal, status_and_code
from schema_registry.api.guard import (
    CHANGES,
    RULES,
    Access,
    AccessDenied,
    May,
    name_of,
    require,
)
from schema_registry.api.requests import (
    V1_TYPE,
    Request,
    answer_type,
    check_body_type,
    parse_query,
    split_context,
    split_path,
)
from schema_registry.api.routes import ROUTES
from schema_registry.api.routing import Route, Router
from schema_registry.errors import IncompatibleSchema, RegistryError, StoreUnavailable
from schema_registry.subjects import Subject

_logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ReadBody = Callable[[Scope, Receive, int], Awaitable[bytes]]

FORBIDDEN_CODE = 40301
"""Confluent's, of its security plugin."""

BODY_BYTES_MAX = 8 << 20
"""Longer than any schema is, escaped."""


class RegistryDoor:
    """Answers requests."""

    def __init__(self, door: Door, read_body: ReadBody) -> None:
        """Open nothing yet.

        Args:
            door: What handlers are given.
            read_body: Reads a body up to a bound; what it raises is for the caller of this.
        """
        self._door = door
        self._read_body = read_body
        self._router = Router(ROUTES)

    def serves(self, scope: Scope) -> bool:
        """Say whether a request is for the registry."""
        path: str = scope["path"]
        if path == "/":
            return bool(scope["method"] == "POST")
        first = path[1:].split("/", 1)[0]
        if first == "v1":
            return path.startswith("/v1/metadata")
        return first in self._router.first_segments

    @staticmethod
    def type_of_errors(scope: Scope) -> str:
        """Return the media type in which who asks for something is refused."""
        try:
            return answer_type(_header(scope, b"accept"))
        except HttpRefusal:
            return V1_TYPE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        media_type, headers = V1_TYPE, {}
        try:
            media_type = answer_type(_header(scope, b"accept"))
            answer = await self._answer(scope, receive)
        except HttpRefusal as refusal:
            answer = _error(refusal.status, refusal.status, refusal.message)
            headers = dict(refusal.headers)
        except IncompatibleSchema as error:
            answer = _error(409, self._door.incompatible_code, str(error))
        except AccessDenied as error:
            if self._door.guard is not None:
                self._door.guard.note_denied(scope, error.access, error.subject)
            answer = _error(403, FORBIDDEN_CODE, str(error))
        except RegistryError as error:
            if isinstance(error, StoreUnavailable):
                _logger.warning("%s %s: %s", scope["method"], scope["path"], error)
            status, code = status_and_code(error)
            answer = _error(status, code, self._worded(error, status))
        await _send(send, answer, media_type, headers.items())

    def _may(
        self, scope: Scope, route: Route, parameters: Mapping[str, str], context: str
    ) -> May | None:
        """Return who may, having asked what the route itself needs.

        Raises:
            AccessDenied: Whoever asks may not.
        """
        guard = self._door.guard
        if guard is None:
            return None

        def may(access: Access, subject: str | None) -> bool:
            return guard.may(scope, access, subject)

        needed = RULES[route.name]
        if needed is not None:
            asked = Request(parameters=parameters, query={}, context=context)
            require(may, needed, _subject_of(route, asked))
        return may

    def _witnessed(self, scope: Scope, route: Route, request: Request) -> Door:
        """Return the door that a handler is given: the witness knows who makes its changes."""
        door, access = self._door, RULES[route.name]
        witness = door.witness
        if witness is None or access not in CHANGES:
            return door
        assert access is not None, "who changes something needs something"

        def ledger(verb: str, items: Sequence[str]) -> AbstractAsyncContextManager[list[str]]:
            subject = name_of(_subject_of(route, request))
            return witness.change(scope, access, subject, verb, items)

        return replace(door, context=replace(door.context, ledger=ledger))

    def _worded(self, error: RegistryError, status: int) -> str:
        """Return the message; what follows on a guarded door might name what may not be seen."""
        text = str(error)
        return text.partition(";")[0] if status == 404 and self._door.guard is not None else text

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        raw = scope.get("raw_path") or scope["path"].encode()
        context, segments = split_context(split_path(raw))
        method: str = scope["method"]
        found = self._router.find(method, segments)
        if isinstance(found, list):
            if found:
                raise HttpRefusal(
                    405, "HTTP 405 Method Not Allowed", {"allow": ", ".join(sorted(found))}
                )
            raise HttpRefusal(404, "HTTP 404 Not Found")
        route, parameters = found
        may = self._may(scope, route, parameters, context)
        body = b""
        if route.body is not None:
            check_body_type(_header(scope, b"content-type"))
            body = await self._read_body(scope, receive, BODY_BYTES_MAX)
        request = Request(
            parameters=parameters,
            query=parse_query(scope["query_string"]),
            body=body,
            context=context,
            may=may,
        )
        return await route.handler(self._witnessed(scope, route, request), request)


def _subject_of(route: Route, request: Request) -> Subject | None:
    """Return the subject that a route is about, or None."""
    return request.scope() if "/{subject}" in route.path else None


def _header(scope: Scope, name: bytes) -> bytes:
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value)
    return b""


def _error(status: int, code: int, message: str) -> Answer:
    body = {"error_code": code, "message": message[:MESSAGE_CHARS_MAX]}
    return Answer(body=msgspec.json.encode(body), status=status)


async def _send(
    send: Send, answer: Answer, media_type: str, headers: Iterable[tuple[str, str]]
) -> None:
    found = [(name.encode(), value.encode()) for name, value in headers]
    if answer.status != 204:
        found.append((b"content-type", media_type.encode()))
        found.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": found})
    await send({"type": "http.response.body", "body": answer.body})
