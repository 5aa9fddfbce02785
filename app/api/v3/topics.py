"""REST v3: topics."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links, TopicName
from app.api.v3.models import (
    CreateTopicRequest,
    ListMetadata,
    Metadata,
    Relation,
    TopicData,
    TopicDataList,
    UpdateTopicRequest,
)
from app.api.v3.responses import errors
from app.broker.errors import InvalidConfig, InvalidReplicaAssignment
from app.broker.topics import (
    NewTopic,
    ValidatedTopic,
    add_partitions,
    authorized_operations,
    create_topic,
    delete_topic,
    describe_topic,
    list_topics,
)
from app.cluster.metadata_image import TopicMetadata

router = APIRouter(tags=["Topic"], responses=errors())
_TOPICS = "/v3/clusters/{cluster_id}/topics"
_TOPIC = f"{_TOPICS}/{{topic_name}}"


@router.get(_TOPICS, operation_id="listKafkaTopics")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> TopicDataList:
    """List the topics that the principal may see."""
    return TopicDataList(
        metadata=ListMetadata(self=links.url("topics"), next=None),
        data=[_topic_data(links, cluster, topic) for topic in list_topics(context, asking)],
    )


@router.post(
    _TOPICS,
    operation_id="createKafkaTopic",
    status_code=201,
    responses={
        200: {"model": TopicData, "description": "It could be created (`validate_only`)."},
        **errors(415, 422),
    },
)
async def create(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    wanted: CreateTopicRequest,
    response: Response,
) -> TopicData:
    """Create a topic, or only check that it could be."""
    new = _new_topic(wanted)
    created = await create_topic(context, asking, new, validate_only=wanted.validate_only)
    if isinstance(created, ValidatedTopic):
        response.status_code = 200
        count, factor = created.partition_count, created.replication_factor
        return _data(links, cluster, wanted.topic_name, count, factor)
    response.headers["Location"] = links.url("topics", created.name)
    return _topic_data(links, cluster, created)


@router.get(_TOPIC, operation_id="getKafkaTopic")
async def get(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    links: Linking,
    include_authorized_operations: Annotated[
        bool, Query(description="Say also what the principal may do to the topic.")
    ] = False,
) -> TopicData:
    """Describe a topic."""
    data = _topic_data(links, cluster, describe_topic(context, asking, topic_name))
    if include_authorized_operations:
        allowed = authorized_operations(context, asking, topic_name)
        data.authorized_operations = [one.value for one in allowed]
    return data


@router.patch(_TOPIC, operation_id="updatePartitionCountKafkaTopic", responses=errors(415, 422))
async def update(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    links: Linking,
    wanted: UpdateTopicRequest,
) -> TopicData:
    """Raise the number of partitions."""
    changed = await add_partitions(context, asking, topic_name, wanted.partitions_count)
    return _topic_data(links, cluster, changed)


@router.delete(_TOPIC, operation_id="deleteKafkaTopic", status_code=204, response_class=Response)
async def delete(
    context: Context, asking: Asking, _cluster: Cluster, topic_name: TopicName
) -> None:
    """Delete a topic and all its records."""
    await delete_topic(context, asking, topic_name)


def _new_topic(wanted: CreateTopicRequest) -> NewTopic:
    configs: dict[str, str] = {}
    for config in wanted.configs:
        if config.value is None or config.name in configs:
            raise InvalidConfig(f"Config {config.name!r} has no value or is named twice")
        configs[config.name] = config.value
    assignments = None
    if wanted.replicas_assignments:
        assignments = {one.partition_id: one.broker_ids for one in wanted.replicas_assignments}
        if len(assignments) != len(wanted.replicas_assignments):
            raise InvalidReplicaAssignment("A partition is assigned twice")
    return NewTopic(
        name=wanted.topic_name,
        partition_count=wanted.partitions_count,
        replication_factor=wanted.replication_factor,
        assignments=assignments,
        configs=configs,
    )


def _topic_data(links: Links, cluster: str, topic: TopicMetadata) -> TopicData:
    data = _data(links, cluster, topic.name, len(topic.partitions), topic.replication_factor)
    data.is_internal = topic.is_internal
    return data


def _data(links: Links, cluster: str, name: str, partitions: int, factor: int) -> TopicData:
    here = links.url("topics", name)
    return TopicData(
        metadata=Metadata(self=here, resource_name=links.name(topic=name)),
        cluster_id=cluster,
        topic_name=name,
        is_internal=False,
        replication_factor=factor,
        partitions_count=partitions,
        partitions=Relation(related=f"{here}/partitions"),
        configs=Relation(related=f"{here}/configs"),
        partition_reassignments=Relation(related=f"{here}/partitions/-/reassignment"),
    )
