"""REST v2 with schemas: what is stored, what is answered, what is refused as a whole."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import httpx
import pytest

from app.api.errors import ApiError
from app.api.records.encoding import Target
from app.api.v2.media_types import RecordFormat
from app.api.v2.schema_records import write_records
from schema_registry.serdes.serdes import serdes_of
from tests.support.application import RunningApplication
from tests.support.registry.access import FakeAccess
from tests.support.registry.door import running_registry

USER = {"type": "record", "name": "User", "fields": [{"name": "a", "type": "int"}]}
SCHEMAS = {
    "avro": json.dumps(USER),
    "protobuf": 'syntax = "proto3"; message User { int32 a = 1; }',
    "jsonschema": json.dumps(
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    ),
}
formats = pytest.mark.parametrize("kind", SCHEMAS)


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t", 2)
    return running


async def produce(
    running: RunningApplication, kind: str, *records: Any, **schemas: Any
) -> httpx.Response:
    headers = {"content-type": f"application/vnd.kafka.{kind}.v2+json"}
    body = json.dumps({"records": records, **schemas}).encode()
    return await running.client.post("/topics/t", content=body, headers=headers)


async def stored(running: RunningApplication) -> list[Any]:
    found = [await running.records("t", partition) for partition in (0, 1)]
    return [one for partition in found for one in partition]


@formats
async def test_schema_is_registered_and_its_id_serves_as_well(
    topic: RunningApplication, kind: str
) -> None:
    first = await produce(topic, kind, {"value": {"a": 1}}, value_schema=SCHEMAS[kind])
    again = await produce(topic, kind, {"value": {"a": 2}}, value_schema_id=1)

    assert (first.status_code, again.status_code) == (200, 200)
    for answer in (first, again):
        assert (answer.json()["key_schema_id"], answer.json()["value_schema_id"]) == (None, 1)
    shown = [one["value"] for one in await stored(topic)]
    assert sorted(shown, key=lambda one: one["data"]["a"]) == [
        {"type": kind.upper(), "schema_id": 1, "data": {"a": number}} for number in (1, 2)
    ]


async def test_bytes_are_those_of_the_format(topic: RunningApplication) -> None:
    records = [{"value": {"a": 1}, "key": "k", "partition": 1}, {"value": None, "partition": 1}]
    answer = await produce(
        topic, "avro", *records, value_schema=SCHEMAS["avro"], key_schema='"string"'
    )

    assert [one["partition"] for one in answer.json()["offsets"]] == [1, 1]
    assert answer.json()["key_schema_id"] == 1
    data = io.BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(USER), {"a": 1})
    url = "/v3/clusters/-/topics/t/partitions/1/records"
    query = {"value_type": "BINARY", "key_type": "STRING"}
    first, second = (await topic.client.get(url, params=query)).json()["data"]
    assert first["value"]["data"] == _base64(b"\0\0\0\0\2" + data.getvalue())
    assert first["key"]["data"] == "\0\0\0\0\1\2k"
    assert second["value"] is None


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


async def test_what_stands_beside_key_and_value_is_kept(topic: RunningApplication) -> None:
    record = {
        "value": {"a": 1},
        "partition": "1",
        "timestamp": 5,
        "headers": [{"key": "h", "value": "eA=="}],
    }

    await produce(topic, "avro", record, value_schema=SCHEMAS["avro"])

    (one,) = await topic.records("t", 1)
    assert one["timestamp"] == "1970-01-01T00:00:00.005Z"
    assert one["headers"] == [{"name": "h", "value": "eA=="}]


@formats
@pytest.mark.parametrize(
    ("records", "schemas", "code"),
    [
        ([{"value": {"a": 1}}, {"value": {"a": "x"}}], {"value_schema_id": 1}, 42203),
        ([{"value": {"a": 1}}], {}, 42202),
        ([{"value": {"a": 1}, "key": "k"}], {"value_schema_id": 1}, 42201),
        ([{"value": {"a": 1}}], {"value_schema_id": 99}, 42205),
        ([{"value": {"a": 1}}], {"value_schema": "{"}, 42205),
        ([{"value": {"a": 1}}], {"value_schema": "", "value_schema_id": 1}, 422),
        ([{"value": {"a": 1}, "more": 1}], {"value_schema_id": 1}, 422),
        ([], {"value_schema_id": 1}, 422),
        ([{"value": {"a": 1}, "partition": -1}], {"value_schema_id": 1}, 422),
    ],
)
async def test_body_with_a_fault_is_refused_whole(
    topic: RunningApplication, kind: str, records: Any, schemas: Any, code: int
) -> None:
    await produce(topic, kind, {"value": {"a": 0}}, value_schema=SCHEMAS[kind])

    answer = await produce(topic, kind, *records, **schemas)

    assert (answer.status_code, answer.json()["error_code"]) == (422, code), answer.text
    assert len(await stored(topic)) == 1


@formats
async def test_fault_is_named_by_record_and_path(topic: RunningApplication, kind: str) -> None:
    records = [{"value": None}, {"value": {"a": 1}}, {"value": {"a": "x"}}]

    answer = await produce(topic, kind, *records, value_schema=SCHEMAS[kind])

    message = answer.json()["message"]
    assert message.startswith("Record 2: value: ")
    assert message.endswith("(at /a)")


async def test_schema_of_another_format_is_refused(topic: RunningApplication) -> None:
    await produce(topic, "avro", {"value": {"a": 0}}, value_schema=SCHEMAS["avro"])

    answer = await produce(topic, "protobuf", {"value": {"a": 0}}, value_schema_id=1)

    assert (answer.status_code, answer.json()["error_code"]) == (422, 42205)


async def test_schema_that_may_not_be_registered_is_told_of(topic: RunningApplication) -> None:
    await produce(topic, "avro", {"value": {"a": 0}}, value_schema=SCHEMAS["avro"])

    answer = await produce(topic, "avro", {"value": "x"}, value_schema='"string"')

    assert (answer.status_code, answer.json()["error_code"]) == (408, 40801)


@pytest.mark.parametrize(
    "value", ["[" * 200 + "]" * 200, '{"a":' + "1" * 1_001 + "}"], ids=["deep", "long number"]
)
async def test_json_keeps_its_bounds(topic: RunningApplication, value: str) -> None:
    body = '{"value_schema_id":1,"records":[{"value":%s}]}' % value
    headers = {"content-type": "application/vnd.kafka.jsonschema.v2+json"}

    answer = await topic.client.post("/topics/t", content=body.encode(), headers=headers)

    assert answer.status_code == 400


async def test_empty_body_is_refused(topic: RunningApplication) -> None:
    headers = {"content-type": "application/vnd.kafka.avro.v2+json"}

    answer = await topic.client.post("/topics/t", content=b" ", headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (422, 422)


async def test_body_of_nulls_needs_no_schema(topic: RunningApplication) -> None:
    answer = await produce(topic, "avro", {"key": None}, {})

    assert answer.status_code == 200
    assert [(one["key"], one["value"]) for one in await stored(topic)] == [(None, None)] * 2


async def test_schema_of_a_subject_that_is_forbidden_is_told_as_that(tmp_path: Path) -> None:
    body = {"records": [{"value": 1}], "value_schema": '"int"'}
    async with running_registry(tmp_path) as registry:
        target = Target(serdes_of(registry.context), "t", {}, FakeAccess(allowed=()))
        with pytest.raises(ApiError) as refused:
            await write_records(target, json.dumps(body).encode(), RecordFormat.AVRO, 5, None)

    assert (refused.value.status, refused.value.error_code) == (403, 40301)
