"""uvicorn's WebSocket protocol with what it lacks: signs of life, an end for slow readers, a drain.

``websockets`` does RFC 6455; uvicorn's class drives it. Here: which sockets are compressed, pings
and the end of silent peers (by the sweep over all connections, without timers of their own), room
in the socket that the door can ask for, and a close that does not wait for a peer that never reads.

Invariants:
    What is written and not taken by the peer is at most the transport's mark and one message.
    What came of a message takes no more memory than its bytes, in however many fragments.
    A peer that is silent for ``SILENCE_SECONDS_MAX`` while we listen is cut off.
Source: RFC 6455, 5.5 (control frames), 7.1.7 (fail the connection); RFC 7692 (compression).
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState, ProtocolError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from app.api.edge.security_headers import as_lines
from app.api.errors import encode_error
from app.api.http_protocol import JoiningTransport, sweeper
from app.api.ws.close_codes import CloseCode, close_reason
from app.api.ws.codec import Subprotocol
from app.api.ws.limits import CLOSE_SECONDS_MAX, HEARTBEAT_SECONDS, SILENCE_SECONDS_MAX
from app.security.tls.client_certificate import CERTIFICATE, certificate_of

_logger = logging.getLogger(__name__)

SOCKET = "cauce.socket"
"""Where in a scope's extensions the door finds this protocol."""

VERSION = "13"
WINDOW_BITS = 12
MEMORY_LEVEL = 5
COMPRESSION_LEVEL = 1
"""Bounds of compression: 4 KiB of window each way, and little time."""

WRITE_MARK_BYTES = 128 * 1024
"""What a transport holds before it counts as full."""

UNSENT_BYTES_MAX = 128 * 1024
"""What the kernel takes of a socket and has not sent (``TCP_NOTSENT_LOWAT``)."""


class GuardedWebSocketProtocol(WebSocketsSansIOProtocol):
    """One socket."""

    def connection_made(self, transport: Any) -> None:
        """Begin to watch the socket."""
        if isinstance(transport, JoiningTransport):
            transport = transport.bare
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_MARK_BYTES)
        _bound_unsent(transport)
        self.on_drain: Callable[[], None] | None = None
        self._message = bytearray()
        """What came so far of a message in fragments, from the second on."""

        self._heard = self._asked = time.monotonic()
        if not sweeper.enter(self, transport):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching the socket."""
        sweeper.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the peer lives, then parse."""
        self._heard = time.monotonic()
        super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        """Choose whether to compress, before the handshake is answered."""
        offered = ",".join(event.headers.get_all("Sec-WebSocket-Protocol"))
        if Subprotocol.BINARY.value not in offered:
            self.conn.available_extensions = [
                ServerPerMessageDeflateFactory(
                    server_max_window_bits=WINDOW_BITS,
                    client_max_window_bits=WINDOW_BITS,
                    compress_settings={"memLevel": MEMORY_LEVEL, "level": COMPRESSION_LEVEL},
                )
            ]
        versions = event.headers.get_all("Sec-WebSocket-Version")
        status = ServerProtocol().accept(event).status_code
        if any(one != VERSION for one in versions) or len(versions) > 1:
            status = HTTPStatus.UPGRADE_REQUIRED
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            self._refuse_handshake(HTTPStatus(status))
            return
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][SOCKET] = self
            certificate = certificate_of(self.transport)
            if certificate is not None:
                scope[CERTIFICATE] = certificate

    def handle_cont(self, event: Frame) -> None:
        """Add a fragment to what came of its message.

        One buffer holds them: the bound of a message is of its bytes, and a fragment of none or a
        few costs many times as much where each is kept.
        """
        if self.frames:
            self._message = bytearray(self.frames.pop())
        self._message += event.data
        if event.fin:
            self.frames = [bytes(self._message)]
            self._message = bytearray()
            self.send_receive_event_to_app()

    def _refuse_handshake(self, status: HTTPStatus) -> None:
        """Answer what is no handshake in the one shape of errors, and close."""
        headers = as_lines(is_tls=self.scheme == "wss")
        message = f"{status.phrase}: this is not a handshake of WebSocket version {VERSION}"
        body = encode_error(status, message)
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"sec-websocket-version: %b\r\n%bconnection: close\r\n\r\n%b"
            % (status, status.phrase.encode(), len(body), VERSION.encode(), headers, body)
        )
        self.handshake_complete = self.close_sent = True
        self.transport.close()

    # -- what the door asks ----------------------------------------------------------------------

    @property
    def is_writable(self) -> bool:
        """Whether a message can be written without a wait."""
        return self.writable.is_set()

    async def wait_writable(self) -> None:
        """Return when there is room for a message, or nobody left to read it."""
        await self.writable.wait()

    def write_message(self, data: bytes, *, is_text: bool) -> None:
        """Write a message, room or not.

        Raises:
            ClientDisconnected: The peer is gone.
        """
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        try:
            (self.conn.send_text if is_text else self.conn.send_binary)(data)
        except (InvalidState, ProtocolError):
            raise ClientDisconnected from None
        self.transport.writelines(self.conn.data_to_send())

    def limit_messages(self, size: int) -> None:
        """Take no message that is larger, from the next one on."""
        self.conn.max_message_size = size

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the socket, whether or not the peer reads: it has a few seconds to answer."""
        if self.disconnected or self.close_sent or self.transport.is_closing():
            return
        try:
            self.conn.send_close(code, close_reason(code, reason))
        except (InvalidState, ProtocolError):
            self.transport.abort()
            return
        self.transport.writelines(self.conn.data_to_send())
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.close_timer = self.loop.call_later(CLOSE_SECONDS_MAX, self.transport.abort)

    # -- what the process asks -------------------------------------------------------------------

    def close_if_late(self, now: float) -> None:
        """Ask a quiet peer for a sign of life; cut off one that gave none."""
        if self.close_sent or not self.handshake_complete or self.transport.is_closing():
            return
        if self.read_paused:
            self._heard = now
        elif now - self._heard > SILENCE_SECONDS_MAX:
            self.transport.abort()
            return
        if now - self._asked >= HEARTBEAT_SECONDS and self.is_writable:
            self._asked = now
            self.conn.send_ping(b"")
            self.transport.writelines(self.conn.data_to_send())

    def shutdown(self) -> None:
        """Let the door say goodbye, where it has opened the socket.

        Nothing is said to a peer that is gone: the node would not get to its own end.
        """
        if self.transport.is_closing():
            return
        if self.on_drain is not None and not self.close_sent:
            self.on_drain()
        else:
            super().shutdown()


def _bound_unsent(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
