"""Opening: who is whose member, where each goes on, and what is committed by coming back."""

import pytest

from tests.support.application import TOPICS, RunningApplication
from tests.support.sse.events import Listening, listening

STREAM = f"{TOPICS}/t/records:stream"
MEMBER = "group=g&from=earliest"


async def produce(one: RunningApplication, *values: int, topic: str = "t") -> None:
    body = b"".join(b'{"value":{"type":"JSON","data":%d}}' % value for value in values)
    assert (await one.produce(topic, body)).status_code == 200


async def read(one: RunningApplication, query: str, count: int, token: str = "") -> Listening:
    """Listen until there are so many records, then leave."""
    headers = {"last_event_id": token} if token else {}
    async with listening(one.front, STREAM, query, **headers) as found:
        await found.until(lambda: found.has_ended or len(found.values) >= count)
    return found


async def committed(one: RunningApplication) -> int | None:
    """Return what the group has committed for the partition."""
    answer = await one.client.get("/v3/clusters/-/consumer-groups/g/lags")
    if answer.status_code == 404:
        return None
    found = [lag["current_offset"] for lag in answer.json()["data"]]
    return found[0] if found else None


async def test_member_is_told_what_it_has(running: RunningApplication) -> None:
    await produce(running, 1, 2)

    found = await read(running, MEMBER, 2)

    assert found.values == [1, 2]
    assert found.named("assigned") == [{"partitions": [{"topic_name": "t", "partition_id": 0}]}]
    group = (await running.client.get("/v3/clusters/-/consumer-groups/g/consumers")).json()
    assert group["data"][0]["client_id"] == "cauce-sse"
    assert group["data"][0]["instance_id"].startswith("sse-")


async def test_coming_back_with_an_id_commits_what_it_stands_for(
    running: RunningApplication,
) -> None:
    await produce(running, 1, 2, 3)
    first = await read(running, MEMBER, 3)
    assert await committed(running) in (None, -1)

    await produce(running, 4)
    second = await read(running, MEMBER, 1, first.last_id)

    assert second.values == [4]
    assert await committed(running) == 3
    assert second.named("assigned") == first.named("assigned")


async def test_nothing_is_committed_where_the_client_says_so(running: RunningApplication) -> None:
    await produce(running, 1, 2)
    first = await read(running, f"{MEMBER}&commit=none", 2)
    await produce(running, 3)

    second = await read(running, f"{MEMBER}&commit=none", 1, first.last_id)

    assert second.values == [3]
    assert await committed(running) in (None, -1)


async def test_what_was_sent_is_committed_by_itself_once_more_was_sent(
    running: RunningApplication,
) -> None:
    query = f"{MEMBER}&commit=auto&instance_id=me&max_records=3"
    await produce(running, 1)
    async with listening(running.front, STREAM, query) as found:
        for value in (2, 3):
            await found.until(lambda value=value: len(found.values) == value - 1)
            await produce(running, value)
        await found.until_ended()
    over = await read(running, query, 0, found.last_id)

    assert (found.values, over.status) == ([1, 2, 3], 204)
    assert await committed(running) == 3


async def test_old_id_does_not_set_the_group_back(running: RunningApplication) -> None:
    await produce(running, 1)
    first = await read(running, MEMBER, 1)
    await produce(running, 2)
    second = await read(running, MEMBER, 1, first.last_id)
    await produce(running, 3)
    await read(running, MEMBER, 1, second.last_id)
    assert await committed(running) == 2

    again = await read(running, MEMBER, 1, first.last_id)

    assert again.values == [3]
    assert await committed(running) == 2


async def test_done_stream_of_a_member_is_committed_and_left_by_coming_back(
    running: RunningApplication,
) -> None:
    await produce(running, 1, 2, 3)
    done = await read(running, f"{MEMBER}&max_records=2", 3)
    assert done.named("done")[0]["records"] == 2

    over = await read(running, f"{MEMBER}&max_records=2", 0, done.last_id)
    twice = await read(running, f"{MEMBER}&max_records=2", 0, done.last_id)

    assert (over.status, twice.status) == (204, 204)
    assert await committed(running) == 2
    members = (await running.client.get("/v3/clusters/-/consumer-groups/g/consumers")).json()
    assert members["data"] == []


