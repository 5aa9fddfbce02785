"""REST v3 produce: records in, one receipt each, in their order.

A body with a Content-Length is taken whole. A chunked one is a stream: the answer begins at once
and receipts flow while the body is still open; several pieces are on their way to the disk at a
time, and their receipts still come in the order of the records.

Invariants:
    A record is appended only when its whole JSON object has been read (T40).
    A client that leaves ends the reading; what was appended stays, what waits is awaited.
    After a syntax error the stream ends with one receipt that says so.
Source: Confluent REST Proxy v3, "Produce records" (200 with the failure in the receipt; a line
break behind each receipt; the cluster id of the path is not looked at).
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import msgspec

from app.api.answers import Send, send_answer
from app.api.embedded_formats import JSON_DEPTH_MAX
from app.api.errors import ApiError, encode_error, status_and_code
from app.api.json_stream import MalformedStream, ObjectSplitter
from app.api.records.encoding import Target, settle
from app.api.records.parsing import (
    BatchIn,
    Parsed,
    ParseOutcome,
    Refused,
    parse_body,
    parse_entry,
    parse_one,
    refusal_of,
)
from app.api.request_body import (
    BODY_BYTES_MAX,
    ClientLeft,
    Receive,
    Scope,
    header,
    pieces,
    read_body,
)
from app.api.timestamps import format_timestamp
from app.broker.context import BrokerContext
from app.broker.errors import BrokerError, UnknownTopicOrPartition
from app.broker.produce import Outcome, Produced, produce
from app.broker.security.registry_access import RegistryAccess
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType

CONTENT_TYPES = frozenset({b"application/json", b"application/x-ndjson"})
ENTRIES_MAX = 1_000
"""Entries of one ``records:batch``."""

ENTRY_ID_CHARS_MAX = 80
STREAM_PIECES_MAX = 16
"""Pieces of a stream that are on their way to the disk at a time."""

_batch_decoder = msgspec.json.Decoder(BatchIn)


async def produce_records(
    context: BrokerContext,
    principal: Principal,
    topic: str,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer ``POST /v3/clusters/{cluster_id}/topics/{topic_name}/records``."""
    _check_content_type(scope)
    _check_topic(context, principal, topic)
    receipts = _Receipts(context, topic)
    if header(scope, b"transfer-encoding").lower() == b"chunked":
        await _Stream(context, principal, topic, receipts).run(scope, receive, send)
        return
    body = await read_body(scope, receive)
    now_ms = context.clock.now_ms()
    parsed = parse_body(body, now_ms)
    if parsed is None:
        parsed = _take_apart(body, now_ms)
    if not parsed:
        raise ApiError(422, 422, "Payload error. Request body is empty. Data is required.")
    settled = await settle(_target(context, principal, topic), parsed)
    outcomes = await _produce_all(context, principal, topic, settled)
    await send_answer(send, 200, receipts.lines(settled, outcomes))


