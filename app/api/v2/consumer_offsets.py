"""REST v2: what a consumer instance commits, and what its group has committed.

Whether an offset in a commit is that of the last record read or of the next one differs between
dialects (``commits_next``); what is answered is always what is stored, the next one's.
Source: Confluent REST Proxy v2, "POST (base_uri)/offsets" and "GET"; ``dialects``.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.errors import ApiError
from app.api.v2.consumer_models import (
    V2CommitRequest,
    V2CommittedOffset,
    V2CommittedOffsetList,
    V2PartitionList,
)
from app.api.v2.consumers import INSTANCE, OfInstance, v2_body
from app.api.v2.routing import Speaking, V2Response, V2Route
from app.api.v3.responses import errors
from app.broker import errors as broker
from app.broker.errors import BrokerError
from app.consumers.model import OffsetToCommit, TopicPartition

router = APIRouter(
    tags=["REST v2"],
    route_class=V2Route,
    default_response_class=V2Response,
    responses=errors(406, 409, 415, 422),
)
_OFFSETS = f"{INSTANCE}/offsets"
OFFSET_MAX = 2**63 - 1


@router.post(
    _OFFSETS,
    operation_id="commitConsumerV2",
    response_model=None,
    responses={
        200: {"description": "Committed (`rest_compat` is `confluent`)."},
        204: {"description": "Committed."},
    },
)
async def commit(
    session: OfInstance,
    speaking: Speaking,
    wanted: Annotated[V2CommitRequest | None, v2_body()] = None,
    asynchronous: Annotated[
        bool,
        Query(alias="async", description="Taken; the answer still comes when it is durable."),
    ] = False,
) -> Response:
    """Commit offsets; without a body, everything that the instance has given out."""
    del asynchronous
    given = None
    if wanted is not None and (wanted.offsets, wanted.partitions) != (None, None):
        given = [*(wanted.offsets or ()), *(wanted.partitions or ())]
    offsets = None
    if given is not None:
        added = 1 if speaking.commits_next else 0
        offsets = {
            TopicPartition(one.topic, one.partition): OffsetToCommit(
                min(one.offset + added, OFFSET_MAX), metadata=one.metadata or ""
            )
            for one in given
        }
    _raise_refused(await session.commit(offsets))
    if speaking.commit_status == 204:
        return Response(status_code=204)
    return V2Response([])


@router.get(_OFFSETS, operation_id="getConsumerOffsetsV2")
async def committed(
    session: OfInstance,
    speaking: Speaking,
    wanted: Annotated[V2PartitionList | None, v2_body()] = None,
) -> V2CommittedOffsetList:
    """List what the group has committed for the partitions that the body names."""
    if wanted is None:
        raise ApiError(404, 40402, "Partition not found: the body names the partitions asked for")
    partitions = [TopicPartition(one.topic, one.partition) for one in wanted.partitions]
    found = await session.committed(partitions)
    offsets = []
    for partition in partitions:
        one = found.get(partition)
        offset = speaking.uncommitted_offset if one is None else one.offset
        if offset is not None:
            offsets.append(
                V2CommittedOffset(
                    topic=partition.topic,
                    partition=partition.partition,
                    offset=offset,
                    metadata="" if one is None else one.metadata,
                )
            )
    return V2CommittedOffsetList(offsets=offsets)


_BY_CODE: Mapping[int, type[BrokerError]] = {
    error.code: error
    for error in BrokerError.__subclasses__()
    if error.__module__ == broker.__name__
}


def _raise_refused(outcomes: Mapping[TopicPartition, int]) -> None:
    """Raise what refused the first partition of which nothing was committed."""
    for (topic, partition), code in outcomes.items():
        if code:
            refusal = _BY_CODE.get(code, BrokerError)
            raise refusal(f"Nothing was committed for {topic}-{partition}: {refusal.name}")
