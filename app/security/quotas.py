"""How much they may use: the second question that every verb asks.

Whoever uses more than its limit is in debt for a time. A verb lets it wait for a short debt and
refuses it for a long one, before anything is changed (``BrokerContext.pay``); what was used is
accounted for when it is known. The Kafka door does not let verbs wait: it tells its clients the
time and reads nothing of them until it is over (``app.wire.meter``).
Source: KIP-13, KIP-124, KIP-219, KIP-599, KIP-612.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from app.cluster.security_records import QuotaKey
from app.security.image import SecurityImage
from app.security.principal import Principal
from app.security.quota_windows.engine import Engine, Windows
from app.security.quota_windows.limits import Quota, QuotaType
from app.telemetry.clock import Clock

PERCENT = 100


class Quotas(Protocol):
    """Accounts for what principals use."""

    @property
    def measures_time(self) -> bool:
        """Whether anybody's request time is limited, so that it has to be measured."""
        ...

    def owed(self, kind: QuotaType, principal: Principal) -> int:
        """Return for how many milliseconds the principal is in debt; 0 if it is not."""
        ...

    def fetch_room(self, principal: Principal, max_bytes: int) -> int | None:
        """Return how many of so many bytes may be fetched at once; None while in debt."""
        ...

    def produced(self, principal: Principal, size: int) -> int:
        """Account for bytes that were appended; return the debt in milliseconds."""
        ...

    def fetched(self, principal: Principal, size: int) -> int:
        """Account for bytes about to be sent; return the debt in milliseconds."""
        ...

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Account for partitions created or deleted; return the debt in milliseconds."""
        ...

    def requested(self, principal: Principal, seconds: float) -> int:
        """Account for time that a request took; return the debt in milliseconds."""
        ...

    def connect(self, address: str) -> bool:
        """Account for a connection of an address, or return False: it makes too many."""
        ...


class Unlimited:
    """Nobody is ever throttled."""

    measures_time = False

    def owed(self, kind: QuotaType, principal: Principal) -> int:
        """Return 0."""
        del kind, principal
        return 0

    def fetch_room(self, principal: Principal, max_bytes: int) -> int | None:
        """Return all of it."""
        del principal
        return max_bytes

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

    def requested(self, principal: Principal, seconds: float) -> int:
        """Return 0."""
        del principal, seconds
        return 0

    def connect(self, address: str) -> bool:
        """Return True."""
        del address
        return True


def quotas_of(stored: Mapping[QuotaKey, float]) -> list[Quota]:
    """Return limits as they are looked up; addresses stand where users do."""
    known = {kind.value: kind for kind in QuotaType}
    return [
        Quota(key.ip or key.user, key.client_id, known[key.name], value)
        for key, value in stored.items()
        if key.name in known
    ]


class ClientQuotas:
    """The limits that are set, by user and client id, or by address."""

    def __init__(self, clock: Clock, windows: Windows | None = None) -> None:
        """Limit nobody.

        Args:
            clock: For debts.
            windows: How much may be used at once.
        """
        self._clock = clock
        self._engine = Engine(windows)
        self._is_limited = False
        self._limits_connections = False
        self.measures_time = False

    def apply_image(self, before: SecurityImage | None, image: SecurityImage) -> None:
        """Take the limits of a security image, if they are others."""
        if before is None or before.quotas != image.quotas:
            self.load(quotas_of(image.quotas))

    def load(self, quotas: Iterable[Quota]) -> None:
        """Take other limits from now on; debts stay."""
        self._engine.load(quotas)
        has = self._engine.limits.has
        self._limits_connections = has(QuotaType.CONNECTION)
        self._is_limited = any(has(kind) for kind in QuotaType if kind is not QuotaType.CONNECTION)
        self.measures_time = has(QuotaType.REQUEST)

    def owed(self, kind: QuotaType, principal: Principal) -> int:
        """Return for how many milliseconds the principal is in debt."""
        if not self._is_limited:
            return 0
        return self._engine.owed_ms(kind, principal.name, principal.client_id, self._now_ms())

    def fetch_room(self, principal: Principal, max_bytes: int) -> int | None:
        """Return how much may be fetched at once; None while in debt."""
        if not self._is_limited:
            return max_bytes
        if self.owed(QuotaType.FETCH, principal):
            return None
        if self.measures_time and self.owed(QuotaType.REQUEST, principal):
            return None
        room = self._engine.window_amount(QuotaType.FETCH, principal.name, principal.client_id)
        return max_bytes if room is None else min(max_bytes, int(room))

    def produced(self, principal: Principal, size: int) -> int:
        """Account for bytes that were appended."""
        return self._use(QuotaType.PRODUCE, principal, size) if self._is_limited else 0

    def fetched(self, principal: Principal, size: int) -> int:
        """Account for bytes about to be sent."""
        return self._use(QuotaType.FETCH, principal, size) if self._is_limited else 0

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Account for partitions created or deleted."""
        return self._use(QuotaType.MUTATION, principal, mutations) if self._is_limited else 0

    def requested(self, principal: Principal, seconds: float) -> int:
        """Account for time that a request took."""
        if not self.measures_time:
            return 0
        return self._use(QuotaType.REQUEST, principal, seconds * PERCENT)

    def connect(self, address: str) -> bool:
        """Account for a connection of an address, or return False: it makes too many."""
        return not self._limits_connections or self._engine.connect(address, self._now_ms())

    def _use(self, kind: QuotaType, principal: Principal, amount: float) -> int:
        now_ms = self._now_ms()
        return self._engine.use(kind, principal.name, principal.client_id, amount, now_ms)

    def _now_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)
