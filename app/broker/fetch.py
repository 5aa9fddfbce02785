"""Verb: read batches of one or more partitions, waiting for data if asked to.

A fetch answers as soon as ``min_bytes`` are there, when a partition has an error, or at the
deadline; it wakes at the first durable record. Batches are returned whole and as they lie on
disk, so the first one may begin below the offset asked for, and the first one found is returned
however small ``max_bytes`` is (KIP-74).
Source: Kafka's Fetch API.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError, InvalidRequest
from app.broker.partitions import local_leader, partition_metadata, translate_storage_error
from app.replication.partition import Partition
from app.replication.purgatory import watching
from app.security.acls import Operation
from app.security.principal import Principal
from storage.errors import DiskError, LogError
from storage.segments.log_slice import LogSlice


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPartition:
    """Where to read from."""

    topic_name: str
    partition: int
    offset: int
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPartition:
    """What was found in one partition."""

    wanted: WantedPartition
    found: LogSlice | None
    """Whole batches, or None when there is nothing (yet)."""

    high_watermark: int
    log_start_offset: int
    error: BrokerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchBounds:
    """When a fetch is satisfied, and when it gives up."""

    max_bytes: int
    min_bytes: int = 1
    wait_ms: int = 0


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
    limits = context.limits
    if bounds.max_bytes < 0 or not 0 <= bounds.wait_ms <= limits.fetch_wait_ms_max:
        raise InvalidRequest(f"wait must be 0 to {limits.fetch_wait_ms_max} ms, bytes not negative")
    max_bytes = min(bounds.max_bytes, limits.fetch_bytes_max)
    fetched = _look(context, principal, wanted, max_bytes)
    if bounds.wait_ms and not _is_satisfied(fetched, bounds.min_bytes):
        deadline = context.clock.monotonic() + bounds.wait_ms / 1000
        watched = [replica.watchers for replica in _replicas(context, wanted)]
        with watching(watched) as operation:
            while not _is_satisfied(fetched, bounds.min_bytes):
                if not await operation.wait(deadline - context.clock.monotonic()):
                    break
                fetched = _look(context, principal, wanted, max_bytes)
    size = sum(one.found.size for one in fetched if one.found is not None)
    await context.hold_back(context.quotas.fetched(principal, size))
    return fetched


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
    max_bytes: int,
) -> list[FetchedPartition]:
    fetched = []
    left = max_bytes
    found_any = False
    for one in wanted:
        answer = _look_at(context, principal, one, min(left, one.max_bytes), not found_any)
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
    min_one: bool,
) -> FetchedPartition:
    replica: Partition | None = None
    found: LogSlice | None = None
    problem: BrokerError | None = None
    try:
        context.require_topic(principal, Operation.READ, wanted.topic_name)
        metadata = partition_metadata(context.topic(wanted.topic_name), wanted.partition)
        replica = local_leader(context, metadata)
        if max_bytes > 0 or min_one:
            found = replica.locate(wanted.offset, max_bytes, min_one=min_one)
    except BrokerError as error:
        problem = error
    except (LogError, DiskError) as error:
        problem = translate_storage_error(error)
    return FetchedPartition(
        wanted=wanted,
        found=found,
        high_watermark=replica.high_watermark if replica is not None else -1,
        log_start_offset=replica.log_start_offset if replica is not None else -1,
        error=problem,
    )


def _replicas(context: BrokerContext, wanted: Sequence[WantedPartition]) -> list[Partition]:
    replicas = []
    for one in wanted:
        topic = context.image.topics.get(one.topic_name)
        replica = context.replicas.get(topic.topic_id, one.partition) if topic else None
        if replica is not None:
            replicas.append(replica)
    return replicas


def _is_satisfied(fetched: Sequence[FetchedPartition], min_bytes: int) -> bool:
    if any(one.error is not None for one in fetched):
        return True
    return sum(one.found.size for one in fetched if one.found is not None) >= max(1, min_bytes)
