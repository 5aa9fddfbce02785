"""REST v2: consumer instances, what they read, and where they read on.

Each instance is a session of ``app.consumers``: this door parses, asks it, and words the answer.
Source: Confluent REST Proxy v2, "Consumers"; ``dialects`` for who differs.
"""

from typing import Annotated
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Body, Depends, Path, Request

from app.api.dependencies import ID_CHARS_MAX, Asking, Context, ServerSessions
from app.api.edge.addresses import base_url
from app.api.errors import ApiError
from app.api.timestamps import parse_search_time
from app.api.v2.consumer_models import (
    V2Consumer,
    V2CreateConsumerRequest,
    V2PartitionList,
    V2PositionsRequest,
    V2Subscription,
    V2SubscriptionRequest,
    V2Timestamp,
    V2TopicPartition,
)
from app.api.v2.consumer_settings import check_name, session_settings
from app.api.v2.dialects import Dialect
from app.api.v2.media_types import V2
from app.api.v2.routing import Speaking, V2Response, V2Route
from app.api.v3.responses import errors
from app.consumers.errors import NotAssigned
from app.consumers.membership.topics import subscribed_names
from app.consumers.model import Position, Subscription, TopicPartition
from app.consumers.session import Session

router = APIRouter(
    tags=["REST v2"],
    route_class=V2Route,
    default_response_class=V2Response,
    responses=errors(406, 409, 415, 422),
)
INSTANCE = "/consumers/{group_name}/instances/{instance}"
_SUBSCRIPTION = f"{INSTANCE}/subscription"

GroupName = Annotated[str, Path(description="The group's id.", max_length=ID_CHARS_MAX)]


def v2_body() -> object:
    """Return how a route declares a body of v2's content type."""
    return Body(media_type=V2.decode())


async def get_session(
    sessions: ServerSessions,
    asking: Asking,
    group_name: GroupName,
    instance: Annotated[str, Path(description="The instance's name.", max_length=ID_CHARS_MAX)],
) -> Session:
    """Return the instance of the path.

    Raises:
        SessionNotFound: There is none.
    """
    return await sessions.get(group_name, instance, asking)


OfInstance = Annotated[Session, Depends(get_session)]


@router.post("/consumers/{group_name}", operation_id="createConsumerV2")
async def create(
    request: Request,
    sessions: ServerSessions,
    asking: Asking,
    speaking: Speaking,
    group_name: GroupName,
    wanted: Annotated[V2CreateConsumerRequest | None, v2_body()] = None,
) -> V2Consumer:
    """Create a consumer instance in a group."""
    wanted = wanted or V2CreateConsumerRequest()
    given = wanted.name if wanted.name is not None else wanted.id
    name = check_name(given) if given is not None else f"rest-consumer-{uuid4()}"
    await sessions.create(session_settings(group_name, name, wanted, speaking), asking)
    path = f"consumers/{quote(group_name, safe='')}/instances/{quote(name, safe='')}"
    return V2Consumer(instance_id=name, base_uri=f"{base_url(request.scope)}/{path}")


@router.delete(INSTANCE, operation_id="deleteConsumerV2", status_code=204)
async def delete(sessions: ServerSessions, asking: Asking, session: OfInstance) -> None:
    """Delete an instance; with auto commit, what it has given out is committed first."""
    settings = session.settings
    assert settings.group is not None, "instances of this door have a group"
    await sessions.delete(settings.group, settings.name, asking)


@router.post(_SUBSCRIPTION, operation_id="subscribeConsumerV2", status_code=204)
async def subscribe(
    session: OfInstance, wanted: Annotated[V2SubscriptionRequest, v2_body()]
) -> None:
    """Subscribe an instance to topics, in place of those it was subscribed to."""
    if wanted.topics is not None and wanted.topic_pattern is not None:
        raise ApiError(409, 40903, "Topics are subscribed to by names or by a pattern, not by both")
    if wanted.topics is None and wanted.topic_pattern is None:
        raise ApiError(422, 422, "Either topics or topic_pattern must be given")
    if wanted.topics == []:
        await session.unsubscribe()
        return
    names = tuple(wanted.topics or ())
    await session.subscribe(Subscription(topics=names, pattern=wanted.topic_pattern))


