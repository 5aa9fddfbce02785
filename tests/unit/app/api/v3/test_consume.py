"""Consume: pages that join without a gap, in every form, and what stands in their way."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from app.api.v3 import consume
from app.api.v3.consume_query import PARTITIONS_MAX
from app.broker.delete_records import delete_records
from app.security.principal import ANONYMOUS
from storage.format.batch import HEADER_SIZE, iterate_headers
from tests.support.application import TOPICS, Exchange, RunningApplication, request_scope

NDJSON = {"accept": "application/x-ndjson"}
BATCHES = {"accept": "application/vnd.cauce.recordbatches"}
HERE = f"{TOPICS}/t/partitions/0/records"


def records(*values: object) -> bytes:
    return b"".join(
        json.dumps({"value": {"type": "JSON", "data": value}}).encode() for value in values
    )


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    """A node with a topic of one partition."""
    await running.create_topic("t")
    return running


async def get(running: RunningApplication, path: str, **headers: str) -> Any:
    answer = await running.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(page: dict[str, Any]) -> list[object]:
    return [one["value"]["data"] for one in page["data"]]


async def test_record_is_shown_whole(topic: RunningApplication) -> None:
    sent = {
        "key": {"type": "STRING", "data": "k"},
        "value": {"type": "BINARY", "data": base64.b64encode(b"\xff\x00").decode()},
        "headers": [{"name": "a", "value": "eA=="}, {"name": "a"}],
        "timestamp": "2026-11-23T20:03:00.250Z",
    }
    await topic.produce("t", json.dumps(sent).encode())

    page = await get(topic, HERE)

    assert page["data"] == [
        {
            "topic_name": "t",
            "partition_id": 0,
            "offset": 0,
            "timestamp": "2026-11-23T20:03:00.250Z",
            "timestamp_type": "CREATE_TIME",
            "key": {"type": "STRING", "data": "k"},
            "value": {"type": "BINARY", "data": "/wA="},
            "headers": [{"name": "a", "value": "eA=="}, {"name": "a", "value": None}],
        }
    ]
    assert page["kind"] == "CauceRecordList"
    assert (page["next_offset"], page["high_watermark"]) == (1, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_follow_each_other_without_a_gap(topic: RunningApplication, size: int) -> None:
    for first in range(0, 9, 3):
        await topic.produce("t", records(first, first + 1, first + 2))

    seen: list[object] = []
    path = f"{HERE}?max_records={size}"
    while (page := await get(topic, path))["data"]:
        assert len(page["data"]) <= size
        seen += values(page)
        path = page["metadata"]["next"]

    assert seen == list(range(9))


async def test_link_is_the_next_page_and_keeps_the_parameters(topic: RunningApplication) -> None:
    await topic.produce("t", records(1, 2))

    answer = await topic.client.get(f"{HERE}?from=earliest&max_records=1&value_type=STRING")

    following = answer.json()["metadata"]["next"]
    assert answer.headers["link"] == f'<{following}>; rel="next"'
    assert following.endswith("records?offset=1&max_records=1&value_type=STRING")
    assert answer.headers["cauce-next-offset"] == "1"
    assert answer.headers["cauce-high-watermark"] == "2"


async def test_place_may_be_a_time_the_start_or_the_end(topic: RunningApplication) -> None:
    for second in (1, 2, 3):
        value = {"type": "JSON", "data": second}
        record = {"timestamp": f"2026-01-01T00:00:0{second}Z", "value": value}
        await topic.produce("t", json.dumps(record).encode())
    await delete_records(topic.context, ANONYMOUS, "t", 0, 1)

    async def found(query: str) -> list[object]:
        return values(await get(topic, f"{HERE}?{query}"))

    assert await found("") == await found("from=earliest") == [2, 3]
    assert await found("from=latest") == []
    assert await found("timestamp=2026-01-01T00:00:02.001Z") == [3]
    assert await found("timestamp=1969-01-01T00:00:00Z") == [2, 3]
    assert await found("timestamp=2027-01-01T00:00:00Z") == []


async def test_lines_are_the_same_records_one_a_line(topic: RunningApplication) -> None:
    await topic.produce("t", records({"a": 1}, "two"))

    page = await get(topic, HERE)
    lines = await topic.client.get(HERE, headers=NDJSON)
    nothing = await topic.client.get(f"{HERE}?offset=2", headers=NDJSON)

    assert lines.headers["content-type"] == "application/x-ndjson"
    assert lines.text.endswith("\n")
    assert [json.loads(line) for line in lines.text.splitlines()] == page["data"]
    assert nothing.content == b""


async def test_raw_batches_are_whole_also_around_the_offset(topic: RunningApplication) -> None:
    await topic.produce("t", records(1, 2, 3))
    await topic.produce("t", records(4))

    answer = await topic.client.get(f"{HERE}?offset=1&max_bytes=1", headers=BATCHES)

    found = [header for _, header in iterate_headers(answer.content)]
    assert [(one.base_offset, one.record_count) for one in found] == [(0, 3)]
    assert answer.headers["cauce-next-offset"] == "3"
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, application/x-ndjson;q=0.5", "application/x-ndjson"),
    ],
)
async def test_accept_chooses_the_form(topic: RunningApplication, accept: str, kind: str) -> None:
    answer = await topic.client.get(HERE, headers={"accept": accept})

    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize(
    ("path", "accept", "status", "code"),
    [
        (HERE, "text/html", 406, 406),
        (f"{TOPICS}/t/records", BATCHES["accept"], 406, 406),
        (f"{TOPICS}/none/partitions/0/records", "*/*", 404, 40403),
        (f"{TOPICS}/t/partitions/1/records", "*/*", 404, 40403),
        (f"{TOPICS}/t/partitions/-1/records", "*/*", 404, 40403),
        (f"{TOPICS}/t/partitions/x/records", "*/*", 404, 40403),
        (f"{TOPICS}/none/records", "*/*", 404, 40403),
        (f"{HERE}?offset=1", "*/*", 416, 41601),
        (f"{HERE}?offset=0&from=latest", "*/*", 400, 400),
    ],
)
async def test_refusals(
    topic: RunningApplication, path: str, accept: str, status: int, code: int
) -> None:
    answer = await topic.client.get(path, headers={"accept": accept})

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_wait_ends_with_the_first_record(topic: RunningApplication) -> None:
    waiting = asyncio.create_task(get(topic, f"{HERE}?wait_ms=60000"))
    await asyncio.sleep(0.01)
    was_waiting = not waiting.done()

    await topic.produce("t", records("late"))

    assert was_waiting
    assert values(await asyncio.wait_for(waiting, 30)) == ["late"]


async def test_cursor_leads_through_all_partitions_and_those_that_come(
    running: RunningApplication,
) -> None:
    await running.create_topic("t", partitions=3)
    for number in range(30):
        key = {"type": "STRING", "data": f"k{number}"}
        record = {"key": key, "value": {"type": "JSON", "data": number}}
        await running.produce("t", json.dumps(record).encode())
    last_of_old = b'{"partition_id":3,"value":{"type":"JSON","data":99}}'

    seen: list[object] = []
    path = f"{TOPICS}/t/records?max_records=4"
    while (page := await get(running, path))["data"]:
        seen += values(page)
        path = page["metadata"]["next"]
        if 99 not in seen and len(seen) > 10:
            await running.client.patch(f"{TOPICS}/t", json={"partitions_count": 4})
            await running.produce("t", last_of_old) if len(seen) < 15 else None

    assert sorted(seen, key=str) == sorted([*range(30), 99], key=str)
    assert [one["partition_id"] for one in page["partitions"]] == [0, 1, 2, 3]
    assert sum(one["next_offset"] for one in page["partitions"]) == 31


async def test_cursor_of_a_deleted_topic_is_refused(topic: RunningApplication) -> None:
    cursor = (await get(topic, f"{TOPICS}/t/records"))["next_cursor"]
    await topic.client.delete(f"{TOPICS}/t")
    await topic.create_topic("t")

    answer = await topic.client.get(f"{TOPICS}/t/records?cursor={cursor}")

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


async def test_topic_with_more_partitions_than_a_cursor_holds_is_refused_at_once(
    running: RunningApplication,
) -> None:
    await running.create_topic("t", partitions=PARTITIONS_MAX + 1)

    answer = await running.client.get(f"{TOPICS}/t/records")

    assert (answer.status_code, answer.json()["error_code"]) == (400, 40002)
    assert "partition by partition" in answer.json()["message"]


def damage(directory: Path, position: int) -> None:
    """Flip a bit of the topic's log, as a failing disk does."""
    (path,) = directory.glob("data/logs/*/t-0/*.log")
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


