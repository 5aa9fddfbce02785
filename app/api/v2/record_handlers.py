"""Which handler answers which of REST v2's hot paths; the front and the routes both ask here."""

from collections.abc import Awaitable

from app.api.answers import Send
from app.api.auth.asking import principal_of
from app.api.request_body import Receive, Scope
from app.api.v2.dialects import Dialect
from app.api.v2.errors import answering
from app.api.v2.poll import poll_records
from app.api.v2.produce import NO_NUMBER, produce_records
from app.api.v2.routing import without_trailing_slash
from app.broker.context import BrokerContext
from app.consumers.sessions import Sessions

PARTITION_DIGITS_MAX = 10


def handler_for(
    context: BrokerContext,
    sessions: Sessions,
    dialect: Dialect,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> Awaitable[None] | None:
    """Return the handler of a hot path, or None if it is no such path.

    Args:
        context: The broker.
        sessions: The consumer instances.
        dialect: How to answer where dialects differ.
        scope: The request's.
        receive: The request's.
        send: The request's.
    """
    parts = without_trailing_slash(scope["path"]).split("/")
    if parts[1] == "topics" and scope["method"] == "POST":
        place = _place(parts)
        if place is not None:
            exchange = (scope, receive, send)
            answer = produce_records(context, principal_of(scope), dialect, place, exchange)
            return answering(send, dialect, answer)
    elif parts[1] == "consumers" and scope["method"] == "GET" and _is_poll(parts):
        answer = poll_records(
            sessions, principal_of(scope), dialect, (parts[2], parts[4]), (scope, receive, send)
        )
        return answering(send, dialect, answer)
    return None


def _is_poll(parts: list[str]) -> bool:
    return (
        len(parts) == 6
        and (parts[3], parts[5]) == ("instances", "records")
        and bool(parts[2] and parts[4])
    )


def _place(parts: list[str]) -> tuple[str, int | None] | None:
    """Return the topic of a path, and the partition that it names, if it names one."""
    if len(parts) == 3 and parts[2]:
        return parts[2], None
    if len(parts) == 5 and parts[2] and parts[3] == "partitions" and parts[4]:
        number = parts[4]
        if number.isascii() and number.isdigit() and len(number) <= PARTITION_DIGITS_MAX:
            return parts[2], int(number)
        return parts[2], NO_NUMBER
    return None
