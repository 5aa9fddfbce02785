"""The door of streams: takes a request, keeps its stream going while somebody listens.

A browser's EventSource comes back by itself when a connection ends, and gives up when it is
refused. So what a client should change is refused with a status (400, 403, 404, 406, 416), and
what passes by itself is told in the stream, which then ends: it comes back. 204 ends it for good.

Invariants:
    A session has one stream: a client that comes back takes the place of its former connection.
    When the node stops, streams end at once and tell their clients to come back.
Called by: routes. Calls: opening, stream.
Source: the HTML standard, "Server-sent events", "Processing model".
"""

import asyncio
from dataclasses import dataclass

from app.api.answers import Send
from app.api.errors import ApiError, status_and_code
from app.api.presence import left
from app.api.records.filtering import filter_of
from app.api.request_body import Receive, Scope, header
from app.api.resume_tokens import ResumeTokens
from app.api.sse.events import HEADERS, retry
from app.api.sse.opening import Opened, Opener
from app.api.sse.query import StreamQuery, parse_stream_query
from app.api.sse.stream import RETRY_MS, Stream, Wanted, error_event
from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.security.principal import Principal

STREAMS_MAX = 2_000

_ACCEPTED = (b"text/event-stream", b"text/*", b"*/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request for a stream."""

    principal: Principal
    scope: Scope
    receive: Receive
    send: Send
    topic: str | None
    """That of the path, if it has one."""


class StreamDoor:
    """The streams of a node."""

    def __init__(self, context: BrokerContext, sessions: Sessions, tokens: ResumeTokens) -> None:
        """Serve none yet."""
        self._context = context
        self._sessions = sessions
        self._opener = Opener(context, sessions, tokens)
        self._streams: dict[Session, Stream] = {}
        self._count = 0
        self._is_stopping = False

    def stop(self) -> None:
        """End all streams, now and from now on; their clients come back to the next process."""
        self._is_stopping = True
        for stream in self._streams.values():
            stream.stop()

    async def serve(self, request: Request) -> None:
        """Answer a request.

        Raises:
            ApiError: It asks for what cannot be; nothing was sent.
            BrokerError: Likewise.
        """
        _check_accept(request.scope)
        query = parse_stream_query(request.scope["query_string"], request.topic)
        wanted = Wanted(
            types=query.types,
            filter=filter_of(query.filter),
            max_records=query.max_records,
            max_bytes=query.max_bytes,
            commit=query.commit,
        )
        token = header(request.scope, b"last-event-id").decode("latin-1") or query.last_event_id
        returned = self._opener.returned(query, token, request.principal)
        if returned is not None and returned.state.done:
            await self._opener.end(query, returned, request.principal)
            await request.send({"type": "http.response.start", "status": 204, "headers": []})
            await request.send({"type": "http.response.body", "body": b""})
            return
        if self._count >= STREAMS_MAX:
            raise ApiError(503, 50302, f"There are {STREAMS_MAX} streams, as many as there may be")
        self._count += 1
        try:
            opened = await self._opener.open(query, returned, request.principal)
        except BrokerError as error:
            if not error.retriable or status_and_code(error)[0] == 404:
                raise
            await _send_passing(request.send, error)
        else:
            await self._run(request, query, wanted, opened)
        finally:
            self._count -= 1

    async def _run(
        self, request: Request, query: StreamQuery, wanted: Wanted, opened: Opened
    ) -> None:
        session = opened.session
        stream = Stream(self._context.clock, session, opened.place, wanted, request.send)
        stream.returned = dict(opened.returned)
        before = self._streams.get(session)
        if before is not None:
            before.stop()
        self._streams[session] = stream
        if query.group is not None:
            session.listener = stream
            if mine := session.assignment():
                stream.assigned(mine, session.epoch)
        for gap in opened.gaps:
            stream.warn(gap)
        if self._is_stopping:
            stream.stop()
        try:
            await _begin(request.send)
            await _while_heard(stream, request.receive)
            await request.send({"type": "http.response.body", "body": b""})
        finally:
            if self._streams.get(session) is stream:
                del self._streams[session]
                session.listener = None
                if query.group is None:
                    await self._sessions.close(session)


async def _begin(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})


async def _send_passing(send: Send, error: BrokerError) -> None:
    """Answer what will pass: the client comes back by itself."""
    await _begin(send)
    body = retry(RETRY_MS) + error_event(error)
    await send({"type": "http.response.body", "body": body})


async def _while_heard(stream: Stream, receive: Receive) -> None:
    """Run a stream until it ends or its client has left."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run(), name="stream")
        leaving = tasks.create_task(left(receive), name="stream-client")
        await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        leaving.cancel()


def _check_accept(scope: Scope) -> None:
    accept = header(scope, b"accept").lower()
    kinds = [part.split(b";")[0].strip() for part in accept.split(b",")]
    if accept and not any(kind in _ACCEPTED for kind in kinds):
        raise ApiError(406, 406, "Not Acceptable: a stream is served as text/event-stream")
