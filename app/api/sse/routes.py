"""REST v3: streams of server-sent events, as they stand in the OpenAPI document."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.answers import answering_errors
from app.api.auth.asking import principal_of
from app.api.dependencies import get_context
from app.api.errors import ApiError
from app.api.sse import door
from app.api.sse.openapi import (
    DONE_RESPONSE,
    STREAM_RESPONSE,
    TOPIC_PARAMETERS,
    TOPICS_PARAMETERS,
)
from app.api.v3.responses import errors

router = APIRouter(tags=["Records"], responses=errors())
_CLUSTER = "/v3/clusters/{cluster_id}"


class _Streamed(Response):
    """Leaves the whole answer to the door of streams."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        get_context(Request(scope))
        streams: door.StreamDoor | None = getattr(scope["app"].state, "streams", None)
        if streams is None:
            raise ApiError(503, 50302, "This node is starting or shutting down")
        request = door.Request(
            principal=principal_of(scope),
            scope=scope,
            receive=receive,
            send=send,
            topic=scope["path_params"].get("topic_name"),
        )
        await answering_errors(send, streams.serve(request))


def _documented(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "responses": {200: STREAM_RESPONSE, 204: DONE_RESPONSE, **errors(406, 409, 416, 422)},
        "openapi_extra": {"parameters": parameters},
        "response_class": _Streamed,
        "response_model": None,
    }


@router.get(
    f"{_CLUSTER}/topics/{{topic_name}}/records:stream",
    operation_id="streamTopicRecords",
    **_documented(TOPIC_PARAMETERS),
)
async def stream_topic() -> Response:
    """Stream the records of a topic as they come (server-sent events).

    Works with a browser's EventSource, which comes back by itself where it was, and with `curl -N`.
    """
    return _Streamed()


@router.get(
    f"{_CLUSTER}/records:stream",
    operation_id="streamRecords",
    **_documented(TOPICS_PARAMETERS),
)
async def stream_topics() -> Response:
    """Stream the records of several topics as they come (server-sent events)."""
    return _Streamed()
