"""The states of a connection's login, seen from the client's end of a real socket."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.conn import ScramAuthenticator

from app.security.audit.event import Result
from app.security.audit.logins import LoginAudit
from app.security.logins.scram_keys import scram_record
from app.security.open_connections import OpenConnections
from app.security.principal import Principal
from app.security.quotas import Quotas, Unlimited
from app.telemetry.clock import SystemClock
from app.wire.handlers import api_versions, sasl
from app.wire.login.login import (
    LOGIN_FRAME_BYTES_MAX,
    LOGIN_REQUESTS_MAX,
    Login,
    LoginRules,
)
from app.wire.messages.api_versions import ApiVersionsRequest
from app.wire.messages.groups import HeartbeatRequest
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login as Users
from tests.support.security.login import MovedClock, login
from tests.support.wire_calls import read_frame, response_of, sized
from tests.support.wire_door import Door, Handlers, Nobody, Peer, running_door

PASSWORD = "correct horse"
GOOD = b"\0alice\0" + PASSWORD.encode()


@asynccontextmanager
async def closed_door(
    tmp_path: Path, rules: LoginRules | None = None, quotas: Quotas | None = None
) -> AsyncIterator[tuple[Door, Users]]:
    """Run a door whose clients must log in, with the users alice and bob."""
    async with login(tmp_path) as users:
        for name in ("alice", "bob"):
            password_hash = await users.passwords.hash(PASSWORD)
            scram = [scram_record(name, "SCRAM-SHA-256", PASSWORD)]
            await users.catalog.create_user(name, password_hash=password_hash, scram=scram)
        open_connections = OpenConnections(users.clock)
        users.watcher.subscribe(open_connections.apply)
        await users.watcher.refresh()
        broker = Nobody(quotas or Unlimited(), users.authenticator, open_connections)
        served = (*Handlers().served, *api_versions.SERVED, *sasl.SERVED)
        async with running_door(broker=broker, served=served, login_rules=rules) as door:
            yield door, users


async def handshake(
    peer: Peer, mechanism: str = "PLAIN", version: int = 1
) -> SaslHandshakeResponse:
    peer.send(SaslHandshakeRequest(mechanism=mechanism), version, 1)
    return response_of((await peer.receive())[1], SaslHandshakeResponse, version)[1]


async def authenticate(peer: Peer, message: bytes) -> SaslAuthenticateResponse:
    peer.send(SaslAuthenticateRequest(auth_bytes=message), 2, 2)
    return response_of((await peer.receive())[1], SaslAuthenticateResponse, 2)[1]


async def beat(peer: Peer) -> int:
    peer.send(HeartbeatRequest(), 0, 9)
    return (await peer.receive())[0]


class Charged(Unlimited):
    """Quotas that keep whose time is accounted for."""

    measures_time = True

    def __init__(self) -> None:
        self.names: list[str] = []

    def requested(self, principal: Principal, seconds: float) -> int:
        self.names.append(principal.name)
        return super().requested(principal, seconds)


async def test_nobody_is_charged_for_a_login(tmp_path: Path) -> None:
    quotas = Charged()
    async with closed_door(tmp_path, quotas=quotas) as (door, _):
        peer = await door.connect()
        peer.send(ApiVersionsRequest(), 0, 5)
        await peer.receive()
        await handshake(peer)
        await authenticate(peer, GOOD)

        assert quotas.names == []
        await beat(peer)
        assert quotas.names == ["alice"]
        peer.close()


async def test_a_client_asks_for_versions_logs_in_and_is_served(tmp_path: Path) -> None:
    async with closed_door(tmp_path) as (door, _):
        peer = await door.connect()
        peer.send(ApiVersionsRequest(), 0, 5)
        assert (await peer.receive())[0] == 5
        shaken = await handshake(peer)
        answer = await authenticate(peer, GOOD)

        assert (shaken.error_code, shaken.mechanisms) == (0, list(LoginRules().mechanisms))
        assert (answer.error_code, answer.auth_bytes, answer.session_lifetime_ms) == (0, b"", 0)
        assert await beat(peer) == 9
        (connection,) = door.listener.connections
        principal = connection.client.principal
        assert (str(principal), principal.host) == ("User:alice", "127.0.0.1")
        peer.send(SaslAuthenticateRequest(auth_bytes=GOOD), 2, 2)
        late = response_of((await peer.receive())[1], SaslAuthenticateResponse, 2)[1]
        assert late.error_code == 34
        assert await beat(peer) == 9
        peer.close()


async def test_a_handshake_of_version_0_is_followed_by_messages_without_headers(
    tmp_path: Path,
) -> None:
    async with closed_door(tmp_path) as (door, _):
        peer, stranger = await door.connect(), await door.connect()
        assert (await handshake(peer, version=0)).error_code == 0
        assert (await handshake(stranger, version=0)).error_code == 0
        peer.writer.write(sized(GOOD))
        stranger.writer.write(sized(b"\0alice\0wrong"))

        assert await asyncio.wait_for(read_frame(peer.reader), 20) == b""
        assert await beat(peer) == 9
        assert await stranger.reader.read() == b""
        peer.close()


async def test_a_failed_login_is_told_so_and_its_connection_ends(tmp_path: Path) -> None:
    async with closed_door(tmp_path, LoginRules(failed_delay_s=0.1)) as (door, _):
        begun = asyncio.get_running_loop().time()
        for message in (b"\0alice\0wrong", b"\0nobody\0wrong", b"\0\0"):
            peer = await door.connect()
            await handshake(peer)
            answer = await authenticate(peer, message)

            assert (answer.error_code, answer.error_message) == (58, "Authentication failed.")
            assert await peer.is_closed()
        assert asyncio.get_running_loop().time() - begun >= 0.3


def scram_client() -> ScramAuthenticator:
    return ScramAuthenticator(
        loop=None,
        sasl_plain_password=PASSWORD,
        sasl_plain_username="alice",
        sasl_mechanism="SCRAM-SHA-256",
    )


async def test_scram_messages_that_are_replayed_altered_or_of_another_connection_are_refused(
    tmp_path: Path,
) -> None:
    async with closed_door(tmp_path) as (door, _):
        client, another_client = scram_client(), scram_client()
        first = client.first_message().encode()
        peer, copy, other, victim = [await door.connect() for _ in range(4)]
        heard = {}
        firsts = {peer: first, copy: first, other: another_client.first_message().encode()}
        firsts[victim] = scram_client().first_message().encode()
        for one, message in firsts.items():
            await handshake(one, "SCRAM-SHA-256")
            heard[one] = (await authenticate(one, message)).auth_bytes.decode()
        client.process_server_first_message(heard[peer])
        another_client.process_server_first_message(heard[other])
        final, of_another = client.final_message().encode(), another_client.final_message().encode()

        replayed = await authenticate(copy, final)
        altered = await authenticate(other, of_another[:-6] + b"AAAAA=")
        another = await authenticate(victim, of_another)
        good = await authenticate(peer, final)

        for refused in (replayed, altered, another):
            assert (refused.error_code, refused.auth_bytes) == (58, b"")
            assert refused.error_message == "Authentication failed."
        assert good.error_code == 0
        assert await beat(peer) == 9
        peer.close()


async def test_what_is_not_due_ends_the_connection(tmp_path: Path) -> None:
    async with closed_door(tmp_path) as (door, _):
        early, between, twice, unshaken, unknown = [await door.connect() for _ in range(5)]
        early.send(HeartbeatRequest(), 0, 1)
        await handshake(between)
        between.send(HeartbeatRequest(), 0, 1)
        await handshake(twice)

        assert await early.is_closed()
        assert await between.is_closed()
        assert (await handshake(twice)).error_code == 34
        assert await twice.is_closed()
        assert (await authenticate(unshaken, GOOD)).error_code == 34
        assert await unshaken.is_closed()
        refused = await handshake(unknown, "GSSAPI")
        assert (refused.error_code, refused.mechanisms) == (33, list(LoginRules().mechanisms))
        assert await unknown.is_closed()


async def test_what_comes_before_a_login_is_bounded_in_size_number_and_time(
    tmp_path: Path,
) -> None:
    async with closed_door(tmp_path, LoginRules(login_s=0.2)) as (door, _):
        large, many, slow = [await door.connect() for _ in range(3)]
        large.writer.write(struct.pack(">i", LOGIN_FRAME_BYTES_MAX + 1))
        for number in range(LOGIN_REQUESTS_MAX + 1):
            many.send(ApiVersionsRequest(), 0, number)
        await handshake(slow)
        await asyncio.sleep(0.25)
        door.listener.sweep()

        assert await large.is_closed()
        assert await many.is_closed()
        assert await slow.is_closed()
        assert door.listener.in_flight.held_bytes == 0


async def test_what_is_no_message_of_a_login_is_written_down_once(tmp_path: Path) -> None:
    async with closed_door(tmp_path) as (door, users):
        audit = FakeAudit()
        users.authenticator.logins = LoginAudit(users.clock, audit)
        stranger, large, cut_short, early, raw, kerberos = [await door.connect() for _ in range(6)]
        assert (await handshake(kerberos, "GSSAPI")).error_code == 33
        kerberos.close()
        for peer in (large, cut_short, early):
            await handshake(peer, "SCRAM-SHA-256")
        await handshake(raw, version=0)

        stranger.writer.write(struct.pack(">i", LOGIN_FRAME_BYTES_MAX + 1))
        large.writer.write(struct.pack(">i", LOGIN_FRAME_BYTES_MAX + 1))
        cut_short.writer.write(sized(struct.pack(">hhih", 36, 0, 1, -1) + b"\0\0\0\x10canary"))
        early.send(HeartbeatRequest(), 0, 1)
        raw.writer.write(sized(b"canary"))

        for peer in (stranger, large, cut_short, early, raw):
            assert await peer.is_closed()
        mechanisms = [one.metadata["mechanism"] for one in audit.noted]
        assert sorted(mechanisms) == ["GSSAPI", "PLAIN", *["SCRAM-SHA-256"] * 3]
        assert {one.result for one in audit.noted} == {Result.UNAUTHENTICATED}
        assert "canary" not in repr(audit.noted)


async def test_a_larger_request_is_taken_after_the_login_only(tmp_path: Path) -> None:
    async with closed_door(tmp_path) as (door, _):
        peer = await door.connect()
        await handshake(peer)
        await authenticate(peer, GOOD)
        peer.send(HeartbeatRequest(group_id="g" * (LOGIN_FRAME_BYTES_MAX + 1)), 0, 9)

        assert (await peer.receive())[0] == 9
        peer.close()


async def test_a_connection_is_cut_when_the_password_is_changed(tmp_path: Path) -> None:
    async with closed_door(tmp_path) as (door, users):
        alice, bob = await door.connect(), await door.connect()
        for peer, user in ((alice, b"alice"), (bob, b"bob")):
            await handshake(peer)
            await authenticate(peer, b"\0" + user + b"\0" + PASSWORD.encode())
        changed = await users.passwords.hash("another")
        await users.catalog.alter_user("alice", password_hash=changed)
        await users.watcher.refresh()

        assert await alice.is_closed()
        assert await beat(bob) == 9
        bob.close()


def state(rules: LoginRules | None = None, host: str = "10.0.0.1", **changes: bool) -> Login:
    unasked = None
    return Login(
        unasked, MovedClock(), rules or LoginRules(), host, **{"is_encrypted": False, **changes}
    )  # type: ignore[arg-type] # not asked


@pytest.mark.parametrize(
    ("host", "is_encrypted", "is_offered"),
    [
        ("10.0.0.1", False, False),
        ("10.0.0.1", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("unknown", False, False),
    ],
)
def test_plain_is_offered_where_nobody_can_listen(
    host: str, is_encrypted: bool, is_offered: bool
) -> None:
    offered = state(host=host, is_encrypted=is_encrypted).mechanisms

    assert ("PLAIN" in offered) is is_offered
    assert "SCRAM-SHA-512" in offered


async def test_who_logs_in_again_is_served_again_if_it_is_the_same(tmp_path: Path) -> None:
    async with closed_door(tmp_path, LoginRules(session_s_max=3_600.0)) as (door, users):
        peer, other, between = [await door.connect() for _ in range(3)]
        for one in (peer, other, between):
            await handshake(one)
            answer = await authenticate(one, GOOD)
            assert 3_500_000 < answer.session_lifetime_ms <= 3_600_000
            assert (await handshake(one)).error_code == 0

        assert (await authenticate(peer, GOOD)).error_code == 0
        assert await beat(peer) == 9
        audit = FakeAudit()
        users.authenticator.logins = LoginAudit(users.clock, audit)
        refused = await authenticate(other, b"\0bob\0" + PASSWORD.encode())
        assert [one.result for one in audit.noted] == [Result.SUCCESS, Result.UNAUTHENTICATED]
        assert (refused.error_code, refused.error_message) == (58, "Authentication failed.")
        assert await other.is_closed()
        between.send(HeartbeatRequest(), 0, 1)
        assert await between.is_closed()
        peer.close()


async def test_who_logs_in_again_does_so_by_the_mechanism_that_it_began_with(
    tmp_path: Path,
) -> None:
    async with closed_door(tmp_path) as (door, users):
        audit = FakeAudit()
        peer, client = await door.connect(), scram_client()
        await handshake(peer)
        await authenticate(peer, GOOD)
        users.authenticator.logins = LoginAudit(users.clock, audit)
        assert (await handshake(peer, "SCRAM-SHA-256")).error_code == 0

        refused = await authenticate(peer, client.first_message().encode())

        assert (refused.error_code, refused.auth_bytes) == (58, b"")
        assert await peer.is_closed()
        (noted,) = audit.noted
        assert (noted.result, noted.metadata["identifier"]) == (Result.UNAUTHENTICATED, "alice")


async def test_a_session_that_is_over_serves_nothing_but_a_new_login(tmp_path: Path) -> None:
    async with closed_door(tmp_path, LoginRules(session_s_max=0.3)) as (door, _):
        used, renewed = await door.connect(), await door.connect()
        for peer in (used, renewed):
            await handshake(peer)
            await authenticate(peer, GOOD)
        clock = SystemClock()
        end = clock.monotonic() + 0.4
        while clock.monotonic() < end:
            await asyncio.sleep(0.05)

        used.send(HeartbeatRequest(), 0, 1)
        assert await used.is_closed()
        assert (await handshake(renewed)).error_code == 0
        assert (await authenticate(renewed, GOOD)).error_code == 0
        renewed.close()


def test_the_end_of_a_session_is_that_of_the_last_login() -> None:
    login = state()
    soon = Principal("alice", expires_at_ms=MovedClock().now_ms() + 60_000)

    login._authenticated(soon)
    assert 0 < login.session_lifetime_ms() <= 60_000

    login._authenticated(Principal("alice"))

    assert login.session_lifetime_ms() == 0
