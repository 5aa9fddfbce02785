"""Alive is not ready, and not ready says why."""

import httpx

from app.api.application import build_application
from tests.support.application import RunningApplication


async def test_running_node_is_alive_and_ready(running: RunningApplication) -> None:
    alive = await running.client.get("/livez")
    ready = await running.client.get("/readyz")
    welcome = await running.client.get("/")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    for path in (welcome.json()["clusters"], welcome.json()["openapi"]):
        assert (await running.client.get(path)).status_code == 200


async def test_node_without_its_broker_is_alive_and_not_ready() -> None:
    transport = httpx.ASGITransport(app=build_application())

    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as client:
        alive = await client.get("/livez")
        ready = await client.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()["error_code"]) == (503, 50302)
    assert ready.headers["retry-after"] == "1"


async def test_fenced_log_directory_makes_a_node_unready_and_not_dead(
    running: RunningApplication,
) -> None:
    await running.create_topic("t")
    await running.produce("t", b"{}")
    (partition,) = running.context.replicas.partitions.values()
    assert partition.commit is not None
    partition.commit.fence("the disk is broken")

    ready = await running.client.get("/readyz")
    alive = await running.client.get("/livez")

    assert ready.status_code == 503
    assert ready.json()["message"] == "Not ready: log directory fenced: the disk is broken"
    assert alive.status_code == 200
