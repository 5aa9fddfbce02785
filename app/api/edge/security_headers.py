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


def as_lines() -> bytes:
    """Return them as lines of a head, for answers that are written by hand."""
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in SECURITY_HEADERS)


def as_pairs() -> list[tuple[bytes, bytes]]:
    """Return them as ASGI has headers, for answers that the server adds none to."""
    return [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS]
