"""Key set of an identity provider: its public keys, as it publishes them.

Keys for something else than checking signatures, secret ones and those that do not read are left
out, so that one strange key does not take the others away. A key is looked up in a table by its id,
which is never a path or a query.
Pure. Called by: provider_keys. Calls: signatures.
Source: RFC 7517 (4, 5), RFC 7518 (3.1), RFC 8037.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.security.tokens.compact import BadToken
from app.security.tokens.signatures import Key, public_key

KEYS_MAX = 100

_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **{f"{family}{bits}": ("RSA", ()) for family in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ("EC", ("P-256",)),
    "ES384": ("EC", ("P-384",)),
    "ES512": ("EC", ("P-521",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
ALGORITHMS = tuple(_KINDS)
"""Those that a provider may sign by: each has a public key."""


class BadKeySet(Exception):
    """What a provider published is no key set."""


class KeySet:
    """Keys at one moment."""

    def __init__(self, described: list[dict[str, Any]]) -> None:
        """Take those that can check a signature."""
        self.described = described
        self._keys: list[tuple[dict[str, Any], Key]] = []
        for one in described:
            if not _is_for_signatures(one):
                continue
            try:
                self._keys.append((one, public_key(one)))
            except BadToken:
                continue

    def __len__(self) -> int:
        return len(self._keys)

    def is_same_as(self, other: "KeySet") -> bool:
        """Return whether nothing changed."""
        return self.described == other.described

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """Return the key that a token names; the only one that fits if it names none."""
        kind, curves = _KINDS[algorithm]
        fit = [
            key
            for one, key in self._keys
            if one.get("kty") == kind
            and (not curves or one.get("crv") in curves)
            and one.get("alg", algorithm) == algorithm
            and (key_id is None or one.get("kid") == key_id)
        ]
        return fit[0] if len(fit) == 1 else None


def _is_for_signatures(described: dict[str, Any]) -> bool:
    """Return whether a key is there to check them; ``key_ops`` is a list, or tells nothing."""
    operations = described.get("key_ops", ["verify"])
    is_for_checks = isinstance(operations, list) and "verify" in operations
    return is_for_checks and bool(described.get("use", "sig") == "sig")


def read_key_set(text: bytes) -> KeySet:
    """Return the keys of a document.

    Raises:
        BadKeySet: It is none.
    """
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise BadKeySet("it is not JSON") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not all(isinstance(one, dict) for one in keys):
        raise BadKeySet("it has no list of keys")
    if len(keys) > KEYS_MAX:
        raise BadKeySet(f"it has more than {KEYS_MAX} keys")
    return KeySet(keys)
