"""How a socket's client says who it is, and how long that holds."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.api.ws import door
from app.api.ws.close_codes import CloseCode
from app.api.ws.door import ENDED
from app.api.ws.limits import AUTH_FRAME_BYTES_MAX, FRAME_BYTES_MAX, STRANGERS_OF_ADDRESS_MAX
from app.security.tls.client_certificate import CERTIFICATE, ClientCertificate
from tests.support.security.closed import Closed, closed_application
from tests.support.sockets.asgi import SocketClient

ORIGIN = (b"origin", b"http://cauce.test")


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Closed]:
    async with closed_application(tmp_path) as node:
        yield node


def bearer(key: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + key.encode()


def packed(key: str) -> str:
    return "bearer." + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


async def test_each_way_to_say_who_one_is_opens_a_socket(closed: Closed) -> None:
    _, key = await closed.key()
    front = closed.running.front
    assert front.login is not None
    ticket = front.login.tickets.issue(await front.login.principal(scope_with(key)))
    basic = base64.b64encode(f"admin:{closed.password}".encode())
    ways: list[dict[str, Any]] = [
        {"headers": [bearer(key)]},
        {"headers": [(b"authorization", b"Basic " + basic)]},
        {"query": b"ticket=" + ticket.encode()},
        {"subprotocols": [packed(key), "cauce.v1.json"]},
        {"headers": [(b"cookie", b"cauce_session=" + key.encode()), ORIGIN]},
    ]

    for way in ways:
        async with SocketClient(front, **way) as client:
            assert (await client.welcome())["principal"] == "User:admin", way
        assert key not in repr(client.answers)
        assert client.answers[0]["subprotocol"] in (None, "cauce.v1.json")


async def test_a_certificate_opens_a_socket_where_nothing_else_is_shown(closed: Closed) -> None:
    more = {CERTIFICATE: ClientCertificate("CN=bob", 2**44)}
    _, key = await closed.key()
    front = closed.running.front

    async with SocketClient(front, more=more) as client:
        assert (await client.welcome())["principal"] == "User:CN=bob"
    async with SocketClient(front, more=more, headers=[bearer(key)]) as client:
        assert (await client.welcome())["principal"] == "User:admin"


def scope_with(key: str) -> Any:
    return {
        "type": "http",
        "method": "POST",
        "path": "/v3/auth/ticket",
        "headers": [bearer(key)],
        "client": ("127.0.0.1", 1),
    }


async def test_what_is_wrong_opens_none(closed: Closed) -> None:
    _, key = await closed.key()
    ways: list[tuple[int, dict[str, Any]]] = [
        (401, {"headers": [bearer("x")]}),
        (401, {"headers": [bearer(key), bearer(key)]}),
        (401, {"headers": [(*bearer(key)[:1], b"Negotiate x")]}),
        (401, {"query": b"ticket=x"}),
        (401, {"subprotocols": [packed("x"), "cauce.v1.json"]}),
        (401, {"subprotocols": ["bearer.*", "cauce.v1.json"]}),
        (401, {"headers": [(b"cookie", b"cauce_session=x"), ORIGIN]}),
        (403, {"headers": [bearer(key), (b"origin", b"https://evil.example")]}),
    ]

    for status, way in ways:
        async with SocketClient(closed.running.front, **way) as client:
            await client.wait_closed()
        start, body = client.answers
        assert start["status"] == status, way
        if status == 401:
            assert json.loads(body["body"])["error_code"] == 40101
            assert b"www-authenticate" in dict(start["headers"])


async def test_first_frame_says_who_is_there_where_no_header_could(closed: Closed) -> None:
    _, key = await closed.key()
    front = closed.running.front

    async with SocketClient(front) as client:
        client.send({"type": "auth", "token": key})
        assert (await client.welcome())["principal"] == "User:admin"
        assert client.message_bytes_max == FRAME_BYTES_MAX


@pytest.mark.parametrize(
    "frame",
    [{"type": "auth", "token": "x"}, {"type": "init_producer"}, "", "{", b"\x01\0\0\0", "beat"],
)
async def test_any_other_first_frame_ends_the_socket(closed: Closed, frame: Any) -> None:
    async with SocketClient(closed.running.front) as client:
        client.send(frame)
        await client.wait_closed()

    assert client.closed is not None
    assert client.closed[0] == CloseCode.UNAUTHENTICATED
    assert client.message_bytes_max == AUTH_FRAME_BYTES_MAX
    assert not client.waiting


async def test_who_says_nothing_in_time_is_sent_away(
    closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "AUTH_SECONDS_MAX", 0.05)
    async with SocketClient(closed.running.front) as silent:
        await silent.wait_closed()

    assert silent.closed is not None
    assert silent.closed[0] == CloseCode.UNAUTHENTICATED
    assert "by an auth frame in time" in silent.closed[1]


async def test_strangers_of_one_address_do_not_take_the_room_of_another(closed: Closed) -> None:
    _, key = await closed.key()
    front = closed.running.front
    here, elsewhere = {"client": ("10.0.0.1", 1)}, {"client": ("10.0.0.2", 1)}
    async with AsyncExitStack() as silent:
        for _ in range(STRANGERS_OF_ADDRESS_MAX):
            await silent.enter_async_context(SocketClient(front, more=here))
        async with SocketClient(front, more=here) as one_too_many:
            await one_too_many.wait_closed()
        async with SocketClient(front, more=here, headers=[bearer(key)]) as known:
            assert (await known.welcome())["principal"] == "User:admin"
        async with SocketClient(front, more=elsewhere) as other:
            other.send({"type": "auth", "token": key})
            assert (await other.welcome())["principal"] == "User:admin"
    async with SocketClient(front, more=here) as later:
        later.send({"type": "auth", "token": key})
        assert (await later.welcome())["principal"] == "User:admin"

    assert one_too_many.closed is not None
    assert one_too_many.closed[0] == CloseCode.TRY_AGAIN_LATER


async def test_socket_is_closed_when_its_key_is_deleted(closed: Closed) -> None:
    key_id, key = await closed.key()
    other_id, other = await closed.key()
    front, everyone = closed.running.front, closed.running.context.open_connections

    async with (
        SocketClient(front, headers=[bearer(key)]) as client,
        SocketClient(front, headers=[bearer(other)]) as stays,
    ):
        await client.welcome()
        await stays.welcome()
        await closed.forget(key_id)
        goodbye = await client.receive()
        await client.wait_closed()
        assert stays.closed is None
        assert len(everyone) == 1

    assert (goodbye["type"], goodbye["reason"]) == ("closing", ENDED)
    assert client.closed is not None
    assert client.closed[0] == CloseCode.UNAUTHENTICATED
    assert len(everyone) == 0
    assert other_id != key_id


async def test_socket_stands_on_the_credential_that_was_shown_last(closed: Closed) -> None:
    (first_id, first), (second_id, second) = await closed.key(), await closed.key()
    _, narrow = await closed.key(scopes=["read"])

    async with SocketClient(closed.running.front, headers=[bearer(first)]) as client:
        await client.welcome()
        narrowed = await client.ask({"type": "auth", "id": 1, "token": narrow})
        renewed = await client.ask({"type": "auth", "id": 2, "token": second})
        await closed.forget(first_id)
        goes_on = await client.ask({"type": "init_producer", "id": 3})
        await closed.forget(second_id)
        await client.wait_closed()

    assert narrowed["error_code"] == 40301
    assert (renewed["type"], goes_on["type"]) == ("ok", "producer")
    assert client.closed is not None
    assert client.closed[0] == CloseCode.UNAUTHENTICATED
