"""API keys: how one looks, and what is kept of it.

``cauce_<id>_<secret>``: the id finds the key and may be shown; the secret has 256 random bits. What
is kept is SHA-256 of the whole text: a slow hash would add nothing, for nobody guesses 256 bits.
"""

import hashlib
import re
import secrets

ID_BYTES = 8
SECRET_BYTES = 32

_KEY = re.compile(r"cauce_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


def new_key() -> tuple[str, str]:
    """Return the id of a new key, and the key."""
    key_id = secrets.token_hex(ID_BYTES)
    return key_id, f"cauce_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def key_id_of(key: str) -> str | None:
    """Return the id of a key; None if it is not in the form of one."""
    found = _KEY.fullmatch(key)
    return None if found is None else found[1]


def key_of_pair(user: str, password: str) -> str | None:
    """Return the API key that is shown as a user and a password; None if it is none.

    Clients that know nothing else show it so: the whole key as the password of no user or of the
    key's id, or ``<id>`` and ``<secret>`` (also with ``cauce_`` before the id).
    """
    key_id = key_id_of(password)
    named = user.removeprefix("cauce_")
    if key_id is not None:
        return password if named in ("", key_id) else None
    key = f"cauce_{named}_{password}"
    return key if key_id_of(key) is not None else None


def hash_of(key: str) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
