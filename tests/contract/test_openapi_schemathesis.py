"""schemathesis over the whole OpenAPI document: no 5xx, and no answer that it does not declare."""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.groups.members import MemberProcess, wait_until
from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

JSON = "application/json"
NDJSON = "application/x-ndjson"
BATCHES = "application/vnd.cauce.recordbatches"
CONSUMING = ("consumeTopicRecords", "consumePartitionRecords")
ACCEPTED = [None, JSON, NDJSON, BATCHES, "text/html, application/*;q=0.5", "text/html"]
STREAMING = ("streamTopicRecords", "streamRecords")
OF_A_GROUP = ("instance_id", "commit", "session_timeout_ms", "pattern")
STARTS = ("offset", "cursor", "timestamp", "from")
WAIT_MS_MAX = 20
HOUR_MS = 3_600_000

EXISTING: dict[str, Any] = {
    "cluster_id": "-",
    "topic_name": "known",
    "partition_id": 0,
    "broker_id": 1,
    "name": "segment.ms",
    "consumer_group_id": "read",
    "group_name": "v2",
    "instance": "assigned",
    "user_name": "known",
}
TO_DELETE: dict[str, tuple[str, str]] = {"deleteCauceUser": ("user_name", "leaves")}
"""What may be deleted, in the place of what is asked for by others."""

IDLE_GROUPS = {
    "deleteCauceConsumerGroup": "idle-1",
    "deleteCauceConsumerGroupOffsets": "idle-2",
    "alterCauceConsumerGroupOffsets": "idle-3",
}
"""Groups without members, for what needs such."""

INSTANCES = {
    "subscribeConsumerV2": "subscribed",
    "unsubscribeConsumerV2": "subscribed",
    "getConsumerSubscriptionV2": "subscribed",
    "assignConsumerV2": "reassigned",
    "deleteConsumerV2": "deleted",
}
"""Consumer instances of REST v2, for what would disturb the one that is asked for the rest."""

RULE = {
    "resource_type": "TOPIC",
    "resource_name": "known",
    "pattern_type": "LITERAL",
    "principal": "User:known",
    "host": "*",
    "operation": "READ",
    "permission": "ALLOW",
}
KNOWN: dict[str, Any] = {"topic": "known", "partition": 0}

VALID_BODIES: dict[str, Any] = {
    "updateKafkaTopicConfig": {"value": "60000"},
    "updateKafkaTopicConfigBatch": {"data": [{"name": "segment.ms", "value": "60000"}]},
    "updatePartitionCountKafkaTopic": {"partitions_count": 3},
    "alterCauceConsumerGroupOffsets": {
        "target": "latest",
        "partitions": [{"topic_name": "known", "partition_id": 0}],
    },
    "produceRecord": {"value": {"type": "JSON", "data": {"n": 1}}},
    "createConsumerV2": {"format": "json"},
    "subscribeConsumerV2": {"topics": ["known"]},
    "assignConsumerV2": {"partitions": [KNOWN]},
    "seekConsumerV2": {"offsets": [{**KNOWN, "offset": 0}]},
    "seekConsumerToBeginningV2": {"partitions": [KNOWN]},
    "seekConsumerToEndV2": {"partitions": [KNOWN]},
    "commitConsumerV2": {"offsets": [{**KNOWN, "offset": 0}]},
    "getConsumerOffsetsV2": {"partitions": [KNOWN]},
    "produceV2": {"records": [{"value": "eA=="}]},
    "produceToPartitionV2": {"records": [{"key": "eA==", "value": None}]},
    "alterCauceQuotas": {"data": [{"user": "limited", "values": {"producer_byte_rate": 1}}]},
    "createKafkaAcls": RULE,
    "batchCreateKafkaAcls": {"data": [RULE]},
    "explainKafkaAcls": {
        "principal": "User:known",
        "operation": "READ",
        "resource_type": "TOPIC",
        "resource_name": "known",
    },
    "alterCauceUser": {"password": "a new password"},
    "createCauceApiKey": {"user": "known"},
    "createCauceDelegationToken": {"renewers": ["User:other"]},
    "renewCauceDelegationToken": {},
    "produceRecordsBatch": {"entries": [{"id": "a", "value": {"type": "STRING", "data": "x"}}]},
}
"""What succeeds, so that it is held to its schema however the generator's dice fall."""

