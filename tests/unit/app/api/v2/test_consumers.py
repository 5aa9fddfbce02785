"""Consumer instances: made, told what to read and where, deleted."""

from pathlib import Path
from typing import Any

import pytest

from app.api.v2.dialects import DIALECTS
from tests.support.application import RunningApplication, running_application
from tests.support.rest_v2.instance import InstanceV2, partitions, produce_v2

T0, T1 = ("t", 0), ("t", 1)


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t", 2)
    return running


async def assigned(running: RunningApplication, *places: tuple[str, int]) -> InstanceV2:
    """Return an instance that reads these partitions."""
    instance = InstanceV2(running)
    assert (await instance.create(format="json")).status_code == 200
    assert (await instance.ask("POST", "/assignments", partitions(*places))).status_code == 204
    return instance


async def test_instance_has_its_name_and_an_absolute_uri(running: RunningApplication) -> None:
    answer = await InstanceV2(running, "a group", "an/instance".replace("/", " ")).create()

    assert answer.json() == {
        "instance_id": "an instance",
        "base_uri": "http://cauce.test/consumers/a%20group/instances/an%20instance",
    }


async def test_uri_begins_with_the_public_url(tmp_path: Path) -> None:
    async with running_application(tmp_path / "data", public_url="https://x.test/kafka/") as one:
        answer = await InstanceV2(one).create()

    assert answer.json()["base_uri"] == "https://x.test/kafka/consumers/g/instances/i"


async def test_name_is_made_where_none_is_given_and_may_be_the_legacy_id(
    running: RunningApplication,
) -> None:
    made = (await running.client.post("/consumers/g")).json()["instance_id"]
    legacy = await running.client.post("/consumers/g", json={"id": "old"})

    assert made.startswith("rest-consumer-")
    assert legacy.json()["instance_id"] == "old"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"format": "xml"}, 42204),
        ({"auto_offset_reset": "bar"}, 42204),
        ({"fetch_min_bytes": 99_999_999}, 40001),
        ({"more": 1}, 422),
        ({"name": "a/b"}, 42204),
        ({"name": "a\nb"}, 42204),
        ({"name": "x" * 300}, 42204),
    ],
)
async def test_settings_are_refused_that_are_none(
    running: RunningApplication, settings: dict[str, Any], code: int
) -> None:
    answer = await InstanceV2(running).create(**settings)

    assert (answer.status_code, answer.json()["error_code"]) == (422, code)


async def test_name_is_taken_until_its_instance_is_deleted(running: RunningApplication) -> None:
    instance = InstanceV2(running)
    await instance.create()

    taken = await instance.create()
    deleted = await instance.ask("DELETE")
    gone = await instance.ask("DELETE")

    assert (taken.status_code, taken.json()["error_code"]) == (409, 40902)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "content-type" not in deleted.headers
    assert (gone.status_code, gone.json()["error_code"]) == (404, 40403)
    assert (await instance.create()).status_code == 200


async def test_assignment_is_shown_and_replaced(topic: RunningApplication) -> None:
    instance = await assigned(topic, T0, T1)

    both = (await instance.ask("GET", "/assignments/")).json()
    await instance.ask("POST", "/assignments", partitions(T1))

    assert both == partitions(T0, T1)
    assert (await instance.ask("GET", "/assignments")).json() == partitions(T1)


async def test_seek_goes_where_it_is_told(topic: RunningApplication) -> None:
    for number in range(3):
        await produce_v2(topic, "t", number)
    instance = await assigned(topic, T0)
    place = {"topic": "t", "partition": 0}

    async def after(path: str, body: Any) -> list[Any]:
        answer = await instance.ask("POST", f"/positions{path}", body)
        assert (answer.status_code, answer.content) == (204, b"")
        return await instance.values()

    assert await after("", {"offsets": [{**place, "offset": 1, "metadata": "m"}]}) == [1, 2]
    assert await after("/beginning", partitions(T0)) == [0, 1, 2]
    assert await after("/end", partitions(T0)) == []
    assert await after("", {"timestamps": [{**place, "timestamp": "1970-01-01T00:00:00Z"}]}) == [
        *(0, 1, 2)
    ]
    assert await after("", {"timestamps": [{**place, "timestamp": "2999-01-01T00:00:00Z"}]}) == []


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"offsets": [{"topic": "t", "partition": 1, "offset": 0}]}),
        ("", {"timestamps": [{"topic": "t", "partition": 1, "timestamp": "5"}]}),
        ("/beginning", partitions(T1)),
        ("/end", partitions(T1)),
    ],
)
async def test_seek_elsewhere_is_refused_as_the_dialect_does(
    tmp_path: Path, name: str, path: str, body: Any
) -> None:
    async with running_application(tmp_path / "data", rest_compat=name) as one:
        await one.create_topic("t", 2)
        instance = await assigned(one, T0)

        answer = await instance.ask("POST", f"/positions{path}", body)

    status, code = DIALECTS[name].seek_unassigned
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"topics": ["t"], "topic_pattern": "t"}, 409, 40903),
        ({}, 422, 422),
        ({"topics": "t"}, 422, 422),
        ({"topic_pattern": "("}, 422, 42204),
        ({"topics": ["t"], "more": 1}, 422, 422),
        ({"topics": ["t"]}, 409, 40903),
    ],
)
async def test_subscription_is_refused_that_does_not_read_or_fit(
    topic: RunningApplication, body: Any, status: int, code: int
) -> None:
    instance = await assigned(topic, T0)

    answer = await instance.ask("POST", "/subscription", body)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize("body", [{"topics": ["t"]}, {"topic_pattern": "t.?"}])
async def test_subscription_is_shown_with_what_is_read(
    topic: RunningApplication, body: Any
) -> None:
    await produce_v2(topic, "t", 1)
    instance = InstanceV2(topic)
    await instance.create(format="json")

    answer = await instance.ask("POST", "/subscription", body)
    values = await instance.values("?timeout=20000")
    shown = (await instance.ask("GET", "/subscription")).json()
    mixed = await instance.ask("POST", "/assignments", partitions(T0))
    ended = await instance.ask("DELETE", "/subscription")

    assert (answer.status_code, ended.status_code, values) == (204, 204, [1])
    assert shown == {"topics": ["t"], "partitions": [{"t": [0, 1]}]}
    assert (mixed.status_code, mixed.json()["error_code"]) == (409, 40903)
    nothing = (await instance.ask("GET", "/subscription")).json()
    assert nothing == {"topics": [], "partitions": []}


async def test_subscription_to_nothing_ends_it(topic: RunningApplication) -> None:
    instance = InstanceV2(topic)
    await instance.create(format="json")
    await instance.ask("POST", "/subscription", {"topics": ["t"]})

    answer = await instance.ask("POST", "/subscription", {"topics": []})

    assert answer.status_code == 204
    assert (await instance.poll()).json()["error_code"] == 40903


@pytest.mark.parametrize("content_type", ["application/vnd.kafka.json.v2+json", "application/json"])
async def test_any_of_the_types_is_tolerated_here(
    running: RunningApplication, content_type: str
) -> None:
    headers = {"content-type": content_type}
    answer = await running.client.post("/consumers/g", content=b'{"name":"i"}', headers=headers)
    other = await running.client.post(
        "/consumers/g", content=b"name=i", headers={"content-type": "text/plain"}
    )

    assert answer.json()["instance_id"] == "i"
    assert (other.status_code, other.json()["error_code"]) == (415, 415)
