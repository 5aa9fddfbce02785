"""REST v3: consumer groups, their members and what these read."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator

from app.api.dependencies import (
    ID_CHARS_MAX,
    Asking,
    Cluster,
    Context,
    Linking,
    Links,
    PartitionId,
    TopicName,
)
from app.api.edge.segments import whole
from app.api.errors import ApiError
from app.api.v3.group_models import (
    ConsumerAssignmentData,
    ConsumerAssignmentDataList,
    ConsumerData,
    ConsumerDataList,
    ConsumerGroupData,
    ConsumerGroupDataList,
)
from app.api.v3.models import ListMetadata, Metadata, Relation
from app.api.v3.responses import errors
from app.broker.errors import BrokerError
from app.broker.groups.admin import (
    DescribedGroup,
    DescribedMember,
    delete_group,
    describe_group,
    list_groups,
)
from app.broker.groups.members import find_coordinator

router = APIRouter(tags=["Consumer Group"], responses=errors())
GROUPS = "/v3/clusters/{cluster_id}/consumer-groups"
GROUP = f"{GROUPS}/{{consumer_group_id}}"
_CONSUMER = f"{GROUP}/consumers/{{consumer_id}}"
_ASSIGNMENTS = f"{_CONSUMER}/assignments"

GroupId = Annotated[
    str, Path(description="The group's id.", max_length=ID_CHARS_MAX), AfterValidator(whole)
]
ConsumerId = Annotated[
    str, Path(description="The member's id.", max_length=512), AfterValidator(whole)
]


@router.get(GROUPS, operation_id="listKafkaConsumerGroups")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> ConsumerGroupDataList:
    """List the groups that the principal may see."""
    data = []
    for listed in list_groups(context, asking):
        try:
            group = describe_group(context, asking, listed.group_id)
        except BrokerError:
            continue  # the cluster may be seen, this group may not
        data.append(_group_data(links, cluster, group, context.node_id))
    metadata = ListMetadata(self=links.url("consumer-groups"), next=None)
    return ConsumerGroupDataList(metadata=metadata, data=data)


@router.get(GROUP, operation_id="getKafkaConsumerGroup")
async def get(
    context: Context, asking: Asking, cluster: Cluster, consumer_group_id: GroupId, links: Linking
) -> ConsumerGroupData:
    """Describe a group."""
    group = describe_group(context, asking, consumer_group_id)
    coordinator = await find_coordinator(context, asking, consumer_group_id)
    return _group_data(links, cluster, group, coordinator.node_id)


@router.delete(
    GROUP,
    operation_id="deleteCauceConsumerGroup",
    status_code=204,
    response_class=Response,
    responses=errors(409),
)
async def delete(
    context: Context, asking: Asking, _cluster: Cluster, consumer_group_id: GroupId
) -> None:
    """Delete a group that nobody is in, with its committed offsets."""
    await delete_group(context, asking, consumer_group_id)


@router.get(f"{GROUP}/consumers", operation_id="listKafkaConsumers")
async def list_consumers(
    context: Context, asking: Asking, cluster: Cluster, consumer_group_id: GroupId, links: Linking
) -> ConsumerDataList:
    """List a group's members."""
    group = describe_group(context, asking, consumer_group_id)
    return ConsumerDataList(
        metadata=ListMetadata(self=group_url(links, consumer_group_id, "consumers"), next=None),
        data=[_consumer_data(links, cluster, group, one) for one in group.members],
    )


@router.get(_CONSUMER, operation_id="getKafkaConsumer")
async def get_consumer(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    consumer_id: ConsumerId,
    links: Linking,
) -> ConsumerData:
    """Describe a member."""
    group = describe_group(context, asking, consumer_group_id)
    return _consumer_data(links, cluster, group, _member(group, consumer_id))


