"""The door: every WebSocket of this node, from the request to the close.

Invariants:
    There are at most ``SOCKETS_MAX`` sockets; a further one is told to come back.
    Who is there is settled before anything is done: by the handshake, or where clients must log in
    by a first frame, which must come within ``AUTH_SECONDS_MAX`` and is small. Those who have yet
    to say it are few, of one address fewer (``auth.strangers``).
    A socket whose login ends is closed with 4401.
    At shutdown every socket is told where to go on, and closed with 1001.
Called by: api.front. Calls: connection, handshake, opening, api.auth.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from uvicorn.protocols.utils import ClientDisconnected

from app.api.answers import Send
from app.api.auth.asking import PRINCIPAL, principal_of
from app.api.auth.authorization import Bearer
from app.api.auth.login import Login, LoginRefused, anonymous_from, unauthorized
from app.api.auth.peer import certificate_shown, peer_of
from app.api.auth.standing import Standing
from app.api.auth.strangers import Strangers
from app.api.edge.addresses import base_url
from app.api.edge.security_headers import as_pairs
from app.api.errors import encode_error
from app.api.request_body import Receive, Scope
from app.api.resume_tokens import ResumeTokens
from app.api.ws.client_frames import Assign, Auth, ClientFrame, StartIn
from app.api.ws.close_codes import CloseCode, Closing
from app.api.ws.codec import BadFrame, decode_text, encode_frame
from app.api.ws.connection import Connection
from app.api.ws.handshake import (
    Credentials,
    Handshake,
    Refusal,
    Way,
    check_origin,
    parse_handshake,
)
from app.api.ws.limits import (
    AUTH_FRAME_BYTES_MAX,
    AUTH_SECONDS_MAX,
    FRAME_BYTES_MAX,
    SOCKETS_MAX,
    STRANGERS_MAX,
    STRANGERS_OF_ADDRESS_MAX,
    LimitsOut,
)
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

ENDED = "the login of this socket has ended"
NOBODY = "nobody logged in: neither in the handshake nor by an auth frame in time"
HANDSHAKE, FIRST_FRAME = "WebSocket handshake", "WebSocket first frame"
"""What the audit log calls the ways to log in that did not read."""


class WebSocketDoor:
    """The sockets of a node."""

    def __init__(
        self,
        context: BrokerContext,
        sessions: Sessions,
        tokens: ResumeTokens,
        allows: Callable[[str], bool],
        sockets_max: int = SOCKETS_MAX,
        login: Login | None = None,
    ) -> None:
        """Have none yet.

        Args:
            context: The broker.
            sessions: Consumers that live on the server.
            tokens: Says where a consumer is.
            allows: Tells which origins of pages may connect beside our own.
            sockets_max: How many there may be.
            login: Says who asks; where there is none, what the scope says is believed.
        """
        self._context = context
        self._sessions = sessions
        self._tokens = tokens
        self._allows = allows
        self._sockets_max = sockets_max
        self._login = login
        self._strangers = Strangers(STRANGERS_MAX, STRANGERS_OF_ADDRESS_MAX)
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
            principal = await self._who(scope, handshake.credentials)
        except Refusal as error:
            if error.status == 401 and self._login is not None:
                self._login.unreadable(peer_of(scope), error.message, HANDSHAKE)
            await _refuse(send, scope, error)
            return
        except LoginRefused as error:
            await refuse(send, error.status, error.message, error.error_code, error.headers)
            return
        socket: GuardedWebSocketProtocol = scope["extensions"][SOCKET]
        if principal is None:
            socket.limit_messages(AUTH_FRAME_BYTES_MAX)
        with suppress(ClientDisconnected):
            await send({"type": "websocket.accept", "subprotocol": handshake.echoed})
        if len(self._open) + len(self._strangers) >= self._sockets_max:
            socket.end(CloseCode.TRY_AGAIN_LATER, "there are as many sockets as there may be")
            return
        try:
            if principal is None:
                principal = await self._introduced(scope, receive, socket)
            if principal is not None:
                await self._serve(handshake, principal, scope, receive, first)
        except Closing as closing:
            socket.end(closing.code, closing.reason)
        except Exception:  # the root of the socket's task: nothing above would word it
            _logger.exception("a WebSocket failed")
            socket.end(CloseCode.INTERNAL_ERROR, "Internal Server Error")

    async def _who(self, scope: Scope, credentials: Credentials) -> Principal | None:
        """Return who a handshake says is there; None if that must be said yet.

        Raises:
            LoginRefused: Nobody whom we know.
        """
        login, way = self._login, credentials.way
        if login is None or PRINCIPAL in scope:
            return principal_of(scope)
        if way is Way.HEADER or (way is Way.NONE and certificate_shown(scope) is not None):
            return await login.principal(scope)
        peer = peer_of(scope)
        if way is Way.TICKET:
            return login.redeem(credentials.token, peer)
        if way is not Way.NONE:
            return await login.judge(Bearer(credentials.token), peer)
        return None if login.is_required else anonymous_from(peer.host)

    async def _introduced(
        self, scope: Scope, receive: Receive, socket: GuardedWebSocketProtocol
    ) -> Principal | None:
        """Return who says in a first frame who it is; None if the client has left.

        Raises:
            Closing: It says something else, or nothing in time.
        """
        assert self._login is not None, "else who is there is known"
        peer = peer_of(scope)
        if not self._strangers.enter(peer.host):
            raise Closing(CloseCode.TRY_AGAIN_LATER, "too many clients have not said who they are")
        try:
            async with asyncio.timeout(AUTH_SECONDS_MAX):
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return None
                principal = await self._first_said(scope, message.get("text"))
        except TimeoutError:
            raise Closing(CloseCode.UNAUTHENTICATED, NOBODY) from None
        except LoginRefused as error:
            raise Closing(CloseCode.UNAUTHENTICATED, error.message) from None
        finally:
            self._strangers.leave(peer.host)
        socket.limit_messages(FRAME_BYTES_MAX)
        return principal

    async def _first_said(self, scope: Scope, text: str | None) -> Principal:
        assert self._login is not None, "else who is there is known"
        try:
            token = _token_of(text)
        except Closing as closing:
            self._login.unreadable(peer_of(scope), closing.reason, FIRST_FRAME)
            raise
        return await self._login.judge(Bearer(token), peer_of(scope))

    async def _serve(
        self,
        handshake: Handshake,
        principal: Principal,
        scope: Scope,
        receive: Receive,
        first: ClientFrame | None,
    ) -> None:
        socket: GuardedWebSocketProtocol = scope["extensions"][SOCKET]
        outbox = Outbox(socket)
        connection = Connection(
            self._context,
            principal,
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
        cut = partial(connection.end, CloseCode.UNAUTHENTICATED, ENDED)
        standing = Standing(self._context.open_connections, principal, cut)
        if self._login is not None:
            connection.renew = partial(standing.renew, self._login, peer_of(scope))
        try:
            closing = await connection.run(receive, first)
        finally:
            standing.leave()
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


def _token_of(text: str | None) -> str:
    """Return the token of a first frame.

    Raises:
        Closing: It is another frame, or none.
    """
    try:
        frame = decode_text(text or "")
    except BadFrame:
        frame = None
    if not isinstance(frame, Auth):
        raise Closing(CloseCode.UNAUTHENTICATED, "the first frame has to say who is there")
    return frame.token


async def _refuse(send: Send, scope: Scope, error: Refusal) -> None:
    if error.status == 401:
        asked = unauthorized(error.message, peer_of(scope))
        await refuse(send, 401, error.message, asked.error_code, asked.headers)
    else:
        await refuse(send, error.status, error.message)


async def refuse(
    send: Send,
    status: int,
    message: str,
    error_code: int | None = None,
    more: Sequence[tuple[str, str]] = (),
) -> None:
    """Answer a handshake with an error in the one shape.

    Args:
        send: To the client.
        status: Of HTTP.
        message: For people.
        error_code: The status, if it is None.
        more: Headers.
    """
    body = encode_error(error_code or status, message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *((name.encode(), value.encode()) for name, value in more),
        *as_pairs(),
    ]
    with suppress(ClientDisconnected):
        start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": body})
