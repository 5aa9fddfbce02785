"""CORS: which pages of other origins a browser lets read our answers.

Off unless origins are named. A preflight is answered here whatever its path; every other answer,
errors and streams among them, gets its headers on the way out. Origins that are not named are
answered without the headers, which is what keeps their pages from reading.
Source: the Fetch standard, "CORS protocol".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.api.answers import Send, send_error
from app.api.request_body import Message, Scope, header

EXPOSED = (
    "Cauce-Filter",
    "Cauce-High-Watermark",
    "Cauce-Next-Cursor",
    "Cauce-Next-Offset",
    "Cauce-Raw-Records",
    "Cauce-Skipped-Records",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
)
"""Headers of answers that pages may read beside those that the standard lets them."""

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
MAX_AGE_SECONDS = 600
ANY = "*"

_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]{0,4096}")
_LABELS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_PREFLIGHT_VARY = (
    b"vary",
    b"origin, access-control-request-method, access-control-request-headers",
)

HeaderPair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsRules:
    """Who may do what from where."""

    origins: Sequence[str]
    """Exact ones, ``https://*.example.com`` for all below a domain, or ``*`` for all."""

    methods: Sequence[str] = METHODS
    headers: Sequence[str] = (ANY,)
    """Request headers; ``*`` is whichever the page wants to send."""

    credentials: bool = False
    """Whether pages may send cookies; not together with the origin ``*``."""

    max_age_seconds: int = MAX_AGE_SECONDS
    """How long a browser may remember the answer to a preflight."""


class Cors:
    """Answers preflights, and says on each answer who may read it."""

    def __init__(self, rules: CorsRules) -> None:
        """Keep the rules."""
        assert not (rules.credentials and ANY in rules.origins), "the settings refuse this"
        self._rules = rules
        self._any = ANY in rules.origins
        self._exact = frozenset(origin for origin in rules.origins if ANY not in origin)
        self._below = tuple(
            (before, behind)
            for before, star, behind in (origin.partition(ANY) for origin in rules.origins)
            if star and before
        )
        self._methods = frozenset(rules.methods)
        self._headers = frozenset(name.lower() for name in rules.headers)
        self._exposed: HeaderPair = (
            b"access-control-expose-headers",
            ", ".join(EXPOSED).encode(),
        )

    def allows(self, origin: str) -> bool:
        """Return whether an origin is named in the rules."""
        if self._any or origin in self._exact:
            return True
        return any(
            origin.startswith(before)
            and origin.endswith(behind)
            and _LABELS.fullmatch(origin[len(before) : len(origin) - len(behind)]) is not None
            for before, behind in self._below
        )

    def is_preflight(self, scope: Scope) -> bool:
        """Return whether a browser asks if it may ask."""
        return (
            scope["method"] == "OPTIONS"
            and header(scope, b"origin") != b""
            and header(scope, b"access-control-request-method") != b""
        )

    async def answer_preflight(self, scope: Scope, send: Send) -> None:
        """Answer a preflight: 204 with what is allowed, or 403 with what is not."""
        origin = header(scope, b"origin")
        wanted = header(scope, b"access-control-request-headers")
        problem = self._problem(scope, origin, wanted)
        if problem:
            await send_error(send, 403, 403, f"CORS: {problem}")
            return
        allowed = wanted if ANY in self._headers else ", ".join(self._rules.headers).encode()
        headers = [
            *self._who(origin),
            (b"access-control-allow-methods", ", ".join(self._rules.methods).encode()),
            (b"access-control-max-age", b"%d" % self._rules.max_age_seconds),
            _PREFLIGHT_VARY,
        ]
        if allowed:
            headers.append((b"access-control-allow-headers", allowed))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def sender(self, scope: Scope, send: Send) -> Send:
        """Return a way to send that puts the headers on an answer."""
        origin = header(scope, b"origin")
        added: list[HeaderPair] = [] if self._any else [(b"vary", b"origin")]
        if origin and self.allows(origin.decode("latin-1")):
            added += [*self._who(origin), self._exposed]
        if not added:
            return send

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        return send_with_headers

    def _problem(self, scope: Scope, origin: bytes, wanted: bytes) -> str | None:
        if not self.allows(origin.decode("latin-1")):
            return "this origin is not allowed here (setting cors_allowed_origins)"
        method = header(scope, b"access-control-request-method").decode("latin-1")
        if method not in self._methods:
            return "this method is not allowed here (setting cors_allowed_methods)"
        if _NAMES.fullmatch(wanted) is None:
            return "the names of the headers do not read"
        if ANY not in self._headers:
            names = {name.strip().lower() for name in wanted.decode().split(",") if name.strip()}
            if not names <= self._headers:
                return "a header is not allowed here (setting cors_allowed_headers)"
        return None

    def _who(self, origin: bytes) -> list[HeaderPair]:
        who = [(b"access-control-allow-origin", b"*" if self._any else origin)]
        if self._rules.credentials:
            who.append((b"access-control-allow-credentials", b"true"))
        return who
