"""Verb: which offset is the earliest, the latest, the one at a time, the one of the newest time.

Source: Kafka's ListOffsets API (special timestamps -2 earliest, -1 latest, -3 max timestamp,
KIP-734).
"""

from dataclasses import dataclass
from enum import Enum

from app.broker.context import BrokerContext
from app.broker.partitions import (
    ANY_LEADER_EPOCH,
    check_leader_epoch,
    local_leader,
    partition_metadata,
    translate_storage_error,
)
from app.security.acls import Operation
from app.security.principal import Principal
from storage.errors import DiskError, LogError

NO_OFFSET = -1
"""No record matches."""

NO_TIMESTAMP = -1


class OffsetSpec(Enum):
    """A place in a partition that is not given by a time."""

    EARLIEST = "earliest"
    LATEST = "latest"
    MAX_TIMESTAMP = "max_timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOffset:
    """An offset found; ``NO_OFFSET`` when no record matches."""

    offset: int
    timestamp_ms: int
    leader_epoch: int


def list_offsets(
    context: BrokerContext,
    principal: Principal,
    topic_name: str,
    partition: int,
    spec: OffsetSpec | int,
    *,
    leader_epoch: int = ANY_LEADER_EPOCH,
    is_committed: bool = False,
) -> ListedOffset:
    """Return an offset of one partition.

    Args:
        context: The broker.
        principal: Needs DESCRIBE on the topic.
        topic_name: Whose.
        partition: Its number.
        spec: A named place, or a timestamp in milliseconds: the first record at or after it.
        leader_epoch: The leader's epoch that the client knows.
        is_committed: The latest is the last stable offset, and nothing is found above it.

    Raises:
        BrokerError: Why not.
    """
    context.require_topic(principal, Operation.DESCRIBE, topic_name)
    metadata = partition_metadata(context.topic(topic_name), partition)
    check_leader_epoch(metadata, leader_epoch)
    replica = local_leader(context, metadata)
    epoch = metadata.leader_epoch
    if spec is OffsetSpec.EARLIEST:
        start = replica.log_start_offset
        return ListedOffset(offset=start, timestamp_ms=NO_TIMESTAMP, leader_epoch=epoch)
    if spec is OffsetSpec.LATEST:
        end = replica.last_stable_offset if is_committed else replica.high_watermark
        return ListedOffset(offset=end, timestamp_ms=NO_TIMESTAMP, leader_epoch=epoch)
    try:
        if spec is OffsetSpec.MAX_TIMESTAMP:
            found = replica.max_timestamp()
        else:
            assert isinstance(spec, int), "the named places are handled above"
            found = replica.offset_for_timestamp(spec, committed=is_committed)
    except (LogError, DiskError) as error:
        raise translate_storage_error(error) from error
    if found is None:
        return ListedOffset(offset=NO_OFFSET, timestamp_ms=NO_TIMESTAMP, leader_epoch=epoch)
    return ListedOffset(offset=found.offset, timestamp_ms=found.timestamp_ms, leader_epoch=epoch)
