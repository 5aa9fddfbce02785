"""Members of the classic protocol in a group of KIP-848: their requests, in its terms.

A generation is a member epoch. Such a member cannot be told in a heartbeat what to give up; it is
told to join again, comes with what it still owns, and fetches by a sync what it has now. Nobody
leads: the server assigns.
Invariants:
    All classic members have an assignor in common, so the group can be theirs alone again.
    A member is not given by a sync what it must give up, or what another still holds.
Called by: members_at_work. Calls: consumer_group, subscriptions.
Source: Kafka's ``GroupMetadataManager`` (``classicGroup...ToConsumerGroup``); KIP-848, "Migration".
"""

from collections.abc import Sequence

from app.coordinators.groups.commands import (
    UNKNOWN_MEMBER_ID,
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Sync,
    SyncReply,
)
from app.coordinators.groups.consumer_protocol.consumer_group import (
    ConsumerGroup,
    FindTopics,
    Refused,
)
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    ClassicProtocols,
    MemberHeartbeat,
    MemberState,
    Partitions,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.subscriptions import (
    PROTOCOL_TYPE,
    VERSION_WRITTEN,
    Assignment,
    PartitionsByTopic,
    Subscription,
    decode_subscription,
    encode_assignment,
)


def join(group: ConsumerGroup, wanted: Join, find_topics: FindTopics) -> JoinReply:
    """Take a member in, or let it come with what it owns now."""
    subscription = _subscription(group, wanted)
    if subscription is None:
        error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        return JoinReply(error=error, member_id=wanted.member_id)
    is_new = wanted.member_id == UNKNOWN_MEMBER_ID
    if is_new and wanted.instance_id is None and wanted.requires_member_id:
        error = ErrorCode.MEMBER_ID_REQUIRED
        return JoinReply(error=error, member_id=wanted.new_member_id)
    member_id = wanted.new_member_id if is_new else wanted.member_id
    if wanted.instance_id is not None and not is_new:
        refused = _check_static(group, member_id, wanted.instance_id)
        if refused is not ErrorCode.NONE:
            return JoinReply(error=refused, member_id=member_id)
    entering = MemberHeartbeat(
        member_id=member_id,
        epoch=JOINING_EPOCH,
        instance_id=wanted.instance_id,
        rack_id=subscription.rack_id,
        client_id=wanted.client_id,
        client_host=wanted.client_host,
        rebalance_timeout_ms=wanted.rebalance_timeout_ms,
        topics=subscription.topics,
        owned=held_partitions(subscription.owned_partitions, find_topics),
        classic=ClassicProtocols(
            session_timeout_ms=wanted.session_timeout_ms, protocols=wanted.protocols
        ),
    )
    try:
        _, current = group.enter(entering, find_topics)
    except Refused as reason:
        return JoinReply(error=reason.error, member_id=member_id)
    return JoinReply(
        member_id=member_id,
        generation=current.epoch,
        protocol_type=PROTOCOL_TYPE,
        protocol_name=wanted.protocols[0].name,
    )


def sync(group: ConsumerGroup, wanted: Sync) -> SyncReply:
    """Return what a member has."""
    classic = _classic(group, wanted.member_id)
    error = _check(group, wanted.member_id, wanted.instance_id, wanted.generation)
    if error is not ErrorCode.NONE or classic is None:
        return SyncReply(error=error)
    chosen = classic.protocols[0]
    is_other = (wanted.protocol_type or PROTOCOL_TYPE) != PROTOCOL_TYPE
    if is_other or (wanted.protocol_name or chosen.name) != chosen.name:
        return SyncReply(error=ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    current = group.current(wanted.member_id)
    is_revoking = current.state is MemberState.UNREVOKED_PARTITIONS
    if group.epoch > current.epoch and not is_revoking:
        return SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS)
    return SyncReply(
        protocol_type=PROTOCOL_TYPE,
        protocol_name=chosen.name,
        assignment=assignment_bytes(group, current.assigned, chosen.metadata),
    )


