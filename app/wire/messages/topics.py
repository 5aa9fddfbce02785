"""Create, grow and delete topics; delete records.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32, Int64, Uuid


@struct
class CreatableReplicaAssignment:
    """``assignments`` of ``CreatableTopic``."""

    partition_index: Int32 = 0
    broker_ids: list[Int32] = field()


@struct
class CreatableTopicConfig:
    """``configs`` of ``CreatableTopic``."""

    name: str = ""
    value: str | None = ""


@struct
class CreatableTopic:
    """``topics`` of ``CreateTopicsRequest``."""

    name: str = ""
    num_partitions: Int32 = 0
    replication_factor: Int16 = 0
    assignments: list[CreatableReplicaAssignment] = field()
    configs: list[CreatableTopicConfig] = field()


@request(key=19, versions=(2, 7), flexible=5)
class CreateTopicsRequest:
    """Request of CreateTopics."""

    topics: list[CreatableTopic] = field()
    timeout_ms: Int32 = 60000
    validate_only: bool = False


@struct
class CreatableTopicConfigs:
    """``configs`` of ``CreatableTopicResult``."""

    name: str = field(5)
    value: str | None = field(5, nullable=5)
    read_only: bool = field(5)
    config_source: Int8 = field(5, default=-1)
    is_sensitive: bool = field(5)


@struct
class CreatableTopicResult:
    """``topics`` of ``CreateTopicsResponse``."""

    name: str = ""
    topic_id: Uuid = field(7)
    error_code: Int16 = 0
    error_message: str | None = None
    topic_config_error_code: Int16 = field(5, tag=0)
    num_partitions: Int32 = field(5, default=-1)
    replication_factor: Int16 = field(5, default=-1)
    configs: list[CreatableTopicConfigs] | None = field(5, nullable=5)


@response(CreateTopicsRequest)
class CreateTopicsResponse:
    """Response of CreateTopics."""

    throttle_time_ms: Int32 = 0
    topics: list[CreatableTopicResult] = field()


@struct
class DeleteTopicState:
    """``topics`` of ``DeleteTopicsRequest``."""

    name: str | None = field(6, nullable=6, default=None)
    topic_id: Uuid = field(6)


@request(key=20, versions=(1, 6), flexible=4)
class DeleteTopicsRequest:
    """Request of DeleteTopics."""

    topics: list[DeleteTopicState] = field(6)
    topic_names: list[str] = field(until=5)
    timeout_ms: Int32 = 0


@struct
class DeletableTopicResult:
    """``responses`` of ``DeleteTopicsResponse``."""

    name: str | None = field(nullable=6)
    topic_id: Uuid = field(6)
    error_code: Int16 = 0
    error_message: str | None = field(5, nullable=5, default=None)


@response(DeleteTopicsRequest)
class DeleteTopicsResponse:
    """Response of DeleteTopics."""

    throttle_time_ms: Int32 = 0
    responses: list[DeletableTopicResult] = field()


@struct
class CreatePartitionsAssignment:
    """``assignments`` of ``CreatePartitionsTopic``."""

    broker_ids: list[Int32] = field()


@struct
class CreatePartitionsTopic:
    """``topics`` of ``CreatePartitionsRequest``."""

    name: str = ""
    count: Int32 = 0
    assignments: list[CreatePartitionsAssignment] | None = field()


@request(key=37, versions=(0, 3), flexible=2)
class CreatePartitionsRequest:
    """Request of CreatePartitions."""

    topics: list[CreatePartitionsTopic] = field()
    timeout_ms: Int32 = 0
    validate_only: bool = False


@struct
class CreatePartitionsTopicResult:
    """``results`` of ``CreatePartitionsResponse``."""

    name: str = ""
    error_code: Int16 = 0
    error_message: str | None = None


@response(CreatePartitionsRequest)
class CreatePartitionsResponse:
    """Response of CreatePartitions."""

    throttle_time_ms: Int32 = 0
    results: list[CreatePartitionsTopicResult] = field()


@struct
class DeleteRecordsPartition:
    """``partitions`` of ``DeleteRecordsTopic``."""

    partition_index: Int32 = 0
    offset: Int64 = 0


@struct
class DeleteRecordsTopic:
    """``topics`` of ``DeleteRecordsRequest``."""

    name: str = ""
    partitions: list[DeleteRecordsPartition] = field()


@request(key=21, versions=(0, 2), flexible=2)
class DeleteRecordsRequest:
    """Request of DeleteRecords."""

    topics: list[DeleteRecordsTopic] = field()
    timeout_ms: Int32 = 0


@struct
class DeleteRecordsPartitionResult:
    """``partitions`` of ``DeleteRecordsTopicResult``."""

    partition_index: Int32 = 0
    low_watermark: Int64 = 0
    error_code: Int16 = 0


@struct
class DeleteRecordsTopicResult:
    """``topics`` of ``DeleteRecordsResponse``."""

    name: str = ""
    partitions: list[DeleteRecordsPartitionResult] = field()


@response(DeleteRecordsRequest)
class DeleteRecordsResponse:
    """Response of DeleteRecords."""

    throttle_time_ms: Int32 = 0
    topics: list[DeleteRecordsTopicResult] = field()
