"""The bodies of REST v3, as Confluent names and nests them.

Source: Confluent REST Proxy v3, its OpenAPI document (field names only).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Int32 = Annotated[int, Field(json_schema_extra={"format": "int32"}, ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Field(json_schema_extra={"format": "int64"}, ge=-(2**63), le=2**63 - 1)]
ConfigName = Annotated[str, Field(max_length=255)]
ConfigValue = Annotated[str, Field(max_length=4096)]


class ErrorResponse(BaseModel):
    """Every error's shape."""

    error_code: Int32
    message: str


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(BaseModel):
    """Where a resource is found."""

    self: str
    resource_name: str


class ListMetadata(BaseModel):
    """Where a list is found, and its next page."""

    self: str
    next: str | None


class Relation(BaseModel):
    """A link to what belongs to a resource."""

    related: str


class ClusterData(BaseModel):
    """A cluster."""

    kind: Literal["KafkaCluster"] = "KafkaCluster"
    metadata: Metadata
    cluster_id: str
    controller: Relation | None
    acls: Relation
    brokers: Relation
    broker_configs: Relation
    consumer_groups: Relation
    topics: Relation
    partition_reassignments: Relation


class ClusterDataList(BaseModel):
    """The clusters that can be asked here: one."""

    kind: Literal["KafkaClusterList"] = "KafkaClusterList"
    metadata: ListMetadata
    data: list[ClusterData]


class BrokerData(BaseModel):
    """A node of the cluster."""

    kind: Literal["KafkaBroker"] = "KafkaBroker"
    metadata: Metadata
    cluster_id: str
    broker_id: Int32
    host: str | None
    port: Int32 | None
    rack: str | None
    configs: Relation
    partition_replicas: Relation


class BrokerDataList(BaseModel):
    """The nodes of the cluster."""

    kind: Literal["KafkaBrokerList"] = "KafkaBrokerList"
    metadata: ListMetadata
    data: list[BrokerData]


class ConfigIn(_In):
    """A config to begin with."""

    name: ConfigName
    value: ConfigValue | None = None


class ReplicasAssignmentIn(_In):
    """The replicas of one partition."""

    partition_id: Int32
    broker_ids: list[Int32] = Field(max_length=1000)


class CreateTopicRequest(_In):
    """A topic to create; what is left out is the broker's default."""

    topic_name: str = Field(max_length=1000)
    partitions_count: Int32 | None = None
    replication_factor: Int32 | None = None
    replicas_assignments: list[ReplicasAssignmentIn] | None = Field(None, max_length=10_000)
    configs: list[ConfigIn] = Field(default_factory=list, max_length=1000)
    validate_only: bool = False


class UpdateTopicRequest(_In):
    """The number of partitions that a topic shall have."""

    partitions_count: Int32


class TopicData(BaseModel):
    """A topic."""

    kind: Literal["KafkaTopic"] = "KafkaTopic"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    is_internal: bool
    replication_factor: Int32
    partitions_count: Int32
    partitions: Relation
    configs: Relation
    partition_reassignments: Relation
    authorized_operations: list[str] | None = None


class TopicDataList(BaseModel):
    """Topics."""

    kind: Literal["KafkaTopicList"] = "KafkaTopicList"
    metadata: ListMetadata
    data: list[TopicData]


class ConfigSynonymData(BaseModel):
    """One of the places that a value could come from."""

    name: str
    value: str | None
    source: str


class TopicConfigData(BaseModel):
    """A topic's config."""

    kind: Literal["KafkaTopicConfig"] = "KafkaTopicConfig"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    name: str
    value: str | None
    is_default: bool
    is_read_only: bool
    is_sensitive: bool
    source: str
    synonyms: list[ConfigSynonymData]


class TopicConfigDataList(BaseModel):
    """Topic configs."""

    kind: Literal["KafkaTopicConfigList"] = "KafkaTopicConfigList"
    metadata: ListMetadata
    data: list[TopicConfigData]


class UpdateConfigRequest(_In):
    """A config's new value."""

    value: ConfigValue | None = None


class AlterConfigIn(_In):
    """One config to set, or to give back to its default."""

    name: ConfigName
    value: ConfigValue | None = None
    operation: Literal["SET", "DELETE"] = "SET"


class AlterConfigsRequest(_In):
    """Configs to change, all or none."""

    data: list[AlterConfigIn] = Field(max_length=1000)
    validate_only: bool = False


class PartitionData(BaseModel):
    """A partition."""

    kind: Literal["KafkaPartition"] = "KafkaPartition"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    partition_id: Int32
    leader: Relation | None
    replicas: Relation
    reassignment: Relation


class PartitionDataList(BaseModel):
    """Partitions."""

    kind: Literal["KafkaPartitionList"] = "KafkaPartitionList"
    metadata: ListMetadata
    data: list[PartitionData]


class ReplicaData(BaseModel):
    """One copy of a partition."""

    kind: Literal["KafkaReplica"] = "KafkaReplica"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    broker_id: Int32
    partition_id: Int32
    is_leader: bool
    is_in_sync: bool
    broker: Relation


class ReplicaDataList(BaseModel):
    """Copies of partitions."""

    kind: Literal["KafkaReplicaList"] = "KafkaReplicaList"
    metadata: ListMetadata
    data: list[ReplicaData]


class PartitionOffsetsData(BaseModel):
    """Offsets of a partition; those that were not asked for are left out."""

    kind: Literal["KafkaPartitionOffset"] = "KafkaPartitionOffset"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    partition_id: Int32
    earliest_offset: Int64 | None = None
    latest_offset: Int64 | None = None
    offset: Int64 | None = Field(
        None, description="Of the record asked for by `max_timestamp` or `timestamp`; -1 for none."
    )
    timestamp: str | None = Field(None, description="That record's timestamp, ISO 8601.")


class DeletedRecordsData(BaseModel):
    """Where a partition begins after records were deleted."""

    kind: Literal["CauceDeletedRecords"] = "CauceDeletedRecords"
    metadata: Metadata
    cluster_id: str
    topic_name: str
    partition_id: Int32
    log_start_offset: Int64
