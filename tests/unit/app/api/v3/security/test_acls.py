"""ACLs over REST v3, as Confluent has them, and explanations."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.application import CLUSTER, RunningApplication

ACLS = f"{CLUSTER}/acls"
RULE = {
    "resource_type": "TOPIC",
    "resource_name": "orders-",
    "pattern_type": "PREFIXED",
    "principal": "User:alice",
    "host": "*",
    "operation": "READ",
    "permission": "ALLOW",
}
OTHER = RULE | {"resource_type": "SUBJECT", "resource_name": "s", "operation": "ALL"}


async def listed(running: RunningApplication, **query: str) -> list[dict[str, Any]]:
    answer = await running.client.get(ACLS, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def test_an_acl_is_created_listed_with_every_field_and_deleted(
    running: RunningApplication,
) -> None:
    created = await running.client.post(ACLS, json=RULE)
    (found,) = await listed(running)
    deleted = await running.client.delete(created.headers["location"])

    assert (created.status_code, created.content) == (201, b"")
    link = found.pop("metadata")["self"]
    assert link == created.headers["location"]
    assert {key: value[0] for key, value in parse_qs(urlsplit(link).query).items()} == RULE
    assert found == {"kind": "KafkaAcl", "cluster_id": running.cluster_id, **RULE}
    assert deleted.status_code == 200
    assert [one["resource_name"] for one in deleted.json()["data"]] == ["orders-"]
    assert await listed(running) == []


async def test_a_batch_is_created_whole_or_not_at_all(running: RunningApplication) -> None:
    refused = await running.client.post(
        f"{ACLS}:batch", json={"data": [RULE, RULE | {"resource_name": ""}]}
    )
    assert (refused.status_code, refused.json()["error_code"]) == (400, 40002)
    assert await listed(running) == []

    created = await running.client.post(f"{ACLS}:batch", json={"data": [RULE, OTHER]})

    assert (created.status_code, created.content) == (201, b"")
    assert len(await listed(running)) == 2


async def test_filters_choose(running: RunningApplication) -> None:
    await running.client.post(f"{ACLS}:batch", json={"data": [RULE, OTHER]})

    for query, count in (
        ({"resource_type": "SUBJECT"}, 1),
        ({"resource_name": "orders-1", "pattern_type": "MATCH"}, 1),
        ({"resource_name": "orders-1", "pattern_type": "ANY"}, 0),
        ({"principal": "User:alice", "operation": "ANY"}, 2),
        ({"operation": "READ", "permission": "DENY"}, 0),
    ):
        assert len(await listed(running, **query)) == count, query


@pytest.mark.parametrize(
    "query",
    [
        {"resource_type": "UNKNOWN"},
        {"pattern_type": "literal"},
        {"operation": "UNKNOWN"},
        {"permission": "MAYBE"},
    ],
)
async def test_words_that_kafka_has_not_are_refused(
    running: RunningApplication, query: dict[str, str]
) -> None:
    answer = await running.client.get(ACLS, params=query)

    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


async def test_nothing_is_deleted_by_a_query_that_does_not_say_what(
    running: RunningApplication,
) -> None:
    await running.client.post(ACLS, json=RULE)
    whole = {"resource_type": "ANY", "pattern_type": "ANY", "operation": "ANY", "permission": "ANY"}

    for name in whole:
        query = {key: value for key, value in whole.items() if key != name}
        answer = await running.client.delete(ACLS, params=query)
        assert answer.status_code == 400
        assert name in answer.json()["message"]
    assert len(await listed(running)) == 1


async def test_an_open_node_says_that_it_asks_nobody(running: RunningApplication) -> None:
    question = {
        "principal": "User:alice",
        "operation": "READ",
        "resource_type": "TOPIC",
        "resource_name": "orders-1",
    }

    answer = await running.client.post(f"{ACLS}:explain", json=question)

    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "KafkaAclDecision",
        "is_allowed": True,
        "ground": "OPEN",
        "message": "this node does not ask who may",
        "acl": None,
    }
    refused = await running.client.post(f"{ACLS}:explain", json=question | {"principal": "alice"})
    assert refused.status_code == 422
