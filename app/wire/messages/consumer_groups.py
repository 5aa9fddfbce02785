"""The next generation of consumer groups (KIP-848).

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import NO_UUID, Int8, Int16, Int32, Uuid


@struct
class OwnedTopicPartitions:
    """``topic_partitions`` of ``ConsumerGroupHeartbeatRequest``."""

    topic_id: Uuid = NO_UUID
    partitions: list[Int32] = field()


@request(key=68, versions=(0, 1), flexible=0)
class ConsumerGroupHeartbeatRequest:
    """Request of ConsumerGroupHeartbeat."""

    group_id: str = ""
    member_id: str = ""
    member_epoch: Int32 = 0
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: Int32 = -1
    subscribed_topic_names: list[str] | None = None
    subscribed_topic_regex: str | None = field(1, nullable=1, default=None)
    server_assignor: str | None = None
    topic_partitions: list[OwnedTopicPartitions] | None = None


@struct
class AssignedTopicPartitions:
    """``topic_partitions`` of ``HeartbeatAssignment``."""

    topic_id: Uuid = NO_UUID
    partitions: list[Int32] = field()


@struct
class HeartbeatAssignment:
    """``assignment`` of ``ConsumerGroupHeartbeatResponse``."""

    topic_partitions: list[AssignedTopicPartitions] = field()


@response(ConsumerGroupHeartbeatRequest)
class ConsumerGroupHeartbeatResponse:
    """Response of ConsumerGroupHeartbeat."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = None
    member_id: str | None = None
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    assignment: HeartbeatAssignment | None = None


@request(key=69, versions=(0, 1), flexible=0)
class ConsumerGroupDescribeRequest:
    """Request of ConsumerGroupDescribe."""

    group_ids: list[str] = field()
    include_authorized_operations: bool = False


@struct
class MemberTopicPartitions:
    """``topic_partitions`` of ``MemberAssignment``."""

    topic_id: Uuid = NO_UUID
    topic_name: str = ""
    partitions: list[Int32] = field()


@struct
class MemberAssignment:
    """``assignment`` of ``ConsumerGroupMember``."""

    topic_partitions: list[MemberTopicPartitions] = field()


@struct
class ConsumerGroupMember:
    """``members`` of ``DescribedConsumerGroup``."""

    member_id: str = ""
    instance_id: str | None = None
    rack_id: str | None = None
    member_epoch: Int32 = 0
    client_id: str = ""
    client_host: str = ""
    subscribed_topic_names: list[str] = field()
    subscribed_topic_regex: str | None = None
    assignment: MemberAssignment = field()
    target_assignment: MemberAssignment = field()
    member_type: Int8 = field(1, default=-1)


@struct
class DescribedConsumerGroup:
    """``groups`` of ``ConsumerGroupDescribeResponse``."""

    error_code: Int16 = 0
    error_message: str | None = None
    group_id: str = ""
    group_state: str = ""
    group_epoch: Int32 = 0
    assignment_epoch: Int32 = 0
    assignor_name: str = ""
    members: list[ConsumerGroupMember] = field()
    authorized_operations: Int32 = -2147483648


@response(ConsumerGroupDescribeRequest)
class ConsumerGroupDescribeResponse:
    """Response of ConsumerGroupDescribe."""

    throttle_time_ms: Int32 = 0
    groups: list[DescribedConsumerGroup] = field()
