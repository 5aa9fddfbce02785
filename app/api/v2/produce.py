"""REST v2 produce: to a topic, or to one of its partitions.

The answer names a place for every record, or why it was refused; whether a refused record changes
the status, and how it is shown, is the dialect's. ``async=true`` answers once the records are
appended, without their places, as Strimzi's bridge does.

Invariants:
    A body that does not read is refused whole; nothing of it is appended.
Source: Confluent REST Proxy v2, "POST /topics/(topic_name)"; ``dialects``.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from urllib.parse import parse_qs

import msgspec

from app.api.answers import Send, send_answer, send_nothing
from app.api.errors import ApiError, status_and_code
from app.api.records.encoding import Target
from app.api.request_body import Receive, Scope, header, read_body
from app.api.v2.dialects import Dialect, FailedRecord
from app.api.v2.media_types import answer_type, request_format
from app.api.v2.produce_body import parse_produce
from app.api.v2.schema_records import SCHEMA_TYPES, Written, write_records
from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    ClusterAuthorizationFailed,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.produce import ACKS_ALL, ACKS_NONE, Outcome, produce
from app.broker.security.registry_access import RegistryAccess
from app.security.acls import Operation
from app.security.principal import Principal

NO_NUMBER = -1
"""The partition of a path that names it by what is no number."""

_PRODUCED = b'{"partition":%d,"offset":%d,"error_code":null,"error":null}'
_TAIL = b'],"key_schema_id":%b,"value_schema_id":%b}'
_ALL_PRODUCED = {tuple}


async def produce_records(
    context: BrokerContext,
    principal: Principal,
    dialect: Dialect,
    place: tuple[str, int | None],
    exchange: tuple[Scope, Receive, Send],
) -> None:
    """Answer ``POST /topics/{topic_name}`` and ``POST …/partitions/{partition_id}``.

    Args:
        context: The broker.
        principal: Who asks.
        dialect: How to answer where dialects differ.
        place: The topic, and the partition if the path names one.
        exchange: The request's scope, receive and send.
    """
    scope, receive, send = exchange
    topic, partition = place
    accepted = answer_type(header(scope, b"accept"))
    embedded = request_format(
        header(scope, b"content-type"), plain_is_binary=dialect.plain_json_is_binary
    )
    acks = ACKS_NONE if _is_async(scope["query_string"]) else ACKS_ALL
    context.require_topic(principal, Operation.WRITE, topic)
    missing = _missing(context, topic, partition)
    if missing is not None and not (
        missing.error_code == 40401 and dialect.unknown_topic_fails_records
    ):
        raise missing
    body = await read_body(scope, receive)
    now_ms = context.clock.now_ms()
    if embedded in SCHEMA_TYPES:
        found = context.image.topics.get(topic)
        target = Target(
            context.serdes,
            topic,
            found.configs if found is not None else {},
            RegistryAccess(context, principal),
        )
        written = await write_records(target, body, embedded, now_ms, partition)
    else:
        written = Written(parse_produce(body, embedded, now_ms, partition), None, None)
    records = written.records
    if missing is not None:
        refusal = UnknownTopicOrPartition(missing.message)
        outcomes: Sequence[Outcome] = [refusal] * len(records)
    else:
        outcomes = await produce(context, principal, topic, records, acks=acks)
    if acks == ACKS_NONE:
        await send_nothing(send)
        return
    tail = _TAIL % (_number(written.key_schema_id), _number(written.value_schema_id))
    status, answer = _answer(outcomes, dialect, tail)
    await send_answer(send, status, answer, content_type=accepted)


def _missing(context: BrokerContext, topic: str, partition: int | None) -> ApiError | None:
    """Return what is to be said of a topic or partition that is not there."""
    if partition == NO_NUMBER:
        return ApiError(404, 404, "HTTP 404 Not Found")
    found = context.image.topics.get(topic)
    if found is None:
        return ApiError(404, 40401, "Topic not found.")
    if partition is not None and partition >= len(found.partitions):
        return ApiError(404, 40402, "Partition not found.")
    return None


def _is_async(query: bytes) -> bool:
    if not query:
        return False
    return parse_qs(query.decode("ascii", "replace")).get("async", [""])[-1].lower() == "true"


def _number(schema_id: int | None) -> bytes:
    return b"null" if schema_id is None else b"%d" % schema_id


def _answer(outcomes: Sequence[Outcome], dialect: Dialect, tail: bytes) -> tuple[int, bytes]:
    if set(map(type, outcomes)) == _ALL_PRODUCED:
        places = chain.from_iterable(one[:2] for one in outcomes)  # type: ignore[index] # just checked
        line = b",".join([_PRODUCED] * len(outcomes))
        return 200, b'{"offsets":[%b%b' % (line % tuple(places), tail)
    word = _FAILURES[dialect.failed_record]
    lines = [
        msgspec.json.encode(word(one)) if isinstance(one, BrokerError) else _PRODUCED % one[:2]
        for one in outcomes
    ]
    return dialect.failed_record_status, b'{"offsets":[%b%b' % (b",".join(lines), tail)


def _confluent(error: BrokerError) -> Mapping[str, object]:
    """Source: Confluent's ``Errors.codeFromProducerException``."""
    if isinstance(error, TopicAuthorizationFailed | ClusterAuthorizationFailed):
        code = 40301
    else:
        # Of a partition that is not there Kafka says that it may appear; here it cannot soon.
        is_passing = error.retriable and not isinstance(error, UnknownTopicOrPartition)
        code = 50003 if is_passing else 50002
    return {"partition": None, "offset": None, "error_code": code, "error": str(error)}


def _karapace(error: BrokerError) -> Mapping[str, object]:
    is_passing = error.retriable and not isinstance(error, UnknownTopicOrPartition)
    return {"error_code": 2 if is_passing else 1, "error": str(error)}


def _strimzi(error: BrokerError) -> Mapping[str, object]:
    return {"error_code": status_and_code(error)[0], "message": str(error)}


def _kafka(error: BrokerError) -> Mapping[str, object]:
    return {"partition": -1, "offset": -1, "error_code": error.code, "error": str(error)}


_FAILURES: Mapping[FailedRecord, Callable[[BrokerError], Mapping[str, object]]] = {
    FailedRecord.CONFLUENT: _confluent,
    FailedRecord.KARAPACE: _karapace,
    FailedRecord.STRIMZI: _strimzi,
    FailedRecord.KAFKA: _kafka,
}
