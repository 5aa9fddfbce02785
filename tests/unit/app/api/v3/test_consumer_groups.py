"""Consumer groups over REST v3: every field, every link, and the codes that clients match on."""

from typing import Any

from app.broker.errors import GroupIdNotFound
from tests.support.application import CLUSTER, RunningApplication
from tests.support.groups.calls import commit, leave_all, stable_group

GROUPS = f"{CLUSTER}/consumer-groups"


async def group_of(running: RunningApplication, group_id: str = "g") -> None:
    if "t" not in running.context.image.topics:
        await running.create_topic("t", 2)
    await stable_group(running.context, group_id, instance_id="i")


async def body(running: RunningApplication, path: str, status: int = 200) -> dict[str, Any]:
    answer = await running.client.get(path)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def test_a_group_has_every_field_and_is_listed_with_it(running: RunningApplication) -> None:
    await group_of(running)
    root = f"http://cauce.test/v3/clusters/{running.cluster_id}"
    here = f"{root}/consumer-groups/g"

    group = await body(running, f"{GROUPS}/g")

    assert group == {
        "kind": "KafkaConsumerGroup",
        "metadata": {
            "self": here,
            "resource_name": f"crn:///kafka={running.cluster_id}/consumer-group=g",
        },
        "cluster_id": running.cluster_id,
        "consumer_group_id": "g",
        "is_simple": False,
        "partition_assignor": "range",
        "state": "STABLE",
        "type": "CLASSIC",
        "is_mixed_consumer_group": False,
        "coordinator": {"related": f"{root}/brokers/1"},
        "consumers": {"related": f"{here}/consumers"},
        "lag_summary": {"related": f"{here}/lag-summary"},
    }
    listed = await body(running, GROUPS)
    assert (listed["kind"], listed["data"]) == ("KafkaConsumerGroupList", [group])


async def test_a_member_and_what_it_reads_are_found(running: RunningApplication) -> None:
    await group_of(running)

    consumers = (await body(running, f"{GROUPS}/g/consumers"))["data"]
    one = await body(running, f"{GROUPS}/g/consumers/m")
    assignments = (await body(running, f"{GROUPS}/g/consumers/m/assignments"))["data"]
    assignment = await body(running, f"{GROUPS}/g/consumers/m/assignments/t/partitions/0")

    assert consumers == [one]
    assert (one["consumer_id"], one["instance_id"], one["client_id"]) == ("m", "i", "c")
    assert assignments == [assignment]
    assert (assignment["topic_name"], assignment["partition_id"]) == ("t", 0)
    assert assignment["lag"]["related"].endswith("/consumer-groups/g/lags/t/partitions/0")
    await body(running, f"{GROUPS}/g/consumers/x", 404)
    await body(running, f"{GROUPS}/g/consumers/m/assignments/t/partitions/1", 404)


async def test_a_group_that_is_not_there_has_confluents_code(running: RunningApplication) -> None:
    for path in ("", "/consumers", "/lags", "/lag-summary"):
        answer = await body(running, f"{GROUPS}/none{path}", 404)
        assert answer["error_code"] == 40405
    assert GroupIdNotFound.code == 69


async def test_only_a_group_without_members_is_deleted(running: RunningApplication) -> None:
    await group_of(running)

    refused = await running.client.delete(f"{GROUPS}/g")
    leave_all(running.context)
    deleted = await running.client.delete(f"{GROUPS}/g")

    assert (refused.status_code, refused.json()["error_code"]) == (409, 40901)
    assert (deleted.status_code, deleted.content) == (204, b"")
    await body(running, f"{GROUPS}/g", 404)


async def test_ids_are_escaped_in_links(running: RunningApplication) -> None:
    await running.create_topic("t", 1)
    await commit(running.context, "a b?", t_0=0)

    group = await body(running, f"{GROUPS}/a%20b%3F")

    assert group["metadata"]["self"].endswith("/consumer-groups/a%20b%3F")
    assert (group["is_simple"], group["state"]) == (True, "EMPTY")