LOGIN: dict[str, str] = {}
"""What delegation tokens are asked for with."""

ANSWERED: dict[str, set[tuple[int, str]]] = defaultdict(set)
"""Status and content type of what each operation has answered."""

document = schemathesis.openapi.from_path(ROOT / "openapi" / "cauce-v3.json").exclude(
    tag_regex="^Schema Registry"
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("schemathesis")
    node = NodeProcess(directory / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUCE_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
        node.start()
    node.create_topic("known", 2)
    node.create_topic("another", 1)
    records = b'{"value":{"type":"JSON","data":1}}{"key":{"type":"STRING","data":"k"},"value":null}'
    httpx.post(
        f"{node.topics}/known/records", content=records * 20, headers={"content-type": JSON}
    ).raise_for_status()
    wanted = VALID_BODIES["alterCauceQuotas"]
    httpx.post(f"{node.url}/v3/clusters/-/quotas:alter", json=wanted).raise_for_status()
    EXISTING["cursor"] = httpx.get(f"{node.topics}/known/records").json()["next_cursor"]
    _make_instances(node)
    _make_users(node)
    member = _begin_groups(node, directory)
    yield node
    member.kill()
    assert node.stop() == 0
    assert "Traceback" not in node.log
    for operation, answers in ANSWERED.items():
        assert any(status < 300 for status, _ in answers), f"{operation} never succeeded"
        if operation in CONSUMING:
            assert {(200, JSON), (200, NDJSON)} <= answers, f"{operation} in every form"
    if "consumePartitionRecords" in ANSWERED:
        assert (200, BATCHES) in ANSWERED["consumePartitionRecords"]


def _make_instances(node: NodeProcess) -> None:
    """Make consumer instances of REST v2, whose polls are short."""
    here = f"{node.url}/consumers/{EXISTING['group_name']}"
    for name in {EXISTING["instance"], *INSTANCES.values()}:
        wanted = {"name": name, "format": "json", "consumer.request.timeout.ms": WAIT_MS_MAX}
        httpx.post(here, json=wanted).raise_for_status()
    assigned = f"{here}/instances/{EXISTING['instance']}/assignments"
    httpx.post(assigned, json=VALID_BODIES["assignConsumerV2"]).raise_for_status()


def _make_users(node: NodeProcess) -> None:
    """Make users, and keys of one of them."""
    here = f"{node.url}/v3/clusters/-"
    for name in (EXISTING["user_name"], TO_DELETE["deleteCauceUser"][1]):
        httpx.post(f"{here}/users", json={"name": name}).raise_for_status()
    wanted = VALID_BODIES["createCauceApiKey"]
    keys = [httpx.post(f"{here}/api-keys", json=wanted).json() for _ in range(3)]
    EXISTING["key_id"] = keys[0]["key_id"]
    TO_DELETE["deleteCauceApiKey"] = ("key_id", keys[1]["key_id"])
    LOGIN["Authorization"] = f"Bearer {keys[2]['key']}"
    VALID_BODIES["createCauceToken"] = {
        "grant_type": "client_credentials",
        "client_secret": keys[2]["key"],
    }
    lent = [
        httpx.post(f"{here}/delegation-tokens", json={}, headers=LOGIN).json()["token_id"]
        for _ in range(2)
    ]
    EXISTING["token_id"] = lent[0]
    TO_DELETE["deleteCauceDelegationToken"] = ("token_id", lent[1])


def _begin_groups(node: NodeProcess, directory: Path) -> MemberProcess:
    """Have a consumer in one group, and others without."""
    groups = f"{node.url}/v3/clusters/-/consumer-groups"
    for name in IDLE_GROUPS.values():
        body = VALID_BODIES["alterCauceConsumerGroupOffsets"]
        httpx.post(f"{groups}/{name}/offsets:alter", json=body).raise_for_status()
    member = MemberProcess(directory, "confluent", node.bootstrap, group="read", topic="known")
    wait_until(lambda: bool(member.seen("committed")), "a member commits")
    found = httpx.get(f"{groups}/read/consumers").json()["data"]
    EXISTING["consumer_id"] = found[0]["consumer_id"]
    return member


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Have most requests name what exists, and the forms of an answer take turns."""
    operation = case.operation.definition.raw["operationId"]
    choice = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    for name in case.path_parameters:
        if choice % 5 and name in EXISTING:
            case.path_parameters[name] = EXISTING[name]
        choice //= 5
    if operation == "deleteKafkaTopic" and case.path_parameters["topic_name"] == "known":
        case.path_parameters["topic_name"] = "another"
    if operation in TO_DELETE:
        name, value = TO_DELETE[operation]
        if case.path_parameters[name] == EXISTING[name]:
            case.path_parameters[name] = value
    if operation in IDLE_GROUPS and case.path_parameters["consumer_group_id"] == "read":
        case.path_parameters["consumer_group_id"] = IDLE_GROUPS[operation]
    if operation in INSTANCES and case.path_parameters["instance"] == EXISTING["instance"]:
        case.path_parameters["instance"] = INSTANCES[operation]
    if operation in VALID_BODIES and choice % 3 == 0:
        case.body = VALID_BODIES[operation]
    if operation == "createKafkaTopic" and choice % 3 == 0:
        case.body = {"topic_name": f"made-{choice}"}
    if operation == "createCauceUser" and choice % 3 == 0:
        case.body = {"name": f"made-{choice}"}
    if operation == "deleteCauceQuota" and choice % 3 == 0:
        case.query = {"user": "limited"}
    if "DelegationToken" in operation:
        case.headers.update(LOGIN)
        if isinstance(case.body, dict) and isinstance(case.body.get("period_ms"), int):
            case.body["period_ms"] += HOUR_MS  # it is to stand for the next request too
    if operation in CONSUMING:
        _settle_consume(case, choice)
    if operation in STREAMING:
        _settle_stream(case, choice)


def _settle_consume(case: Case, choice: int) -> None:
    """Ask for one of the forms, keep polls short, and mostly name one start only."""
    accepted = ACCEPTED[choice % len(ACCEPTED)]
    if accepted is not None:
        case.headers["Accept"] = accepted
    if isinstance(case.query.get("wait_ms"), int):
        case.query["wait_ms"] = min(case.query["wait_ms"], WAIT_MS_MAX)
    choice //= len(ACCEPTED)
    if choice % 4:
        for name in [name for name in STARTS if name in case.query][1:]:
            del case.query[name]
    if "cursor" in case.query and choice % 2:
        case.query["cursor"] = EXISTING["cursor"]


def _settle_stream(case: Case, choice: int) -> None:
    """Have streams end, and most of them begin."""
    case.query.pop("group", None)
    case.query["until"] = "end"
    if choice % 4:
        for name in [*OF_A_GROUP, "last_event_id", "offset", "partition", "filter"]:
            case.query.pop(name, None)
        case.headers.pop("Last-Event-ID", None)
        for name in [name for name in STARTS if name in case.query][1:]:
            del case.query[name]
        if case.operation.definition.raw["operationId"] == "streamRecords":
            case.query["topic"] = ["known"]


@schemathesis.serializer(NDJSON)
def write_lines(_context: object, value: Any) -> bytes:
    """Send what is generated as two lines of NDJSON."""
    return b"\n".join([json.dumps(value).encode()] * 2)


@schemathesis.deserializer(NDJSON)
def read_line(_context: object, response: Response) -> Any:
    """Read one line of NDJSON."""
    return json.loads(response.content)


def every_line_conforms(context: CheckContext, response: Response, case: Case) -> None:
    """Hold each receipt, and each line of NDJSON, to the schema: it is declared for one of them."""
    operation = case.operation.definition.raw["operationId"]
    is_receipts = operation == "produceRecord" and response.status_code == 200
    if not is_receipts and _content_type(response) != NDJSON:
        response_schema_conformance(context, response, case)
        return
    lines = response.content.splitlines()
    assert lines or not is_receipts, "no receipt"
    for line in lines:
        one = Response(
            status_code=response.status_code,
            headers=response.headers,
            content=line,
            request=response.request,
            elapsed=response.elapsed,
            verify=response.verify,
        )
        response_schema_conformance(context, one, case)


def _content_type(response: Response) -> str:
    return response.headers.get("content-type", [""])[0].split(";")[0]


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    every_line_conforms,
    unsupported_method,
]


@document.parametrize()
@settings(max_examples=70, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_declared_and_none_is_a_server_error(case: Case, node: NodeProcess) -> None:
    response = case.call_and_validate(base_url=node.url, checks=CHECKS)

    operation = case.operation.definition.raw["operationId"]
    ANSWERED[operation].add((response.status_code, _content_type(response)))
