"""Comebacks: whether to connect again after a socket has ended, and when.

A close code of this protocol comes with a reason in JSON that says so; those of others (proxies, a
connection that just breaks) are judged by RFC 6455 and its registry.

Invariants:
    A wait is never longer than the longest, nor shorter than half of what the server asked for.
Pure: randomness comes in as a number. Called by: line. Calls: errors.
Source: docs/websocket.md, "When the connection breaks"; RFC 6455, 7.4.
"""

from dataclasses import dataclass

import msgspec

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 10.0

FENCED = 4409
NO_CODE = 1006
"""What a socket that breaks without a close frame is said to end with (RFC 6455, 7.4.1)."""

_PASSING = frozenset({1000, 1001, 1005, NO_CODE, 1011, 1012, 1013, 1014, 4408, 4429})
"""Codes after which it is worth coming back, where the reason does not say."""

_ABOUT_RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Reason(msgspec.Struct):
    reason: str = ""
    retry: bool | None = None
    retry_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a socket ended, and what to do about it."""

    code: int
    reason: str
    retry: bool
    wait_s: float = 0.0
    """How long the server wants to be left alone."""


def after_close(code: int, text: str) -> Ending:
    """Return what a close code and its reason mean."""
    try:
        told = msgspec.json.decode(text, type=_Reason)
    except msgspec.MsgspecError:
        told = _Reason(reason=text)
    retry = code in _PASSING if told.retry is None else told.retry
    return Ending(
        code=code,
        reason=told.reason or f"the connection ended with code {code}",
        retry=retry,
        wait_s=max(0, told.retry_ms) / 1000,
    )


def may_pass(status: int) -> bool:
    """Return whether a handshake refused with a status may succeed later."""
    return status in _ABOUT_RETRY_STATUSES


class Backoff:
    """How long to wait before each attempt: twice as long each time, from a tenth of a second."""

    def __init__(self, first_s: float = FIRST_WAIT_S, longest_s: float = LONGEST_WAIT_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._attempts = 0

    def reset(self) -> None:
        """Forget the attempts: one has succeeded."""
        self._attempts = 0

    def next_wait_s(self, chance: float, wanted_s: float = 0.0) -> float:
        """Return how long to wait now.

        Args:
            chance: From 0 to 1; clients that lost the same server should not all come at once.
            wanted_s: How long the server wants to be left alone.
        """
        grown = self._first_s * 2.0 ** min(self._attempts, 30)
        self._attempts += 1
        whole = min(self._longest_s, max(grown, wanted_s))
        return whole * (0.5 + chance / 2)
