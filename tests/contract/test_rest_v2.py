"""The walk-through of Confluent's v2 documentation with curl, against a node of each dialect.

Then the table of contradictions, row by row, on the same node.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.v2.dialects import DIALECTS, Dialect, FailedRecord
from tests.support.node import NodeProcess
from tests.support.rest_v2.curl import Answer, curl

pytestmark = pytest.mark.slow

V2 = "application/vnd.kafka.v2+json"
JSON = "application/vnd.kafka.json.v2+json"
BINARY = "application/vnd.kafka.binary.v2+json"
TEXT = "application/vnd.kafka.text.v2+json"
GOOD = {"error_code": None, "error": None}


class Node:
    """A node that speaks one dialect, and curl to ask it."""

    def __init__(self, process: NodeProcess, dialect: Dialect) -> None:
        self.process = process
        self.dialect = dialect

    def get(self, path: str, accept: str = V2, body: Any = None) -> Answer:
        sent = [] if body is None else ["--data", json.dumps(body), "-H", f"Content-Type: {V2}"]
        return curl("-X", "GET", *sent, "-H", f"Accept: {accept}", self.process.url + path)

    def post(self, path: str, body: Any = None, kind: str = V2, accept: str = V2) -> Answer:
        sent = [] if body is None else ["--data", json.dumps(body)]
        headers = ["-H", f"Content-Type: {kind}", "-H", f"Accept: {accept}"]
        return curl("-X", "POST", *headers, *sent, self.process.url + path)

    def delete(self, path: str) -> Answer:
        return curl("-X", "DELETE", "-H", f"Content-Type: {V2}", self.process.url + path)

    def instance(self, group: str, name: str, **settings: Any) -> str:
        """Make an instance; return what its paths begin with."""
        wanted = {"name": name, "format": "json", "auto.offset.reset": "earliest"}
        wanted |= {key.replace("_", "."): value for key, value in settings.items()}
        made = self.post(f"/consumers/{group}", wanted)
        assert made.status == 200, made
        assert made.json["instance_id"] == name
        base: str = made.json["base_uri"]
        assert base == f"{self.process.url}/consumers/{group}/instances/{name}"
        return base.removeprefix(self.process.url)


@pytest.fixture(scope="module", params=DIALECTS)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    name: str = request.param
    process = NodeProcess(tmp_path_factory.mktemp(name) / "data", "--rest-compat", name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUCE_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
        process.start()
    process.create_topic("jsontest", 1)
    process.create_topic("binarytest", 1)
    process.create_topic("table", 2, **{"max.message.bytes": "2000"})
    yield Node(process, DIALECTS[name])
    assert process.stop() == 0
    assert "Traceback" not in process.log


def test_walk_through(node: Node) -> None:
    produced = node.post("/topics/jsontest", {"records": [{"value": {"foo": "bar"}}]}, JSON)
    assert (produced.status, produced.content_type) == (200, V2)
    assert produced.json == {
        "offsets": [{"partition": 0, "offset": 0, **GOOD}],
        "key_schema_id": None,
        "value_schema_id": None,
    }

    here = node.instance("my_json_consumer", "my_consumer_instance")
    assert node.post(f"{here}/subscription", {"topics": ["jsontest"]}).status == 204
    polled = node.get(f"{here}/records", JSON)
    while polled.json == []:
        polled = node.get(f"{here}/records", JSON)
    assert polled.content_type == JSON
    (record,) = polled.json
    assert record.pop("timestamp") > 0
    assert record == {
        "topic": "jsontest",
        "key": None,
        "value": {"foo": "bar"},
        "partition": 0,
        "offset": 0,
    }
    subscribed = {"topics": ["jsontest"], "partitions": [{"jsontest": [0]}]}
    assert node.get(f"{here}/subscription").json == subscribed
    assert node.post(f"{here}/offsets").status == node.dialect.commit_status
    place = {"topic": "jsontest", "partition": 0}
    committed = node.get(f"{here}/offsets", body={"partitions": [place]}).json
    assert committed == {"offsets": [{**place, "offset": 1, "metadata": ""}]}
    assert node.delete(here) == Answer(204, "", "")
    assert node.delete(here).error == (404, _code(node, 40403))


def test_walk_through_in_binary_with_assignments_and_positions(node: Node) -> None:
    records = [{"key": "a2V5", "value": "S2Fma2E="}, {"value": "TG9ncw==", "partition": 0}]
    assert node.post("/topics/binarytest", {"records": records}, BINARY).status == 200
    record = {"records": [{"value": "AAE="}]}
    assert node.post("/topics/binarytest/partitions/0", record, BINARY).json["offsets"] == [
        {"partition": 0, "offset": 2, **GOOD}
    ]
    here = node.instance("bin", "i", format="binary", auto_commit_enable="false")
    places = {"partitions": [{"topic": "binarytest", "partition": 0}]}

    assert node.post(f"{here}/assignments", places).status == 204
    assert node.get(f"{here}/assignments").json == places
    assert _values(node, here, BINARY) == ["S2Fma2E=", "TG9ncw==", "AAE="]
    seek = {"offsets": [{"topic": "binarytest", "partition": 0, "offset": 1}]}
    assert node.post(f"{here}/positions", seek).status == 204
    assert _values(node, here, BINARY) == ["TG9ncw==", "AAE="]
    assert node.post(f"{here}/positions/beginning", places).status == 204
    assert _values(node, here, BINARY) == ["S2Fma2E=", "TG9ncw==", "AAE="]
    assert node.post(f"{here}/positions/end", places).status == 204
    assert _values(node, here, BINARY) == []
    assert node.get(f"{here}/records", JSON).error == (406, _code(node, 40601))
    assert node.delete(here).status == 204


def test_metadata(node: Node) -> None:
    assert node.get("/").json == {}
    assert node.get("/brokers").json == {"brokers": [1]}
    assert set(node.get("/topics").json) >= {"binarytest", "jsontest", "table"}
    topic = node.get("/topics/table/").json
    assert topic["configs"]["max.message.bytes"] == "2000"
    replicas = [{"broker": 1, "leader": True, "in_sync": True}]
    partitions = [{"partition": n, "leader": 1, "replicas": replicas} for n in range(2)]
    assert topic["partitions"] == partitions
    assert node.get("/topics/table/partitions").json == partitions
    assert node.get("/topics/table/partitions/1").json == partitions[1]
    offsets = node.get("/topics/table/partitions/1/offsets").json
    assert offsets == {"beginning_offset": 0, "end_offset": 0}
    assert node.get("/topics/none").error == (404, _code(node, 40403))
    assert node.get("/topics/none/partitions").error == (404, _code(node, 40401))
    assert node.get("/topics/table/partitions/7").error == (404, _code(node, 40402))


def test_row_what_a_commit_stores_and_how_it_is_answered(node: Node) -> None:
    here = node.instance("commits", "i", auto_commit_enable="false")
    place = {"topic": "table", "partition": 0}
    for key in ("offsets", "partitions"):
        answer = node.post(f"{here}/offsets", {key: [{**place, "offset": 6}]})

        assert answer.status == node.dialect.commit_status
        assert answer.text == ("[]" if answer.status == 200 else "")
        found = node.get(f"{here}/offsets", body={"partitions": [place]}).json["offsets"]
        assert [one["offset"] for one in found] == [7 if node.dialect.commits_next else 6]


def test_row_what_was_never_committed(node: Node) -> None:
    here = node.instance("uncommitted", "i")
    place = {"topic": "table", "partition": 1}

    found = node.get(f"{here}/offsets", body={"partitions": [place]}).json["offsets"]

    uncommitted = node.dialect.uncommitted_offset
    expected = [] if uncommitted is None else [{**place, "offset": uncommitted, "metadata": ""}]
    assert found == expected


FAILED: dict[FailedRecord, dict[str, Any]] = {
    FailedRecord.CONFLUENT: {"partition": None, "offset": None, "error_code": 50002},
    FailedRecord.KARAPACE: {"error_code": 1},
    FailedRecord.STRIMZI: {"error_code": 413},
    FailedRecord.KAFKA: {"partition": -1, "offset": -1, "error_code": 10},
}


def test_row_a_record_that_failed(node: Node) -> None:
    records = [{"value": "x" * 3_000, "partition": 0}, {"value": 1, "partition": 0}]

    answer = node.post("/topics/table", {"records": records}, JSON)

    assert answer.status == node.dialect.failed_record_status
    failed, landed = answer.json["offsets"]
    said = {name: failed.pop(name) for name in ("error", "message") if name in failed}
    assert failed == FAILED[node.dialect.failed_record]
    assert "max.message.bytes" in next(iter(said.values()))
    assert landed["error_code"] is None


def test_row_an_unknown_topic(node: Node) -> None:
    produced = node.post("/topics/none", {"records": [{"value": 1}]}, JSON)

    if node.dialect.unknown_topic_fails_records:
        assert produced.status == 200
        (failed,) = produced.json["offsets"]
        by_shape = {FailedRecord.STRIMZI: 404, FailedRecord.KAFKA: 3}
        assert failed["error_code"] == by_shape[node.dialect.failed_record]
    else:
        assert produced.error == (404, 40401)


def test_row_how_long_a_poll_waits_that_does_not_say(node: Node) -> None:
    wait_s = node.dialect.poll_wait_ms / 1000
    here = node.instance("waits", "i")
    places = {"partitions": [{"topic": "table", "partition": 1}]}
    node.post(f"{here}/assignments", places)
    if wait_s > 1:  # Karapace's eleven seconds are too dear; a record ends them.
        node.post("/topics/table/partitions/1", {"records": [{"value": 5}]}, JSON)
        assert _values(node, here, JSON) == [5]
        return

    began = time.monotonic()
    polled = node.get(f"{here}/records", JSON)

    assert (polled.json, time.monotonic() - began >= wait_s) == ([], True)


@pytest.mark.parametrize("key", ["auto.commit.enable", "enable.auto.commit"])
def test_row_both_keys_of_auto_commit(node: Node, key: str) -> None:
    assert node.post("/consumers/keys", {key: "false"}).status == 200
    assert node.post("/consumers/keys", {key: "perhaps"}).error == (422, _code(node, 42204))


def test_row_plain_json(node: Node) -> None:
    body = {"records": [{"value": "S2Fma2E="}]}

    answer = node.post("/topics/table", body, "application/json")

    if node.dialect.plain_json_is_binary:
        assert answer.status == 200
        assert (
            node.post("/topics/table", {"records": [{"value": 1}]}, "application/json").status
            == 400
        )
    else:
        assert answer.error == (415, 415)


def test_row_header_object_and_one_that_is_larger_than_the_bound(node: Node) -> None:
    node.process.create_topic("large", 1)
    header = [{"key": "h", "value": "eA=="}]
    records = [{"value": "x" * 500, "headers": header}, {"value": "y" * 500}]
    node.post("/topics/large", {"records": records}, TEXT)
    here = node.instance("large", "i", format="text")
    node.post(f"{here}/assignments", {"partitions": [{"topic": "large", "partition": 0}]})

    polls = [node.get(f"{here}/records?max_bytes=1", TEXT).json for _ in range(2)]

    assert [[one["value"][0] for one in poll] for poll in polls] == [["x"], ["y"]]
    assert (polls[0][0]["headers"], "headers" in polls[1][0]) == (header, False)


def _values(node: Node, here: str, accept: str) -> list[Any]:
    """Poll until nothing comes."""
    found: list[Any] = []
    while polled := node.get(f"{here}/records?timeout=10", accept).json:
        found += [one["value"] for one in polled]
    return found


def _code(node: Node, code: int) -> int:
    """Return the code that the dialect has in place of Confluent's."""
    return node.dialect.codes.get(code, (0, code))[1]
