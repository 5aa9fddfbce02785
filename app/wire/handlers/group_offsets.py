"""OffsetCommit, OffsetFetch, OffsetDelete: where groups go on reading.

Versions: OffsetCommit 2 to 4 may say how long offsets are kept; OffsetFetch 7 on waits out
transactions (KIP-447), 8 on asks for several groups (KIP-709), 9 on is told who asks, and in which
member epoch (KIP-848); so is OffsetCommit.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from app.broker.errors import BrokerError
from app.broker.groups.members import check_reader
from app.broker.groups.offsets import (
    FetchedOffset,
    commit_offsets,
    delete_offsets,
    fetch_offsets,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offset_store import OffsetCommit
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition
from app.wire.call import Call
from app.wire.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
    OffsetDeleteRequest,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)
from app.wire.registry import serve

SEVERAL_GROUPS_SINCE = 8
_Value = TypeVar("_Value")

Partitions = list[TopicPartition] | None


async def commit(call: Call, request: OffsetCommitRequest) -> OffsetCommitResponse:
    """Answer when the offsets are durable."""
    now_ms = call.broker.clock.now_ms()
    keep_ms = request.retention_time_ms
    offsets = {
        (topic.name, one.partition_index): CommittedOffset(
            offset=one.committed_offset,
            leader_epoch=one.committed_leader_epoch,
            metadata=one.committed_metadata or "",
            commit_timestamp_ms=now_ms,
            expire_timestamp_ms=now_ms + keep_ms if keep_ms >= 0 else None,
        )
        for topic in request.topics
        for one in topic.partitions
    }
    wanted = OffsetCommit(
        group_id=request.group_id,
        member_id=request.member_id,
        instance_id=request.group_instance_id,
        generation=request.generation_id_or_member_epoch,
        offsets=offsets,
    )
    try:
        outcomes = await commit_offsets(call.broker, call.principal, wanted)
    except BrokerError as error:
        outcomes = dict.fromkeys(offsets, error.code)
    return OffsetCommitResponse(
        topics=[
            OffsetCommitResponseTopic(
                name=topic.name,
                partitions=[
                    OffsetCommitResponsePartition(
                        partition_index=one.partition_index,
                        error_code=outcomes[topic.name, one.partition_index],
                    )
                    for one in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


def fetch(call: Call, request: OffsetFetchRequest) -> OffsetFetchResponse:
    """Answer what groups have committed."""
    if call.api_version >= SEVERAL_GROUPS_SINCE:
        stable = request.require_stable
        return OffsetFetchResponse(
            groups=[_fetch_group(call, one, stable) for one in _once(request.groups)]
        )
    asked: Partitions = None
    if request.topics is not None:
        asked = [(topic.name, one) for topic in request.topics for one in topic.partition_indexes]
    found, error_code = _fetch(call, request.group_id, asked, request.require_stable)
    return OffsetFetchResponse(
        error_code=error_code,
        topics=[
            OffsetFetchResponseTopic(
                name=name,
                partitions=[
                    OffsetFetchResponsePartition(
                        partition_index=partition,
                        committed_offset=one.offset,
                        committed_leader_epoch=one.leader_epoch,
                        metadata=one.metadata,
                        error_code=one.error_code,
                    )
                    for partition, one in some
                ],
            )
            for name, some in _by_topic(found)
        ],
    )


async def delete(call: Call, request: OffsetDeleteRequest) -> OffsetDeleteResponse:
    """Answer when the offsets are gone for good."""
    asked = [
        (topic.name, one.partition_index) for topic in request.topics for one in topic.partitions
    ]
    try:
        outcomes = await delete_offsets(call.broker, call.principal, request.group_id, asked)
    except BrokerError as error:
        return OffsetDeleteResponse(error_code=error.code)
    return OffsetDeleteResponse(
        topics=[
            OffsetDeleteResponseTopic(
                name=name,
                partitions=[
                    OffsetDeleteResponsePartition(partition_index=partition, error_code=code)
                    for partition, code in some
                ],
            )
            for name, some in _by_topic(outcomes)
        ]
    )


def _once(groups: Sequence[OffsetFetchRequestGroup]) -> Iterable[OffsetFetchRequestGroup]:
    """Return what is asked for; a group that is asked for all it has is there once so."""
    return {
        (one.group_id, number if one.topics is not None else None): one
        for number, one in enumerate(groups)
    }.values()


def _fetch_group(
    call: Call, group: OffsetFetchRequestGroup, require_stable: bool
) -> OffsetFetchResponseGroup:
    asked: Partitions = None
    if group.topics is not None:
        asked = [(topic.name, one) for topic in group.topics for one in topic.partition_indexes]
    error_code: int = ErrorCode.NONE
    if group.member_id or group.member_epoch >= 0:
        error_code = check_reader(
            call.broker, call.principal, group.group_id, group.member_id or "", group.member_epoch
        )
    if error_code != ErrorCode.NONE:
        return OffsetFetchResponseGroup(group_id=group.group_id, error_code=error_code)
    found, error_code = _fetch(call, group.group_id, asked, require_stable)
    return OffsetFetchResponseGroup(
        group_id=group.group_id,
        error_code=error_code,
        topics=[
            OffsetFetchResponseTopics(
                name=name,
                partitions=[
                    OffsetFetchResponsePartitions(
                        partition_index=partition,
                        committed_offset=one.offset,
                        committed_leader_epoch=one.leader_epoch,
                        metadata=one.metadata,
                        error_code=one.error_code,
                    )
                    for partition, one in some
                ],
            )
            for name, some in _by_topic(found)
        ],
    )


def _fetch(
    call: Call, group_id: str, asked: Partitions, require_stable: bool
) -> tuple[Mapping[TopicPartition, FetchedOffset], int]:
    try:
        found = fetch_offsets(
            call.broker, call.principal, group_id, asked, require_stable=require_stable
        )
    except BrokerError as error:
        # Version 1 has no error of the group, and some clients look at the partitions' only.
        refused = FetchedOffset(error_code=error.code)
        return dict.fromkeys(asked or (), refused), error.code
    return found, 0


def _by_topic(
    found: Mapping[TopicPartition, _Value],
) -> Iterable[tuple[str, list[tuple[int, _Value]]]]:
    topics: dict[str, list[tuple[int, _Value]]] = {}
    for (name, partition), value in found.items():
        topics.setdefault(name, []).append((partition, value))
    return topics.items()


SERVED = (
    serve(OffsetCommitRequest, commit),
    serve(OffsetFetchRequest, fetch),
    serve(OffsetDeleteRequest, delete),
)
