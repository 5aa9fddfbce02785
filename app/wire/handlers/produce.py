"""Produce and InitProducerId.

Versions of Produce: 0 to 2 are advertised and not served, for librdkafka compresses only where it
sees them (KAFKA-18659); from 5 on the log's start is told, from 8 on why a batch was refused, from
10 on who leads instead. Batches are appended from the frame that brought them. Who asked for no
answer (acks 0) and is refused finds its connection closed, so that it looks for the leader anew.
Source: ``KafkaApis.handleProduceRequest``; KIP-98, KIP-467, KIP-951.
"""

from collections.abc import Coroutine, Sequence

from app.broker.append_batches import AppendedBatch, BatchToAppend, append_batches
from app.broker.errors import BrokerError, InvalidRequest, NotLeaderOrFollower, UnsupportedVersion
from app.broker.produce import ACKS_NONE
from app.broker.producers import new_producer
from app.wire.call import Call
from app.wire.handlers.addresses import advertised_address, leadership
from app.wire.messages.produce import (
    BatchIndexAndErrorMessage,
    InitProducerIdRequest,
    InitProducerIdResponse,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceResponse,
)
from app.wire.registry import HangUp, serve

LEADER_SINCE = 10
NO_PRODUCER_ID = -1
_Answer = ProduceResponse | HangUp | None
NO_TRANSACTIONS = UnsupportedVersion("transactions are not served here")


def produce(call: Call, request: ProduceRequest) -> _Answer | Coroutine[None, None, _Answer]:
    """Append each partition's batch."""
    batches = [
        BatchToAppend(
            topic_name=topic.name,
            partition=partition.index,
            batch=partition.records if partition.records is not None else bytearray(),
        )
        for topic in request.topic_data
        for partition in topic.partition_data
    ]
    if request.transactional_id is not None:
        return _answer(call, request, [AppendedBatch(error=NO_TRANSACTIONS) for _ in batches])
    outcomes = append_batches(
        call.broker, call.principal, batches, acks=request.acks, timeout_ms=request.timeout_ms
    )
    if isinstance(outcomes, list):
        return _answer(call, request, outcomes)
    return _await(call, request, outcomes)


async def _await(
    call: Call, request: ProduceRequest, outcomes: Coroutine[None, None, list[AppendedBatch]]
) -> _Answer:
    return _answer(call, request, await outcomes)


def _answer(call: Call, request: ProduceRequest, outcomes: Sequence[AppendedBatch]) -> _Answer:
    if request.acks == ACKS_NONE:
        refused = next((one.error for one in outcomes if one.error is not None), None)
        if refused is None:
            return None
        return HangUp(f"records that were to have no answer are refused: {refused.name}")
    response = ProduceResponse()
    position = 0
    for topic in request.topic_data:
        partitions = []
        for partition in topic.partition_data:
            outcome = outcomes[position]
            position += 1
            made = PartitionProduceResponse(
                index=partition.index,
                base_offset=outcome.base_offset,
                log_append_time_ms=outcome.log_append_time_ms,
                log_start_offset=outcome.log_start_offset,
            )
            if outcome.record_errors:
                made.record_errors = [
                    BatchIndexAndErrorMessage(batch_index=at, batch_index_error_message=why)
                    for at, why in outcome.record_errors
                ]
            if outcome.error is not None:
                _refuse(call, response, topic.name, made, outcome.error)
            partitions.append(made)
        response.responses.append(
            TopicProduceResponse(name=topic.name, partition_responses=partitions)
        )
    return response


def _refuse(
    call: Call,
    response: ProduceResponse,
    topic_name: str,
    made: PartitionProduceResponse,
    error: BrokerError,
) -> None:
    made.error_code = error.code
    made.error_message = str(error)
    if isinstance(error, NotLeaderOrFollower) and call.api_version >= LEADER_SINCE:
        leader = leadership(call, topic_name, made.index)
        if leader is None:
            return
        made.current_leader = LeaderIdAndEpoch(
            leader_id=leader.leader, leader_epoch=leader.leader_epoch
        )
        known = {one.node_id for one in response.node_endpoints}
        if leader.leader in call.broker.image.brokers and leader.leader not in known:
            host, port = advertised_address(call, leader.leader)
            response.node_endpoints.append(
                NodeEndpoint(node_id=leader.leader, host=host, port=port)
            )


async def init_producer_id(call: Call, request: InitProducerIdRequest) -> InitProducerIdResponse:
    """Give an idempotent producer a new id, whichever one it had before (KIP-360)."""
    response = InitProducerIdResponse(producer_id=NO_PRODUCER_ID, producer_epoch=-1)
    if request.transactional_id is not None:
        empty = InvalidRequest("a transactional id must not be empty")
        response.error_code = (NO_TRANSACTIONS if request.transactional_id else empty).code
        return response
    try:
        response.producer_id, response.producer_epoch = await new_producer(
            call.broker, call.principal
        )
    except BrokerError as error:
        response.error_code = error.code
    return response


SERVED = (
    serve(ProduceRequest, produce, advertised_min=0, pipelined=True),
    serve(InitProducerIdRequest, init_producer_id),
)
