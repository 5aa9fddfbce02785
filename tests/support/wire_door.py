"""A listener of the Kafka protocol in this process, with handlers that a test controls."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.broker.context import BrokerContext
from app.security.authenticator import Authenticator
from app.security.open_connections import OpenConnections
from app.security.quotas import Quotas, Unlimited
from app.telemetry.clock import SystemClock
from app.wire.call import Call
from app.wire.connection import ConnectionLimits
from app.wire.dispatch import Dispatcher
from app.wire.listener import Listener, ListenerLimits
from app.wire.login.login import LoginRules
from app.wire.messages.fetch import (
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    PartitionData,
)
from app.wire.messages.group_admin import ListGroupsRequest, ListGroupsResponse
from app.wire.messages.groups import HeartbeatRequest, HeartbeatResponse, SyncGroupRequest
from app.wire.messages.metadata import MetadataRequest
from app.wire.messages.produce import ProduceRequest, ProduceResponse
from app.wire.registry import Registry, Served, serve
from storage.files import Disk
from storage.segments.log_slice import LogSlice
from tests.support.wire_calls import frame_of, read_frame, sized


class Handlers:
    """Heartbeats answer at once; produce, fetch and sync wait until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waits: list[asyncio.Future[None]] = []
        self.cancelled = 0
        self.fetched: LogSlice | None = None
        self.served: tuple[Served, ...] = (
            serve(HeartbeatRequest, self.heartbeat),
            serve(ProduceRequest, self.produce, pipelined=True),
            serve(SyncGroupRequest, self.sync, droppable=True),
            serve(FetchRequest, self.fetch),
            serve(MetadataRequest, self.fail),
            serve(ListGroupsRequest, self.answer_wrongly),
        )

    def heartbeat(self, call: Call, request: HeartbeatRequest) -> HeartbeatResponse:
        self.asked.append(request.group_id)
        return HeartbeatResponse(error_code=request.generation_id)

    async def produce(self, call: Call, request: ProduceRequest) -> ProduceResponse:
        await self._wait("produce")
        return ProduceResponse(throttle_time_ms=request.timeout_ms)

    async def sync(self, call: Call, request: SyncGroupRequest) -> HeartbeatResponse:
        await self._wait("sync")
        return HeartbeatResponse()

    def fetch(self, call: Call, request: FetchRequest) -> FetchResponse:
        self.asked.append("fetch")
        data = PartitionData(records=self.fetched)
        return FetchResponse(responses=[FetchableTopicResponse(topic="t", partitions=[data])])

    def fail(self, call: Call, request: MetadataRequest) -> None:
        raise ZeroDivisionError

    def answer_wrongly(self, call: Call, request: ListGroupsRequest) -> ListGroupsResponse:
        return ListGroupsResponse(groups=[None])  # type: ignore[list-item] # that is the bug

    async def _wait(self, name: str) -> None:
        self.asked.append(name)
        let_go = asyncio.get_running_loop().create_future()
        self.waits.append(let_go)
        try:
            await let_go
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Door:
    """A running listener."""

    def __init__(self, listener: Listener, handlers: Handlers, address: tuple[str, int]) -> None:
        self.listener = listener
        self.handlers = handlers
        self.address = address
        self.stop = asyncio.Event()
        self.running: asyncio.Task[None] | None = None

    async def connect(self) -> "Peer":
        reader, writer = await asyncio.open_connection(*self.address)
        return Peer(reader, writer)

    async def until(self, condition: Any) -> None:
        """Let the loop run until something is so."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)


class Peer:
    """A client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, request: object, version: int, correlation_id: int) -> None:
        self.writer.write(sized(frame_of(request, version, correlation_id)))

    async def receive(self) -> tuple[int, bytes]:
        """Return the next response's correlation id and the whole of it."""
        frame = await asyncio.wait_for(read_frame(self.reader), 20)
        return struct.unpack_from(">i", frame)[0], frame

    async def is_closed(self) -> bool:
        """Wait until the other end closes; whatever comes before does not matter."""
        try:
            async with asyncio.timeout(20):
                while await self.reader.read(1 << 16):
                    pass
        except ConnectionError:
            pass
        return True

    def close(self) -> None:
        self.writer.close()


def file_slice(directory: Path, size: int) -> LogSlice:
    """Return a slice of a file with bytes that tell where they are."""
    file = Disk().open(directory / "some.log", create=True)
    file.write(pattern(size), 0)
    return LogSlice(file=file, position=0, size=size, start_offset=0, next_offset=1)


def pattern(size: int) -> bytes:
    """Return that many bytes, each eight of them another number."""
    return b"".join(struct.pack(">q", number) for number in range(size // 8 + 1))[:size]


@dataclass
class Nobody:
    """A broker that only has quotas, and logins if it is given who checks them."""

    quotas: Quotas = field(default_factory=Unlimited)
    authenticator: Authenticator | None = None
    open_connections: OpenConnections = field(
        default_factory=lambda: OpenConnections(SystemClock())
    )


@asynccontextmanager
async def running_door(
    limits: ListenerLimits | None = None,
    connection_limits: ConnectionLimits | None = None,
    *,
    broker: BrokerContext | Nobody | None = None,
    served: Sequence[Served] | None = None,
    login_rules: LoginRules | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Door]:
    """Run a listener on a free port."""
    handlers = Handlers()
    dispatcher = Dispatcher(Registry(served or handlers.served), broker or Nobody(), login_rules)  # type: ignore[arg-type] # not asked by these handlers
    listener = Listener(dispatcher, SystemClock(), limits, connection_limits, tls)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        door = Door(listener, handlers, listening.getsockname())
        door.running = asyncio.create_task(listener.run(listening, door.stop))
        try:
            yield door
        finally:
            door.stop.set()
            await door.running
