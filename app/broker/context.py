"""What every verb is given: the collaborators behind the doors, built once by the wiring.

Also the two questions that every verb asks first, so that no verb words them differently.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from app.broker.errors import (
    ClusterAuthorizationFailed,
    GroupAuthorizationFailed,
    ThrottlingQuotaExceeded,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.partitioner import Partitioner
from app.broker.schema_checks import SchemaChecks
from app.broker.topic_patterns import MatchedTopics
from app.cluster.catalog import Catalog
from app.cluster.metadata_image import MetadataImage, TopicMetadata
from app.cluster.producer_ids import ProducerIds
from app.cluster.watcher import MetadataWatcher
from app.coordinators.groups.coordinator import GroupCoordinator
from app.replication.replica_manager import ReplicaManager
from app.security.acls import CLUSTER, Authorizer, Operation, Resource, group, topic
from app.security.audit.audit import Audit, NoAudit
from app.security.audit.event import AUDIT_TOPIC, Category
from app.security.audit.kinds import denied
from app.security.audit.traffic import Traffic
from app.security.authenticator import Authenticator
from app.security.delegation import DelegationTokens
from app.security.logins.passwords import Passwords
from app.security.open_connections import OpenConnections
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from app.security.quota_windows.measured import Measured
from app.security.quotas import Quotas
from app.security.watcher import SecurityWatcher
from app.telemetry.clock import Clock
from schema_registry.serdes.serdes import Serdes

T = TypeVar("T")

DEBT_MS_MAX = 1_000
"""Who is in debt for no longer than this waits; for longer it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLimits:
    """Bounds and defaults of this node's verbs."""

    default_partitions: int = 1
    """Partitions of a topic whose creator does not say (Kafka's ``num.partitions``)."""

    default_replication_factor: int = 1
    """Replicas of a topic whose creator does not say (Kafka's ``default.replication.factor``)."""

    auto_create_topics: bool = True
    """Whether asking for a topic may make it (Kafka's ``auto.create.topics.enable``)."""

    delegation_token_max_lifetime_ms: int = 604_800_000
    """How long a delegation token stands at the most, also one that is renewed."""

    delegation_token_expiry_time_ms: int = 86_400_000
    """For how long it is given out, or renewed, where nobody says."""

    partitions_per_topic_max: int = 10_000
    partitions_max: int = 100_000
    """All partitions of the cluster."""

    fetch_wait_ms_max: int = 60_000
    fetch_bytes_max: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerContext:
    """The collaborators of the verbs."""

    clock: Clock
    node_id: int
    catalog: Catalog
    metadata: MetadataWatcher
    replicas: ReplicaManager
    producer_ids: ProducerIds
    groups: GroupCoordinator
    partitioner: Partitioner
    authorizer: Authorizer
    quotas: Quotas
    security: SecurityWatcher
    """Who may log in and who may do what, and where that is changed."""

    authenticator: Authenticator | None
    """Who are you; None where clients need not log in."""

    passwords: Passwords
    """Hashes those of new users."""

    delegation_tokens: DelegationTokens

    open_connections: OpenConnections
    """What is cut when its login ends."""

    limits: BrokerLimits
    serdes: Serdes
    """Schemas of the registry, to write and read data with."""

    schema_checks: SchemaChecks
    """What is asked before records are appended to topics that want it."""

    audit: Audit = field(default_factory=NoAudit)
    """Who did what is written down."""

    traffic: Traffic | None = None
    """Who wrote and read how much is written down; None where it is not."""

    matched_topics: MatchedTopics = field(default_factory=MatchedTopics)
    """What patterns of topics mean."""

    @property
    def image(self) -> MetadataImage:
        """The metadata this node works from at this moment."""
        return self.metadata.image

    def require_topic(self, principal: Principal, operation: Operation, name: str) -> None:
        """Refuse unless the principal may do this to the topic of that name.

        Raises:
            TopicAuthorizationFailed: It may not. Asked before existence, so that a refusal
                does not tell which names there are.
        """
        if not self.authorizer.authorize(principal, operation, topic(name)):
            self.note_denied(principal, operation, topic(name))
            raise TopicAuthorizationFailed(f"not authorized to {operation.value} topic {name!r}")

    def require_group(self, principal: Principal, operation: Operation, group_id: str) -> None:
        """Refuse unless the principal may do this to the group.

        Raises:
            GroupAuthorizationFailed: It may not.
        """
        if not self.authorizer.authorize(principal, operation, group(group_id)):
            self.note_denied(principal, operation, group(group_id))
            raise GroupAuthorizationFailed(
                f"not authorized to {operation.value} group {group_id!r}"
            )

    def require_cluster(self, principal: Principal, operation: Operation) -> None:
        """Refuse unless the principal may do this to the cluster.

        Raises:
            ClusterAuthorizationFailed: It may not.
        """
        if not self.authorizer.authorize(principal, operation, CLUSTER):
            self.note_denied(principal, operation, CLUSTER)
            raise ClusterAuthorizationFailed(f"not authorized to {operation.value} the cluster")

    def may(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return whether the principal may do this; that it may not is written down.

        For verbs that answer a refusal by a value; what a list leaves out is none.
        """
        if self.authorizer.authorize(principal, operation, resource):
            return True
        self.note_denied(principal, operation, resource)
        return False

    def require_audit_topic(self, principal: Principal, name: str) -> None:
        """Refuse to change the audit log's topic unless the principal may alter the cluster.

        Raises:
            ClusterAuthorizationFailed: It is that topic, and it may not.
        """
        if name == AUDIT_TOPIC:
            self.require_cluster(principal, Operation.ALTER)

    def note_denied(self, principal: Principal, operation: Operation, resource: Resource) -> None:
        """Write down that the principal was refused, and by which rule."""
        if self.audit.wants(Category.DENIED):
            decision = self.authorizer.explain(principal, operation, resource)
            self.audit.note(denied(principal, operation, resource, decision))

    def require_quota(self, principal: Principal, kind: QuotaType, *, up_to_ms: int = 0) -> int:
        """Refuse while the principal is in debt for longer; return for how long it is.

        Raises:
            ThrottlingQuotaExceeded: It used more than it may; nothing was done.
        """
        owed_ms = self.quotas.owed(kind, principal)
        if owed_ms > up_to_ms:
            raise ThrottlingQuotaExceeded(
                f"The throttling quota has been exceeded ({kind.value}): try again in {owed_ms} ms",
                retry_after_ms=owed_ms,
            )
        return owed_ms

    async def pay(self, principal: Principal, kind: QuotaType) -> None:
        """Wait while the principal is in a short debt.

        Raises:
            ThrottlingQuotaExceeded: It is a long one; nothing was done.
        """
        owed_ms = self.require_quota(principal, kind, up_to_ms=DEBT_MS_MAX)
        if owed_ms:
            await asyncio.sleep(owed_ms / 1000)

    def owed_ms(self, principal: Principal, kind: QuotaType) -> int:
        """Return how long somebody who uses this should wait: whoever owes time uses nothing."""
        return max(
            self.quotas.owed(kind, principal), self.quotas.owed(QuotaType.REQUEST, principal)
        )

    async def wait_out(self, principal: Principal, kind: QuotaType) -> None:
        """Wait until the principal is in debt no more, for those whose streams are held back."""
        while owed_ms := self.owed_ms(principal, kind):  # noqa: ASYNC110 - time alone pays
            await asyncio.sleep(owed_ms / 1000)

    def measured(self, principal: Principal, work: Awaitable[T]) -> Measured[T]:
        """Return work whose time on the loop the principal is charged with (KIP-124)."""
        return Measured(work, partial(self.quotas.requested, principal))

    def topic(self, name: str) -> TopicMetadata:
        """Return the topic of that name.

        Raises:
            UnknownTopicOrPartition: There is none.
        """
        found = self.image.topics.get(name)
        if found is None:
            raise UnknownTopicOrPartition(f"This server does not host topic {name!r}.")
        return found
