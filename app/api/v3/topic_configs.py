"""REST v3: configs of topics."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links, TopicName
from app.api.errors import ApiError
from app.api.v3.models import (
    AlterConfigsRequest,
    ConfigSynonymData,
    ListMetadata,
    Metadata,
    TopicConfigData,
    TopicConfigDataList,
    UpdateConfigRequest,
)
from app.api.v3.responses import errors
from app.broker.topic_configs import (
    AlterOperation,
    ConfigChange,
    ConfigEntry,
    alter_topic_configs,
    describe_topic_configs,
)
from app.broker.topics import list_topics
from app.security.acls import Operation, topic

router = APIRouter(tags=["Configs"], responses=errors())
_CONFIGS = "/v3/clusters/{cluster_id}/topics/{topic_name}/configs"
_CONFIG = f"{_CONFIGS}/{{name}}"
Name = Annotated[str, Path(description="The config's name.", max_length=255)]


@router.get("/v3/clusters/{cluster_id}/topics/-/configs", operation_id="listKafkaAllTopicConfigs")
async def list_of_all_topics(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> TopicConfigDataList:
    """List the configs of every topic whose configs the principal may see."""
    may = context.authorizer.authorize
    data = [
        _data(links, cluster, found.name, entry)
        for found in list_topics(context, asking)
        if may(asking, Operation.DESCRIBE_CONFIGS, topic(found.name))
        for entry in describe_topic_configs(context, asking, found.name)
    ]
    here = links.url("topics", "-", "configs")
    return TopicConfigDataList(metadata=ListMetadata(self=here, next=None), data=data)


@router.get(_CONFIGS, operation_id="listKafkaTopicConfigs")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, topic_name: TopicName, links: Linking
) -> TopicConfigDataList:
    """List a topic's configs."""
    entries = describe_topic_configs(context, asking, topic_name)
    return TopicConfigDataList(
        metadata=ListMetadata(self=links.url("topics", topic_name, "configs"), next=None),
        data=[_data(links, cluster, topic_name, entry) for entry in entries],
    )


@router.post(
    f"{_CONFIGS}:alter",
    operation_id="updateKafkaTopicConfigBatch",
    status_code=204,
    response_class=Response,
    responses=errors(415, 422),
)
async def alter(
    context: Context,
    asking: Asking,
    _cluster: Cluster,
    topic_name: TopicName,
    wanted: AlterConfigsRequest,
) -> None:
    """Set and reset configs of a topic, all or none."""
    changes = [
        ConfigChange(name=one.name, operation=AlterOperation(one.operation), value=one.value)
        for one in wanted.data
    ]
    await alter_topic_configs(
        context, asking, topic_name, changes, validate_only=wanted.validate_only
    )


@router.get(_CONFIG, operation_id="getKafkaTopicConfig")
async def get(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    topic_name: TopicName,
    name: Name,
    links: Linking,
) -> TopicConfigData:
    """Describe one config of a topic."""
    for entry in describe_topic_configs(context, asking, topic_name):
        if entry.name == name:
            return _data(links, cluster, topic_name, entry)
    raise ApiError(404, 404, "HTTP 404 Not Found: no such config")


@router.put(
    _CONFIG,
    operation_id="updateKafkaTopicConfig",
    status_code=204,
    response_class=Response,
    responses=errors(415, 422),
)
async def put(
    context: Context,
    asking: Asking,
    _cluster: Cluster,
    topic_name: TopicName,
    name: Name,
    wanted: UpdateConfigRequest,
) -> None:
    """Set one config of a topic."""
    change = ConfigChange(name=name, value=wanted.value)
    await alter_topic_configs(context, asking, topic_name, [change])


@router.delete(
    _CONFIG, operation_id="deleteKafkaTopicConfig", status_code=204, response_class=Response
)
async def delete(
    context: Context, asking: Asking, _cluster: Cluster, topic_name: TopicName, name: Name
) -> None:
    """Give one config of a topic back to its default."""
    change = ConfigChange(name=name, operation=AlterOperation.DELETE)
    await alter_topic_configs(context, asking, topic_name, [change])


def _data(links: Links, cluster: str, topic: str, entry: ConfigEntry) -> TopicConfigData:
    return TopicConfigData(
        metadata=Metadata(
            self=links.url("topics", topic, "configs", entry.name),
            resource_name=links.name(topic=topic, config=entry.name),
        ),
        cluster_id=cluster,
        topic_name=topic,
        name=entry.name,
        value=entry.value,
        is_default=entry.is_default,
        is_read_only=entry.is_read_only,
        is_sensitive=entry.is_sensitive,
        source=entry.source.value,
        synonyms=[
            ConfigSynonymData(name=one.name, value=one.value, source=one.source.value)
            for one in entry.synonyms
        ],
    )
