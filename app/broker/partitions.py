"""What verbs need to find a partition: in the metadata, and its replica on this node."""

import logging

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    CorruptMessage,
    FencedLeaderEpoch,
    InvalidProducerEpoch,
    InvalidRecord,
    InvalidTimestamp,
    InvalidTopic,
    InvalidTxnState,
    KafkaStorageError,
    LogDirFull,
    MessageTooLarge,
    NotLeaderOrFollower,
    OffsetOutOfRange,
    OutOfOrderSequenceNumber,
    TooManyOpenFiles,
    UnknownLeaderEpoch,
    UnknownTopicOrPartition,
    UnsupportedCompressionType,
)
from app.cluster.metadata_image import PartitionMetadata, TopicMetadata
from app.replication.partition import Partition
from storage import errors as storage_errors

_logger = logging.getLogger(__name__)

ANY_LEADER_EPOCH = -1
"""What a client says that does not know the leader's epoch."""

_TRANSLATION: tuple[tuple[type[Exception], type[BrokerError]], ...] = (
    (storage_errors.OffsetOutOfRange, OffsetOutOfRange),
    (storage_errors.BatchTooLarge, MessageTooLarge),
    (storage_errors.InvalidTimestamp, InvalidTimestamp),
    (storage_errors.CorruptBatch, CorruptMessage),
    (storage_errors.InvalidBatch, InvalidRecord),
    (storage_errors.OutOfOrderSequence, OutOfOrderSequenceNumber),
    (storage_errors.InvalidProducerEpoch, InvalidProducerEpoch),
    (storage_errors.InvalidTransaction, InvalidTxnState),
    (storage_errors.UnsupportedCompression, UnsupportedCompressionType),
    (storage_errors.LogDeleted, KafkaStorageError),
    (storage_errors.LogDirFull, LogDirFull),
)

_OF_THE_MACHINE: tuple[tuple[type[Exception], type[BrokerError], str], ...] = (
    (storage_errors.LogOffline, KafkaStorageError, "The log is offline: see the server's log"),
    (
        storage_errors.CorruptLog,
        KafkaStorageError,
        "The log is damaged: see the server's log",
    ),
    (
        storage_errors.DiskFull,
        LogDirFull,
        "The disk is full: delete records, or make room",
    ),
    (
        storage_errors.TooManyOpenFiles,
        TooManyOpenFiles,
        "The server can open no file now",
    ),
    (storage_errors.DiskError, KafkaStorageError, "The disk failed: see the server's log"),
)
"""What is told in the place of errors that name files: those are for the server's log."""

_SAID_BEFORE = (storage_errors.LogOffline, storage_errors.PassingDiskError)
"""Whatever took a log offline was logged then; what passes would fill the server's log."""


def translate_storage_error(error: Exception) -> BrokerError:
    """Return the verb's refusal for one of the log's; it names no file of this machine."""
    for theirs, ours in _TRANSLATION:
        if isinstance(error, theirs):
            return ours(str(error))
    for theirs, ours, told in _OF_THE_MACHINE:
        if isinstance(error, theirs):
            if not isinstance(error, _SAID_BEFORE):
                _logger.error("%s", error)
            return ours(told)
    return KafkaStorageError(str(error))


def partition_metadata(topic: TopicMetadata, partition: int) -> PartitionMetadata:
    """Return the metadata of one partition.

    Raises:
        UnknownTopicOrPartition: The topic has no such partition.
    """
    if not 0 <= partition < len(topic.partitions):
        raise UnknownTopicOrPartition(
            f"Topic {topic.name!r} has partitions 0 to {len(topic.partitions) - 1}, not {partition}"
        )
    return topic.partitions[partition]


def require_no_internal_topic(topic: TopicMetadata, verb: str = "append to") -> None:
    """Refuse a topic whose records are the broker's own: strangers there would break its state.

    Raises:
        InvalidTopic: It is one (as Kafka's ``ReplicaManager.appendToLocalLog`` and
            ``deleteRecordsOnLocalLog`` refuse it).
    """
    if topic.is_internal:
        raise InvalidTopic(f"Cannot {verb} internal topic {topic.name!r}")


def local_leader(context: BrokerContext, metadata: PartitionMetadata) -> Partition:
    """Return this node's replica of a partition that it leads.

    Raises:
        NotLeaderOrFollower: Another node leads it, or this one has not opened it yet.
    """
    replica = context.replicas.get(metadata.topic_id, metadata.partition)
    if replica is None or metadata.leader != context.node_id:
        raise NotLeaderOrFollower(
            f"Node {context.node_id} does not lead {metadata.topic_name}-{metadata.partition}"
        )
    return replica


def check_leader_epoch(metadata: PartitionMetadata, known: int) -> None:
    """Refuse a client that knows of another reign of the partition's leader (KIP-320).

    Args:
        metadata: The partition's.
        known: The epoch that the client knows; ``ANY_LEADER_EPOCH`` if it does not care.

    Raises:
        FencedLeaderEpoch: An older one.
        UnknownLeaderEpoch: A newer one.
    """
    if known in (ANY_LEADER_EPOCH, metadata.leader_epoch):
        return
    where = f"{metadata.topic_name}-{metadata.partition} is at leader epoch {metadata.leader_epoch}"
    if known < metadata.leader_epoch:
        raise FencedLeaderEpoch(f"{where}, not {known} any more")
    raise UnknownLeaderEpoch(f"{where}, not yet {known}")
