"""Metadata, DescribeCluster and DescribeTopicPartitions: who is there, and who leads what.

Versions of Metadata: 0 says "all topics" with an empty list, later ones with null; from 4 on a
client says whether a topic may be made, from 10 on topics have ids, from 12 on they may be asked
for by id, from 13 on the whole answer may be refused.
Source: KIP-4, KIP-430, KIP-516, KIP-700, KIP-966 (DescribeTopicPartitions), KIP-919 (endpoints).
"""

from collections.abc import Coroutine, Sequence

from app.broker.errors import BrokerError, InvalidRequest, TopicAlreadyExists, UnknownTopicId
from app.broker.topics import (
    MADE_BY_SERVER,
    NewTopic,
    authorized_operations,
    check_topic_name,
    create_topic,
    describe_topic,
    list_topics,
)
from app.cluster.metadata_image import TopicMetadata
from app.security.acls import Operation, topic
from app.wire.call import Call
from app.wire.handlers.addresses import advertised_address
from app.wire.handlers.operations import NOT_ASKED, cluster_operation_bits, operation_bits
from app.wire.handlers.topic_ids import id_bytes, topic_by_id
from app.wire.messages.cluster import (
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
)
from app.wire.messages.metadata import (
    Cursor,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from app.wire.primitives import NO_UUID
from app.wire.registry import serve

BROKERS_ENDPOINT = 1
MISMATCHED_ENDPOINT_TYPE = 114
UNSUPPORTED_ENDPOINT_TYPE = 115
CONTROLLERS_ENDPOINT = 2
IDS_SINCE = 12
PARTITIONS_MAX = 2_000
"""Of one DescribeTopicPartitions answer (Kafka's ``max.request.partition.size.limit``)."""


def metadata(
    call: Call, request: MetadataRequest
) -> MetadataResponse | Coroutine[None, None, MetadataResponse]:
    """Describe brokers and topics; make the topics that are not there where that is allowed."""
    wanted = request.topics
    if wanted is None or (call.api_version == 0 and not wanted):
        topics = [
            _described(call, request, one) for one in list_topics(call.broker, call.principal)
        ]
        return _answer(call, request, topics)
    wanted = list({(one.name, one.topic_id): one for one in wanted}.values())  # a set, as Kafka's
    missing = _to_create(call, request, wanted)
    if missing:
        return _create_first(call, request, wanted, missing)
    return _answer(call, request, [_wanted(call, request, one) for one in wanted])


def _to_create(
    call: Call, request: MetadataRequest, wanted: Sequence[MetadataRequestTopic]
) -> list[str]:
    if not (call.broker.limits.auto_create_topics and request.allow_auto_topic_creation):
        return []
    known = call.broker.image.topics
    return [
        one.name or ""
        for one in wanted
        if _name(one) is not None and one.name not in known and _may_be_made(call, one.name or "")
    ]


def _name(wanted: MetadataRequestTopic) -> str | None:
    """Return the name that a topic is asked for by; None where it is the id, with any name."""
    return wanted.name if wanted.topic_id == NO_UUID else None


def _may_be_made(call: Call, name: str) -> bool:
    """Return whether asking for a topic makes it; the internal ones are made by who needs them."""
    return name not in MADE_BY_SERVER and call.broker.authorizer.authorize(
        call.principal, Operation.DESCRIBE, topic(name)
    )


async def _create_first(
    call: Call,
    request: MetadataRequest,
    wanted: Sequence[MetadataRequestTopic],
    missing: Sequence[str],
) -> MetadataResponse:
    if call.client.meter is not None:
        call.client.meter.is_strict = False  # who only asks for a topic waits, and is not refused
    problems: dict[str, BrokerError] = {}
    for name in dict.fromkeys(missing):
        try:
            await create_topic(call.broker, call.principal, NewTopic(name=name))
        except TopicAlreadyExists:
            await call.broker.metadata.refresh()
        except BrokerError as error:
            problems[name] = error
    topics = []
    for one in wanted:
        problem = problems.get(one.name or "")
        if problem is not None:
            topics.append(MetadataResponseTopic(name=one.name, error_code=problem.code))
        else:
            topics.append(_wanted(call, request, one))
    return _answer(call, request, topics)


def _wanted(
    call: Call, request: MetadataRequest, wanted: MetadataRequestTopic
) -> MetadataResponseTopic:
    if call.api_version < IDS_SINCE and (wanted.name is None or wanted.topic_id != NO_UUID):
        return MetadataResponseTopic(name=wanted.name or "", error_code=InvalidRequest.code)
    try:
        name = _name(wanted)
        if name is not None:
            check_topic_name(name)
            return _described(call, request, describe_topic(call.broker, call.principal, name))
        found = topic_by_id(call, wanted.topic_id)
        if found is None:
            raise UnknownTopicId("This server does not host this topic ID.")
        return _described(call, request, describe_topic(call.broker, call.principal, found.name))
    except BrokerError as error:
        return MetadataResponseTopic(
            name=wanted.name, topic_id=wanted.topic_id, error_code=error.code
        )


def _described(call: Call, request: MetadataRequest, found: TopicMetadata) -> MetadataResponseTopic:
    bits = NOT_ASKED
    if request.include_topic_authorized_operations:
        bits = operation_bits(authorized_operations(call.broker, call.principal, found.name))
    return MetadataResponseTopic(
        name=found.name,
        topic_id=id_bytes(found.topic_id),
        is_internal=found.is_internal,
        partitions=[
            MetadataResponsePartition(
                partition_index=one.partition,
                leader_id=one.leader,
                leader_epoch=one.leader_epoch,
                replica_nodes=list(one.replicas),
                isr_nodes=list(one.isr),
            )
            for one in found.partitions
        ],
        topic_authorized_operations=bits,
    )


def _answer(
    call: Call, request: MetadataRequest, topics: list[MetadataResponseTopic]
) -> MetadataResponse:
    image = call.broker.image
    brokers = []
    for node_id, node in image.brokers.items():
        host, port = advertised_address(call, node_id)
        brokers.append(
            MetadataResponseBroker(node_id=node_id, host=host, port=port, rack=node.rack)
        )
    bits = NOT_ASKED
    if request.include_cluster_authorized_operations:
        bits = cluster_operation_bits(call)
    return MetadataResponse(
        brokers=brokers,
        cluster_id=image.cluster_id,
        controller_id=-1 if image.controller_id is None else image.controller_id,
        topics=topics,
        cluster_authorized_operations=bits,
    )


def describe_cluster(call: Call, request: DescribeClusterRequest) -> DescribeClusterResponse:
    """Describe the cluster and its brokers; it has no controllers that clients could reach."""
    if request.endpoint_type != BROKERS_ENDPOINT:
        is_known = request.endpoint_type == CONTROLLERS_ENDPOINT
        return DescribeClusterResponse(
            error_code=MISMATCHED_ENDPOINT_TYPE if is_known else UNSUPPORTED_ENDPOINT_TYPE,
            error_message="this address is a broker's",
        )
    image = call.broker.image
    brokers = []
    for node_id, node in image.brokers.items():
        host, port = advertised_address(call, node_id)
        brokers.append(
            DescribeClusterBroker(broker_id=node_id, host=host, port=port, rack=node.rack)
        )
    bits = NOT_ASKED
    if request.include_cluster_authorized_operations:
        bits = cluster_operation_bits(call)
    return DescribeClusterResponse(
        cluster_id=image.cluster_id,
        controller_id=-1 if image.controller_id is None else image.controller_id,
        brokers=brokers,
        cluster_authorized_operations=bits,
    )


def describe_topic_partitions(
    call: Call, request: DescribeTopicPartitionsRequest
) -> DescribeTopicPartitionsResponse:
    """Describe topics by name, so many partitions at a time."""
    if request.topics:
        names = sorted({one.name for one in request.topics})
    else:
        names = [one.name for one in list_topics(call.broker, call.principal)]
    cursor = request.cursor
    left = min(max(1, request.response_partition_limit), PARTITIONS_MAX)
    response = DescribeTopicPartitionsResponse()
    for name in names:
        if cursor is not None and name < cursor.topic_name:
            continue
        first = cursor.partition_index if cursor is not None and name == cursor.topic_name else 0
        if left == 0:
            response.next_cursor = Cursor(topic_name=name, partition_index=first)
            break
        made, more = _partitions_of(call, name, first, left)
        response.topics.append(made)
        left -= len(made.partitions)
        if more is not None:
            response.next_cursor = Cursor(topic_name=name, partition_index=more)
            break
    return response


def _partitions_of(
    call: Call, name: str, first: int, limit: int
) -> tuple[DescribeTopicPartitionsResponseTopic, int | None]:
    """Return a topic with some of its partitions, and the first one that is left out."""
    try:
        found = describe_topic(call.broker, call.principal, name)
    except BrokerError as error:
        return DescribeTopicPartitionsResponseTopic(
            name=name, topic_id=NO_UUID, error_code=error.code
        ), None
    first = max(0, first)
    shown = found.partitions[first : first + limit]
    made = DescribeTopicPartitionsResponseTopic(
        name=name,
        topic_id=id_bytes(found.topic_id),
        is_internal=found.is_internal,
        partitions=[
            DescribeTopicPartitionsResponsePartition(
                partition_index=one.partition,
                leader_id=one.leader,
                leader_epoch=one.leader_epoch,
                replica_nodes=list(one.replicas),
                isr_nodes=list(one.isr),
                eligible_leader_replicas=[],
                last_known_elr=[],
            )
            for one in shown
        ],
        topic_authorized_operations=operation_bits(
            authorized_operations(call.broker, call.principal, name)
        ),
    )
    end = first + len(shown)
    return made, end if end < len(found.partitions) else None


SERVED = (
    serve(MetadataRequest, metadata),
    serve(DescribeClusterRequest, describe_cluster, droppable=True),
    serve(DescribeTopicPartitionsRequest, describe_topic_partitions, droppable=True),
)