async def produce_batch(
    context: BrokerContext,
    principal: Principal,
    topic: str,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer ``POST /v3/clusters/{cluster_id}/topics/{topic_name}/records:batch``."""
    _check_content_type(scope)
    _check_topic(context, principal, topic)
    ids, read = _parse_entries(await read_body(scope, receive), context.clock.now_ms())
    parsed = await settle(_target(context, principal, topic), read)
    outcomes = await _produce_all(context, principal, topic, parsed)
    receipts = _Receipts(context, topic)
    successes: list[msgspec.Raw] = []
    failures: list[dict[str, object]] = []
    for entry_id, one, outcome in zip(ids, parsed, outcomes, strict=True):
        if not isinstance(one, Refused) and isinstance(outcome, tuple):
            written = receipts.success(one, outcome, entry_id)
            successes.append(msgspec.Raw(written))
        else:
            code, message = _failure(one, outcome)
            failures.append({"id": entry_id, "error_code": code, "message": message})
    body = msgspec.json.encode({"successes": successes, "failures": failures})
    await send_answer(send, 207, body)


_ALL_PRODUCED = {tuple}


class _Receipts:
    """Words the receipts of one request."""

    def __init__(self, context: BrokerContext, topic: str) -> None:
        self._place, self._template = _place_and_template(context.image.cluster_id, topic)

    def lines(
        self, parsed: Sequence[Parsed | Refused], outcomes: Sequence[Outcome | None]
    ) -> bytes:
        """Return one receipt a line."""
        if set(map(type, outcomes)) == _ALL_PRODUCED and Refused not in set(map(type, parsed)):
            return self._successes(parsed, outcomes)  # type: ignore[arg-type] # just checked
        written = []
        for one, outcome in zip(parsed, outcomes, strict=True):
            if not isinstance(one, Refused) and isinstance(outcome, tuple):
                written.append(self._successes([one], [outcome]))
            else:
                written.append(encode_error(*_failure(one, outcome)) + b"\r\n")
        return b"".join(written)

    def _successes(self, parsed: Sequence[Parsed], outcomes: Sequence[Produced]) -> bytes:
        """Return the receipts of records that have all landed, worded in one go."""
        partitions, offsets, times = zip(*outcomes, strict=True)
        tails = [tail for _, tail in parsed]
        fields: Iterable[tuple[object, ...]]
        if len(set(partitions)) == len(set(times)) == 1:
            before = b'%b%d,"offset":%%d' % (self._template, partitions[0])
            line = before + b',"timestamp":"%b"%%b\r\n' % format_timestamp(times[0])
            fields = zip(offsets, tails, strict=True)
        else:
            line = self._template + b'%d,"offset":%d,"timestamp":"%b"%b\r\n'
            fields = zip(partitions, offsets, map(format_timestamp, times), tails, strict=True)
        return line * len(tails) % tuple(chain.from_iterable(fields))

    def success(self, one: Parsed, outcome: Produced, entry_id: str) -> bytes:
        """Return the receipt of one entry of a batch."""
        return b'{"id":%b,%b%d,"offset":%d,"timestamp":"%b"%b' % (
            msgspec.json.encode(entry_id),
            self._place,
            outcome[0],
            outcome[1],
            format_timestamp(outcome[2]),
            one[1],
        )


@lru_cache(maxsize=1_024)
def _place_and_template(cluster_id: str, topic: str) -> tuple[bytes, bytes]:
    """Return how a receipt names a place up to the partition's number; the same for formatting."""
    fields = msgspec.json.encode({"cluster_id": cluster_id, "topic_name": topic, "partition_id": 0})
    place = fields[1:-2]
    return place, b'{"error_code":200,' + place.replace(b"%", b"%%")


class _Stream:
    """One streamed produce: a reader that appends, a writer that sends receipts behind it."""

    def __init__(
        self, context: BrokerContext, principal: Principal, topic: str, receipts: _Receipts
    ) -> None:
        self._context = context
        self._principal = principal
        self._topic = topic
        self._receipts = receipts
        self._splitter = ObjectSplitter(object_bytes_max=BODY_BYTES_MAX, depth_max=JSON_DEPTH_MAX)
        self._pending: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(STREAM_PIECES_MAX)
        self._settling = asyncio.Lock()
        """One piece's schemas are found after the other's, so that appends keep their order."""

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_receipts(send))
            await self._read(scope, receive, tasks)
            await self._pending.put(None)

    async def _read(self, scope: Scope, receive: Receive, tasks: asyncio.TaskGroup) -> None:
        seen = False
        try:
            async for piece in pieces(scope, receive):
                objects = self._splitter.feed(piece)
                if objects:
                    seen = True
                    await self._begin(tasks, objects)
            self._splitter.finish()
            if not seen:
                await self._end(tasks, 422, "Request body is empty. Data is required.")
        except MalformedStream as error:
            if error.args[1]:
                await self._begin(tasks, error.args[1])
            await self._end(tasks, 400, f"Bad Request: {error.args[0]}")
        except ApiError as error:
            await self._end(tasks, error.error_code, error.message)
        except ClientLeft:
            return

    async def _begin(self, tasks: asyncio.TaskGroup, objects: Sequence[bytes]) -> None:
        work = self._context.measured(self._principal, self._append(objects))
        await self._pending.put(tasks.create_task(work))

    async def _append(self, objects: Sequence[bytes]) -> bytes:
        now_ms = self._context.clock.now_ms()
        parsed = parse_body(b"\n".join(objects), now_ms)
        if parsed is None:
            parsed = [parse_one(text, now_ms) for text in objects]
        async with self._settling:
            settled = await settle(_target(self._context, self._principal, self._topic), parsed)
        await self._context.wait_out(self._principal, QuotaType.PRODUCE)
        try:
            outcomes = await _produce_all(self._context, self._principal, self._topic, settled)
        except BrokerError as error:
            outcomes = [error] * len(settled)
        return self._receipts.lines(settled, outcomes)

    async def _end(self, tasks: asyncio.TaskGroup, code: int, message: str) -> None:
        async def last() -> bytes:
            return encode_error(code, message) + b"\r\n"

        await self._pending.put(tasks.create_task(last()))

    async def _send_receipts(self, send: Send) -> None:
        while (task := await self._pending.get()) is not None:
            lines = await task
            await send({"type": "http.response.body", "body": lines, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _produce_all(
    context: BrokerContext, principal: Principal, topic: str, parsed: Sequence[Parsed | Refused]
) -> list[Outcome | None]:
    """Produce what parsed; the outcome of what did not is None."""
    if Refused not in set(map(type, parsed)):
        return await produce(context, principal, topic, [one[0] for one in parsed])  # type: ignore[return-value, misc] # just checked
    good = [one[0] for one in parsed if not isinstance(one, Refused)]
    landed = iter(await produce(context, principal, topic, good) if good else [])
    return [None if isinstance(one, Refused) else next(landed) for one in parsed]


def _failure(one: Parsed | Refused, outcome: Outcome | None) -> tuple[int, str]:
    if isinstance(one, Refused):
        return one.error_code, one.message
    assert isinstance(outcome, BrokerError), "a record that parsed has landed or has its error"
    if isinstance(outcome, UnknownTopicOrPartition):
        return 40402, str(outcome)
    return status_and_code(outcome)[1], str(outcome)


def _target(context: BrokerContext, principal: Principal, topic: str) -> Target:
    found = context.image.topics.get(topic)
    return Target(
        context.serdes,
        topic,
        found.configs if found is not None else {},
        RegistryAccess(context, principal),
    )


def _take_apart(body: bytes, now_ms: int) -> list[ParseOutcome]:
    """Parse a body that does not decode as a whole, object by object, up to a syntax error."""
    splitter = ObjectSplitter(object_bytes_max=BODY_BYTES_MAX, depth_max=JSON_DEPTH_MAX)
    objects: list[bytes] = []
    end: Refused | None = None
    try:
        objects = splitter.feed(body)
        splitter.finish()
    except MalformedStream as error:
        objects = objects or error.args[1]
        end = Refused(400, f"Bad Request: {error.args[0]}")
    parsed = [parse_one(text, now_ms) for text in objects]
    return [*parsed, end] if end is not None else parsed


def _parse_entries(body: bytes, now_ms: int) -> tuple[list[str], list[ParseOutcome]]:
    if not body.strip():
        raise ApiError(422, 42208, "Batch error: the request body is empty.")
    try:
        body.decode()
        batch = _batch_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        refused = refusal_of(error)
        status = 422 if refused.error_code == 422 else 400
        raise ApiError(status, refused.error_code, refused.message) from None
    if not 0 < len(batch.entries) <= ENTRIES_MAX:
        raise ApiError(422, 42208, f"Batch error: a batch has 1 to {ENTRIES_MAX} entries.")
    by_id: dict[str, ParseOutcome] = {}
    for entry in batch.entries:
        entry_id, one = parse_entry(bytes(entry), now_ms)
        if entry_id is None:
            assert isinstance(one, Refused), "an entry without an id did not parse"
            raise ApiError(422, one.error_code if one.error_code == 422 else 42208, one.message)
        if not 0 < len(entry_id) <= ENTRY_ID_CHARS_MAX or entry_id in by_id:
            raise ApiError(
                422,
                42208,
                f"Batch error: ids are unique and of 1 to {ENTRY_ID_CHARS_MAX} characters.",
            )
        by_id[entry_id] = one
    return list(by_id), list(by_id.values())


def _check_content_type(scope: Scope) -> None:
    given = header(scope, b"content-type").split(b";")[0].strip().lower()
    if given not in CONTENT_TYPES:
        raise ApiError(
            415, 415, "Unsupported Media Type: send application/json or application/x-ndjson"
        )


def _check_topic(context: BrokerContext, principal: Principal, topic: str) -> None:
    """Refuse at once what would fail for every record."""
    context.require_topic(principal, Operation.WRITE, topic)
    if topic not in context.image.topics:
        raise ApiError(404, 40401, f"Topic not found: this server does not host topic {topic!r}.")
