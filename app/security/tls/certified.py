"""Certified connections: those whose clients have shown certificates, at whichever door.

The certificate let a connection in, so the connection ends when it is revoked, or one of those that
signed it, whatever was shown over it since (a password by SASL, an ``Authorization`` header, what a
trusted proxy says of its clients). Logins by the certificate itself end in the same moment
(open_connections): their doors say so first, where a protocol has words for it.

States of a connection: handed over by its handshake -> open -> revoked, for ``GRACE_S`` -> ended;
or closed by itself, at any of these.

Invariants:
    One whose handshake was judged by a list before the last is judged again when it is handed over.
    A connection is forgotten with its TLS: no door has to say that it is over.
    Where nobody asks for certificates, or there are no lists, nothing is kept of any.
Failures: a certificate that cannot be read is refused; what is closed already is closed once.
Called by: handshakes, the lists when they change. Calls: the event loop, who writes down refusals.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from app.security.tls.client_certificate import certificates_of
from app.security.tls.distinguished_name import NoName
from app.security.tls.revoked import RevokedCertificates

GRACE_S = 1.0
"""How long doors have for a goodbye, such as a WebSocket's close code."""

Refused = Callable[[str, str], None]
"""Is told of a client whose certificate was refused: its address, and why."""


class _Open(NamedTuple):
    certificates: tuple[tuple[str, int], ...]
    transport: asyncio.Transport


class CertifiedConnections:
    """Those of a node."""

    def __init__(self, revoked: RevokedCertificates, refused: Refused | None = None) -> None:
        """Begin with none.

        Args:
            revoked: Certificates that are good no more.
            refused: May come later; nobody is told if None.
        """
        self.refused = refused
        self._revoked = revoked
        self._open: WeakKeyDictionary[ssl.SSLObject, _Open] = WeakKeyDictionary()
        revoked.subscribe(self._check)

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, handshake: ssl.SSLObject, transport: asyncio.Transport) -> str | None:
        """Watch over a connection whose handshake is over.

        Args:
            handshake: Its TLS.
            transport: What its TLS goes over; not kept longer than TLS itself.

        Returns:
            Why it is not welcome; None if it is.
        """
        if not self._revoked.is_used:
            return None
        try:
            certificates = certificates_of(handshake)
        except NoName as error:
            return str(error)
        if self._is_revoked(certificates):
            return "certificate revoked"
        if certificates:
            self._open[handshake] = _Open(certificates, transport)
        return None

    def refuse(self, address: str, reason: str) -> None:
        """Have it written down that a client's certificate was refused."""
        if self.refused is not None:
            self.refused(address, reason)

    def _is_revoked(self, certificates: tuple[tuple[str, int], ...]) -> bool:
        return any(self._revoked.names(*one) for one in certificates)

    def _check(self) -> None:
        for handshake, one in list(self._open.items()):
            if self._is_revoked(one.certificates):
                del self._open[handshake]
                asyncio.get_running_loop().call_later(GRACE_S, one.transport.abort)
