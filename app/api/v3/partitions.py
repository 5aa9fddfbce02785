"""REST v3: partitions, their offsets and replicas, and the deletion of their records."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.dependencies import (
    Asking,
    BrokerId,
    Cluster,
    Context,
    Linking,
    Links,
    PartitionId,
    TopicName,
)
from app.api.errors import ApiError
from app.api.timestamps import format_timestamp, parse_search_time
from app.api.v3.models import (
    DeletedRecordsData,
    ListMetadata,
    Metadata,
    PartitionData,
    PartitionDataList,
    PartitionOffsetsData,
    Relation,
    ReplicaData,
    ReplicaDataList,
)
from app.api.v3.responses import errors
from app.broker.delete_records import delete_records
from app.broker.list_offsets import OffsetSpec, list_offsets
from app.broker.partitions import partition_metadata
from app.broker.topics import describe_topic
from app.cluster.metadata_image import PartitionMetadata

router = APIRouter(tags=["Partition"], responses=errors())
_PARTITIONS = "/v3/clusters/{cluster_id}/topics/{topic_name}/partitions"
_PARTITION = f"{_PARTITIONS}/{{partition_id}}"
INT64_MAX = 2**63 - 1

OffsetType = Literal["earliest_and_latest", "earliest", "latest", "max_timestamp", "timestamp"]


@router.get(_PARTITIONS, operation_id="listKafkaPartitions")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, topic_name: TopicName, links: Linking
) -> PartitionDataList:
    """List a topic's partitions."""
    topic = describe_topic(context, asking, topic_name)
    return PartitionDataList(
        metadata=ListMetadata(self=links.url("topics", topic_name, "partitions"), next=None),
        data=[_partition_data(links, cluster, one) for one in topic.partitions],
    )


@router.get(_PARTITION, operation_id="getKafkaPartition")
async def get(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
) -> PartitionData:
    """Describe a partition."""
    topic = describe_topic(context, asking, topic_name)
    return _partition_data(links, cluster, partition_metadata(topic, partition_id))


@router.get(
    f"{_PARTITION}/offset",
    operation_id="getKafkaPartitionOffsets",
    response_model_exclude_none=True,
)
async def get_offsets(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
    offset_type: Annotated[
        OffsetType, Query(description="Which offset; `timestamp` needs the parameter below.")
    ] = "earliest_and_latest",
    timestamp: Annotated[
        str | None,
        Query(description="ISO 8601 with an offset, or milliseconds since 1970.", max_length=40),
    ] = None,
) -> PartitionOffsetsData:
    """Find the offsets at which a partition begins and ends, or of a time."""
    here = links.url("topics", topic_name, "partitions", partition_id)
    data = PartitionOffsetsData(
        metadata=Metadata(
            self=f"{here}/offset",
            resource_name=links.name(topic=topic_name, partition=partition_id),
        ),
        cluster_id=cluster,
        topic_name=topic_name,
        partition_id=partition_id,
        offset=None,
        timestamp=None,
    )
    if offset_type in ("earliest_and_latest", "earliest"):
        found = list_offsets(context, asking, topic_name, partition_id, OffsetSpec.EARLIEST)
        data.earliest_offset = found.offset
    if offset_type in ("earliest_and_latest", "latest"):
        found = list_offsets(context, asking, topic_name, partition_id, OffsetSpec.LATEST)
        data.latest_offset = found.offset
    if offset_type in ("max_timestamp", "timestamp"):
        spec = _timestamp(timestamp) if offset_type == "timestamp" else OffsetSpec.MAX_TIMESTAMP
        found = list_offsets(context, asking, topic_name, partition_id, spec)
        data.offset = found.offset
        if found.offset >= 0:
            data.timestamp = format_timestamp(found.timestamp_ms).decode()
    return data


@router.get(f"{_PARTITION}/replicas", operation_id="listKafkaReplicas", tags=["Replica"])
async def list_replicas(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
) -> ReplicaDataList:
    """List a partition's replicas."""
    topic = describe_topic(context, asking, topic_name)
    partition = partition_metadata(topic, partition_id)
    here = links.url("topics", topic_name, "partitions", partition_id, "replicas")
    return ReplicaDataList(
        metadata=ListMetadata(self=here, next=None),
        data=[replica_data(links, cluster, partition, node) for node in partition.replicas],
    )


@router.get(
    f"{_PARTITION}/replicas/{{broker_id}}", operation_id="getKafkaReplica", tags=["Replica"]
)
async def get_replica(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    partition_id: PartitionId,
    broker_id: BrokerId,
    links: Linking,
) -> ReplicaData:
    """Describe a replica."""
    topic = describe_topic(context, asking, topic_name)
    partition = partition_metadata(topic, partition_id)
    if broker_id not in partition.replicas:
        raise ApiError(404, 404, "HTTP 404 Not Found: no such replica")
    return replica_data(links, cluster, partition, broker_id)


@router.delete(
    f"{_PARTITION}/records",
    operation_id="deleteCauceRecords",
    tags=["Records"],
    responses=errors(416, 507),
)
async def delete_before(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
    before_offset: Annotated[
        int,
        Query(
            description="Records below it go; -1 for all there are.",
            ge=-1,
            le=INT64_MAX,
            json_schema_extra={"format": "int64"},
        ),
    ],
) -> DeletedRecordsData:
    """Delete the records of a partition below an offset."""
    start = await delete_records(context, asking, topic_name, partition_id, before_offset)
    here = links.url("topics", topic_name, "partitions", partition_id)
    return DeletedRecordsData(
        metadata=Metadata(
            self=here, resource_name=links.name(topic=topic_name, partition=partition_id)
        ),
        cluster_id=cluster,
        topic_name=topic_name,
        partition_id=partition_id,
        log_start_offset=start,
    )


def replica_data(
    links: Links, cluster: str, partition: PartitionMetadata, node: int
) -> ReplicaData:
    """Word one replica."""
    topic, number = partition.topic_name, partition.partition
    return ReplicaData(
        metadata=Metadata(
            self=links.url("topics", topic, "partitions", number, "replicas", node),
            resource_name=links.name(topic=topic, partition=number, replica=node),
        ),
        cluster_id=cluster,
        topic_name=topic,
        broker_id=node,
        partition_id=number,
        is_leader=node == partition.leader,
        is_in_sync=node in partition.isr,
        broker=Relation(related=links.url("brokers", node)),
    )


def _partition_data(links: Links, cluster: str, one: PartitionMetadata) -> PartitionData:
    here = links.url("topics", one.topic_name, "partitions", one.partition)
    return PartitionData(
        metadata=Metadata(
            self=here, resource_name=links.name(topic=one.topic_name, partition=one.partition)
        ),
        cluster_id=cluster,
        topic_name=one.topic_name,
        partition_id=one.partition,
        leader=Relation(related=f"{here}/replicas/{one.leader}"),
        replicas=Relation(related=f"{here}/replicas"),
        reassignment=Relation(related=f"{here}/reassignment"),
    )


def _timestamp(text: str | None) -> int:
    try:
        return parse_search_time(text or "")
    except (ValueError, OverflowError):
        raise ApiError(
            400,
            400,
            "Bad Request: query parameter timestamp: ISO 8601 with an offset, or milliseconds",
        ) from None
