"""Lag over REST v3, and offsets altered and deleted."""

from typing import Any

import pytest

from tests.support.application import CLUSTER, RunningApplication
from tests.support.groups.calls import commit, stable_group

GROUP = f"{CLUSTER}/consumer-groups/g"
RECORDS = b'{"value":{"type":"STRING","data":"v"},"partition_id":0}' * 3


async def behind(running: RunningApplication, **offsets: int) -> None:
    """Have ``g`` read ``t``, where partition 0 has three records."""
    await running.create_topic("t", 2)
    assert (await running.produce("t", RECORDS)).status_code == 200
    await commit(running.context, **offsets)


async def get(running: RunningApplication, path: str, status: int = 200) -> dict[str, Any]:
    answer = await running.client.get(f"{GROUP}{path}")
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def alter(running: RunningApplication, status: int = 200, **wanted: object) -> dict[str, Any]:
    answer = await running.client.post(f"{GROUP}/offsets:alter", json=wanted)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def test_lag_is_told_in_all_and_by_partition_the_furthest_first(
    running: RunningApplication,
) -> None:
    await behind(running, t_0=1, t_1=0)
    await stable_group(running.context)

    lags = (await get(running, "/lags"))["data"]
    one = await get(running, "/lags/t/partitions/0")
    summary = await get(running, "/lag-summary")

    assert [(lag["partition_id"], lag["lag"], lag["consumer_id"]) for lag in lags] == [
        (0, 2, "m"),
        (1, 0, ""),
    ]
    assert one == lags[0]
    assert (one["current_offset"], one["log_end_offset"], one["client_id"]) == (1, 3, "c")
    assert (summary["total_lag"], summary["max_lag"], summary["max_lag_partition_id"]) == (2, 2, 0)
    assert summary["max_lag_consumer"]["related"].endswith("/consumer-groups/g/consumers/m")


async def test_lag_of_what_is_not_committed_is_not_found(running: RunningApplication) -> None:
    await running.create_topic("t", 2)
    await stable_group(running.context)

    await get(running, "/lags/t/partitions/0", 404)
    await get(running, "/lag-summary", 404)
    assert (await get(running, "/lags"))["data"] == []


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [("earliest", None, 0), ("latest", None, 3), ("shift", 1, 2), ("exact", 2, 2)],
)
async def test_the_plan_is_shown_and_then_done(
    running: RunningApplication, target: str, value: int | None, expected: int
) -> None:
    await behind(running, t_0=1)

    plan = await alter(running, target=target, value=value, validate_only=True)
    before = (await get(running, "/lags/t/partitions/0"))["current_offset"]
    done = await alter(running, target=target, value=value)

    row = {"topic_name": "t", "partition_id": 0, "current_offset": 1, "new_offset": expected}
    assert plan["data"] == done["data"] == [row | {"error_code": 0}]
    assert (plan["validate_only"], done["validate_only"], before) == (True, False, 1)
    assert (await get(running, "/lags/t/partitions/0"))["current_offset"] == expected


async def test_named_partitions_are_altered_and_members_are_not_disturbed(
    running: RunningApplication,
) -> None:
    await behind(running, t_0=1)
    named = [{"topic_name": "t", "partition_id": 1}]

    done = await alter(running, target="latest", partitions=named)
    await stable_group(running.context)
    refused = await alter(running, 409, target="latest")

    assert [(one["partition_id"], one["new_offset"]) for one in done["data"]] == [(1, 0)]
    assert refused["error_code"] == 40901


async def test_a_target_without_its_value_is_refused(running: RunningApplication) -> None:
    await behind(running, t_0=1)

    assert (await alter(running, 400, target="exact"))["error_code"] == 40002
    assert (await alter(running, 422, target="there"))["error_code"] == 422


async def test_offsets_are_deleted_by_topic_or_partition(running: RunningApplication) -> None:
    await behind(running, t_0=1, t_1=0)

    one = await running.client.delete(f"{GROUP}/offsets?topic_name=t&partition_id=1")
    rest = await running.client.delete(f"{GROUP}/offsets?topic_name=t")
    missing = await running.client.delete(f"{GROUP}/offsets?topic_name=t")

    rows = [
        [(at["partition_id"], at["error_code"]) for at in answer.json()["data"]]
        for answer in (one, rest)
    ]
    assert rows == [[(1, 0)], [(0, 0)]]
    assert (missing.status_code, missing.json()["error_code"]) == (404, 40405)
