"""Connection: one client's TCP connection, from frames to answers in the order of the requests.

A request is handled as soon as it is whole, if those before it are answered. Only requests of an
API that says so (produce) are handled while others of the same API wait for their answers: their
appends are in order all the same, and share one sync.

States: open -> draining (no new request is handled) -> closed; open -> closed. Open is muted, while
its client is over a quota: nothing is read and no request handled, but answers leave (KIP-219).

Invariants:
    Answers leave in the order of the requests.
    It stops reading while ``FRAMES_QUEUED_MAX`` requests wait, while a client does not take its
    answers, and while no new frame is admitted.
    What a client began is finished when it goes away, unless it only reads.
    Where clients must log in, what one may do before that is ``login``'s affair; from then on it is
    cut when its login stands no more.
Called by: listener, the event loop. Calls: frames, dispatch, sender.
Source: Kafka handles one request of a connection at a time (``SocketServer``, muted channels).
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Protocol, cast

from app.security.errors import AuthenticationFailed
from app.security.open_connections import OpenConnection
from app.security.principal import ANONYMOUS, Principal
from app.security.quota_windows.measured import Measured
from app.security.quotas import Unlimited
from app.security.tls.client_certificate import certificate_of
from app.security.tls.handshakes import GOODBYE_SECONDS_MAX
from app.telemetry.clock import Clock
from app.wire.call import Client
from app.wire.dispatch import RAW, Dispatcher, Request, encode_response
from app.wire.errors import WireError
from app.wire.frames import FrameReader
from app.wire.headers import RequestHeader, read_header
from app.wire.in_flight import InFlight
from app.wire.login.login import LOGIN_FRAME_BYTES_MAX, Login
from app.wire.meter import Meter
from app.wire.registry import HangUp
from app.wire.sender import Sender

_logger = logging.getLogger(__name__)

FRAMES_QUEUED_MAX = 64
LINGER_S = 0.1
"""From the answer to a failed login to the end: who gets both at once may miss the answer."""

PIPELINED_MAX = 64
"""Requests of one connection whose answers are awaited at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How long a client may take, and how much it may send."""

    frame_bytes_max: int = 100 * 1024 * 1024
    """Kafka's ``socket.request.max.bytes``."""

    first_request_s: float = 10.0
    """Until the first request is whole."""

    frame_s: float = 10.0
    """Until a request that has begun is whole, and a second more for each ``frame_bytes_per_s``."""

    frame_bytes_per_s: int = 64 * 1024
    """What gives a request another second."""

    idle_s: float = 600.0
    """Without a request, or without taking an answer; Kafka's ``connections.max.idle.ms``."""


