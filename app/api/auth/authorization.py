"""Authorization: what the header of a request says of who asks; not yet judged.

Three schemes: ``Basic`` with a user and a password, ``Bearer`` with a token or an API key,
``ApiKey`` with an API key. Their names are compared without regard to case.

Invariants:
    Whatever the header is, the outcome is a credential, None, or ``MalformedAuthorization``, whose
    text holds nothing of the header.
Pure. Called by: login, api.ws.handshake. Calls: nothing.
Source: RFC 9110, 11.4 and 11.6.2; RFC 7617 (Basic: UTF-8, no control characters, the user ends at
the first colon); RFC 6750, 2.1 (Bearer: token68).
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

AUTHORIZATION_BYTES_MAX = 8 * 1024
"""Of one header; a token of an identity provider has one or two kilobytes."""

_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?: +([A-Za-z0-9._~+/-]+=*))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class MalformedAuthorization(Exception):
    """The header cannot be read; the text says why, for the client."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token, or an API key."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, and nothing else."""

    key: str = field(repr=False)


Shown = Basic | Bearer | Key


def read_authorization(headers: Iterable[tuple[bytes, bytes]]) -> Shown | None:
    """Return what a request shows; None if it shows nothing.

    Args:
        headers: Of the request, names in lower case.

    Raises:
        MalformedAuthorization: There are two, or it is not what its scheme wants.
    """
    found = [value for name, value in headers if name == b"authorization"]
    if not found:
        return None
    if len(found) > 1:
        raise MalformedAuthorization("there must be one Authorization header")
    return parse_authorization(found[0])


def parse_authorization(value: bytes) -> Shown:
    """Return what the value of the header shows.

    Raises:
        MalformedAuthorization: It is not what its scheme wants.
    """
    if len(value) > AUTHORIZATION_BYTES_MAX:
        raise MalformedAuthorization(
            f"the Authorization header has at most {AUTHORIZATION_BYTES_MAX} bytes"
        )
    parts = _HEADER.fullmatch(value.strip(b" \t"))
    if parts is None:
        raise MalformedAuthorization("the Authorization header is a scheme and a token")
    scheme = parts[1].lower()
    if scheme not in (b"basic", b"bearer", b"apikey"):
        raise MalformedAuthorization("the schemes here are Basic, Bearer and ApiKey")
    if parts[2] is None:
        raise MalformedAuthorization("the Authorization header has no credentials")
    if scheme == b"basic":
        return _basic(parts[2])
    token = parts[2].decode("ascii")
    return Bearer(token) if scheme == b"bearer" else Key(token)


def _basic(token: bytes) -> Basic:
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise MalformedAuthorization("Basic credentials are base64 of UTF-8") from None
    user, colon, password = text.partition(":")
    if not colon or _CONTROL.search(text):
        raise MalformedAuthorization(
            "Basic credentials are a user, a colon and a password, without control characters"
        )
    return Basic(user, password)
