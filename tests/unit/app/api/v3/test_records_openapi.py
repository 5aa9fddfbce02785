"""The schemas written by hand say what the handlers take and answer."""

import json
from typing import Any

import msgspec

from app.api.records.parsing import BatchIn, DataIn, EntryIn, HeaderIn, RecordIn
from app.api.v3.records_openapi import PARTITION_QUERY, SCHEMAS, TOPIC_QUERY
from tests.support.application import TOPICS, RunningApplication

TAKEN = {
    "ProduceRequest": RecordIn,
    "ProduceRequestData": DataIn,
    "ProduceRequestHeader": HeaderIn,
    "ProduceBatchEntry": EntryIn,
    "ProduceBatchRequest": BatchIn,
}
RECORD = {
    "key": {"type": "STRING", "data": "k"},
    "value": {"type": "JSON", "data": 1},
    "headers": [{"name": "a", "value": "eA=="}],
}


def hold(name: str, value: dict[str, Any]) -> None:
    """Hold an answer to its schema, down to what it refers to: no field more, none less."""
    schema = SCHEMAS[name]
    assert set(value) <= set(schema["properties"]), name
    assert set(schema.get("required", ())) <= set(value), name
    for field, inner in value.items():
        text = json.dumps(schema["properties"][field])
        refers = text.partition("#/components/schemas/")[2].partition('"')[0]
        for one in inner if isinstance(inner, list) else [inner]:
            if refers in SCHEMAS and one is not None:
                hold(refers, one)


def test_bodies_have_the_fields_that_are_parsed() -> None:
    for name, struct in TAKEN.items():
        fields = {one.encode_name for one in msgspec.structs.fields(struct)}

        assert set(SCHEMAS[name]["properties"]) == fields, name
        assert SCHEMAS[name]["additionalProperties"] is False


def test_no_parameter_stands_twice_and_each_kind_has_its_place() -> None:
    for query, place, other in (
        (PARTITION_QUERY, "offset", "cursor"),
        (TOPIC_QUERY, "cursor", "offset"),
    ):
        names = [one["name"] for one in query]
        assert len(set(names)) == len(names)
        assert place in names
        assert other not in names


async def test_answers_have_the_fields_that_are_declared(running: RunningApplication) -> None:
    await running.create_topic("t")
    entries = [{"id": "a", **RECORD}, {"id": "b", "partition_id": 9}]

    receipts = await running.produce("t", json.dumps(RECORD).encode() + b'{"partition_id":9}')
    batch = await running.client.post(f"{TOPICS}/t/records:batch", json={"entries": entries})
    page = await running.client.get(f"{TOPICS}/t/partitions/0/records")
    over_all = await running.client.get(f"{TOPICS}/t/records")

    for line in receipts.text.splitlines():
        hold("ProduceResponse", json.loads(line))
    hold("ProduceBatchResponse", batch.json())
    hold("ConsumedRecordList", page.json())
    hold("ConsumedTopicRecordList", over_all.json())
    assert len(page.json()["data"]) == len(over_all.json()["data"]) == 2
