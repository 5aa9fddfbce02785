import pytest

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.wire.messages.offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)
from app.wire.messages.topics import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopic,
)
from tests.support.broker import NOW_MS, Guards, append, guarded
from tests.support.wire_calls import ask


async def listed(
    broker: BrokerContext,
    timestamp: int,
    version: int = 11,
    *,
    isolation_level: int = 0,
    **changes: int,
) -> ListOffsetsPartitionResponse:
    wanted = ListOffsetsPartition(timestamp=timestamp, **changes)
    topics = [ListOffsetsTopic(name="t", partitions=[wanted])]
    request = ListOffsetsRequest(replica_id=-1, isolation_level=isolation_level, topics=topics)
    response = await ask(broker, request, ListOffsetsResponse, version)
    return response.topics[0].partitions[0]


async def fill(broker: BrokerContext) -> None:
    for number, ahead in enumerate([0, 20, 10]):
        await append(broker, bytes([number]), timestamp_ms=NOW_MS + ahead)


@pytest.mark.parametrize("version", range(1, 12))
@pytest.mark.parametrize("isolation_level", [0, 1])
async def test_special_and_ordinary_timestamps_find_their_offsets(
    broker: BrokerContext, version: int, isolation_level: int
) -> None:
    await fill(broker)
    expected = {
        -1: (3, -1),
        -2: (0, -1),
        -3: (1, NOW_MS + 20),
        -4: (0, -1),
        -5: (-1, -1),
        -6: (-1, -1),
        0: (0, NOW_MS),
        NOW_MS + 1: (1, NOW_MS + 20),
        NOW_MS + 21: (-1, -1),
    }

    for timestamp, place in expected.items():
        found = await listed(broker, timestamp, version, isolation_level=isolation_level)
        assert (found.error_code, found.offset, found.timestamp) == (0, *place)


async def test_what_cannot_be_listed_says_why(broker: BrokerContext) -> None:
    assert (await listed(broker, -7)).error_code == 42
    assert (await listed(broker, -1, partition_index=9)).error_code == 3
    assert (await listed(broker, -1, current_leader_epoch=2)).error_code == 75


@pytest.mark.parametrize("version", range(2, 5))
@pytest.mark.parametrize(
    ("epoch", "known", "expected"),
    [(0, -1, (0, 0, 3)), (0, 0, (0, 0, 3)), (1, -1, (0, -1, -1)), (0, 1, (75, -1, -1))],
)
async def test_an_epoch_s_end_is_told(
    broker: BrokerContext, version: int, epoch: int, known: int, expected: tuple[int, int, int]
) -> None:
    await fill(broker)
    wanted = OffsetForLeaderPartition(partition=0, leader_epoch=epoch, current_leader_epoch=known)
    request = OffsetForLeaderEpochRequest(
        topics=[OffsetForLeaderTopic(topic="t", partitions=[wanted])]
    )

    response = await ask(broker, request, OffsetForLeaderEpochResponse, version)

    (found,) = response.topics[0].partitions
    assert (found.error_code, found.leader_epoch, found.end_offset) == expected


@pytest.mark.parametrize("version", range(3))
async def test_records_below_an_offset_are_deleted(broker: BrokerContext, version: int) -> None:
    await fill(broker)
    wanted = [
        DeleteRecordsPartition(partition_index=0, offset=2),
        DeleteRecordsPartition(partition_index=1, offset=5),
        DeleteRecordsPartition(partition_index=0, offset=-1),
    ]
    request = DeleteRecordsRequest(topics=[DeleteRecordsTopic(name="t", partitions=wanted)])

    response = await ask(broker, request, DeleteRecordsResponse, version)

    found = [(one.error_code, one.low_watermark) for one in response.topics[0].partitions]
    assert found == [(0, 2), (1, -1), (0, 3)]
    assert (await listed(broker, -2)).offset == 3


async def test_a_partition_that_is_listed_twice_is_refused(broker: BrokerContext) -> None:
    await fill(broker)
    twice = [ListOffsetsPartition(partition_index=one, timestamp=NOW_MS) for one in (0, 1, 0)]
    request = ListOffsetsRequest(topics=[ListOffsetsTopic(name="t", partitions=twice)])

    response = await ask(broker, request, ListOffsetsResponse, 7)

    found = [(one.partition_index, one.error_code) for one in response.topics[0].partitions]
    assert found == [(0, 42), (1, 0), (0, 42)]


async def test_what_is_in_another_tier_is_told_to_who_may_see_the_topic(
    broker: BrokerContext,
) -> None:
    closed = guarded(broker, Guards(refused=frozenset({Operation.DESCRIBE})))

    assert [(await listed(closed, one)).error_code for one in (-5, -6)] == [29, 29]
    assert [(await listed(broker, one, partition_index=9)).error_code for one in (-5, -6)] == [3, 3]
