"""Guard of the routes that FastAPI answers: their bodies are read here, bounded and checked.

Before a model sees a body it is complete, no larger than allowed, unpacked, of the right type,
UTF-8, valid JSON of bounded depth, without lone surrogates: what makes the stock stack answer 500
(reliability notes 4.4). It also words what Starlette's own error middleware would let through.
"""

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.answers import send_error
from app.api.errors import V2_TYPE, ApiError, error_type
from app.api.json_stream import nesting
from app.api.request_body import ClientLeft, header, read_body
from app.api.v2.media_types import check_request_type

BODY_BYTES_MAX = 1024 * 1024
JSON_DEPTH_MAX = 64
INTEGER_DIGITS_MAX = 19

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_RECORDS = ("/records", "/records:batch")
_V2_PRODUCE = "/topics/"
_OWN_BODIES = frozenset({"/v3/auth/token", "/v3/auth/revoke"})
"""They take forms as well."""


class BodyGuard:
    """ASGI middleware; the paths of records and of tokens read their own bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request's body, then pass it on whole."""
        if scope["type"] != "http" or not _may_have_body(scope):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.endswith(_RECORDS) or path.startswith(_V2_PRODUCE) or path in _OWN_BODIES:
            await self._app(scope, receive, send)
            return
        try:
            body = await _checked_body(scope, receive)
        except ApiError as error:
            kind = error_type(scope["path"])
            await send_error(send, error.status, error.error_code, error.message, kind)
            return
        except ClientLeft:
            return
        rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_whole() -> Message:
            return rest.pop() if rest else await receive()

        await self._app(scope, receive_whole, send)


def _may_have_body(scope: Scope) -> bool:
    """Return whether a body may come; REST v2 has one where the method is GET."""
    if scope["method"] in _METHODS_WITH_BODY:
        return True
    path: str = scope["path"]
    return scope["method"] == "GET" and path.startswith("/consumers/") and path.endswith("/offsets")


async def _checked_body(scope: Scope, receive: Receive) -> bytes:
    body = await read_body(scope, receive, BODY_BYTES_MAX)
    if not body.strip():
        return b""
    kind = header(scope, b"content-type")
    if error_type(scope["path"]) == V2_TYPE:
        check_request_type(kind)
    elif kind.split(b";")[0].strip().lower() != b"application/json":
        raise ApiError(415, 415, "Unsupported Media Type: send application/json")
    try:
        body.decode()
        if not nesting(body, JSON_DEPTH_MAX):
            raise ApiError(400, 400, f"Bad Request: JSON nests deeper than {JSON_DEPTH_MAX}")
        value = msgspec.json.decode(body)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        raise ApiError(400, 400, "Bad Request: the body is not valid JSON") from None
    return msgspec.json.encode(_bounded(value))


def _bounded(value: object) -> object:
    """Refuse integers beyond what any field here could hold, wherever they stand."""
    if isinstance(value, list):
        return [_bounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _bounded(one) for name, one in value.items()}
    if isinstance(value, int) and abs(value) >= 10**INTEGER_DIGITS_MAX:
        raise ApiError(422, 422, "An integer has too many digits")
    return value
