"""REST v3: how far groups are behind; and ours, to alter and delete their committed offsets."""

from typing import Annotated

from fastapi import APIRouter, Query

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
from app.api.errors import ApiError
from app.api.v3.consumer_groups import GROUP, GroupId, group_url
from app.api.v3.group_models import (
    AlteredOffsetData,
    AlteredOffsetsData,
    AlterOffsetsRequest,
    ConsumerLagData,
    ConsumerLagDataList,
    DeletedOffsetData,
    DeletedOffsetsData,
    LagSummaryData,
)
from app.api.v3.models import ListMetadata, Metadata, Relation
from app.api.v3.responses import errors
from app.broker.groups.alter_offsets import OffsetTarget, alter_offsets
from app.broker.groups.lag import PartitionLag, group_lags
from app.broker.groups.offsets import delete_offsets, fetch_offsets

router = APIRouter(tags=["Consumer Group"], responses=errors())
_LAGS = f"{GROUP}/lags"


@router.get(f"{GROUP}/lag-summary", operation_id="getKafkaConsumerGroupLagSummary")
async def get_summary(
    context: Context, asking: Asking, cluster: Cluster, consumer_group_id: GroupId, links: Linking
) -> LagSummaryData:
    """Say how far a group is behind in all, and where most."""
    lags = group_lags(context, asking, consumer_group_id)
    if not lags:
        raise ApiError(404, 404, "HTTP 404 Not Found: the group has committed nothing")
    worst = max(lags, key=lambda one: one.lag)
    data = _lag_data(links, cluster, consumer_group_id, worst)
    return LagSummaryData(
        metadata=Metadata(
            self=group_url(links, consumer_group_id, "lag-summary"),
            resource_name=f"{links.name(consumer_group=consumer_group_id)}/lag-summary",
        ),
        cluster_id=cluster,
        consumer_group_id=consumer_group_id,
        max_lag_consumer_id=data.consumer_id,
        max_lag_instance_id=data.instance_id,
        max_lag_client_id=data.client_id,
        max_lag_topic_name=worst.topic_name,
        max_lag_partition_id=worst.partition,
        max_lag=worst.lag,
        total_lag=sum(one.lag for one in lags),
        max_lag_consumer=Relation(
            related=group_url(links, consumer_group_id, "consumers", data.consumer_id)
        ),
        max_lag_partition=Relation(
            related=links.url("topics", worst.topic_name, "partitions", worst.partition)
        ),
    )


@router.get(_LAGS, operation_id="listKafkaConsumerLags")
async def list_lags(
    context: Context, asking: Asking, cluster: Cluster, consumer_group_id: GroupId, links: Linking
) -> ConsumerLagDataList:
    """Say how far a group is behind, partition by partition, the furthest first."""
    lags = group_lags(context, asking, consumer_group_id)
    lags.sort(key=lambda one: -one.lag)
    return ConsumerLagDataList(
        metadata=ListMetadata(self=group_url(links, consumer_group_id, "lags"), next=None),
        data=[_lag_data(links, cluster, consumer_group_id, one) for one in lags],
    )


@router.get(
    f"{_LAGS}/{{topic_name}}/partitions/{{partition_id}}", operation_id="getKafkaConsumerLag"
)
async def get_lag(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    topic_name: TopicName,
    partition_id: PartitionId,
    links: Linking,
) -> ConsumerLagData:
    """Say how far a group is behind in one partition."""
    for one in group_lags(context, asking, consumer_group_id):
        if (one.topic_name, one.partition) == (topic_name, partition_id):
            return _lag_data(links, cluster, consumer_group_id, one)
    raise ApiError(404, 404, "HTTP 404 Not Found: the group has committed nothing there")


@router.post(
    f"{GROUP}/offsets:alter",
    operation_id="alterCauceConsumerGroupOffsets",
    responses=errors(409, 415, 416, 422, 507),
)
async def alter(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    links: Linking,
    wanted: AlterOffsetsRequest,
) -> AlteredOffsetsData:
    """Have a group that nobody is in go on reading elsewhere, or show the plan of it."""
    partitions = None
    if wanted.partitions is not None:
        partitions = {(one.topic_name, one.partition_id) for one in wanted.partitions}
    altered = await alter_offsets(
        context,
        asking,
        consumer_group_id,
        OffsetTarget(wanted.target),
        value=wanted.value,
        partitions=partitions,
        validate_only=wanted.validate_only,
    )
    return AlteredOffsetsData(
        metadata=_offsets_metadata(links, consumer_group_id),
        cluster_id=cluster,
        consumer_group_id=consumer_group_id,
        validate_only=wanted.validate_only,
        data=[
            AlteredOffsetData(
                topic_name=one.topic_name,
                partition_id=one.partition,
                current_offset=one.current_offset,
                new_offset=one.new_offset,
                error_code=one.error_code,
            )
            for one in altered
        ],
    )


@router.delete(
    f"{GROUP}/offsets",
    operation_id="deleteCauceConsumerGroupOffsets",
    responses=errors(409, 507),
)
async def delete(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    consumer_group_id: GroupId,
    links: Linking,
    topic_name: Annotated[
        str, Query(description="Of the topic to forget.", max_length=ID_CHARS_MAX)
    ],
    partition_id: Annotated[
        int | None, Query(description="One of its partitions only.", ge=0, le=2**31 - 1)
    ] = None,
) -> DeletedOffsetsData:
    """Forget what a group has committed for a topic that none of its members reads."""
    if partition_id is None:
        committed = fetch_offsets(context, asking, consumer_group_id, None)
        partitions = [at for at in committed if at[0] == topic_name]
    else:
        partitions = [(topic_name, partition_id)]
    outcomes = await delete_offsets(context, asking, consumer_group_id, partitions)
    return DeletedOffsetsData(
        metadata=_offsets_metadata(links, consumer_group_id),
        cluster_id=cluster,
        consumer_group_id=consumer_group_id,
        data=[
            DeletedOffsetData(topic_name=at[0], partition_id=at[1], error_code=code)
            for at, code in sorted(outcomes.items())
        ],
    )


def _offsets_metadata(links: Links, group_id: str) -> Metadata:
    return Metadata(
        self=group_url(links, group_id, "offsets"),
        resource_name=f"{links.name(consumer_group=group_id)}/offsets",
    )


def _lag_data(links: Links, cluster: str, group_id: str, one: PartitionLag) -> ConsumerLagData:
    member = one.member
    below = (one.topic_name, "partitions", one.partition)
    return ConsumerLagData(
        metadata=Metadata(
            self=group_url(links, group_id, "lags", *below),
            resource_name=links.name(
                consumer_group=group_id, lag=one.topic_name, partition=one.partition
            ),
        ),
        cluster_id=cluster,
        consumer_group_id=group_id,
        topic_name=one.topic_name,
        partition_id=one.partition,
        current_offset=one.current_offset,
        log_end_offset=one.log_end_offset,
        lag=one.lag,
        consumer_id=member.member_id if member is not None else "",
        instance_id=member.instance_id if member is not None else None,
        client_id=member.client_id if member is not None else "",
    )
