"""What a verb may refuse, each with Kafka's number and name.

Invariant: a ``BrokerError`` means that nothing was changed, unless its class says that the
outcome is unknown. Doors translate the class to their own dialect (``app/api/errors.py``).
Source: Kafka's protocol guide, "Error Codes".
"""

from typing import ClassVar, Self


class BrokerError(Exception):
    """A verb refuses or could not finish."""

    code: ClassVar[int] = -1
    name: ClassVar[str] = "UNKNOWN_SERVER_ERROR"
    retriable: ClassVar[bool] = False
    outcome_unknown: ClassVar[bool] = False
    """True where the change may have happened all the same."""

    def as_outcome(self) -> Self:
        """Return it as a value to keep, without the frames that it came through.

        A frame that keeps the error of its own ``except`` is a cycle, and all that its callees
        held, such as a batch and what it was decompressed to, would stay until the collector
        comes by.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class OffsetOutOfRange(BrokerError):
    """The offset is below the log's start or beyond what may be read."""

    code = 1
    name = "OFFSET_OUT_OF_RANGE"


class CorruptMessage(BrokerError):
    """A batch's bytes are not a valid batch."""

    code = 2
    name = "CORRUPT_MESSAGE"
    retriable = True


class UnknownTopicOrPartition(BrokerError):
    """No such topic, or it has no such partition."""

    code = 3
    name = "UNKNOWN_TOPIC_OR_PARTITION"
    retriable = True


class NotLeaderOrFollower(BrokerError):
    """This node does not hold the partition's leader."""

    code = 6
    name = "NOT_LEADER_OR_FOLLOWER"
    retriable = True


class RequestTimedOut(BrokerError):
    """The deadline passed; whether the change was made is unknown."""

    code = 7
    name = "REQUEST_TIMED_OUT"
    retriable = True
    outcome_unknown = True


class MessageTooLarge(BrokerError):
    """A batch is larger than ``max.message.bytes``."""

    code = 10
    name = "MESSAGE_TOO_LARGE"


class InvalidTopic(BrokerError):
    """The topic name is not one that Kafka allows."""

    code = 17
    name = "INVALID_TOPIC_EXCEPTION"


class TopicAuthorizationFailed(BrokerError):
    """The principal may not do this to the topic."""

    code = 29
    name = "TOPIC_AUTHORIZATION_FAILED"


class ClusterAuthorizationFailed(BrokerError):
    """The principal may not do this to the cluster."""

    code = 31
    name = "CLUSTER_AUTHORIZATION_FAILED"


class InvalidTimestamp(BrokerError):
    """A record's timestamp is outside what the topic allows."""

    code = 32
    name = "INVALID_TIMESTAMP"


class TopicAlreadyExists(BrokerError):
    """The name is taken, or collides with one that is."""

    code = 36
    name = "TOPIC_ALREADY_EXISTS"


class InvalidPartitions(BrokerError):
    """The number of partitions is not possible."""

    code = 37
    name = "INVALID_PARTITIONS"


class InvalidReplicationFactor(BrokerError):
    """The replication factor is below one or above the number of brokers."""

    code = 38
    name = "INVALID_REPLICATION_FACTOR"


class InvalidReplicaAssignment(BrokerError):
    """The assignment names unknown brokers, repeats one or leaves a partition out."""

    code = 39
    name = "INVALID_REPLICA_ASSIGNMENT"


class InvalidConfig(BrokerError):
    """A config key is unknown or its value not allowed."""

    code = 40
    name = "INVALID_CONFIG"


class InvalidRequest(BrokerError):
    """The request contradicts itself or the protocol."""

    code = 42
    name = "INVALID_REQUEST"


class OutOfOrderSequenceNumber(BrokerError):
    """A batch of an idempotent producer is not the one that comes next."""

    code = 45
    name = "OUT_OF_ORDER_SEQUENCE_NUMBER"


class InvalidProducerEpoch(BrokerError):
    """A newer incarnation of the producer has written."""

    code = 47
    name = "INVALID_PRODUCER_EPOCH"


class InvalidTxnState(BrokerError):
    """A batch does not fit the transaction that its producer has, or has not, open."""

    code = 48
    name = "INVALID_TXN_STATE"


class FencedLeaderEpoch(BrokerError):
    """The client knows of an older reign of the partition's leader (KIP-320)."""

    code = 74
    name = "FENCED_LEADER_EPOCH"
    retriable = True


class UnknownLeaderEpoch(BrokerError):
    """The client knows of a newer reign than this node."""

    code = 75
    name = "UNKNOWN_LEADER_EPOCH"
    retriable = True


class UnknownTopicId(BrokerError):
    """No topic has this id."""

    code = 100
    name = "UNKNOWN_TOPIC_ID"
    retriable = True


class InvalidRequiredAcks(BrokerError):
    """Acknowledgements are -1 (all), 0 (none) or 1 (the leader's)."""

    code = 21
    name = "INVALID_REQUIRED_ACKS"


class UnsupportedVersion(BrokerError):
    """What is asked for is not served here."""

    code = 35
    name = "UNSUPPORTED_VERSION"


class IllegalSaslState(BrokerError):
    """Nobody asked for it: no handshake came before."""

    code = 34
    name = "ILLEGAL_SASL_STATE"


class UnsupportedSaslMechanism(BrokerError):
    """The mechanism is not offered."""

    code = 33
    name = "UNSUPPORTED_SASL_MECHANISM"


