"""Topics over REST v3: every method, every field, and the codes that clients match on."""

from typing import Any

import pytest

from tests.support.application import TOPICS, RunningApplication


async def test_created_topic_has_every_field_and_a_location(running: RunningApplication) -> None:
    here = f"http://cauce.test/v3/clusters/{running.cluster_id}/topics/t"

    answer = await running.client.post(TOPICS, json={"topic_name": "t", "partitions_count": 2})

    assert answer.status_code == 201
    assert answer.headers["location"] == here
    assert answer.json() == {
        "kind": "KafkaTopic",
        "metadata": {"self": here, "resource_name": f"crn:///kafka={running.cluster_id}/topic=t"},
        "cluster_id": running.cluster_id,
        "topic_name": "t",
        "is_internal": False,
        "replication_factor": 1,
        "partitions_count": 2,
        "partitions": {"related": f"{here}/partitions"},
        "configs": {"related": f"{here}/configs"},
        "partition_reassignments": {"related": f"{here}/partitions/-/reassignment"},
        "authorized_operations": None,
    }
    assert (await running.client.get(f"{TOPICS}/t")).json() == answer.json()


async def test_list_is_by_name(running: RunningApplication) -> None:
    for name in ("b", "a"):
        await running.create_topic(name)

    listed = (await running.client.get(TOPICS)).json()

    assert listed["kind"] == "KafkaTopicList"
    assert listed["metadata"]["next"] is None
    assert [one["topic_name"] for one in listed["data"]] == ["a", "b"]


async def test_what_one_may_do_is_told_when_asked(running: RunningApplication) -> None:
    await running.create_topic("t")

    told = await running.client.get(f"{TOPICS}/t?include_authorized_operations=true")

    assert {"READ", "WRITE", "DELETE", "ALTER"} <= set(told.json()["authorized_operations"])


@pytest.mark.parametrize(
    ("wanted", "partitions"),
    [
        ({}, 1),
        ({"partitions_count": -1, "replication_factor": -1}, 1),
        ({"partitions_count": 7}, 7),
        (
            {
                "replicas_assignments": [
                    {"partition_id": 1, "broker_ids": [1]},
                    {"partition_id": 0, "broker_ids": [1]},
                ]
            },
            2,
        ),
    ],
)
async def test_validate_only_says_what_a_creation_then_does(
    running: RunningApplication, wanted: dict[str, Any], partitions: int
) -> None:
    wanted = {"topic_name": "t", **wanted}

    checked = await running.client.post(TOPICS, json={**wanted, "validate_only": True})
    missing = await running.client.get(f"{TOPICS}/t")
    made = await running.client.post(TOPICS, json=wanted)

    assert (checked.status_code, missing.status_code, made.status_code) == (200, 404, 201)
    assert checked.json()["partitions_count"] == partitions
    assert checked.json() == made.json()


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"topic_name": "known"}, 400, 40002),
        ({"topic_name": "a b"}, 400, 40002),
        ({"topic_name": "t", "partitions_count": 0}, 400, 40002),
        ({"topic_name": "t", "replication_factor": 2}, 400, 40002),
        ({"topic_name": "t", "configs": [{"name": "nope", "value": "1"}]}, 400, 40002),
        ({"topic_name": "t", "configs": [{"name": "segment.ms"}]}, 400, 40002),
        (
            {"topic_name": "t", "configs": [{"name": "segment.ms", "value": "60000"}] * 2},
            400,
            40002,
        ),
        (
            {
                "topic_name": "t",
                "replicas_assignments": [{"partition_id": 0, "broker_ids": [1]}] * 2,
            },
            400,
            40002,
        ),
        ({"topic_name": "t", "bogus": 1}, 422, 422),
        ({"partitions_count": 1}, 422, 422),
        ({"topic_name": "t", "partitions_count": "1"}, 422, 422),
        ({"topic_name": "t", "partitions_count": 2**31}, 422, 422),
    ],
)
async def test_refusals_of_a_creation(
    running: RunningApplication, wanted: dict[str, Any], status: int, code: int
) -> None:
    await running.create_topic("known")

    answer = await running.client.post(TOPICS, json=wanted)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert set(answer.json()) == {"error_code", "message"}
    assert (await running.client.get(f"{TOPICS}/t")).status_code == 404


async def test_partitions_are_added_and_never_taken_away(running: RunningApplication) -> None:
    await running.create_topic("t", 2)

    changed = await running.client.patch(f"{TOPICS}/t", json={"partitions_count": 3})

    assert (changed.status_code, changed.json()["partitions_count"]) == (200, 3)
    for count in (3, 1):
        refused = await running.client.patch(f"{TOPICS}/t", json={"partitions_count": count})
        assert (refused.status_code, refused.json()["error_code"]) == (400, 40002)


async def test_deleted_topic_is_not_found_by_any_method(running: RunningApplication) -> None:
    await running.create_topic("t")

    deleted = await running.client.delete(f"{TOPICS}/t")

    assert (deleted.status_code, deleted.content) == (204, b"")
    for answer in (
        await running.client.get(f"{TOPICS}/t"),
        await running.client.delete(f"{TOPICS}/t"),
        await running.client.patch(f"{TOPICS}/t", json={"partitions_count": 3}),
    ):
        assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)
