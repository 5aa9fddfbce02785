"""A running broker in this process, without its doors, on a directory of the test's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.broker.context import BrokerContext
from app.broker.produce import Outcome, produce
from app.broker.topics import NewTopic, create_topic
from app.coordinators.groups.rules import GroupRules
from app.security.acls import Decision, Ground, Operation, Resource, ResourceType
from app.security.audit.traffic import Traffic
from app.security.principal import ANONYMOUS, Principal
from app.security.quota_windows.limits import QuotaType
from app.settings import Settings
from app.wiring import running_node
from tests.support.migrated import put_database
from tests.support.security.audited import FakeAudit

NOW_MS = 1_700_000_000_000


@asynccontextmanager
async def running_broker(
    directory: Path, rules: GroupRules | None = None
) -> AsyncIterator[BrokerContext]:
    """Run a broker with a topic ``t`` of two partitions; groups do not wait for more members."""
    settings = Settings(
        data_dir=directory / "data",
        http_port=0,
        kafka_port=0,
        offsets_topic_num_partitions=2,
        group_initial_rebalance_delay_ms=0,
        group_min_session_timeout_ms=1,
    )
    put_database(settings.data_dir)
    async with running_node(settings) as node:
        if rules is not None:
            node.context.groups.shards.rules = rules
        if "t" not in node.context.image.topics:
            await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=2))
        yield node.context


async def append(
    context: BrokerContext, *values: bytes, partition: int = 0, timestamp_ms: int = NOW_MS
) -> list[Outcome]:
    """Produce values to a partition of ``t``."""
    records = [((timestamp_ms, None, value, ()), partition) for value in values]
    return await produce(context, ANONYMOUS, "t", records)


def offsets(outcomes: Sequence[Outcome]) -> list[int]:
    """Return the offsets where records landed."""
    return [outcome[1] for outcome in outcomes if isinstance(outcome, tuple)]


@dataclass
class Guards:
    """Authorizer and quotas that keep what they were asked, and refuse or throttle when told to."""

    refused: frozenset[Operation] = frozenset()
    throttle_ms: int = 0
    """What is owed at first."""

    throttle_ms_then: int = 0
    """What is owed when it was asked for."""

    asked: list[tuple[Operation, str]] = field(default_factory=list)
    used: list[tuple[str, int]] = field(default_factory=list)

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Refuse the operations that are to be refused."""
        assert principal is ANONYMOUS
        self.asked.append((operation, resource.name))
        return operation not in self.refused

    def authorize_any(self, principal: Principal, operation: Operation, kind: ResourceType) -> bool:
        """Refuse likewise."""
        assert principal is ANONYMOUS
        self.asked.append((operation, kind.value))
        return operation not in self.refused

    def explain(self, principal: Principal, operation: Operation, resource: Resource) -> Decision:
        """Say the same, without a rule."""
        return Decision(self.authorize(principal, operation, resource), Ground.NO_ACL)

    def produced(self, principal: Principal, size: int) -> int:
        """Keep the bytes."""
        return self._use(principal, "produced", size)

    def fetched(self, principal: Principal, size: int) -> int:
        """Keep the bytes."""
        return self._use(principal, "fetched", size)

    def mutated(self, principal: Principal, mutations: int) -> int:
        """Keep the partitions."""
        return self._use(principal, "mutated", mutations)

    def requested(self, principal: Principal, seconds: float) -> int:
        """Keep that it was measured."""
        return self._use(principal, "requested", 1 if seconds else 0)

    measures_time = False

    def owed(self, kind: QuotaType, principal: Principal) -> int:
        """Owe what is to be owed, until it is asked for once more."""
        owed, self.throttle_ms = self.throttle_ms, self.throttle_ms_then
        return owed

    def fetch_room(self, principal: Principal, max_bytes: int) -> int | None:
        """Return the room, if nothing is owed."""
        return None if self.throttle_ms else max_bytes

    def connect(self, address: str) -> bool:
        """Let it."""
        return True

    def _use(self, principal: Principal, what: str, amount: int) -> int:
        assert principal is ANONYMOUS
        self.used.append((what, amount))
        return self.throttle_ms


def guarded(context: BrokerContext, guards: Guards) -> BrokerContext:
    """Return the broker with other guards."""
    return replace(context, authorizer=guards, quotas=guards)


def watched(context: BrokerContext) -> tuple[BrokerContext, FakeAudit]:
    """Return the broker with its traffic counted, and where that is told."""
    audit = FakeAudit()
    traffic = Traffic(context.clock, audit, context.authorizer)
    return replace(context, traffic=traffic), audit
