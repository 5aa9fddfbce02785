from cauce.cli.topic_description import PartitionDescription
from cauce.client.topics import PartitionOffsets, Replica


def partition(*replicas: Replica) -> PartitionDescription:
    return PartitionDescription(
        partition_id=0,
        replicas=replicas,
        offsets=PartitionOffsets(earliest_offset=0, latest_offset=0),
    )


def test_leader_is_the_replica_that_says_so() -> None:
    described = partition(
        Replica(broker_id=1, is_leader=False, is_in_sync=False),
        Replica(broker_id=2, is_leader=True, is_in_sync=True),
    )

    assert (described.leader, described.in_sync) == (2, [2])


def test_leader_is_none_while_nobody_leads() -> None:
    assert partition(Replica(broker_id=1, is_leader=False, is_in_sync=True)).leader is None
