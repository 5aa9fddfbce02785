"""Compact form of signed tokens: what one says of itself, before anybody believes it.

Only one spelling of each token is read: a name that stands twice, base64 with bits to spare, text
that is not UTF-8 are refused, so that no two readers understand a token differently.

Invariants:
    Whatever the text is, the outcome is ``Unverified`` or ``BadToken``, and costs its length.
    Header parameters that bring a key or its address (``jwk``, ``jku``, ``x5c``, ``x5u``) are not
    looked at; one that must be understood (``crit``) is refused.
Pure. Called by: access_tokens, oidc. Calls: nothing.
Source: RFC 7515 (3.1, 4.1, 7.1), RFC 7519 (4), RFC 8725 (2, 3).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN_BYTES_MAX = 8 * 1024
"""As the Authorization header; identity providers' tokens have one or two kilobytes."""

KEY_ID_CHARS_MAX = 256


class BadToken(Exception):
    """The token is not good; the text says why, for logs, and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """What a token says; the signature is not looked at."""

    algorithm: str
    key_id: str | None
    type: str | None
    claims: Mapping[str, Any] = field(repr=False)


def read_compact(token: str) -> Unverified:
    """Return what a token says.

    Raises:
        BadToken: It does not read.
    """
    if len(token) > TOKEN_BYTES_MAX or not token.isascii():
        raise BadToken("a token that is too long, or not in ASCII")
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("a token that has not three parts")
    header = _object(_decoded(parts[0]))
    _decoded(parts[2])
    if "crit" in header or "b64" in header:
        raise BadToken("a token with header parameters that must be understood")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise BadToken("a token that does not name its algorithm")
    key_id, kind = header.get("kid"), header.get("typ")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= KEY_ID_CHARS_MAX):
        raise BadToken("a token whose key id is none")
    if kind is not None and not isinstance(kind, str):
        raise BadToken("a token whose type is none")
    claims = _object(_decoded(parts[1]))
    return Unverified(algorithm=algorithm, key_id=key_id, type=kind, claims=claims)


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that must be a text.

    Raises:
        BadToken: It is not there, is something else, or is empty.
    """
    found = claims.get(name)
    if not isinstance(found, str) or not found:
        raise BadToken(f"a token without a text as {name!r}")
    return found


def time_ms_of(claims: Mapping[str, Any], name: str) -> int | None:
    """Return a claim that must be a time (RFC 7519, 2: NumericDate); None if it is not there.

    Raises:
        BadToken: It is something else.
    """
    found = claims.get(name)
    if found is None and name not in claims:
        return None
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < 2**40:
        raise BadToken(f"a token whose {name!r} is no time")
    return int(found * 1000)


def _decoded(part: str) -> bytes:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise BadToken("a token that is not base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise BadToken("a token in another spelling of base64url")
    return decoded


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadToken("a token that is not JSON") from None
    if not isinstance(found, dict):
        raise BadToken("a token that is no JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("a token that says something twice")
    return found


def _refuse(_name: str) -> Any:
    raise BadToken("a token with a number that is none")
