from collections.abc import Awaitable

import pytest

from app.api.request_body import Scope
from app.api.v2.dialects import DIALECTS
from app.api.v2.record_handlers import handler_for
from tests.support.application import Exchange, RunningApplication, body_messages, request_scope

JSON = "application/vnd.kafka.json.v2+json"
BODY = b'{"records":[{"value":1}]}'


def handler(
    running: RunningApplication, scope: Scope, exchange: Exchange
) -> Awaitable[None] | None:
    sessions = running.front.sessions
    assert sessions is not None
    return handler_for(
        running.context,
        sessions,
        DIALECTS["cauce"],
        scope,
        exchange.receive,
        exchange.send,
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/topics/t", 200),
        ("/topics/t/", 200),
        ("/topics/t/partitions/0", 200),
        ("/topics/t/partitions/0/", 200),
        ("/topics/t/partitions/zero", 404),
    ],
)
async def test_hot_path_has_its_handler(
    running: RunningApplication, path: str, status: int
) -> None:
    await running.create_topic("t")
    exchange = Exchange(body_messages([BODY]))
    scope = request_scope("POST", path, content_type=JSON)

    answer = handler(running, scope, exchange)

    assert answer is not None
    await answer
    assert exchange.status == status


async def test_poll_is_a_hot_path(running: RunningApplication) -> None:
    exchange = Exchange([])

    answer = handler(running, request_scope("GET", "/consumers/g/instances/i/records"), exchange)

    assert answer is not None
    await answer
    assert exchange.status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/topics/t"),
        ("POST", "/topics"),
        ("POST", "/topics//"),
        ("POST", "/topics/t/partitions"),
        ("POST", "/topics/t/partitions/0/offsets"),
        ("POST", "/topics/t/other/0"),
        ("POST", "/brokers/t"),
        ("POST", "/consumers/g/instances/i/records"),
        ("GET", "/consumers/g/instances//records"),
        ("GET", "/consumers/g/instances/i/offsets"),
    ],
)
async def test_other_paths_have_none(running: RunningApplication, method: str, path: str) -> None:
    exchange = Exchange([])
    scope = request_scope(method, path)

    answer = handler(running, scope, exchange)

    assert answer is None
