"""How FastAPI's routes become routes of REST v2: its content types, its errors.

Every route of the door is of this class, so that none can forget either.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from app.api.errors import ApiError, encode_error, extra_headers
from app.api.request_body import header
from app.api.v2.dialects import Dialect
from app.api.v2.errors import worded
from app.api.v2.media_types import V2, answer_type
from app.broker.errors import BrokerError

PREFIXES = ("/topics", "/brokers", "/consumers")
"""What paths of this door begin with, but for the root, which is everybody's."""


class V2Response(JSONResponse):
    """An answer without records."""

    media_type = V2.decode()


class V2Route(APIRoute):
    """Negotiates the content type; words errors as the dialect does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, wrapped."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                wanted = answer_type(header(request.scope, b"accept"))
                if self.body_field is not None:
                    request.scope["headers"] = _as_json(request.scope["headers"])
                answer = await inner(request)
            except (ApiError, BrokerError, RequestValidationError) as error:
                status, code, message = worded(error, get_dialect(request))
                return Response(
                    encode_error(code, message),
                    status,
                    headers=extra_headers(status, error),
                    media_type=V2.decode(),
                )
            del answer.headers["content-type"]
            if answer.status_code != 204:
                answer.headers["content-type"] = wanted.decode()
            return answer

        return handle


def _as_json(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers that say of a body what FastAPI calls it."""
    others = [(name, value) for name, value in headers if name != b"content-type"]
    return [*others, (b"content-type", b"application/json")]


def get_dialect(request: Request) -> Dialect:
    """Return how this node answers where dialects differ."""
    dialect: Dialect = request.app.state.dialect
    return dialect


Speaking = Annotated[Dialect, Depends(get_dialect)]


def is_of_v2(path: str) -> bool:
    """Return whether a path is one of this door's."""
    if not path.startswith(PREFIXES):
        return False
    return path.partition("/")[2].partition("/")[0] in _FIRST_SEGMENTS


_FIRST_SEGMENTS = frozenset(prefix[1:] for prefix in PREFIXES)


def without_trailing_slash(path: str) -> str:
    """Return a path of this door as it is routed: a slash at its end means nothing (Karapace)."""
    return path[:-1] if path[-1:] == "/" and is_of_v2(path) else path
