"""Signatures of tokens: the one place that uses the library.

A caller names one algorithm and one key, and the library is allowed that one alone: what a token
says of its algorithm chooses nothing.
Imported when it is first used: it takes 0.15 s, which a node without tokens does not spend.
Source: RFC 7515, RFC 8725 (3.1).
"""

import warnings
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact, serialize_compact

from app.security.tokens.compact import TOKEN_BYTES_MAX, BadToken

Key = OctKey | RSAKey | ECKey | OKPKey

_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
_RSA_BITS_MIN = 2048


class _Registry(JWSRegistry):
    max_header_length = TOKEN_BYTES_MAX


def secret_key(secret: bytes) -> OctKey:
    """Return the key of a shared secret."""
    return OctKey.import_key(secret)


def public_key(described: dict[str, Any]) -> Key:
    """Return the key of a JWK; of a secret one, none.

    Raises:
        BadToken: It is not one that signatures are checked with, or is too short.
    """
    kind = _KINDS.get(str(described.get("kty")))
    if kind is None:
        raise BadToken("a key of a kind that is not known here")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # refused below
            key = kind.import_key(described)
            raw = key.public_key
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadToken("a key that does not read") from None
    if isinstance(key, RSAKey) and getattr(raw, "key_size", 0) < _RSA_BITS_MIN:
        raise BadToken("an RSA key that is too short")
    return key


def sign(header: dict[str, str], payload: bytes, key: Key) -> str:
    """Return a token in its compact form; the header names the algorithm."""
    return serialize_compact(dict(header), payload, key, algorithms=[header["alg"]])


def verify(token: str, key: Key, algorithm: str) -> None:
    """Return if a token's signature is good by this algorithm and this key.

    Raises:
        BadToken: It is not.
    """
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    try:
        deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise BadToken("a token whose signature is wrong") from None