@router.get(_SUBSCRIPTION, operation_id="getConsumerSubscriptionV2")
async def subscription(context: Context, asking: Asking, session: OfInstance) -> V2Subscription:
    """Show what an instance is subscribed to, and the partitions that it reads."""
    found = session.subscription
    reads: dict[str, list[int]] = {}
    for topic, partition in session.assignment():
        reads.setdefault(topic, []).append(partition)
    topics: tuple[str, ...] = ()
    if found is not None:
        topics = subscribed_names(context, asking, found, context.matched_topics)
    return V2Subscription(
        topics=list(topics), partitions=[{topic: numbers} for topic, numbers in reads.items()]
    )


@router.delete(_SUBSCRIPTION, operation_id="unsubscribeConsumerV2", status_code=204)
async def unsubscribe(session: OfInstance) -> None:
    """Unsubscribe an instance from all topics."""
    await session.unsubscribe()


@router.post(f"{INSTANCE}/assignments", operation_id="assignConsumerV2", status_code=204)
async def assign(session: OfInstance, wanted: Annotated[V2PartitionList, v2_body()]) -> None:
    """Have an instance read these partitions, whatever other instances do."""
    await session.assign(_partitions(wanted.partitions))


@router.get(f"{INSTANCE}/assignments", operation_id="getConsumerAssignmentsV2")
async def assignments(session: OfInstance) -> V2PartitionList:
    """List the partitions that an instance reads."""
    return V2PartitionList(
        partitions=[
            V2TopicPartition(topic=topic, partition=partition)
            for topic, partition in session.assignment()
        ]
    )


@router.post(f"{INSTANCE}/positions", operation_id="seekConsumerV2", status_code=204)
async def seek(
    session: OfInstance, speaking: Speaking, wanted: Annotated[V2PositionsRequest, v2_body()]
) -> None:
    """Have an instance read on at offsets, or at times."""
    times = {TopicPartition(one.topic, one.partition): _time_ms(one) for one in wanted.timestamps}
    try:
        if wanted.offsets:
            await session.seek(
                [Position(one.topic, one.partition, one.offset) for one in wanted.offsets]
            )
        if times:
            await session.seek_to_timestamp(times)
    except NotAssigned as error:
        raise _unassigned(error, speaking) from error


@router.post(
    f"{INSTANCE}/positions/beginning", operation_id="seekConsumerToBeginningV2", status_code=204
)
async def seek_to_beginning(
    session: OfInstance, speaking: Speaking, wanted: Annotated[V2PartitionList, v2_body()]
) -> None:
    """Have an instance read on at the first record that there is."""
    try:
        await session.seek_to_beginning(_partitions(wanted.partitions))
    except NotAssigned as error:
        raise _unassigned(error, speaking) from error


@router.post(f"{INSTANCE}/positions/end", operation_id="seekConsumerToEndV2", status_code=204)
async def seek_to_end(
    session: OfInstance, speaking: Speaking, wanted: Annotated[V2PartitionList, v2_body()]
) -> None:
    """Have an instance read on behind the last record that there is."""
    try:
        await session.seek_to_end(_partitions(wanted.partitions))
    except NotAssigned as error:
        raise _unassigned(error, speaking) from error


def _partitions(given: list[V2TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(one.topic, one.partition) for one in given]


def _unassigned(error: NotAssigned, dialect: Dialect) -> ApiError:
    status, code = dialect.seek_unassigned
    return ApiError(status, code, str(error))


def _time_ms(wanted: V2Timestamp) -> int:
    try:
        return max(parse_search_time(wanted.timestamp), 0)
    except (ValueError, OverflowError):
        raise ApiError(
            422, 422, "timestamps: ISO 8601 with an offset from UTC, or milliseconds since 1970"
        ) from None
