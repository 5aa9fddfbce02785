"""Verb: read batches of one or more partitions, waiting for data if asked to.

A fetch answers as soon as ``min_bytes`` are there, when a partition has an error, or at the
deadline; it wakes at the first durable record. Batches are returned whole and as they lie on
disk, so the first one may begin below the offset asked for, and the first one found is returned
however small ``max_bytes`` is (KIP-74).
Source: Kafka's Fetch API.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import NamedTuple

from app.broker.context import DEBT_MS_MAX, BrokerContext
from app.broker.errors import BrokerError, InvalidRequest, OffsetOutOfRange
from app.broker.partitions import (
    ANY_LEADER_EPOCH,
    check_leader_epoch,
    local_leader,
    partition_metadata,
    translate_storage_error,
)
from app.replication.partition import Partition
from app.replication.purgatory import watching
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from storage.errors import DiskError, LogError
from storage.segments.log_slice import LogSlice
from storage.segments.txn_index import AbortedTransaction

RECHECK_SECONDS = 2.0
"""How soon a fetch that waits finds out that it may not read any more."""


class WantedPartition(NamedTuple):
    """Where to read from. A tuple, as the others here: made for each fetch."""

    topic_name: str
    partition: int
    offset: int
    max_bytes: int
    leader_epoch: int = ANY_LEADER_EPOCH
    """The leader's epoch that the client knows."""

    last_fetched_epoch: int = ANY_LEADER_EPOCH
    """Epoch of the last record that the client has; tells whether its log and this one part."""


class FetchedPartition(NamedTuple):
    """What was found in one partition."""

    wanted: WantedPartition
    found: LogSlice | None
    """Whole batches, or None when there is nothing (yet)."""

    high_watermark: int
    log_start_offset: int
    last_stable_offset: int = -1
    aborted: tuple[AbortedTransaction, ...] = ()
    """Transactions to be left out of what was found, where only committed records are wanted."""

    diverging: tuple[int, int] | None = None
    """Epoch and end of what the client's log and this one share, if they part (KIP-595)."""

    error: BrokerError | None = None


class FetchBounds(NamedTuple):
    """When a fetch is satisfied, and when it gives up."""

    max_bytes: int
    min_bytes: int = 1
    wait_ms: int = 0
    is_committed: bool = False
    """Whether only records of committed transactions are wanted, and of none."""


_NOTHING = FetchBounds(max_bytes=0)
"""Not even one batch."""


async def fetch(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
) -> list[FetchedPartition]:
    """Find batches in partitions, in the order asked for.

    Args:
        context: The broker.
        principal: Needs READ on every topic.
        wanted: Partitions and offsets; earlier ones are served first.
        bounds: Bytes over all partitions, and how long to wait for how much.

    Returns:
        One answer per partition. Errors of a partition are in its answer.

    Raises:
        InvalidRequest: The bounds make no sense.
    """
    answer = begin_fetch(context, principal, wanted, bounds)
    return answer if isinstance(answer, list) else await answer


def begin_fetch(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
) -> list[FetchedPartition] | Coroutine[None, None, list[FetchedPartition]]:
    """Fetch like ``fetch``, without a wait where none is needed.

    Returns:
        The answers, or what has to be awaited for them.
    """
    limits = context.limits
    if bounds.max_bytes < 0 or not 0 <= bounds.wait_ms <= limits.fetch_wait_ms_max:
        raise InvalidRequest(f"wait must be 0 to {limits.fetch_wait_ms_max} ms, bytes not negative")
    room = context.quotas.fetch_room(principal, min(bounds.max_bytes, limits.fetch_bytes_max))
    if room is None:
        return _in_debt(context, principal, wanted, bounds)
    bounds = bounds._replace(max_bytes=room)
    fetched = _look(context, principal, wanted, bounds)
    if bounds.wait_ms and not _is_satisfied(fetched, bounds.min_bytes):
        return _wait(context, principal, wanted, bounds)
    _account(context, principal, fetched)
    return fetched


def _in_debt(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
) -> list[FetchedPartition] | Coroutine[None, None, list[FetchedPartition]]:
    """Find nothing while a quota is used up; at once where the door lets its client wait."""
    owed_ms = context.owed_ms(principal, QuotaType.FETCH)
    if owed_ms:
        return _pay(context, principal, wanted, bounds, owed_ms)
    return _look(context, principal, wanted, _NOTHING)


async def _pay(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
    owed_ms: int,
) -> list[FetchedPartition]:
    """Wait until the debt is paid, but not for long; then fetch, or find nothing."""
    await asyncio.sleep(min(owed_ms, DEBT_MS_MAX) / 1000)
    if context.owed_ms(principal, QuotaType.FETCH):
        return _look(context, principal, wanted, _NOTHING)
    return await fetch(context, principal, wanted, bounds._replace(wait_ms=0))


