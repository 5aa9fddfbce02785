"""Pages: what a browser sends by itself, and whether the page behind it may use it.

A browser sends a server's cookies with requests of any page, and asks nobody. So the session's
cookie counts only where a page could not send a header (WebSockets and streams of events), and only
for pages of our own origin or of one that is allowed. Nor may another page have the browser log in,
or do anything where nobody need log in: forms, and bodies that name no type, are sent wherever a
page wants, and nobody is asked.

Pure. Called by: login, api.ws.handshake. Calls: nothing.
Source: RFC 6265bis, 8.2 (ambient authority); RFC 6454, 7 (``Origin``); W3C Fetch Metadata
(``Sec-Fetch-Site``: browsers set it, pages cannot).
"""

from collections.abc import Callable, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote, urlsplit

COOKIE = "cauce_session"
OF_PAGES = frozenset({b"origin", b"sec-fetch-site"})
"""Headers by which browsers say whose page has sent a request."""

COOKIE_BYTES_MAX = 16 * 1024

Headers = Sequence[tuple[bytes, bytes]]
Allows = Callable[[str], bool]
"""Tells of an origin (``https://example.org``, ``null``) whether its pages may."""


def session_cookie(headers: Headers) -> str:
    """Return what the session's cookie holds; nothing if there is none."""
    header = next((value for name, value in headers if name == b"cookie"), b"")
    if len(header) > COOKIE_BYTES_MAX:
        return ""
    try:
        found = SimpleCookie(header.decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return unquote(found.value) if found is not None else ""


def is_allowed_origin(headers: Headers, base_url: str, allows: Allows) -> bool | None:
    """Return whether a page's origin is our own or allowed; None if no origin is said.

    Args:
        headers: Of the request, names in lower case.
        base_url: What clients reach this server by.
        allows: Tells of other origins.
    """
    origins = [value.decode("latin-1").lower() for name, value in headers if name == b"origin"]
    if not origins:
        return None
    own = urlsplit(base_url.lower()).netloc
    return len(origins) == 1 and (
        origins[0] in (f"http://{own}", f"https://{own}") or allows(origins[0])
    )


def is_of_another_page(headers: Headers, base_url: str, allows: Allows) -> bool:
    """Return whether a page of another origin that is not allowed has sent a request."""
    sites = [value for name, value in headers if name == b"sec-fetch-site"]
    if sites == [b"same-origin"]:
        return False
    is_allowed = is_allowed_origin(headers, base_url, allows)
    return bool(sites) and sites != [b"none"] if is_allowed is None else not is_allowed


def is_visit(headers: Headers, method: str) -> bool:
    """Return whether somebody follows a link; the page that has it sees nothing of the answer."""
    modes = [value for name, value in headers if name == b"sec-fetch-mode"]
    return modes == [b"navigate"] and method in ("GET", "HEAD")


def may_use_cookie(headers: Headers, base_url: str, allows: Allows) -> bool:
    """Return whether a request that says no more than a cookie may be believed.

    A page's own stream comes without an ``Origin``; then the browser says whose it is.
    """
    is_allowed = is_allowed_origin(headers, base_url, allows)
    if is_allowed is not None:
        return is_allowed
    return [value for name, value in headers if name == b"sec-fetch-site"] == [b"same-origin"]
