"""Token bucket: a rate with room for a burst.

Tokens come at the limit's rate until the bucket is full; a use takes them, below zero too: a debt.
Who waits for the throttle time after each use is at the limit's rate exactly, however large the
uses are. While there is a debt, those who may be refused are.

Kafka measures bytes by sampled windows instead (``quota.window.num``). A client that always wants
more than its limit spends all windows' worth at once there, and then stands still: simulated with
Kafka's defaults it had between 0.01 and 5 times its limit over stretches of four seconds, and up to
1.13 over two minutes. What a full bucket of one window lets through is never more than what those
windows do: in any ten seconds eleven seconds' worth, and one use.

Invariants:
    There are never more tokens than a burst, nor a longer debt than the longest.
    In any stretch of time no more is used by who waits than a burst, the limit by that time, and
    one use.
Called by: engine. Calls: nothing (no clock).
Source: KIP-599; Kafka's ``org.apache.kafka.common.metrics.stats.TokenBucket``.
"""

from math import inf

MS_PER_S = 1000


class TokenBucket:
    """Tokens of one party."""

    __slots__ = ("_burst_ms", "_debt_ms_max", "_filled_ms", "_tokens")

    def __init__(self, burst_ms: int, debt_ms_max: float = inf) -> None:
        """Begin full.

        Args:
            burst_ms: A full bucket is what the limit gives in this time.
            debt_ms_max: The rest of a debt that would take longer to pay is forgiven.
        """
        self._burst_ms = burst_ms
        self._debt_ms_max = debt_ms_max
        self._tokens: float | None = None
        self._filled_ms = 0

    def use(self, amount: float, limit: float, now_ms: int) -> None:
        """Take tokens, whether there are so many or not."""
        self._tokens = self.tokens(limit, now_ms) - amount
        if self._debt_ms_max < inf:
            self._tokens = max(self._tokens, -limit * self._debt_ms_max / MS_PER_S)
        self._filled_ms = now_ms

    def tokens(self, limit: float, now_ms: int) -> float:
        """Return how many there are; negative after more was used than there was.

        Args:
            limit: How many come in a second.
            now_ms: The time.
        """
        burst = limit * self._burst_ms / MS_PER_S
        if self._tokens is None:
            return burst
        return min(burst, self._tokens + limit * (now_ms - self._filled_ms) / MS_PER_S)

    def throttle_ms(self, limit: float, now_ms: int) -> int:
        """Return how long until the debt is paid, rounded up; 0 if there is none."""
        tokens = self.tokens(limit, now_ms)
        if tokens >= 0:
            return 0
        if limit <= 0:
            return self._burst_ms
        return -int(tokens * MS_PER_S // limit)

    def is_idle(self, limit: float, now_ms: int) -> bool:
        """Return whether it is full, so that nothing would change if it were forgotten."""
        return self.tokens(limit, now_ms) >= limit * self._burst_ms / MS_PER_S
