import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import uvloop

from app.security.tls.live import TlsFiles, server_context
from app.wire.encoders import Gap
from app.wire.sender import COPY_BYTES_MAX, Sender
from storage.errors import DiskError
from storage.segments.log_slice import LogSlice
from tests.support.security.certificates import client_context, write_pair
from tests.support.wire_door import file_slice, pattern

ON_BOTH_LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
Run = Callable[[Coroutine[None, None, None]], None]


class End(asyncio.Protocol):
    """The server's end of a connection, whose sender is under test."""

    def __init__(self, reads: ThreadPoolExecutor) -> None:
        self.reads = reads
        self.idle = 0
        self.rooms = 0
        self.failed: list[str] = []
        self.sender: Sender | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self.transport = transport
        self.sender = Sender(transport, self.reads, self.on_room, self.on_idle, self.failed.append)

    def on_room(self) -> None:
        self.rooms += 1

    def on_idle(self) -> None:
        self.idle += 1

    def pause_writing(self) -> None:
        assert self.sender is not None
        self.sender.pause()

    def resume_writing(self) -> None:
        assert self.sender is not None
        self.sender.resume()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[End, asyncio.StreamReader]]:
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor(1) as reads:
        _, end = await asyncio.get_running_loop().create_connection(lambda: End(reads), sock=ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        yield end, reader
        end.transport.abort()
        writer.close()


@asynccontextmanager
async def connected_by_tls(folder: Path) -> AsyncIterator[tuple[End, asyncio.StreamReader]]:
    ours, theirs = socket.socketpair()
    pair = write_pair(folder, "here")
    context = server_context(TlsFiles(certificate=pair[0], key=pair[1]))
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as reads:
        end = End(reads)  # the loops give back different ones
        _, (reader, writer) = await asyncio.gather(
            loop.connect_accepted_socket(lambda: end, ours, ssl=context),
            asyncio.open_connection(sock=theirs, ssl=client_context(), server_hostname=""),
        )
        yield end, reader
        end.transport.abort()
        writer.close()


def response(*slices: LogSlice) -> tuple[bytearray, list[Gap]]:
    """Return a response with the slices after its second, third, ... byte."""
    out = bytearray(range(len(slices) + 2))
    return out, [Gap(1 + number, found) for number, found in enumerate(slices)]


def as_sent(*slices: LogSlice) -> bytes:
    out, _ = response(*slices)
    between = [bytes([one]) for one in out]
    return (
        between[0]
        + b"".join(found.read() + between[number + 1] for number, found in enumerate(slices))
        + between[-1]
    )


@pytest.mark.parametrize(
    "sizes", [(), (1,), (COPY_BYTES_MAX + 1,), (100, 300_000, 5, 70_000), (5 << 20, 5 << 20)]
)
@ON_BOTH_LOOPS
def test_bytes_and_slices_arrive_in_order(run: Run, tmp_path: Path, sizes: tuple[int, ...]) -> None:
    async def check() -> None:
        slices = [file_slice(tmp_path, max((*sizes, 1))).first(size) for size in sizes]
        async with connected() as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(*slices))
            end.sender.send(*response(*slices)) if end.sender.is_idle else None
            expected = as_sent(*slices)

            assert await asyncio.wait_for(reader.readexactly(len(expected)), 20) == expected
            assert end.failed == []

    run(check())


@ON_BOTH_LOOPS
def test_a_client_that_does_not_read_is_waited_for_with_little_in_memory(
    run: Run, tmp_path: Path
) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 8 << 20)
        async with connected() as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(found))
            await asyncio.sleep(0.05)

            assert not end.sender.is_idle
            assert end.transport.get_write_buffer_size() <= 64 * 1024
            sent = await asyncio.wait_for(reader.readexactly(found.size + 3), 20)
            assert sent == as_sent(found)
            while not end.sender.is_idle:
                await asyncio.sleep(0.01)
            assert end.idle >= 1

    run(check())


@ON_BOTH_LOOPS
def test_over_tls_the_same_arrives_and_as_little_is_in_memory(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        slices = [file_slice(tmp_path, 8 << 20).first(size) for size in (100, 8 << 20, 70_000)]
        async with connected_by_tls(tmp_path) as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(*slices))
            await asyncio.sleep(0.05)

            assert not end.sender.is_idle
            assert end.transport.get_write_buffer_size() <= 256 * 1024
            expected = as_sent(*slices)
            assert await asyncio.wait_for(reader.readexactly(len(expected)), 20) == expected
            while not end.sender.is_idle:
                await asyncio.sleep(0.01)
            assert end.rooms == 0
            assert end.failed == []

    run(check())


@ON_BOTH_LOOPS
def test_a_client_that_reads_slowly_is_heard_of(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 8 << 20)
        async with connected() as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(found))
            assert end.rooms == 0
            await asyncio.wait_for(reader.readexactly(found.size), 20)

            assert end.rooms > 0

    run(check())


@ON_BOTH_LOOPS
def test_a_connection_that_is_given_up_while_it_waits_is_closed(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 8 << 20)
        async with connected() as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(found))
            assert not end.sender.is_idle
            end.transport.abort()
            end.sender.abandon()
            end.sender.abandon()

            assert len(await asyncio.wait_for(reader.read(), 20)) < found.size

    run(check())


class Cold(LogSlice):
    """A slice that is never in the page cache."""

    def is_cached(self, size: int) -> bool:
        return False

    def read_if_cached(self) -> bytes | None:
        return None


@ON_BOTH_LOOPS
def test_what_is_not_in_the_page_cache_is_read_on_a_thread(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 300_000)
        cold = Cold(file=found.file, position=0, size=found.size, start_offset=0, next_offset=1)
        async with connected() as (end, reader):
            assert end.sender is not None
            end.sender.send(*response(cold))

            sent = await asyncio.wait_for(reader.readexactly(found.size + 3), 20)
            assert sent == as_sent(found)
            while not end.sender.is_idle:
                await asyncio.sleep(0.01)

    run(check())


class Failing(Cold):
    """A slice on a disk that fails."""

    def read(self) -> bytes:
        raise DiskError("it failed")


@ON_BOTH_LOOPS
def test_a_disk_that_fails_ends_the_connection(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 300_000)
        failing = Failing(file=found.file, position=0, size=9, start_offset=0, next_offset=1)
        async with connected() as (end, _):
            assert end.sender is not None
            end.sender.send(*response(failing))
            async with asyncio.timeout(20):
                while not end.failed:
                    await asyncio.sleep(0.01)

            assert end.failed == ["it failed"]

    run(check())


@ON_BOTH_LOOPS
def test_a_file_that_is_shorter_than_its_slice_ends_the_connection(
    run: Run, tmp_path: Path
) -> None:
    async def check() -> None:
        found = file_slice(tmp_path, 300_000)
        found.file.truncate(150_000)
        async with connected() as (end, _):
            assert end.sender is not None
            end.sender.send(*response(found))
            async with asyncio.timeout(20):
                while not end.failed:
                    await asyncio.sleep(0.01)

            assert pattern(8) == found.first(8).read()

    run(check())
