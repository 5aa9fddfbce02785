"""Resume tokens: where a consumer is, in a text that it keeps and any node understands.

A consumer that lost its connection, or whose node died, gives the last token that it received and
goes on exactly behind what came with it. The server keeps nothing: the token says whose session it
is, how it was set up, and the next offset of each of its partitions; it is signed, so that nobody
else makes one, and not secret.

Invariants:
    A token that this cluster signed reads as the point it was issued for; any other text is
    refused, whatever its bytes are.
    Reading one is bounded in time and memory by its length.
Called by: api.ws, api.sse. Calls: security.tokens.signed (no I/O, no clock).
Source: ours; the idea is that of ``Last-Event-ID`` (HTML, server-sent events).
"""

import msgspec

from app.security.tokens.signed import BadSignature, Signed

TOKEN_CHARS_MAX = 256 * 1024
"""A token of the most partitions that one subscription may have is shorter."""

POSITIONS_MAX = 10_000
"""Partitions of one token."""

SECRET_NAME = "resume"  # noqa: S105 - what the secret is called
"""Under which the catalog keeps what tokens are signed with."""

_VERSION = b"\x01"


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
        self._signed = Signed(secret, _VERSION)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(ResumePoint)

    def issue(self, point: ResumePoint) -> str:
        """Return the token of a point."""
        return self._signed.sign(self._encoder.encode(point))

    def read(self, token: str) -> ResumePoint:
        """Return the point of a token.

        Raises:
            BadToken: It is not one of this cluster's, or beyond the bounds.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise BadToken(f"a resume token has at most {TOKEN_CHARS_MAX} characters")
        try:
            point = self._decoder.decode(self._signed.read(token))
        except BadSignature:
            raise BadToken("this is not a resume token of this cluster") from None
        if sum(len(pairs) for _, pairs in point.positions.values()) > POSITIONS_MAX:
            raise BadToken(f"a resume token has at most {POSITIONS_MAX} partitions")
        return point
