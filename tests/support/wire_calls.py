"""Calls of handlers as the door makes them, and requests and responses as bytes."""

import asyncio
import struct
from collections.abc import Awaitable
from typing import Any, TypeVar

from app.broker.context import BrokerContext
from app.wire.call import Call, Client
from app.wire.codec import decode, encode
from app.wire.handlers.all_served import SERVED
from app.wire.headers import API_VERSIONS_KEY
from app.wire.message import api_of
from app.wire.primitives import write_uvarint
from app.wire.registry import Registry

_T = TypeVar("_T")
CLIENT_ID = "tester"


def call_of(broker: BrokerContext, version: int, client: Client | None = None) -> Call:
    """Return the surroundings of a request in a version."""
    return Call(
        broker=broker,
        client=client or Client(host="127.0.0.1", local_host="127.0.0.1"),
        api_version=version,
        client_id=CLIENT_ID,
        served=Registry(SERVED).advertised,
    )


async def ask(
    broker: BrokerContext,
    request: object,
    response_type: type[_T],
    version: int,
    client: Client | None = None,
) -> _T:
    """Have a request handled, both ways through the bytes of a version."""
    api = api_of(type(request))
    served = Registry(SERVED).find(api.key, version)
    assert served is not None, f"{api.name} v{version} is not served"
    encoded = bytearray()
    encode(request, version, encoded)
    received = decode(type(request), version, encoded)
    answer: Any = served.handler(call_of(broker, version, client), received)
    if isinstance(answer, Awaitable):
        answer = await answer
    assert isinstance(answer, response_type)
    out = bytearray()
    gaps = encode(answer, version, out)
    for gap in reversed(gaps):
        out[gap.position : gap.position] = gap.source.read()  # type: ignore[attr-defined] # a slice
    return decode(response_type, version, out)


def frame_of(request: object, version: int, correlation_id: int = 1) -> bytearray:
    """Return a request with its header, without its size."""
    api = api_of(type(request))
    name = CLIENT_ID.encode()
    out = bytearray(struct.pack(">hhih", api.key, version, correlation_id, len(name)) + name)
    if api.is_flexible(version):
        write_uvarint(out, 0)
    encode(request, version, out)
    return out


def sized(frame: bytes | bytearray) -> bytes:
    """Return a frame as it goes over the network."""
    return struct.pack(">i", len(frame)) + frame


def response_of(frame: bytes, response_type: type[_T], version: int) -> tuple[int, _T]:
    """Return a response's correlation id and itself; the frame is without its size."""
    api = api_of(response_type)
    start = 5 if api.is_flexible(version) and api.key != API_VERSIONS_KEY else 4
    return struct.unpack_from(">i", frame)[0], decode(response_type, version, frame, start)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return the next frame of a stream, without its size."""
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)
