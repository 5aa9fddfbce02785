"""Verbs on topics: create, list, describe, delete, add partitions.

Names follow Kafka's rule: 1 to 249 of ``[a-zA-Z0-9._-]``, not ``.`` or ``..``; two names that
differ only in ``.`` and ``_`` collide.
Source: ``org.apache.kafka.common.internals.Topic``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    InvalidPartitions,
    InvalidReplicaAssignment,
    InvalidReplicationFactor,
    InvalidRequest,
    InvalidTopic,
    PolicyViolation,
)
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.broker.topic_configs import check_configs
from app.cluster.metadata_image import TopicMetadata
from app.replication.replica_manager import INTERNAL_TOPICS
from app.security.acls import CLUSTER, TOPIC_OPERATIONS, Operation, topic
from app.security.audit.event import AUDIT_TOPIC
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType

NAME_CHARS_MAX = 249
MADE_BY_SERVER = INTERNAL_TOPICS | {AUDIT_TOPIC}
"""Whose records are the server's own: another one's topic of such a name would be taken for it."""

_NAME = re.compile(rf"[a-zA-Z0-9._-]{{1,{NAME_CHARS_MAX}}}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTopic:
    """What a topic to be created should be; None means the broker's default."""

    name: str
    partition_count: int | None = None
    replication_factor: int | None = None
    assignments: Mapping[int, Sequence[int]] | None = None
    """Replicas by partition, instead of the two counts; the first replica leads."""

    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedTopic:
    """What a topic would be like that was checked and not created."""

    partition_count: int
    replication_factor: int


def check_topic_name(name: str) -> None:
    """Refuse a name that Kafka would refuse.

    Raises:
        InvalidTopic: With the rule that it breaks.
    """
    if name in {".", ".."}:
        raise InvalidTopic(f"Topic name is invalid: {name!r} is not allowed")
    if not _NAME.match(name):
        raise InvalidTopic(
            f"Topic name is invalid: {name[:260]!r} must be 1 to {NAME_CHARS_MAX} characters of "
            "ASCII alphanumerics, '.', '_' and '-'"
        )


async def create_topic(
    context: BrokerContext, principal: Principal, new: NewTopic, *, validate_only: bool = False
) -> TopicMetadata | ValidatedTopic:
    """Create a topic.

    Args:
        context: The broker.
        principal: Needs CREATE on the cluster or on the topic.
        new: What to create.
        validate_only: Check everything, change nothing.

    Raises:
        BrokerError: Why not; nothing was changed.
    """
    if not context.authorizer.authorize(principal, Operation.CREATE, CLUSTER):
        context.require_topic(principal, Operation.CREATE, new.name)
    check_topic_name(new.name)
    if new.name in MADE_BY_SERVER:
        raise InvalidTopic(f"Topic {new.name!r} is made by the server when it is needed")
    assignments = _assignments(context, new)
    partition_count = len(assignments) if assignments else _partition_count(context, new)
    factor = _replication_factor(context, new) if assignments is None else len(assignments[0])
    _check_partition_total(context, partition_count, added=partition_count)
    check_configs(new.configs)
    _mutate(context, principal, partition_count)
    with translating_catalog_errors():
        if validate_only:
            context.catalog.check_name_is_free(context.image, new.name)
            return ValidatedTopic(partition_count=partition_count, replication_factor=factor)
        async with audited_change(
            *(context, "CreateTopics", principal, Operation.CREATE, topic(new.name)),
            items=sorted(new.configs),
        ):
            created = await context.catalog.create_topic(
                new.name,
                assignments if assignments is not None else partition_count,
                replication_factor=factor,
                configs=new.configs,
            )
            await context.metadata.refresh()
    return created


def list_topics(context: BrokerContext, principal: Principal) -> list[TopicMetadata]:
    """Return the topics that the principal may DESCRIBE, by name."""
    authorize = context.authorizer.authorize
    topics = context.image.topics
    return [
        topics[name]
        for name in sorted(topics)
        if authorize(principal, Operation.DESCRIBE, topic(name))
    ]


def describe_topic(context: BrokerContext, principal: Principal, name: str) -> TopicMetadata:
    """Return one topic.

    Raises:
        TopicAuthorizationFailed: The principal may not DESCRIBE it.
        UnknownTopicOrPartition: There is none of that name.
    """
    context.require_topic(principal, Operation.DESCRIBE, name)
    return context.topic(name)


