"""Hostile bytes at the Kafka port: nothing crashes, hangs or grows; others are served meanwhile.

Frames are random, or well-formed requests of every API and version that were cut, lengthened or
changed in places, from a seed that a failure prints.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.wire.call import Call
from app.wire.connection import ConnectionLimits
from app.wire.handlers.all_served import SERVED
from app.wire.message import api_of
from app.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from app.wire.registry import Answer, Handler
from tests.support.broker import running_broker
from tests.support.wire_calls import frame_of, read_frame, response_of, sized
from tests.support.wire_door import Door, running_door
from tests.support.wire_messages import random_message

pytestmark = pytest.mark.slow

ROUNDS = 1_500
ALIVE = ApiVersionsRequest(client_software_name="fuzz", client_software_version="1")
LIMITS = ConnectionLimits(frame_bytes_max=1 << 20)
REQUESTS = [one.request_type for one in SERVED]
HARMFUL = frozenset({"DeleteTopics"})
"""Left out, so that there are topics to be asked about."""


@asynccontextmanager
async def door_of_a_broker(directory: Path) -> AsyncIterator[tuple[Door, list[str]]]:
    """Run the door on a broker; count the requests that reach a handler."""
    counted: list[str] = []
    async with (
        running_broker(directory) as broker,
        running_door(
            connection_limits=LIMITS,
            broker=broker,
            served=[replace(one, handler=_counting(one.handler, counted)) for one in SERVED],
        ) as door,
    ):
        yield door, counted


def _counting(handler: Handler, counted: list[str]) -> Handler:
    def count(call: Call, request: object) -> Answer:
        counted.append(type(request).__name__)
        return handler(call, request)

    return count


def hostile_frames(seed: int) -> Iterator[bytes]:
    """Yield bytes as they go over the network."""
    chance = random.Random(seed)
    for number in range(ROUNDS):
        kind = chance.randrange(6)
        request_type = chance.choice(REQUESTS)
        api = api_of(request_type)
        if api.name in HARMFUL:
            continue
        version = chance.randint(api.min_version, api.max_version)
        message = aimed(random_message(request_type, version, chance), chance)
        frame = frame_of(message, version, number)
        if kind == 0:
            frame = bytearray(chance.randbytes(chance.randrange(1, 200)))
        elif kind == 1:
            frame = frame[: chance.randrange(1, len(frame) + 1)]
        elif kind == 2:
            for _ in range(chance.randint(1, 8)):
                frame[chance.randrange(len(frame))] = chance.randrange(256)
        elif kind == 3:
            at = chance.randrange(len(frame))
            frame[at : at + 4] = struct.pack(">i", chance.choice([-1, -2, 2**31 - 1, 1 << 20]))
        elif kind == 4:
            struct.pack_into(">h", frame, 2, chance.choice([-1, 99, version]))
        yield sized(frame)


def aimed(message: Any, chance: random.Random) -> Any:
    """Make most topics of a message the one that there is, and most waits short."""
    for field in fields(message):
        value = getattr(message, field.name)
        if isinstance(value, list):
            for one in value:
                if is_dataclass(one):
                    aimed(one, chance)
        elif field.name in ("name", "topic") and chance.random() < 0.7:
            setattr(message, field.name, "t")
        elif isinstance(value, int) and "partition" in field.name and chance.random() < 0.7:
            setattr(message, field.name, 0)
        elif field.name.endswith("_ms"):
            setattr(message, field.name, chance.choice([0, 1, 20]))
    return message


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the door has answered what it could, and closed."""
    async with asyncio.timeout(60):
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass


async def is_alive(door: Door) -> bool:
    reader, writer = await asyncio.open_connection(*door.address)
    writer.write(sized(frame_of(ALIVE, 3, 5)))
    frame = await asyncio.wait_for(read_frame(reader), 30)
    writer.close()
    _, response = response_of(frame, ApiVersionsResponse, 3)
    return response.error_code == 0


@pytest.mark.parametrize("seed", range(4))
async def test_hostile_frames_end_their_own_connection_at_most(
    tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with door_of_a_broker(tmp_path) as (door, counted):
        reader, writer = await asyncio.open_connection(*door.address)
        for number, data in enumerate(hostile_frames(seed)):
            writer.write(data)
            if number % 3:
                with contextlib.suppress(OSError):  # the door was faster
                    writer.write_eof()
                await ended(reader)
                writer.close()
                reader, writer = await asyncio.open_connection(*door.address)
            if number % 100 == 99:
                assert await is_alive(door)
        writer.transport.abort()
        await door.until(lambda: not door.listener.connections)

        assert door.listener.in_flight.held_bytes == 0
        assert door.listener.in_flight.waiting == 0
        assert await is_alive(door)
        assert len(counted) > ROUNDS / 8
        assert len(set(counted)) > len(SERVED) / 2
    assert "failed, its connection is closed" not in caplog.text


async def test_a_request_cut_at_each_byte_ends_its_connection(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with door_of_a_broker(tmp_path) as (door, _):
        for request_type in REQUESTS:
            api = api_of(request_type)
            frame = frame_of(random_message(request_type, api.max_version, chance), api.max_version)
            step = max(1, len(frame) // 25)
            for size in range(1, len(frame), step):
                with socket.create_connection(door.address) as connection:
                    connection.sendall(sized(frame[:size]))
                await asyncio.sleep(0)
        await door.until(lambda: not door.listener.connections)

        assert door.listener.in_flight.held_bytes == 0
        assert await is_alive(door)
