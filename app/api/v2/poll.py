"""REST v2: a poll of a consumer instance.

Answers at the first data, empty only after the wait, and with at least one record however small
``max_bytes`` is. What cannot be shown in the instance's format follows its decode policy, so that
no record blocks an instance for ever.

Invariants:
    A record is answered, or given back to the session: when the answer would become too large, or
    its client has left before it began, the next poll begins there.
    Records that are left out stand in a header of the answer, those shown as strings are counted.
Source: Confluent REST Proxy v2, "GET (base_uri)/records"; ``dialects`` for the waits.
"""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

from app.api.answers import Send, send_answer
from app.api.errors import ApiError
from app.api.presence import left
from app.api.records.decoding import with_decoded
from app.api.request_body import ClientLeft, Receive, Scope, header
from app.api.v2.consumer_settings import OWN_WAIT, WAIT_MS_MAX
from app.api.v2.dialects import Dialect
from app.api.v2.media_types import RecordFormat, records_type
from app.api.v2.record_formats import (
    EMBEDDED,
    OF_SCHEMAS,
    Shown,
    Undecodable,
    raw_text,
    show,
    show_keys,
)
from app.api.v2.rendering import render_records, render_shown
from app.broker.errors import BrokerError
from app.consumers.model import DecodePolicy, Polled, PolledSlice
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.security.principal import Principal
from storage.errors import CorruptBatch
from storage.format.decoder import Columns, decode_columns

_logger = logging.getLogger(__name__)

RENDERED_BYTES_MAX = 16 * 1024 * 1024
"""An answer ends when its records fill so many bytes of JSON."""

BYTES_MAX = 64 * 1024 * 1024
SETTLE_SECONDS_MAX = 10
"""How long a poll waits for the group to give its instance something to read."""

PLACES_MAX = 20
"""Records left out that are named in the header; all are counted."""

SKIPPED = b"cauce-skipped-records"
RAW = b"cauce-raw-records"


async def poll_records(
    sessions: Sessions,
    principal: Principal,
    dialect: Dialect,
    instance: tuple[str, str],
    exchange: tuple[Scope, Receive, Send],
) -> None:
    """Answer ``GET /consumers/{group_name}/instances/{instance}/records``.

    Args:
        sessions: Has the instance.
        principal: Who asks.
        dialect: How to answer where dialects differ.
        instance: Group and name.
        exchange: The request's scope, receive and send.
    """
    scope, receive, send = exchange
    session = await sessions.get(*instance, principal)
    embedded = RecordFormat(session.settings.format)
    accepted = records_type(header(scope, b"accept"), embedded)
    bounded = bounds(scope["query_string"], session)
    sessions.require_quota(principal)
    polled = await _while_here(_poll(session, bounded), session, receive)
    page = _Page(session, embedded, dialect)
    try:
        sessions.require_read(principal, polled)
        await page.render(polled)
    except (BrokerError, asyncio.CancelledError):
        session.give_all_back(polled)
        raise
    headers = []
    if page.skipped:
        places = b", ".join(page.places)
        headers.append((SKIPPED, b"%d; %b" % (page.skipped, places)))
    if page.raw:
        headers.append((RAW, b"%d" % page.raw))
    body = b"[%b]" % b",".join(page.records)
    await send_answer(send, 200, body, content_type=accepted, headers=headers)


async def _poll(session: Session, bounded: "Bounds") -> Polled:
    """Poll; a client that does not say how long it waits is not answered before it has joined."""
    if not bounded.is_said:
        await session.settled(SETTLE_SECONDS_MAX)
    return await session.poll(max_bytes=bounded.max_bytes, wait_seconds=bounded.wait_s)