class SaslAuthenticationFailed(BrokerError):
    """The client did not show who it is."""

    code = 58
    name = "SASL_AUTHENTICATION_FAILED"


class PolicyViolation(BrokerError):
    """A limit of this installation forbids it."""

    code = 44
    name = "POLICY_VIOLATION"


class KafkaStorageError(BrokerError):
    """The disk failed, or the log is offline; appended records may or may not survive."""

    code = 56
    name = "KAFKA_STORAGE_ERROR"
    retriable = True
    outcome_unknown = True


class LogDirFull(KafkaStorageError):
    """There is no room for the records at the moment; nothing was appended."""

    outcome_unknown = False


class AuditUnavailable(KafkaStorageError):
    """The change cannot be written down in the audit log; nothing was changed."""

    outcome_unknown = False


class TooManyOpenFiles(KafkaStorageError):
    """The node can open no file at the moment; nothing was appended."""

    outcome_unknown = False


class UnsupportedCompressionType(BrokerError):
    """The batch's compression cannot be used here."""

    code = 76
    name = "UNSUPPORTED_COMPRESSION_TYPE"


class InvalidRecord(BrokerError):
    """A record or batch is well formed but may not be appended to this topic."""

    code = 87
    name = "INVALID_RECORD"


class CoordinatorNotAvailable(BrokerError):
    """The metadata database cannot be asked at the moment; nothing was changed, or it is unknown.

    Kafka has no metadata database; its nearest number is that of a coordinator that is away.
    """

    code = 15
    name = "COORDINATOR_NOT_AVAILABLE"
    retriable = True
    outcome_unknown = True


class ThrottlingQuotaExceeded(BrokerError):
    """The principal's quota is used up for now."""

    code = 89
    name = "THROTTLING_QUOTA_EXCEEDED"
    retriable = True

    def __init__(self, message: str, *, retry_after_ms: int = 0) -> None:
        """Say why, and when it may be tried again."""
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class CoordinatorLoadInProgress(BrokerError):
    """The group's coordinator is still reading what it knows of it."""

    code = 14
    name = "COORDINATOR_LOAD_IN_PROGRESS"
    retriable = True


class NotCoordinator(BrokerError):
    """Another node coordinates the group, or the write of it was not taken."""

    code = 16
    name = "NOT_COORDINATOR"
    retriable = True
    outcome_unknown = True


class IllegalGeneration(BrokerError):
    """The group is in another generation."""

    code = 22
    name = "ILLEGAL_GENERATION"


class InvalidGroupId(BrokerError):
    """A group id must not be empty."""

    code = 24
    name = "INVALID_GROUP_ID"


class UnknownMemberId(BrokerError):
    """The group has members, and this is not one of them."""

    code = 25
    name = "UNKNOWN_MEMBER_ID"


class RebalanceInProgress(BrokerError):
    """The group is being rebalanced."""

    code = 27
    name = "REBALANCE_IN_PROGRESS"


class GroupAuthorizationFailed(BrokerError):
    """The principal may not do this to the group."""

    code = 30
    name = "GROUP_AUTHORIZATION_FAILED"


class NonEmptyGroup(BrokerError):
    """The group has members."""

    code = 68
    name = "NON_EMPTY_GROUP"


class GroupIdNotFound(BrokerError):
    """There is no such group."""

    code = 69
    name = "GROUP_ID_NOT_FOUND"


class GroupMaxSizeReached(BrokerError):
    """There are as many members or groups as there may be."""

    code = 81
    name = "GROUP_MAX_SIZE_REACHED"


class InvalidCommitOffsetSize(BrokerError):
    """The offsets of one commit do not fit a batch."""

    code = 28
    name = "INVALID_COMMIT_OFFSET_SIZE"


class InvalidRegularExpression(BrokerError):
    """A pattern of topics is not a regular expression, or too large a one."""

    code = 128
    name = "INVALID_REGULAR_EXPRESSION"


class ResourceNotFound(BrokerError):
    """There is no such user, key or token."""

    code = 91
    name = "RESOURCE_NOT_FOUND"


class DuplicateResource(BrokerError):
    """There is such a user already."""

    code = 92
    name = "DUPLICATE_RESOURCE"


class UnacceptableCredential(BrokerError):
    """The password, or what was made of one, is not one that may be."""

    code = 93
    name = "UNACCEPTABLE_CREDENTIAL"


class UserAuthorizationFailed(ClusterAuthorizationFailed):
    """The principal may not do this to what the user logs in with."""


class DelegationTokenNotFound(BrokerError):
    """No delegation token has this secret."""

    code = 62
    name = "DELEGATION_TOKEN_NOT_FOUND"


class DelegationTokenOwnerMismatch(BrokerError):
    """The delegation token is neither the principal's own nor its to renew."""

    code = 63
    name = "DELEGATION_TOKEN_OWNER_MISMATCH"


class DelegationTokenRequestNotAllowed(BrokerError):
    """Who did not log in, or did so with a delegation token, cannot ask for these."""

    code = 64
    name = "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED"


class DelegationTokenAuthorizationFailed(BrokerError):
    """The principal may not make delegation tokens of this owner."""

    code = 65
    name = "DELEGATION_TOKEN_AUTHORIZATION_FAILED"


class DelegationTokenExpired(BrokerError):
    """The delegation token is over."""

    code = 66
    name = "DELEGATION_TOKEN_EXPIRED"


class InvalidPrincipalType(BrokerError):
    """Only users may own or renew delegation tokens."""

    code = 67
    name = "INVALID_PRINCIPAL_TYPE"
