"""Credit: how much of a subscription may be sent, by the records and bytes that its client allowed.

Two balances, of records and of bytes. A balance that the client never named is not counted. One
that is counted must be above zero for anything to be sent; bytes are counted when they are sent,
so one frame may take their balance below zero and the next waits until it is above again.

``auto`` is a window: its credit is what ``AUTO_RECORDS`` and ``AUTO_BYTES`` leave of what was sent
and not acknowledged.

Invariants:
    Nothing is sent before credit.
    Records sent never exceed records granted; bytes sent exceed bytes granted by one frame at most.
    Grants add up, and never beyond ``CREDIT_MAX``.
Pure. Called by: subscription. Calls: limits.
"""

from collections import deque
from typing import NamedTuple

from app.api.ws.limits import AUTO_BYTES, AUTO_RECORDS, CREDIT_MAX, UNACKNOWLEDGED_FRAMES_MAX


class Allowed(NamedTuple):
    """What may be sent at the moment; None where it is not counted."""

    records: int | None
    bytes: int | None

    @property
    def is_any(self) -> bool:
        """Whether anything may be sent."""
        return (self.records is None or self.records > 0) and (self.bytes is None or self.bytes > 0)


class CreditAccount:
    """The credit of one subscription."""

    def __init__(self) -> None:
        """Allow nothing yet."""
        self._records: int | None = 0
        self._bytes: int | None = 0
        self._is_granted = False
        self._is_unbounded = False
        self._is_window = False

    @property
    def is_window(self) -> bool:
        """Whether acknowledgements move it on."""
        return self._is_window

    def grant(self, records: int | None, size: int | None) -> None:
        """Allow so much more; what is None is left as it is, or not counted if it never was."""
        self._records = _added(self._records, records, first=not self._is_granted)
        self._bytes = _added(self._bytes, size, first=not self._is_granted)
        self._is_granted = True

    def open(self) -> None:
        """Allow everything: the socket is all that holds it back."""
        self._is_granted = self._is_unbounded = True
        self._records = self._bytes = None

    def open_window(self) -> None:
        """Allow what the window holds."""
        self.grant(AUTO_RECORDS, AUTO_BYTES)
        self._is_window = True

    def allowed(self) -> Allowed:
        """Return what may be sent."""
        return Allowed(self._records, self._bytes)

    def spend(self, records: int, size: int) -> None:
        """Count what is sent."""
        assert self.allowed().is_any, "nothing is sent without credit"
        if self._records is not None:
            assert records <= self._records, "more records than were allowed"
            self._records -= records
        if self._bytes is not None:
            self._bytes -= size

    def give_back(self, records: int, size: int) -> None:
        """Count what was acknowledged; it matters to a window only."""
        if self._is_window:
            self.grant(records, size)


def _added(balance: int | None, more: int | None, *, first: bool) -> int | None:
    if more is None:
        return None if first else balance
    if balance is None:
        return min(more, CREDIT_MAX)
    return min(balance + more, CREDIT_MAX)


class Sent(NamedTuple):
    """A records frame that is not acknowledged."""

    seq: int
    records: int
    size: int
    positions: tuple[tuple[str, int, int], ...]
    """Topic, partition and next offset of what it brought."""


class Unacknowledged:
    """The records frames of a subscription that its client has not acknowledged, in their order.

    Invariants:
        ``seq`` counts from 1 without a gap; an acknowledgement covers all up to its own.
        At most ``UNACKNOWLEDGED_FRAMES_MAX`` are remembered one by one; older ones are one.
    """

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque()
        self._seq = 0
        self._acknowledged: dict[tuple[str, int], int] = {}
        self.has_acknowledged = False

    @property
    def next_seq(self) -> int:
        """The number of the frame that is next."""
        return self._seq + 1

    def add(self, records: int, size: int, positions: tuple[tuple[str, int, int], ...]) -> int:
        """Count a frame that is being sent; return its number."""
        self._seq += 1
        if len(self._sent) == UNACKNOWLEDGED_FRAMES_MAX:
            first, second = self._sent.popleft(), self._sent.popleft()
            merged = {(topic, number): offset for topic, number, offset in first.positions}
            merged |= {(topic, number): offset for topic, number, offset in second.positions}
            self._sent.appendleft(
                Sent(
                    second.seq,
                    first.records + second.records,
                    first.size + second.size,
                    tuple((*place, offset) for place, offset in merged.items()),
                )
            )
        self._sent.append(Sent(self._seq, records, size, positions))
        return self._seq

    def acknowledge(self, seq: int) -> tuple[int, int]:
        """Acknowledge a frame and all before it; return how many records and bytes that are new.

        Raises:
            ValueError: No such frame was sent.
        """
        if not 0 < seq <= self._seq:
            raise ValueError(f"seq must be 1 to {self._seq}, not {seq}")
        records = size = 0
        while self._sent and self._sent[0].seq <= seq:
            one = self._sent.popleft()
            records += one.records
            size += one.size
            for topic, partition, offset in one.positions:
                self._acknowledged[topic, partition] = offset
        self.has_acknowledged = True
        return records, size

    def acknowledged(self) -> dict[tuple[str, int], int]:
        """Return the next offset of each partition of which something was acknowledged."""
        return dict(self._acknowledged)

    def forget(self, partitions: set[tuple[str, int]] | None = None) -> None:
        """Drop what is known of partitions that are not the subscription's any more, or of all."""
        if partitions is None:
            self._acknowledged.clear()
        else:
            for one in partitions:
                self._acknowledged.pop(one, None)
        self._sent = deque(
            one._replace(
                positions=tuple(
                    place
                    for place in one.positions
                    if partitions is not None and (place[0], place[1]) not in partitions
                )
            )
            for one in self._sent
        )
