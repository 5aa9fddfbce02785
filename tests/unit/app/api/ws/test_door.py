"""The door: who is let in, what they are told, how all are sent home."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.api.ws.door import WebSocketDoor
from app.security.audit.event import Result
from app.security.audit.logins import LoginAudit
from tests.support.application import RunningApplication
from tests.support.security.audited import FakeAudit
from tests.support.security.closed import closed_application
from tests.support.sockets.asgi import SocketClient


async def refusal(client: SocketClient) -> tuple[int, Any]:
    async with client:
        await client.wait_closed()
    start, body = client.answers
    return start["status"], json.loads(body["body"])


async def test_a_socket_is_welcomed_with_the_limits(app: RunningApplication) -> None:
    async with SocketClient(app.front, subprotocols=["x", "cauce.v1.json"]) as client:
        frame = await client.welcome()

    assert client.answers == [{"type": "websocket.accept", "subprotocol": "cauce.v1.json"}]
    assert frame["type"] == "welcome"
    assert frame["cluster_id"] == app.cluster_id
    assert frame["principal"] == "User:ANONYMOUS"
    assert frame["limits"]["frame_bytes_max"] == 8 * 1024 * 1024
    assert client.closed is None


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/v3/other", {}, 404),
        ("/v3/ws/topics/a/b", {}, 404),
        ("/v3/ws", {"subprotocols": ["mqtt"]}, 400),
        ("/v3/ws", {"headers": [(b"authorization", b"Bearer")]}, 401),
        ("/v3/ws", {"headers": [(b"origin", b"https://evil.example")]}, 403),
        ("/v3/ws/topics/one", {"query": b"from=yesterday"}, 400),
        ("/v3/ws/topics/one", {"query": b"offset=-1"}, 400),
        ("/v3/ws/topics/one", {"query": b"what=1"}, 400),
    ],
)
async def test_a_handshake_is_refused_in_the_one_shape(
    app: RunningApplication, path: str, options: dict[str, Any], status: int
) -> None:
    found, body = await refusal(SocketClient(app.front, path, **options))

    assert found == status
    assert body["error_code"] == {401: 40101}.get(status, status)


async def test_a_node_that_is_not_ready_says_so(app: RunningApplication) -> None:
    sockets, app.front.sockets = app.front.sockets, None

    found, body = await refusal(SocketClient(app.front))

    app.front.sockets = sockets
    assert (found, body["error_code"]) == (503, 503)


async def test_pages_of_allowed_origins_are_let_in(app: RunningApplication) -> None:
    context, sessions, tokens = app.context, app.front.sessions, app.front.tokens
    assert sessions is not None
    assert tokens is not None
    app.front.sockets = WebSocketDoor(context, sessions, tokens, "https://app.example".__eq__)

    for origin in (b"https://app.example", b"http://cauce.test"):
        async with SocketClient(app.front, headers=[(b"origin", origin)]) as client:
            assert (await client.welcome())["type"] == "welcome"


async def test_one_socket_too_many_is_told_to_come_back(app: RunningApplication) -> None:
    context, sessions, tokens = app.context, app.front.sessions, app.front.tokens
    assert sessions is not None
    assert tokens is not None
    app.front.sockets = door = WebSocketDoor(context, sessions, tokens, bool, sockets_max=1)

    async with SocketClient(app.front) as first:
        await first.welcome()
        async with SocketClient(app.front) as second:
            await second.wait_closed()
        assert len(door) == 1

    assert second.closed is not None
    code, reason = second.closed
    assert code == 1013
    assert json.loads(reason)["retry_ms"] > 0
    assert len(door) == 0


async def test_the_path_of_a_topic_sends_its_records_at_once(app: RunningApplication) -> None:
    await app.produce("one", b'{"value":{"type":"STRING","data":"a"}}')
    query = b"from=earliest&value_type=STRING&until=end"

    async with SocketClient(app.front, "/v3/ws/topics/one", query=query) as client:
        frames = [await client.receive() for _ in range(4)]

    assert [one["type"] for one in frames] == ["welcome", "subscribed", "records", "end"]
    assert frames[2]["slices"][0]["records"][0]["value"] == {"type": "STRING", "data": "a"}


async def test_at_shutdown_a_socket_is_told_where_to_go_on(app: RunningApplication) -> None:
    await app.produce("one", b'{"value":{"type":"JSON","data":1}}')
    async with SocketClient(app.front, "/v3/ws/topics/one", query=b"from=earliest") as client:
        frames = [await client.receive() for _ in range(3)]

        client.on_drain()
        goodbye = await client.receive()
        await client.wait_closed()

    assert goodbye["type"] == "closing"
    assert (goodbye["code"], goodbye["retry_ms"]) == (1001, 500)
    assert goodbye["resume"] == {"one": frames[2]["resume"]}
    assert client.closed is not None
    assert client.closed[0] == 1001


async def test_a_mistake_of_ours_closes_with_1011(
    app: RunningApplication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("app.api.ws.producing.new_producer", broken)
    async with SocketClient(app.front) as client:
        await client.welcome()
        client.send({"type": "init_producer"})
        await client.wait_closed()

    assert client.closed is not None
    assert client.closed[0] == 1011
    assert "a WebSocket failed" in caplog.text
    assert not [task for task in asyncio.all_tasks() if "Subscription" in repr(task)]


FAILED_LOGINS: list[tuple[dict[str, Any], Any, str]] = [
    ({"headers": [(b"authorization", b"Bearer")]}, None, "WebSocket handshake"),
    ({"headers": [(b"authorization", b"Strange canary")]}, None, "Authorization"),
    ({"query": b"ticket="}, None, "WebSocket handshake"),
    ({"query": b"ticket=canary"}, None, "ticket"),
    ({"subprotocols": ["cauce.v1.json", "bearer.canary*"]}, None, "WebSocket handshake"),
    ({}, "canary", "WebSocket first frame"),
    ({}, {"type": "produce", "topic": "canary"}, "WebSocket first frame"),
    ({}, {"type": "auth", "token": ["canary"]}, "WebSocket first frame"),
    ({}, {"type": "auth", "token": "canary"}, "bearer"),
]


async def test_a_login_that_fails_is_written_down_once_and_without_what_it_showed(
    tmp_path: Path,
) -> None:
    async with closed_application(tmp_path) as closed:
        context, audit = closed.running.context, FakeAudit()
        assert context.authenticator is not None
        context.authenticator.logins = LoginAudit(context.clock, audit)
        for options, frame, mechanism in FAILED_LOGINS:
            audit.noted.clear()
            async with SocketClient(closed.running.front, **options) as client:
                if frame is not None:
                    client.send(frame)
                await client.wait_closed()

            assert len(audit.noted) == 1, (options, frame)
            (event,) = audit.noted
            assert (event.result, event.host) == (Result.UNAUTHENTICATED, "127.0.0.1")
            assert event.metadata is not None
            assert event.metadata["mechanism"] == mechanism
            assert "canary" not in repr(event)
