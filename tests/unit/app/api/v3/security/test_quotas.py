"""Quotas over REST v3: set, listed, removed; and what a producer over its limit is answered."""

from typing import Any

import pytest

from tests.support.application import TOPICS, RunningApplication

QUOTAS = "/v3/clusters/-/quotas"


async def alter(running: RunningApplication, **alteration: Any) -> Any:
    return await running.client.post(f"{QUOTAS}:alter", json={"data": [alteration]})


async def listed(running: RunningApplication, **query: str) -> list[dict[str, Any]]:
    answer = await running.client.get(QUOTAS, params=query)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_quota_has_every_field_and_is_found_at_its_link(running: RunningApplication) -> None:
    values = {"producer_byte_rate": 1024.0, "request_percentage": 12.5}
    set_ = await alter(running, user="alice", client_id="<default>", values=values)

    (found,) = await listed(running)

    assert (set_.status_code, set_.content) == (204, b"")
    link = f"http://cauce.test/v3/clusters/{running.cluster_id}/quotas"
    assert found == {
        "kind": "CauceQuota",
        "metadata": {"self": f"{link}?user=alice&client_id=%3Cdefault%3E"},
        "cluster_id": running.cluster_id,
        "user": "alice",
        "client_id": "<default>",
        "ip": None,
        "values": values,
    }
    assert (await running.client.get(found["metadata"]["self"])).json()["data"] == [found]


async def test_list_is_of_the_entities_that_have_the_parts(running: RunningApplication) -> None:
    await alter(running, user="alice", values={"producer_byte_rate": 1})
    await alter(running, user="bob", values={"producer_byte_rate": 1})
    await alter(running, ip="::1", values={"connection_creation_rate": 1})

    assert [one["user"] for one in await listed(running, user="bob")] == ["bob"]
    assert [one["ip"] for one in await listed(running, ip="::1")] == ["::1"]
    assert await listed(running, client_id="<default>") == []


async def test_limits_are_removed_by_null_and_entities_by_delete(
    running: RunningApplication,
) -> None:
    values = {"producer_byte_rate": 1, "consumer_byte_rate": 2}
    await alter(running, user="alice", values=values)
    await alter(running, user="alice", client_id="app", values=values)

    await alter(running, user="alice", values={"producer_byte_rate": None})
    (_, narrowed) = sorted(await listed(running), key=lambda one: len(one["values"]), reverse=True)
    deleted = await running.client.delete(QUOTAS, params={"user": "alice"})
    again = await running.client.delete(QUOTAS, params={"user": "alice"})

    assert narrowed["values"] == {"consumer_byte_rate": 2.0}
    assert (deleted.status_code, again.status_code) == (204, 404)
    assert [one["client_id"] for one in await listed(running)] == ["app"]


@pytest.mark.parametrize(
    ("alteration", "status"),
    [
        ({"user": "a", "values": {"producer_byte_rate": 0}}, 400),
        ({"user": "a", "values": {"segment.bytes": 1}}, 400),
        ({"user": "a", "ip": "::1", "values": {"producer_byte_rate": 1}}, 400),
        ({"values": {"producer_byte_rate": 1}}, 400),
        ({"user": "a", "values": {"producer_byte_rate": "1"}}, 422),
        ({"user": "a", "values": {}}, 422),
        ({"user": "", "values": {"producer_byte_rate": 1}}, 422),
        ({"user": "a", "values": {"producer_byte_rate": 1}, "more": 1}, 422),
    ],
)
async def test_alterations_are_all_or_none(
    running: RunningApplication, alteration: dict[str, Any], status: int
) -> None:
    good = {"user": "good", "values": {"producer_byte_rate": 1}}

    answer = await running.client.post(f"{QUOTAS}:alter", json={"data": [good, alteration]})

    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error_code", "message"}
    assert await listed(running) == []


async def test_alterations_that_are_only_checked_change_nothing(
    running: RunningApplication,
) -> None:
    one = {"user": "good", "values": {"producer_byte_rate": 1}}

    body = {"data": [one], "validate_only": True}
    answer = await running.client.post(f"{QUOTAS}:alter", json=body)
    nameless = await running.client.delete(QUOTAS)

    assert (answer.status_code, nameless.status_code) == (204, 400)
    assert await listed(running) == []


async def test_who_is_far_over_its_limit_is_answered_429_and_when_to_come_back(
    running: RunningApplication,
) -> None:
    await running.create_topic("t")
    records = f"{TOPICS}/t/records"
    one = {"value": {"type": "STRING", "data": "x" * 1000}}
    await running.client.post(records, json=one)
    values = {"producer_byte_rate": 100, "consumer_byte_rate": 100, "controller_mutation_rate": 1}
    await alter(running, user="ANONYMOUS", values=values)

    produced = [await running.client.post(records, json=one) for _ in range(2)]
    partition = f"{TOPICS}/t/partitions/0/records"
    fetched = [await running.client.get(partition, params={"offset": 0}) for _ in range(2)]
    v2 = await running.client.post(
        "/topics/t",
        json={"records": [{"value": {"a": 1}}]},
        headers={"content-type": "application/vnd.kafka.json.v2+json"},
    )
    body = {"topic_name": "n", "partitions_count": 12}
    made = [
        await running.client.post(TOPICS, json={**body, "topic_name": name}) for name in ("a", "b")
    ]

    assert [one.status_code for one in produced] == [200, 429]
    assert [one.status_code for one in fetched] == [200, 429]
    assert [one.status_code for one in made] == [201, 429]
    assert v2.status_code == 429
    for refused in (produced[1], fetched[1], v2):
        assert 5 < int(refused.headers["retry-after"]) <= 20
        assert refused.json()["error_code"] == 42901 or refused is v2
        assert "quota" in refused.json()["message"]
    assert int(made[1].headers["retry-after"]) == 1
    assert len((await running.client.get(partition, params={"offset": 0})).json()) == 2
    await running.client.delete(QUOTAS, params={"user": "ANONYMOUS"})
    assert (await running.client.post(records, json=one)).status_code == 200
    found = (await running.client.get(partition, params={"offset": 0})).json()["data"]
    assert len(found) == 3
