"""Handshakes: who gets in, who is cut off, and what was sent behind them."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
import uvloop

from app.security.tls.handshakes import Handshakes
from app.security.tls.live import ClientAuth, LiveTls, TlsFiles
from tests.support.security.certificates import client_context, write_pair

ON_BOTH_LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
Run = Callable[[Coroutine[None, None, None]], None]


class Echo(asyncio.Protocol):
    """Sends back what comes, whole."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.heard = b""
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self.transport is None
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        self.heard += data
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


class SmallBuffer(asyncio.BufferedProtocol):
    """The same, three bytes at a time."""

    def __init__(self) -> None:
        self.buffer = bytearray(3)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        assert self.transport is not None
        self.transport.write(bytes(self.buffer[:nbytes]))


class Refusing(Echo):
    """Wants nobody."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.abort()


class Server:
    """A door that speaks TLS."""

    def __init__(self, handshakes: Handshakes, port: int, made: list[Echo]) -> None:
        self.handshakes = handshakes
        self.port = port
        self.made = made

    async def connect(
        self, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)


@asynccontextmanager
async def serving(
    folder: Path, kind: type[asyncio.BaseProtocol] = Echo, **more: float
) -> AsyncIterator[Server]:
    pair = write_pair(folder, "here")
    live = LiveTls(TlsFiles(certificate=pair[0], key=pair[1]))
    handshakes = Handshakes(live.context, **more)  # type: ignore[arg-type] # numbers both
    made: list[Echo] = []

    def make() -> asyncio.BaseProtocol:
        one = kind()
        made.append(one)  # type: ignore[arg-type] # looked at by the tests of Echo alone
        return one

    server = await asyncio.get_running_loop().create_server(
        lambda: handshakes.accept(make), "127.0.0.1", 0
    )
    try:
        yield Server(handshakes, server.sockets[0].getsockname()[1], made)
    finally:
        handshakes.close()
        server.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def finished_with(client: ssl.SSLObject, incoming: ssl.MemoryBIO, data: bytes) -> None:
    incoming.write(data)
    client.do_handshake()


@pytest.mark.parametrize("kind", [Echo, SmallBuffer])
@ON_BOTH_LOOPS
def test_what_comes_in_one_piece_with_the_end_of_the_handshake_is_heard(
    run: Run, tmp_path: Path, kind: type[asyncio.BaseProtocol]
) -> None:
    async def check() -> None:
        async with serving(tmp_path, kind) as server:
            reader, writer = await server.connect(None)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = client_context().wrap_bio(incoming, outgoing)
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
            writer.write(outgoing.read())
            while True:
                try:
                    finished_with(client, incoming, await reader.read(65_536))
                except ssl.SSLWantReadError:
                    continue
                break
            for _ in range(3):
                client.write(b"hello, ")
            writer.write(outgoing.read())  # the handshake's end and what is behind it

            heard = b""
            while len(heard) < 21:
                incoming.write(await asyncio.wait_for(reader.read(65_536), 20))
                try:
                    while True:
                        heard += client.read(100)
                except ssl.SSLWantReadError:
                    continue
            assert heard == b"hello, hello, hello, "
            writer.close()

    run(check())


@ON_BOTH_LOOPS
def test_a_connection_is_the_door_s_after_its_handshake(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as server:
            reader, writer = await server.connect(client_context())
            for _ in range(3):
                writer.write(b"x" * 100_000)
                assert await reader.readexactly(100_000) == b"x" * 100_000
            assert len(server.handshakes) == 0
            (echo,) = server.made
            assert echo.transport is not None
            assert echo.transport.get_extra_info("sslcontext") is not None
            assert echo.transport.get_extra_info("peername")[0] == "127.0.0.1"

            writer.close()

            await asyncio.wait_for(echo.lost.wait(), 20)

    run(check())


@ON_BOTH_LOOPS
def test_one_that_the_door_does_not_want_is_closed_and_lost_once(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path, Refusing) as server:
            reader, writer = await server.connect(client_context())
            writer.write(b"hello")
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            await asyncio.wait_for(server.made[0].lost.wait(), 20)
            assert server.made[0].heard == b""
            writer.close()

    run(check())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@ON_BOTH_LOOPS
def test_one_that_shows_no_certificate_is_told_why_it_is_refused(
    run: Run, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    async def check() -> None:
        pair = write_pair(tmp_path, "ca")
        files = TlsFiles(
            certificate=pair[0], key=pair[1], client_ca=pair[0], client_auth=ClientAuth.REQUIRED
        )
        handshakes = Handshakes(LiveTls(files).context)
        server = await asyncio.get_running_loop().create_server(
            lambda: handshakes.accept(Echo), "127.0.0.1", 0
        )
        client = client_context()
        client.minimum_version = client.maximum_version = version
        said = await asyncio.to_thread(refusal, client, server.sockets[0].getsockname()[1])
        server.close()

        assert "ALERT" in said

    run(check())


def refusal(client: ssl.SSLContext, port: int) -> str:
    """Return why a server refuses a client."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            with client.wrap_socket(connection) as secure:
                secure.recv(1)
        except ssl.SSLError as error:
            return str(error)
    return "not refused"


@ON_BOTH_LOOPS
def test_what_is_no_handshake_ends_at_once_and_is_told(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with serving(tmp_path) as server:
            for said in (b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\0\0\0\x10" + bytes(16)):
                reader, writer = await server.connect(None)
                writer.write(said)
                with suppress(ConnectionError):
                    assert await asyncio.wait_for(reader.read(), 20) == b""
                writer.close()
            await until(lambda: not len(server.handshakes))
            assert server.made == []

    with caplog.at_level(logging.INFO):
        run(check())

    assert caplog.text.count("TLS handshake of 127.0.0.1 failed") == 1
    assert "Traceback" not in caplog.text


@ON_BOTH_LOOPS
def test_one_that_says_nothing_is_cut_off(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path, seconds_max=0.1) as server:
            reader, writer = await server.connect(None)
            writer.write(b"\x16\x03\x01")
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            await until(lambda: not len(server.handshakes))
            writer.close()

    run(check())


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_one_more_of_an_address_than_it_may_have_is_closed(loop: Run, tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path, per_address_max=2) as server:
            silent = [await server.connect(None) for _ in range(2)]
            await until(lambda: len(server.handshakes) == 2)
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await server.connect(client_context())
            silent[0][1].close()
            await until(lambda: len(server.handshakes) == 1)
            _, writer = await server.connect(client_context())
            writer.close()
            silent[1][1].close()

    loop(check())


@ON_BOTH_LOOPS
def test_at_the_end_those_under_way_are_closed_and_none_is_begun(run: Run, tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as server:
            reader, writer = await server.connect(None)
            await until(lambda: len(server.handshakes) == 1)

            server.handshakes.close()

            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await server.connect(client_context())
            writer.close()

    run(check())
