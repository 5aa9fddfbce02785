"""Signed text: bytes that a client keeps for the cluster, and cannot alter or make.

They are not secret: whoever has the text can read them. Each use has a secret and a mark of its
own, so that a text of one is nothing to another.

Invariants:
    A text that this cluster signed reads as the bytes it was made of; any other is refused,
    whatever it is, and so is another spelling of the same.
    Reading one is bounded in time and memory by its length.
Called by: resume_tokens, exchanges. Pure.
"""

import base64
import binascii
import hmac

_MAC_BYTES = 16
SECRET_BYTES_MIN = 32


class BadSignature(Exception):
    """A text is none of this cluster's."""


class Signed:
    """Signs and reads."""

    def __init__(self, secret: bytes, mark: bytes) -> None:
        """Sign with a secret that all nodes of the cluster share.

        Args:
            secret: Of 32 bytes or more.
            mark: Of the use, and its version: one byte.
        """
        assert len(secret) >= SECRET_BYTES_MIN, "a short secret can be guessed"
        assert len(mark) == 1, "it stands before the signature"
        self._secret = secret
        self._mark = mark

    def sign(self, body: bytes) -> str:
        """Return the text of some bytes: letters, digits, ``-`` and ``_``."""
        data = b"".join((self._mark, self._mac(body), body))
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def read(self, text: str) -> bytes:
        """Return the bytes that a text was made of.

        Raises:
            BadSignature: It was not made here.
        """
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadSignature("it is no text of ours") from None
        body = data[1 + _MAC_BYTES :]
        is_ours = hmac.compare_digest(data[1 : 1 + _MAC_BYTES], self._mac(body))
        if data[:1] != self._mark or not is_ours:
            raise BadSignature("it is none of this cluster's")
        # the last letter has bits to spare: one spelling is good, not each of four
        if self.sign(body) != text:
            raise BadSignature("it is spelled in another way")
        return body

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, self._mark + body, "sha256")[:_MAC_BYTES]