async def test_two_members_share_and_are_told_when_that_changes(
    running: RunningApplication,
) -> None:
    await running.create_topic("many", partitions=2)
    path = f"{TOPICS}/many/records:stream"

    async with listening(running.front, path, f"{MEMBER}&instance_id=a") as a:
        await a.until(lambda: a.named("assigned"))
        async with listening(running.front, path, f"{MEMBER}&instance_id=b") as b:
            await b.until(lambda: b.named("assigned"))
            await a.until(lambda: len(a.named("assigned")) == 2)
            await produce(running, *range(40), topic="many")
            await a.until(lambda: len(a.values) + len(b.values) == 40)

    of_a, of_b = ({one["partition_id"] for one in found.records} for found in (a, b))
    assert len(a.named("revoked")) == 1
    assert not of_a & of_b
    assert sorted(a.values + b.values) == list(range(40))


async def test_second_connection_of_a_member_takes_the_place_of_the_first(
    running: RunningApplication,
) -> None:
    await produce(running, 1)
    async with listening(running.front, STREAM, MEMBER) as first:
        await first.until(lambda: first.values)
        async with listening(running.front, STREAM, MEMBER, last_event_id=first.last_id) as second:
            await first.until_ended()
            await produce(running, 2)
            await second.until(lambda: second.values)

    assert (first.values, second.values) == ([1], [2])


async def test_new_connection_without_an_id_begins_where_the_group_is(
    running: RunningApplication,
) -> None:
    await produce(running, 1, 2)
    await read(running, f"{MEMBER}&instance_id=me", 2)

    again = await read(running, f"{MEMBER}&instance_id=me", 2)

    assert again.values == [1, 2]


@pytest.mark.parametrize("start", ["from=latest", "timestamp=2999-01-01T00:00:00Z"])
async def test_group_without_offsets_begins_where_it_is_told(
    running: RunningApplication, start: str
) -> None:
    await produce(running, 1)
    async with listening(running.front, STREAM, f"group=g&{start}") as found:
        await found.until(lambda: found.named("assigned"))
        while not found.values:
            await produce(running, 2)
            await found.until(lambda: found.body.count(b"\n\n") > 3)

    assert set(found.values) == {2}


async def test_topics_of_a_group_may_be_a_pattern(running: RunningApplication) -> None:
    await running.create_topic("u")
    await produce(running, 1)
    await produce(running, 2, topic="u")

    path = "/v3/clusters/-/records:stream"
    async with listening(running.front, path, f"{MEMBER}&pattern=[tu]") as found:
        await found.until(lambda: len(found.values) == 2)

    assert sorted(found.values) == [1, 2]


async def test_topic_that_was_made_anew_is_read_from_its_start(
    running: RunningApplication,
) -> None:
    await produce(running, 1, 2)
    first = await read(running, "from=earliest", 2)
    await running.client.delete(f"{TOPICS}/t")
    await running.create_topic("t")
    await produce(running, 3)

    second = await read(running, "from=earliest&max_records=3", 1, first.last_id)

    assert second.values == [3]


async def test_rebalance_does_not_send_again_what_this_connection_has_had(
    running: RunningApplication,
) -> None:
    await running.create_topic("many", partitions=2)
    path = f"{TOPICS}/many/records:stream"
    await produce(running, *range(40), topic="many")

    async with listening(running.front, path, f"{MEMBER}&instance_id=a") as a:
        await a.until(lambda: len(a.values) == 40)
        async with listening(running.front, path, f"{MEMBER}&instance_id=b") as b:
            await a.until(lambda: len(a.named("assigned")) == 2)
            await b.until(lambda: b.named("assigned"))
            await produce(running, *range(40, 80), topic="many")
            await a.until(lambda: len(a.values) + len(b.values) >= 80)
    had = [(one["partition_id"], one["offset"]) for one in a.records]

    assert len(a.named("revoked")) == 1
    assert len(had) == len(set(had))
    assert await committed(running) in (None, -1)
