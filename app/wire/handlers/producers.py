"""DescribeProducers: the idempotent producers that partitions know.

Source: KIP-664.
"""

from app.broker.errors import BrokerError
from app.broker.producers import describe_producers
from app.wire.call import Call
from app.wire.messages.cluster import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    PartitionResponse,
    ProducerState,
    TopicResponse,
)
from app.wire.registry import serve

NO_OFFSET = -1


def describe_producers_of_partitions(
    call: Call, request: DescribeProducersRequest
) -> DescribeProducersResponse:
    """Tell the producers of each partition, of each of them once."""
    wanted: dict[str, dict[int, None]] = {}
    for topic in request.topics:
        wanted.setdefault(topic.name, {}).update(dict.fromkeys(topic.partition_indexes))
    return DescribeProducersResponse(
        topics=[
            TopicResponse(name=name, partitions=[_partition(call, name, one) for one in some])
            for name, some in wanted.items()
        ]
    )


def _partition(call: Call, topic_name: str, partition: int) -> PartitionResponse:
    made = PartitionResponse(partition_index=partition)
    try:
        found = describe_producers(call.broker, call.principal, topic_name, partition)
    except BrokerError as error:
        made.error_code, made.error_message = error.code, str(error)
        return made
    made.active_producers = [
        ProducerState(
            producer_id=producer_id,
            producer_epoch=known.epoch,
            last_sequence=known.last_sequence,
            last_timestamp=known.seen_ms,
            coordinator_epoch=known.coordinator_epoch,
            current_txn_start_offset=(
                NO_OFFSET if known.transaction_start is None else known.transaction_start
            ),
        )
        for producer_id, known in found.items()
    ]
    return made


SERVED = (serve(DescribeProducersRequest, describe_producers_of_partitions, droppable=True),)
