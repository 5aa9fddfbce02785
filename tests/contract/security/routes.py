"""What each route of the OpenAPI document needs, and how it is asked in the matrix test.

A new route has its line here, or the tidy tests fail: who may is decided when it is made.
"""

from typing import Any, NamedTuple

from tests.support.security.tenants import ADMIN, GROUP, OTHER, OWNER, READER, SUBJECT, TOPIC

EVERYBODY = None
LOGGED_IN = frozenset({OTHER, READER, OWNER, ADMIN})
READERS = frozenset({READER, OWNER, ADMIN})
OWNERS = frozenset({OWNER, ADMIN})
ADMINS = frozenset({ADMIN})

V3 = "/v3/clusters/{cluster_id}"
_GROUP = f"{V3}/consumer-groups/{{consumer_group_id}}"
_PARTITION = f"{V3}/topics/{{topic_name}}/partitions/{{partition_id}}"
_INSTANCE = "/consumers/{group_name}/instances/{instance}"
_V2_PARTITION = "/topics/{topic_name}/partitions/{partition_id}"
_VERSION = "/subjects/{subject}/versions/{version}"
_CHECK = "/compatibility/subjects/{subject}/versions"

PARAMETERS = {
    "cluster_id": "-",
    "topic_name": TOPIC,
    "consumer_group_id": GROUP,
    "consumer_id": "m",
    "group_name": GROUP,
    "instance": "i",
    "partition_id": "0",
    "broker_id": "1",
    "name": "retention.ms",
    "subject": SUBJECT,
    "user_name": "nobody-knows",
    "key_id": "none",
    "token_id": "none",
    "version": "1",
    "id": "1",
    "guid": "00000000-0000-0000-0000-000000000000",
    "context": "ctx",
    "resourceId": "r",
    "resourceNamespace": "n",
    "resourceName": "r",
}


class Entry(NamedTuple):
    """One route."""

    who: frozenset[str] | None
    """Who is not refused."""

    body: Any = None
    query: str = ""
    media_type: str = "application/json"
    is_filtered: bool = False
    """Nobody is refused, and only readers find the owner's things in the answer."""


def _filtered(body: Any = None) -> Entry:
    return Entry(EVERYBODY, body, is_filtered=True)


_RECORD = {"value": {"type": "JSON", "data": 1}}
_ACL = {
    "resource_type": "TOPIC",
    "resource_name": "t",
    "pattern_type": "LITERAL",
    "principal": "User:x",
    "host": "*",
    "operation": "READ",
    "permission": "ALLOW",
}
_ACL_QUERY = "resource_type=USER&pattern_type=ANY&operation=ANY&permission=ANY"
_QUESTION = {
    "principal": "User:x",
    "operation": "READ",
    "resource_type": "TOPIC",
    "resource_name": TOPIC,
}
_SCHEMA = {"schema": '"string"'}
_V2 = "application/vnd.kafka.v2+json"
_V2_JSON = "application/vnd.kafka.json.v2+json"
_V2_RECORDS = Entry(OWNERS, {"records": [{"value": 1}]}, media_type=_V2_JSON)
_V2_PLACES = {"partitions": [{"topic": TOPIC, "partition": 0}]}
_V2_OFFSETS = {"offsets": [{"topic": TOPIC, "partition": 0, "offset": 0}]}
_STREAM = "from=earliest&max_records=1"


def _instance(body: Any = None) -> Entry:
    return Entry(READERS, body, media_type=_V2)