async def test_damaged_batch_is_never_shown_and_those_before_it_are(
    topic: RunningApplication, tmp_path: Path
) -> None:
    await topic.produce("t", records("good"))
    batches = (await topic.client.get(HERE, headers=BATCHES)).content
    await topic.produce("t", records("damaged"))
    damage(tmp_path, len(batches) + HEADER_SIZE + 8)

    page = await get(topic, HERE)
    refused = await topic.client.get(page["metadata"]["next"])

    assert (values(page), page["next_offset"]) == (["good"], 1)
    assert (refused.status_code, refused.json()["error_code"]) == (500, 50003)
    assert "damaged at offset 1" in refused.json()["message"]


EVEN = {"filter": "value.n % 2 == 0"}


async def get_matching(running: RunningApplication, path: str, **query: str) -> Any:
    answer = await running.client.get(path, params={**EVEN, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(page: dict[str, Any]) -> list[int]:
    return [one["n"] for one in values(page)]  # type: ignore[index] # all are objects


async def test_filter_shows_what_matches_and_counts_what_does_not(
    topic: RunningApplication,
) -> None:
    await topic.produce("t", records(*({"n": n} for n in range(7)), {"m": 1}))

    page = await get_matching(topic, HERE)
    first = await get_matching(topic, HERE, max_records="2")
    link = await get(topic, first["metadata"]["next"])
    lines = await topic.client.get(HERE, params=EVEN, headers=NDJSON)

    assert numbers(page) == [0, 2, 4, 6]
    assert (page["next_offset"], page["high_watermark"]) == (8, 8)
    failure = "t-0 at offset 7: there is no field n"
    assert page["filter"] == {"scanned": 8, "matched": 4, "failed": 1, "first_failure": failure}
    assert (numbers(first), first["next_offset"]) == ([0, 2], 3)
    assert (numbers(link), link["filter"]["scanned"]) == ([4, 6], 4)
    assert [json.loads(line)["offset"] for line in lines.text.splitlines()] == [0, 2, 4, 6]
    assert lines.headers["cauce-filter"] == "scanned=8, matched=4, failed=1"
    assert "filter" not in await get(topic, HERE)


async def test_filter_looks_through_all_partitions(running: RunningApplication) -> None:
    await running.create_topic("many", partitions=3)
    await running.produce("many", records(*({"n": n} for n in range(9))))
    path = f"{TOPICS}/many/records"

    page = await get_matching(running, path)
    following = await get_matching(running, path, cursor=page["next_cursor"])

    assert sorted(numbers(page)) == [0, 2, 4, 6, 8]
    assert (page["filter"]["scanned"], following["filter"]["scanned"]) == (9, 0)


async def test_filter_looks_on_over_batches_that_do_not_match_until_its_time_is_up(
    topic: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 3, 5, 6, 7):
        await topic.produce("t", records({"n": n}))

    found = await get_matching(topic, HERE, max_bytes="1")
    monkeypatch.setattr(consume, "FILTER_SECONDS_MAX", 0)
    cut_off = await get_matching(topic, HERE)
    whole = await get_matching(topic, f"{TOPICS}/t/records")

    assert (numbers(found), found["next_offset"]) == ([6], 4)
    assert (numbers(cut_off), cut_off["next_offset"]) == ([], 1)
    assert (numbers(whole), whole["filter"]["scanned"]) == ([], 0)


async def test_wait_with_a_filter_ends_with_the_first_match(topic: RunningApplication) -> None:
    waiting = asyncio.create_task(get_matching(topic, HERE, wait_ms="60000"))
    for n in (1, 3, 4):
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await topic.produce("t", records({"n": n}))

    page = await asyncio.wait_for(waiting, 30)

    assert numbers(page) == [4]
    assert page["filter"]["scanned"] == 3


@pytest.mark.parametrize("path", [HERE, f"{TOPICS}/t/records"])
async def test_text_that_is_no_filter_is_refused(topic: RunningApplication, path: str) -> None:
    answer = await topic.client.get(path, params={"filter": "value.n >"})

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)
    assert answer.json()["message"].startswith("filter: line 1, column 10: ")


async def test_raw_batches_cannot_be_filtered(topic: RunningApplication) -> None:
    answer = await topic.client.get(HERE, params=EVEN, headers=BATCHES)

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


async def test_reader_that_leaves_while_it_waits_leaves_nothing(topic: RunningApplication) -> None:
    exchange = Exchange([])
    scope = request_scope("GET", HERE, b"wait_ms=60000", host="h")
    waiting = asyncio.create_task(topic.front(scope, exchange.receive, exchange.send))
    await asyncio.sleep(0.01)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    replica = topic.context.replicas.get(topic.context.topic("t").topic_id, 0)
    assert replica is not None
    assert len(replica.watchers) == 0
