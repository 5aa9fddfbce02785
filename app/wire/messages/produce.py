"""Append batches, and the ids of idempotent producers.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32, Int64, ProducedRecords


@struct
class PartitionProduceData:
    """``partition_data`` of ``TopicProduceData``."""

    index: Int32 = 0
    records: ProducedRecords = field()


@struct
class TopicProduceData:
    """``topic_data`` of ``ProduceRequest``."""

    name: str = ""
    partition_data: list[PartitionProduceData] = field()


@request(key=0, versions=(3, 11), flexible=9)
class ProduceRequest:
    """Request of Produce."""

    transactional_id: str | None = None
    acks: Int16 = 0
    timeout_ms: Int32 = 0
    topic_data: list[TopicProduceData] = field()


@struct
class BatchIndexAndErrorMessage:
    """``record_errors`` of ``PartitionProduceResponse``."""

    batch_index: Int32 = field(8)
    batch_index_error_message: str | None = field(8, nullable=8, default=None)


@struct
class LeaderIdAndEpoch:
    """``current_leader`` of ``PartitionProduceResponse``."""

    leader_id: Int32 = field(10, default=-1)
    leader_epoch: Int32 = field(10, default=-1)


@struct
class PartitionProduceResponse:
    """``partition_responses`` of ``TopicProduceResponse``."""

    index: Int32 = 0
    error_code: Int16 = 0
    base_offset: Int64 = 0
    log_append_time_ms: Int64 = -1
    log_start_offset: Int64 = field(5, default=-1)
    record_errors: list[BatchIndexAndErrorMessage] = field(8)
    error_message: str | None = field(8, nullable=8, default=None)
    current_leader: LeaderIdAndEpoch = field(10, tag=0)


@struct
class TopicProduceResponse:
    """``responses`` of ``ProduceResponse``."""

    name: str = ""
    partition_responses: list[PartitionProduceResponse] = field()


@struct
class NodeEndpoint:
    """``node_endpoints`` of ``ProduceResponse``."""

    node_id: Int32 = field(10)
    host: str = field(10)
    port: Int32 = field(10)
    rack: str | None = field(10, nullable=10, default=None)


@response(ProduceRequest)
class ProduceResponse:
    """Response of Produce."""

    responses: list[TopicProduceResponse] = field()
    throttle_time_ms: Int32 = 0
    node_endpoints: list[NodeEndpoint] = field(10, tag=0)


@request(key=22, versions=(0, 4), flexible=2)
class InitProducerIdRequest:
    """Request of InitProducerId."""

    transactional_id: str | None = ""
    transaction_timeout_ms: Int32 = 0
    producer_id: Int64 = field(3, default=-1)
    producer_epoch: Int16 = field(3, default=-1)


@response(InitProducerIdRequest)
class InitProducerIdResponse:
    """Response of InitProducerId."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    producer_id: Int64 = -1
    producer_epoch: Int16 = 0
