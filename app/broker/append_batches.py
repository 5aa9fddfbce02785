"""Verb: append batches that a client has built, as they are.

What ``produce`` is for records, this is for batches: no record is looked at, but where a topic
wants them held to its schemas (``schema_checks``). A partition's batch is appended as a whole or
refused; refusals stand in its outcome, beside those of the others.

Invariants:
    Appending has no await in it: a client that leaves cancels the wait, never the append.
    A batch sent again by an idempotent producer is acknowledged with the offsets it has.
Source: Kafka's Produce API; ``ProduceRequest.validateRecords``.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    InvalidRecord,
    InvalidRequiredAcks,
    RequestTimedOut,
)
from app.broker.partitions import (
    local_leader,
    partition_metadata,
    require_no_internal_topic,
    translate_storage_error,
)
from app.broker.produce import ACKS_ALL, ACKS_LEADER, ACKS_NONE
from app.broker.schema_checks import TOLD_MAX
from app.replication.partition import Partition
from app.security.acls import Operation
from app.security.principal import Principal
from storage.errors import CorruptBatch, DiskError, LogError
from storage.format.batch import (
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC,
    MutableBuffer,
    checked_header,
)
from storage.format.decoder import decode_columns

_LENGTH_AT = 8
_MAGIC_AT = 16

NO_OFFSET = -1


class BatchToAppend(NamedTuple):
    """One partition's batch."""

    topic_name: str
    partition: int
    batch: MutableBuffer
    """Offsets, epoch and timestamps are stamped into it."""


@dataclass(slots=True, kw_only=True)
class AppendedBatch:
    """What became of one batch."""

    base_offset: int = NO_OFFSET
    log_append_time_ms: int = -1
    """The timestamp that all records got, or -1 where they keep their own."""

    log_start_offset: int = NO_OFFSET
    error: BrokerError | None = None
    record_errors: Sequence[tuple[int, str]] = ()
    """Positions in the batch of the records at fault, and why; the batch is refused for them."""


_Wait = tuple[Partition, int, AppendedBatch]


def append_batches(
    context: BrokerContext,
    principal: Principal,
    batches: Sequence[BatchToAppend],
    *,
    acks: int,
    timeout_ms: int,
) -> list[AppendedBatch] | Coroutine[None, None, list[AppendedBatch]]:
    """Append batches, one a partition.

    Args:
        context: The broker.
        principal: Needs WRITE on every topic.
        batches: In the order in which they are to be appended.
        acks: ``ACKS_ALL`` or ``ACKS_LEADER`` wait for durability (the same with one replica);
            ``ACKS_NONE`` does not.
        timeout_ms: How long to wait at most.

    Returns:
        What became of each, in their order, or what has to be awaited for it. The appends are done
        when this returns.
    """
    if acks not in (ACKS_ALL, ACKS_NONE, ACKS_LEADER):
        refused = InvalidRequiredAcks(f"acks must be -1, 0 or 1, not {acks}")
        return [AppendedBatch(error=refused) for _ in batches]
    topics = context.image.topics
    if any(context.schema_checks.wants(topics.get(one.topic_name)) for one in batches):
        checked = asyncio.ensure_future(_append_checked(context, principal, batches, acks))
        context.schema_checks.spawn(checked)
        return _finish_checked(context, principal, checked, timeout_ms)
    outcomes, waits, size = _append_all(context, principal, batches, acks)
    context.quotas.produced(principal, size)
    return _wait(outcomes, waits, timeout_ms) if waits else outcomes


_Appends = tuple[list[AppendedBatch], list[_Wait], int]
"""What became of batches, who of them still waits to be durable, bytes added."""


def _append_all(
    context: BrokerContext, principal: Principal, batches: Sequence[BatchToAppend], acks: int
) -> _Appends:
    outcomes = []
    waits: list[_Wait] = []
    size = 0
    for one in batches:
        outcome = AppendedBatch()
        outcomes.append(outcome)
        try:
            replica, end_offset, appended = _append(context, principal, one, outcome)
        except BrokerError as error:
            outcome.error = error.as_outcome()
            continue
        size += appended
        if acks != ACKS_NONE and replica.high_watermark < end_offset:
            waits.append((replica, end_offset, outcome))
    return outcomes, waits, size


