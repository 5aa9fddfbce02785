"""Alive is not ready, and not ready says why."""

from pathlib import Path

import httpx

from app.api.application import build_application
from app.broker.security.users import create_user
from app.broker.topics import NewTopic, create_topic
from tests.support.application import CLUSTER, JSON, TOPICS, RunningApplication
from tests.support.security.closed import ADMIN, closed_application


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


async def test_why_a_closed_node_is_not_ready_is_said_to_who_may_describe_the_cluster(
    tmp_path: Path,
) -> None:
    rule = {"resource_type": "CLUSTER", "resource_name": "kafka-cluster", "pattern_type": "LITERAL"}
    rule |= {"principal": "User:alice", "host": "*", "operation": "DESCRIBE", "permission": "ALLOW"}
    async with closed_application(tmp_path) as closed:
        admin = httpx.BasicAuth("admin", closed.password)
        client, context = closed.running.client, closed.running.context
        for name in ("alice", "bob"):
            await create_user(context, ADMIN, name, f"the password of {name}")
        made = await client.post(f"{CLUSTER}/acls", json=rule, auth=admin)
        await create_topic(context, ADMIN, NewTopic(name="t", partition_count=1))
        body = b'{"value": {"type": "JSON", "data": 1}}'
        written = await client.post(f"{TOPICS}/t/records", content=body, headers=JSON, auth=admin)
        commits = [one.commit for one in context.replicas.partitions.values()]
        next(one for one in commits if one is not None).fence("/data/logs: the disk is broken")

        nobody = await client.get("/readyz")
        alice, bob, wrong = [
            await client.get("/readyz", auth=(name, f"the password of {whose}"))
            for name, whose in (("alice", "alice"), ("bob", "bob"), ("alice", "bob"))
        ]

    assert (made.status_code, written.status_code) == (201, 200)
    assert alice.json()["message"].endswith("fenced: /data/logs: the disk is broken")
    for one in (nobody, bob):
        assert (one.status_code, one.json()["error_code"]) == (503, 50302)
        assert one.json()["message"] == "Not ready: log directory fenced"
    assert wrong.status_code == 401
