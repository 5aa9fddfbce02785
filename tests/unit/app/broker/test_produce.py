"""Produce: where records land, who is refused alone, what a client that leaves cannot undo."""

import asyncio
import time

import pytest

from app.broker.context import DEBT_MS_MAX, BrokerContext
from app.broker.errors import (
    InvalidRecord,
    InvalidTimestamp,
    InvalidTopic,
    KafkaStorageError,
    MessageTooLarge,
    ThrottlingQuotaExceeded,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.fetch import FetchBounds, WantedPartition, fetch, read_slice
from app.broker.partitioner import partition_for_key
from app.broker.produce import ACKS_NONE, Outcome, RecordToProduce, produce
from app.broker.topic_configs import ConfigChange, alter_topic_configs
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from storage.errors import LogOffline
from storage.format.batch import iterate_headers
from storage.format.decoder import decode_records
from tests.support.broker import NOW_MS, Guards, guarded, offsets, watched


def record(
    value: bytes, *, key: bytes | None = None, partition: int | None = 0, timestamp_ms: int = NOW_MS
) -> RecordToProduce:
    return ((timestamp_ms, key, value, ()), partition)


async def produced(context: BrokerContext, *records: RecordToProduce) -> list[Outcome]:
    return await produce(context, ANONYMOUS, "t", records)


async def configure(context: BrokerContext, name: str, value: str) -> None:
    await alter_topic_configs(context, ANONYMOUS, "t", [ConfigChange(name=name, value=value)])


async def stored(
    context: BrokerContext, partition: int = 0
) -> list[tuple[bytes | None, bytes | None]]:
    wanted = WantedPartition(topic_name="t", partition=partition, offset=0, max_bytes=10**6)
    (answer,) = await fetch(context, ANONYMOUS, [wanted], FetchBounds(max_bytes=10**6))
    if answer.found is None:
        return []
    data = await read_slice(context, answer.found)
    return [
        (one.key, one.value)
        for position, _ in iterate_headers(data)
        for one in decode_records(data, position)
    ]


async def test_records_land_in_their_order_in_one_batch(context: BrokerContext) -> None:
    outcomes = await produced(context, record(b"a"), record(b"b", timestamp_ms=NOW_MS + 5))

    assert outcomes == [(0, 0, NOW_MS), (0, 1, NOW_MS + 5)]
    assert await stored(context) == [(None, b"a"), (None, b"b")]


async def test_partition_is_the_one_named_or_the_key_s_or_the_sticky_one(
    context: BrokerContext,
) -> None:
    keys = [b"k%d" % number for number in range(20)]

    named = await produced(context, record(b"v", key=b"k", partition=1))
    keyed = await produced(context, *(record(b"v", key=key, partition=None) for key in keys))
    free = await produced(context, *(record(b"v", partition=None) for _ in range(20)))

    assert [one[0] for one in named if isinstance(one, tuple)] == [1]
    assert [one[0] for one in keyed if isinstance(one, tuple)] == [
        partition_for_key(key, 2) for key in keys
    ]
    assert len({one[0] for one in free if isinstance(one, tuple)}) == 1


async def test_records_with_and_without_a_key_keep_their_order_in_a_partition(
    context: BrokerContext,
) -> None:
    key = next(b"k%d" % n for n in range(9) if partition_for_key(b"k%d" % n, 2) == 0)

    await produced(
        context,
        record(b"1", partition=None),
        record(b"2", key=key, partition=None),
        record(b"3", partition=None),
    )

    assert [value for _, value in await stored(context)] == [b"1", b"2", b"3"]


async def test_record_at_fault_is_refused_alone_and_the_others_keep_their_order(
    context: BrokerContext,
) -> None:
    await configure(context, "max.message.bytes", "1000")
    good = [record(b"%d" % number) for number in range(6)]
    records = [*good[:2], record(b"x" * 2000), *good[2:4], record(b"y" * 2000), *good[4:]]

    outcomes = await produced(context, *records)

    assert offsets(outcomes) == [0, 1, 2, 3, 4, 5]
    assert [type(outcomes[at]) for at in (2, 5)] == [MessageTooLarge, MessageTooLarge]
    assert [value for _, value in await stored(context)] == [b"%d" % n for n in range(6)]


async def test_records_that_are_too_much_together_land_in_several_batches(
    context: BrokerContext,
) -> None:
    await configure(context, "max.message.bytes", "1000")

    outcomes = await produced(context, *(record(b"x" * 300) for _ in range(20)))

    assert offsets(outcomes) == list(range(20))


async def test_timestamp_out_of_bounds_is_refused_alone(context: BrokerContext) -> None:
    await configure(context, "message.timestamp.before.max.ms", str(2**62))
    far_ms = context.clock.now_ms() + 2 * 3_600_000

    outcomes = await produced(
        context, record(b"a"), record(b"b", timestamp_ms=far_ms), record(b"c")
    )

    assert offsets(outcomes) == [0, 1]
    assert isinstance(outcomes[1], InvalidTimestamp)


async def test_compacted_topic_refuses_what_has_no_key(context: BrokerContext) -> None:
    await configure(context, "cleanup.policy", "compact")

    outcomes = await produced(context, record(b"a", key=b"k"), record(b"b"))

    assert isinstance(outcomes[1], InvalidRecord)
    assert await stored(context) == [(b"k", b"a")]


async def test_log_append_time_is_what_the_outcome_says(context: BrokerContext) -> None:
    await configure(context, "message.timestamp.type", "LogAppendTime")
    before_ms = context.clock.now_ms()

    ((_, _, timestamp_ms),) = await produced(context, record(b"a"))  # type: ignore[misc]

    assert before_ms <= timestamp_ms <= context.clock.now_ms()


async def test_partition_that_is_not_there_refuses_its_records_alone(
    context: BrokerContext,
) -> None:
    outcomes = await produced(context, record(b"a"), record(b"b", partition=9), record(b"c"))

    assert offsets(outcomes) == [0, 1]
    assert isinstance(outcomes[1], UnknownTopicOrPartition)


async def test_client_that_leaves_cancels_the_wait_and_never_the_append(
    context: BrokerContext,
) -> None:
    producing = asyncio.create_task(produced(context, record(b"a")))
    await asyncio.sleep(0)

    producing.cancel()
    await asyncio.gather(producing, return_exceptions=True)
    await produced(context, record(b"b"))

    assert producing.cancelled()
    assert [value for _, value in await stored(context)] == [b"a", b"b"]


async def test_answer_does_not_come_before_the_records_are_durable(
    context: BrokerContext,
) -> None:
    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None
    producing = asyncio.create_task(produced(context, record(b"a")))

    while replica.log_end_offset == 0:
        await asyncio.sleep(0)
    at_the_append = (replica.high_watermark, producing.done())
    await producing

    assert at_the_append == (0, False)
    assert replica.high_watermark == 1


async def test_acks_none_answers_once_appended(context: BrokerContext) -> None:
    outcomes = await produce(context, ANONYMOUS, "t", [record(b"a")], acks=ACKS_NONE)

    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None
    assert offsets(outcomes) == [0]
    assert replica.log_end_offset == 1
    await replica.wait_for_high_watermark(1)


async def test_log_that_is_offline_refuses_all_its_records(context: BrokerContext) -> None:
    await produced(context, record(b"a"))
    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None
    replica.fail(LogOffline("EIO"))

    outcomes = await produced(context, record(b"b"), record(b"c"))

    assert [type(one) for one in outcomes] == [KafkaStorageError, KafkaStorageError]


async def test_principal_needs_write_and_its_bytes_are_counted(context: BrokerContext) -> None:
    guards = Guards()
    refusing = Guards(refused=frozenset({Operation.WRITE}))

    await produced(guarded(context, guards), record(b"a"))
    with pytest.raises(TopicAuthorizationFailed):
        await produce(guarded(context, refusing), ANONYMOUS, "none", [record(b"b")])

    ((what, size),) = guards.used
    assert (what, size > 61) == ("produced", True)
    assert refusing.used == []
    assert len(await stored(context)) == 1


async def test_a_short_debt_is_waited_for_and_a_long_one_refused(context: BrokerContext) -> None:
    began = time.monotonic()

    await produced(guarded(context, Guards(throttle_ms=30, throttle_ms_then=30)), record(b"a"))
    waited = time.monotonic() - began
    owing = Guards(throttle_ms=DEBT_MS_MAX + 1, throttle_ms_then=DEBT_MS_MAX + 1)
    with pytest.raises(ThrottlingQuotaExceeded, match="producer_byte_rate") as refused:
        await produced(guarded(context, owing), record(b"b"))

    assert waited >= 0.029
    assert refused.value.retry_after_ms == DEBT_MS_MAX + 1
    assert len(await stored(context)) == 1


async def test_nobody_writes_into_the_topics_of_the_broker(context: BrokerContext) -> None:
    await context.groups.find("g")

    with pytest.raises(InvalidTopic, match="internal"):
        await produce(context, ANONYMOUS, OFFSETS_TOPIC, [((NOW_MS, b"k", b"v", ()), 0)])


async def test_what_was_appended_is_counted_for_the_audit_log(context: BrokerContext) -> None:
    counted, audit = watched(context)
    small = record(b"a", partition=0)
    late = record(b"b", partition=0, timestamp_ms=NOW_MS + 10**12)
    await configure(context, "message.timestamp.after.max.ms", "1000")

    outcomes = await produce(counted, ANONYMOUS, "t", [small, late, record(b"c", partition=1)])

    assert isinstance(outcomes[1], InvalidTimestamp)
    assert counted.traffic is not None
    counted.traffic.tell_all()
    assert [(one.method, (one.counts or {})["requests"]) for one in audit.noted] == [
        ("Produce", 1),
        ("Produce", 1),
    ]
    assert all((one.counts or {})["bytes"] > 0 for one in audit.noted)