@router.get(_ASSIGNMENTS, operation_id="listKafkaConsumerAssignment")
async def list_assignments(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    consumer_id: ConsumerId,
    links: Linking,
) -> ConsumerAssignmentDataList:
    """List the partitions that a member reads."""
    group = describe_group(context, asking, consumer_group_id)
    member = _member(group, consumer_id)
    here = group_url(links, consumer_group_id, "consumers", consumer_id, "assignments")
    return ConsumerAssignmentDataList(
        metadata=ListMetadata(self=here, next=None),
        data=[_assignment_data(links, cluster, group, member, *at) for at in member.partitions],
    )


@router.get(
    f"{_ASSIGNMENTS}/{{topic_name}}/partitions/{{partition_id}}",
    operation_id="getKafkaConsumerAssignment",
)
async def get_assignment(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    consumer_id: ConsumerId,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
) -> ConsumerAssignmentData:
    """Describe a partition that a member reads."""
    group = describe_group(context, asking, consumer_group_id)
    member = _member(group, consumer_id)
    if (topic_name, partition_id) not in member.partitions:
        raise ApiError(404, 404, "HTTP 404 Not Found: the member does not read that partition")
    return _assignment_data(links, cluster, group, member, topic_name, partition_id)


def group_url(links: Links, group_id: str, *segments: object) -> str:
    """Return the URL of a group, or of something below it; ids are escaped."""
    escaped = (quote(str(one), safe="") for one in (group_id, *segments))
    return links.url("consumer-groups", *escaped)


def _member(group: DescribedGroup, consumer_id: str) -> DescribedMember:
    for one in group.members:
        if one.member_id == consumer_id:
            return one
    raise ApiError(404, 404, "HTTP 404 Not Found: the group has no such member")


def _group_data(
    links: Links, cluster: str, group: DescribedGroup, coordinator: int
) -> ConsumerGroupData:
    group_id = group.group_id
    return ConsumerGroupData(
        metadata=Metadata(
            self=group_url(links, group_id), resource_name=links.name(consumer_group=group_id)
        ),
        cluster_id=cluster,
        consumer_group_id=group_id,
        is_simple=group.is_simple,
        partition_assignor=group.protocol_name,
        state=group.state.name,
        type=group.type.name,
        is_mixed_consumer_group=group.is_mixed,
        coordinator=Relation(related=links.url("brokers", coordinator)),
        consumers=Relation(related=group_url(links, group_id, "consumers")),
        lag_summary=Relation(related=group_url(links, group_id, "lag-summary")),
    )


def _consumer_data(
    links: Links, cluster: str, group: DescribedGroup, member: DescribedMember
) -> ConsumerData:
    here = group_url(links, group.group_id, "consumers", member.member_id)
    return ConsumerData(
        metadata=Metadata(
            self=here,
            resource_name=links.name(consumer_group=group.group_id, consumer=member.member_id),
        ),
        cluster_id=cluster,
        consumer_group_id=group.group_id,
        consumer_id=member.member_id,
        instance_id=member.instance_id,
        client_id=member.client_id,
        assignments=Relation(related=f"{here}/assignments"),
    )


def _assignment_data(
    links: Links,
    cluster: str,
    group: DescribedGroup,
    member: DescribedMember,
    topic: str,
    partition: int,
) -> ConsumerAssignmentData:
    group_id, member_id = group.group_id, member.member_id
    below = (topic, "partitions", partition)
    return ConsumerAssignmentData(
        metadata=Metadata(
            self=group_url(links, group_id, "consumers", member_id, "assignments", *below),
            resource_name=links.name(
                consumer_group=group_id, consumer=member_id, assignment=topic, partition=partition
            ),
        ),
        cluster_id=cluster,
        consumer_group_id=group_id,
        consumer_id=member_id,
        topic_name=topic,
        partition_id=partition,
        partition=Relation(related=links.url("topics", *below)),
        lag=Relation(related=group_url(links, group_id, "lags", *below)),
    )
