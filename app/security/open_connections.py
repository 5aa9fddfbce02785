"""Open connections: what lives longer than a request is cut when its login stands no more.

Doors enter sockets, streams and Kafka connections here, and leave when those end. A change of
another node's is seen with the next security image, an expiry by the next sweep, a certificate that
was revoked when the list of them is read.

Invariants:
    A connection is cut once at most, from the loop and not from within a door's call.
    One that did not log in is never cut.
"""

import asyncio
from collections.abc import Callable

from app.security.image import SecurityImage
from app.security.logins.revocation import stands
from app.security.principal import Principal
from app.security.tls.revoked import RevokedCertificates
from app.telemetry.clock import Clock

SWEEP_INTERVAL_S = 1.0


class OpenConnection:
    """One that has entered."""

    __slots__ = ("_all", "cut", "principal")

    def __init__(
        self, everyone: "OpenConnections", principal: Principal, cut: Callable[[], None]
    ) -> None:
        self._all = everyone
        self.principal = principal
        self.cut = cut

    def leave(self) -> None:
        """Have it forgotten; leaving twice is leaving once."""
        self._all.forget(self)


class OpenConnections:
    """All of this node."""

    def __init__(self, clock: Clock, revoked: RevokedCertificates | None = None) -> None:
        """Begin with none.

        Args:
            clock: Of this node.
            revoked: Certificates that are good no more; none if None.
        """
        self._clock = clock
        self._revoked = revoked or RevokedCertificates()
        self._revoked.subscribe(self.check)
        self._image: SecurityImage | None = None
        self._open: set[OpenConnection] = set()
        self._expiring: set[OpenConnection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, principal: Principal, cut: Callable[[], None]) -> OpenConnection:
        """Watch over a connection.

        Args:
            principal: Who has it.
            cut: Ends it; called on the loop, once.

        Returns:
            What leaves when the connection ends by itself. If the login stands no more already,
            ``cut`` is on its way.
        """
        one = OpenConnection(self, principal, cut)
        if principal.credential is None and principal.expires_at_ms is None:
            return one
        self._open.add(one)
        if self._expires(one):
            self._expiring.add(one)
        if self._image is not None:
            self._check([one], self._image)
        return one

    def forget(self, one: OpenConnection) -> None:
        """Watch over a connection no longer."""
        self._open.discard(one)
        self._expiring.discard(one)

    def apply(self, _old: SecurityImage | None, image: SecurityImage) -> None:
        """Cut those whose logins ended with this image."""
        self._image = image
        self._check(list(self._open), image)

    def check(self) -> None:
        """Cut those whose logins stand no more, though the image is the same."""
        if self._image is not None:
            self._check(list(self._open), self._image)

    def sweep(self) -> None:
        """Cut those whose time is over."""
        if self._image is not None:
            self._check(list(self._expiring), self._image)

    async def run(self, interval_s: float = SWEEP_INTERVAL_S) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(interval_s)
            self.sweep()

    @staticmethod
    def _expires(one: OpenConnection) -> bool:
        credential = one.principal.credential
        # the image says when a delegation token ends: it may be renewed
        return one.principal.expires_at_ms is not None or (
            credential is not None and credential.kind == "delegation_token"
        )

    def _check(self, some: list[OpenConnection], image: SecurityImage) -> None:
        now_ms = self._clock.now_ms()
        for one in some:
            credential = one.principal.credential
            is_revoked = credential is not None and self._revoked.has(credential)
            if is_revoked or not stands(one.principal, image, now_ms):
                self.forget(one)
                asyncio.get_running_loop().call_soon(one.cut)
