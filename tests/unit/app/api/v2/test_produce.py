"""Produce: where records land, and how each dialect says that one did not."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.v2.dialects import DIALECTS
from app.broker.topic_configs import ConfigChange, alter_topic_configs
from app.security.principal import ANONYMOUS
from tests.support.application import RunningApplication, running_application

JSON = {"content-type": "application/vnd.kafka.json.v2+json"}
GOOD = {"partition": 0, "offset": 0, "error_code": None, "error": None}


async def produce(
    running: RunningApplication, path: str, *records: Any, **headers: str
) -> httpx.Response:
    body = json.dumps({"records": records}).encode()
    return await running.client.post(path, content=body, headers=headers or JSON)


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t", 2)
    return running


async def test_record_is_stored_as_it_was_sent(topic: RunningApplication) -> None:
    record = {
        "key": "k",
        "value": {"a": [1]},
        "partition": 1,
        "timestamp": 5,
        "headers": [{"key": "h", "value": "eA=="}, {"key": "n", "value": None}],
    }

    answer = await produce(topic, "/topics/t", record)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
    assert answer.json() == {
        "offsets": [GOOD | {"partition": 1}],
        "key_schema_id": None,
        "value_schema_id": None,
    }
    (stored,) = await topic.records("t", 1)
    assert (stored["key"]["data"], stored["value"]["data"]) == ("k", {"a": [1]})
    assert stored["timestamp"] == "1970-01-01T00:00:00.005Z"
    assert stored["headers"] == [{"name": "h", "value": "eA=="}, {"name": "n", "value": None}]


@pytest.mark.parametrize("path", ["/topics/t/partitions/1", "/topics/t/partitions/1/"])
async def test_path_may_name_the_partition(topic: RunningApplication, path: str) -> None:
    answer = await produce(topic, path, {"key": "a"}, {"key": "b"})

    assert [(one["partition"], one["offset"]) for one in answer.json()["offsets"]] == [
        (1, 0),
        (1, 1),
    ]


async def test_tombstone_is_one(topic: RunningApplication) -> None:
    await produce(topic, "/topics/t/partitions/0", {"key": "k", "value": None})

    assert (await topic.records("t"))[0]["value"] is None


async def test_async_answers_nothing(topic: RunningApplication) -> None:
    answer = await produce(topic, "/topics/t?async=true", {"value": 1, "partition": 0})

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/topics/t/partitions/2", 404, 40402),
        ("/topics/t/partitions/x", 404, 404),
        ("/topics/t/partitions/99999999999", 404, 404),
        ("/topics/none", 404, 40401),
        ("/topics/none/partitions/0", 404, 40401),
    ],
)
async def test_place_that_is_not_there(
    topic: RunningApplication, path: str, status: int, code: int
) -> None:
    answer = await produce(topic, path, {"value": 1})

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_nothing_of_a_bad_body_is_appended(topic: RunningApplication) -> None:
    answer = await produce(topic, "/topics/t/partitions/0", {"value": 1}, {"timestamp": -1})

    assert answer.status_code == 400
    assert await topic.records("t") == []


async def test_plain_json_is_read_as_binary_or_not_at_all(tmp_path: Path) -> None:
    for name, dialect in DIALECTS.items():
        async with running_application(tmp_path / name, rest_compat=name) as one:
            await one.create_topic("t")
            answer = await produce(
                one, "/topics/t", {"value": "eA=="}, **{"content-type": "application/json"}
            )
            if dialect.plain_json_is_binary:
                assert answer.status_code == 200
                assert (await one.records("t"))[0]["value"]["data"] == "x"
            else:
                assert (answer.status_code, answer.json()["error_code"]) == (415, 415)


FAILED = {
    "cauce": (200, {"partition": None, "offset": None, "error_code": 50002}, "error"),
    "confluent": (200, {"partition": None, "offset": None, "error_code": 50002}, "error"),
    "karapace": (422, {"error_code": 1}, "error"),
    "strimzi": (200, {"error_code": 413}, "message"),
    "redpanda": (200, {"partition": -1, "offset": -1, "error_code": 10}, "error"),
}


@pytest.mark.parametrize("name", DIALECTS)
async def test_record_that_is_refused_stands_beside_one_that_landed(
    tmp_path: Path, name: str
) -> None:
    status, shown, said_as = FAILED[name]
    async with running_application(tmp_path / "data", rest_compat=name) as one:
        await one.create_topic("t")
        change = ConfigChange(name="max.message.bytes", value="1000")
        await alter_topic_configs(one.context, ANONYMOUS, "t", [change])

        answer = await produce(one, "/topics/t", {"value": "x" * 2_000}, {"value": 1})

    assert answer.status_code == status
    failed, landed = answer.json()["offsets"]
    assert failed.pop(said_as)
    assert failed == shown
    assert landed == GOOD


UNKNOWN = {
    "cauce": (404, 40401),
    "confluent": (404, 40401),
    "karapace": (404, 40401),
    "strimzi": (200, 404),
    "redpanda": (200, 3),
}


@pytest.mark.parametrize("name", DIALECTS)
async def test_unknown_topic_is_said_once_or_for_each_record(tmp_path: Path, name: str) -> None:
    status, code = UNKNOWN[name]
    async with running_application(tmp_path / "data", rest_compat=name) as one:
        answer = await produce(one, "/topics/none", {"value": 1}, {"value": 2})

    assert answer.status_code == status
    found = answer.json()
    failures = found["offsets"] if status == 200 else [found]
    assert [failure["error_code"] for failure in failures] == [code] * len(failures)
    assert len(failures) == (2 if status == 200 else 1)
