"""Verbs on a group's committed offsets: commit, fetch, delete.

What a principal may not do to a topic, or a topic that is not there, refuses its own partitions
only; what concerns the group refuses all.
Source: Kafka's OffsetCommit, OffsetFetch and OffsetDelete.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError, TopicAuthorizationFailed
from app.broker.groups.refusals import group_error
from app.broker.partitions import partition_metadata
from app.broker.security.changes import audited_change
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offset_store import OffsetCommit
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.security.acls import Operation, group, topic
from app.security.principal import Principal

NO_OFFSET = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedOffset:
    """What a group has committed for a partition; ``NO_OFFSET`` if nothing."""

    offset: int = NO_OFFSET
    leader_epoch: int = -1
    metadata: str = ""
    error_code: int = 0
    """Kafka's number; 0 is success."""

    log_offset: int = NO_OFFSET
    """Which commit it is: where it stands in the log of commits."""


async def commit_offsets(
    context: BrokerContext, principal: Principal, commit: OffsetCommit
) -> Mapping[TopicPartition, int]:
    """Commit offsets and return when they are durable.

    Args:
        context: The broker.
        principal: Needs READ on the group and on every topic.
        commit: What, and by whom.

    Returns:
        Kafka's error number of each partition, 0 for success.

    Raises:
        BrokerError: The principal may not READ the group; nothing is committed.
    """
    context.require_group(principal, Operation.READ, commit.group_id)
    outcomes: dict[TopicPartition, int] = {}
    accepted: dict[TopicPartition, CommittedOffset] = {}
    for partition, offset in commit.offsets.items():
        try:
            context.require_topic(principal, Operation.READ, partition[0])
            partition_metadata(context.topic(partition[0]), partition[1])
        except BrokerError as error:
            outcomes[partition] = error.code
        else:
            accepted[partition] = offset
    if accepted or not commit.offsets:
        found = await context.groups.offsets.commit(replace(commit, offsets=accepted))
        if isinstance(found, ErrorCode):
            outcomes |= dict.fromkeys(accepted, int(found))
        else:
            outcomes |= found
    return {partition: outcomes[partition] for partition in commit.offsets}


def fetch_offsets(
    context: BrokerContext,
    principal: Principal,
    group_id: str,
    partitions: Collection[TopicPartition] | None,
    *,
    require_stable: bool = False,
) -> Mapping[TopicPartition, FetchedOffset]:
    """Return what a group has committed.

    Args:
        context: The broker.
        principal: Needs DESCRIBE on the group and on every topic.
        group_id: A group that is not known has committed nothing.
        partitions: Those asked for; None for all of which there is something.
        require_stable: Refuse partitions that an open transaction may still change (KIP-447).

    Raises:
        BrokerError: The group cannot be asked.
    """
    context.require_group(principal, Operation.DESCRIBE, group_id)
    found = context.groups.offsets.committed(group_id, partitions)
    if isinstance(found, ErrorCode):
        raise group_error(found, group_id)
    unstable = context.groups.offsets.unstable(group_id, found) if require_stable else set()
    may = context.authorizer.authorize if partitions is None else context.may
    visible = {
        name: may(principal, Operation.DESCRIBE, topic(name))
        for name in {name for name, _ in found}
    }
    fetched = {}
    for partition, committed in found.items():
        if not visible[partition[0]]:
            if partitions is not None:
                fetched[partition] = FetchedOffset(error_code=TopicAuthorizationFailed.code)
        elif partition in unstable:
            fetched[partition] = FetchedOffset(error_code=ErrorCode.UNSTABLE_OFFSET_COMMIT)
        else:
            fetched[partition] = _fetched(committed)
    return fetched


async def delete_offsets(
    context: BrokerContext,
    principal: Principal,
    group_id: str,
    partitions: Collection[TopicPartition],
) -> Mapping[TopicPartition, int]:
    """Forget what a group has committed for partitions that none of its members reads.

    Args:
        context: The broker.
        principal: Needs DELETE on the group and READ on every topic.
        group_id: Whose.
        partitions: Which.

    Returns:
        Kafka's error number of each partition, 0 for success.

    Raises:
        BrokerError: The group refuses; nothing was deleted.
    """
    context.require_group(principal, Operation.DELETE, group_id)
    outcomes: dict[TopicPartition, int] = {}
    for partition in partitions:
        try:
            context.require_topic(principal, Operation.READ, partition[0])
            partition_metadata(context.topic(partition[0]), partition[1])
        except BrokerError as error:
            outcomes[partition] = error.code
    accepted = [one for one in partitions if one not in outcomes]
    async with audited_change(
        *(context, "OffsetDelete", principal, Operation.DELETE, group(group_id)),
        items=[f"{name}-{partition}" for name, partition in accepted],
    ):
        found = await context.groups.offsets.delete(group_id, accepted)
        if isinstance(found, ErrorCode):
            raise group_error(found, group_id)
    outcomes.update(found)
    return outcomes


def _fetched(committed: CommittedOffset | None) -> FetchedOffset:
    if committed is None:
        return FetchedOffset()
    return FetchedOffset(
        offset=committed.offset,
        leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
        log_offset=committed.log_offset,
    )
