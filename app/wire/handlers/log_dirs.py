"""DescribeLogDirs: what lies where on this node. From version 3 on the whole may be refused.

Source: KIP-113, KIP-827.
"""

from app.broker.errors import BrokerError, KafkaStorageError
from app.broker.node import DescribedLogDir, TopicPartition, describe_log_dirs
from app.wire.call import Call
from app.wire.messages.cluster import (
    DescribeLogDirsPartition,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    DescribeLogDirsResult,
    DescribeLogDirsTopic,
)
from app.wire.registry import serve


def describe_log_dirs_of_node(
    call: Call, request: DescribeLogDirsRequest
) -> DescribeLogDirsResponse:
    """Tell each directory with the logs that are asked for, or all."""
    wanted: set[TopicPartition] | None = None
    if request.topics is not None:
        wanted = {(one.topic, partition) for one in request.topics for partition in one.partitions}
    try:
        found = describe_log_dirs(call.broker, call.principal)
    except BrokerError as error:
        return DescribeLogDirsResponse(error_code=error.code)
    return DescribeLogDirsResponse(results=[_result(one, wanted) for one in found])


def _result(found: DescribedLogDir, wanted: set[TopicPartition] | None) -> DescribeLogDirsResult:
    topics: dict[str, DescribeLogDirsTopic] = {}
    for (name, partition), size in found.sizes.items():
        if wanted is None or (name, partition) in wanted:
            topic = topics.setdefault(name, DescribeLogDirsTopic(name=name))
            topic.partitions.append(
                DescribeLogDirsPartition(partition_index=partition, partition_size=size)
            )
    return DescribeLogDirsResult(
        error_code=0 if found.offline is None else KafkaStorageError.code,
        log_dir=str(found.path),
        topics=list(topics.values()),
        total_bytes=found.total_bytes,
        usable_bytes=found.usable_bytes,
    )


SERVED = (serve(DescribeLogDirsRequest, describe_log_dirs_of_node, droppable=True),)
