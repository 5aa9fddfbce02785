"""What routes are given: the broker or a word, this cluster or a word, links that lead on."""

import httpx
import pytest

from app.api.application import build_application
from tests.support.application import TOPICS, RunningApplication


async def test_node_that_is_not_up_says_so_with_a_time_to_come_again() -> None:
    transport = httpx.ASGITransport(app=build_application())

    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as client:
        answer = await client.get(TOPICS)

    assert answer.status_code == 503
    assert answer.json()["error_code"] == 50302
    assert answer.headers["retry-after"] == "1"


async def test_cluster_is_meant_by_its_id_and_by_a_dash(running: RunningApplication) -> None:
    by_dash = await running.client.get("/v3/clusters/-")
    by_id = await running.client.get(f"/v3/clusters/{running.cluster_id}")
    other = await running.client.get("/v3/clusters/another")

    assert by_dash.json() == by_id.json()
    assert (other.status_code, other.json()["error_code"]) == (404, 404)


@pytest.mark.parametrize("path", ["partitions/-1", "partitions/2147483648", "partitions/x"])
async def test_number_of_a_partition_is_checked(running: RunningApplication, path: str) -> None:
    await running.create_topic("t")

    answer = await running.client.get(f"{TOPICS}/t/{path}")

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)
    assert "partition_id" in answer.json()["message"]


async def test_name_that_is_too_long_is_refused(running: RunningApplication) -> None:
    answer = await running.client.get(f"{TOPICS}/{'t' * 256}")

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


async def test_links_lead_to_what_they_name(running: RunningApplication) -> None:
    await running.create_topic("t")
    topic = (await running.client.get(f"{TOPICS}/t")).json()

    for link in (topic["metadata"]["self"], topic["partitions"]["related"]):
        assert (await running.client.get(link)).status_code == 200
    assert topic["metadata"]["resource_name"] == f"crn:///kafka={running.cluster_id}/topic=t"