async def _append_checked(
    context: BrokerContext, principal: Principal, batches: Sequence[BatchToAppend], acks: int
) -> _Appends:
    """Append batches one after the other, those of topics that want it checked before."""
    outcomes: list[AppendedBatch] = []
    waits: list[_Wait] = []
    size = 0
    for one in batches:
        refused = await _refusal(context, principal, one)
        if refused is not None:
            outcomes.append(refused)
            continue
        appended, waiting, added = _append_all(context, principal, [one], acks)
        outcomes += appended
        waits += waiting
        size += added
    return outcomes, waits, size


async def _refusal(
    context: BrokerContext, principal: Principal, one: BatchToAppend
) -> AppendedBatch | None:
    """Return why a batch is not of its topic's schemas; None if it is, or nothing is to be so."""
    topic = context.image.topics.get(one.topic_name)
    checks = context.schema_checks
    if topic is None or not checks.wants(topic):
        return None
    try:
        context.require_topic(principal, Operation.WRITE, one.topic_name)
        _check_single(one.batch)
        async with checks.turn(topic.name):
            checked_header(one.batch, 0)  # damage on the way is no fault of a schema's
            found = decode_columns(one.batch, 0)
            faults = await checks.faults(topic, found.keys, found.values, found.headers)
    except BrokerError as error:
        return AppendedBatch(error=error.as_outcome())
    except CorruptBatch as error:
        return AppendedBatch(error=translate_storage_error(error))
    if not faults:
        return None
    return AppendedBatch(
        error=InvalidRecord(
            f"{len(faults)} records of the batch are refused by schema validation; the first: "
            f"{next(iter(faults.values()))}"
        ),
        record_errors=tuple(faults.items())[:TOLD_MAX],
    )


async def _finish_checked(
    context: BrokerContext,
    principal: Principal,
    checked: "asyncio.Task[_Appends]",
    timeout_ms: int,
) -> list[AppendedBatch]:
    """Wait for checks, appends and durability; a client that leaves breaks none of them off."""
    outcomes, waits, size = await asyncio.shield(checked)
    context.quotas.produced(principal, size)
    return await _wait(outcomes, waits, timeout_ms)


def _append(
    context: BrokerContext, principal: Principal, one: BatchToAppend, outcome: AppendedBatch
) -> tuple[Partition, int, int]:
    """Append a batch; return where, its exclusive end and how many bytes it added."""
    context.require_topic(principal, Operation.WRITE, one.topic_name)
    topic = context.topic(one.topic_name)
    require_no_internal_topic(topic)
    metadata = partition_metadata(topic, one.partition)
    replica = local_leader(context, metadata)
    _check_single(one.batch)
    try:
        landed = replica.append_as_leader(
            one.batch, leader_epoch=metadata.leader_epoch, now_ms=context.clock.now_ms()
        )
    except (LogError, DiskError) as error:
        raise translate_storage_error(error) from error
    outcome.base_offset = landed.base_offset
    outcome.log_append_time_ms = landed.log_append_time_ms
    outcome.log_start_offset = replica.log_start_offset
    if context.traffic is not None:
        context.traffic.produced(principal, one.topic_name, landed.size)
    return replica, landed.last_offset + 1, landed.size


def _check_single(batch: MutableBuffer) -> None:
    """Refuse what is not one batch of today's format; the log checks everything else.

    Raises:
        InvalidRecord: It is another number of batches, or of an older format.
    """
    if len(batch) < HEADER_SIZE:
        raise InvalidRecord("A produce request must hold one record batch for each partition")
    if batch[_MAGIC_AT] != MAGIC:
        raise InvalidRecord(f"Record batches must have magic {MAGIC}, not {batch[_MAGIC_AT]}")
    length = int.from_bytes(batch[_LENGTH_AT : _LENGTH_AT + 4], "big")
    if LOG_OVERHEAD + length < len(batch):
        raise InvalidRecord("A produce request must hold one record batch for each partition")


async def _wait(
    outcomes: list[AppendedBatch], waits: Sequence[_Wait], timeout_ms: int
) -> list[AppendedBatch]:
    left = list(reversed(waits))
    try:
        async with asyncio.timeout(max(0, timeout_ms) / 1000):
            while left:
                replica, end_offset, outcome = left[-1]
                try:
                    await replica.wait_for_high_watermark(end_offset)
                except LogError as error:
                    outcome.error = translate_storage_error(error)
                left.pop()
    except TimeoutError:
        for _, _, outcome in left:
            outcome.error = RequestTimedOut(f"not durable within {timeout_ms} ms")
    return outcomes
