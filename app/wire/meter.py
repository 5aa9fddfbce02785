"""Meter: what one connection owes, so that its answers say so and nothing is read of it for a time.

It stands between the verbs and the quotas: verbs never wait for a debt, for Kafka's clients are
answered at once with the time that their connection is muted for.

Invariants:
    A debt of bytes that were appended or sent, or of time, mutes the connection until it is paid.
    A debt of mutations is a refusal to those who know it, and mutes the others.
Called by: verbs, connection, handlers. Calls: the quotas.
Source: KIP-219 (answer first, then mute); KIP-599 (who is refused).
"""

from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from app.security.quotas import Quotas
from app.telemetry.clock import Clock


class Meter:
    """The quotas as one connection's requests meet them."""

    __slots__ = ("_clock", "_quotas", "is_strict", "muted_until")

    def __init__(self, quotas: Quotas, clock: Clock) -> None:
        """Owe nothing.

        Args:
            quotas: Where use is accounted for.
            clock: For the time of the debt's end.
        """
        self._quotas = quotas
        self._clock = clock
        self.is_strict = False
        """Whether the request that is handled may be refused for its mutations."""

        self.muted_until = 0.0
        """By the monotonic clock; 0 if it was never in debt."""

    @property
    def measures_time(self) -> bool:
        """Whether the time of requests has to be measured."""
        return self._quotas.measures_time

    def muted_s(self) -> float:
        """Return how long the connection is muted from now on; 0 and forget it if it is not."""
        left = self.muted_until - self._clock.monotonic()
        if left > 0:
            return left
        self.muted_until = 0.0
        return 0.0

    def owed(self, kind: QuotaType, principal: Principal) -> int:
        """Return what is a refusal; what is not mutes the connection."""
        if kind in (QuotaType.PRODUCE, QuotaType.REQUEST):
            return 0
        if kind is QuotaType.MUTATION and not self.is_strict:
            return 0
        owed_ms = self._quotas.owed(kind, principal)
        self._mute(owed_ms)
        return owed_ms if kind is QuotaType.MUTATION else 0

    def fetch_room(self, principal: Principal, max_bytes: int) -> int | None:
        """Return how much may be fetched at once; None while in debt."""
        return self._quotas.fetch_room(principal, max_bytes)

    def produced(self, principal: Principal, size: int) -> int:
        """Account for bytes that were appended."""
        return self._mute(self._quotas.produced(principal, size))

    def fetched(self, principal: Principal, size: int) -> int:
        """Account for bytes about to be sent."""
        return self._mute(self._quotas.fetched(principal, size))

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Account for partitions; those who may be refused are not muted for them."""
        owed_ms = self._quotas.mutated(principal, mutations)
        return 0 if self.is_strict else self._mute(owed_ms)

    def requested(self, principal: Principal, seconds: float) -> int:
        """Account for time that a request took."""
        return self._mute(self._quotas.requested(principal, seconds))

    def connect(self, address: str) -> bool:
        """Account for a connection."""
        return self._quotas.connect(address)

    def _mute(self, owed_ms: int) -> int:
        if owed_ms:
            until = self._clock.monotonic() + owed_ms / 1000
            self.muted_until = max(self.muted_until, until)
        return 0
