import pytest

from app.broker.context import BrokerContext
from app.broker.partitions import local_leader
from app.security.acls import Operation
from app.wire.messages.cluster import (
    DescribableLogDirTopic,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
)
from tests.support.broker import Guards, append, guarded
from tests.support.wire_calls import ask


async def test_every_version_tells_where_logs_lie_and_how_large_they_are(
    broker: BrokerContext,
) -> None:
    await append(broker, b"a")
    await append(broker, b"b" * 100, partition=1)
    for version in range(1, 5):
        asked = DescribeLogDirsRequest(topics=None)
        response = await ask(broker, asked, DescribeLogDirsResponse, version)

        (found,) = response.results
        assert (found.error_code, found.log_dir) == (0, str(broker.replicas.log_dirs[0].path))
        sizes = {one.partition_index: one.partition_size for one in found.topics[0].partitions}
        assert 0 < sizes[0] < sizes[1]
        if version >= 4:
            assert 0 < found.usable_bytes <= found.total_bytes


async def test_only_the_logs_asked_for_are_told(broker: BrokerContext) -> None:
    await append(broker, b"a")
    await append(broker, b"b", partition=1)
    asked = DescribeLogDirsRequest(topics=[DescribableLogDirTopic(topic="t", partitions=[1, 7])])

    response = await ask(broker, asked, DescribeLogDirsResponse, 4)

    assert [one.partition_index for one in response.results[0].topics[0].partitions] == [1]


async def test_a_fenced_directory_says_so(broker: BrokerContext) -> None:
    await append(broker, b"a")
    commit = local_leader(broker, broker.image.topics["t"].partitions[0]).commit
    assert commit is not None
    commit.fence("it failed")

    response = await ask(broker, DescribeLogDirsRequest(topics=None), DescribeLogDirsResponse, 4)

    (found,) = response.results
    assert (found.error_code, found.topics[0].partitions[0].partition_index) == (56, 0)


@pytest.mark.parametrize("version", [3, 4])
async def test_who_may_not_is_told_nothing(broker: BrokerContext, version: int) -> None:
    refusing = guarded(broker, Guards(refused=frozenset({Operation.DESCRIBE})))

    response = await ask(
        refusing, DescribeLogDirsRequest(topics=None), DescribeLogDirsResponse, version
    )

    assert (response.error_code, response.results) == (31, [])
