"""The front: answers the hot paths before FastAPI's router sees them.

Produce and fetch are what a broker does all day; routing them by hand makes them several times
cheaper (docs/adr). Everything else goes on to the application. The same handlers are also routes
of the application (``v3/records.py``), which is where their documentation is, so a path that this
front does not recognise is still answered, only slower.
"""

import logging
from collections.abc import Awaitable

from fastapi import FastAPI

from app.api.answers import Send, answering_errors, send_error
from app.api.request_body import Receive, Scope
from app.api.v3.consume import consume_partition, consume_topic
from app.api.v3.produce import produce_batch, produce_records
from app.broker.context import BrokerContext
from app.security.principal import ANONYMOUS

_logger = logging.getLogger(__name__)

PARTITION_DIGITS_MAX = 10
_PREFIX = "/v3/clusters/"


class Front:
    """An ASGI application in front of another one."""

    def __init__(self, app: FastAPI) -> None:
        """Stand in front of an application whose ``state.context`` is the broker."""
        self.application = app
        self.context: BrokerContext | None = None
        """Set when the node runs; before that everything goes on to the application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a hot path, or pass the request on."""
        if scope["type"] == "http" and self.context is not None:
            path: str = scope["path"]
            if path.startswith(_PREFIX):
                answer = self._route(path, scope, receive, send)
                if answer is not None:
                    await _run(answer, scope, send)
                    return
        await self.application(scope, receive, send)

    def _route(
        self, path: str, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None] | None:
        parts = path.split("/")
        if len(parts) not in (7, 9) or parts[4] != "topics" or not parts[3] or not parts[5]:
            return None
        return handler_for(self.context, parts[5:], scope, receive, send)


def handler_for(
    context: BrokerContext | None, parts: list[str], scope: Scope, receive: Receive, send: Send
) -> Awaitable[None] | None:
    """Return the handler of a records path, or None if it is no such path.

    Args:
        context: The broker.
        parts: The segments of the path from the topic's name on.
        scope: The request's.
        receive: The request's.
        send: The request's.
    """
    assert context is not None, "asked only while the node runs"
    method = scope["method"]
    if len(parts) == 2:
        if parts[1] == "records" and method == "POST":
            return produce_records(context, ANONYMOUS, parts[0], scope, receive, send)
        if parts[1] == "records" and method == "GET":
            return consume_topic(context, ANONYMOUS, parts[0], scope, send)
        if parts[1] == "records:batch" and method == "POST":
            return produce_batch(context, ANONYMOUS, parts[0], scope, receive, send)
        return None
    if parts[1] == "partitions" and parts[3] == "records" and method == "GET":
        place = (parts[0], _partition(parts[2]))
        return consume_partition(context, ANONYMOUS, place, scope, send)
    return None


def _partition(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= PARTITION_DIGITS_MAX:
        return int(text)
    return -1


async def _run(answer: Awaitable[None], scope: Scope, send: Send) -> None:
    try:
        await answering_errors(send, answer)
    except Exception:  # the root of the request's task: nothing above would word it
        _logger.exception("%s %s failed", scope["method"], scope["path"])
        await send_error(send, 500, 50002, "Internal Server Error")
