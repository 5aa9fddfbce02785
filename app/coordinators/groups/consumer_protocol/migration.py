"""Migration: a group with members goes on with the other protocol, each member with what it has.

Up: the first member of KIP-848's protocol comes; generation and assignment become the epoch and
what everybody holds. Down: the last one goes; the epoch becomes the generation, and the members are
asked to join a new one at once.
Invariants:
    Nobody gets a partition by the change itself, and none that a member may still have is free.
    The epoch or generation does not fall.
Called by: group. Calls: classic_members, subscriptions (no clock, no I/O).
Source: KIP-848, "Migration"; Kafka's ``ConsumerGroup.fromClassicGroup`` and
``ClassicGroup.fromConsumerGroup``.
"""

from collections.abc import Iterable
from enum import Enum

from app.coordinators.groups.consumer_protocol.classic_members import (
    assignment_bytes,
    held_partitions,
)
from app.coordinators.groups.consumer_protocol.consumer_group import (
    ConsumerGroup,
    FindTopics,
    PartValue,
)
from app.coordinators.groups.consumer_protocol.model import (
    ClassicProtocols,
    Current,
    Held,
    Part,
    PartKind,
    Subscription,
)
from app.coordinators.groups.generations import Generations
from app.coordinators.groups.members import Member
from app.coordinators.groups.model import GroupMetadata, MemberMetadata
from app.coordinators.groups.subscriptions import (
    PROTOCOL_TYPE,
    decode_assignment,
    decode_subscription,
)


class MigrationPolicy(Enum):
    """``group.consumer.migration.policy``: which way groups with members may go."""

    DISABLED = "disabled"
    DOWNGRADE = "downgrade"
    UPGRADE = "upgrade"
    BIDIRECTIONAL = "bidirectional"

    @property
    def upgrades(self) -> bool:
        """Whether a classic group may become one of KIP-848."""
        return self in (MigrationPolicy.UPGRADE, MigrationPolicy.BIDIRECTIONAL)

    @property
    def downgrades(self) -> bool:
        """Whether a group of KIP-848 may become a classic one."""
        return self in (MigrationPolicy.DOWNGRADE, MigrationPolicy.BIDIRECTIONAL)


def from_classic(group: Generations, find_topics: FindTopics) -> dict[Part, PartValue] | None:
    """Return what a classic group is in the terms of KIP-848; None if it cannot be."""
    if group.protocol_type != PROTOCOL_TYPE:
        return None
    epoch = group.generation
    names: set[str] = set()
    parts: dict[Part, PartValue] = {}
    taken: set[Held] = set()
    for member in group.members:
        subscription = _subscription(member)
        if subscription is None:
            return None
        names.update(subscription.topics)
        holds = _held(member, find_topics) - taken
        taken |= holds
        parts[PartKind.MEMBER, member.member_id] = subscription
        parts[PartKind.TARGET, member.member_id] = holds
        parts[PartKind.CURRENT, member.member_id] = Current(
            epoch=epoch, previous_epoch=epoch, assigned=holds
        )
    parts[PartKind.TOPICS, ""] = find_topics(tuple(names))
    parts[PartKind.GROUP, ""] = parts[PartKind.TARGET_EPOCH, ""] = epoch
    return parts


def to_classic(group: ConsumerGroup, now_ms: int) -> GroupMetadata:
    """Return the generation that a group of classic members is in, were it a classic group."""
    members = tuple(_member_metadata(group, group.classic_members.items()))
    assert len(members) == len(group.members), "everybody speaks the classic protocol"
    return GroupMetadata(
        protocol_type=PROTOCOL_TYPE,
        generation=group.epoch,
        protocol_name=None,
        leader=members[0].member_id,
        state_timestamp_ms=now_ms,
        members=members,
    )


def _subscription(member: Member) -> Subscription | None:
    told = decode_subscription(member.protocols[0].metadata)
    if told is None:
        return None
    return Subscription(
        instance_id=member.instance_id,
        rack_id=told.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        topics=tuple(sorted(set(told.topics))),
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        classic=ClassicProtocols(
            session_timeout_ms=member.session_timeout_ms, protocols=member.protocols
        ),
    )


def _held(member: Member, find_topics: FindTopics) -> frozenset[Held]:
    """Return what a member may have: as it was assigned, else as it said when it joined."""
    assignment = decode_assignment(member.assignment)
    if assignment is not None:
        return held_partitions(assignment.partitions, find_topics)
    told = decode_subscription(member.protocols[0].metadata)
    return held_partitions(told.owned_partitions if told is not None else {}, find_topics)


def _member_metadata(
    group: ConsumerGroup, classic: Iterable[tuple[str, ClassicProtocols]]
) -> Iterable[MemberMetadata]:
    for member_id, one in classic:
        told = group.members[member_id]
        metadata = one.protocols[0].metadata
        yield MemberMetadata(
            member_id=member_id,
            instance_id=told.instance_id,
            client_id=told.client_id,
            client_host=told.client_host,
            rebalance_timeout_ms=told.rebalance_timeout_ms,
            session_timeout_ms=one.session_timeout_ms,
            subscription=metadata,
            assignment=assignment_bytes(group, group.current(member_id).assigned, metadata),
        )
