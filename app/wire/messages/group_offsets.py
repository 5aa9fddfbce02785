"""Committed offsets of groups.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32, Int64


@struct
class OffsetCommitRequestPartition:
    """``partitions`` of ``OffsetCommitRequestTopic``."""

    partition_index: Int32 = 0
    committed_offset: Int64 = 0
    committed_leader_epoch: Int32 = field(6, default=-1)
    committed_metadata: str | None = ""


@struct
class OffsetCommitRequestTopic:
    """``topics`` of ``OffsetCommitRequest``."""

    name: str = ""
    partitions: list[OffsetCommitRequestPartition] = field()


@request(key=8, versions=(2, 9), flexible=8)
class OffsetCommitRequest:
    """Request of OffsetCommit."""

    group_id: str = ""
    generation_id_or_member_epoch: Int32 = -1
    member_id: str = ""
    group_instance_id: str | None = field(7, nullable=7, default=None)
    retention_time_ms: Int64 = field(until=4, default=-1)
    topics: list[OffsetCommitRequestTopic] = field()


@struct
class OffsetCommitResponsePartition:
    """``partitions`` of ``OffsetCommitResponseTopic``."""

    partition_index: Int32 = 0
    error_code: Int16 = 0


@struct
class OffsetCommitResponseTopic:
    """``topics`` of ``OffsetCommitResponse``."""

    name: str = ""
    partitions: list[OffsetCommitResponsePartition] = field()


@response(OffsetCommitRequest)
class OffsetCommitResponse:
    """Response of OffsetCommit."""

    throttle_time_ms: Int32 = field(3)
    topics: list[OffsetCommitResponseTopic] = field()


@struct
class OffsetFetchRequestTopic:
    """``topics`` of ``OffsetFetchRequest``."""

    name: str = field(until=7)
    partition_indexes: list[Int32] = field(until=7)


@struct
class OffsetFetchRequestTopics:
    """``topics`` of ``OffsetFetchRequestGroup``."""

    name: str = field(8)
    partition_indexes: list[Int32] = field(8)


@struct
class OffsetFetchRequestGroup:
    """``groups`` of ``OffsetFetchRequest``."""

    group_id: str = field(8)
    member_id: str | None = field(9, nullable=9, default=None)
    member_epoch: Int32 = field(9, default=-1)
    topics: list[OffsetFetchRequestTopics] | None = field(8, nullable=8)


@request(key=9, versions=(1, 9), flexible=6)
class OffsetFetchRequest:
    """Request of OffsetFetch."""

    group_id: str = field(until=7)
    topics: list[OffsetFetchRequestTopic] | None = field(until=7, nullable=2)
    groups: list[OffsetFetchRequestGroup] = field(8)
    require_stable: bool = field(7)


@struct
class OffsetFetchResponsePartition:
    """``partitions`` of ``OffsetFetchResponseTopic``."""

    partition_index: Int32 = field(until=7)
    committed_offset: Int64 = field(until=7)
    committed_leader_epoch: Int32 = field(5, until=7, default=-1)
    metadata: str | None = field(until=7)
    error_code: Int16 = field(until=7)


@struct
class OffsetFetchResponseTopic:
    """``topics`` of ``OffsetFetchResponse``."""

    name: str = field(until=7)
    partitions: list[OffsetFetchResponsePartition] = field(until=7)


@struct
class OffsetFetchResponsePartitions:
    """``partitions`` of ``OffsetFetchResponseTopics``."""

    partition_index: Int32 = field(8)
    committed_offset: Int64 = field(8)
    committed_leader_epoch: Int32 = field(8, default=-1)
    metadata: str | None = field(8, nullable=8)
    error_code: Int16 = field(8)


@struct
class OffsetFetchResponseTopics:
    """``topics`` of ``OffsetFetchResponseGroup``."""

    name: str = field(8)
    partitions: list[OffsetFetchResponsePartitions] = field(8)


@struct
class OffsetFetchResponseGroup:
    """``groups`` of ``OffsetFetchResponse``."""

    group_id: str = field(8)
    topics: list[OffsetFetchResponseTopics] = field(8)
    error_code: Int16 = field(8)


@response(OffsetFetchRequest)
class OffsetFetchResponse:
    """Response of OffsetFetch."""

    throttle_time_ms: Int32 = field(3)
    topics: list[OffsetFetchResponseTopic] = field(until=7)
    error_code: Int16 = field(2, until=7)
    groups: list[OffsetFetchResponseGroup] = field(8)


@struct
class OffsetDeleteRequestPartition:
    """``partitions`` of ``OffsetDeleteRequestTopic``."""

    partition_index: Int32 = 0


@struct
class OffsetDeleteRequestTopic:
    """``topics`` of ``OffsetDeleteRequest``."""

    name: str = ""
    partitions: list[OffsetDeleteRequestPartition] = field()


@request(key=47, versions=(0, 0))
class OffsetDeleteRequest:
    """Request of OffsetDelete."""

    group_id: str = ""
    topics: list[OffsetDeleteRequestTopic] = field()


@struct
class OffsetDeleteResponsePartition:
    """``partitions`` of ``OffsetDeleteResponseTopic``."""

    partition_index: Int32 = 0
    error_code: Int16 = 0


@struct
class OffsetDeleteResponseTopic:
    """``topics`` of ``OffsetDeleteResponse``."""

    name: str = ""
    partitions: list[OffsetDeleteResponsePartition] = field()


@response(OffsetDeleteRequest)
class OffsetDeleteResponse:
    """Response of OffsetDelete."""

    error_code: Int16 = 0
    throttle_time_ms: Int32 = 0
    topics: list[OffsetDeleteResponseTopic] = field()
