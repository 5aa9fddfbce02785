"""A group's life in calls of the coordinator, for tests that need a group and not its making."""

import asyncio
from collections.abc import Mapping

from app.broker.context import BrokerContext
from app.coordinators.groups.commands import Join, JoinReply, Leaving, Protocol, Sync, SyncReply
from app.coordinators.groups.offset_store import OffsetCommit
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.coordinators.groups.subscriptions import (
    Assignment,
    Subscription,
    encode_assignment,
    encode_subscription,
)

SUBSCRIBED = encode_subscription(Subscription(topics=("t",)))
READS_T_0 = encode_assignment(Assignment(partitions={"t": (0,)}))


def joining(
    member_id: str = "", *, new: str = "m", instance_id: str | None = None, session_ms: int = 30_000
) -> Join:
    """Return what a consumer of topic ``t`` joins with."""
    return Join(
        ticket=0,
        member_id=member_id,
        new_member_id=new,
        instance_id=instance_id,
        client_id="c",
        client_host="/127.0.0.1",
        session_timeout_ms=session_ms,
        rebalance_timeout_ms=60_000,
        protocol_type="consumer",
        protocols=(Protocol("range", SUBSCRIBED),),
        requires_member_id=False,
    )


def syncing(joined: JoinReply, **assignments: bytes) -> Sync:
    """Return what a member syncs with after it joined."""
    return Sync(
        ticket=0,
        member_id=joined.member_id,
        generation=joined.generation,
        assignments=assignments,
    )


async def stable_group(
    broker: BrokerContext, group_id: str = "g", *, instance_id: str | None = None
) -> tuple[JoinReply, SyncReply]:
    """Bring a group of one member ``m``, who reads ``t-0``, to its first generation."""
    joined = await broker.groups.join(group_id, joining(instance_id=instance_id))
    synced = await broker.groups.sync(group_id, syncing(joined, m=READS_T_0))
    return joined, synced


def committing(
    group_id: str = "g", member_id: str = "", generation: int = -1, **offsets: int
) -> OffsetCommit:
    """Return a commit of offsets given as ``t_0=5``."""
    wanted: dict[TopicPartition, CommittedOffset] = {}
    for name, offset in offsets.items():
        topic, partition = name.rsplit("_", 1)
        wanted[topic, int(partition)] = CommittedOffset(offset=offset, commit_timestamp_ms=1)
    return OffsetCommit(
        group_id=group_id, member_id=member_id, generation=generation, offsets=wanted
    )


async def commit(broker: BrokerContext, group_id: str = "g", **offsets: int) -> None:
    """Commit offsets as nobody in particular."""
    outcome = await broker.groups.offsets.commit(committing(group_id, **offsets))
    assert isinstance(outcome, dict), outcome
    assert not any(outcome.values()), outcome


def leave_all(broker: BrokerContext, group_id: str = "g", *member_ids: str) -> None:
    """Have members leave."""
    leaving = [Leaving(member_id=one) for one in member_ids or ("m",)]
    outcomes = broker.groups.leave(group_id, leaving)
    assert isinstance(outcomes, tuple), outcomes
    assert not any(outcomes), outcomes


async def until_loaded(broker: BrokerContext) -> None:
    """Return when the groups have been read."""
    while not isinstance(broker.groups.groups(), list):
        await asyncio.sleep(0.005)


def committed_offset(broker: BrokerContext, group_id: str = "g", partition: int = 0) -> int | None:
    """Return what a group has committed for a partition of ``t``."""
    found = broker.groups.offsets.committed(group_id, [("t", partition)])
    assert isinstance(found, Mapping)
    committed = found["t", partition]
    return committed.offset if isinstance(committed, CommittedOffset) else None
