"""The guard: no model sees a body that is not whole, small, JSON and bounded."""

import gzip

import pytest

from app.api.guard import BODY_BYTES_MAX, INTEGER_DIGITS_MAX, JSON_DEPTH_MAX, BodyGuard
from app.api.request_body import Message, Receive, Scope
from tests.support.application import (
    JSON,
    TOPICS,
    Exchange,
    RunningApplication,
    body_messages,
    request_scope,
)


class Application:
    """Keeps the body that it is given."""

    def __init__(self) -> None:
        self.body: bytes | None = None

    async def __call__(self, _scope: Scope, receive: Receive, _send: object) -> None:
        message: Message = await receive()
        assert message["type"] == "http.request"
        assert not message["more_body"]
        self.body = message["body"]
        assert (await receive())["type"] == "http.disconnect"


async def ask(*pieces: bytes, **headers: str) -> tuple[Application, Exchange]:
    application = Application()
    exchange = Exchange(body_messages(pieces))
    scope = request_scope("POST", TOPICS, content_type="application/json", **headers)
    await BodyGuard(application)(scope, exchange.receive, exchange.send)
    return application, exchange


async def test_pieces_arrive_whole() -> None:
    application, exchange = await ask(b'{"topic_', b'name":"t"', b"}")

    assert application.body == b'{"topic_name":"t"}'
    assert exchange.sent == []


async def test_packed_body_arrives_unpacked() -> None:
    application, _ = await ask(gzip.compress(b"[1]"), content_encoding="gzip")

    assert application.body == b"[1]"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"a":1}x', 400),
        (b'{"a":"\xff"}', 400),
        (b'{"a":"\\ud800"}', 400),
        (b"NaN", 400),
        (b"[" * (JSON_DEPTH_MAX + 1) + b"]" * (JSON_DEPTH_MAX + 1), 400),
        (b"[" * 100_000, 400),
        (b"1" + b"0" * INTEGER_DIGITS_MAX, 422),
        (b'{"a":[-1' + b"0" * INTEGER_DIGITS_MAX + b"]}", 422),
        (b"9" * 10_000, 400),
        (b'"' + b"x" * BODY_BYTES_MAX + b'"', 413),
    ],
    ids=lambda one: str(one)[:24],
)
async def test_hostile_body_reaches_no_model(body: bytes, status: int) -> None:
    application, exchange = await ask(body)

    assert application.body is None
    assert exchange.status == status
    assert b'"error_code":' in exchange.body


async def test_nesting_and_integers_up_to_their_bounds_pass() -> None:
    deep = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX
    long = b"9" * INTEGER_DIGITS_MAX

    for body in (deep, long):
        application, _ = await ask(body)
        assert application.body == body


async def test_bomb_is_refused_without_being_unpacked_whole() -> None:
    application, exchange = await ask(
        gzip.compress(b" " * (BODY_BYTES_MAX * 8)), content_encoding="gzip"
    )

    assert application.body is None
    assert exchange.status == 413


async def test_client_that_leaves_within_its_body_reaches_no_model() -> None:
    application = Application()
    exchange = Exchange(body_messages([b'{"topic_name":'])[:1])
    scope = request_scope("POST", TOPICS, content_type="application/json")

    await BodyGuard(application)(scope, exchange.receive, exchange.send)

    assert application.body is None
    assert exchange.sent == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_other_content_types_are_refused(running: RunningApplication, kind: str) -> None:
    answer = await running.client.post(TOPICS, content=b"{}", headers={"content-type": kind})

    assert (answer.status_code, answer.json()["error_code"]) == (415, 415)


@pytest.mark.parametrize("body", [b"", b" \n", b"null", b"[]", b'"t"', b"7"])
async def test_body_that_is_no_object_is_unprocessable(
    running: RunningApplication, body: bytes
) -> None:
    answer = await running.client.post(TOPICS, content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error_code"]) == (422, 422)
