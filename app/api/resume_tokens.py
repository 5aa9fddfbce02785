"""Resume tokens: where a consumer is, in a text that it keeps and any node understands.

A consumer that lost its connection, or whose node died, gives the last token that it received and
goes on exactly behind what came with it. The server keeps nothing: the token says whose session it
is, how it was set up, and the next offset of each of its partitions; it is signed, so that nobody
else makes one, and not secret.

Invariants:
    A token that this cluster signed reads as the point it was issued for; any other text is
    refused, whatever its bytes are.
    Reading one is bounded in time and memory by its length.
Called by: api.ws, api.sse. Calls: nothing (no I/O, no clock).
Source: ours; the idea is that of ``Last-Event-ID`` (HTML, server-sent events).
"""

import base64
import binascii
import hmac

import msgspec

TOKEN_CHARS_MAX = 256 * 1024
"""A token of the most partitions that one subscription may have is shorter."""

POSITIONS_MAX = 10_000
"""Partitions of one token."""

SECRET_NAME = "resume"  # noqa: S105 - what the secret is called
"""Under which the catalog keeps what tokens are signed with."""

_VERSION = b"\x01"
_MAC_BYTES = 16


class ResumePoint(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Where a consumer is."""

    session: str
    """Its name; of a consumer in a group the instance id (``group.instance.id``)."""

    principal: str
    """Who it was, as Kafka writes it; the token serves nobody else."""

    epoch: int
    """Its seek epoch: records of older ones are void."""

    settings: bytes
    """How it was set up, in the words of the door that issued it."""

    positions: dict[str, tuple[str, list[tuple[int, int]]]]
    """By topic name: the topic's id, and pairs of partition and next offset."""


class BadToken(Exception):
    """A text is no token of this cluster's."""


class ResumeTokens:
    """Issues tokens and reads them."""

    def __init__(self, secret: bytes) -> None:
        """Sign with a secret that all nodes of the cluster share."""
        assert len(secret) >= 32, "a short secret can be guessed"
        self._secret = secret
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(ResumePoint)

    def issue(self, point: ResumePoint) -> str:
        """Return the token of a point."""
        body = self._encoder.encode(point)
        token = base64.urlsafe_b64encode(b"".join((_VERSION, self._mac(body), body)))
        return token.rstrip(b"=").decode()

    def read(self, token: str) -> ResumePoint:
        """Return the point of a token.

        Raises:
            BadToken: It is not one of this cluster's, or beyond the bounds.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise BadToken(f"a resume token has at most {TOKEN_CHARS_MAX} characters")
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadToken("this is not a resume token") from None
        body = data[1 + _MAC_BYTES :]
        if data[:1] != _VERSION or not hmac.compare_digest(
            data[1 : 1 + _MAC_BYTES], self._mac(body)
        ):
            raise BadToken("this is not a resume token of this cluster")
        point = self._decoder.decode(body)
        if sum(len(pairs) for _, pairs in point.positions.values()) > POSITIONS_MAX:
            raise BadToken(f"a resume token has at most {POSITIONS_MAX} partitions")
        return point

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, _VERSION + body, "sha256")[:_MAC_BYTES]
