from pathlib import Path
from typing import Any

import pytest

from tests.support.application import RunningApplication, running_application

V2 = "application/vnd.kafka.v2+json"
PARTITIONS = [
    {
        "partition": number,
        "leader": 1,
        "replicas": [{"broker": 1, "leader": True, "in_sync": True}],
    }
    for number in range(2)
]


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t", 2, retention_ms="5000")
    return running


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/brokers", {"brokers": [1]}),
        ("/topics", ["t"]),
        ("/topics/t/partitions", PARTITIONS),
        ("/topics/t/partitions/1", PARTITIONS[1]),
        ("/topics/t/partitions/1/offsets", {"beginning_offset": 0, "end_offset": 0}),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_metadata_is_shown(
    topic: RunningApplication, path: str, shown: Any, slash: str
) -> None:
    answer = await topic.client.get(path + slash, headers={"accept": V2})

    assert (answer.status_code, answer.json()) == (200, shown)
    assert answer.headers["content-type"] == V2


async def test_topic_is_shown_with_its_configs(topic: RunningApplication) -> None:
    shown = (await topic.client.get("/topics/t")).json()

    assert shown.keys() == {"name", "configs", "partitions"}
    assert (shown["name"], shown["partitions"]) == ("t", PARTITIONS)
    assert shown["configs"]["retention.ms"] == "5000"
    assert set(map(type, shown["configs"].values())) == {str}


async def test_offsets_move_with_the_log(topic: RunningApplication) -> None:
    await topic.produce("t", b'{"partition_id":0,"value":{"type":"JSON","data":1}}')

    answer = await topic.client.get("/topics/t/partitions/0/offsets")

    assert answer.json() == {"beginning_offset": 0, "end_offset": 1}


NOT_THERE = [
    ("/topics/x", 40403),
    ("/topics/x/partitions", 40401),
    ("/topics/x/partitions/0", 40401),
    ("/topics/x/partitions/0/offsets", 40401),
    ("/topics/t/partitions/2", 40402),
    ("/topics/t/partitions/2/offsets", 40402),
    ("/topics/t/partitions/x", 404),
    ("/topics/t/partitions/-1", 404),
]


@pytest.mark.parametrize(("path", "code"), NOT_THERE)
async def test_what_is_not_there_has_its_code(
    topic: RunningApplication, path: str, code: int
) -> None:
    answer = await topic.client.get(path)

    assert (answer.status_code, answer.json()["error_code"]) == (404, code)
    assert answer.headers["content-type"] == V2


async def test_strimzi_has_one_code_for_what_is_not_there(tmp_path: Path) -> None:
    async with running_application(tmp_path / "data", rest_compat="strimzi") as one:
        await one.create_topic("t", 2)
        for path, _ in NOT_THERE:
            answer = await one.client.get(path)
            assert (answer.status_code, answer.json()["error_code"]) == (404, 404)
