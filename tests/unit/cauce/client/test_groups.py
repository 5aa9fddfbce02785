import json

import httpx
import pytest

from cauce.client.errors import Refused, UnexpectedAnswer
from cauce.client.groups import Groups, group_path
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer, refusal


def groups_of(*answers: httpx.Response) -> tuple[Groups, FakeRestServer]:
    server = FakeRestServer()
    server.before = [lambda _request, one=one: one for one in answers]
    return Groups(HttpClient(transport=server.transport)), server


def listed(*data: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"data": list(data)})


def group(group_id: str, state: str = "EMPTY") -> dict[str, object]:
    return {
        "consumer_group_id": group_id,
        "state": state,
        "is_simple": True,
        "partition_assignor": "",
        "type": "CLASSIC",
    }


def test_ids_are_escaped_whole() -> None:
    assert group_path("a/b c") == "/v3/clusters/-/consumer-groups/a%2Fb%20c"


def test_groups_are_listed_by_id() -> None:
    groups, server = groups_of(listed(group("b"), group("a")))

    assert [one.consumer_group_id for one in groups.list()] == ["a", "b"]
    assert server.requests[0].url.path == "/v3/clusters/-/consumer-groups"


def test_members_and_what_they_read_are_returned() -> None:
    member = {"consumer_id": "m/1", "client_id": "c", "instance_id": None}
    groups, server = groups_of(listed(member), listed({"topic_name": "t", "partition_id": 3}))

    assert [one.consumer_id for one in groups.members("g")] == ["m/1"]
    assert [one.partition_id for one in groups.assignments("g", "m/1")] == [3]
    assert server.requests[1].url.raw_path.endswith(b"/g/consumers/m%2F1/assignments")


def test_offsets_are_altered_as_asked() -> None:
    row = {"topic_name": "t", "partition_id": 0, "current_offset": None, "new_offset": 4}
    groups, server = groups_of(listed(row), listed())

    done = groups.alter_offsets("g", "exact", value=4, partitions=[("t", 0)], validate_only=True)
    groups.alter_offsets("g", "latest")

    assert [(one.current_offset, one.new_offset, one.error_code) for one in done] == [(None, 4, 0)]
    assert [json.loads(one.content) for one in server.requests] == [
        {
            "target": "exact",
            "value": 4,
            "validate_only": True,
            "partitions": [{"topic_name": "t", "partition_id": 0}],
        },
        {"target": "latest", "validate_only": False},
    ]


def test_what_is_no_answer_and_what_is_a_refusal_are_told_apart() -> None:
    groups, _ = groups_of(httpx.Response(200, json={"no": 1}), refusal(409, 40901, "members"))

    with pytest.raises(UnexpectedAnswer):
        groups.lags("g")
    with pytest.raises(Refused, match="members"):
        groups.delete("g")
