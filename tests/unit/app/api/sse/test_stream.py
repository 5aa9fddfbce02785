"""Streams: every record once, in order, from wherever a client comes back."""

import json
import random
from typing import Any

import pytest

from app.api.sse import stream as module
from app.broker.delete_records import delete_records
from app.security.principal import ANONYMOUS
from storage.errors import CorruptBatch
from tests.support.application import TOPICS, RunningApplication
from tests.support.sse.events import Listening, listening

STREAM = f"{TOPICS}/t/records:stream"
ALL = "from=earliest&until=end"


async def produce(one: RunningApplication, *values: object, topic: str = "t") -> None:
    """Produce JSON values, in one batch each partition."""
    body = b"".join(
        json.dumps({"value": {"type": "JSON", "data": value}}, separators=(",", ":")).encode()
        for value in values
    )
    assert (await one.produce(topic, body)).status_code == 200


async def read(
    one: RunningApplication, query: str, path: str = STREAM, **headers: str
) -> Listening:
    """Read a stream to its end."""
    async with listening(one.front, path, query, **headers) as found:
        await found.until_ended()
    return found


async def test_records_come_as_a_consume_shows_them(running: RunningApplication) -> None:
    await produce(running, {"n": 1}, "two", None)

    found = await read(running, ALL)

    assert found.status == 200
    assert found.headers[b"content-type"] == b"text/event-stream"
    assert found.records == await running.records("t")
    assert [event.name for event in found.events] == ["records", "done"]
    done = found.named("done")[0]
    assert (done["reason"], done["records"]) == ("until", 3)
    assert found.retry_ms == 1_000


async def test_records_that_come_later_come_at_once(running: RunningApplication) -> None:
    await produce(running, "before")

    async with listening(running.front, STREAM) as found:
        await found.until(lambda: found.last_id)
        for value in ("a", "b"):
            await produce(running, value)
            await found.until(lambda value=value: value in found.values)

        assert found.values == ["a", "b"]
        assert not found.has_ended


