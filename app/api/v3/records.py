"""REST v3: the records routes, as they stand in the OpenAPI document.

The front answers them before FastAPI's router; these routes lead to the same handlers, so what is
documented is what runs.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.answers import answering_errors
from app.api.dependencies import get_context
from app.api.v3.record_handlers import handler_for
from app.api.v3.records_openapi import (
    BATCH_BODY,
    BATCH_RESPONSE,
    CONSUME_PARTITION_RESPONSE,
    CONSUME_TOPIC_RESPONSE,
    PARTITION_QUERY,
    PATH,
    PATH_WITH_PARTITION,
    RECORDS_BODY,
    RECORDS_RESPONSE,
    TOPIC_QUERY,
)
from app.api.v3.responses import errors

router = APIRouter(tags=["Records"], responses=errors())
_TOPIC = "/v3/clusters/{cluster_id}/topics/{topic_name}"


class _Handled(Response):
    """Leaves the whole answer to a handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = get_context(Request(scope))
        parts = scope["path"].split("/")[5:]
        answer = handler_for(context, parts, scope, receive, send)
        assert answer is not None, "the router let no other path through"
        await answering_errors(send, answer)


def _documented(**extra: Any) -> dict[str, Any]:
    return {"openapi_extra": extra, "response_class": _Handled, "response_model": None}


@router.post(
    f"{_TOPIC}/records",
    operation_id="produceRecord",
    responses={200: RECORDS_RESPONSE, **errors(415, 422)},
    **_documented(parameters=PATH, requestBody=RECORDS_BODY),
)
async def produce_records() -> Response:
    """Produce records: one, several one after another, or an open stream of them.

    The answer has one receipt for each record, in their order, each on a line of its own. It is
    200 even if records were refused: look at each receipt's `error_code`.
    """
    return _Handled()


@router.post(
    f"{_TOPIC}/records:batch",
    operation_id="produceRecordsBatch",
    status_code=207,
    responses={207: BATCH_RESPONSE, **errors(415, 422)},
    **_documented(parameters=PATH, requestBody=BATCH_BODY),
)
async def produce_batch() -> Response:
    """Produce a batch of records with ids of the client's choice."""
    return _Handled()


@router.get(
    f"{_TOPIC}/records",
    operation_id="consumeTopicRecords",
    responses={200: CONSUME_TOPIC_RESPONSE, **errors(406, 416, 422)},
    **_documented(parameters=[*PATH, *TOPIC_QUERY]),
)
async def consume_topic() -> Response:
    """Consume records of all partitions of a topic, from a cursor on.

    A topic of more than 2,000 partitions is read partition by partition: its cursor would not fit
    into the head of a request.
    """
    return _Handled()


@router.get(
    f"{_TOPIC}/partitions/{{partition_id}}/records",
    operation_id="consumePartitionRecords",
    responses={200: CONSUME_PARTITION_RESPONSE, **errors(406, 416, 422)},
    **_documented(parameters=[*PATH_WITH_PARTITION, *PARTITION_QUERY]),
)
async def consume_partition() -> Response:
    """Consume records of a partition from an offset, a timestamp, its start or its end on."""
    return _Handled()
