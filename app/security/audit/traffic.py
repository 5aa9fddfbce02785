"""Traffic: who wrote to, and who read from, which topic.

A line for each request would be more than the data. The first of a party, with one credential, from
one address, to one topic is written at once, with the rule that allowed it. Those that follow are
counted, and told once a minute: how many, and how many bytes. A request is one partition's part of
one, as in Kafka's ``TotalProduceRequestsPerSec`` of a topic; a fetch that found nothing is none.

States of a flow: unknown -> open, with its first request -> told each ``TOLD_S`` in which there was
something -> unknown, after one without.

Invariants:
    Each request is in one event. What a node that is killed had not told yet are counts of its
    last ``TOLD_S``; who, from where and what is in an event before.
    At most ``FLOWS_MAX`` flows are open: the oldest is told early, to make room.
Called by: the verbs of the data plane. Calls: the audit log.
"""

import asyncio
from dataclasses import dataclass

from app.security.acls import Authorizer, topic
from app.security.audit.audit import Audit
from app.security.audit.event import Category
from app.security.audit.kinds import DATA_OPERATIONS, data_flowed
from app.security.principal import Credential, Principal
from app.telemetry.clock import Clock

TOLD_S = 60.0
"""How often what was counted is told."""

TURN_S = 5.0
"""How often it is looked for what is to be told."""

FLOWS_MAX = 10_000

_Key = tuple[Category, str, str, str, str, Credential | None, str]


@dataclass(slots=True)
class _Flow:
    principal: Principal
    told_at: float
    """Monotonic seconds."""

    requests: int = 0
    size: int = 0


class Traffic:
    """Counts what flows, and writes it down."""

    def __init__(self, clock: Clock, audit: Audit, authorizer: Authorizer) -> None:
        """Know of no flow.

        Args:
            clock: Of this node.
            audit: Where it is written down.
            authorizer: Names the rule that allowed it.
        """
        self._clock = clock
        self._audit = audit
        self._authorizer = authorizer
        self._flows: dict[_Key, _Flow] = {}
        self._counts_produced = audit.wants(Category.PRODUCE)
        self._counts_fetched = audit.wants(Category.CONSUME)

    @classmethod
    def wanted(cls, clock: Clock, audit: Audit, authorizer: Authorizer) -> "Traffic | None":
        """Return one; None where an audit log wants nothing of what it counts."""
        if audit.wants(Category.PRODUCE) or audit.wants(Category.CONSUME):
            return cls(clock, audit, authorizer)
        return None

    def produced(self, principal: Principal, topic_name: str, size: int) -> None:
        """Take note of bytes that a principal appended to a partition of a topic."""
        if self._counts_produced:
            self._count(Category.PRODUCE, principal, topic_name, size)

    def fetched(self, principal: Principal, topic_name: str, size: int) -> None:
        """Take note of bytes of a partition of a topic that a principal was given."""
        if self._counts_fetched:
            self._count(Category.CONSUME, principal, topic_name, size)

    async def run(self) -> None:
        """Tell what is to be told, until cancelled."""
        while True:
            await asyncio.sleep(TURN_S)
            self.tell()

    def tell(self) -> None:
        """Tell what was counted for long enough."""
        now = self._clock.monotonic()
        due = [key for key, flow in self._flows.items() if now - flow.told_at >= TOLD_S]
        for key in due:
            flow = self._flows[key]
            if not flow.requests:
                del self._flows[key]
                continue
            self._tell(key, flow)
            self._flows[key] = _Flow(flow.principal, now)

    def tell_all(self) -> None:
        """Tell all that was counted, and know of no flow any more."""
        for key, flow in self._flows.items():
            self._tell(key, flow)
        self._flows.clear()

    def _count(self, category: Category, principal: Principal, name: str, size: int) -> None:
        # not the principal itself: those of other addresses and credentials are equal to it
        key = (
            category,
            principal.kind,
            principal.name,
            principal.host,
            principal.client_id,
            principal.credential,
            name,
        )
        flow = self._flows.get(key)
        if flow is None:
            self._begin(key, principal, size)
        else:
            flow.requests += 1
            flow.size += size

    def _begin(self, key: _Key, principal: Principal, size: int) -> None:
        if len(self._flows) >= FLOWS_MAX:
            oldest = next(iter(self._flows))
            self._tell(oldest, self._flows.pop(oldest))
        category, resource = key[0], topic(key[-1])
        decision = self._authorizer.explain(principal, DATA_OPERATIONS[category], resource)
        self._audit.note(
            data_flowed(category, principal, resource, requests=1, size=size, decision=decision)
        )
        self._flows[key] = _Flow(principal, self._clock.monotonic())

    def _tell(self, key: _Key, flow: _Flow) -> None:
        if not flow.requests:
            return
        event = data_flowed(
            key[0],
            flow.principal,
            topic(key[-1]),
            requests=flow.requests,
            size=flow.size,
            period_s=self._clock.monotonic() - flow.told_at,
        )
        self._audit.note(event)
