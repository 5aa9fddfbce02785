"""SCRAM keys: what a server keeps of a password, so that a proof can be checked without it.

The password cannot be had from it, and who has it still cannot log in: a proof needs the client
key, of which ``stored_key`` is a hash.
Source: RFC 5802, section 3; RFC 7677; RFC 4013 (SASLprep); KIP-84 (bounds of iterations).
"""

import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from collections.abc import Callable, Collection

from app.cluster.security_records import ScramRecord
from app.security.scram_shapes import SHAPE, Shape

SCRAM_SHA_256 = "SCRAM-SHA-256"
SCRAM_SHA_512 = "SCRAM-SHA-512"
HASH_NAMES = {SCRAM_SHA_256: "sha256", SCRAM_SHA_512: "sha512"}
HASH_SIZES = {SCRAM_SHA_256: 32, SCRAM_SHA_512: 64}
ITERATIONS, SALT_BYTES = SHAPE
ITERATIONS_MIN = 4096
ITERATIONS_MAX = 16_384

_PROHIBITED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str) -> str:
    """Return a name or password as SCRAM compares it.

    Raises:
        ValueError: It has a character that must not be there.
    """
    mapped = "".join(
        " " if stringprep.in_table_c12(one) else one
        for one in text
        if not stringprep.in_table_b1(one)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if any(is_in(one) for one in prepared for is_in in _PROHIBITED):
        raise ValueError("a character that SASLprep prohibits")
    if any(map(stringprep.in_table_d1, prepared)) and (
        any(map(stringprep.in_table_d2, prepared))
        or not (stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1]))
    ):
        raise ValueError("text of both directions, which SASLprep prohibits")
    return prepared


def scram_record(
    user: str, mechanism: str, password: str, *, iterations: int = ITERATIONS
) -> ScramRecord:
    """Return what is kept of a password, with a salt of its own; takes some milliseconds.

    Raises:
        ValueError: The password has a character that SASLprep prohibits.
    """
    name = HASH_NAMES[mechanism]
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac(name, saslprep(password).encode(), salt, iterations)
    return record_of_salted(user, mechanism, salted, salt=salt, iterations=iterations)


def record_of_salted(
    user: str, mechanism: str, salted: bytes, *, salt: bytes, iterations: int
) -> ScramRecord:
    """Return what is kept of a salted password (as KIP-554's clients send it)."""
    name = HASH_NAMES[mechanism]
    client_key = hmac.digest(salted, b"Client Key", name)
    return ScramRecord(
        user=user,
        mechanism=mechanism,
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.new(name, client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", name),
    )


def pretended(
    secret: bytes, user: str, mechanism: str, shapes: Collection[Shape] = (SHAPE,)
) -> ScramRecord:
    """Return a credential for a user that is not there: each time the same, good for nothing.

    So who asks for a salt does not learn which users there are. Of the shapes that credentials
    have it has one, and keeps it while others come and go.
    """
    name = HASH_NAMES[mechanism]
    about = f"{mechanism}\0{user}".encode("utf-8", "surrogatepass")
    salted = hmac.digest(secret, about, name)
    iterations, size = max(
        shapes, key=lambda one: hmac.digest(salted, b"shape %d %d" % one, "sha256")
    )
    salt = hashlib.shake_256(hmac.digest(secret, b"salt\0" + about, name)).digest(size)
    return record_of_salted(user, mechanism, salted, salt=salt, iterations=iterations)
