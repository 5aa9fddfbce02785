"""Verbs of those who look after groups: list, describe, delete.

Source: Kafka's ListGroups, DescribeGroups and DeleteGroups.
"""

from collections.abc import Collection
from dataclasses import dataclass

from app.broker.context import BrokerContext
from app.broker.errors import TopicAuthorizationFailed
from app.broker.groups.refusals import group_error, require_done
from app.broker.security.changes import audited_change
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.group import Group
from app.coordinators.groups.model import GroupState, GroupType
from app.coordinators.groups.subscriptions import (
    PROTOCOL_TYPE,
    Assignment,
    decode_assignment,
    encode_assignment,
)
from app.security.acls import CLUSTER, Operation, group, topic
from app.security.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """One group, in short."""

    group_id: str
    protocol_type: str
    state: GroupState
    type: GroupType = GroupType.CLASSIC


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedMember:
    """One member of a group."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    """What it told its leader; empty unless the group is stable."""

    assignment: bytes
    """What its leader gave it; empty unless the group is stable."""

    @property
    def partitions(self) -> list[tuple[str, int]]:
        """Topic and number of the partitions it is assigned, if it is a consumer."""
        assignment = decode_assignment(self.assignment)
        if assignment is None:
            return []
        return sorted((name, one) for name, some in assignment.partitions.items() for one in some)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedGroup:
    """One group with its members."""

    group_id: str
    state: GroupState
    protocol_type: str
    protocol_name: str
    """The assignor that was chosen; empty unless the group is stable."""

    members: tuple[DescribedMember, ...]
    type: GroupType = GroupType.CLASSIC
    is_mixed: bool = False
    """Whether it is of KIP-848, and members of the classic protocol are in it."""

    @property
    def is_simple(self) -> bool:
        """Whether it only commits offsets, or is no group of consumers."""
        return self.protocol_type != PROTOCOL_TYPE


def list_groups(
    context: BrokerContext,
    principal: Principal,
    *,
    states: Collection[str] = (),
    types: Collection[str] = (),
) -> list[ListedGroup]:
    """Return the groups of this node that the principal may see, by id.

    Args:
        context: The broker.
        principal: Needs DESCRIBE on the cluster, or sees the groups it may DESCRIBE.
        states: Only groups in one of these (KIP-518), whatever the case; all if empty.
        types: Only groups of one of these (KIP-848), likewise.

    Raises:
        CoordinatorLoadInProgress: Some groups are not known yet.
    """
    found = context.groups.groups()
    if isinstance(found, ErrorCode):
        raise group_error(found, "")
    wanted_states = {one.lower() for one in states}
    wanted_types = {one.lower() for one in types}
    sees_all = context.authorizer.authorize(principal, Operation.DESCRIBE, CLUSTER)
    listed = []
    for one in found:
        if wanted_states and one.state.value.lower() not in wanted_states:
            continue
        if wanted_types and one.type.value not in wanted_types:
            continue
        if sees_all or context.authorizer.authorize(
            principal, Operation.DESCRIBE, group(one.group_id)
        ):
            listed.append(
                ListedGroup(
                    group_id=one.group_id,
                    protocol_type=one.protocol_type or "",
                    state=one.state,
                    type=one.type,
                )
            )
    return listed


def describe_group(context: BrokerContext, principal: Principal, group_id: str) -> DescribedGroup:
    """Return one group with its members.

    Raises:
        GroupAuthorizationFailed: The principal may not DESCRIBE it.
        GroupIdNotFound: There is none.
        BrokerError: It cannot be asked.
    """
    return _described(_group(context, principal, group_id))


def consumer_group(
    context: BrokerContext, principal: Principal, group_id: str
) -> ConsumerGroup | None:
    """Return a group of KIP-848 to look at, or None if it is a classic one.

    Raises:
        GroupAuthorizationFailed: The principal may not DESCRIBE it.
        TopicAuthorizationFailed: Nor a topic that its members read or want to.
        GroupIdNotFound: There is none.
        BrokerError: It cannot be asked.
    """
    found = _group(context, principal, group_id).consumer
    if found is None:
        return None
    told = {name for one in found.group.members.values() for name in one.topics}
    if not all(
        context.may(principal, Operation.DESCRIBE, topic(name))
        for name in told | set(found.group.topics)
    ):
        raise TopicAuthorizationFailed(
            "The group has described topic(s) that the client is not authorized to describe."
        )
    return found.group


async def delete_group(context: BrokerContext, principal: Principal, group_id: str) -> None:
    """Delete a group that nobody is in, with its offsets; return when that is durable.

    Raises:
        BrokerError: Why not.
    """
    context.require_group(principal, Operation.DELETE, group_id)
    async with audited_change(
        context, "DeleteGroups", principal, Operation.DELETE, group(group_id)
    ):
        require_done(await context.groups.delete(group_id), group_id)


def _group(context: BrokerContext, principal: Principal, group_id: str) -> Group:
    context.require_group(principal, Operation.DESCRIBE, group_id)
    found = context.groups.group(group_id)
    if isinstance(found, ErrorCode):
        raise group_error(found, group_id)
    if found.is_unused:
        raise group_error(ErrorCode.GROUP_ID_NOT_FOUND, group_id)
    return found


def _described(found: Group) -> DescribedGroup:
    if found.consumer is not None:
        return _described_consumer(found.group_id, found.consumer.group)
    membership = found.membership
    is_stable = membership.state is GroupState.STABLE
    protocol_name = membership.protocol_name or "" if is_stable else ""
    return DescribedGroup(
        group_id=found.group_id,
        state=membership.state,
        protocol_type=membership.protocol_type or "",
        protocol_name=protocol_name,
        members=tuple(
            DescribedMember(
                member_id=one.member_id,
                instance_id=one.instance_id,
                client_id=one.client_id,
                client_host=one.client_host,
                metadata=one.metadata_for(protocol_name) if is_stable else b"",
                assignment=one.assignment if is_stable else b"",
            )
            for one in membership.members
        ),
    )


def _described_consumer(group_id: str, found: ConsumerGroup) -> DescribedGroup:
    names = {one.topic_id: name for name, one in found.topics.items()}
    members = []
    for member_id, one in found.members.items():
        partitions: dict[str, tuple[int, ...]] = {}
        for topic_id, partition in sorted(found.current(member_id).assigned):
            name = names.get(topic_id)
            if name is not None:
                partitions[name] = (*partitions.get(name, ()), partition)
        members.append(
            DescribedMember(
                member_id=member_id,
                instance_id=one.instance_id,
                client_id=one.client_id,
                client_host=one.client_host,
                metadata=b"",
                assignment=encode_assignment(Assignment(partitions=partitions)),
            )
        )
    return DescribedGroup(
        group_id=group_id,
        state=found.state,
        protocol_type=PROTOCOL_TYPE,
        protocol_name=found.assignor,
        members=tuple(members),
        type=GroupType.CONSUMER,
        is_mixed=bool(found.classic_members),
    )