class Surroundings(Protocol):
    """What all connections of a listener share."""

    clock: Clock
    limits: ConnectionLimits
    dispatcher: Dispatcher
    in_flight: InFlight
    reads: Executor
    shared: bytearray

    def opened(self, connection: "Connection") -> bool:
        """Take note of a connection; return whether it is welcome."""

    def closed(self, connection: "Connection") -> None:
        """Forget a connection."""

    def start(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        """Run a handler's wait as a task."""


@dataclass(slots=True, eq=False)
class _Pending:
    """A request that was handled and is not answered yet."""

    header: RequestHeader
    frame_size: int
    request: Request | None = None
    response: object | None = None
    is_done: bool = False
    task: asyncio.Task[None] | None = None


class Connection(asyncio.BufferedProtocol):
    """One client's connection."""

    def __init__(self, listener: Surroundings) -> None:
        """Wait for the transport."""
        self._listener = listener
        self._limits = listener.limits
        self._frames = FrameReader(
            listener.shared, listener.limits.frame_bytes_max, listener.in_flight
        )
        self._queue: deque[bytearray] = deque()
        self._pending: deque[_Pending] = deque()
        self._transport: asyncio.Transport | None = None
        self._sender: Sender | None = None
        self._is_reading = True
        self._is_pumping = False
        self._is_draining = False
        self._is_ending = False
        self._is_closed = False
        self._unmuting: asyncio.TimerHandle | None = None
        """While muted: what ends it."""

        self._meter = Meter(Unlimited(), listener.clock)
        self._login: Login | None = None
        """None where clients need not log in."""

        self._watched: OpenConnection | None = None
        self.client = Client(host="")
        self.deadline = 0.0
        """When it is to be cut, by the monotonic clock, unless something moves."""

    @property
    def is_working(self) -> bool:
        """Whether a request is being handled or its answer being sent."""
        return bool(self._pending) or (self._sender is not None and not self._sender.is_idle)

    def is_overdue(self, now: float) -> bool:
        """Return whether its client is silent, slow or does not read for longer than it may."""
        if now < self.deadline or self._frames.is_held or self._unmuting is not None:
            return False
        return not self._pending or (self._sender is not None and not self._sender.is_idle)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if the listener lets it."""
        transport = cast("asyncio.Transport", transport)  # uvloop's own class is none of asyncio's
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("unknown",)
        local = transport.get_extra_info("sockname") or ("",)
        host = str(peer[0])
        self.client = Client(
            host=host, local_host=str(local[0]), principal=ANONYMOUS.from_host(host)
        )
        try:
            self._listener.dispatcher.meet(
                self.client,
                self._listener.clock,
                is_encrypted=transport.get_extra_info("sslcontext") is not None,
                certificate=certificate_of(transport),
            )
        except AuthenticationFailed as error:
            self._cut_off(error.log_reason)
            return
        self._login = self.client.login
        if self._login is not None:
            self._frames.frame_bytes_max = LOGIN_FRAME_BYTES_MAX
            self._login.on_principal = self._logged_in
        assert self.client.meter is not None, "met"
        self._meter = self.client.meter
        if not self._meter.connect(self.client.host) or not self._listener.opened(self):
            self._is_closed = True
            transport.abort()
            return
        self._sender = Sender(
            transport, self._listener.reads, self._on_room_to_send, self._pump, self._cut_off
        )
        if self.client.principal.credential is not None:
            self._logged_in(self.client.principal)
        self._expect(self._limits.first_request_s)

    def connection_lost(self, error: Exception | None) -> None:
        """Give everything back; what only reads is given up, the rest goes on unanswered."""
        del error
        self._is_closed = True
        if self._watched is not None:
            self._watched.leave()
        if self._unmuting is not None:
            self._unmuting.cancel()
        if self._sender is not None:
            self._sender.abandon()
        size = self._frames.claimed_bytes + sum(map(len, self._queue))
        self._queue.clear()
        for one in self._pending:
            if one.task is not None and one.request is not None and one.request.droppable:
                one.task.cancel()
            size += one.frame_size
        self._pending.clear()
        self._listener.closed(self)
        self._listener.in_flight.release(size)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes are to be received."""
        del sizehint
        return self._frames.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes, handle the requests that are whole."""
        frames = self._frames
        was_partial = frames.is_partial
        try:
            whole = frames.received(nbytes)
        except WireError as error:
            self._break_off(str(error))
            return
        self._take(whole)
        if frames.is_partial and (whole or not was_partial):
            self._expect_rest()

    def pause_writing(self) -> None:
        """Handle no more requests: the client does not take its answers."""
        assert self._sender is not None, "connected"
        self._sender.pause()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._sender is not None, "connected"
        self._on_room_to_send()
        self._sender.resume()

    def eof_received(self) -> bool:
        """Close once what was asked is answered, or at once if that would only be read.

        Over TLS the transport closes by itself: it cannot be open one way.
        """
        self._is_ending = True
        self._end()
        assert self._transport is not None, "connected"
        return not self._is_closed and self._transport.get_extra_info("sslcontext") is None

    def drain(self) -> None:
        """Handle no new request; close when those that were begun are answered."""
        self._is_draining = True
        self._end()

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None and not self._is_closed:
            self._is_closed = True
            self._transport.abort()

    def _take(self, frames: list[bytearray]) -> None:
        if frames:
            self._queue.extend(frames)
            if self._login is not None and not self._login.received(len(frames)):
                self._break_off("too many requests before a login")
                return
            self._expect(self._limits.idle_s)
            self._pump()
        if self._frames.is_held:
            self._listener.in_flight.wait(self._on_room)
        self._regulate()

    def _on_room(self) -> None:
        if self._is_closed:
            return
        try:
            frames = self._frames.resume()
        except WireError as error:
            self._break_off(str(error))
            return
        self._expect_rest()
        self._take(frames)

    def _pump(self) -> None:
        """Handle what may be handled now."""
        if self._is_pumping:
            return
        self._is_pumping = True
        try:
            while self._queue and not self._is_closed and not self._is_draining:
                header = self._next_header()
                if not self._may_handle(header):
                    break
                self._handle(header, self._queue.popleft())
        except WireError as error:
            self._break_off(str(error))
        finally:
            self._is_pumping = False
        self._close_if_done()
        self._regulate()

    def _next_header(self) -> RequestHeader:
        if self._login is not None and self._login.is_raw and not self._login.is_over:
            return RAW
        return read_header(self._queue[0])

    def _logged_in(self, principal: Principal) -> None:
        """Have a principal from now on; as long as its login stands."""
        if self._is_closed:
            return
        if self._watched is not None:
            self._watched.leave()
        self.client.principal = principal
        self._frames.frame_bytes_max = self._limits.frame_bytes_max
        self._watched = self._listener.dispatcher.watch_over(principal, self._log_out)

    def _log_out(self) -> None:
        self._cut_off("its login stands no more")

    def _may_handle(self, header: RequestHeader) -> bool:
        assert self._sender is not None, "connected"
        if not self._sender.is_idle or self._unmuting is not None:
            return False
        if not self._pending:
            return True
        last = self._pending[-1].request
        if last is None or not last.pipelined or len(self._pending) >= PIPELINED_MAX:
            return False
        return last.header.api_key == header.api_key

    def _handle(self, header: RequestHeader, frame: bytearray) -> None:
        pending = _Pending(header, len(frame))
        self._pending.append(pending)
        meter = self._meter
        try:
            # who logs in is nobody yet: strangers have no debt in common, or one locks out all
            is_nobody = self._login is not None and self._login.principal is None
            if meter.measures_time and not is_nobody:
                request = self._timed(header, frame, meter)
            else:
                request = self._listener.dispatcher.handle(self.client, header, frame)
        except WireError:
            raise
        except Exception:  # noqa: BLE001 - the root of a request: its bug must not end the node
            self._bug(header)
            return
        pending.request = request
        if meter.muted_until:
            self._mute(meter)
        if isinstance(request.answer, Awaitable):
            pending.task = self._listener.start(self._await(pending, request.answer))
        else:
            self._answered(pending, request.answer)

    def _timed(self, header: RequestHeader, frame: bytearray, meter: Meter) -> Request:
        """Handle a request and account for the time that it takes (KIP-124)."""
        begun = perf_counter()
        request = self._listener.dispatcher.handle(self.client, header, frame)
        meter.requested(self.client.principal, perf_counter() - begun)
        if isinstance(request.answer, Awaitable):
            account = partial(meter.requested, self.client.principal)
            return request._replace(answer=Measured(request.answer, account))
        return request

    def _mute(self, meter: Meter) -> None:
        """Stop reading and handling until the debt is paid."""
        seconds = meter.muted_s()
        if not seconds or self._is_closed:
            return
        if self._unmuting is not None:
            self._unmuting.cancel()
        self._unmuting = asyncio.get_running_loop().call_later(seconds, self._unmute)
        self._regulate()

    def _unmute(self) -> None:
        self._unmuting = None
        self._expect_rest()
        self._pump()

    async def _await(self, pending: _Pending, answer: Awaitable[object]) -> None:
        try:
            response = await answer
        except Exception:  # noqa: BLE001 - likewise
            self._bug(pending.header)
            return
        self._answered(pending, response)

    def _answered(self, pending: _Pending, response: object | None) -> None:
        if self._is_closed:
            return
        if self._meter.muted_until:
            self._mute(self._meter)
        pending.response = response
        pending.is_done = True
        pending.task = None
        released = 0
        while self._pending and self._pending[0].is_done and not self._is_closed:
            first = self._pending.popleft()
            released += first.frame_size
            try:
                self._send(first)
            except Exception:  # noqa: BLE001 - a response that cannot be written is a bug as well
                self._bug(first.header)
        if released:
            self._listener.in_flight.release(released)
        if self._login is not None and self._login.is_over:
            asyncio.get_running_loop().call_later(LINGER_S, self.drain)
        self._expect_rest()
        self._pump()

    def _send(self, pending: _Pending) -> None:
        assert self._sender is not None, "connected"
        assert pending.request is not None, "handled"
        if pending.response is None:
            return
        if isinstance(pending.response, HangUp):
            self._hang_up(pending.response.reason)
            return
        throttle_ms = 0
        if self._meter.muted_until:
            throttle_ms = math.ceil(self._meter.muted_s() * 1000)
        out, gaps = encode_response(pending.request, pending.response, throttle_ms)
        self._sender.send(out, gaps)

    def _hang_up(self, reason: str) -> None:
        if not self._is_draining:
            _logger.info("connection of %s closed: %s", self.client.host, reason)
            self.drain()

    def _regulate(self) -> None:
        """Read on, or stop reading."""
        if self._is_closed or self._transport is None:
            return
        is_muted = self._unmuting is not None
        full = is_muted or self._frames.is_held or len(self._queue) >= FRAMES_QUEUED_MAX
        if full and self._is_reading:
            self._is_reading = False
            self._transport.pause_reading()
        elif not full and not self._is_reading:
            self._is_reading = True
            self._transport.resume_reading()

    def _on_room_to_send(self) -> None:
        self._expect(self._limits.idle_s)

    def _expect(self, within_s: float) -> None:
        self.deadline = self._listener.clock.monotonic() + within_s
        if self._login is not None and not self._login.is_authenticated:
            self.deadline = min(self.deadline, self._login.deadline)

    def _expect_rest(self) -> None:
        """Expect the rest of the request that has begun, or the next one."""
        limits = self._limits
        if self._frames.is_partial:
            self._expect(limits.frame_s + self._frames.claimed_bytes / limits.frame_bytes_per_s)
        else:
            self._expect(limits.idle_s)

    def _end(self) -> None:
        for one in self._pending:
            if one.task is not None and one.request is not None and one.request.droppable:
                self.close()
                return
        self._close_if_done()

    def _close_if_done(self) -> None:
        is_over = self._is_draining or (self._is_ending and not self._queue)
        if is_over and not self.is_working:
            transport = self._transport
            if transport is not None and not self._is_closed and not transport.is_closing():
                transport.close()
                if transport.get_extra_info("sslcontext") is not None:
                    loop = asyncio.get_running_loop()
                    loop.call_later(GOODBYE_SECONDS_MAX, transport.abort)

    def _bug(self, header: RequestHeader) -> None:
        what = f"API {header.api_key} version {header.api_version}"
        _logger.critical("%s failed, its connection is closed", what, exc_info=True)
        self.close()

    def _break_off(self, reason: str) -> None:
        """Close because of what the client sent, which may have been for a login."""
        if self._login is not None:
            self._login.broken_off(reason)
        self._cut_off(reason)

    def _cut_off(self, reason: str) -> None:
        if not self._is_closed:
            _logger.info("connection of %s closed: %s", self.client.host, reason)
            self.close()
