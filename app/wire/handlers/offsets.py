"""ListOffsets, OffsetForLeaderEpoch and DeleteRecords.

Special timestamps of ListOffsets: -1 latest, -2 earliest, -3 that of the largest timestamp (from 7
on), -4 earliest on this disk (from 8 on, the same here), -5 latest and -6 earliest that are (not)
in another storage tier (from 9 and 11 on): there is none, so there is no such offset.
Source: KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023.
"""

from collections import Counter

from app.broker.delete_records import delete_records
from app.broker.errors import BrokerError, InvalidRequest
from app.broker.leader_epochs import end_offset_for_leader_epoch
from app.broker.list_offsets import NO_OFFSET, NO_TIMESTAMP, ListedOffset, OffsetSpec, list_offsets
from app.wire.call import Call
from app.wire.messages.offsets import (
    EpochEndOffset,
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
)
from app.wire.messages.topics import (
    DeleteRecordsPartition,
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)
from app.wire.registry import serve

READ_COMMITTED = 1
SPECS = {
    -1: OffsetSpec.LATEST,
    -2: OffsetSpec.EARLIEST,
    -3: OffsetSpec.MAX_TIMESTAMP,
    -4: OffsetSpec.EARLIEST,
}
TIERED = (-5, -6)
NOWHERE = ListedOffset(offset=NO_OFFSET, timestamp_ms=NO_TIMESTAMP, leader_epoch=-1)


def list_offsets_of_partitions(call: Call, request: ListOffsetsRequest) -> ListOffsetsResponse:
    """Find an offset in each partition; one named twice is refused, as by Kafka."""
    committed = request.isolation_level == READ_COMMITTED
    times = Counter(
        (topic.name, one.partition_index) for topic in request.topics for one in topic.partitions
    )

    def listed(name: str, wanted: ListOffsetsPartition) -> ListOffsetsPartitionResponse:
        if times[name, wanted.partition_index] > 1:
            return ListOffsetsPartitionResponse(
                partition_index=wanted.partition_index, error_code=InvalidRequest.code
            )
        return _listed(call, name, wanted, committed)

    return ListOffsetsResponse(
        topics=[
            ListOffsetsTopicResponse(
                name=topic.name, partitions=[listed(topic.name, one) for one in topic.partitions]
            )
            for topic in request.topics
        ]
    )


def _listed(
    call: Call, topic_name: str, wanted: ListOffsetsPartition, committed: bool
) -> ListOffsetsPartitionResponse:
    made = ListOffsetsPartitionResponse(partition_index=wanted.partition_index)
    try:
        found = _find(call, topic_name, wanted, committed)
    except BrokerError as error:
        made.error_code = error.code
        return made
    made.offset, made.timestamp = found.offset, found.timestamp_ms
    made.leader_epoch = found.leader_epoch
    return made


def _find(
    call: Call, topic_name: str, wanted: ListOffsetsPartition, committed: bool
) -> ListedOffset:
    is_tiered = wanted.timestamp in TIERED
    spec = OffsetSpec.EARLIEST if is_tiered else SPECS.get(wanted.timestamp, wanted.timestamp)
    if isinstance(spec, int) and spec < 0:
        raise InvalidRequest(f"no offset is meant by timestamp {spec}")
    found = list_offsets(
        call.broker,
        call.principal,
        topic_name,
        wanted.partition_index,
        spec,
        leader_epoch=wanted.current_leader_epoch,
        is_committed=committed,
    )
    return NOWHERE if is_tiered else found


def offset_for_leader_epoch(
    call: Call, request: OffsetForLeaderEpochRequest
) -> OffsetForLeaderEpochResponse:
    """Tell where an epoch of each partition ends."""
    return OffsetForLeaderEpochResponse(
        topics=[
            OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=[_epoch_end(call, topic.topic, one) for one in topic.partitions],
            )
            for topic in request.topics
        ]
    )


def _epoch_end(call: Call, topic_name: str, wanted: OffsetForLeaderPartition) -> EpochEndOffset:
    made = EpochEndOffset(partition=wanted.partition)
    try:
        made.leader_epoch, made.end_offset = end_offset_for_leader_epoch(
            call.broker,
            call.principal,
            topic_name,
            wanted.partition,
            wanted.leader_epoch,
            leader_epoch=wanted.current_leader_epoch,
        )
    except BrokerError as error:
        made.error_code = error.code
    return made


async def delete_records_of_partitions(
    call: Call, request: DeleteRecordsRequest
) -> DeleteRecordsResponse:
    """Delete the records below an offset of each partition."""
    return DeleteRecordsResponse(
        topics=[
            DeleteRecordsTopicResult(
                name=topic.name,
                partitions=[await _deleted(call, topic.name, one) for one in topic.partitions],
            )
            for topic in request.topics
        ]
    )


async def _deleted(
    call: Call, topic_name: str, wanted: DeleteRecordsPartition
) -> DeleteRecordsPartitionResult:
    made = DeleteRecordsPartitionResult(
        partition_index=wanted.partition_index, low_watermark=NO_OFFSET
    )
    try:
        made.low_watermark = await delete_records(
            call.broker, call.principal, topic_name, wanted.partition_index, wanted.offset
        )
    except BrokerError as error:
        made.error_code = error.code
    return made


SERVED = (
    serve(ListOffsetsRequest, list_offsets_of_partitions, droppable=True),
    serve(OffsetForLeaderEpochRequest, offset_for_leader_epoch, droppable=True),
    serve(DeleteRecordsRequest, delete_records_of_partitions),
)
