"""Close codes: why a socket ends, whether to come back, and when.

The reason of the close frame is a JSON text that a program can act on:
``{"reason": "...", "retry": true, "retry_ms": 500}``, cut to what a close frame holds.

Invariants:
    A reason is at most ``REASON_BYTES_MAX`` bytes of UTF-8, and always a whole JSON text.
Pure. Called by: connection, protocol, asyncapi. Calls: limits.
Source: RFC 6455, 7.4 (1000 to 1015; 4000 to 4999 are the application's).
"""

from enum import IntEnum
from typing import NamedTuple

import msgspec

from app.api.ws.limits import (
    BUSY_RETRY_MS,
    DRAIN_RETRY_MS,
    REASON_BYTES_MAX,
    SLOW_RETRY_MS,
)


class CloseCode(IntEnum):
    """What the server closes with."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    BAD_FRAME = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408
    FENCED = 4409
    TOO_MANY = 4429


class Advice(NamedTuple):
    """What a client is to do about a close."""

    meaning: str
    retry_ms: int | None
    """When to come back; None: not before something was changed."""


ADVICE = {
    CloseCode.NORMAL: Advice("The client has closed.", None),
    CloseCode.GOING_AWAY: Advice(
        "The node is shutting down: resume here or elsewhere.", DRAIN_RETRY_MS
    ),
    CloseCode.PROTOCOL_ERROR: Advice("The bytes are not WebSocket.", None),
    CloseCode.UNSUPPORTED_DATA: Advice("A binary message where only text is understood.", None),
    CloseCode.INVALID_DATA: Advice("A text message is not UTF-8.", None),
    CloseCode.POLICY: Advice("A rule of this server forbids it.", None),
    CloseCode.TOO_BIG: Advice("A message is larger than `frame_bytes_max`.", None),
    CloseCode.INTERNAL_ERROR: Advice("A mistake of the server's.", SLOW_RETRY_MS),
    CloseCode.TRY_AGAIN_LATER: Advice(
        "The node has as many sockets as it may have.", BUSY_RETRY_MS
    ),
    CloseCode.BAD_FRAME: Advice("A message is not a frame of this protocol.", None),
    CloseCode.UNAUTHENTICATED: Advice("Nobody said in time who is there, or wrongly.", None),
    CloseCode.FORBIDDEN: Advice("Whoever it is may not do that.", None),
    CloseCode.TOO_SLOW: Advice(
        "The client reads too slowly, or has been idle: resume from the last token it got.",
        SLOW_RETRY_MS,
    ),
    CloseCode.FENCED: Advice("Another consumer has taken this one's place.", None),
    CloseCode.TOO_MANY: Advice("More requests than are allowed.", BUSY_RETRY_MS),
}


class Closing(Exception):
    """The socket is to be closed."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def close_reason(code: CloseCode, reason: str) -> str:
    """Return the reason of a close frame.

    Args:
        code: Says whether to come back and when.
        reason: For people; cut where it does not fit.
    """
    retry_ms = ADVICE[code].retry_ms
    told: dict[str, object] = {"reason": "", "retry": retry_ms is not None}
    if retry_ms is not None:
        told["retry_ms"] = retry_ms
    room = REASON_BYTES_MAX - len(msgspec.json.encode(told))
    told["reason"] = _fitting(reason, room)
    return msgspec.json.encode(told).decode()


def _fitting(text: str, room: int) -> str:
    """Return as much of a text, from its start, as fits so many bytes of a JSON string."""
    text = text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    while len(msgspec.json.encode(text)) - 2 > room:
        text = text[:-1]
    return text