def heartbeat(group: ConsumerGroup, beat: Heartbeat) -> ErrorCode:
    """Return whether a member must join again, or why it is none."""
    error = _check(group, beat.member_id, beat.instance_id, beat.generation)
    if error is not ErrorCode.NONE:
        return error
    current = group.current(beat.member_id)
    is_behind = current.epoch < group.epoch
    is_revoking = current.state is MemberState.UNREVOKED_PARTITIONS
    is_waiting = current.state is MemberState.UNRELEASED_PARTITIONS
    may_have_more = is_waiting and not group.is_waiting_for_others(beat.member_id)
    if is_behind or is_revoking or may_have_more:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def leave(group: ConsumerGroup, leaving: Sequence[Leaving]) -> tuple[ErrorCode, ...]:
    """Take members out; return one outcome for each, in their order."""
    return tuple(_leave(group, one) for one in leaving)


def assignment_bytes(group: ConsumerGroup, partitions: Partitions, metadata: bytes) -> bytes:
    """Return an assignment in the version that a member's metadata is of."""
    names = {topic.topic_id: name for name, topic in group.topics.items()}
    by_name: dict[str, tuple[int, ...]] = {}
    for topic_id, number in sorted(partitions):
        if topic_id in names:
            name = names[topic_id]
            by_name[name] = (*by_name.get(name, ()), number)
    version = min(int.from_bytes(metadata[:2], "big"), VERSION_WRITTEN)
    return encode_assignment(Assignment(partitions=by_name), version)


def held_partitions(partitions: PartitionsByTopic, find_topics: FindTopics) -> Partitions:
    """Return partitions by the ids of their topics; of topics that there are."""
    topics = find_topics(tuple(partitions))
    found = ((topics[name].topic_id, some) for name, some in partitions.items() if name in topics)
    return frozenset((topic_id, number) for topic_id, some in found for number in some)


def _subscription(group: ConsumerGroup, wanted: Join) -> Subscription | None:
    """Return what a member wants to read; None if it does not fit the group."""
    if wanted.protocol_type != PROTOCOL_TYPE or not wanted.protocols:
        return None
    common = {one.name for one in wanted.protocols}
    for member_id, other in group.classic_members.items():
        if member_id != wanted.member_id:
            common &= {one.name for one in other.protocols}
    return decode_subscription(wanted.protocols[0].metadata) if common else None


def _check(
    group: ConsumerGroup, member_id: str, instance_id: str | None, generation: int
) -> ErrorCode:
    if instance_id is not None:
        error = _check_static(group, member_id, instance_id)
        if error is not ErrorCode.NONE:
            return error
    if _classic(group, member_id) is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    is_now = generation == group.current(member_id).epoch
    return ErrorCode.NONE if is_now else ErrorCode.ILLEGAL_GENERATION


def _check_static(group: ConsumerGroup, member_id: str, instance_id: str) -> ErrorCode:
    known = group.static_member_id(instance_id)
    if known is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    return ErrorCode.NONE if known == member_id else ErrorCode.FENCED_INSTANCE_ID


def _classic(group: ConsumerGroup, member_id: str) -> ClassicProtocols | None:
    member = group.members.get(member_id)
    return None if member is None else member.classic


def _leave(group: ConsumerGroup, one: Leaving) -> ErrorCode:
    member_id = one.member_id
    if one.instance_id is not None:
        known = group.static_member_id(one.instance_id)
        if known is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if member_id not in (UNKNOWN_MEMBER_ID, known):
            return ErrorCode.FENCED_INSTANCE_ID
        is_by_instance = member_id == UNKNOWN_MEMBER_ID
        member_id = known
    else:
        is_by_instance = False
    if not is_by_instance and _classic(group, member_id) is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    group.remove(member_id)
    return ErrorCode.NONE
