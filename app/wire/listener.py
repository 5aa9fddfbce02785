"""Listener: the port of the Kafka protocol, and the connections that came in through it.

States: listening -> draining -> closed.

Invariants:
    There are never more than ``connections_max`` connections, nor more than
    ``connections_per_host_max`` from one address.
    A connection that is silent for too long, or too slow with a request, is cut by the sweep.
    When ``run`` returns nothing of a client is being handled any more.
Called by: main. Calls: connection.
Source: Kafka's ``max.connections``, ``max.connections.per.ip``, ``connections.max.idle.ms``.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from app.security.tls.certified import CertifiedConnections
from app.security.tls.handshakes import Handshakes
from app.telemetry.clock import Clock
from app.wire.connection import Connection, ConnectionLimits
from app.wire.dispatch import Dispatcher
from app.wire.frames import RECEIVE_BYTES
from app.wire.in_flight import InFlight

_logger = logging.getLogger(__name__)

BACKLOG = 2048
"""How many connections may wait to be accepted (Kafka's ``socket.listen.backlog.size``).

One that finds the queue full is not refused: the system may answer it with a cookie and forget it,
and a client that waits to be spoken to then waits for nobody.
"""

SWEEP_S = 1.0
DRAIN_LOOK_S = 0.01
READ_THREADS = 4
REFUSALS_LOGGED_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """How much this door takes."""

    connections_max: int = 10_000
    connections_per_host_max: int = 10_000
    in_flight_bytes_max: int = 256 * 1024 * 1024
    """Of requests that are not answered yet."""

    drain_s: float = 10.0
    """How long requests may take to end at a shutdown."""


class Listener:
    """Accepts connections on a socket, and serves them."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        clock: Clock,
        limits: ListenerLimits | None = None,
        connection_limits: ConnectionLimits | None = None,
        tls: ssl.SSLContext | None = None,
        certified: CertifiedConnections | None = None,
    ) -> None:
        """Accept nothing yet.

        Args:
            dispatcher: Answers requests.
            clock: For deadlines.
            limits: Of the door.
            connection_limits: Of each connection.
            tls: Of the door, if it speaks TLS.
            certified: Looks after connections of clients with certificates.
        """
        self.dispatcher = dispatcher
        self.clock = clock
        self.limits = connection_limits or ConnectionLimits()
        self._limits = limits or ListenerLimits()
        self._handshakes: Handshakes | None = None
        if tls is not None:
            per_address_max = self._limits.connections_per_host_max
            self._handshakes = Handshakes(tls, per_address_max=per_address_max, certified=certified)
        self.in_flight = InFlight(self._limits.in_flight_bytes_max)
        self.shared = bytearray(RECEIVE_BYTES)
        self._threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="wire-read")
        self.reads: Executor = self._threads
        self.connections: set[Connection] = set()
        self._hosts: Counter[str] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._handling: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._is_draining = False
        self._refused_logged_at = -REFUSALS_LOGGED_EVERY_S

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Serve until told to stop, then let what was begun end.

        Args:
            listening: Bound, and listening.
            stop: When set, no new connections and requests are taken.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._server = await loop.create_server(
                    self._accept, sock=listening, backlog=BACKLOG
                )
                sweeping = tasks.create_task(self._sweep(), name="wire-sweep")
                await stop.wait()
                sweeping.cancel()
                await self._drain()
        finally:
            self._close()

    def _accept(self) -> asyncio.BaseProtocol:
        if self._handshakes is None:
            return Connection(self)
        return self._handshakes.accept(lambda: Connection(self))

    def opened(self, connection: Connection) -> bool:
        """Take note of a connection; return whether it is welcome."""
        host = connection.client.host
        limits = self._limits
        if (
            self._is_draining
            or len(self.connections) >= limits.connections_max
            or self._hosts[host] >= limits.connections_per_host_max
        ):
            self._log_refusal(host)
            return False
        self.connections.add(connection)
        self._hosts[host] += 1
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection in self.connections:
            self.connections.discard(connection)
            host = connection.client.host
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run a handler's wait as a task."""
        assert self._tasks is not None, "running"
        task = self._tasks.create_task(work)
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        return task

    def sweep(self) -> None:
        """Cut the connections whose deadline has passed; one that works has none."""
        now = self.clock.monotonic()
        for connection in tuple(self.connections):
            if connection.is_overdue(now):
                _logger.info("connection of %s closed: silent too long", connection.client.host)
                connection.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    async def _drain(self) -> None:
        self._is_draining = True
        if self._handshakes is not None:
            self._handshakes.close()
        assert self._server is not None, "listening"
        self._server.close()
        for connection in tuple(self.connections):
            connection.drain()
        deadline = self.clock.monotonic() + self._limits.drain_s
        while self._handling or self.connections:
            if self.clock.monotonic() >= deadline:
                break
            await asyncio.sleep(DRAIN_LOOK_S)
        for task in tuple(self._handling):
            task.cancel()

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _log_refusal(self, host: str) -> None:
        now = self.clock.monotonic()
        if now - self._refused_logged_at >= REFUSALS_LOGGED_EVERY_S:
            self._refused_logged_at = now
            _logger.warning(
                "connection of %s refused: %d are open, %d of them its own",
                *(host, len(self.connections), self._hosts[host]),
            )
