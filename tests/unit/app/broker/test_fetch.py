"""Fetch: whole batches, bounds over partitions, waiting for the first record."""

import asyncio
import os
import time

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    InvalidRequest,
    KafkaStorageError,
    OffsetOutOfRange,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.fetch import (
    FetchBounds,
    FetchedPartition,
    WantedPartition,
    begin_fetch,
    fetch,
    read_slice,
)
from app.security.acls import Operation
from app.security.principal import ANONYMOUS, Principal
from app.security.quota_windows.limits import QuotaType
from storage.format.batch import iterate_headers
from storage.format.decoder import decode_records
from tests.support.broker import Guards, append, guarded, watched

ALL = 1_000_000


def want(
    partition: int = 0, offset: int = 0, max_bytes: int = ALL, topic: str = "t"
) -> WantedPartition:
    return WantedPartition(
        topic_name=topic, partition=partition, offset=offset, max_bytes=max_bytes
    )


async def fetched(
    context: BrokerContext, *wanted: WantedPartition, max_bytes: int = ALL, wait_ms: int = 0
) -> list[FetchedPartition]:
    bounds = FetchBounds(max_bytes=max_bytes, wait_ms=wait_ms)
    return await fetch(context, ANONYMOUS, wanted, bounds)


async def values(context: BrokerContext, answer: FetchedPartition) -> list[bytes | None]:
    if answer.found is None:
        return []
    data = await read_slice(context, answer.found)
    return [
        record.value
        for position, _ in iterate_headers(data)
        for record in decode_records(data, position)
    ]


async def test_batch_comes_whole_though_it_begins_below_the_offset(context: BrokerContext) -> None:
    await append(context, b"a", b"b")

    (answer,) = await fetched(context, want(offset=1))

    assert await values(context, answer) == [b"a", b"b"]
    assert (answer.high_watermark, answer.log_start_offset, answer.error) == (2, 0, None)


async def test_first_batch_comes_however_small_the_bounds_and_then_they_hold(
    context: BrokerContext,
) -> None:
    for partition in (0, 1):
        await append(context, b"a" * 100, partition=partition)
        await append(context, b"b" * 100, partition=partition)

    answers = await fetched(context, want(0), want(1), max_bytes=1)
    each = await fetched(context, want(0, max_bytes=1), want(1, max_bytes=1))

    assert [await values(context, one) for one in answers] == [[b"a" * 100], []]
    assert [await values(context, one) for one in each] == [[b"a" * 100], []]


async def test_partitions_are_served_in_the_order_asked_for(context: BrokerContext) -> None:
    await append(context, b"0", partition=0)
    await append(context, b"1", partition=1)

    answers = await fetched(context, want(1), want(0))

    assert [await values(context, one) for one in answers] == [[b"1"], [b"0"]]


async def test_error_of_a_partition_is_in_its_answer_and_ends_the_wait(
    context: BrokerContext,
) -> None:
    await append(context, b"a")

    answers = await asyncio.wait_for(
        fetched(context, want(), want(7), want(topic="none"), want(1, 5), wait_ms=60_000), 30
    )

    assert [type(one.error) for one in answers] == [
        type(None),
        UnknownTopicOrPartition,
        UnknownTopicOrPartition,
        OffsetOutOfRange,
    ]
    assert answers[1].high_watermark == -1


async def test_wait_ends_with_the_first_record_of_any_partition(context: BrokerContext) -> None:
    waiting = asyncio.create_task(fetched(context, want(0), want(1), wait_ms=60_000))
    await asyncio.sleep(0.01)
    was_waiting = not waiting.done()

    await append(context, b"late", partition=1)
    answers = await asyncio.wait_for(waiting, 30)

    assert was_waiting
    assert [await values(context, one) for one in answers] == [[], [b"late"]]


async def test_wait_ends_with_min_bytes_only(context: BrokerContext) -> None:
    bounds = FetchBounds(max_bytes=ALL, min_bytes=150, wait_ms=60_000)
    waiting = asyncio.create_task(fetch(context, ANONYMOUS, [want()], bounds))

    await append(context, b"a")
    await asyncio.sleep(0.01)
    was_waiting = not waiting.done()
    await append(context, b"b" * 100)
    (answer,) = await asyncio.wait_for(waiting, 30)

    assert was_waiting
    assert await values(context, answer) == [b"a", b"b" * 100]


async def test_wait_ends_at_the_deadline_with_nothing(context: BrokerContext) -> None:
    began = time.monotonic()

    (answer,) = await fetched(context, want(), wait_ms=30)

    assert time.monotonic() - began >= 0.029
    assert (answer.found is None or answer.found.size == 0, answer.error) == (True, None)


async def test_nobody_is_left_waiting_when_a_reader_leaves(context: BrokerContext) -> None:
    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None
    waiting = asyncio.create_task(fetched(context, want(), wait_ms=60_000))
    await asyncio.sleep(0.01)
    watched = len(replica.watchers)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert (watched, len(replica.watchers)) == (1, 0)


@pytest.mark.parametrize(("max_bytes", "wait_ms"), [(-1, 0), (1, -1), (1, 60_001)])
async def test_bounds_without_sense_are_refused(
    context: BrokerContext, max_bytes: int, wait_ms: int
) -> None:
    with pytest.raises(InvalidRequest):
        await fetched(context, want(), max_bytes=max_bytes, wait_ms=wait_ms)


async def test_disk_that_fails_under_a_read_is_worded(context: BrokerContext) -> None:
    await append(context, b"a")
    (answer,) = await fetched(context, want())
    assert answer.found is not None
    os.truncate(answer.found.file.path, 0)

    with pytest.raises(KafkaStorageError):
        await read_slice(context, answer.found)


async def test_principal_needs_read_and_its_bytes_are_counted(context: BrokerContext) -> None:
    await append(context, b"a")
    guards = Guards()
    refusing = Guards(refused=frozenset({Operation.READ}))

    (allowed,) = await fetched(guarded(context, guards), want())
    (refused,) = await fetched(guarded(context, refusing), want())

    assert allowed.found is not None
    assert guards.used == [("fetched", allowed.found.size)]
    assert isinstance(refused.error, TopicAuthorizationFailed)
    assert refusing.used == [("fetched", 0)]


async def test_fetch_in_debt_waits_for_a_while_and_goes_on_when_it_is_paid(
    context: BrokerContext,
) -> None:
    await append(context, b"a")

    (paid,) = await fetched(guarded(context, Guards(throttle_ms=5)), want())
    (owing,) = await fetched(guarded(context, Guards(throttle_ms=5, throttle_ms_then=5)), want())

    assert paid.found is not None
    assert owing.found is None
    assert owing.high_watermark == 1


async def test_fetch_in_debt_finds_nothing_at_once_where_the_door_lets_clients_wait(
    context: BrokerContext,
) -> None:
    class Muting(Guards):
        def owed(self, kind: QuotaType, principal: Principal) -> int:
            return 0

    await append(context, b"a")
    muting = guarded(context, Muting(throttle_ms=5))

    answer = begin_fetch(muting, ANONYMOUS, [want()], FetchBounds(max_bytes=100, wait_ms=5_000))

    assert isinstance(answer, list)
    assert answer[0].found is None
    assert answer[0].error is None


async def test_what_was_found_is_counted_for_the_audit_log(context: BrokerContext) -> None:
    counted, audit = watched(context)
    await append(context, b"a")

    (found, _) = await fetched(counted, want(), want(1))

    assert found.found is not None
    (event,) = audit.noted
    assert event.method == "Fetch"
    assert event.counts == {"requests": 1, "bytes": found.found.size, "periodMs": 0}
