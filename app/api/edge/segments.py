"""Segments: a slash inside a segment of a path is not one between segments.

``/consumer-groups/a%2Fb/lags`` is about the group ``a/b``, but servers hand on paths that are
decoded whole. Here every segment is decoded on its own, and what a router would take for the end
of a segment is written otherwise; ``whole`` reads it back.

Invariant: two paths that clients tell apart stay apart.
Called by: application (around the routes), v3 (ids in paths). Source: RFC 3986, 2.2 and 3.3.
"""

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_MARK = "\x00"
_ESCAPES = {_MARK: _MARK + "0", "/": _MARK + "1"}


def whole(segment: str) -> str:
    """Return what a segment says, as a route was given it."""
    return segment.replace(_ESCAPES["/"], "/").replace(_ESCAPES[_MARK], _MARK)


class WholeSegments:
    """Decodes paths segment by segment."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with another path if a segment of its path holds a slash."""
        raw: bytes = scope.get("raw_path") or b""
        lower = raw.lower()
        if b"%2f" in lower or b"%00" in lower:
            segments = raw.decode("ascii", "replace").split("/")
            scope = {**scope, "path": "/".join(map(_escaped, segments))}
        await self._app(scope, receive, send)


def _escaped(segment: str) -> str:
    decoded = unquote(segment)
    for one, escape in _ESCAPES.items():
        decoded = decoded.replace(one, escape)
    return decoded
