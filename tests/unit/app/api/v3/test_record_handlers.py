"""Which path leads to which handler: the hot ones and no other."""

import pytest

from app.api.v3.record_handlers import handler_for
from tests.support.application import Exchange, RunningApplication, body_messages, request_scope


async def ask(running: RunningApplication, method: str, path: str, body: bytes = b"") -> Exchange:
    """Ask the handler of a path; the exchange stays empty when it has none."""
    scope = request_scope(method, path, content_type="application/json")
    exchange = Exchange(body_messages([body]))
    parts = path.split("/")[5:]
    found = handler_for(running.context, parts, scope, exchange.receive, exchange.send)
    if found is not None:
        await found
    return exchange


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "within"),
    [
        ("POST", "t/records", b"{}", 200, b'"offset":0'),
        ("POST", "t/records:batch", b'{"entries":[{"id":"a"}]}', 207, b'"successes":[{"id":"a"'),
        ("GET", "t/records", b"", 200, b'"next_cursor":'),
        ("GET", "t/partitions/0/records", b"", 200, b'"next_offset":0'),
    ],
)
async def test_path_leads_to_its_handler(
    running: RunningApplication, method: str, path: str, body: bytes, status: int, within: bytes
) -> None:
    await running.create_topic("t")

    exchange = await ask(running, method, f"/v3/clusters/-/topics/{path}", body)

    assert exchange.status == status
    assert within in exchange.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "t/records"),
        ("GET", "t/records:batch"),
        ("GET", "t/configs"),
        ("POST", "t/partitions/0/records"),
        ("DELETE", "t/partitions/0/records"),
        ("GET", "t/partitions/0/replicas"),
        ("GET", "t/replicas/0/records"),
    ],
)
async def test_other_paths_have_none(running: RunningApplication, method: str, path: str) -> None:
    exchange = await ask(running, method, f"/v3/clusters/-/topics/{path}")

    assert exchange.sent == []


@pytest.mark.parametrize("number", ["1", "-1", "x", "", "0x0", "%30", "9" * 5000, "\u0661"])
async def test_partition_that_is_none_is_not_found(
    running: RunningApplication, number: str
) -> None:
    await running.create_topic("t")

    answer = await running.client.get(f"/v3/clusters/-/topics/t/partitions/{number}/records")

    assert answer.status_code in ((200,) if number == "%30" else (400, 404))
    assert number == "%30" or answer.json()["error_code"] in (400, 404, 40402, 40403)
