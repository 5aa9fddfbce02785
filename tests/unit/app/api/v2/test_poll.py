"""A poll: what it answers, and what becomes of records that it cannot show or hand over."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.api.v2 import poll
from app.api.v2.dialects import DIALECTS
from app.security.principal import ANONYMOUS
from tests.support.application import (
    Exchange,
    RunningApplication,
    request_scope,
    running_application,
)
from tests.support.rest_v2.instance import InstanceV2, partitions, produce_v2, records_of

T0 = ("t", 0)
PATH = "/consumers/g/instances/i/records"


async def reading(running: RunningApplication, **settings: Any) -> InstanceV2:
    instance = InstanceV2(running)
    assert (await instance.create(**{"format": "json", **settings})).status_code == 200
    await instance.ask("POST", "/assignments", partitions(T0))
    return instance


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t")
    return running


async def test_record_is_shown_whole(topic: RunningApplication) -> None:
    body = {
        "records": [
            {
                "key": "k",
                "value": {"a": 1},
                "timestamp": 5,
                "headers": [{"key": "h", "value": "eA=="}],
            }
        ]
    }
    await topic.client.post(
        "/topics/t", content=json.dumps(body), headers={"content-type": records_of("json")}
    )
    instance = await reading(topic)

    answer = await instance.poll()

    assert answer.headers["content-type"] == records_of("json")
    assert answer.json() == [
        {
            "topic": "t",
            "key": "k",
            "value": {"a": 1},
            "partition": 0,
            "offset": 0,
            "timestamp": 5,
            "headers": [{"key": "h", "value": "eA=="}],
        }
    ]


async def test_poll_answers_at_the_first_data(topic: RunningApplication) -> None:
    instance = await reading(topic)

    waiting = asyncio.create_task(instance.values("?timeout=60000"))
    await asyncio.sleep(0.1)
    await produce_v2(topic, "t", 1)

    assert await asyncio.wait_for(waiting, 20) == [1]


async def test_poll_that_does_not_say_waits_until_its_instance_has_joined(tmp_path: Path) -> None:
    settings = {"group_initial_rebalance_delay_ms": 1_500}
    async with running_application(tmp_path / "data", rest_compat="strimzi", **settings) as one:
        await one.create_topic("t")
        await produce_v2(one, "t", 1)
        instance = InstanceV2(one)
        await instance.create(format="json")
        await instance.ask("POST", "/subscription", {"topics": ["t"]})

        hurried = await instance.values("?timeout=1")

        assert (hurried, await instance.values("")) == ([], [1])


@pytest.mark.parametrize("name", DIALECTS)
async def test_one_record_comes_however_small_the_bound_is(tmp_path: Path, name: str) -> None:
    async with running_application(tmp_path / "data", rest_compat=name) as one:
        await one.create_topic("t")
        await produce_v2(one, "t", "x" * 500, "y" * 500)
        instance = await reading(one)

        polls = [await instance.values("?max_bytes=1") for _ in range(2)]

    assert polls == [["x" * 500], ["y" * 500]]


@pytest.mark.parametrize(
    ("query", "of_instance", "waits_ms"),
    [
        ("", None, 1_000),
        ("", 20, 20),
        ("?timeout=30", None, 30),
        ("?timeout=30", 20, 20),
        ("?timeout=10", 20, 10),
        ("?timeout=5000", None, 5_000),
        ("?timeout=999999999", None, 60_000),
    ],
)
async def test_wait_is_the_poll_s_within_the_instance_s(
    topic: RunningApplication, query: str, of_instance: int | None, waits_ms: int
) -> None:
    settings = {} if of_instance is None else {"consumer_request_timeout_ms": of_instance}
    await reading(topic, **settings)
    assert topic.front.sessions is not None
    session = await topic.front.sessions.get("g", "i", ANONYMOUS)

    found = poll.bounds(query[1:].encode(), session)

    assert (found.wait_s * 1000, found.is_said) == (waits_ms, bool(query))


@pytest.mark.parametrize("query", ["?timeout=soon", "?timeout=-1", "?max_bytes=1.5"])
async def test_bounds_that_do_not_read_are_refused(topic: RunningApplication, query: str) -> None:
    answer = await (await reading(topic)).poll(query)

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


async def test_other_format_is_refused_and_takes_nothing(topic: RunningApplication) -> None:
    await produce_v2(topic, "t", 1)
    instance = await reading(topic)

    answer = await topic.client.get(PATH, headers={"accept": records_of("binary")})

    assert (answer.status_code, answer.json()["error_code"]) == (406, 40601)
    assert await instance.values() == [1]


async def test_record_of_no_json_is_shown_as_a_string(topic: RunningApplication) -> None:
    await produce_v2(topic, "t", "1", "text", "2", kind="text")
    await produce_v2(topic, "t", "/wA=", kind="binary")
    instance = await reading(topic)

    answer = await instance.poll()

    assert [one["value"] for one in answer.json()] == [1, "text", 2, "/wA="]
    assert answer.headers["cauce-raw-records"] == "2"


async def test_keys_and_values_of_no_json_are_met_in_any_order(topic: RunningApplication) -> None:
    records = [{"value": "a"}, {"key": "k", "value": "1"}, {"key": "1", "value": "b"}]
    for one in (records, records[::-1]):
        body = json.dumps({"records": one})
        headers = {"content-type": records_of("text")}
        await topic.client.post("/topics/t", content=body, headers=headers)
    instance = await reading(topic)

    answer = await instance.poll()

    shown = [(one["key"], one["value"]) for one in answer.json()]
    assert shown == [(None, "a"), ("k", 1), (1, "b"), (1, "b"), ("k", 1), (None, "a")]
    assert answer.headers["cauce-raw-records"] == "6"


async def test_record_of_no_json_is_left_out_with_a_note(topic: RunningApplication) -> None:
    await produce_v2(topic, "t", "1", "text", "2", "more text", kind="text")
    instance = await reading(topic, decode_policy="skip")

    answer = await instance.poll()

    assert [one["value"] for one in answer.json()] == [1, 2]
    assert answer.headers["cauce-skipped-records"] == "2; t-0@1, t-0@3"
    assert await instance.values() == []


@pytest.mark.parametrize("name", DIALECTS)
async def test_record_of_no_json_fails_the_poll_until_one_seeks(tmp_path: Path, name: str) -> None:
    async with running_application(tmp_path / "data", rest_compat=name) as one:
        await one.create_topic("t")
        await produce_v2(one, "t", "1", "text", "2", kind="text")
        instance = await reading(one, decode_policy="fail")

        before = await instance.values()
        refused = [await instance.poll() for _ in range(2)]
        seek = {"offsets": [{"topic": "t", "partition": 0, "offset": 2}]}
        await instance.ask("POST", "/positions", seek)

        assert (before, await instance.values()) == ([1], [2])
    for answer in refused:
        assert (answer.status_code, answer.json()["error_code"]) == DIALECTS[name].undecodable
        assert "seek to 2" in answer.json()["message"]


async def test_answer_that_is_full_goes_on_in_the_next(
    topic: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "RENDERED_BYTES_MAX", 1)
    for number in range(3):
        await produce_v2(topic, "t", number)
    instance = await reading(topic)

    polls = [await instance.values() for _ in range(4)]

    assert polls == [[0], [1], [2], []]


async def test_what_a_client_did_not_wait_for_comes_again(topic: RunningApplication) -> None:
    instance = await reading(topic)
    left = asyncio.Event()
    exchange = Exchange([])

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    scope = request_scope("GET", PATH, b"timeout=60000")
    polling = asyncio.ensure_future(topic.front(scope, receive, exchange.send))
    await asyncio.sleep(0.05)
    left.set()
    await asyncio.wait_for(polling, 20)
    await produce_v2(topic, "t", 1)

    assert exchange.sent == []
    assert await instance.values() == [1]


async def test_what_came_as_the_client_left_comes_again(topic: RunningApplication) -> None:
    await produce_v2(topic, "t", 1)
    instance = await reading(topic)
    exchange = Exchange([])

    await topic.front(request_scope("GET", PATH), exchange.receive, exchange.send)

    assert exchange.sent == []
    assert await instance.values() == [1]
