import json

import httpx
import pytest

from cauce.client.errors import Refused, UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.topics import Config, PartitionOffsets, Replica, Topics
from tests.support.fake_rest_server import FakeRestServer


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


@pytest.fixture
def topics(server: FakeRestServer) -> Topics:
    return Topics(HttpClient(transport=server.transport))


def test_create_sends_only_what_was_given(server: FakeRestServer, topics: Topics) -> None:
    topics.create("plain")
    topics.create(
        "full", partitions=3, replication_factor=2, configs={"a": "b"}, validate_only=True
    )

    bodies = [json.loads(request.content) for request in server.requests]
    assert bodies[0] == {"topic_name": "plain"}
    assert bodies[1] == {
        "topic_name": "full",
        "partitions_count": 3,
        "replication_factor": 2,
        "configs": [{"name": "a", "value": "b"}],
        "validate_only": True,
    }


def test_list_is_sorted_by_name(server: FakeRestServer, topics: Topics) -> None:
    server.add("b", 2)
    server.add("a")

    assert [(one.topic_name, one.partitions_count) for one in topics.list()] == [("a", 1), ("b", 2)]


def test_names_are_escaped_whole_in_paths(server: FakeRestServer, topics: Topics) -> None:
    server.add("a/b ?#%é")

    assert topics.get("a/b ?#%é").topic_name == "a/b ?#%é"


def test_get_raises_the_refusal_when_there_is_no_such_topic(topics: Topics) -> None:
    with pytest.raises(Refused) as raised:
        topics.get("absent")
    assert raised.value.error_code == 40403


def test_partitions_replicas_and_offsets_are_read(server: FakeRestServer, topics: Topics) -> None:
    server.add("t", 2)
    server.append("t", b"x", b"y", partition=1)

    assert topics.partitions("t") == [0, 1]
    assert topics.replicas("t", 1) == [Replica(broker_id=1, is_leader=True, is_in_sync=True)]
    assert topics.offsets("t", 1) == PartitionOffsets(earliest_offset=0, latest_offset=2)


def test_alter_configs_sets_and_deletes_in_one_request(
    server: FakeRestServer, topics: Topics
) -> None:
    server.add("t").configs = {"old": "1"}

    topics.alter_configs("t", {"new": "2", "old": None})

    assert server.topics["t"].configs == {"new": "2"}
    assert len(server.requests) == 1


def test_configs_tell_defaults_from_others(server: FakeRestServer, topics: Topics) -> None:
    server.add("t").configs = {"flush.ms": "5"}

    found = topics.configs("t")

    assert [one.name for one in found if not one.is_default] == ["flush.ms"]
    assert found[1] == Config("segment.bytes", "1073741824", True, "DEFAULT_CONFIG")


def test_add_partitions_and_delete_change_the_topic(server: FakeRestServer, topics: Topics) -> None:
    server.add("t")

    assert topics.add_partitions("t", 4).partitions_count == 4
    topics.delete("t")

    assert server.topics == {}


def test_an_answer_of_another_shape_is_told_so(server: FakeRestServer, topics: Topics) -> None:
    server.before = [lambda _: httpx.Response(200, json=["t1", "t2"])]

    with pytest.raises(UnexpectedAnswer):
        topics.list()
