"""Alerts: a client whose handshake is refused is told why, which the event loops do not do.

TLS writes an alert when it refuses a handshake. The loops close the connection without sending it,
so clients take a certificate that is not believed for a lost connection, and try for ever. Here it
goes to the socket at once, before the loop learns of the refusal.

Invariants:
    What is told is what TLS has written; a client that has not taken what came before is not told.
Called by: the event loop's TLS. Calls: whoever ``telling`` names.
Source: RFC 8446, 6.2.
"""

import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Tell = Callable[[bytes], None]

telling: ContextVar[Tell | None] = ContextVar("telling", default=None)
"""What sends an alert; to be set around the beginning of a handshake."""

_BEGUN = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class AlertingObject(ssl.SSLObject):
    """A handshake that tells why it is refused."""

    outgoing: ssl.MemoryBIO | None = None
    tell: Tell | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        try:
            super().do_handshake()
        except _BEGUN:
            raise
        except ssl.SSLError:
            if self.tell is not None and self.outgoing is not None:
                alert = self.outgoing.read()
                if alert:
                    self.tell(alert)
            raise


class AlertingContext(ssl.SSLContext):
    """A context of such handshakes."""

    sslobject_class = AlertingObject

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *rest: Any, **more: Any
    ) -> Any:
        """Begin a handshake."""
        begun = super().wrap_bio(incoming, outgoing, *rest, **more)
        assert isinstance(begun, AlertingObject), "made of the class above"
        begun.outgoing, begun.tell = outgoing, telling.get()
        return begun
