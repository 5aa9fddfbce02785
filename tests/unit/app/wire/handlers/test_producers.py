from app.broker.context import BrokerContext
from app.broker.partitions import local_leader
from app.wire.messages.cluster import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    TopicRequest,
)
from storage.format.builder import build_batch
from tests.support.broker import NOW_MS
from tests.support.wire_calls import ask


async def test_the_producers_of_a_partition_are_told(broker: BrokerContext) -> None:
    replica = local_leader(broker, broker.image.topics["t"].partitions[0])
    records = [(NOW_MS, None, b"a", ()), (NOW_MS, None, b"b", ())]
    batch = build_batch(records, producer_id=7, producer_epoch=3, base_sequence=0)
    replica.append_as_leader(batch, leader_epoch=0, now_ms=NOW_MS)
    asked = DescribeProducersRequest(topics=[TopicRequest(name="t", partition_indexes=[0, 1, 9])])

    response = await ask(broker, asked, DescribeProducersResponse, 0)

    first, second, third = response.topics[0].partitions
    (known,) = first.active_producers
    assert (known.producer_id, known.producer_epoch, known.last_sequence) == (7, 3, 1)
    assert (known.last_timestamp, known.current_txn_start_offset) == (NOW_MS, -1)
    assert (second.error_code, second.active_producers) == (0, [])
    assert (third.error_code, bool(third.error_message)) == (3, True)


async def test_a_partition_that_is_named_again_is_told_once(broker: BrokerContext) -> None:
    topics = [TopicRequest(name="t", partition_indexes=[0, 0, 1])] * 2

    response = await ask(
        broker, DescribeProducersRequest(topics=topics), DescribeProducersResponse, 0
    )

    (topic,) = response.topics
    assert [one.partition_index for one in topic.partitions] == [0, 1]
