"""Where to begin in a partition: at what the group has committed, else where the session says.

Called by: polling. Calls: the verbs on offsets.
Source: Kafka's ``auto.offset.reset``; ``OffsetFetcher.resetPositionsIfNeeded``.
"""

from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import TopicAuthorizationFailed
from app.broker.groups.offsets import NO_OFFSET as NOT_COMMITTED
from app.broker.groups.offsets import FetchedOffset, fetch_offsets
from app.broker.list_offsets import NO_OFFSET, OffsetSpec, list_offsets
from app.consumers.errors import NoOffsetForPartition
from app.consumers.keeping.state import SessionState
from app.consumers.model import OffsetReset, Position, SessionSettings, TopicPartition
from app.security.principal import Principal


class Start(NamedTuple):
    """Where a session begins to read a partition."""

    position: Position
    committed: int | None
    """What the group has committed, if anything."""

    topic_id: str
    commit_log_offset: int
    """Which commit that is (its place in the log of commits); -1 for none."""

    is_reset: bool
    """Whether it was chosen because nothing is committed."""


def find_start(
    context: BrokerContext, state: SessionState, partition: TopicPartition, *, resets: bool
) -> Start:
    """Return where to begin in a partition.

    Args:
        context: The broker.
        state: The session's.
        partition: Which.
        resets: What is committed or remembered is not there any more.

    Raises:
        NoOffsetForPartition: There is nothing to go on from, and the session does not choose.
        BrokerError: The group or the partition cannot be asked at the moment.
    """
    topic_id = context.topic(partition.topic).topic_id
    settings, principal = state.settings, state.principal
    commit = last_commit(context, state, partition)
    committed = commit.offset if commit.offset != NOT_COMMITTED else None
    remembered = state.place(partition, topic_id, commit.log_offset)
    if resets or (remembered is None and committed is None):
        position = reset_position(context, principal, settings, partition)
        return Start(position, committed, topic_id, commit.log_offset, is_reset=True)
    if remembered is None:
        remembered = Position(*partition, commit.offset, commit.leader_epoch)
    return Start(remembered, committed, topic_id, commit.log_offset, is_reset=False)


def last_commit(
    context: BrokerContext, state: SessionState, partition: TopicPartition
) -> FetchedOffset:
    """Return what the session's group has committed for a partition, if anything.

    Raises:
        BrokerError: The group cannot be asked at the moment, or may not be.
    """
    group = state.settings.group
    if group is None:
        return FetchedOffset()
    found = fetch_offsets(context, state.principal, group, [partition])[partition]
    if found.error_code == TopicAuthorizationFailed.code:
        raise TopicAuthorizationFailed(f"not authorized to DESCRIBE topic {partition.topic!r}")
    return found


def reset_position(
    context: BrokerContext,
    principal: Principal,
    settings: SessionSettings,
    partition: TopicPartition,
) -> Position:
    """Return where to begin when there is nothing to go on from.

    Raises:
        NoOffsetForPartition: The session does not choose.
        BrokerError: The partition cannot be asked at the moment.
    """
    policy = settings.auto_offset_reset
    if policy is OffsetReset.NONE:
        raise NoOffsetForPartition(
            f"nothing is committed for {partition.topic}-{partition.partition}, or it is not there "
            "any more, and auto.offset.reset is none: seek to where to go on"
        )
    if isinstance(policy, int):
        return timestamp_position(context, principal, settings, partition, policy)
    spec = OffsetSpec.EARLIEST if policy is OffsetReset.EARLIEST else OffsetSpec.LATEST
    return named_position(context, principal, settings, partition, spec)


def named_position(
    context: BrokerContext,
    principal: Principal,
    settings: SessionSettings,
    partition: TopicPartition,
    spec: OffsetSpec,
) -> Position:
    """Return the beginning or the end of a partition."""
    found = list_offsets(context, principal, *partition, spec, is_committed=settings.is_committed)
    return Position(*partition, found.offset)


def timestamp_position(
    context: BrokerContext,
    principal: Principal,
    settings: SessionSettings,
    partition: TopicPartition,
    timestamp_ms: int,
) -> Position:
    """Return the first record at or after a time; the end if there is none."""
    found = list_offsets(
        context, principal, *partition, timestamp_ms, is_committed=settings.is_committed
    )
    if found.offset == NO_OFFSET:
        return named_position(context, principal, settings, partition, OffsetSpec.LATEST)
    return Position(*partition, found.offset)
