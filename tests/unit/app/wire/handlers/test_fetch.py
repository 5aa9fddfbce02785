import asyncio
from typing import Any

import pytest

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.wire.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
)
from storage.format.batch import iterate_headers
from storage.format.decoder import decode_records
from tests.support.broker import Guards, append, guarded
from tests.support.wire_calls import ask

VERSIONS = range(4, 13)


def fetch_of(
    *partitions: FetchPartition, topic: str = "t", isolation_level: int = 0, **changes: Any
) -> FetchRequest:
    given = {"min_bytes": 1, "max_bytes": 1 << 20, "session_epoch": -1} | changes
    topics = [FetchTopic(topic=topic, partitions=list(partitions))]
    return FetchRequest(isolation_level=isolation_level, topics=topics, **given)


def want(partition: int = 0, offset: int = 0, **changes: int) -> FetchPartition:
    given = {"partition_max_bytes": 1 << 20} | changes
    return FetchPartition(partition=partition, fetch_offset=offset, **given)


async def fetched(
    broker: BrokerContext, request: FetchRequest, version: int = 11
) -> list[PartitionData]:
    response = await ask(broker, request, FetchResponse, version)
    assert (response.error_code, response.session_id) == (0, 0)
    return response.responses[0].partitions


def values(data: PartitionData) -> list[bytes | None]:
    found = bytes(data.records or b"")  # type: ignore[arg-type] # decoded, so it is bytes
    return [
        record.value
        for position, _ in iterate_headers(found)
        for record in decode_records(found, position)
    ]


@pytest.mark.parametrize("version", VERSIONS)
async def test_batches_come_as_they_lie_on_disk(broker: BrokerContext, version: int) -> None:
    await append(broker, b"a", b"b")
    await append(broker, b"c", partition=1)

    first, second = await fetched(broker, fetch_of(want(offset=1), want(1)), version)

    assert [values(one) for one in (first, second)] == [[b"a", b"b"], [b"c"]]
    assert (first.high_watermark, first.last_stable_offset, first.error_code) == (2, 2, 0)
    assert first.aborted_transactions is None
    assert first.preferred_read_replica == -1


@pytest.mark.parametrize("version", VERSIONS)
async def test_nothing_yet_is_empty_bytes_rather_than_null(
    broker: BrokerContext, version: int
) -> None:
    (answer,) = await fetched(broker, fetch_of(want()), version)

    assert answer.records is not None
    assert bytes(answer.records) == b""  # type: ignore[arg-type] # decoded, so it is bytes


async def test_a_reader_of_committed_records_gets_an_empty_list_where_none_was_aborted(
    broker: BrokerContext,
) -> None:
    await append(broker, b"a")

    (answer,) = await fetched(broker, fetch_of(want(), isolation_level=1))

    assert (values(answer), answer.aborted_transactions) == ([b"a"], [])


async def test_a_fetch_waits_for_the_first_record(broker: BrokerContext) -> None:
    waiting = asyncio.create_task(fetched(broker, fetch_of(want(), max_wait_ms=30_000)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await append(broker, b"a")

    (answer,) = await asyncio.wait_for(waiting, 20)

    assert values(answer) == [b"a"]


@pytest.mark.parametrize("changes", [{"max_wait_ms": 50}, {"max_wait_ms": 60_000, "min_bytes": 0}])
async def test_a_fetch_ends_when_its_time_is_up_or_nothing_is_enough(
    broker: BrokerContext, changes: dict[str, int]
) -> None:
    (answer,) = await asyncio.wait_for(fetched(broker, fetch_of(want(), **changes)), 20)

    assert values(answer) == []


async def test_the_first_batch_comes_however_little_is_asked_for(broker: BrokerContext) -> None:
    await append(broker, b"a" * 1000)
    await append(broker, b"b", partition=1)

    first, second = await fetched(broker, fetch_of(want(), want(1), max_bytes=1))

    assert [values(one) for one in (first, second)] == [[b"a" * 1000], []]


@pytest.mark.parametrize(
    ("wanted", "topic", "code"),
    [
        (want(), "no", 3),
        (want(9), "t", 3),
        (want(offset=5), "t", 1),
        (want(current_leader_epoch=7), "t", 75),
    ],
)
async def test_a_partition_that_cannot_be_read_says_why_at_once(
    broker: BrokerContext, wanted: FetchPartition, topic: str, code: int
) -> None:
    request = fetch_of(wanted, topic=topic, max_wait_ms=30_000)

    (answer,) = await asyncio.wait_for(fetched(broker, request), 20)

    assert answer.error_code == code


async def test_who_may_not_read_gets_nothing(broker: BrokerContext) -> None:
    refusing = guarded(broker, Guards(refused=frozenset({Operation.READ})))

    assert (await fetched(refusing, fetch_of(want())))[0].error_code == 29


@pytest.mark.parametrize(
    ("offset", "epoch", "diverging"), [(1, 0, (-1, -1)), (1, 3, (0, 1)), (0, -1, (-1, -1))]
)
async def test_a_client_whose_log_parted_is_told_where(
    broker: BrokerContext, offset: int, epoch: int, diverging: tuple[int, int]
) -> None:
    await append(broker, b"a")

    (answer,) = await fetched(broker, fetch_of(want(offset=offset, last_fetched_epoch=epoch)), 12)

    found = answer.diverging_epoch
    assert (found.epoch, found.end_offset) == diverging
    assert answer.error_code == 0


async def test_a_partition_that_is_named_again_is_looked_at_once(broker: BrokerContext) -> None:
    await append(broker, b"a")
    await append(broker, b"b")
    guards = Guards()
    asked = fetch_of(want(), want(1), want(offset=1))
    asked.topics = [*asked.topics, *fetch_of(want(1)).topics]

    response = await ask(guarded(broker, guards), asked, FetchResponse, 11)

    (topic,) = response.responses
    assert [one.partition_index for one in topic.partitions] == [0, 1]
    assert [values(one) for one in topic.partitions] == [[b"b"], []]
    assert guards.asked == [(Operation.READ, "t")] * 2
