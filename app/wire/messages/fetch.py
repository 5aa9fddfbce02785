"""Read batches.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import FetchedRecords, Int8, Int16, Int32, Int64


@struct
class FetchPartition:
    """``partitions`` of ``FetchTopic``."""

    partition: Int32 = 0
    current_leader_epoch: Int32 = field(9, default=-1)
    fetch_offset: Int64 = 0
    last_fetched_epoch: Int32 = field(12, default=-1)
    log_start_offset: Int64 = field(5, default=-1)
    partition_max_bytes: Int32 = 0


@struct
class FetchTopic:
    """``topics`` of ``FetchRequest``."""

    topic: str = ""
    partitions: list[FetchPartition] = field()


@struct
class ForgottenTopic:
    """``forgotten_topics_data`` of ``FetchRequest``."""

    topic: str = field(7)
    partitions: list[Int32] = field(7)


@request(key=1, versions=(4, 12), flexible=12)
class FetchRequest:
    """Request of Fetch."""

    cluster_id: str | None = field(12, nullable=12, tag=0, default=None)
    replica_id: Int32 = -1
    max_wait_ms: Int32 = 0
    min_bytes: Int32 = 0
    max_bytes: Int32 = 2147483647
    isolation_level: Int8 = 0
    session_id: Int32 = field(7)
    session_epoch: Int32 = field(7, default=-1)
    topics: list[FetchTopic] = field()
    forgotten_topics_data: list[ForgottenTopic] = field(7)
    rack_id: str = field(11)


@struct
class EpochEndOffset:
    """``diverging_epoch`` of ``PartitionData``."""

    epoch: Int32 = field(12, default=-1)
    end_offset: Int64 = field(12, default=-1)


@struct
class LeaderIdAndEpoch:
    """``current_leader`` of ``PartitionData``."""

    leader_id: Int32 = field(12, default=-1)
    leader_epoch: Int32 = field(12, default=-1)


@struct
class SnapshotId:
    """``snapshot_id`` of ``PartitionData``."""

    end_offset: Int64 = -1
    epoch: Int32 = -1


@struct
class AbortedTransaction:
    """``aborted_transactions`` of ``PartitionData``."""

    producer_id: Int64 = 0
    first_offset: Int64 = 0


@struct
class PartitionData:
    """``partitions`` of ``FetchableTopicResponse``."""

    partition_index: Int32 = 0
    error_code: Int16 = 0
    high_watermark: Int64 = 0
    last_stable_offset: Int64 = -1
    log_start_offset: Int64 = field(5, default=-1)
    diverging_epoch: EpochEndOffset = field(12, tag=0)
    current_leader: LeaderIdAndEpoch = field(12, tag=1)
    snapshot_id: SnapshotId = field(12, tag=2)
    aborted_transactions: list[AbortedTransaction] | None = field()
    preferred_read_replica: Int32 = field(11, default=-1)
    records: FetchedRecords = field()


@struct
class FetchableTopicResponse:
    """``responses`` of ``FetchResponse``."""

    topic: str = ""
    partitions: list[PartitionData] = field()


@response(FetchRequest)
class FetchResponse:
    """Response of Fetch."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(7)
    session_id: Int32 = field(7)
    responses: list[FetchableTopicResponse] = field()