async def _while_here(polling: Awaitable[Polled], session: Session, receive: Receive) -> Polled:
    """Return what a poll hands out, and take it back if the client has left by then.

    Raises:
        ClientLeft: It has.
    """
    leaving = asyncio.ensure_future(left(receive))
    waiting = asyncio.ensure_future(polling)
    try:
        await asyncio.wait({leaving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done() and not leaving.done():
            return waiting.result()
        if waiting.done() and waiting.exception() is None:
            session.give_all_back(waiting.result())
        raise ClientLeft
    finally:
        leaving.cancel()
        waiting.cancel()


class _Page:
    """The records of one answer."""

    def __init__(self, session: Session, embedded: RecordFormat, dialect: Dialect) -> None:
        self._session = session
        self._policy = session.settings.decode_policy
        self._embedded = embedded
        self._dialect = dialect
        self.records: list[bytes] = []
        """The JSON of some records each, apart by commas."""

        self.size = 0
        self.skipped = 0
        self.places: list[bytes] = []
        self.raw = 0

    async def render(self, polled: Polled) -> None:
        """Render what was polled; give back what does not go into the answer.

        Waits only for schemas.

        Raises:
            ApiError: The first record cannot be shown, and the policy is to fail.
            BrokerError: Schemas cannot be asked for; nothing was given back.
        """
        for number, one in enumerate(polled.slices):
            stopped = await self._render_slice(one)
            if stopped is None:
                continue
            for later in reversed(polled.slices[number + 1 :]):
                self._session.give_back(later.topic_partition, later.epoch, later.start_offset)
            offset, problem = stopped
            self._session.give_back(one.topic_partition, one.epoch, offset)
            if problem is not None and not self.records:
                raise problem
            return

    async def _render_slice(self, one: PolledSlice) -> tuple[int, ApiError | None] | None:
        """Render a slice; return where the answer has to end before its end, and why."""
        place = (one.topic, one.partition)
        for batch in one.batches:
            if self.size >= RENDERED_BYTES_MAX:
                return batch.first_offset, None
            try:
                columns = decode_columns(one.data, batch.position)
            except CorruptBatch as error:
                offset = max(batch.first_offset, batch.header.base_offset)
                if self._policy is DecodePolicy.FAIL:
                    return offset, self._problem(place, offset, str(error))
                self._skip(place, offset, batch.header.record_count)
                continue
            first = bisect_left(columns.offsets, batch.first_offset)
            end = bisect_left(columns.offsets, batch.end_offset)
            if self._embedded in OF_SCHEMAS:
                kind = EMBEDDED[self._embedded]
                columns = await with_decoded(
                    self._session.codecs, columns, (kind, kind), slice(first, end), is_exact=True
                )
            stopped = self._render_batch(place, columns, first, end)
            if stopped is not None:
                return stopped
        return None

    def _render_batch(
        self, place: tuple[str, int], columns: Columns, first: int, end: int
    ) -> tuple[int, ApiError | None] | None:
        if first >= end:
            return None
        try:
            self._add(render_records(place, columns, slice(first, end), self._embedded))
        except Undecodable:
            return self._render_singly(place, columns, range(first, end))
        return None

    def _render_singly(
        self, place: tuple[str, int], columns: Columns, wanted: Iterable[int]
    ) -> tuple[int, ApiError | None] | None:
        for at in wanted:
            try:
                self._add(render_records(place, columns, slice(at, at + 1), self._embedded))
            except Undecodable:
                if self._policy is DecodePolicy.FAIL:
                    offset = columns.offsets[at]
                    said = f"it is no {self._embedded.value}"
                    return offset, self._problem(place, offset, said)
                self._settle(place, columns, at)
        return None

    def _settle(self, place: tuple[str, int], columns: Columns, at: int) -> None:
        """Leave out, or show as strings, the record that cannot be shown."""
        if self._policy is DecodePolicy.SKIP:
            self._skip(place, columns.offsets[at], 1)
            return
        only = slice(at, at + 1)
        shown = [self._raw(show_keys, columns.keys[at]), self._raw(show, columns.values[at])]
        self._add(
            render_shown(place, columns, only, (b"", [shown[0]], b""), (b"", [shown[1]], b""))
        )
        self.raw += 1

    def _raw(self, shows: Callable[..., Shown], value: bytes | None) -> bytes:
        if value is None:
            return b"null"
        try:
            before, (each,), behind = shows(self._embedded, [value])
        except Undecodable:
            return raw_text(value)
        return before + each + behind

    def _add(self, rendered: bytes) -> None:
        self.records.append(rendered)
        self.size += len(rendered)

    def _skip(self, place: tuple[str, int], offset: int, count: int) -> None:
        self.skipped += count
        if len(self.places) < PLACES_MAX:
            self.places.append(b"%b-%d@%d" % (place[0].encode(), place[1], offset))
        _logger.warning("%s-%d: left out for a consumer from offset %d on", *place, offset)

    def _problem(self, place: tuple[str, int], offset: int, said: str) -> ApiError:
        status, code = self._dialect.undecodable
        return ApiError(
            status,
            code,
            f"The record of {place[0]}-{place[1]} at offset {offset} cannot be shown ({said}); "
            f"seek to {offset + 1} to go on behind it",
        )


class Bounds(NamedTuple):
    """What one poll may take."""

    max_bytes: int
    wait_s: float
    is_said: bool
    """Whether the client says how long to wait."""


def bounds(query: bytes, session: Session) -> Bounds:
    """Return what the query of a poll allows it.

    Raises:
        ApiError: It does not read.
    """
    given = dict(parse_qsl(query.decode("ascii", "replace"))) if query else {}
    settings = session.settings
    wait_ms = settings.request_wait_ms
    if "timeout" in given:
        wait_ms = min(_integer(given, "timeout"), WAIT_MS_MAX)
        if OWN_WAIT in settings.extras:
            wait_ms = min(wait_ms, settings.request_wait_ms)
    max_bytes = _integer(given, "max_bytes") if "max_bytes" in given else BYTES_MAX
    return Bounds(max(1, min(max_bytes, BYTES_MAX)), wait_ms / 1000, "timeout" in given)


def _integer(given: dict[str, str], name: str) -> int:
    text = given[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ApiError(400, 400, f"Bad Request: query parameter {name} must be an integer from 0")
    return int(text)