async def delete_topic(context: BrokerContext, principal: Principal, name: str) -> None:
    """Delete a topic and all its records.

    Raises:
        BrokerError: Why not; nothing was changed.
    """
    context.require_topic(principal, Operation.DELETE, name)
    context.require_audit_topic(principal, name)
    found = context.topic(name)
    _mutate(context, principal, len(found.partitions))
    async with audited_change(context, "DeleteTopics", principal, Operation.DELETE, topic(name)):
        with translating_catalog_errors():
            await context.catalog.delete_topic(name)
            await context.metadata.refresh()
    context.partitioner.forget(found.topic_id)


async def add_partitions(
    context: BrokerContext,
    principal: Principal,
    name: str,
    total: int,
    *,
    validate_only: bool = False,
) -> TopicMetadata:
    """Raise a topic's number of partitions to a total; records stay where they are.

    Raises:
        InvalidPartitions: The total is not larger than today's number, or the topic is internal.
        BrokerError: Why else not; nothing was changed.
    """
    context.require_topic(principal, Operation.ALTER, name)
    context.require_audit_topic(principal, name)
    found = context.topic(name)
    if found.is_internal:  # a group is where the number says: each would lose its offsets
        raise InvalidPartitions(f"The number of partitions of {name!r} cannot be changed")
    present = len(found.partitions)
    if total <= present:
        raise InvalidPartitions(
            f"Topic {name!r} has {present} partitions; the new number must be larger, not {total}"
        )
    _check_partition_total(context, total, added=total - present)
    _mutate(context, principal, total - present)
    changed = found
    if not validate_only:
        async with audited_change(
            context, "CreatePartitions", principal, Operation.ALTER, topic(name)
        ):
            with translating_catalog_errors():
                changed = await context.catalog.add_partitions(name, total)
                await context.metadata.refresh()
    return changed


def authorized_operations(
    context: BrokerContext, principal: Principal, name: str
) -> list[Operation]:
    """Return what the principal may do to a topic."""
    authorize = context.authorizer.authorize
    return [one for one in TOPIC_OPERATIONS if authorize(principal, one, topic(name))]


def _mutate(context: BrokerContext, principal: Principal, partitions: int) -> None:
    """Account for partitions that are made or deleted (KIP-599).

    Raises:
        ThrottlingQuotaExceeded: The principal made and deleted too many lately.
    """
    context.require_quota(principal, QuotaType.MUTATION)
    context.quotas.mutated(principal, partitions)


def _partition_count(context: BrokerContext, new: NewTopic) -> int:
    count = new.partition_count
    if count is None or count == -1:
        return context.limits.default_partitions
    if count < 1:
        raise InvalidPartitions(f"Number of partitions must be larger than 0, not {count}")
    return count


def _replication_factor(context: BrokerContext, new: NewTopic) -> int:
    factor = new.replication_factor
    if factor is None or factor == -1:
        return context.limits.default_replication_factor
    brokers = len(context.image.brokers)
    if not 1 <= factor <= brokers:
        raise InvalidReplicationFactor(
            f"Replication factor: {factor} must be 1 to {brokers}, the number of brokers"
        )
    return factor


def _check_partition_total(context: BrokerContext, count: int, *, added: int) -> None:
    limits = context.limits
    if count > limits.partitions_per_topic_max:
        raise InvalidPartitions(
            f"{count} partitions are more than the {limits.partitions_per_topic_max} of a topic"
        )
    present = sum(len(one.partitions) for one in context.image.topics.values())
    if present + added > limits.partitions_max:
        raise PolicyViolation(
            f"{added} more partitions would pass the cluster's limit of {limits.partitions_max}"
        )


def _assignments(context: BrokerContext, new: NewTopic) -> tuple[tuple[int, ...], ...] | None:
    if new.assignments is None:
        return None
    if new.partition_count not in (None, -1) or new.replication_factor not in (None, -1):
        raise InvalidRequest("Give replica assignments or counts, not both")
    given = new.assignments
    if not given or sorted(given) != list(range(len(given))):
        raise InvalidReplicaAssignment("Partitions must be numbered from 0 without a gap")
    ordered = tuple(tuple(given[partition]) for partition in range(len(given)))
    for partition, replicas in enumerate(ordered):
        _check_replicas(context, partition, replicas, len(ordered[0]))
    return ordered


def _check_replicas(
    context: BrokerContext, partition: int, replicas: tuple[int, ...], factor: int
) -> None:
    problem: BrokerError | None = None
    if not replicas or len(set(replicas)) != len(replicas):
        problem = InvalidReplicaAssignment(f"Partition {partition}: replicas empty or repeated")
    elif len(replicas) != factor:
        problem = InvalidReplicaAssignment("Every partition needs the same number of replicas")
    elif unknown := [node for node in replicas if node not in context.image.brokers]:
        problem = InvalidReplicaAssignment(f"Partition {partition}: no broker {unknown[0]}")
    if problem is not None:
        raise problem
