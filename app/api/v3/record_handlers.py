"""Which handler answers which records path; the front and the documented routes both ask here."""

from collections.abc import Awaitable

from app.api.answers import Send
from app.api.auth.asking import principal_of
from app.api.request_body import Receive, Scope
from app.api.v3.consume import consume_partition, consume_topic
from app.api.v3.produce import produce_batch, produce_records
from app.broker.context import BrokerContext

PARTITION_DIGITS_MAX = 10


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
    principal = principal_of(scope)
    if len(parts) == 2:
        if parts[1] == "records" and method == "POST":
            return produce_records(context, principal, parts[0], scope, receive, send)
        if parts[1] == "records" and method == "GET":
            return consume_topic(context, principal, parts[0], scope, receive, send)
        if parts[1] == "records:batch" and method == "POST":
            return produce_batch(context, principal, parts[0], scope, receive, send)
        return None
    if parts[1] == "partitions" and parts[3] == "records" and method == "GET":
        place = (parts[0], _partition(parts[2]))
        return consume_partition(context, principal, place, scope, receive, send)
    return None


def _partition(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= PARTITION_DIGITS_MAX:
        return int(text)
    return -1
