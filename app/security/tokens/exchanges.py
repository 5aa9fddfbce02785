"""Exchanges of SCRAM over HTTP: what the first call leaves for the second, kept by the client.

The server keeps nothing between the calls, so the second may come to another node, and nobody fills
a table by beginning. What the client keeps is signed: the message that it began with, this server's
nonce, its address, and when it is over. That is enough to begin again and come to the same point.

States: begun -> over, by its end, or by tokens that were given for it (the database knows, for all
nodes). A wrong proof leaves it begun: the next is another guess, which counts as one.
Called by: grants. Calls: signed.
Source: RFC 7804 (SCRAM over HTTP: its ``sid``).
"""

import secrets

import msgspec

from app.security.tokens.signed import BadSignature, Signed

KEY_NAME = "scram-exchange-key"
"""What the cluster's secret for them is called."""

LIFE_MS = 60 * 1000
NONCE_BYTES = 24
TEXT_CHARS_MAX = 16 * 1024

_MARK = b"\x02"


class Exchange(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One that has begun."""

    mechanism: str
    first: bytes
    """The client's first message."""

    nonce: str
    """The server's own part; it names the exchange, too."""

    host: str
    """Where it began."""

    ends_at_ms: int

    @property
    def id(self) -> str:
        """Its name among what is used once."""
        return f"scram {self.nonce}"


class Exchanges:
    """Writes exchanges down for clients, and reads them."""

    def __init__(self, secret: bytes) -> None:
        """Sign with a secret of the cluster."""
        self._signed = Signed(secret, _MARK)
        self._decoder = msgspec.msgpack.Decoder(Exchange)

    def begin(self, mechanism: str, first: bytes, host: str, now_ms: int) -> tuple[Exchange, str]:
        """Return a new exchange, and what the client keeps of it."""
        begun = Exchange(
            mechanism, first, secrets.token_urlsafe(NONCE_BYTES), host, now_ms + LIFE_MS
        )
        return begun, self._signed.sign(msgspec.msgpack.encode(begun))

    def read(self, text: str, host: str, now_ms: int) -> Exchange | None:
        """Return the exchange that a client kept; None if it is none, another's or over."""
        if len(text) > TEXT_CHARS_MAX:
            return None
        try:
            begun = self._decoder.decode(self._signed.read(text))
        except BadSignature:
            return None
        return begun if begun.host == host and now_ms < begun.ends_at_ms else None
