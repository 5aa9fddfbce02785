"""Verb: where a leader epoch of a partition ends, so that a client finds where its log parted.

Source: Kafka's OffsetForLeaderEpoch API (KIP-101, KIP-279, KIP-320).
"""

from app.broker.context import BrokerContext
from app.broker.partitions import check_leader_epoch, local_leader, partition_metadata
from app.security.acls import Operation
from app.security.principal import Principal

UNDEFINED_EPOCH = -1
UNDEFINED_OFFSET = -1


def end_offset_for_leader_epoch(
    context: BrokerContext,
    principal: Principal,
    topic_name: str,
    partition: int,
    epoch: int,
    *,
    leader_epoch: int,
) -> tuple[int, int]:
    """Return the largest epoch at or below one, and its exclusive end.

    Args:
        context: The broker.
        principal: Needs DESCRIBE on the topic.
        topic_name: Whose.
        partition: Its number.
        epoch: The one asked for.
        leader_epoch: The leader's epoch that the client knows.

    Returns:
        Both undefined where the epoch is later than the leader's, or before all that is held.

    Raises:
        BrokerError: Why not.
    """
    context.require_topic(principal, Operation.DESCRIBE, topic_name)
    metadata = partition_metadata(context.topic(topic_name), partition)
    check_leader_epoch(metadata, leader_epoch)
    replica = local_leader(context, metadata)
    if epoch == metadata.leader_epoch:
        return epoch, replica.log_end_offset
    found = replica.end_offset_for_epoch(epoch) if 0 <= epoch < metadata.leader_epoch else None
    return found if found is not None else (UNDEFINED_EPOCH, UNDEFINED_OFFSET)
