"""What each API of the Kafka door needs, and what its request in the matrix test says.

A new API has its line here, or the tidy tests fail: who may is decided when it is made.
"""

from typing import Any, NamedTuple

from tests.contract.security.routes import ADMINS, EVERYBODY, LOGGED_IN, OWNERS, READERS
from tests.support.security.tenants import GROUP, OWNER, PRINCIPALS, TOPIC


class Api(NamedTuple):
    """What an API needs."""

    who: frozenset[str] | None
    fields: dict[str, Any] = {}  # noqa: RUF012 - of a tuple that nobody changes
    """What is not to be as its name says, anywhere in the request."""

    is_filtered: bool = False
    """Nobody is refused, and only readers find the owner's things in the answer."""


_OF_OWNER = {
    "owner_principal_type": "User",
    "owner_principal_name": PRINCIPALS[OWNER].name,
    "renewers": [],
}
_FILTER = {"resource_type_filter": 7, "operation": 1, "permission_type": 1}
APIS = {
    "ApiVersions": Api(EVERYBODY),
    "SaslHandshake": Api(EVERYBODY),
    "SaslAuthenticate": Api(EVERYBODY),
    "Metadata": Api(EVERYBODY, {"topics": None}, is_filtered=True),
    "DescribeTopicPartitions": Api(EVERYBODY, {"topics": [], "cursor": None}, is_filtered=True),
    "ListGroups": Api(EVERYBODY, {"states_filter": [], "types_filter": []}, is_filtered=True),
    "DescribeCluster": Api(EVERYBODY, {"endpoint_type": 1}),
    "DescribeAcls": Api(ADMINS, _FILTER),
    "CreateAcls": Api(ADMINS),
    "DeleteAcls": Api(ADMINS, _FILTER),
    "DescribeClientQuotas": Api(ADMINS, {"components": [], "strict": False}),
    "AlterClientQuotas": Api(
        ADMINS,
        {"entity_type": "user", "entity_name": "x", "key": "producer_byte_rate", "value": 1e9},
    ),
    "DescribeUserScramCredentials": Api(ADMINS, {"users": None}),
    "AlterUserScramCredentials": Api(
        ADMINS,
        {
            "deletions": [],
            "name": "x",
            "mechanism": 1,
            "iterations": 4096,
            "salt": bytes(16),
            "salted_password": bytes(32),
        },
    ),
    "CreateDelegationToken": Api(OWNERS, _OF_OWNER),
    "RenewDelegationToken": Api(LOGGED_IN),
    "ExpireDelegationToken": Api(LOGGED_IN),
    "DescribeDelegationToken": Api(LOGGED_IN, {"owners": None}),
    "DescribeConfigs": Api(READERS),
    "AlterConfigs": Api(OWNERS, {"configs": []}),
    "IncrementalAlterConfigs": Api(OWNERS, {"configs": []}),
    "ConsumerGroupHeartbeat": Api(READERS, {"group_id": f"{GROUP}-2"}),
    "ConsumerGroupDescribe": Api(READERS),
    "Fetch": Api(READERS),
    "DescribeGroups": Api(READERS),
    "DeleteGroups": Api(OWNERS),
    "FindCoordinator": Api(READERS),
    "JoinGroup": Api(READERS),
    "SyncGroup": Api(READERS),
    "Heartbeat": Api(READERS),
    "LeaveGroup": Api(READERS),
    "OffsetCommit": Api(READERS),
    "OffsetFetch": Api(READERS),
    "OffsetDelete": Api(OWNERS),
    "DescribeLogDirs": Api(ADMINS),
    "ListOffsets": Api(READERS),
    "OffsetForLeaderEpoch": Api(READERS),
    "DeleteRecords": Api(OWNERS),
    "Produce": Api(OWNERS, {"acks": -1, "timeout_ms": 10_000}),
    "InitProducerId": Api(
        frozenset({"other tenant", "owner", "admin"}), {"transactional_id": None}
    ),
    "DescribeProducers": Api(READERS),
    "CreateTopics": Api(OWNERS, {"name": f"{TOPIC}-2"}),
    "CreatePartitions": Api(OWNERS, {"count": 2}),
    "DeleteTopics": Api(OWNERS, {"topic_id": bytes(16)}),
}
