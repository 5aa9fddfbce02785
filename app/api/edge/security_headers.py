"""Security headers: what every answer tells browsers about itself, errors and refusals too.

No answer of ours is a page: nothing in it may be guessed at, run, framed, or told where a link in
it came from. The server writes them with each head, so that no handler can forget them.
Source: the Fetch standard ("nosniff"), CSP level 3, Referrer Policy.
"""

SECURITY_HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
)
"""Names and values, in the order that they are written."""


TRANSPORT_SECURITY = ("strict-transport-security", "max-age=31536000")
"""Over TLS as well: who came so once is not to come without it for a year (RFC 6797)."""


def security_headers(*, is_tls: bool) -> list[tuple[str, str]]:
    """Return what each answer of a door has, by whether the door speaks TLS."""
    return [*SECURITY_HEADERS, TRANSPORT_SECURITY] if is_tls else list(SECURITY_HEADERS)


def as_lines(*, is_tls: bool = False) -> bytes:
    """Return them as lines of a head, for answers that are written by hand."""
    headers = security_headers(is_tls=is_tls)
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in headers)


def as_pairs() -> list[tuple[bytes, bytes]]:
    """Return them as ASGI has headers, for answers that the server adds none to."""
    return [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS]
