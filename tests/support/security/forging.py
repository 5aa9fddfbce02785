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

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group that ES256 signs in (SP 800-186)."""


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


def respelled(token: str) -> str:
    """Return a token of ES256 with the other signature that is as good, made without the key."""
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    other = P256_ORDER - int.from_bytes(raw[32:])
    return f"{signed}.{part(raw[:32] + other.to_bytes(32))}"