ROUTES: dict[str, Entry] = {
    "GET /v3/clusters": Entry(ADMINS),
    f"GET {V3}": Entry(ADMINS),
    f"GET {V3}/brokers": Entry(ADMINS),
    f"GET {V3}/brokers/{{broker_id}}": Entry(ADMINS),
    f"GET {V3}/brokers/{{broker_id}}/partition-replicas": Entry(ADMINS),
    f"GET {V3}/topics/-/configs": _filtered(),
    f"GET {V3}/topics/{{topic_name}}/configs": Entry(READERS),
    f"POST {V3}/topics/{{topic_name}}/configs:alter": Entry(
        OWNERS, {"data": [{"name": "retention.ms", "value": "100000"}]}
    ),
    f"GET {V3}/topics/{{topic_name}}/configs/{{name}}": Entry(READERS),
    f"PUT {V3}/topics/{{topic_name}}/configs/{{name}}": Entry(OWNERS, {"value": "100000"}),
    f"DELETE {V3}/topics/{{topic_name}}/configs/{{name}}": Entry(OWNERS),
    f"GET {V3}/topics": _filtered(),
    f"POST {V3}/topics": Entry(OWNERS, {"topic_name": f"{TOPIC}-2", "partitions_count": 1}),
    f"GET {V3}/topics/{{topic_name}}": Entry(READERS),
    f"PATCH {V3}/topics/{{topic_name}}": Entry(OWNERS, {"partitions_count": 2}),
    f"DELETE {V3}/topics/{{topic_name}}": Entry(OWNERS),
    f"POST {V3}/topics/{{topic_name}}/records": Entry(OWNERS, _RECORD),
    f"GET {V3}/topics/{{topic_name}}/records": Entry(READERS),
    f"POST {V3}/topics/{{topic_name}}/records:batch": Entry(
        OWNERS, {"entries": [{"id": "1", **_RECORD}]}
    ),
    f"GET {_PARTITION}/records": Entry(READERS),
    f"DELETE {_PARTITION}/records": Entry(OWNERS, query="before_offset=0"),
    f"GET {V3}/topics/{{topic_name}}/records:stream": Entry(READERS, query=_STREAM),
    f"GET {V3}/records:stream": Entry(READERS, query=f"topic={TOPIC}&{_STREAM}"),
    f"GET {V3}/topics/{{topic_name}}/partitions": Entry(READERS),
    f"GET {_PARTITION}": Entry(READERS),
    f"GET {_PARTITION}/offset": Entry(READERS),
    f"GET {_PARTITION}/replicas": Entry(READERS),
    f"GET {_PARTITION}/replicas/{{broker_id}}": Entry(READERS),
    f"GET {V3}/consumer-groups": _filtered(),
    f"GET {_GROUP}": Entry(READERS),
    f"DELETE {_GROUP}": Entry(OWNERS),
    f"GET {_GROUP}/consumers": Entry(READERS),
    f"GET {_GROUP}/consumers/{{consumer_id}}": Entry(READERS),
    f"GET {_GROUP}/consumers/{{consumer_id}}/assignments": Entry(READERS),
    f"GET {_GROUP}/consumers/{{consumer_id}}/assignments/{{topic_name}}"
    "/partitions/{partition_id}": Entry(READERS),
    f"GET {_GROUP}/lag-summary": Entry(READERS),
    f"GET {_GROUP}/lags": Entry(READERS),
    f"GET {_GROUP}/lags/{{topic_name}}/partitions/{{partition_id}}": Entry(READERS),
    f"POST {_GROUP}/offsets:alter": Entry(
        READERS, {"target": "earliest", "partitions": [{"topic_name": TOPIC, "partition_id": 0}]}
    ),
    f"DELETE {_GROUP}/offsets": Entry(OWNERS, query=f"topic_name={TOPIC}"),
    f"GET {V3}/acls": Entry(ADMINS),
    f"POST {V3}/acls": Entry(ADMINS, _ACL),
    f"DELETE {V3}/acls": Entry(ADMINS, query=_ACL_QUERY),
    f"POST {V3}/acls:batch": Entry(ADMINS, {"data": [_ACL]}),
    f"POST {V3}/acls:explain": Entry(ADMINS, _QUESTION),
    f"GET {V3}/quotas": Entry(ADMINS),
    f"DELETE {V3}/quotas": Entry(ADMINS, query="user=x"),
    f"POST {V3}/quotas:alter": Entry(
        ADMINS, {"data": [{"user": "x", "values": {"producer_byte_rate": 1e9}}]}
    ),
    f"GET {V3}/users": Entry(ADMINS),
    f"POST {V3}/users": Entry(ADMINS, {"name": "new", "password": "long enough"}),
    f"GET {V3}/users/{{user_name}}": Entry(ADMINS),
    f"PATCH {V3}/users/{{user_name}}": Entry(ADMINS, {"password": "long enough"}),
    f"DELETE {V3}/users/{{user_name}}": Entry(ADMINS),
    f"GET {V3}/api-keys": Entry(EVERYBODY),  # one's own, and those one may see
    f"POST {V3}/api-keys": Entry(ADMINS, {"user": "admin"}),
    f"DELETE {V3}/api-keys/{{key_id}}": Entry(EVERYBODY),  # another's is not found
    f"GET {V3}/delegation-tokens": Entry(LOGGED_IN),
    f"POST {V3}/delegation-tokens": Entry(OWNERS, {"owner": "User:owner"}),
    f"GET {V3}/delegation-tokens/{{token_id}}": Entry(LOGGED_IN),  # another's is not found
    f"POST {V3}/delegation-tokens/{{token_id}}:renew": Entry(LOGGED_IN, {}),
    f"DELETE {V3}/delegation-tokens/{{token_id}}": Entry(LOGGED_IN),
    "POST /v3/auth/token": Entry(EVERYBODY, {"grant_type": "none"}),  # they look at credentials
    "POST /v3/auth/revoke": Entry(EVERYBODY, {"token": "none"}),
    "GET /v3/auth/whoami": Entry(EVERYBODY),
    "GET /brokers": Entry(ADMINS),
    "GET /topics": _filtered(),
    "GET /topics/{topic_name}": Entry(READERS),
    "POST /topics/{topic_name}": _V2_RECORDS,
    "GET /topics/{topic_name}/partitions": Entry(READERS),
    f"GET {_V2_PARTITION}": Entry(READERS),
    f"POST {_V2_PARTITION}": _V2_RECORDS,
    f"GET {_V2_PARTITION}/offsets": Entry(READERS),
    "POST /consumers/{group_name}": _instance({"format": "json"}),
    f"GET {_INSTANCE}/records": Entry(READERS),
    f"DELETE {_INSTANCE}": _instance(),
    f"POST {_INSTANCE}/subscription": _instance({"topics": [TOPIC]}),
    f"GET {_INSTANCE}/subscription": _instance(),
    f"DELETE {_INSTANCE}/subscription": _instance(),
    f"POST {_INSTANCE}/assignments": _instance(_V2_PLACES),
    f"GET {_INSTANCE}/assignments": _instance(),
    f"POST {_INSTANCE}/positions": _instance(_V2_OFFSETS),
    f"POST {_INSTANCE}/positions/beginning": _instance(_V2_PLACES),
    f"POST {_INSTANCE}/positions/end": _instance(_V2_PLACES),
    f"POST {_INSTANCE}/offsets": _instance(_V2_OFFSETS),
    f"GET {_INSTANCE}/offsets": _instance(_V2_PLACES),
    "POST /v3/auth/ticket": Entry(EVERYBODY),  # in whose name it was asked for
    "GET /livez": Entry(EVERYBODY),
    "GET /readyz": Entry(EVERYBODY),
    "GET /": Entry(EVERYBODY),
    "POST /": Entry(EVERYBODY),
    "GET /subjects": _filtered(),
    "POST /subjects/{subject}": Entry(READERS, _SCHEMA),
    "DELETE /subjects/{subject}": Entry(OWNERS),
    "GET /subjects/{subject}/metadata": Entry(READERS),
    "GET /subjects/{subject}/versions": Entry(READERS),
    "POST /subjects/{subject}/versions": Entry(OWNERS, _SCHEMA),
    f"GET {_VERSION}": Entry(READERS),
    f"DELETE {_VERSION}": Entry(OWNERS),
    f"GET {_VERSION}/schema": Entry(READERS),
    f"GET {_VERSION}/referencedby": Entry(READERS),
    f"POST {_VERSION}/tags": Entry(OWNERS, {}),
    "GET /schemas": _filtered(),
    "GET /schemas/types": Entry(EVERYBODY),
    "GET /schemas/ids/{id}": Entry(EVERYBODY),  # not found by others: test_schemas below
    "GET /schemas/ids/{id}/schema": Entry(EVERYBODY),
    "GET /schemas/ids/{id}/subjects": _filtered(),
    "GET /schemas/ids/{id}/versions": _filtered(),
    "GET /schemas/guids/{guid}": Entry(EVERYBODY),
    "GET /schemas/guids/{guid}/ids": Entry(EVERYBODY),
    f"POST {_CHECK}/{{version}}": Entry(READERS, _SCHEMA),
    f"POST {_CHECK}": Entry(READERS, _SCHEMA),
    "GET /config": Entry(ADMINS),
    "PUT /config": Entry(ADMINS, {"compatibility": "BACKWARD"}),
    "DELETE /config": Entry(ADMINS),
    "GET /config/{subject}": Entry(READERS),
    "PUT /config/{subject}": Entry(OWNERS, {"compatibility": "BACKWARD"}),
    "DELETE /config/{subject}": Entry(OWNERS),
    "GET /mode": Entry(ADMINS),
    "PUT /mode": Entry(ADMINS, {"mode": "READWRITE"}),
    "DELETE /mode": Entry(ADMINS),
    "GET /mode/{subject}": Entry(READERS),
    "PUT /mode/{subject}": Entry(OWNERS, {"mode": "READWRITE"}),
    "DELETE /mode/{subject}": Entry(OWNERS),
    "GET /contexts": Entry(ADMINS),
    "DELETE /contexts/{context}": Entry(ADMINS),
    "GET /associations/subjects/{subject}": Entry(READERS),
    "GET /associations/resources/{resourceId}": Entry(EVERYBODY),
    "GET /associations/resources/{resourceNamespace}/{resourceName}": Entry(EVERYBODY),
    "POST /associations": Entry(ADMINS, {}),
    "PUT /associations/resources/{resourceId}": Entry(ADMINS, {}),
    "DELETE /associations/resources/{resourceId}": Entry(ADMINS),
    "POST /associations:batchGet": Entry(EVERYBODY, {"requests": []}),
    "POST /associations:batchMutate": Entry(ADMINS, {"requests": []}),
    "GET /v1/metadata/id": Entry(EVERYBODY),
    "GET /v1/metadata/version": Entry(EVERYBODY),
    "GET /v1/metadata/deployment": Entry(EVERYBODY),
    "GET /_health": Entry(EVERYBODY),
    "GET /master_available": Entry(EVERYBODY),
}
