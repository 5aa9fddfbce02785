"""How much they may use: the second question that every verb asks.

A quota answers with a throttle time: how long the answer should be held back so that the
principal's rate falls to its limit (Kafka's way; KIP-13, KIP-599). Until quotas come, the only
one never throttles; the calls are all there.
"""

from typing import Protocol

from app.security.principal import Principal


class Quotas(Protocol):
    """Accounts for what principals use."""

    def produced(self, principal: Principal, size: int) -> int:
        """Account for bytes about to be appended; return the throttle time in milliseconds."""
        ...

    def fetched(self, principal: Principal, size: int) -> int:
        """Account for bytes about to be sent; return the throttle time in milliseconds."""
        ...

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Account for partitions created or deleted; return the throttle time in milliseconds."""
        ...


class Unlimited:
    """Nobody is ever throttled."""

    def produced(self, principal: Principal, size: int) -> int:
        """Return 0."""
        del principal, size
        return 0

    def fetched(self, principal: Principal, size: int) -> int:
        """Return 0."""
        del principal, size
        return 0

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Return 0."""
        del principal, mutations
        return 0
