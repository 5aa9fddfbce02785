"""Connections that certificates have opened: which end with a list, and which stay."""

import asyncio
import dataclasses
import gc
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
import uvloop
from cryptography import x509

from app.security.tls import certified as certified_connections
from app.security.tls.certified import CertifiedConnections
from app.security.tls.handshakes import Handshakes
from app.security.tls.live import ClientAuth, TlsFiles
from app.security.tls.node_tls import NodeTls
from app.security.tls.revoked import RevocationList, RevokedCertificates
from tests.support.security.certificates import Pair, client_context, write_list, write_pair

ON_BOTH_LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
Run = Callable[[Coroutine[None, None, None]], None]
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certified_connections, "GRACE_S", 0.01)


class Greeting(asyncio.Protocol):
    """A door that greets, and cares for no certificate."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(b"hello")


class Door:
    """One that takes clients with certificates and without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = write_pair(folder, "ca")
        self.lists = folder / "revoked.pem"
        here = write_pair(folder, "here")
        write_list(self.lists, self.ca)
        self.files = TlsFiles(
            certificate=here[0],
            key=here[1],
            client_ca=self.ca[0],
            client_crl=self.lists,
            client_auth=ClientAuth.REQUESTED,
        )
        self.tls = NodeTls(kafka=self.files)
        self.refused: list[tuple[str, str]] = []
        self.certified.refused = lambda address, reason: self.refused.append((address, reason))

    @property
    def certified(self) -> CertifiedConnections:
        return self.tls.certified

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Door"]:
        assert self.tls.kafka is not None
        handshakes = Handshakes(self.tls.kafka, certified=self.certified)
        server = await asyncio.get_running_loop().create_server(
            lambda: handshakes.accept(Greeting), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            handshakes.close()
            server.close()

    async def connect(
        self, shows: Pair | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> Client:
        context = client_context(shows=shows)
        context.minimum_version = context.maximum_version = version
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        assert await asyncio.wait_for(reader.readexactly(5), 20) == b"hello"
        return reader, writer

    def revoke(self, *revoked: Pair) -> None:
        write_list(self.lists, self.ca, *revoked)
        self.tls.look()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


async def ends(client: Client) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        assert await asyncio.wait_for(client[0].read(), 20) == b""
    client[1].close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


@VERSIONS
@ON_BOTH_LOOPS
def test_those_of_a_revoked_certificate_end_and_others_stay(
    run: Run, door: Door, version: ssl.TLSVersion
) -> None:
    alice, bob = (write_pair(door.folder, name, signer=door.ca) for name in ("alice", "bob"))

    async def check() -> None:
        async with door.open():
            leaving = [await door.connect(alice, version) for _ in range(2)]
            staying = [await door.connect(one, version) for one in (bob, None)]
            assert len(door.certified) == 3, "of who shows nothing nothing is kept"

            door.revoke(alice)

            for one in leaving:
                await ends(one)
            assert len(door.certified) == 1
            for reader, writer in staying:
                assert not reader.at_eof()
                writer.close()

    run(check())


@ON_BOTH_LOOPS
def test_who_came_by_one_that_signs_ends_with_it(run: Run, door: Door) -> None:
    between = write_pair(door.folder, "between", signer=door.ca, is_authority=True)
    alice = write_pair(door.folder, "alice", signer=between)
    alice[0].write_bytes(alice[0].read_bytes() + between[0].read_bytes())
    own = write_list(door.folder / "own", between)

    async def check() -> None:
        async with door.open():
            door.lists.write_bytes(own + write_list(door.folder / "upper", door.ca))
            door.tls.look()
            client = await door.connect(alice)

            door.lists.write_bytes(own + write_list(door.folder / "upper", door.ca, between))
            door.tls.look()

            await ends(client)

    run(check())


@ON_BOTH_LOOPS
def test_a_resumed_session_ends_too(run: Run, door: Door) -> None:
    alice = write_pair(door.folder, "alice", signer=door.ca)
    context = client_context(shows=alice)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def check() -> None:
        async with door.open():
            resumed = asyncio.create_task(asyncio.to_thread(are_ended, context, door.port))
            await until(lambda: len(door.certified) == 2)

            door.revoke(alice)

            assert await asyncio.wait_for(resumed, 20)

    run(check())


def are_ended(context: ssl.SSLContext, port: int) -> bool:
    """Connect, and again with the session of that; return whether the server ends both."""
    with (
        ssl_connection(context, port, None) as first,
        ssl_connection(context, port, first.session) as second,
    ):
        assert second.session_reused
        return is_ended(second) and is_ended(first)


def is_ended(connection: ssl.SSLSocket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def ssl_connection(
    context: ssl.SSLContext, port: int, session: ssl.SSLSession | None
) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection = context.wrap_socket(plain, session=session)
    assert connection.recv(5) == b"hello"
    return connection


@ON_BOTH_LOOPS
def test_one_is_forgotten_with_its_tls(run: Run, door: Door) -> None:
    alice = write_pair(door.folder, "alice", signer=door.ca)

    async def check() -> None:
        async with door.open():
            for _ in range(2):
                _, writer = await door.connect(alice)
                assert len(door.certified) == 1
                writer.close()
                await until(lambda: not len(door.certified))

    gc.disable()
    try:
        run(check())
    finally:
        gc.enable()


@ON_BOTH_LOOPS
def test_a_list_that_comes_while_hands_are_shaken_counts(run: Run, door: Door) -> None:
    alice = write_pair(door.folder, "alice", signer=door.ca)
    serial = x509.load_pem_x509_certificate(alice[0].read_bytes()).serial_number

    async def check() -> None:
        async with door.open():
            # what TLS verifies by is the list before
            door.tls.revoked.replace((RevocationList("CN=ca", frozenset({serial}), None),))
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await door.connect(alice)

            assert door.refused == [("127.0.0.1", "certificate revoked")]
            assert not len(door.certified)

    run(check())


@VERSIONS
@ON_BOTH_LOOPS
def test_a_refused_certificate_is_written_down_each_time(
    run: Run, door: Door, version: ssl.TLSVersion, caplog: pytest.LogCaptureFixture
) -> None:
    alice = write_pair(door.folder, "alice", signer=door.ca)
    mallory = write_pair(door.folder, "mallory", signer=write_pair(door.folder, "strangers"))

    async def check() -> None:
        async with door.open():
            door.revoke(alice)
            for shows in (alice, alice, mallory):
                with pytest.raises((OSError, asyncio.IncompleteReadError)):
                    await door.connect(shows, version)
            await until(lambda: len(door.refused) == 3)

    with caplog.at_level(logging.INFO):
        run(check())

    reasons = [reason for _, reason in door.refused]
    assert reasons[:2] == ["certificate revoked"] * 2
    assert "local issuer certificate" in reasons[2]
    assert "TLS handshake of 127.0.0.1 failed: certificate revoked" in caplog.text


@ON_BOTH_LOOPS
def test_nothing_is_kept_where_there_are_no_lists(run: Run, door: Door) -> None:
    alice = write_pair(door.folder, "alice", signer=door.ca)
    door.tls = NodeTls(kafka=dataclasses.replace(door.files, client_crl=None))

    async def check() -> None:
        async with door.open():
            _, writer = await door.connect(alice)
            assert not len(door.certified)
            writer.close()

    run(check())


def test_nobody_need_be_told_of_what_is_refused() -> None:
    CertifiedConnections(RevokedCertificates()).refuse("127.0.0.1", "certificate revoked")
