"""Tokens as an attacker makes them: any header, any claims, any signature."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

Signer = Callable[[bytes], bytes]


def part(raw: bytes | dict[str, Any]) -> str:
    """Return a part of a token."""
    text = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def forged(header: bytes | dict[str, Any], claims: bytes | dict[str, Any], signer: Signer) -> str:
    """Return a token that is signed so."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(signer(signed.encode()))}"


def unsigned(_signed: bytes) -> bytes:
    """Sign nothing."""
    return b""


def by_hmac(secret: bytes) -> Signer:
    """Return what signs as HS256 does."""
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


def by_rsa(key: Any) -> Signer:
    """Return what signs as RS256 does."""
    return lambda signed: bytes(key.private_key.sign(signed, PKCS1v15(), SHA256()))