async def test_client_comes_back_behind_whatever_event_it_has(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVENT_BYTES_MAX", 600)
    await running.create_topic("many", partitions=3)
    generator = random.Random(1)
    for first in range(0, 60, 12):
        values = [{"n": first + n, "x": "y" * generator.randrange(300)} for n in range(12)]
        await produce(running, *values, topic="many")
    path = f"{TOPICS}/many/records:stream"
    whole = await read(running, ALL, path)
    assert len(whole.events) > 20

    for number, event in enumerate(whole.events[:-1]):
        rest = await read(running, ALL, path, last_event_id=event.id)
        had = [one for data in whole.named("records")[: number + 1] for one in data["records"]]
        seen = had + rest.records
        places = [(one["partition_id"], one["offset"]) for one in seen]
        assert len(set(places)) == len(places) == 60
        for partition in range(3):
            offsets = [offset for where, offset in places if where == partition]
            assert offsets == list(range(len(offsets)))
        assert rest.named("done")[0]["records"] == 60


async def test_client_that_has_nothing_yet_comes_back_to_where_it_began(
    running: RunningApplication,
) -> None:
    await produce(running, "before")
    async with listening(running.front, STREAM) as first:
        await first.until(lambda: first.last_id)
    await produce(running, "while away")

    found = await read(running, f"max_records=1&last_event_id={first.last_id}")

    assert found.values == ["while away"]


async def test_limit_of_records_counts_over_reconnections_and_is_final(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVENT_BYTES_MAX", 1)
    await produce(running, *range(10))
    query = "from=earliest&max_records=7"

    first = await read(running, query)
    third = first.events[2].id
    rest = await read(running, query, last_event_id=third)
    over = await read(running, query, last_event_id=rest.last_id)

    assert first.values == list(range(7))
    assert first.named("done") == [{"reason": "max_records", "records": 7, "bytes": 7 * 173}]
    assert rest.values == [3, 4, 5, 6]
    assert (over.status, over.body) == (204, b"")


@pytest.mark.parametrize("maximum", [1, 500, 1_000, 1_100, 3_000])
async def test_limit_of_bytes_is_kept_but_for_the_first_record(
    running: RunningApplication, maximum: int
) -> None:
    await produce(running, *({"n": n, "x": "x" * (n % 3) * 50} for n in range(20)))

    found = await read(running, f"from=earliest&max_bytes={maximum}")

    sizes = [len(json.dumps(one, separators=(",", ":"))) for one in found.records]
    done = found.named("done")[0]
    assert done == {"reason": "max_bytes", "records": len(sizes), "bytes": sum(sizes)}
    assert len(sizes) == 1 or sum(sizes) <= maximum
    assert sum(sizes) + 174 + 110 > maximum
    assert [one["offset"] for one in found.records] == list(range(len(sizes)))


async def test_end_is_where_the_log_ended_at_the_first_connection(
    running: RunningApplication,
) -> None:
    await produce(running, "a", "b")
    first = await read(running, ALL)
    begin = first.events[0].id
    await produce(running, "c")

    assert first.values == ["a", "b"]
    assert (await read(running, ALL, last_event_id=begin)).values == []
    assert (await read(running, ALL)).values == ["a", "b", "c"]
    assert (await read(running, "from=latest&until=end")).values == []


async def test_time_is_a_start_and_an_end(running: RunningApplication) -> None:
    for second in range(5):
        record = {
            "timestamp": f"2026-01-01T00:00:0{second}Z",
            "value": {"type": "JSON", "data": second},
        }
        await running.produce("t", json.dumps(record).encode())

    middle = await read(running, "timestamp=2026-01-01T00:00:01Z&until=2026-01-01T00:00:03.500Z")
    later = await read(running, "timestamp=2027-01-01T00:00:00Z&until=2027-01-01T00:00:00Z")

    assert (middle.values, later.values) == ([1, 2, 3], [])


async def test_only_the_partitions_that_are_named_are_read(running: RunningApplication) -> None:
    await running.create_topic("many", partitions=4)
    await produce(running, *range(40), topic="many")

    found = await read(running, f"{ALL}&partition=1&partition=3", f"{TOPICS}/many/records:stream")

    assert {one["partition_id"] for one in found.records} <= {1, 3}
    offset = await read(running, "offset=5&until=end&partition=2", f"{TOPICS}/many/records:stream")
    assert all(one["offset"] >= 5 for one in offset.records)


async def test_several_topics_are_one_stream(running: RunningApplication) -> None:
    await running.create_topic("u")
    await produce(running, 1)
    await produce(running, 2, topic="u")

    found = await read(running, f"{ALL}&topic=t&topic=u", "/v3/clusters/-/records:stream")

    assert sorted((one["topic_name"], one["value"]["data"]) for one in found.records) == [
        ("t", 1),
        ("u", 2),
    ]


async def test_filter_lets_through_what_matches_and_says_so(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILTERED_AT_ONCE", 3)
    await produce(running, *({"n": n} for n in range(20)), {"m": 1})

    found = await read(running, f"{ALL}&filter=value.n%20%25%205%20%3D%3D%200")
    some = await read(running, "from=earliest&max_records=2&filter=value.n%20%25%205%20%3D%3D%200")

    assert [value["n"] for value in found.values] == [0, 5, 10, 15]
    counts = found.named("done")[0]["filter"]
    assert (counts["scanned"], counts["matched"], counts["failed"]) == (21, 4, 1)
    assert [value["n"] for value in some.values] == [0, 5]


async def test_place_moves_on_over_what_does_not_match(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLACE_SECONDS", 0.0)
    await produce(running, *range(10))

    async with listening(running.front, STREAM, "from=earliest&filter=value%20%3E%20100") as found:
        await found.until(lambda: found.body.count(b"\nid: ") >= 2)
    back = await read(running, "until=end&filter=value%20%3E%20100", last_event_id=found.last_id)

    assert found.events == []
    assert back.named("done")[0]["filter"]["scanned"] == 0


async def test_silence_is_filled_with_comments(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.02)

    async with listening(running.front, STREAM, "filter=true") as found:
        await found.until(lambda: len(found.comments) >= 3)

    assert found.comments[0] == "nothing new: scanned=0, matched=0, failed=0"
    assert found.events == []


async def test_batch_that_nobody_can_open_is_told_and_passed_over(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("a", "b", "c"):
        await produce(running, value)
    decode = module.decode_columns

    def decode_others(data: Any, position: int) -> Any:
        columns = decode(data, position)
        if columns.offsets[0] == 1:
            raise CorruptBatch("made so")
        return columns

    monkeypatch.setattr(module, "decode_columns", decode_others)
    found = await read(running, ALL)

    assert found.values == ["a", "c"]
    told = found.named("error")[0]
    assert (told["error_code"], told["offset"], told["next_offset"]) == (42207, 1, 2)
    assert "made so" in told["message"]


async def test_records_that_are_gone_meanwhile_are_told(running: RunningApplication) -> None:
    await produce(running, *range(3))
    async with listening(running.front, STREAM, "from=earliest&max_records=1") as first:
        await first.until_ended()
    at_one = first.events[0].id
    await produce(running, *range(3, 6))
    await delete_records(running.context, ANONYMOUS, "t", 0, 3)

    found = await read(running, "until=end", last_event_id=at_one)

    told = found.named("error")[0]
    assert (told["error_code"], told["offset"], told["next_offset"]) == (41601, 1, 3)
    assert found.values == [3, 4, 5]


async def test_stream_of_a_slow_client_holds_one_event(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVENT_BYTES_MAX", 1_000)
    await produce(running, *("x" * 500 for _ in range(50)))

    async with listening(running.front, STREAM, ALL) as found:
        await found.until(lambda: found.events)
        found.stalled.clear()
        seen = len(found.events)
        await produce(running, "while it does not read")
        assert len(found.events) == seen
        found.stalled.set()
        await found.until_ended()

    assert len(found.values) == 50
