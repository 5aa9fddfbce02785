"""uvicorn's HTTP/1.1 protocol with the bounds that it lacks.

A request's head must come whole within a deadline, its body must keep coming, and a client must
keep reading; one sweep over all connections looks after that, so that no request pays for a timer.
A client that reads slowly is served slowly, one that does not read is cut off. Heads have bounds on
size and count, exactly one Host, and what does not parse is answered in our one error shape. Who
connects too often is answered 429 to the first request, and its connection is closed.
Source: reliability notes 4.4 (slow headers, 10,000 headers, duplicate Host); RFC 9112 3.2.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.auth.last_login import LAST_LOGIN, LastLogin
from app.api.edge.security_headers import as_lines
from app.api.errors import encode_error
from app.security.tls.client_certificate import CERTIFICATE, certificate_of
from app.security.tls.handshakes import GOODBYE_SECONDS_MAX

CUT = "cauce.cut"
"""Key of a scope: ends the connection of a request."""

CYCLE = "cauce.cycle"
"""Key of a scope: uvicorn's request, whose ``more_body`` says that its body is still coming."""

HEAD_SECONDS_MAX = 10.0
"""From the first byte of a head to its end; also how long a new connection may say nothing."""

BODY_IDLE_SECONDS_MAX = 30.0
"""How long a body may pause."""

READ_IDLE_SECONDS_MAX = 30.0
"""How long a client may take nothing of an answer that it does not read fast enough."""

HEAD_BYTES_MAX = 32 * 1024
HEADERS_MAX = 100
CONNECTIONS_MAX = 10_000
SWEEP_SECONDS = 1.0

_VERSIONS = frozenset({"1.1", "1.0"})
"""A head of another one is not HTTP/1: what it means may be read in two ways (RFC 9112 2.3)."""

_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
}
_CODES = {429: 42901}
_RETRY_AFTER = {429: b"retry-after: 1\r\n"}


def everybody(_address: str) -> bool:
    """Admit whoever connects, as where no node counts connections."""
    return True


class SweptConnection(Protocol):
    """What the sweeper looks after."""

    def close_if_late(self, now: float) -> None:
        """Close the connection if it is late; ``now`` is of the monotonic clock."""
        ...


