"""Tickets: who logged in gets one, and opens one socket or stream with it.

A browser cannot set a header on a WebSocket or an EventSource. So a page asks for a ticket with its
credential, and puts that into the address. Addresses are written down on their way: a ticket is
good once, and for seconds.

Invariants:
    A ticket opens one thing at most, in the name and with the narrowing of who asked for it.
    There are at most ``TICKETS_MAX``, of one principal ``OF_PRINCIPAL_MAX``.
    What is kept is a hash, so that memory that leaks opens nothing.
Called by: login, api.v3.security.tickets. Calls: nothing.
"""

import hashlib
import secrets
from collections import Counter, OrderedDict
from dataclasses import dataclass

from app.security.principal import Principal
from app.telemetry.clock import Clock

LIFE_S = 30.0
TICKETS_MAX = 10_000
OF_PRINCIPAL_MAX = 100
TICKET_BYTES = 32


class TooManyTickets(Exception):
    """So many wait to be used that no more is issued."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    principal: Principal
    until: float


class Tickets:
    """Those of one node; another node does not know them."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none.

        Args:
            clock: Of the node.
        """
        self._clock = clock
        self._issued: OrderedDict[bytes, _Ticket] = OrderedDict()
        """In the order in which they end."""

        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, principal: Principal) -> str:
        """Return a new ticket.

        Args:
            principal: Who asks, in whose name it opens.

        Raises:
            TooManyTickets: Enough of them were not used yet.
        """
        now = self._clock.monotonic()
        self._forget_old(now)
        if len(self._issued) >= TICKETS_MAX or self._of[str(principal)] >= OF_PRINCIPAL_MAX:
            raise TooManyTickets
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        self._issued[_hash(ticket)] = _Ticket(principal, now + LIFE_S)
        self._of[str(principal)] += 1
        return ticket

    def redeem(self, ticket: str) -> Principal | None:
        """Return in whose name a ticket opens; it is used up then. None if it opens nothing."""
        found = self._take(_hash(ticket))
        if found is None or found.until <= self._clock.monotonic():
            return None
        return found.principal

    def _forget_old(self, now: float) -> None:
        while self._issued:
            oldest = next(iter(self._issued))
            if self._issued[oldest].until > now:
                return
            self._take(oldest)

    def _take(self, hashed: bytes) -> _Ticket | None:
        found = self._issued.pop(hashed, None)
        if found is not None:
            name = str(found.principal)
            self._of[name] -= 1
            if not self._of[name]:
                del self._of[name]
        return found


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()
