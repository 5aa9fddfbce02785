"""Verbs of a group's members: find its coordinator, join, sync, heartbeat, leave.

Members are answered with error codes, not exceptions: for them a refusal is an ordinary event.
Source: Kafka's FindCoordinator, JoinGroup, SyncGroup, Heartbeat and LeaveGroup.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.broker.context import BrokerContext
from app.broker.errors import CoordinatorNotAvailable, InvalidRegularExpression
from app.broker.groups.refusals import group_error
from app.cluster.metadata_image import BrokerRegistration
from app.coordinators.groups.commands import (
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Sync,
    SyncReply,
)
from app.coordinators.groups.consumer_protocol.model import (
    HeartbeatReply,
    Matched,
    MemberHeartbeat,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation, group, topic
from app.security.principal import Principal

_REFUSED = ErrorCode.GROUP_AUTHORIZATION_FAILED


async def find_coordinator(
    context: BrokerContext, principal: Principal, group_id: str
) -> BrokerRegistration:
    """Return the node that coordinates a group, known or not.

    Raises:
        BrokerError: The principal may not DESCRIBE it, or nobody coordinates it at the moment.
    """
    context.require_group(principal, Operation.DESCRIBE, group_id)
    found = await context.groups.find(group_id)
    if isinstance(found, ErrorCode):
        raise group_error(found, group_id)
    broker = context.image.brokers.get(found.leader)
    if broker is None:
        raise CoordinatorNotAvailable(f"node {found.leader} of group {group_id!r} is away")
    return broker


async def join_group(
    context: BrokerContext, principal: Principal, group_id: str, join: Join
) -> JoinReply:
    """Join a group's next generation; waits until it begins. Needs READ on the group."""
    if not _may_read(context, principal, group_id):
        return JoinReply(error=_REFUSED, member_id=join.member_id)
    return await context.groups.join(group_id, join)


async def sync_group(
    context: BrokerContext, principal: Principal, group_id: str, sync: Sync
) -> SyncReply:
    """Bring or fetch an assignment; waits until it is durable. Needs READ on the group."""
    if not _may_read(context, principal, group_id):
        return SyncReply(error=_REFUSED)
    return await context.groups.sync(group_id, sync)


def heartbeat(
    context: BrokerContext, principal: Principal, group_id: str, beat: Heartbeat
) -> ErrorCode:
    """Say that a member lives. Needs READ on the group."""
    if not _may_read(context, principal, group_id):
        return _REFUSED
    return context.groups.heartbeat(group_id, beat)


def leave_group(
    context: BrokerContext, principal: Principal, group_id: str, leaving: Sequence[Leaving]
) -> ErrorCode | tuple[ErrorCode, ...]:
    """Take members out of a group. Needs READ on the group.

    Returns:
        One outcome for all, or one for each in their order.
    """
    if not _may_read(context, principal, group_id):
        return _REFUSED
    return context.groups.leave(group_id, leaving)


async def consumer_heartbeat(
    context: BrokerContext, principal: Principal, group_id: str, beat: MemberHeartbeat
) -> HeartbeatReply:
    """Join, live in or leave a group of KIP-848. Needs READ on the group, DESCRIBE on its topics.

    A pattern means those of the topics that it matches which the member may DESCRIBE.

    The answer comes when what it says is durable.
    """
    if not _may_read(context, principal, group_id):
        return HeartbeatReply(error=_REFUSED, member_id=beat.member_id)
    named = beat.topics or ()
    if not all(context.may(principal, Operation.DESCRIBE, topic(name)) for name in named):
        error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
        return HeartbeatReply(error=error, member_id=beat.member_id)
    try:
        beat = _matched(context, principal, group_id, beat)
    except InvalidRegularExpression as refused:
        return HeartbeatReply(
            error=ErrorCode.INVALID_REGULAR_EXPRESSION,
            message=str(refused),
            member_id=beat.member_id,
        )
    return await context.groups.consumer_heartbeat(group_id, beat)


def _matched(
    context: BrokerContext, principal: Principal, group_id: str, beat: MemberHeartbeat
) -> MemberHeartbeat:
    """Return a heartbeat with what the member's pattern means now, if that has to be looked at.

    Raises:
        InvalidRegularExpression: The pattern is none.
    """
    image, now_ms = context.image, context.clock.now_ms()
    pattern = context.groups.pattern_to_match(group_id, beat, image.version, now_ms)
    if pattern is None:
        return beat
    may = context.authorizer.authorize
    names = tuple(
        name
        for name in context.matched_topics.matched(pattern, image)
        if may(principal, Operation.DESCRIBE, topic(name))
    )
    matched = Matched(topics=names, version=image.version, timestamp_ms=now_ms)
    return replace(beat, matched=matched)


def check_reader(
    context: BrokerContext, principal: Principal, group_id: str, member_id: str, epoch: int
) -> ErrorCode:
    """Return whether a member may fetch its group's offsets. Needs DESCRIBE on the group."""
    if not context.may(principal, Operation.DESCRIBE, group(group_id)):
        return _REFUSED
    return context.groups.check_reader(group_id, member_id, epoch)


def _may_read(context: BrokerContext, principal: Principal, group_id: str) -> bool:
    return context.may(principal, Operation.READ, group(group_id))
