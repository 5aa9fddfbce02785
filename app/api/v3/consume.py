"""REST v3 consume: stateless reads of a partition, or of all partitions of a topic.

Ours: Confluent's v3 has no consume. A reader keeps its own place, an offset or, over several
partitions, an opaque cursor; every answer says where to go on, in its body and in a Link header.
JSON, NDJSON or raw record batches by Accept. ``wait_ms`` makes it a long poll that answers at the
first record. With ``filter`` only matching records are shown, a request looks for them for a
bounded time, and its answer says how many it has looked at.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from app.api.answers import HeaderList, Send, send_answer
from app.api.edge.addresses import this_url
from app.api.errors import ApiError
from app.api.presence import while_here
from app.api.records.decoding import with_decoded
from app.api.records.filtering import counts_header, filter_of
from app.api.records.reading import UnreadableBatch, open_batches
from app.api.records.rendering import render_records
from app.api.request_body import Receive, Scope, header
from app.api.v3.consume_query import PARTITIONS_MAX, ConsumeQuery, Cursor, parse_query
from app.broker.context import DEBT_MS_MAX, BrokerContext
from app.broker.fetch import (
    FetchBounds,
    FetchedPartition,
    WantedPartition,
    begin_fetch,
    read_slice,
)
from app.broker.list_offsets import NO_OFFSET, OffsetSpec, list_offsets
from app.broker.partitions import partition_metadata
from app.consumers.filters.record_filter import picked
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from storage.format.decoder import Columns
from storage.segments.log_slice import LogSlice

_logger = logging.getLogger(__name__)

JSON = b"application/json"
NDJSON = b"application/x-ndjson"
RECORD_BATCHES = b"application/vnd.cauce.recordbatches"
_SERVED = (JSON, NDJSON, RECORD_BATCHES)

PIECE_BYTES = 512 * 1024
"""Raw batches leave in pieces of this size, so that memory does not hold the whole answer."""

RENDERED_BYTES_MAX = 16 * 1024 * 1024
"""A page of compressed batches ends when their records fill so many bytes of JSON."""

FILTER_SECONDS_MAX = 5.0
"""How long a request looks for records that match, unless it waits for longer anyway."""

NEXT_OFFSET_HEADER = b"cauce-next-offset"
HIGH_WATERMARK_HEADER = b"cauce-high-watermark"


@dataclass(slots=True, kw_only=True)
class _Page:
    """What one partition gives to an answer."""

    partition: int
    next_offset: int
    high_watermark: int
    count: int
    records: list[bytes]
    """The JSON of the records of a batch, apart by the separator."""


class _Reader:
    """How one request reads: what it was asked, until when, through which filter."""

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        query: ConsumeQuery,
        accept: bytes,
        receive: Receive,
    ) -> None:
        """Begin to count the time.

        Raises:
            InvalidFilter: The filter is not one.
        """
        self.context = context
        self.principal = principal
        self.query = query
        self._receive = receive
        self.separator = b"\n" if accept == NDJSON else b","
        if query.filter is not None and accept == RECORD_BATCHES:
            raise ApiError(400, 400, "Bad Request: raw record batches cannot be filtered")
        self.filter = filter_of(query.filter)
        now = context.clock.monotonic()
        self._wait_until = now + query.wait_ms / 1000
        self._look_until = max(self._wait_until, now + FILTER_SECONDS_MAX)

    @property
    def bounds(self) -> FetchBounds:
        """Of the next fetch: it waits as long as the request still may."""
        left_ms = int((self._wait_until - self.context.clock.monotonic()) * 1000)
        return FetchBounds(max_bytes=self.query.max_bytes, wait_ms=max(0, left_ms))

    async def fetch(self, wanted: Sequence[WantedPartition]) -> list[FetchedPartition]:
        """Fetch, and wait no longer than the client does.

        Raises:
            ClientLeft: It has left.
        """
        found = begin_fetch(self.context, self.principal, wanted, self.bounds)
        return found if isinstance(found, list) else await while_here(found, self._receive)

    @property
    def may_look_on(self) -> bool:
        """Whether there is time to look at more that may not match."""
        return self.filter is None or self.context.clock.monotonic() < self._look_until

    def filter_headers(self) -> HeaderList:
        """Return what the headers say of the filter."""
        return () if self.filter is None else [counts_header(self.filter)]

    def filter_counts(self) -> bytes:
        """Return what the body says of the filter, with a comma before it."""
        if self.filter is None:
            return b""
        return b',"filter":%b' % msgspec.json.encode(self.filter.counts())


async def consume_partition(
    context: BrokerContext,
    principal: Principal,
    place: tuple[str, int],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer ``GET …/topics/{topic_name}/partitions/{partition_id}/records``."""
    topic, partition = place
    accept = _negotiate(scope)
    query = parse_query(scope["query_string"], over_partitions=False)
    reader = _Reader(context, principal, query, accept, receive)
    context.require_topic(principal, Operation.READ, topic)
    context.require_quota(principal, QuotaType.FETCH, up_to_ms=DEBT_MS_MAX)
    partition_metadata(context.topic(topic), partition)
    offset = query.offset
    if offset is None:
        offset = _start(context, principal, place, query)
    fetched = await _fetch_one(reader, place, offset)
    if accept == RECORD_BATCHES:
        await _send_batches(context, scope, fetched, send)
        return
    page = await _page(reader, fetched, query.max_records)
    while not page.count and page.next_offset > fetched.wanted.offset and reader.may_look_on:
        # Markers, what compaction has emptied, what does not match: go on to the end of the log.
        fetched = await _fetch_one(reader, place, page.next_offset)
        page = await _page(reader, fetched, query.max_records)
    headers = [
        _link(scope, query.next_page(offset=page.next_offset)),
        (NEXT_OFFSET_HEADER, b"%d" % page.next_offset),
        (HIGH_WATERMARK_HEADER, b"%d" % page.high_watermark),
        *reader.filter_headers(),
    ]
    records = reader.separator.join(page.records)
    if accept == NDJSON:
        await _send_lines(send, records, headers)
        return
    body = b'{"kind":"CauceRecordList","metadata":%b,"data":[%b],"next_offset":%d,' % (
        _metadata(scope, query.next_page(offset=page.next_offset)),
        records,
        page.next_offset,
    )
    body += b'"high_watermark":%d%b}' % (page.high_watermark, reader.filter_counts())
    await send_answer(send, 200, body, content_type=JSON, headers=headers)


