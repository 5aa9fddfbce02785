"""A hostile input: bytes for the HTTP port, and what may come back."""

from dataclasses import dataclass

ANY_REFUSAL = frozenset(range(400, 500))
NO_FAILURE = frozenset({100, 101, *range(200, 500)})
"""Whatever it is told, but it is not the server that erred."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One input."""

    name: str
    data: bytes
    statuses: frozenset[int] = NO_FAILURE
    """What its answers may be; a connection that ends without one is right as well."""

    answers_max: int = 2


def request(
    method: str,
    target: str,
    body: bytes = b"",
    content_type: str = "application/json",
    *headers: bytes,
) -> bytes:
    """Return a well-framed request, after which the connection ends."""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    lines = b"".join(one + b"\r\n" for one in headers)
    return head.encode() + lines + b"\r\n" + body
