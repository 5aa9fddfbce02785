"""REST v2: brokers, topics, partitions, and the offsets at which these begin and end.

Unknown topics have 40403 where one asks for the topic and 40401 where one asks for its parts;
Confluent's and Karapace's own tests hold to that.
Source: Confluent REST Proxy v2, "Topics", "Partitions", "Brokers".
"""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.dependencies import Asking, Context, TopicName
from app.api.errors import ApiError
from app.api.v2.models import (
    V2BrokerList,
    V2Partition,
    V2PartitionOffsets,
    V2Replica,
    V2Topic,
)
from app.api.v2.routing import V2Response, V2Route
from app.api.v3.responses import errors
from app.broker.context import BrokerContext
from app.broker.errors import UnknownTopicOrPartition
from app.broker.list_offsets import OffsetSpec, list_offsets
from app.broker.topic_configs import describe_topic_configs
from app.broker.topics import describe_topic, list_topics
from app.cluster.metadata_image import PartitionMetadata, TopicMetadata
from app.security.acls import Operation
from app.security.principal import Principal

router = APIRouter(
    tags=["REST v2"],
    route_class=V2Route,
    default_response_class=V2Response,
    responses=errors(406),
)
_TOPIC = "/topics/{topic_name}"
_PARTITION = f"{_TOPIC}/partitions/{{partition_id}}"

PartitionId = Annotated[int, Path(description="The partition's number.", ge=0, le=2**31 - 1)]


@router.get("/brokers", operation_id="listBrokersV2")
async def brokers(context: Context, asking: Asking) -> V2BrokerList:
    """List the nodes of the cluster."""
    context.require_cluster(asking, Operation.DESCRIBE)
    return V2BrokerList(brokers=sorted(context.image.brokers))


@router.get("/topics", operation_id="listTopicsV2")
async def topics(context: Context, asking: Asking) -> list[str]:
    """List the names of topics."""
    return [topic.name for topic in list_topics(context, asking)]


@router.get(_TOPIC, operation_id="getTopicV2")
async def topic(context: Context, asking: Asking, topic_name: TopicName) -> V2Topic:
    """Describe a topic: its configs and its partitions."""
    found = describe_topic(context, asking, topic_name)
    configs = describe_topic_configs(context, asking, topic_name)
    return V2Topic(
        name=found.name,
        configs={one.name: one.value for one in configs},
        partitions=[_partition(one) for one in found.partitions],
    )


@router.get(f"{_TOPIC}/partitions", operation_id="listPartitionsV2")
async def partitions(context: Context, asking: Asking, topic_name: TopicName) -> list[V2Partition]:
    """List the partitions of a topic."""
    found = _topic(context, asking, topic_name)
    return [_partition(one) for one in found.partitions]


@router.get(_PARTITION, operation_id="getPartitionV2")
async def partition(
    context: Context, asking: Asking, topic_name: TopicName, partition_id: PartitionId
) -> V2Partition:
    """Describe a partition."""
    return _partition(_existing(_topic(context, asking, topic_name), partition_id))


@router.get(f"{_PARTITION}/offsets", operation_id="getPartitionOffsetsV2")
async def offsets(
    context: Context, asking: Asking, topic_name: TopicName, partition_id: PartitionId
) -> V2PartitionOffsets:
    """Find the offsets at which a partition begins and ends."""
    _existing(_topic(context, asking, topic_name), partition_id)
    beginning = list_offsets(context, asking, topic_name, partition_id, OffsetSpec.EARLIEST)
    end = list_offsets(context, asking, topic_name, partition_id, OffsetSpec.LATEST)
    return V2PartitionOffsets(beginning_offset=beginning.offset, end_offset=end.offset)


def _topic(context: BrokerContext, principal: Principal, name: str) -> TopicMetadata:
    try:
        return describe_topic(context, principal, name)
    except UnknownTopicOrPartition:
        raise ApiError(404, 40401, "Topic not found.") from None


def _existing(topic: TopicMetadata, partition_id: int) -> PartitionMetadata:
    if partition_id < len(topic.partitions):
        return topic.partitions[partition_id]
    raise ApiError(404, 40402, "Partition not found.")


def _partition(one: PartitionMetadata) -> V2Partition:
    return V2Partition(
        partition=one.partition,
        leader=one.leader,
        replicas=[
            V2Replica(broker=node, leader=node == one.leader, in_sync=node in one.isr)
            for node in one.replicas
        ],
    )
