"""ConsumerGroupHeartbeat and ConsumerGroupDescribe: the protocol of KIP-848.

Versions: in heartbeats 1 on the member chooses its id (KIP-1082), and may send a pattern of topics,
which is matched here, by RE2 as in Kafka. librdkafka demands version 1, with a pattern or without.
"""

from uuid import uuid4

from app.broker.errors import BrokerError, GroupIdNotFound
from app.broker.groups.admin import consumer_group
from app.broker.groups.members import consumer_heartbeat
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    NOTHING,
    MemberHeartbeat,
    Partitions,
)
from app.security.acls import GROUP_OPERATIONS, group
from app.wire.call import Call
from app.wire.handlers.operations import NOT_ASKED, operation_bits
from app.wire.handlers.topic_ids import id_bytes, id_text
from app.wire.messages.consumer_groups import (
    AssignedTopicPartitions,
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    ConsumerGroupMember,
    DescribedConsumerGroup,
    HeartbeatAssignment,
    MemberAssignment,
    MemberTopicPartitions,
)
from app.wire.registry import serve

MEMBER_ID_CHOSEN_SINCE = 1
CLASSIC_MEMBER, CONSUMER_MEMBER = 0, 1


async def heartbeat(
    call: Call, request: ConsumerGroupHeartbeatRequest
) -> ConsumerGroupHeartbeatResponse:
    """Answer when what the member is told is durable."""
    server_chooses = call.api_version < MEMBER_ID_CHOSEN_SINCE
    is_new = server_chooses and not request.member_id and request.member_epoch == JOINING_EPOCH
    topics, owned = request.subscribed_topic_names, request.topic_partitions
    beat = MemberHeartbeat(
        member_id=str(uuid4()) if is_new else request.member_id,
        epoch=request.member_epoch,
        instance_id=request.instance_id,
        rack_id=request.rack_id,
        client_id=call.client_id,
        client_host=f"/{call.client.host}",
        rebalance_timeout_ms=request.rebalance_timeout_ms,
        topics=None if topics is None else tuple(topics),
        pattern=request.subscribed_topic_regex,
        assignor=request.server_assignor,
        owned=(
            None
            if owned is None
            else frozenset(
                (id_text(one.topic_id), number) for one in owned for number in one.partitions
            )
        ),
    )
    reply = await consumer_heartbeat(call.broker, call.principal, request.group_id, beat)
    assignment = None
    if reply.assignment is not None:
        assignment = HeartbeatAssignment(
            topic_partitions=[
                AssignedTopicPartitions(topic_id=id_bytes(topic_id), partitions=numbers)
                for topic_id, numbers in _by_topic(reply.assignment)
            ]
        )
    return ConsumerGroupHeartbeatResponse(
        error_code=reply.error,
        error_message=reply.message,
        member_id=reply.member_id,
        member_epoch=reply.epoch,
        heartbeat_interval_ms=call.broker.groups.rules.consumer.heartbeat_interval_ms,
        assignment=assignment,
    )


def describe(call: Call, request: ConsumerGroupDescribeRequest) -> ConsumerGroupDescribeResponse:
    """Describe groups, each once, with their members, what these have and what they shall have."""
    with_operations = request.include_authorized_operations
    return ConsumerGroupDescribeResponse(
        groups=[_described(call, one, with_operations) for one in dict.fromkeys(request.group_ids)]
    )


def _described(call: Call, group_id: str, with_operations: bool) -> DescribedConsumerGroup:
    try:
        found = consumer_group(call.broker, call.principal, group_id)
        if found is None:
            raise GroupIdNotFound(f"Group {group_id!r} is not a consumer group.")
    except BrokerError as error:
        return DescribedConsumerGroup(
            group_id=group_id, error_code=error.code, error_message=str(error)
        )
    may = call.broker.authorizer.authorize
    allowed = (one for one in GROUP_OPERATIONS if may(call.principal, one, group(group_id)))
    return DescribedConsumerGroup(
        group_id=group_id,
        group_state=found.state.value,
        group_epoch=found.epoch,
        assignment_epoch=found.assignment_epoch,
        assignor_name=found.assignor,
        members=[_member(found, one) for one in found.members],
        authorized_operations=operation_bits(allowed) if with_operations else NOT_ASKED,
    )


def _member(found: ConsumerGroup, member_id: str) -> ConsumerGroupMember:
    names = {topic.topic_id: name for name, topic in found.topics.items()}

    def assignment(partitions: Partitions) -> MemberAssignment:
        return MemberAssignment(
            topic_partitions=[
                MemberTopicPartitions(
                    topic_id=id_bytes(topic_id), topic_name=names[topic_id], partitions=numbers
                )
                for topic_id, numbers in _by_topic(partitions)
                if topic_id in names  # one that was deleted has no name to be shown by
            ]
        )

    told, current = found.members[member_id], found.current(member_id)
    return ConsumerGroupMember(
        member_id=member_id,
        instance_id=told.instance_id,
        rack_id=told.rack_id,
        member_epoch=current.epoch,
        client_id=told.client_id,
        client_host=told.client_host,
        subscribed_topic_names=list(told.topics),
        subscribed_topic_regex=told.pattern,
        assignment=assignment(current.assigned),
        target_assignment=assignment(found.targets.get(member_id, NOTHING)),
        member_type=CONSUMER_MEMBER if told.classic is None else CLASSIC_MEMBER,
    )


def _by_topic(partitions: Partitions) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for topic_id, number in sorted(partitions):
        found.setdefault(topic_id, []).append(number)
    return list(found.items())


SERVED = (
    serve(ConsumerGroupHeartbeatRequest, heartbeat),
    serve(ConsumerGroupDescribeRequest, describe, droppable=True),
)
