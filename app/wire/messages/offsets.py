"""Offsets by time, and ends of leader epochs.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32, Int64


@struct
class ListOffsetsPartition:
    """``partitions`` of ``ListOffsetsTopic``."""

    partition_index: Int32 = 0
    current_leader_epoch: Int32 = field(4, default=-1)
    timestamp: Int64 = 0


@struct
class ListOffsetsTopic:
    """``topics`` of ``ListOffsetsRequest``."""

    name: str = ""
    partitions: list[ListOffsetsPartition] = field()


@request(key=2, versions=(1, 11), flexible=6)
class ListOffsetsRequest:
    """Request of ListOffsets."""

    replica_id: Int32 = 0
    isolation_level: Int8 = field(2)
    topics: list[ListOffsetsTopic] = field()
    timeout_ms: Int32 = field(10)


@struct
class ListOffsetsPartitionResponse:
    """``partitions`` of ``ListOffsetsTopicResponse``."""

    partition_index: Int32 = 0
    error_code: Int16 = 0
    timestamp: Int64 = -1
    offset: Int64 = -1
    leader_epoch: Int32 = field(4, default=-1)


@struct
class ListOffsetsTopicResponse:
    """``topics`` of ``ListOffsetsResponse``."""

    name: str = ""
    partitions: list[ListOffsetsPartitionResponse] = field()


@response(ListOffsetsRequest)
class ListOffsetsResponse:
    """Response of ListOffsets."""

    throttle_time_ms: Int32 = field(2)
    topics: list[ListOffsetsTopicResponse] = field()


@struct
class OffsetForLeaderPartition:
    """``partitions`` of ``OffsetForLeaderTopic``."""

    partition: Int32 = 0
    current_leader_epoch: Int32 = -1
    leader_epoch: Int32 = 0


@struct
class OffsetForLeaderTopic:
    """``topics`` of ``OffsetForLeaderEpochRequest``."""

    topic: str = ""
    partitions: list[OffsetForLeaderPartition] = field()


@request(key=23, versions=(2, 4), flexible=4)
class OffsetForLeaderEpochRequest:
    """Request of OffsetForLeaderEpoch."""

    replica_id: Int32 = field(3, default=-2)
    topics: list[OffsetForLeaderTopic] = field()


@struct
class EpochEndOffset:
    """``partitions`` of ``OffsetForLeaderTopicResult``."""

    error_code: Int16 = 0
    partition: Int32 = 0
    leader_epoch: Int32 = -1
    end_offset: Int64 = -1


@struct
class OffsetForLeaderTopicResult:
    """``topics`` of ``OffsetForLeaderEpochResponse``."""

    topic: str = ""
    partitions: list[EpochEndOffset] = field()


@response(OffsetForLeaderEpochRequest)
class OffsetForLeaderEpochResponse:
    """Response of OffsetForLeaderEpoch."""

    throttle_time_ms: Int32 = 0
    topics: list[OffsetForLeaderTopicResult] = field()
