"""Verb: make the records of a partition below an offset unreadable, and give their space back.

Source: Kafka's DeleteRecords API (KIP-107); offset -1 means the high watermark.
"""

from app.broker.context import BrokerContext
from app.broker.partitions import (
    local_leader,
    partition_metadata,
    require_no_internal_topic,
    translate_storage_error,
)
from app.broker.security.changes import audited_change
from app.security.acls import Operation, topic
from app.security.audit.event import AUDIT_TOPIC
from app.security.principal import Principal
from storage.errors import DiskError, LogError

UP_TO_HIGH_WATERMARK = -1


async def delete_records(
    context: BrokerContext,
    principal: Principal,
    topic_name: str,
    partition: int,
    before_offset: int,
) -> int:
    """Delete records below an offset.

    Args:
        context: The broker.
        principal: Needs DELETE on the topic.
        topic_name: Whose.
        partition: Its number.
        before_offset: Exclusive; -1 for everything that consumers may see.

    Returns:
        The partition's log start offset now; it never moves back.

    Raises:
        OffsetOutOfRange: Beyond the high watermark; nothing was deleted.
        InvalidTopic: The records are the broker's own, such as the offsets of groups.
        BrokerError: Why else not.
    """
    context.require_topic(principal, Operation.DELETE, topic_name)
    context.require_audit_topic(principal, topic_name)
    found = context.topic(topic_name)
    if topic_name != AUDIT_TOPIC:  # of which was asked
        require_no_internal_topic(found, "delete records of")
    metadata = partition_metadata(found, partition)
    replica = local_leader(context, metadata)
    offset = replica.high_watermark if before_offset == UP_TO_HIGH_WATERMARK else before_offset
    async with audited_change(
        *(context, "DeleteRecords", principal, Operation.DELETE, topic(topic_name)),
        items=[f"partition {partition} below {offset}"],
    ):
        try:
            start = replica.advance_log_start(offset)
            context.replicas.checkpoint()
        except (LogError, DiskError) as error:
            raise translate_storage_error(error) from error
    return start
