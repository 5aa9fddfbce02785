"""Verb: have a group that nobody is in go on reading elsewhere.

As Kafka's reset tool does, an offset beyond the log is moved to the nearest one that can be read,
and a time after the last record means the end.
Source: KIP-122.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest, NonEmptyGroup
from app.broker.groups.admin import describe_group
from app.broker.groups.offsets import NO_OFFSET, commit_offsets, fetch_offsets
from app.broker.list_offsets import OffsetSpec, list_offsets
from app.broker.security.changes import audited_change
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offset_store import OffsetCommit
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.security.acls import Operation, group
from app.security.principal import Principal


class OffsetTarget(Enum):
    """Where a group is sent."""

    EARLIEST = "earliest"
    LATEST = "latest"
    TIMESTAMP = "timestamp"
    """The first record at or after a time, in milliseconds."""

    SHIFT = "shift"
    """So many records further than now, or back if negative."""

    EXACT = "exact"


WITHOUT_VALUE = (OffsetTarget.EARLIEST, OffsetTarget.LATEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlteredOffset:
    """What becomes of one partition's committed offset."""

    topic_name: str
    partition: int
    current_offset: int | None
    """None: nothing is committed."""

    new_offset: int
    error_code: int = 0
    """Kafka's number; 0 is success."""


async def alter_offsets(
    context: BrokerContext,
    principal: Principal,
    group_id: str,
    target: OffsetTarget,
    *,
    value: int | None = None,
    partitions: Collection[TopicPartition] | None = None,
    validate_only: bool = False,
) -> list[AlteredOffset]:
    """Commit other offsets for a group, or only say which they would be.

    Args:
        context: The broker.
        principal: Needs READ on the group and the topics, and DESCRIBE on both.
        group_id: A group without members; one that is not known begins by this.
        target: Where to.
        value: The time, shift or offset that the target needs; None for those that need none.
        partitions: Which; None for all of which something is committed.
        validate_only: Change nothing.

    Returns:
        What was, or would be, altered, by topic and partition.

    Raises:
        NonEmptyGroup: Somebody is in the group.
        InvalidRequest: The target lacks its value or has one too many, or there is no partition.
        BrokerError: Another refusal; nothing was changed.
    """
    if (value is None) != (target in WITHOUT_VALUE):
        raise InvalidRequest(
            f"target {target.value!r} needs {'no' if value is not None else 'a'} value"
        )
    context.require_group(principal, Operation.READ, group_id)
    committed = fetch_offsets(context, principal, group_id, partitions)
    if not committed:
        raise InvalidRequest(f"Group {group_id!r} has committed nothing: name the partitions")
    _require_empty(context, principal, group_id)
    plan = []
    for at, fetched in sorted(committed.items()):
        context.require_topic(principal, Operation.READ, at[0])
        current = None if fetched.offset == NO_OFFSET else fetched.offset
        new_offset = _target_offset(context, principal, at, target, value, current)
        plan.append(
            AlteredOffset(
                topic_name=at[0], partition=at[1], current_offset=current, new_offset=new_offset
            )
        )
    return plan if validate_only else await _commit(context, principal, group_id, plan)


def _require_empty(context: BrokerContext, principal: Principal, group_id: str) -> None:
    if context.groups.is_known(group_id):
        found = describe_group(context, principal, group_id)
        if found.state is not GroupState.EMPTY:
            raise NonEmptyGroup(f"Group {group_id!r}: it has members, who would not notice.")


def _target_offset(
    context: BrokerContext,
    principal: Principal,
    at: TopicPartition,
    target: OffsetTarget,
    value: int | None,
    current: int | None,
) -> int:
    earliest = list_offsets(context, principal, *at, OffsetSpec.EARLIEST).offset
    latest = list_offsets(context, principal, *at, OffsetSpec.LATEST).offset
    if target is OffsetTarget.EARLIEST:
        return earliest
    if target is OffsetTarget.LATEST:
        return latest
    assert value is not None, "checked by the caller"
    if target is OffsetTarget.TIMESTAMP:
        found = list_offsets(context, principal, *at, value).offset
        return found if found >= 0 else latest
    if target is OffsetTarget.SHIFT:
        if current is None:
            raise InvalidRequest(f"{at[0]}-{at[1]} has no committed offset to shift")
        value += current
    return min(max(value, earliest), latest)


async def _commit(
    context: BrokerContext, principal: Principal, group_id: str, plan: list[AlteredOffset]
) -> list[AlteredOffset]:
    now_ms = context.clock.now_ms()
    offsets = {
        (one.topic_name, one.partition): CommittedOffset(
            offset=one.new_offset, commit_timestamp_ms=now_ms
        )
        for one in plan
    }
    wanted = OffsetCommit(group_id=group_id, offsets=offsets)
    async with audited_change(
        *(context, "AlterConsumerGroupOffsets", principal, Operation.READ, group(group_id)),
        items=[f"{name}-{partition}" for name, partition in offsets],
    ):
        outcomes = await commit_offsets(context, principal, wanted)
    return [
        AlteredOffset(
            topic_name=one.topic_name,
            partition=one.partition,
            current_offset=one.current_offset,
            new_offset=one.new_offset,
            error_code=outcomes[one.topic_name, one.partition],
        )
        for one in plan
    ]
