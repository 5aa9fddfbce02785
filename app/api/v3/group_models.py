"""The bodies of REST v3 about consumer groups, as Confluent names and nests them, and ours.

Source: Confluent REST Proxy v3, its OpenAPI document (field names only).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.v3.models import Int32, Int64, ListMetadata, Metadata, Relation

TopicNameIn = Annotated[str, Field(max_length=255)]
PartitionIn = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]


class ConsumerGroupData(BaseModel):
    """A consumer group."""

    kind: Literal["KafkaConsumerGroup"] = "KafkaConsumerGroup"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    is_simple: bool
    partition_assignor: str
    state: str
    type: str
    is_mixed_consumer_group: bool
    coordinator: Relation
    consumers: Relation
    lag_summary: Relation


class ConsumerGroupDataList(BaseModel):
    """Consumer groups."""

    kind: Literal["KafkaConsumerGroupList"] = "KafkaConsumerGroupList"
    metadata: ListMetadata
    data: list[ConsumerGroupData]


class ConsumerData(BaseModel):
    """A member of a group."""

    kind: Literal["KafkaConsumer"] = "KafkaConsumer"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    consumer_id: str
    instance_id: str | None
    client_id: str
    assignments: Relation


class ConsumerDataList(BaseModel):
    """Members of a group."""

    kind: Literal["KafkaConsumerList"] = "KafkaConsumerList"
    metadata: ListMetadata
    data: list[ConsumerData]


class ConsumerAssignmentData(BaseModel):
    """A partition that a member reads."""

    kind: Literal["KafkaConsumerAssignment"] = "KafkaConsumerAssignment"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    consumer_id: str
    topic_name: str
    partition_id: Int32
    partition: Relation
    lag: Relation


class ConsumerAssignmentDataList(BaseModel):
    """Partitions that a member reads."""

    kind: Literal["KafkaConsumerAssignmentList"] = "KafkaConsumerAssignmentList"
    metadata: ListMetadata
    data: list[ConsumerAssignmentData]


class ConsumerLagData(BaseModel):
    """How far a group is behind in one partition; the names are empty if nobody reads it."""

    kind: Literal["KafkaConsumerLag"] = "KafkaConsumerLag"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    topic_name: str
    partition_id: Int32
    current_offset: Int64
    log_end_offset: Int64
    lag: Int64
    consumer_id: str
    instance_id: str | None
    client_id: str


class ConsumerLagDataList(BaseModel):
    """How far a group is behind, partition by partition, the furthest first."""

    kind: Literal["KafkaConsumerLagList"] = "KafkaConsumerLagList"
    metadata: ListMetadata
    data: list[ConsumerLagData]


class LagSummaryData(BaseModel):
    """How far a group is behind in all, and where most."""

    kind: Literal["KafkaConsumerGroupLagSummary"] = "KafkaConsumerGroupLagSummary"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    max_lag_consumer_id: str
    max_lag_instance_id: str | None
    max_lag_client_id: str
    max_lag_topic_name: str
    max_lag_partition_id: Int32
    max_lag: Int64
    total_lag: Int64
    max_lag_consumer: Relation
    max_lag_partition: Relation


class AlterOffsetsPartitionIn(BaseModel):
    """One partition to alter."""

    model_config = ConfigDict(extra="forbid", strict=True)

    topic_name: TopicNameIn
    partition_id: PartitionIn


class AlterOffsetsRequest(BaseModel):
    """Where a group shall go on reading."""

    model_config = ConfigDict(extra="forbid", strict=True)

    target: Literal["earliest", "latest", "timestamp", "shift", "exact"] = Field(
        description="`timestamp`, `shift` and `exact` need `value`."
    )
    value: Int64 | None = Field(
        None, description="Milliseconds since 1970, records to go on or back, or an offset."
    )
    partitions: list[AlterOffsetsPartitionIn] | None = Field(
        None, max_length=10_000, description="All with a committed offset if left out."
    )
    validate_only: bool = False


class AlteredOffsetData(BaseModel):
    """What becomes of one partition's offset; `error_code` is Kafka's, 0 for success."""

    topic_name: str
    partition_id: Int32
    current_offset: Int64 | None
    new_offset: Int64
    error_code: Int32


class AlteredOffsetsData(BaseModel):
    """The offsets that were altered, or with `validate_only` would be."""

    kind: Literal["CauceAlteredOffsets"] = "CauceAlteredOffsets"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    validate_only: bool
    data: list[AlteredOffsetData]


class DeletedOffsetData(BaseModel):
    """The outcome for one partition; `error_code` is Kafka's, 0 for success."""

    topic_name: str
    partition_id: Int32
    error_code: Int32


class DeletedOffsetsData(BaseModel):
    """The offsets that were deleted."""

    kind: Literal["CauceDeletedOffsets"] = "CauceDeletedOffsets"
    metadata: Metadata
    cluster_id: str
    consumer_group_id: str
    data: list[DeletedOffsetData]
