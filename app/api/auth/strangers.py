"""Strangers: clients of open sockets that have not said who they are, and how many there may be.

A WebSocket whose handshake shows nothing may say in its first frame who is there. Until then it
holds a connection and memory for somebody whom nobody knows, so they are counted: all together, so
that a node has room for its clients, and by address, so that one address does not take that
room from all others (all addresses of one IPv6 network are one).

Invariants:
    Never more than ``total_max``, nor more than ``of_address_max`` of one address.
    An address without any is not remembered.
Pure. Called by: api.ws.door. Calls: sources.
"""

from collections import Counter

from app.security.logins.sources import source_of


class Strangers:
    """Those of one node."""

    def __init__(self, total_max: int, of_address_max: int) -> None:
        """Begin with none.

        Args:
            total_max: How many there may be.
            of_address_max: How many of one address.
        """
        self._total_max = total_max
        self._of_address_max = of_address_max
        self._of: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def enter(self, address: str) -> bool:
        """Count one more and return True; False if there is no room for it."""
        source = source_of(address)
        if self._total >= self._total_max or self._of[source] >= self._of_address_max:
            return False
        self._total += 1
        self._of[source] += 1
        return True

    def leave(self, address: str) -> None:
        """Forget one that entered."""
        self._total -= 1
        source = source_of(address)
        self._of[source] -= 1
        if not self._of[source]:
            del self._of[source]
