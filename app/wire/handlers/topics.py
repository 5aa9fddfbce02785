"""CreateTopics, DeleteTopics and CreatePartitions.

Each topic has its own outcome. Versions: from 5 on CreateTopics tells what the topic is like (an
empty list of configs rather than null, which Java does not take), from 7 on its id; from 6 on
DeleteTopics takes ids. The time-out is not looked at: the answer comes when the change is made.
Source: KIP-4, KIP-464, KIP-516, KIP-525, KIP-599; CreatePartitions KIP-195.
"""

from collections import Counter
from collections.abc import Sequence

from app.broker.errors import (
    BrokerError,
    InvalidConfig,
    InvalidReplicaAssignment,
    InvalidRequest,
    UnknownTopicId,
)
from app.broker.topic_configs import ConfigEntry, config_entries
from app.broker.topics import NewTopic, add_partitions, create_topic, delete_topic
from app.cluster.metadata_image import TopicMetadata
from app.security.acls import Operation, topic
from app.wire.call import Call
from app.wire.handlers.configs import CONFIG_SOURCES
from app.wire.handlers.topic_ids import id_bytes, topic_by_id
from app.wire.messages.topics import (
    CreatableTopic,
    CreatableTopicConfigs,
    CreatableTopicResult,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DeleteTopicState,
)
from app.wire.primitives import NO_UUID
from app.wire.registry import serve

DEFAULT = -1
TOPIC_AUTHORIZATION_FAILED = 29


def _count(call: Call, strict_since: int) -> None:
    """Say whether what this request changes may be refused for a quota (KIP-599)."""
    if call.client.meter is not None:
        call.client.meter.is_strict = call.api_version >= strict_since


async def create_topics(call: Call, request: CreateTopicsRequest) -> CreateTopicsResponse:
    """Create each topic that may be; one named twice is not created."""
    _count(call, 6)
    times = Counter(one.name for one in request.topics)
    results = []
    for name, wanted in {one.name: one for one in request.topics}.items():
        result = CreatableTopicResult(name=name, configs=[])
        results.append(result)
        try:
            if times[name] > 1:
                raise InvalidRequest("Duplicate topic name.")
            await _create(call, wanted, result, request.validate_only)
        except BrokerError as error:
            result.error_code, result.error_message = error.code, str(error)
    return CreateTopicsResponse(topics=results)


async def _create(
    call: Call, wanted: CreatableTopic, result: CreatableTopicResult, validate_only: bool
) -> None:
    new = _new_topic(wanted)
    made = await create_topic(call.broker, call.principal, new, validate_only=validate_only)
    if isinstance(made, TopicMetadata):
        result.topic_id = id_bytes(made.topic_id)
        partitions = len(made.partitions)
    else:
        partitions = made.partition_count
    if not call.broker.authorizer.authorize(
        call.principal, Operation.DESCRIBE_CONFIGS, topic(wanted.name)
    ):
        result.topic_config_error_code = TOPIC_AUTHORIZATION_FAILED
        return
    result.num_partitions, result.replication_factor = partitions, made.replication_factor
    result.configs = [_config(one) for one in config_entries(new.configs)]


def _new_topic(wanted: CreatableTopic) -> NewTopic:
    configs: dict[str, str] = {}
    for one in wanted.configs:
        if one.value is None:
            raise InvalidConfig(f"Null value not supported for topic config: {one.name}")
        configs[one.name] = one.value
    assignments = None
    if wanted.assignments:
        assignments = {one.partition_index: tuple(one.broker_ids) for one in wanted.assignments}
        if len(assignments) < len(wanted.assignments):
            raise InvalidReplicaAssignment("A partition is assigned twice")
    return NewTopic(
        name=wanted.name,
        partition_count=wanted.num_partitions,
        replication_factor=wanted.replication_factor,
        assignments=assignments,
        configs=configs,
    )


def _config(entry: ConfigEntry) -> CreatableTopicConfigs:
    return CreatableTopicConfigs(
        name=entry.name,
        value=entry.value,
        read_only=entry.is_read_only,
        config_source=CONFIG_SOURCES[entry.source],
        is_sensitive=entry.is_sensitive,
    )


async def delete_topics(call: Call, request: DeleteTopicsRequest) -> DeleteTopicsResponse:
    """Delete topics by name or id; one named twice is not deleted."""
    _count(call, 5)
    wanted = request.topics or [DeleteTopicState(name=name) for name in request.topic_names]
    times = Counter((one.name, one.topic_id) for one in wanted)
    once = {(one.name, one.topic_id): one for one in wanted}
    return DeleteTopicsResponse(
        responses=[await _deleted(call, one, times[key]) for key, one in once.items()]
    )


async def _deleted(call: Call, wanted: DeleteTopicState, times: int) -> DeletableTopicResult:
    result = DeletableTopicResult(name=wanted.name, topic_id=wanted.topic_id)
    try:
        if times > 1:
            raise InvalidRequest("Duplicate topic name or id.")
        if (wanted.name is None) == (wanted.topic_id == NO_UUID):
            raise InvalidRequest("A topic to delete is given by its name or by its id")
        if wanted.name is None:
            found = topic_by_id(call, wanted.topic_id)
            if found is None:
                raise UnknownTopicId("This server does not host this topic ID.")
            name = found.name
        else:
            name = wanted.name
        # neither name nor id is told to who may not know of the topic
        may = call.broker.authorizer.authorize
        known = call.broker.image.topics.get(name)
        if known is not None and may(call.principal, Operation.DESCRIBE, topic(name)):
            result.name, result.topic_id = name, id_bytes(known.topic_id)
        await delete_topic(call.broker, call.principal, name)
    except BrokerError as error:
        result.error_code, result.error_message = error.code, str(error)
    return result


async def create_partitions(
    call: Call, request: CreatePartitionsRequest
) -> CreatePartitionsResponse:
    """Raise the number of partitions of each topic; one named twice stays as it is."""
    _count(call, 3)
    times = Counter(one.name for one in request.topics)
    results = []
    for name, wanted in {one.name: one for one in request.topics}.items():
        result = CreatePartitionsTopicResult(name=name)
        results.append(result)
        try:
            if times[name] > 1:
                raise InvalidRequest("Duplicate topic name.")
            call.broker.require_topic(call.principal, Operation.ALTER, name)
            _check_assignments(call, wanted)
            await add_partitions(
                call.broker,
                call.principal,
                name,
                wanted.count,
                validate_only=request.validate_only,
            )
        except BrokerError as error:
            result.error_code, result.error_message = error.code, str(error)
    return CreatePartitionsResponse(results=results)


def _check_assignments(call: Call, wanted: CreatePartitionsTopic) -> None:
    """Refuse replicas chosen by hand, but where there is one node and so no choice.

    Raises:
        InvalidReplicaAssignment: They are not what this node would choose.
    """
    if wanted.assignments is None:
        return
    known = call.broker.image.topics.get(wanted.name)
    added = wanted.count - (len(known.partitions) if known is not None else 0)
    chosen: Sequence[Sequence[int]] = [one.broker_ids for one in wanted.assignments]
    nodes = list(call.broker.image.brokers)
    if len(nodes) > 1 or any(list(one) != nodes for one in chosen) or len(chosen) != added:
        raise InvalidReplicaAssignment(
            f"{len(chosen)} partitions on nodes of your choice for {added} new ones"
        )


SERVED = (
    serve(CreateTopicsRequest, create_topics),
    serve(DeleteTopicsRequest, delete_topics),
    serve(CreatePartitionsRequest, create_partitions),
)
