"""Partitions, offsets, replicas and deleted records over REST v3, field by field."""

from typing import Any

import pytest

from tests.support.application import TOPICS, RunningApplication

HERE = f"{TOPICS}/t/partitions/1"
RECORDS = b"".join(
    b'{"partition_id":1,"timestamp":"1970-01-01T00:00:%02dZ"}' % second for second in (3, 9, 5)
)


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    """A node with a topic of two partitions and three records in the second."""
    await running.create_topic("t", 2)
    await running.produce("t", RECORDS)
    return running


async def get(running: RunningApplication, path: str) -> Any:
    answer = await running.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def place(running: RunningApplication, path: str = "") -> str:
    """Return the URL of the second partition, or of something below it."""
    return f"http://cauce.test/v3/clusters/{running.cluster_id}/topics/t/partitions/1{path}"


def fields(running: RunningApplication, kind: str, path: str = "", crn: str = "") -> Any:
    """Return what every answer about the second partition begins with."""
    resource_name = f"crn:///kafka={running.cluster_id}/topic=t/partition=1{crn}"
    return {
        "kind": kind,
        "metadata": {"self": place(running, path), "resource_name": resource_name},
        "cluster_id": running.cluster_id,
        "topic_name": "t",
        "partition_id": 1,
    }


async def test_partition_has_every_field(topic: RunningApplication) -> None:
    one = await get(topic, HERE)
    listed = await get(topic, f"{TOPICS}/t/partitions")

    assert one == {
        **fields(topic, "KafkaPartition"),
        "leader": {"related": place(topic, "/replicas/1")},
        "replicas": {"related": place(topic, "/replicas")},
        "reassignment": {"related": place(topic, "/reassignment")},
    }
    assert listed["kind"] == "KafkaPartitionList"
    assert [entry["partition_id"] for entry in listed["data"]] == [0, 1]
    assert listed["data"][1] == one


async def test_replica_has_every_field(topic: RunningApplication) -> None:
    one = await get(topic, f"{HERE}/replicas/1")
    listed = await get(topic, f"{HERE}/replicas")

    assert one == {
        **fields(topic, "KafkaReplica", "/replicas/1", "/replica=1"),
        "broker_id": 1,
        "is_leader": True,
        "is_in_sync": True,
        "broker": {"related": f"http://cauce.test/v3/clusters/{topic.cluster_id}/brokers/1"},
    }
    assert (listed["kind"], listed["data"]) == ("KafkaReplicaList", [one])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"earliest_offset": 0, "latest_offset": 3}),
        ("?offset_type=earliest_and_latest", {"earliest_offset": 0, "latest_offset": 3}),
        ("?offset_type=earliest", {"earliest_offset": 0}),
        ("?offset_type=latest", {"latest_offset": 3}),
        (
            "?offset_type=max_timestamp",
            {"offset": 1, "timestamp": "1970-01-01T00:00:09.000Z"},
        ),
        (
            "?offset_type=timestamp&timestamp=4000",
            {"offset": 1, "timestamp": "1970-01-01T00:00:09.000Z"},
        ),
        (
            "?offset_type=timestamp&timestamp=1970-01-01T00:00:03Z",
            {"offset": 0, "timestamp": "1970-01-01T00:00:03.000Z"},
        ),
        ("?offset_type=timestamp&timestamp=10000", {"offset": -1}),
    ],
)
async def test_offsets(topic: RunningApplication, query: str, found: dict[str, Any]) -> None:
    answer = await get(topic, f"{HERE}/offset{query}")

    assert answer == {**fields(topic, "KafkaPartitionOffset", "/offset"), **found}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/t/partitions/2", 404, 40403),
        ("/t/partitions/2/offset", 404, 40403),
        ("/t/partitions/2/replicas", 404, 40403),
        ("/none/partitions", 404, 40403),
        ("/none/partitions/0/offset", 404, 40403),
        ("/t/partitions/1/replicas/2", 404, 404),
        ("/t/partitions/1/offset?offset_type=newest", 400, 400),
        ("/t/partitions/1/offset?offset_type=timestamp", 400, 400),
        ("/t/partitions/1/offset?offset_type=timestamp&timestamp=now", 400, 400),
    ],
)
async def test_refusals(topic: RunningApplication, path: str, status: int, code: int) -> None:
    answer = await topic.client.get(f"{TOPICS}{path}")

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize(("before", "start"), [(0, 0), (2, 2), (3, 3), (-1, 3)])
async def test_deleted_records_are_gone_and_the_others_are_not(
    topic: RunningApplication, before: int, start: int
) -> None:
    answer = await topic.client.delete(f"{HERE}/records?before_offset={before}")

    assert answer.json() == {**fields(topic, "CauceDeletedRecords"), "log_start_offset": start}
    assert [one["offset"] for one in await topic.records("t", 1)] == list(range(start, 3))


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?before_offset=4", 416, 41601),
        ("?before_offset=-2", 400, 400),
        ("?before_offset=9223372036854775808", 400, 400),
        ("?before_offset=x", 400, 400),
        ("", 400, 400),
    ],
)
async def test_deletion_that_is_refused_deletes_nothing(
    topic: RunningApplication, query: str, status: int, code: int
) -> None:
    answer = await topic.client.delete(f"{HERE}/records{query}")

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert len(await topic.records("t", 1)) == 3
