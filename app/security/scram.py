"""SCRAM, the server's side: a client proves to know a password without showing it.

A ``ScramServer`` is used once. It takes the client's first message and gives back a salt and a
nonce of its own; it takes the client's final message and gives back a proof that it knew the user.
Whatever is wrong ends it: no later message is looked at.

States: first -> final -> proved, and from each of them to over, by a refusal.

Invariants:
    A proof counts for the nonce of this exchange alone, so one that was heard elsewhere is refused.
    A user that is not there is asked for its proof as any other, and fails at the same place.
    Of what the client sent, nothing is in an error.
Called by: the Kafka door and the HTTP exchange. Calls: nothing that waits.
Source: RFC 5802 (5.1 attributes, 7 formal syntax), RFC 7677, KIP-84, KIP-48 (``tokenauth``).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from app.cluster.security_records import ScramRecord
from app.security.errors import AuthenticationFailed
from app.security.logins.scram_keys import HASH_NAMES, saslprep

MESSAGE_BYTES_MAX = 4096
NONCE_BYTES = 24
TOKEN_EXTENSION = "tokenauth"  # noqa: S105 - the name of an extension (KIP-48)
_UNQUOTED = re.compile("=(?!2C|3D)")


@dataclass(frozen=True, slots=True)
class ScramName:
    """Who the client says it is."""

    name: str
    """A user's name as SASLprep leaves it; the id of a delegation token if ``is_token``."""

    is_token: bool = False


class _State(Enum):
    FIRST = auto()
    FINAL = auto()
    PROVED = auto()
    OVER = auto()