async def _wait(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
) -> list[FetchedPartition]:
    deadline = context.clock.monotonic() + bounds.wait_ms / 1000
    watched = [replica.watchers for replica in _replicas(context, wanted)]
    with watching(watched) as operation:
        fetched = _look(context, principal, wanted, bounds)
        while not _is_satisfied(fetched, bounds.min_bytes):
            left = deadline - context.clock.monotonic()
            if not await operation.wait(min(left, RECHECK_SECONDS)) and left <= RECHECK_SECONDS:
                break
            fetched = _look(context, principal, wanted, bounds)
    _account(context, principal, fetched)
    return fetched


def _account(
    context: BrokerContext, principal: Principal, fetched: Sequence[FetchedPartition]
) -> None:
    size = sum(one.found.size for one in fetched if one.found is not None)
    context.quotas.fetched(principal, size)
    if context.traffic is not None:
        for one in fetched:
            if one.found is not None:
                context.traffic.fetched(principal, one.wanted.topic_name, one.found.size)


async def read_slice(context: BrokerContext, found: LogSlice) -> bytes | bytearray:
    """Return the bytes of a slice.

    Raises:
        KafkaStorageError: The disk failed.
    """
    try:
        return await context.replicas.read(found)
    except DiskError as error:
        raise translate_storage_error(error) from error


def _look(
    context: BrokerContext,
    principal: Principal,
    wanted: Sequence[WantedPartition],
    bounds: FetchBounds,
) -> list[FetchedPartition]:
    fetched = []
    left = bounds.max_bytes
    committed = bounds.is_committed
    found_any = bounds is _NOTHING
    for one in wanted:
        answer = _look_at(context, principal, one, left, committed=committed, min_one=not found_any)
        if answer.found is not None:
            found_any = True
            left = max(0, left - answer.found.size)
        fetched.append(answer)
    return fetched


def _look_at(
    context: BrokerContext,
    principal: Principal,
    wanted: WantedPartition,
    max_bytes: int,
    *,
    committed: bool,
    min_one: bool,
) -> FetchedPartition:
    replica: Partition | None = None
    found: LogSlice | None = None
    diverging: tuple[int, int] | None = None
    problem: BrokerError | None = None
    max_bytes = min(max_bytes, wanted.max_bytes)
    try:
        context.require_topic(principal, Operation.READ, wanted.topic_name)
        metadata = partition_metadata(context.topic(wanted.topic_name), wanted.partition)
        check_leader_epoch(metadata, wanted.leader_epoch)
        replica = local_leader(context, metadata)
        if wanted.last_fetched_epoch != ANY_LEADER_EPOCH:
            diverging = _diverging(replica, wanted)
        if diverging is None and (max_bytes > 0 or min_one):
            found = replica.locate(wanted.offset, max_bytes, min_one=min_one, committed=committed)
    except BrokerError as error:
        problem = error.as_outcome()
    except (LogError, DiskError) as error:
        problem = translate_storage_error(error)
    if replica is None:
        return FetchedPartition(
            wanted=wanted, found=None, high_watermark=-1, log_start_offset=-1, error=problem
        )
    aborted: tuple[AbortedTransaction, ...] = ()
    if found is not None and committed:
        aborted = tuple(replica.aborted_transactions(found))
    return FetchedPartition(
        wanted=wanted,
        found=found,
        high_watermark=replica.high_watermark,
        log_start_offset=replica.log_start_offset,
        last_stable_offset=replica.last_stable_offset,
        aborted=aborted,
        diverging=diverging,
        error=problem,
    )


def _diverging(replica: Partition, wanted: WantedPartition) -> tuple[int, int] | None:
    """Return where the client's log and this one part, if they do (KIP-595).

    Raises:
        OffsetOutOfRange: The client's last epoch is before all that is known here.
    """
    end = replica.end_offset_for_epoch(wanted.last_fetched_epoch)
    if end is None:
        if replica.log_end_offset == wanted.offset:
            return None
        raise OffsetOutOfRange(
            f"epoch {wanted.last_fetched_epoch} is before all that {wanted.topic_name}-"
            f"{wanted.partition} holds"
        )
    epoch, end_offset = end
    if epoch < wanted.last_fetched_epoch or end_offset < wanted.offset:
        return end
    return None


def _replicas(context: BrokerContext, wanted: Sequence[WantedPartition]) -> list[Partition]:
    replicas = []
    for one in wanted:
        topic = context.image.topics.get(one.topic_name)
        replica = context.replicas.get(topic.topic_id, one.partition) if topic else None
        if replica is not None:
            replicas.append(replica)
    return replicas


def _is_satisfied(fetched: Sequence[FetchedPartition], min_bytes: int) -> bool:
    if any(one.error is not None or one.diverging is not None for one in fetched):
        return True
    return sum(one.found.size for one in fetched if one.found is not None) >= max(1, min_bytes)
