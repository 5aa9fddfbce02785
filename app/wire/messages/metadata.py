"""Brokers, topics and partitions, and who leads them.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import NO_UUID, Int16, Int32, Uuid


@struct
class MetadataRequestTopic:
    """``topics`` of ``MetadataRequest``."""

    topic_id: Uuid = field(10)
    name: str | None = field(nullable=10)


@request(key=3, versions=(0, 13), flexible=9)
class MetadataRequest:
    """Request of Metadata."""

    topics: list[MetadataRequestTopic] | None = field(nullable=1)
    allow_auto_topic_creation: bool = field(4, default=True)
    include_cluster_authorized_operations: bool = field(8, until=10)
    include_topic_authorized_operations: bool = field(8)


@struct
class MetadataResponseBroker:
    """``brokers`` of ``MetadataResponse``."""

    node_id: Int32 = 0
    host: str = ""
    port: Int32 = 0
    rack: str | None = field(1, nullable=1, default=None)


@struct
class MetadataResponsePartition:
    """``partitions`` of ``MetadataResponseTopic``."""

    error_code: Int16 = 0
    partition_index: Int32 = 0
    leader_id: Int32 = 0
    leader_epoch: Int32 = field(7, default=-1)
    replica_nodes: list[Int32] = field()
    isr_nodes: list[Int32] = field()
    offline_replicas: list[Int32] = field(5)


@struct
class MetadataResponseTopic:
    """``topics`` of ``MetadataResponse``."""

    error_code: Int16 = 0
    name: str | None = field(nullable=12)
    topic_id: Uuid = field(10)
    is_internal: bool = field(1)
    partitions: list[MetadataResponsePartition] = field()
    topic_authorized_operations: Int32 = field(8, default=-2147483648)


@response(MetadataRequest)
class MetadataResponse:
    """Response of Metadata."""

    throttle_time_ms: Int32 = field(3)
    brokers: list[MetadataResponseBroker] = field()
    cluster_id: str | None = field(2, nullable=2, default=None)
    controller_id: Int32 = field(1, default=-1)
    topics: list[MetadataResponseTopic] = field()
    cluster_authorized_operations: Int32 = field(8, until=10, default=-2147483648)
    error_code: Int16 = field(13)


@struct
class TopicRequest:
    """``topics`` of ``DescribeTopicPartitionsRequest``."""

    name: str = ""


@struct
class Cursor:
    """``cursor`` of ``DescribeTopicPartitionsRequest``."""

    topic_name: str = ""
    partition_index: Int32 = 0


@request(key=75, versions=(0, 0), flexible=0)
class DescribeTopicPartitionsRequest:
    """Request of DescribeTopicPartitions."""

    topics: list[TopicRequest] = field()
    response_partition_limit: Int32 = 2000
    cursor: Cursor | None = None


@struct
class DescribeTopicPartitionsResponsePartition:
    """``partitions`` of ``DescribeTopicPartitionsResponseTopic``."""

    error_code: Int16 = 0
    partition_index: Int32 = 0
    leader_id: Int32 = 0
    leader_epoch: Int32 = -1
    replica_nodes: list[Int32] = field()
    isr_nodes: list[Int32] = field()
    eligible_leader_replicas: list[Int32] | None = None
    last_known_elr: list[Int32] | None = None
    offline_replicas: list[Int32] = field()


@struct
class DescribeTopicPartitionsResponseTopic:
    """``topics`` of ``DescribeTopicPartitionsResponse``."""

    error_code: Int16 = 0
    name: str | None = ""
    topic_id: Uuid = NO_UUID
    is_internal: bool = False
    partitions: list[DescribeTopicPartitionsResponsePartition] = field()
    topic_authorized_operations: Int32 = -2147483648


@response(DescribeTopicPartitionsRequest)
class DescribeTopicPartitionsResponse:
    """Response of DescribeTopicPartitions."""

    throttle_time_ms: Int32 = 0
    topics: list[DescribeTopicPartitionsResponseTopic] = field()
    next_cursor: Cursor | None = None
