"""REST v2: the routes of records, as they stand in the OpenAPI document.

The front answers them before FastAPI's router; these routes lead to the same handlers, so what is
documented is what runs.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.dependencies import get_context, get_sessions
from app.api.v2.record_handlers import handler_for
from app.api.v2.records_openapi import (
    INSTANCE_PATH,
    PARTITION_PATH,
    POLL_QUERY,
    POLL_RESPONSES,
    PRODUCE_BODY,
    PRODUCE_QUERY,
    PRODUCE_RESPONSES,
    TOPIC_PATH,
)
from app.api.v2.routing import get_dialect
from app.api.v3.responses import errors

router = APIRouter(tags=["REST v2"], responses=errors())


class _Handled(Response):
    """Leaves the whole answer to a handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        context, sessions = get_context(request), get_sessions(request)
        answer = handler_for(context, sessions, get_dialect(request), scope, receive, send)
        assert answer is not None, "the router let no other path through"
        await answer


def _documented(**extra: Any) -> dict[str, Any]:
    return {"openapi_extra": extra, "response_class": _Handled, "response_model": None}


@router.post(
    "/topics/{topic_name}",
    operation_id="produceV2",
    responses={**PRODUCE_RESPONSES, **errors(406, 415, 422)},
    **_documented(parameters=[*TOPIC_PATH, *PRODUCE_QUERY], requestBody=PRODUCE_BODY),
)
async def produce_to_topic() -> Response:
    """Produce records to a topic."""
    return _Handled()


@router.post(
    "/topics/{topic_name}/partitions/{partition_id}",
    operation_id="produceToPartitionV2",
    responses={**PRODUCE_RESPONSES, **errors(406, 415, 422)},
    **_documented(parameters=[*PARTITION_PATH, *PRODUCE_QUERY], requestBody=PRODUCE_BODY),
)
async def produce_to_partition() -> Response:
    """Produce records to one partition of a topic."""
    return _Handled()


@router.get(
    "/consumers/{group_name}/instances/{instance}/records",
    operation_id="pollConsumerV2",
    responses={**POLL_RESPONSES, **errors(406, 409, 416, 422)},
    **_documented(parameters=[*INSTANCE_PATH, *POLL_QUERY]),
)
async def poll() -> Response:
    """Poll an instance: its next records, at the first data or, without any, after the wait.

    At least one record is answered, however small `max_bytes` is.
    """
    return _Handled()
