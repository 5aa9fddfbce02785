"""Engine: adds up what parties use, and says how long they have to wait.

Invariants:
    Nothing is kept of whom nothing limits.
    There are never more than ``buckets_max`` buckets. Those who come when there are as many share
    one for each key, so a client that changes its name all the time gains nothing.
    A bucket that is full again is forgotten.
    A change of limits keeps the debts.
    A debt of request time is over after all windows: one request cannot shut its user out for long.
Called by: quotas. Calls: limits, token_bucket. No clock.
Source: Kafka's ``ClientQuotaManager``, ``ControllerMutationQuotaManager``, ``ConnectionQuotas``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from app.security.quota_windows.limits import UNSET, Limit, Limits, Quota, QuotaType
from app.security.quota_windows.token_bucket import MS_PER_S, TokenBucket

BUCKETS_MAX = 20_000

_Party = tuple[QuotaType, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How much may be used at once."""

    samples: int = 11
    """Windows whose worth of mutations and connections may come at once (``quota.window.num``)."""

    window_ms: int = 1000
    """Whose worth of bytes and time may be used at once (``quota.window.size.seconds``)."""


class Engine:
    """What everyone used lately, and may use."""

    def __init__(self, windows: Windows | None = None, *, buckets_max: int = BUCKETS_MAX) -> None:
        """Limit nobody.

        Args:
            windows: How much may be used at once.
            buckets_max: Parties that are remembered at most.
        """
        self._windows = windows or Windows()
        many_ms = self._windows.samples * self._windows.window_ms
        self._burst_ms = dict.fromkeys(QuotaType, self._windows.window_ms)
        self._burst_ms |= {QuotaType.MUTATION: many_ms, QuotaType.CONNECTION: many_ms}
        self._debt_ms_max = dict.fromkeys(QuotaType, inf) | {QuotaType.REQUEST: float(many_ms)}
        self._buckets_max = buckets_max
        self._buckets: dict[_Party, tuple[TokenBucket, float]] = {}
        self._swept_ms = 0
        self._found: dict[_Party, Limit | None] = {}
        self.limits = Limits()

    def load(self, quotas: Iterable[Quota]) -> None:
        """Take other limits from now on."""
        self.limits = Limits(quotas)
        self._found.clear()

    @property
    def parties(self) -> int:
        """How many buckets are kept."""
        return len(self._buckets)

    def use(self, key: QuotaType, user: str, client_id: str, amount: float, now_ms: int) -> int:
        """Add what was used; return for how many milliseconds its user should use no more.

        Args:
            key: What is used; percents of a second for ``REQUEST``.
            user: By whom.
            client_id: Of the client.
            amount: How much.
            now_ms: The time.
        """
        limit = self._limit(key, user, client_id)
        if limit is None:
            return 0
        bucket = self._bucket(key, limit.shared_by, limit.value, now_ms)
        bucket.use(amount, limit.value, now_ms)
        throttle_ms = bucket.throttle_ms(limit.value, now_ms)
        if key is QuotaType.REQUEST:
            return min(throttle_ms, self._windows.window_ms)  # KIP-124
        return throttle_ms

    def owed_ms(self, key: QuotaType, user: str, client_id: str, now_ms: int) -> int:
        """Return for how many milliseconds nothing should be used, as things stand."""
        limit = self._limit(key, user, client_id)
        if limit is None:
            return 0
        bucket = self._bucket(key, limit.shared_by, limit.value, now_ms)
        return bucket.throttle_ms(limit.value, now_ms)

    def window_amount(self, key: QuotaType, user: str, client_id: str) -> float | None:
        """Return what the limit gives in a window; None without a limit."""
        limit = self._limit(key, user, client_id)
        return None if limit is None else limit.value * self._windows.window_ms / MS_PER_S

    def connect(self, address: str, now_ms: int) -> bool:
        """Count a connection, or return False: it is one too many, and not counted."""
        limit = self.limits.of_address(address)
        if limit is None:
            return True
        bucket = self._bucket(QuotaType.CONNECTION, (address, UNSET), limit, now_ms)
        if bucket.tokens(limit, now_ms) < 1:
            return False
        bucket.use(1, limit, now_ms)
        return True

    def sweep(self, now_ms: int) -> None:
        """Forget the buckets that are full."""
        self._swept_ms = now_ms
        self._buckets = {
            party: (bucket, limit)
            for party, (bucket, limit) in self._buckets.items()
            if not bucket.is_idle(limit, now_ms)
        }

    def _limit(self, key: QuotaType, user: str, client_id: str) -> Limit | None:
        asked = (key, user, client_id)
        try:
            return self._found[asked]
        except KeyError:
            if len(self._found) >= self._buckets_max:
                self._found.clear()
            limit = self._found[asked] = self.limits.find(key, user, client_id)
            return limit

    def _bucket(
        self, key: QuotaType, shared_by: tuple[str, str], limit: float, now_ms: int
    ) -> TokenBucket:
        party = (key, *shared_by)
        found = self._buckets.get(party)
        if found is None:
            party = self._place(party, now_ms)
            found = self._buckets.get(party)
        if found is not None and found[1] == limit:
            return found[0]
        bucket = TokenBucket(self._burst_ms[key], self._debt_ms_max[key])
        if found is not None:
            bucket = found[0]
            bucket.use(0, found[1], now_ms)  # what came until now came at the old rate
        self._buckets[party] = (bucket, limit)
        return bucket

    def _place(self, party: _Party, now_ms: int) -> _Party:
        """Return as whom a party is to be remembered that is not yet."""
        if now_ms - self._swept_ms >= self._windows.samples * self._windows.window_ms:
            self.sweep(now_ms)
        if len(self._buckets) >= self._buckets_max - len(QuotaType):
            return (party[0], UNSET, UNSET)
        return party
