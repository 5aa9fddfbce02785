"""The door: every WebSocket of this node, from the request to the close.

Invariants:
    There are at most ``SOCKETS_MAX`` sockets; a further one is told to come back.
    Who is there is settled before the first frame is taken.
    At shutdown every socket is told where to go on, and closed with 1001.
Called by: api.front. Calls: connection, handshake, opening.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from uvicorn.protocols.utils import ClientDisconnected

from app.api.answers import Send
from app.api.auth.asking import principal_of
from app.api.edge.addresses import base_url
from app.api.edge.security_headers import as_pairs
from app.api.errors import encode_error
from app.api.request_body import Receive, Scope
from app.api.resume_tokens import ResumeTokens
from app.api.ws.client_frames import Assign, ClientFrame, StartIn
from app.api.ws.close_codes import CloseCode, Closing
from app.api.ws.codec import encode_frame
from app.api.ws.connection import Connection
from app.api.ws.handshake import Handshake, Refusal, check_origin, parse_handshake
from app.api.ws.limits import SOCKETS_MAX, LimitsOut
from app.api.ws.opening import Opener
from app.api.ws.outbox import Outbox
from app.api.ws.producing import Producer
from app.api.ws.protocol import SOCKET, GuardedWebSocketProtocol
from app.api.ws.server_frames import Welcome
from app.broker.context import BrokerContext
from app.cluster.catalog import new_id
from app.consumers.sessions import Sessions
from app.security.principal import Principal

_logger = logging.getLogger(__name__)


class WebSocketDoor:
    """The sockets of a node."""

    def __init__(
        self,
        context: BrokerContext,
        sessions: Sessions,
        tokens: ResumeTokens,
        allows: Callable[[str], bool],
        sockets_max: int = SOCKETS_MAX,
    ) -> None:
        """Have none yet.

        Args:
            context: The broker.
            sessions: Consumers that live on the server.
            tokens: Says where a consumer is.
            allows: Tells which origins of pages may connect beside our own.
            sockets_max: How many there may be.
        """
        self._context = context
        self._sessions = sessions
        self._tokens = tokens
        self._allows = allows
        self._sockets_max = sockets_max
        self._open: set[Connection] = set()
        self._fencing: dict[tuple[str, str], Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await receive()
        try:
            handshake = parse_handshake(
                scope["path"], scope["query_string"], scope["headers"], scope["subprotocols"]
            )
            check_origin(scope["headers"], base_url(scope), self._allows)
            first = _shortcut(handshake)
        except Refusal as error:
            await refuse(send, error.status, error.message)
            return
        with suppress(ClientDisconnected):
            await send({"type": "websocket.accept", "subprotocol": handshake.echoed})
        socket: GuardedWebSocketProtocol = scope["extensions"][SOCKET]
        if len(self._open) >= self._sockets_max:
            socket.end(CloseCode.TRY_AGAIN_LATER, "there are as many sockets as there may be")
            return
        try:
            await self._serve(handshake, principal_of(scope), socket, receive, first)
        except Exception:  # the root of the socket's task: nothing above would word it
            _logger.exception("a WebSocket failed")
            socket.end(CloseCode.INTERNAL_ERROR, "Internal Server Error")

    async def _serve(
        self,
        handshake: Handshake,
        principal: Principal,
        socket: GuardedWebSocketProtocol,
        receive: Receive,
        first: ClientFrame | None,
    ) -> None:
        outbox = Outbox(socket)
        connection = Connection(
            self._context,
            handshake.subprotocol,
            Opener(self._context, self._sessions, self._tokens, principal, handshake.subprotocol),
            Producer(self._context, principal),
            outbox,
        )
        connection.fencing = self._fencing
        socket.on_drain = lambda: connection.end(CloseCode.GOING_AWAY, "the node is shutting down")
        outbox.put(
            encode_frame(
                Welcome(
                    session=new_id(),
                    server_id=self._context.node_id,
                    cluster_id=self._context.image.cluster_id,
                    principal=str(principal),
                    limits=LimitsOut(),
                )
            )
        )
        self._open.add(connection)
        try:
            closing = await connection.run(receive, first)
        finally:
            self._open.discard(connection)
            socket.on_drain = None
        if closing is not None:
            _end(socket, connection, closing)


def _end(socket: GuardedWebSocketProtocol, connection: Connection, closing: Closing) -> None:
    if socket.is_writable and closing.code is not CloseCode.BAD_FRAME:
        with suppress(ClientDisconnected):
            socket.write_message(connection.goodbye(closing), is_text=True)
    socket.end(closing.code, closing.reason)


def _shortcut(handshake: Handshake) -> ClientFrame | None:
    """Return what the path of a topic asks for.

    Raises:
        Refusal: Its query does not read.
    """
    if handshake.topic is None:
        return None
    asked: dict[str, Any] = {
        name: value for name, value in handshake.query.items() if name != "ticket"
    }
    start: dict[str, Any] = {"topic": handshake.topic}
    if "from" in asked:
        start["from"] = asked.pop("from")
    for name in ("partition", "offset", "timestamp", "last"):
        if name in asked:
            text = asked.pop(name)
            if not text.isascii() or not text.isdigit() or len(text) > 19:
                raise Refusal(400, f"Bad Request: {name} is a number")
            start[name] = int(text)
    try:
        return msgspec.convert(
            {"type": "assign", "sub": handshake.topic, "credit": "unbounded", **asked}
            | {"partitions": [msgspec.convert(start, StartIn)]},
            Assign,
        )
    except msgspec.ValidationError as error:
        raise Refusal(400, f"Bad Request: {str(error)[:200]}") from None


async def refuse(send: Send, status: int, message: str) -> None:
    """Answer a handshake with an error in the one shape."""
    body = encode_error(status, message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *as_pairs(),
    ]
    with suppress(ClientDisconnected):
        start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": body})