class ScramServer:
    """One exchange."""

    def __init__(
        self,
        mechanism: str,
        find: Callable[[ScramName], ScramRecord],
        server_nonce: str | None = None,
    ) -> None:
        """Await a client's first message.

        Args:
            mechanism: ``SCRAM-SHA-256`` or ``SCRAM-SHA-512``.
            find: Gives what is kept of a password; a pretence for a user that is not there.
            server_nonce: For examples of known bytes alone; a random one if None.
        """
        self.mechanism = mechanism
        self._hash_name = HASH_NAMES[mechanism]
        self._find = find
        self._own_nonce = server_nonce or secrets.token_urlsafe(NONCE_BYTES)
        self._state = _State.FIRST
        self._record: ScramRecord | None = None
        self._gs2_header = b""
        self._client_nonce = b""
        self._nonce = b""
        self._said = b""

    def first(self, message: bytes) -> bytes:
        """Return the server's first message, in answer to the client's.

        Raises:
            AuthenticationFailed: The message is not one, asks for what is not here, or is not due.
        """
        self._enter(_State.FIRST, message)
        first = _first_of(message)
        self._record = self._find(first.who)
        self._gs2_header = first.gs2_header
        self._client_nonce = first.nonce
        self._nonce = first.nonce + self._own_nonce.encode()
        salt = base64.b64encode(self._record.salt)
        answer = b"r=%s,s=%s,i=%d" % (self._nonce, salt, self._record.iterations)
        self._said = first.bare + b"," + answer
        self._state = _State.FINAL
        return answer

    def final(self, message: bytes) -> bytes:
        """Return the server's proof, in answer to the client's.

        Raises:
            AuthenticationFailed: The proof is wrong or of another exchange, or is not due.
        """
        self._enter(_State.FINAL, message)
        assert self._record is not None, "a final message is due after a first one only"
        without_proof, proof = self._final_of(message)
        said = self._said + b"," + without_proof
        signature = hmac.digest(self._record.stored_key, said, self._hash_name)
        if len(proof) != len(signature):
            raise AuthenticationFailed("a SCRAM proof of another size")
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        stored_key = hashlib.new(self._hash_name, client_key).digest()
        if not hmac.compare_digest(stored_key, self._record.stored_key):
            raise AuthenticationFailed("a wrong SCRAM proof")
        self._state = _State.PROVED
        own = hmac.digest(self._record.server_key, said, self._hash_name)
        return b"v=" + base64.b64encode(own)

    @property
    def proved(self) -> ScramRecord:
        """The credential that the client has proved to know; only after ``final`` returned."""
        assert self._state is _State.PROVED, "nothing is proved yet"
        assert self._record is not None, "what is proved was found before"
        return self._record

    def _enter(self, due: _State, message: bytes) -> None:
        """Let a message in if it is due; until it is found good, the exchange is over."""
        is_due, self._state = self._state is due, _State.OVER
        if not is_due:
            raise AuthenticationFailed("a SCRAM message that is not due")
        if len(message) > MESSAGE_BYTES_MAX:
            raise AuthenticationFailed("a SCRAM message that is too long")

    def _final_of(self, message: bytes) -> tuple[bytes, bytes]:
        """Return the message up to its proof, and the proof."""
        without_proof, found, proof = message.rpartition(b",p=")
        parts = without_proof.split(b",")
        if not found or len(parts) < 2 or parts[0][:2] != b"c=" or parts[1][:2] != b"r=":
            raise AuthenticationFailed("not a final message of SCRAM")
        if _decoded(parts[0][2:]) != self._gs2_header:
            raise AuthenticationFailed("a SCRAM header that changed between the messages")
        # librdkafka before 2.6.1 puts its own nonce before this once more (librdkafka #4895)
        twice = self._client_nonce + self._nonce
        if not any(hmac.compare_digest(parts[1][2:], one) for one in (self._nonce, twice)):
            raise AuthenticationFailed("a SCRAM nonce of another exchange")
        _extensions_of(parts[2:])
        return without_proof, _decoded(proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class _First:
    gs2_header: bytes
    bare: bytes
    who: ScramName
    nonce: bytes


def _first_of(message: bytes) -> _First:
    parts = message.split(b",")
    if len(parts) < 4 or parts[2][:2] != b"n=" or parts[3][:2] != b"r=":
        raise AuthenticationFailed("not a first message of SCRAM")
    if parts[0] not in {b"n", b"y"}:
        raise AuthenticationFailed("SCRAM with a channel binding, which is not here")
    nonce = parts[3][2:]
    if not nonce or not all(0x21 <= one <= 0x7E for one in nonce):
        raise AuthenticationFailed("a SCRAM nonce that is none")
    name = _name_of(parts[2][2:])
    if parts[1] and (parts[1][:2] != b"a=" or _name_of(parts[1][2:]) != name):
        raise AuthenticationFailed("SCRAM on behalf of another")
    is_token = _extensions_of(parts[4:]).get(TOKEN_EXTENSION, "").lower() == "true"
    header_size = len(parts[0]) + len(parts[1]) + 2
    return _First(
        gs2_header=message[:header_size],
        bare=message[header_size:],
        who=ScramName(name, is_token),
        nonce=nonce,
    )


def _name_of(quoted: bytes) -> str:
    """Return a name as SASLprep leaves it; ``,`` and ``=`` come as ``=2C`` and ``=3D``."""
    try:
        text = quoted.decode()
        if _UNQUOTED.search(text):
            raise ValueError("a sign that is not quoted")
        name = saslprep(text.replace("=2C", ",").replace("=3D", "="))
    except ValueError:
        raise AuthenticationFailed("a SCRAM name that is none") from None
    if not name:
        raise AuthenticationFailed("an empty SCRAM name")
    return name


def _extensions_of(parts: list[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in parts:
        name, is_pair, value = one.partition(b"=")
        # RFC 5802, 5.1: who does not know a mandatory extension must refuse
        if not is_pair or not name.isalpha() or name == b"m":
            raise AuthenticationFailed("a SCRAM extension that is none, or is mandatory")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise AuthenticationFailed("a SCRAM extension that is no text") from None
        if name.decode() in found:
            raise AuthenticationFailed("a SCRAM extension twice")
        found[name.decode()] = text
    return found


def _decoded(text: bytes) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise AuthenticationFailed("SCRAM bytes that are not in Base64") from None
    # the last letter has bits to spare: one spelling of a proof is good, not each of four
    if base64.b64encode(decoded) != text:
        raise AuthenticationFailed("SCRAM bytes in another spelling of Base64")
    return decoded
