"""The documented routes run what the front runs."""

import httpx
import pytest

from app.api.v2.records import router
from tests.support.application import RunningApplication

JSON = {"content-type": "application/vnd.kafka.json.v2+json"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/topics/t", 200), ("/topics/t/partitions/0", 200), ("/topics/t/partitions/x", 404)],
)
async def test_route_answers_without_the_front(
    running: RunningApplication, path: str, status: int
) -> None:
    await running.create_topic("t")
    transport = httpx.ASGITransport(app=running.front.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        answer = await client.post(path, content=b'{"records":[{"value":1}]}', headers=JSON)

    assert answer.status_code == status, answer.text


def test_every_route_is_documented() -> None:
    for route in router.routes:
        assert route.operation_id  # type: ignore[attr-defined]
        assert route.description  # type: ignore[attr-defined]
