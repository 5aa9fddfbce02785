"""Produce over REST v3: one receipt a record, in order, whatever stands between them."""

import asyncio
import json
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from app.api.v3.produce import ENTRIES_MAX, ENTRY_ID_CHARS_MAX, produce_records
from app.security.principal import ANONYMOUS
from tests.support.application import (
    JSON,
    TOPICS,
    Exchange,
    RunningApplication,
    body_messages,
    request_scope,
)

GOOD = b'{"value":{"type":"STRING","data":"v"}}'
BAD = b'{"value":{"type":"BINARY","data":"@"}}'
ELSEWHERE = b'{"partition_id":9}'


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    """A node with a topic of one partition."""
    await running.create_topic("t")
    return running


def receipts(body: bytes) -> list[dict[str, Any]]:
    assert body.endswith(b"\r\n")
    return [json.loads(line) for line in body.splitlines()]


async def stream(running: RunningApplication, messages: list[Any]) -> Exchange:
    exchange = Exchange(messages)
    scope = request_scope(
        "POST", f"{TOPICS}/t/records", content_type="application/json", transfer_encoding="chunked"
    )
    await produce_records(running.context, ANONYMOUS, "t", scope, exchange.receive, exchange.send)
    return exchange


async def test_receipt_has_every_field(topic: RunningApplication) -> None:
    record = {
        "partition_id": 0,
        "key": {"type": "STRING", "data": "k\u00e9"},
        "value": {"type": "BINARY", "data": "AAEC"},
        "timestamp": "2026-01-02T03:04:05.006Z",
    }

    (receipt,) = receipts((await topic.produce("t", json.dumps(record).encode())).content)

    assert receipt == {
        "error_code": 200,
        "cluster_id": topic.cluster_id,
        "topic_name": "t",
        "partition_id": 0,
        "offset": 0,
        "timestamp": "2026-01-02T03:04:05.006Z",
        "key": {"type": "STRING", "size": 3},
        "value": {"type": "BINARY", "size": 3},
    }


async def test_refused_records_have_their_receipt_in_their_place(topic: RunningApplication) -> None:
    answer = await topic.produce("t", GOOD + BAD + ELSEWHERE + b"\n" + GOOD)

    codes = [one["error_code"] for one in receipts(answer.content)]
    assert (answer.status_code, codes) == (200, [200, 400, 40402, 200])
    assert len(await topic.records("t")) == 2


async def test_records_before_a_syntax_error_land(topic: RunningApplication) -> None:
    answer = await topic.produce("t", GOOD + GOOD + b"}" + GOOD)

    codes = [one["error_code"] for one in receipts(answer.content)]
    assert codes == [200, 200, 400]
    assert len(await topic.records("t")) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", JSON, 422, 422),
        (b" \n", JSON, 422, 422),
        (GOOD, {"content-type": "text/plain"}, 415, 415),
        (GOOD, {}, 415, 415),
        (GOOD, {**JSON, "content-encoding": "br"}, 415, 415),
        (GOOD, {**JSON, "content-encoding": "gzip"}, 400, 400),
    ],
)
async def test_what_fails_before_the_first_record_is_an_http_error(
    topic: RunningApplication, body: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    answer = await topic.client.post(f"{TOPICS}/t/records", content=body, headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_unknown_topic_is_refused_before_its_body_is_read(
    running: RunningApplication,
) -> None:
    answer = await running.produce("none", b"{")

    assert (answer.status_code, answer.json()["error_code"]) == (404, 40401)


@pytest.mark.parametrize("seed", range(20))
async def test_stream_answers_alike_however_its_body_is_cut(
    topic: RunningApplication, seed: int
) -> None:
    random = Random(seed)
    records = random.choices([GOOD, BAD, ELSEWHERE], k=random.randint(1, 8))
    body = b"".join(records)
    ends = [0, *sorted(random.choices(range(len(body)), k=random.randint(0, 8))), len(body)]
    pieces = [body[start:end] for start, end in pairwise(ends)]

    exchange = await stream(topic, body_messages(pieces))

    codes = [{GOOD: 200, BAD: 400, ELSEWHERE: 40402}[one] for one in records]
    found = receipts(exchange.body)
    assert [one["error_code"] for one in found] == codes
    landed = [one["offset"] for one in found if one["error_code"] == 200]
    assert landed == list(range(records.count(GOOD)))


async def test_receipts_come_while_the_body_is_open(topic: RunningApplication) -> None:
    exchange = Exchange([])
    arrived = asyncio.Event()
    parts = iter(body_messages([GOOD]))

    async def receive() -> Any:
        message = next(parts)
        if not message["more_body"]:
            await arrived.wait()
        return message

    async def send(message: Any) -> None:
        await exchange.send(message)
        if b'"offset":0' in message.get("body", b""):
            arrived.set()

    scope = request_scope("POST", "", content_type="application/json", transfer_encoding="chunked")
    async with asyncio.timeout(30):
        await produce_records(topic.context, ANONYMOUS, "t", scope, receive, send)

    assert [one["error_code"] for one in receipts(exchange.body)] == [200]


@pytest.mark.parametrize(
    ("pieces", "codes"),
    [
        ([], [422]),
        ([b" "], [422]),
        ([GOOD, b"}", GOOD], [200, 400]),
        ([GOOD, GOOD[:9]], [200, 400]),
        ([GOOD, b"\xff"], [200, 400]),
    ],
)
async def test_stream_that_is_wrong_ends_with_a_receipt_that_says_so(
    topic: RunningApplication, pieces: list[bytes], codes: list[int]
) -> None:
    exchange = await stream(topic, body_messages(pieces))

    assert exchange.status == 200
    assert [one["error_code"] for one in receipts(exchange.body)] == codes
    assert exchange.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_client_that_leaves_within_a_record_tears_nothing(topic: RunningApplication) -> None:
    await stream(topic, body_messages([GOOD + GOOD + GOOD[:9]])[:1])

    assert [one["offset"] for one in await topic.records("t")] == [0, 1]


async def test_batch_names_each_outcome(topic: RunningApplication) -> None:
    entries = [{"id": "good", **json.loads(GOOD)}, {"id": "bad", **json.loads(BAD)}]

    answer = await topic.client.post(f"{TOPICS}/t/records:batch", json={"entries": entries})

    body = answer.json()
    assert answer.status_code == 207
    assert [(one["id"], one["offset"]) for one in body["successes"]] == [("good", 0)]
    assert [(one["id"], one["error_code"]) for one in body["failures"]] == [("bad", 400)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, 42208),
        (b"{", 400, 400),
        (b"{}", 422, 42208),
        (b'{"entries":[]}', 422, 42208),
        (b'{"entries":[{}]}', 422, 42208),
        (b'{"entries":[{"id":""}]}', 422, 42208),
        (b'{"entries":[{"id":"%b"}]}' % (b"i" * (ENTRY_ID_CHARS_MAX + 1)), 422, 42208),
        (b'{"entries":[{"id":"a"},{"id":"a"}]}', 422, 42208),
        (b'{"entries":[%b]}' % b",".join([b'{"id":"a"}'] * (ENTRIES_MAX + 1)), 422, 42208),
        (b'{"entries":[{"id":"\xff"}]}', 400, 400),
    ],
    ids=lambda one: str(one)[:40],
)
async def test_batch_of_the_wrong_shape_is_refused_whole(
    topic: RunningApplication, body: bytes, status: int, code: int
) -> None:
    answer = await topic.client.post(f"{TOPICS}/t/records:batch", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert await topic.records("t") == []
