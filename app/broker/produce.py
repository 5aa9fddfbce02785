"""Verb: append records to a topic and answer when they are as safe as was asked.

One batch is built per partition and request. If the log refuses a batch of several records (too
large, a timestamp out of bounds), it is halved until the records at fault stand alone, so that
every record gets the outcome that it would have had by itself and the order is kept.

Invariants:
    Appending has no await in it: a client that leaves cancels the wait, never the append.
    A record's outcome is one of three: where it landed, a refusal (surely not appended), or an
    error whose class says that the outcome is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count, repeat

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError, InvalidRecord
from app.broker.partitioner import partition_for_key
from app.broker.partitions import (
    local_leader,
    partition_metadata,
    require_no_internal_topic,
    translate_storage_error,
)
from app.broker.schema_configs import is_checked
from app.cluster.metadata_image import PartitionMetadata, TopicMetadata
from app.replication.partition import Partition
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from storage.errors import BatchTooLarge, DiskError, InvalidBatch, InvalidTimestamp, LogError
from storage.format.builder import build_batch
from storage.format.record import RecordTuple

ACKS_ALL = -1
ACKS_NONE = 0
ACKS_LEADER = 1


RecordToProduce = tuple[RecordTuple, int | None]
"""A record and the partition it must go to, if the producer chose one."""


Produced = tuple[int, int, int]
"""Where a record landed: partition, offset, timestamp in milliseconds. A plain tuple, for speed."""

Outcome = Produced | BrokerError


async def produce(
    context: BrokerContext,
    principal: Principal,
    topic_name: str,
    records: Sequence[RecordToProduce],
    *,
    acks: int = ACKS_ALL,
) -> list[Outcome]:
    """Append records and wait until they are durable.

    Args:
        context: The broker.
        principal: Needs WRITE on the topic.
        topic_name: Where to.
        records: In the order in which they are to be appended.
        acks: ``ACKS_ALL`` or ``ACKS_LEADER`` wait for durability (the same with one replica);
            ``ACKS_NONE`` answers once they are appended.

    Returns:
        One outcome per record, in their order.

    Raises:
        BrokerError: The whole request is refused; nothing was appended.
    """
    context.require_topic(principal, Operation.WRITE, topic_name)
    topic = context.topic(topic_name)
    require_no_internal_topic(topic)
    if context.quotas.owed(QuotaType.PRODUCE, principal):
        await context.pay(principal, QuotaType.PRODUCE)
    outcomes: list[Outcome | None] = [None] * len(records)
    appended = _Appended(context, principal, topic_name, outcomes)
    if is_checked(topic.configs):
        await _check(context, topic, records, outcomes)
    for partition, positions in _by_partition(context, topic, records, outcomes).items():
        try:
            metadata = partition_metadata(topic, partition)
            replica = local_leader(context, metadata)
        except BrokerError as error:
            for position in positions:
                outcomes[position] = error.as_outcome()
            continue
        appended.append(replica, metadata, records, positions)
    context.quotas.produced(principal, appended.size)
    if acks != ACKS_NONE:
        await appended.wait()
    assert None not in outcomes, "every record has an outcome"
    return outcomes  # type: ignore[return-value] # no None is left, see above


async def _check(
    context: BrokerContext,
    topic: TopicMetadata,
    records: Sequence[RecordToProduce],
    outcomes: list[Outcome | None],
) -> None:
    """Refuse the records that are not of the topic's schemas; what follows comes after them.

    Raises:
        CoordinatorNotAvailable: The schemas cannot be asked for.
    """
    checks = context.schema_checks
    async with checks.turn(topic.name):
        _, keys, values, headers = zip(*(record for record, _ in records), strict=True)
        faults = await checks.faults(topic, keys, values, headers)
    for position, fault in faults.items():
        outcomes[position] = InvalidRecord(f"The record is refused by schema validation: {fault}")


def _by_partition(
    context: BrokerContext,
    topic: TopicMetadata,
    records: Sequence[RecordToProduce],
    outcomes: Sequence[Outcome | None],
) -> Mapping[int, Sequence[int]]:
    """Return the positions of the records that are not refused by the partition they go to."""
    partition_count = len(topic.partitions)
    free = [record[2] or b"" for record, chosen in records if chosen is None and record[1] is None]
    is_any_refused = outcomes.count(None) != len(outcomes)
    if len(free) == len(records) and not is_any_refused:
        sticky = context.partitioner.partition_without_key(
            topic.topic_id, partition_count, sum(map(len, free))
        )
        return {sticky: range(len(records))}
    by_partition: dict[int, list[int]] = {}
    keyless: list[int] = []
    keyless_bytes = 0
    for position, (record, partition) in enumerate(records):
        if is_any_refused and outcomes[position] is not None:
            continue
        if partition is None:
            key = record[1]
            if key is None:
                keyless.append(position)
                keyless_bytes += len(record[2] or b"")
                continue
            partition = partition_for_key(key, partition_count)  # noqa: PLW2901 - the default of a choice
        positions = by_partition.get(partition)
        if positions is None:
            by_partition[partition] = [position]
        else:
            positions.append(position)
    if keyless:
        partition = context.partitioner.partition_without_key(
            topic.topic_id, partition_count, keyless_bytes
        )
        if partition in by_partition:
            by_partition[partition] = sorted(by_partition[partition] + keyless)
        else:
            by_partition[partition] = keyless
    return by_partition


class _Appended:
    """The appends of one request, and who of them still waits to be durable."""

    __slots__ = ("_context", "_outcomes", "_principal", "_topic_name", "_waits", "size")

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        topic_name: str,
        outcomes: list[Outcome | None],
    ) -> None:
        self._context = context
        self._principal = principal
        self._topic_name = topic_name
        self._outcomes = outcomes
        self._waits: list[tuple[Partition, int, Sequence[int]]] = []
        self.size = 0

    def append(
        self,
        replica: Partition,
        metadata: PartitionMetadata,
        records: Sequence[RecordToProduce],
        positions: Sequence[int],
    ) -> None:
        """Append these records as one batch, or in halves if the log refuses them together."""
        now_ms = self._context.clock.now_ms()
        try:
            batch = build_batch([records[position][0] for position in positions])
            landed = replica.append_as_leader(
                batch, leader_epoch=metadata.leader_epoch, now_ms=now_ms
            )
        except (BatchTooLarge, InvalidTimestamp, InvalidBatch) as error:
            if len(positions) == 1:
                self._outcomes[positions[0]] = translate_storage_error(error)
                return
            middle = len(positions) // 2
            self.append(replica, metadata, records, positions[:middle])
            self.append(replica, metadata, records, positions[middle:])
            return
        except (LogError, DiskError) as error:
            self._refuse(positions, translate_storage_error(error))
            return
        self._place(
            metadata.partition, landed.base_offset, landed.log_append_time_ms, records, positions
        )
        self.size += landed.size
        if self._context.traffic is not None:
            self._context.traffic.produced(self._principal, self._topic_name, landed.size)
        self._waits.append((replica, landed.last_offset + 1, positions))

    async def wait(self) -> None:
        """Return when all that was appended is durable; what never will be gets its error."""
        for replica, end_offset, positions in self._waits:
            try:
                await replica.wait_for_high_watermark(end_offset)
            except LogError as error:
                self._refuse(positions, translate_storage_error(error))

    def _place(
        self,
        partition: int,
        offset: int,
        log_append_time_ms: int,
        records: Sequence[RecordToProduce],
        positions: Sequence[int],
    ) -> None:
        if log_append_time_ms >= 0:
            times: Iterable[int] = repeat(log_append_time_ms, len(positions))
        else:
            times = [records[position][0][0] for position in positions]
        landed = zip(repeat(partition), count(offset), times, strict=False)
        outcomes = self._outcomes
        if len(positions) == len(outcomes):
            outcomes[:] = landed
            return
        for position, outcome in zip(positions, landed, strict=False):
            outcomes[position] = outcome

    def _refuse(self, positions: Sequence[int], error: BrokerError) -> None:
        for position in positions:
            self._outcomes[position] = error
