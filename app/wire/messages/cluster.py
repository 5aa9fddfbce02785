"""The cluster, its log directories and its producers.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32, Int64


@request(key=60, versions=(0, 2), flexible=0)
class DescribeClusterRequest:
    """Request of DescribeCluster."""

    include_cluster_authorized_operations: bool = False
    endpoint_type: Int8 = field(1, default=1)
    include_fenced_brokers: bool = field(2)


@struct
class DescribeClusterBroker:
    """``brokers`` of ``DescribeClusterResponse``."""

    broker_id: Int32 = 0
    host: str = ""
    port: Int32 = 0
    rack: str | None = None
    is_fenced: bool = field(2)


@response(DescribeClusterRequest)
class DescribeClusterResponse:
    """Response of DescribeCluster."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = None
    endpoint_type: Int8 = field(1, default=1)
    cluster_id: str = ""
    controller_id: Int32 = -1
    brokers: list[DescribeClusterBroker] = field()
    cluster_authorized_operations: Int32 = -2147483648


@struct
class DescribableLogDirTopic:
    """``topics`` of ``DescribeLogDirsRequest``."""

    topic: str = ""
    partitions: list[Int32] = field()


@request(key=35, versions=(1, 4), flexible=2)
class DescribeLogDirsRequest:
    """Request of DescribeLogDirs."""

    topics: list[DescribableLogDirTopic] | None = field()


@struct
class DescribeLogDirsPartition:
    """``partitions`` of ``DescribeLogDirsTopic``."""

    partition_index: Int32 = 0
    partition_size: Int64 = 0
    offset_lag: Int64 = 0
    is_future_key: bool = False


@struct
class DescribeLogDirsTopic:
    """``topics`` of ``DescribeLogDirsResult``."""

    name: str = ""
    partitions: list[DescribeLogDirsPartition] = field()


@struct
class DescribeLogDirsResult:
    """``results`` of ``DescribeLogDirsResponse``."""

    error_code: Int16 = 0
    log_dir: str = ""
    topics: list[DescribeLogDirsTopic] = field()
    total_bytes: Int64 = field(4, default=-1)
    usable_bytes: Int64 = field(4, default=-1)


@response(DescribeLogDirsRequest)
class DescribeLogDirsResponse:
    """Response of DescribeLogDirs."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(3)
    results: list[DescribeLogDirsResult] = field()


@struct
class TopicRequest:
    """``topics`` of ``DescribeProducersRequest``."""

    name: str = ""
    partition_indexes: list[Int32] = field()


@request(key=61, versions=(0, 0), flexible=0)
class DescribeProducersRequest:
    """Request of DescribeProducers."""

    topics: list[TopicRequest] = field()


@struct
class ProducerState:
    """``active_producers`` of ``PartitionResponse``."""

    producer_id: Int64 = 0
    producer_epoch: Int32 = 0
    last_sequence: Int32 = -1
    last_timestamp: Int64 = -1
    coordinator_epoch: Int32 = 0
    current_txn_start_offset: Int64 = -1


@struct
class PartitionResponse:
    """``partitions`` of ``TopicResponse``."""

    partition_index: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = None
    active_producers: list[ProducerState] = field()


@struct
class TopicResponse:
    """``topics`` of ``DescribeProducersResponse``."""

    name: str = ""
    partitions: list[PartitionResponse] = field()


@response(DescribeProducersRequest)
class DescribeProducersResponse:
    """Response of DescribeProducers."""

    throttle_time_ms: Int32 = 0
    topics: list[TopicResponse] = field()
