"""The handshake: what a client asks for, who it says it is, and where its page is from.

Five ways to say who one is, in this order: the ``Authorization`` header; a ``ticket`` in the query
(one use, short-lived); a subprotocol ``bearer.<base64url of a token>``, which browsers can set; the
cookie ``cauce_session``; a first frame ``auth``. They are read here and judged by security.

A page of another origin can open a socket to any server that a browser reaches, with the cookies
of that server, and the browser does not ask first. So an ``Origin`` that is not the server's own
or on its list is refused, whatever else the request says. Programs send none.

Invariants:
    Exactly one subprotocol is echoed, one of those offered, never one that holds a token.
Called by: door, protocol. Calls: codec, auth.pages.
Source: RFC 6455, 4.2.2 (subprotocols), 10.2 (origins); RFC 6454, 7 (``null``).
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qs

from app.api.auth.login import TICKET
from app.api.auth.pages import Allows, is_allowed_origin, session_cookie
from app.api.ws.codec import Subprotocol

PATH = "/v3/ws"
SHORTCUT = "/v3/ws/topics/"
BEARER_PREFIX = "bearer."
TOKEN_CHARS_MAX = 16_384
QUERY_FIELDS_MAX = 20


class Refusal(Exception):
    """The handshake is refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Way(Enum):
    """How a client says who it is."""

    HEADER = "header"
    TICKET = "ticket"
    SUBPROTOCOL = "subprotocol"
    COOKIE = "cookie"
    FRAME = "frame"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client gives to be known by; not yet judged."""

    way: Way
    scheme: str = ""
    """In lower case: ``bearer`` or ``basic``; of a header only."""

    token: str = field(default="", repr=False)


NO_CREDENTIALS = Credentials(way=Way.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What was agreed on."""

    subprotocol: Subprotocol
    echoed: str | None
    """The subprotocol to answer with; None if none was offered."""

    credentials: Credentials
    topic: str | None
    """Of the shortcut: the topic to send from at once."""

    query: dict[str, str] = field(repr=False)
    """Of the request; a ticket may be in it."""


def parse_handshake(
    path: str,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    offered: Sequence[str],
) -> Handshake:
    """Read a handshake.

    Args:
        path: Of the request, unquoted.
        query: Of the request, as it came.
        headers: Names in lower case.
        offered: The subprotocols, in the client's order.

    Raises:
        Refusal: There is nothing here, or no subprotocol is spoken on both sides.
    """
    topic: str | None = None
    if path.startswith(SHORTCUT):
        topic = path.removeprefix(SHORTCUT)
        if not topic or "/" in topic:
            raise Refusal(404, "HTTP 404 Not Found")
    elif path.rstrip("/") != PATH:
        raise Refusal(404, "HTTP 404 Not Found")
    try:
        parsed = parse_qs(query.decode(), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise Refusal(400, "Bad Request: the query does not parse") from None
    fields = {name: values[-1] for name, values in parsed.items()}
    spoken = [one for one in offered if not one.startswith(BEARER_PREFIX)]
    known = {one.value: one for one in Subprotocol}
    chosen = next((known[one] for one in spoken if one in known), None)
    if chosen is None and spoken:
        raise Refusal(400, f"Bad Request: the subprotocols here are {', '.join(known)}")
    if chosen is None and offered:
        raise Refusal(400, "Bad Request: offer a subprotocol beside the one that holds a token")
    if topic is not None and chosen is Subprotocol.BINARY:
        raise Refusal(400, f"Bad Request: this path speaks {Subprotocol.JSON.value}")
    return Handshake(
        subprotocol=chosen or Subprotocol.JSON,
        echoed=chosen.value if chosen is not None else None,
        credentials=_credentials(fields, headers, offered),
        topic=topic,
        query=fields,
    )


def check_origin(headers: Sequence[tuple[bytes, bytes]], base_url: str, allows: Allows) -> None:
    """Refuse a page of another origin that is not allowed.

    Args:
        headers: Of the request, names in lower case.
        base_url: What clients reach this server by.
        allows: Tells of an origin (``https://example.org``, ``null``) whether it may.

    Raises:
        Refusal: It is not allowed.
    """
    if is_allowed_origin(headers, base_url, allows) is not False:
        return
    raise Refusal(
        403, "Forbidden: pages of this origin may not connect here (setting cors_allowed_origins)"
    )


def _credentials(
    query: dict[str, str], headers: Sequence[tuple[bytes, bytes]], offered: Sequence[str]
) -> Credentials:
    values = {name: value.decode("latin-1") for name, value in reversed(headers)}
    authorization = values.get(b"authorization", "")
    if authorization:
        scheme, _, token = authorization.partition(" ")
        return _checked(Credentials(way=Way.HEADER, scheme=scheme.lower(), token=token.strip()))
    if TICKET in query:
        return _checked(Credentials(way=Way.TICKET, token=query[TICKET]))
    for one in offered:
        if one.startswith(BEARER_PREFIX):
            token = _unpacked(one.removeprefix(BEARER_PREFIX))
            return _checked(Credentials(way=Way.SUBPROTOCOL, scheme="bearer", token=token))
    cookie = session_cookie(headers)
    if cookie:
        return _checked(Credentials(way=Way.COOKIE, token=cookie))
    return NO_CREDENTIALS


def _checked(credentials: Credentials) -> Credentials:
    if not credentials.token or len(credentials.token) > TOKEN_CHARS_MAX:
        raise Refusal(401, "Unauthorized: the credentials are empty or too long")
    return credentials


def _unpacked(text: str) -> str:
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refusal(401, "Unauthorized: the token in the subprotocol is not base64url") from None
