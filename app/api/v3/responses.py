"""The error answers that routes declare, in one place.

All have the body of :class:`app.api.v3.models.ErrorResponse`, which ``app.api.openapi_document``
writes into each. FastAPI is not told of it: it would build a serializer of its own for each status
of each route, a thousand times the same one, for 0.2 s of every start.
"""

from typing import Any

_TEXTS = {
    400: "The request does not read, or Kafka refuses it.",
    401: "Who is asking is not known.",
    403: "The principal may not.",
    404: "There is no such thing.",
    405: "The path does not take this method.",
    406: "What the Accept header wants is not served.",
    408: "The request did not come in time.",
    409: "The group has members, or is between two generations.",
    413: "The body is too large.",
    415: "The content type or encoding is not taken.",
    416: "The offset is outside the partition's log.",
    422: "The body reads, but its fields do not.",
    429: "A quota is used up.",
    431: "The request's head is too large.",
    500: "The disk failed, or this node made a mistake.",
    503: "This node cannot answer now.",
    504: "The deadline passed.",
    507: "There is no room on the disk.",
}
_EVERYWHERE = (400, 401, 403, 404, 405, 408, 413, 429, 431, 500, 503)

Responses = dict[int | str, dict[str, Any]]


def errors(*more: int) -> Responses:
    """Return the declarations of the errors that can happen anywhere, and of some more."""
    return {status: {"description": _TEXTS[status]} for status in sorted({*_EVERYWHERE, *more})}
