"""Configs over REST v3: described with where they come from, set and reset, all or none."""

from typing import Any

import pytest

from tests.support.application import TOPICS, RunningApplication

CONFIGS = f"{TOPICS}/t/configs"


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    """A node with a topic."""
    await running.create_topic("t")
    return running


async def get(running: RunningApplication, name: str) -> Any:
    answer = await running.client.get(f"{CONFIGS}/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_config_has_every_field(topic: RunningApplication) -> None:
    assert await get(topic, "segment.ms") == {
        "kind": "KafkaTopicConfig",
        "metadata": {
            "self": f"http://cauce.test/v3/clusters/{topic.cluster_id}/topics/t/configs/segment.ms",
            "resource_name": f"crn:///kafka={topic.cluster_id}/topic=t/config=segment.ms",
        },
        "cluster_id": topic.cluster_id,
        "topic_name": "t",
        "name": "segment.ms",
        "value": "604800000",
        "is_default": True,
        "is_read_only": False,
        "is_sensitive": False,
        "source": "DEFAULT_CONFIG",
        "synonyms": [{"name": "segment.ms", "value": "604800000", "source": "DEFAULT_CONFIG"}],
    }


async def test_config_that_is_set_says_so_and_is_given_back(topic: RunningApplication) -> None:
    default = await get(topic, "segment.ms")

    put = await topic.client.put(f"{CONFIGS}/segment.ms", json={"value": "60000"})
    changed = await get(topic, "segment.ms")
    deleted = await topic.client.delete(f"{CONFIGS}/segment.ms")

    assert (put.status_code, put.content) == (204, b"")
    assert (changed["value"], changed["is_default"]) == ("60000", False)
    assert changed["source"] == "DYNAMIC_TOPIC_CONFIG"
    assert [one["value"] for one in changed["synonyms"]] == ["60000", default["value"]]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert await get(topic, "segment.ms") == default


async def test_list_of_a_topic_and_of_all_hold_the_same(topic: RunningApplication) -> None:
    one = (await topic.client.get(CONFIGS)).json()
    everything = (await topic.client.get(f"{TOPICS}/-/configs")).json()

    assert one["kind"] == everything["kind"] == "KafkaTopicConfigList"
    assert one["data"] == everything["data"]
    assert await get(topic, "flush.ms") in one["data"]


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
async def test_batch_sets_and_resets_at_once(topic: RunningApplication, colon: str) -> None:
    await topic.client.put(f"{CONFIGS}/flush.ms", json={"value": "5"})
    changes = [
        {"name": "segment.ms", "value": "60000"},
        {"name": "flush.ms", "operation": "DELETE"},
    ]

    answer = await topic.client.post(f"{CONFIGS}{colon}alter", json={"data": changes})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await get(topic, "segment.ms"))["value"] == "60000"
    assert (await get(topic, "flush.ms"))["is_default"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (
            {"data": [{"name": "flush.ms", "value": "5"}, {"name": "nope", "value": "1"}]},
            400,
            40002,
        ),
        (
            {"data": [{"name": "flush.ms", "value": "5"}, {"name": "segment.ms", "value": "x"}]},
            400,
            40002,
        ),
        ({"data": [{"name": "flush.ms", "value": "5"}], "validate_only": True}, 204, None),
        ({"data": [{"name": "flush.ms", "value": "5", "operation": "APPEND"}]}, 422, 422),
        ({"data": {}}, 422, 422),
        ({}, 422, 422),
    ],
)
async def test_batch_that_is_refused_or_only_checked_changes_nothing(
    topic: RunningApplication, body: dict[str, Any], status: int, code: int | None
) -> None:
    before = (await topic.client.get(CONFIGS)).json()

    answer = await topic.client.post(f"{CONFIGS}:alter", json=body)

    assert answer.status_code == status
    assert code is None or answer.json()["error_code"] == code
    assert (await topic.client.get(CONFIGS)).json() == before


async def test_unknown_config_and_unknown_topic(topic: RunningApplication) -> None:
    missing = await topic.client.get(f"{CONFIGS}/nope")
    put = await topic.client.put(f"{CONFIGS}/nope", json={"value": "1"})
    elsewhere = await topic.client.get(f"{TOPICS}/none/configs")

    assert (missing.status_code, missing.json()["error_code"]) == (404, 404)
    assert (put.status_code, put.json()["error_code"]) == (400, 40002)
    assert (elsewhere.status_code, elsewhere.json()["error_code"]) == (404, 40403)
