"""Fetch: batches as they lie on disk, from the file to the socket.

Versions: from 7 on there are sessions (declined with id 0, which every client takes: KIP-227),
from 9 on the leader's epoch is checked (KIP-320), from 12 on a log that parted is told where
(KIP-595). Empty records are empty bytes rather than null, for librdkafka's sake.
Source: KIP-74 (one batch at least), KIP-98 (isolation level), KIP-392 (no other replica is named).
"""

from collections.abc import Coroutine, Sequence

from app.broker.errors import BrokerError
from app.broker.fetch import (
    FetchBounds,
    FetchedPartition,
    WantedPartition,
    begin_fetch,
)
from app.wire.call import Call
from app.wire.handlers.addresses import leadership
from app.wire.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    LeaderIdAndEpoch,
    PartitionData,
)
from app.wire.registry import serve

READ_COMMITTED = 1
LEADER_SINCE = 12
EPOCH_ERRORS = frozenset({6, 74})
"""Codes that tell a client to look for the leader; from version 12 on the answer names it."""


def fetch(
    call: Call, request: FetchRequest
) -> FetchResponse | Coroutine[None, None, FetchResponse]:
    """Answer at once if there is enough, else when there is or the time is up."""
    topics = request.topics
    if len(topics) > 1 or (topics and len(topics[0].partitions) > 1):
        topics = _once(topics)
    wanted = [
        WantedPartition(
            topic_name=topic.topic,
            partition=partition.partition,
            offset=partition.fetch_offset,
            max_bytes=partition.partition_max_bytes,
            leader_epoch=partition.current_leader_epoch,
            last_fetched_epoch=partition.last_fetched_epoch,
        )
        for topic in topics
        for partition in topic.partitions
    ]
    bounds = FetchBounds(
        max_bytes=max(0, request.max_bytes),
        min_bytes=request.min_bytes,
        wait_ms=_wait_ms(call, request),
        is_committed=request.isolation_level == READ_COMMITTED,
    )
    try:
        fetched = begin_fetch(call.broker, call.principal, wanted, bounds)
    except BrokerError as error:
        return FetchResponse(error_code=error.code)
    if isinstance(fetched, list):
        return _answer(call, request, topics, fetched)
    return _await(call, request, topics, fetched)


def _once(topics: Sequence[FetchTopic]) -> list[FetchTopic]:
    """Return each partition once, as it is asked for last: a fetch that waits looks at them often.

    Source: Kafka's ``FetchRequest.fetchData``, a map.
    """
    wanted: dict[str, dict[int, FetchPartition]] = {}
    for topic in topics:
        some = wanted.setdefault(topic.topic, {})
        some.update((one.partition, one) for one in topic.partitions)
    return [FetchTopic(topic=name, partitions=[*some.values()]) for name, some in wanted.items()]


def _wait_ms(call: Call, request: FetchRequest) -> int:
    """Return how long to wait: never where enough is there without a byte, as in Kafka."""
    if request.min_bytes <= 0:
        return 0
    return min(max(0, request.max_wait_ms), call.broker.limits.fetch_wait_ms_max)


async def _await(
    call: Call,
    request: FetchRequest,
    topics: Sequence[FetchTopic],
    fetched: Coroutine[None, None, list[FetchedPartition]],
) -> FetchResponse:
    return _answer(call, request, topics, await fetched)


def _answer(
    call: Call,
    request: FetchRequest,
    topics: Sequence[FetchTopic],
    fetched: Sequence[FetchedPartition],
) -> FetchResponse:
    committed = request.isolation_level == READ_COMMITTED
    found = iter(fetched)
    return FetchResponse(
        responses=[
            FetchableTopicResponse(
                topic=topic.topic,
                partitions=[_partition(call, next(found), committed) for _ in topic.partitions],
            )
            for topic in topics
        ]
    )


def _partition(call: Call, one: FetchedPartition, committed: bool) -> PartitionData:
    made = PartitionData(
        partition_index=one.wanted.partition,
        high_watermark=one.high_watermark,
        last_stable_offset=one.last_stable_offset,
        log_start_offset=one.log_start_offset,
        aborted_transactions=None,
        records=one.found if one.found is not None else b"",
    )
    if committed:
        made.aborted_transactions = [
            AbortedTransaction(producer_id=aborted.producer_id, first_offset=aborted.first_offset)
            for aborted in one.aborted
        ]
    if one.diverging is not None:
        epoch, end_offset = one.diverging
        made.diverging_epoch = EpochEndOffset(epoch=epoch, end_offset=end_offset)
    if one.error is not None:
        made.error_code = one.error.code
        if one.error.code in EPOCH_ERRORS and call.api_version >= LEADER_SINCE:
            leader = leadership(call, one.wanted.topic_name, one.wanted.partition)
            if leader is not None:
                made.current_leader = LeaderIdAndEpoch(
                    leader_id=leader.leader, leader_epoch=leader.leader_epoch
                )
    return made


SERVED = (serve(FetchRequest, fetch, droppable=True),)
