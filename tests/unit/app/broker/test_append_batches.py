import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app.broker.append_batches import AppendedBatch, BatchToAppend, append_batches
from app.broker.context import BrokerContext
from app.broker.errors import InvalidTopic, KafkaStorageError, RequestTimedOut
from app.broker.partitions import local_leader
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.security.principal import ANONYMOUS
from storage.errors import LogOffline
from storage.format.builder import build_batch
from tests.support.broker import NOW_MS, Guards, guarded, watched


def batch(*values: bytes, partition: int = 0) -> BatchToAppend:
    built = build_batch([(NOW_MS, None, value, ()) for value in values])
    return BatchToAppend(topic_name="t", partition=partition, batch=built)


def begin(
    context: BrokerContext, *batches: BatchToAppend, acks: int = -1, timeout_ms: int = 20_000
) -> list[AppendedBatch] | Coroutine[Any, Any, list[AppendedBatch]]:
    return append_batches(context, ANONYMOUS, batches, acks=acks, timeout_ms=timeout_ms)


async def test_batches_are_appended_before_anything_is_awaited(context: BrokerContext) -> None:
    replica = local_leader(context, context.image.topics["t"].partitions[0])

    waiting = begin(context, batch(b"a", b"b"))

    assert (replica.log_end_offset, replica.high_watermark) == (2, 0)
    assert isinstance(waiting, Coroutine)
    (outcome,) = await waiting
    assert (outcome.base_offset, outcome.error, replica.high_watermark) == (0, None, 2)


async def test_who_wants_no_acknowledgement_does_not_wait(context: BrokerContext) -> None:
    outcomes = begin(context, batch(b"a"), acks=0)

    assert isinstance(outcomes, list)
    assert outcomes[0].error is None


async def test_what_is_not_durable_in_time_is_said_to_be_unknown(context: BrokerContext) -> None:
    waiting = begin(context, batch(b"a"), timeout_ms=0)

    assert isinstance(waiting, Coroutine)
    (outcome,) = await waiting
    assert isinstance(outcome.error, RequestTimedOut)
    assert outcome.error.outcome_unknown


async def test_what_never_will_be_durable_is_said_to_be_unknown(context: BrokerContext) -> None:
    waiting = begin(context, batch(b"a"), batch(b"b", partition=1))
    assert isinstance(waiting, Coroutine)
    task = asyncio.create_task(waiting)
    await asyncio.sleep(0)
    for partition in context.image.topics["t"].partitions:
        local_leader(context, partition).fail(LogOffline("the disk is gone"))

    outcomes = await task

    found = [type(one.error) for one in outcomes if one.error is not None]
    assert set(found) <= {KafkaStorageError}


async def test_bytes_are_accounted_for_and_wait_for_nothing(context: BrokerContext) -> None:
    guards = Guards(throttle_ms=5_000)
    one = batch(b"a")

    outcomes = begin(guarded(context, guards), one, acks=0)

    assert isinstance(outcomes, list)
    assert guards.used == [("produced", len(one.batch))]


@pytest.mark.parametrize("acks", [2, -2])
async def test_acks_that_kafka_does_not_know_append_nothing(
    context: BrokerContext, acks: int
) -> None:
    outcomes = begin(context, batch(b"a"), acks=acks)

    assert isinstance(outcomes, list)
    assert outcomes[0].error is not None
    assert outcomes[0].error.code == 21
    assert local_leader(context, context.image.topics["t"].partitions[0]).log_end_offset == 0


async def test_nobody_writes_into_the_topics_of_the_broker(context: BrokerContext) -> None:
    await context.groups.find("g")
    wanted = BatchToAppend(topic_name=OFFSETS_TOPIC, partition=0, batch=batch(b"a").batch)

    waiting = begin(context, wanted)

    outcomes = waiting if isinstance(waiting, list) else await waiting
    assert isinstance(outcomes[0].error, InvalidTopic)


async def test_what_was_appended_is_counted_for_the_audit_log(context: BrokerContext) -> None:
    counted, audit = watched(context)
    good, bad = batch(b"a"), batch(b"b", partition=9)

    waiting = begin(counted, good, bad)

    assert isinstance(waiting, Coroutine)
    await waiting
    (event,) = audit.noted
    assert event.counts == {"requests": 1, "bytes": len(good.batch), "periodMs": 0}
