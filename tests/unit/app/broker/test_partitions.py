"""Finding a partition and this node's replica of it."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker import errors
from app.broker.context import BrokerContext
from app.broker.partitions import (
    local_leader,
    partition_metadata,
    require_no_internal_topic,
    translate_storage_error,
)
from app.cluster.metadata_image import TopicMetadata
from storage import errors as storage


@pytest.mark.parametrize("partition", [-1, 2, 2**31])
def test_partition_that_the_topic_has_not_is_refused(
    context: BrokerContext, partition: int
) -> None:
    with pytest.raises(errors.UnknownTopicOrPartition, match=f"partitions 0 to 1, not {partition}"):
        partition_metadata(context.topic("t"), partition)


def test_partition_and_its_replica_are_found(context: BrokerContext) -> None:
    metadata = partition_metadata(context.topic("t"), 1)

    replica = local_leader(context, metadata)

    assert (metadata.partition, metadata.leader) == (1, context.node_id)
    assert replica is context.replicas.get(metadata.topic_id, 1)


def test_partition_that_another_node_leads_is_not_served_here(context: BrokerContext) -> None:
    metadata = replace(partition_metadata(context.topic("t"), 0), leader=context.node_id + 1)

    with pytest.raises(errors.NotLeaderOrFollower, match="does not lead t-0"):
        local_leader(context, metadata)


def test_partition_that_this_node_has_not_opened_is_not_served(context: BrokerContext) -> None:
    metadata = replace(partition_metadata(context.topic("t"), 0), topic_id="another")

    with pytest.raises(errors.NotLeaderOrFollower):
        local_leader(context, metadata)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (storage.OffsetOutOfRange(5, 0, 3), errors.OffsetOutOfRange),
        (storage.BatchTooLarge(5, 3), errors.MessageTooLarge),
        (storage.InvalidTimestamp("old"), errors.InvalidTimestamp),
        (storage.CorruptBatch("bits"), errors.CorruptMessage),
        (storage.InvalidBatch("control"), errors.InvalidRecord),
        (storage.UnsupportedCompression("5"), errors.UnsupportedCompressionType),
        (storage.LogDeleted("topic 't' was deleted"), errors.KafkaStorageError),
        (storage.LogDirFull(Path("t-0"), 1, 2), errors.LogDirFull),
        (storage.LogExists("t-0"), errors.KafkaStorageError),
    ],
)
def test_refusal_of_the_log_keeps_its_words(theirs: Exception, ours: type) -> None:
    found = translate_storage_error(theirs)

    assert type(found) is ours
    assert str(found) == str(theirs)


@pytest.mark.parametrize(
    ("theirs", "ours", "is_logged"),
    [
        (storage.LogOffline("/data/logs fenced"), errors.KafkaStorageError, False),
        (storage.CorruptLog(Path("/data/t-0"), "hole"), errors.KafkaStorageError, True),
        (storage.DiskError("cannot read /data/t-0"), errors.KafkaStorageError, True),
        (storage.DiskFull("cannot write /data/t-0"), errors.LogDirFull, False),
        (storage.TooManyOpenFiles("cannot open /data/t-0"), errors.TooManyOpenFiles, False),
        (storage.LogDirFull(Path("/data"), 1, 2), errors.LogDirFull, False),
    ],
)
def test_clients_are_told_of_no_file_of_the_machine(
    theirs: Exception, ours: type, is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    found = translate_storage_error(theirs)

    assert type(found) is ours
    assert "/data" not in str(found)
    assert ("/data" in caplog.text) is is_logged


@pytest.mark.parametrize("is_internal", [True, False])
def test_internal_topics_are_not_appended_to(is_internal: bool) -> None:
    topic = TopicMetadata(
        topic_id="i", name="n", is_internal=is_internal, partitions=(), configs={}
    )

    with pytest.raises(errors.InvalidTopic) if is_internal else nullcontext():
        require_no_internal_topic(topic)