class Sweeper:
    """Knows every connection; looks at them once a second and closes the late ones."""

    def __init__(self) -> None:
        self.connections: dict[SweptConnection, str] = {}
        """And the address that each comes from."""

        self.per_address_max = CONNECTIONS_MAX
        """Connections of one address (Kafka's ``max.connections.per.ip``)."""

        self.admits: Callable[[str], bool] = everybody
        """Counts a new connection of an address; False if it makes too many (KIP-612)."""

        self._addresses: Counter[str] = Counter()

    def enter(self, connection: SweptConnection, transport: asyncio.Transport) -> bool:
        """Take note of a connection; return whether it is welcome."""
        address = address_of(transport)
        if (
            len(self.connections) >= CONNECTIONS_MAX
            or self._addresses[address] >= self.per_address_max
        ):
            return False
        self.connections[connection] = address
        self._addresses[address] += 1
        return True

    def leave(self, connection: SweptConnection) -> None:
        """Forget a connection, if it is known."""
        address = self.connections.pop(connection, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            for connection in list(self.connections):
                connection.close_if_late(now)


def address_of(transport: asyncio.Transport) -> str:
    """Return where a connection comes from."""
    return str((transport.get_extra_info("peername") or ("",))[0])


sweeper = Sweeper()
"""The one of this process: uvicorn makes the protocols, so they find it here."""


class GuardedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Begin to watch the connection."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", JoiningTransport(transport))
        self._certificate = certificate_of(transport)
        self._last_login = LastLogin()
        self._head_since: float | None = time.monotonic()
        self._body_since: float | None = None
        self._head_bytes = 0
        self._header_count = 0
        self._hosts = 0
        self._closing_since: float | None = None
        self._unread: tuple[int, float] | None = None
        """How much waits for a client that does not read, and since when it is as much."""

        self._is_admitted = True
        if not sweeper.enter(self, transport):
            transport.close()
        else:
            self._is_admitted = sweeper.admits(address_of(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching the connection."""
        sweeper.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count a head's bytes, note that a body goes on, then parse."""
        if self._body_since is not None:
            self._body_since = time.monotonic()
        else:
            if self._head_since is None:
                self._head_since = time.monotonic()
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and b"\r\n\r\n" not in data[:HEAD_BYTES_MAX]:
                self._refuse(431, "the head is too large")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a head; it may have come behind the request before it, in the same piece."""
        super().on_message_begin()
        if self._certificate is not None:
            cast("dict[str, object]", self.scope)[CERTIFICATE] = self._certificate
        if self._head_since is None:
            self._head_since = time.monotonic()
        self._head_bytes = max(self._head_bytes, 1)
        self._header_count = 0
        self._hosts = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._header_count += 1
        if self._header_count > HEADERS_MAX:
            raise _Refused(431, "too many headers")
        lower = name.lower()
        if lower == b"host":
            self._hosts += 1
        elif lower == b"transfer-encoding" and value.lower() != b"chunked":
            raise _Refused(400, "chunked is the only transfer coding")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Check the head as a whole, then let the request begin."""
        if not self._is_admitted:
            raise _Refused(429, "this address connects too often")
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            raise _Refused(400, "the version of HTTP must be 1.1 or 1.0")
        if self._hosts != 1 and version != "1.0":
            raise _Refused(400, "exactly one Host header is needed")
        self._head_since = None
        self._head_bytes = 0
        self._body_since = time.monotonic()
        scope = cast("dict[str, object]", self.scope)
        scope[CUT] = self.cut
        scope[LAST_LOGIN] = self._last_login
        super().on_headers_complete()
        scope[CYCLE] = self.cycle  # the request's task runs later

    def on_message_complete(self) -> None:
        """End a request; the next head has not begun."""
        self._body_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what does not parse, in our shape."""
        refused = self._refusal()
        if refused is not None:
            self._refuse(refused.status, str(refused))
        else:
            self._refuse(400, "the request is not valid HTTP")

    def handle_websocket_upgrade(self) -> None:
        """Give the connection over to the WebSocket protocol, which watches it itself."""
        sweeper.leave(self)
        super().handle_websocket_upgrade()

    def cut(self) -> None:
        """End the connection at once, whatever is under way on it."""
        self.transport.abort()

    def close_if_late(self, now: float) -> None:
        """Close the connection if its head or body does not come, or its answer is not read."""
        if self.flow.write_paused:
            self._abort_if_unread(now)
        else:
            self._unread = None
        if self.transport.is_closing():
            self._abort_if_no_goodbye(now)
            return
        if self._head_since is not None and now - self._head_since > HEAD_SECONDS_MAX:
            if self._head_bytes:
                self._refuse(408, "the head did not come in time")
            else:
                self.transport.close()
        elif self._body_since is not None:
            if self.flow.read_paused:
                self._body_since = now
            elif now - self._body_since > BODY_IDLE_SECONDS_MAX:
                self._refuse(408, "the body did not come in time")

    def _abort_if_no_goodbye(self, now: float) -> None:
        """End a connection over TLS that is closed, but whose client does not answer that."""
        if self._closing_since is None or self.transport.get_write_buffer_size():
            self._closing_since = now
        elif now - self._closing_since > GOODBYE_SECONDS_MAX:
            self.transport.abort()

    def _abort_if_unread(self, now: float) -> None:
        """Give up on a client that takes nothing; what it has not read would wait for ever."""
        size = self.transport.get_write_buffer_size()
        if self._unread is None or self._unread[0] != size:
            self._unread = (size, now)
        elif now - self._unread[1] > READ_IDLE_SECONDS_MAX:
            self.transport.abort()

    def _refusal(self) -> "_Refused | None":
        """Return why a callback of ours stopped the parser, if one did."""
        error: BaseException | None = sys.exc_info()[1]
        while error is not None:
            if isinstance(error, _Refused):
                return error
            error = error.__context__ if error.__cause__ is None else error.__cause__
        return None

    def _refuse(self, status: int, message: str) -> None:
        """Answer what cannot go on, if it can still be answered, and close."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                # What is refused came behind requests in work: they are answered, then it ends.
                cycle.keep_alive = False
                self.flow.pause_reading()
                return
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        body = encode_error(_CODES.get(status, status), f"{_REASONS[status].decode()}: {message}")
        head = b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\n" % (status, _REASONS[status])
        self.transport.write(
            head
            + _RETRY_AFTER.get(status, b"")
            + as_lines(is_tls=self.scheme == "https")
            + b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()


class JoiningTransport:
    """Writes an answer's head together with the first bytes of its body.

    uvicorn writes them one by one, and each write is a system call and a packet. A head waits for
    the end of the loop's turn at the longest.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._call_soon = asyncio.get_running_loop().call_soon

    @property
    def bare(self) -> asyncio.Transport:
        """The transport itself, for who writes no heads."""
        return self._transport

    def write(self, data: bytes) -> None:
        """Write, after a head that waits; a head by itself waits.

        What is written behind the end is nobody's: the requests in work may not know of it yet.
        """
        if self._transport.is_closing():
            self._head = None
            return
        head = self._head
        if head is not None:
            self._head = None
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._call_soon(self._write_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close once everything is written."""
        self._write_head()
        self._transport.close()

    def _write_head(self) -> None:
        head = self._head
        if head is not None:
            self._head = None
            if not self._transport.is_closing():
                self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)


class _Refused(Exception):
    """A head that is refused from within the parser."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