async def consume_topic(
    context: BrokerContext,
    principal: Principal,
    topic: str,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer ``GET …/topics/{topic_name}/records``: all partitions, from a cursor on."""
    accept = _negotiate(scope)
    if accept == RECORD_BATCHES:
        raise ApiError(
            406, 406, "Not Acceptable: raw record batches are read partition by partition"
        )
    query = parse_query(scope["query_string"], over_partitions=True)
    reader = _Reader(context, principal, query, accept, receive)
    context.require_topic(principal, Operation.READ, topic)
    context.require_quota(principal, QuotaType.FETCH, up_to_ms=DEBT_MS_MAX)
    found = context.topic(topic)
    if len(found.partitions) > PARTITIONS_MAX:
        raise ApiError(
            400,
            40002,
            f"Topic {topic!r} has {len(found.partitions)} partitions, more than the "
            f"{PARTITIONS_MAX} that a cursor can be over: read it partition by partition",
        )
    cursor = query.cursor or Cursor(topic_id=found.topic_id, offsets=(), first=0)
    if cursor.topic_id != found.topic_id:
        raise ApiError(400, 400, "Bad Request: the cursor belongs to another topic of that name")
    offsets = list(cursor.offsets[: len(found.partitions)])
    for partition in range(len(offsets), len(found.partitions)):
        beginning = query.cursor is not None
        start = 0 if beginning else _start(context, principal, (topic, partition), query)
        offsets.append(start)
    before: list[int] = []
    pages: list[_Page] = []
    while offsets != before and not any(page.count for page in pages) and reader.may_look_on:
        before = list(offsets)
        pages = await _pages(reader, topic, cursor.first, offsets)
    following = Cursor(
        topic_id=found.topic_id,
        offsets=tuple(offsets),
        first=(cursor.first + 1) % len(offsets),
    ).encode()
    records = reader.separator.join([records for page in pages for records in page.records])
    headers = [
        _link(scope, query.next_page(cursor=following)),
        (b"cauce-next-cursor", following.encode()),
        *reader.filter_headers(),
    ]
    if accept == NDJSON:
        await _send_lines(send, records, headers)
        return
    places = [
        {
            "partition_id": page.partition,
            "next_offset": page.next_offset,
            "high_watermark": page.high_watermark,
        }
        for page in sorted(pages, key=lambda page: page.partition)
    ]
    body = b'{"kind":"CauceRecordList","metadata":%b,"data":[%b],"next_cursor":"%b",' % (
        _metadata(scope, query.next_page(cursor=following)),
        records,
        following.encode(),
    )
    body += b'"partitions":%b%b}' % (msgspec.json.encode(places), reader.filter_counts())
    await send_answer(send, 200, body, content_type=JSON, headers=headers)


async def _fetch_one(reader: _Reader, place: tuple[str, int], offset: int) -> FetchedPartition:
    topic, partition = place
    wanted = WantedPartition(
        topic_name=topic, partition=partition, offset=offset, max_bytes=reader.query.max_bytes
    )
    fetched = (await reader.fetch([wanted]))[0]
    if fetched.error is not None:
        raise fetched.error
    return fetched


async def _pages(reader: _Reader, topic: str, first: int, offsets: list[int]) -> list[_Page]:
    """Read all partitions, another one first each time; move the offsets on."""
    context, principal = reader.context, reader.principal
    count = len(offsets)
    order = [(first + number) % count for number in range(count)]
    for partition in order:
        start = list_offsets(context, principal, topic, partition, OffsetSpec.EARLIEST).offset
        offsets[partition] = max(offsets[partition], start)
    share = max(1, reader.query.max_bytes // count)
    wanted = [
        WantedPartition(
            topic_name=topic, partition=partition, offset=offsets[partition], max_bytes=share
        )
        for partition in order
    ]
    pages = []
    left = reader.query.max_records
    for fetched in await reader.fetch(wanted):
        if fetched.error is not None:
            raise fetched.error
        page = await _page(reader, fetched, left)
        left -= page.count
        offsets[page.partition] = page.next_offset
        pages.append(page)
    return pages


def _start(
    context: BrokerContext, principal: Principal, place: tuple[str, int], query: ConsumeQuery
) -> int:
    """Return the offset that the query's timestamp or named place means."""
    topic, partition = place
    if query.timestamp_ms is not None:
        found = list_offsets(context, principal, topic, partition, query.timestamp_ms)
        if found.offset != NO_OFFSET:
            return found.offset
        return list_offsets(context, principal, topic, partition, OffsetSpec.LATEST).offset
    spec = OffsetSpec.LATEST if query.from_latest else OffsetSpec.EARLIEST
    return list_offsets(context, principal, topic, partition, spec).offset


async def _page(reader: _Reader, fetched: FetchedPartition, maximum: int) -> _Page:
    wanted = fetched.wanted
    page = _Page(
        partition=wanted.partition,
        next_offset=wanted.offset,
        high_watermark=fetched.high_watermark,
        count=0,
        records=[],
    )
    if fetched.found is None or maximum <= 0:
        return page
    data = await read_slice(reader.context, fetched.found)
    page.next_offset = fetched.found.next_offset
    place = (wanted.topic_name, wanted.partition)
    types = (reader.query.key_type, reader.query.value_type)
    size = 0
    try:
        for batch, columns, first in open_batches(data, wanted.offset):
            shown, count, end = await _shown(reader, place, columns, first, maximum - page.count)
            if count:
                rendered = render_records(place, batch, shown[0], shown[1], types, reader.separator)
                page.records.append(rendered)
                page.count += count
                size += len(rendered)
            is_full = page.count >= maximum or size >= RENDERED_BYTES_MAX
            if is_full or not reader.may_look_on:
                page.next_offset = columns.offsets[end - 1] + 1
                break
    except UnreadableBatch as error:
        page.next_offset = error.offset
        if not page.count and error.offset <= wanted.offset:
            refusal = error.refusal(place)
            _logger.error("%s-%d: %s", *place, refusal)
            raise refusal from error
    return page


async def _shown(
    reader: _Reader, place: tuple[str, int], columns: Columns, first: int, maximum: int
) -> tuple[tuple[Columns, slice], int, int]:
    """Return which records of a batch are shown, how many, and the end of those looked at."""
    codecs = reader.context.serdes.codecs
    types = (reader.query.key_type, reader.query.value_type)
    if reader.filter is None:
        end = min(len(columns.offsets), first + maximum)
        shown = slice(first, end)
        return (await with_decoded(codecs, columns, types, shown), shown), end - first, end
    wanted = range(first, len(columns.offsets))
    columns = await with_decoded(codecs, columns, types, slice(first, len(columns.offsets)))
    monotonic = reader.context.clock.monotonic
    matched = await reader.filter.matching(place, columns, wanted, monotonic, maximum)
    count = len(matched.indexes)
    return (picked(columns, matched.indexes), slice(0, count)), count, matched.end


async def _send_batches(
    context: BrokerContext, scope: Scope, fetched: FetchedPartition, send: Send
) -> None:
    found: LogSlice | None = fetched.found
    next_offset = found.next_offset if found is not None else fetched.wanted.offset
    size = found.size if found is not None else 0
    query = parse_query(scope["query_string"], over_partitions=False)
    headers = [
        (b"content-type", RECORD_BATCHES),
        (b"content-length", b"%d" % size),
        _link(scope, query.next_page(offset=next_offset)),
        (NEXT_OFFSET_HEADER, b"%d" % next_offset),
        (HIGH_WATERMARK_HEADER, b"%d" % fetched.high_watermark),
    ]
    first: bytes | bytearray = b""
    pieces = iter(found.pieces(PIECE_BYTES)) if found is not None else iter(())
    for piece in pieces:
        first = await read_slice(context, piece)
        break
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    sent = len(first)
    await send({"type": "http.response.body", "body": first, "more_body": sent < size})
    for piece in pieces:
        data = await read_slice(context, piece)
        sent += len(data)
        await send({"type": "http.response.body", "body": data, "more_body": sent < size})


async def _send_lines(send: Send, records: bytes, headers: HeaderList) -> None:
    body = records + b"\n" if records else b""
    await send_answer(send, 200, body, content_type=NDJSON, headers=headers)


def _negotiate(scope: Scope) -> bytes:
    """Return the type to answer in; the first one named that is served."""
    accept = header(scope, b"accept")
    if not accept or accept == b"*/*":
        return JSON
    for part in accept.split(b","):
        wanted = part.split(b";")[0].strip().lower()
        if wanted in (b"*/*", b"application/*"):
            return JSON
        if wanted in _SERVED:
            return wanted
    served = ", ".join(one.decode() for one in _SERVED)
    raise ApiError(406, 406, f"Not Acceptable: records are served as {served}")


def _link(scope: Scope, query: str) -> tuple[bytes, bytes]:
    return b"link", f'<{this_url(scope)}?{query}>; rel="next"'.encode("ascii", "replace")


def _metadata(scope: Scope, query: str) -> bytes:
    here = this_url(scope)
    return msgspec.json.encode({"self": here, "next": f"{here}?{query}"})
