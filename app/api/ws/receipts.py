"""Receipts: produce frames in flight, answered in their order and bounded together.

A frame is entered before anything of it is appended and settled when its outcome is known, in any
order; what is released is the settled ones at the front. So receipts come in the order of the
frames, and a client that counts knows which is which even without ids.

Invariants:
    Released once each, in the order entered, and never before it was settled.
    In flight are at most the bounds, but one frame always fits into an empty window.
Pure. Called by: producing. Calls: limits.
"""

from collections import deque

from app.api.ws.limits import IN_FLIGHT_BYTES_MAX, IN_FLIGHT_FRAMES_MAX


class Ticket:
    """One frame's place."""

    __slots__ = ("receipt", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.receipt: bytes | None = None


class ReceiptWindow:
    """The frames of one socket that have no receipt yet."""

    def __init__(
        self, bytes_max: int = IN_FLIGHT_BYTES_MAX, frames_max: int = IN_FLIGHT_FRAMES_MAX
    ) -> None:
        """Hold so much at most."""
        self._bytes_max = bytes_max
        self._frames_max = frames_max
        self._tickets: deque[Ticket] = deque()
        self.size = 0
        """Bytes in flight."""

    def __len__(self) -> int:
        return len(self._tickets)

    def has_room(self, size: int) -> bool:
        """Return whether a frame of so many bytes may enter now."""
        if not self._tickets:
            return True
        return self.size + size <= self._bytes_max and len(self._tickets) < self._frames_max

    def enter(self, size: int) -> Ticket:
        """Enter a frame that there is room for."""
        assert self.has_room(size), "wait for room first"
        ticket = Ticket(size)
        self._tickets.append(ticket)
        self.size += size
        return ticket

    def settle(self, ticket: Ticket, receipt: bytes) -> list[bytes]:
        """Note a frame's receipt; return those that may be sent now."""
        assert ticket.receipt is None, "a frame has one receipt"
        ticket.receipt = receipt
        released = []
        while self._tickets and self._tickets[0].receipt is not None:
            first = self._tickets.popleft()
            self.size -= first.size
            assert first.receipt is not None, "just looked at"
            released.append(first.receipt)
        return released
