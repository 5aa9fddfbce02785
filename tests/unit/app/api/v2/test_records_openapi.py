"""The schemas written by hand say what the handlers take and answer."""

import json

import msgspec

from app.api.v2.produce_body import HeaderIn, ProduceIn, RecordIn
from app.api.v2.records_openapi import POLL_RESPONSES, PRODUCE_BODY, SCHEMAS
from app.api.v2.schema_records import SchemaProduceIn, SchemaRecordIn
from tests.support.application import RunningApplication
from tests.support.rest_v2.instance import InstanceV2, partitions

ABOUT_SCHEMAS = {"key_schema", "key_schema_id", "value_schema", "value_schema_id"}
"""They may be there, and must be null unless the format is one of schemas."""


def fields(struct: type[msgspec.Struct]) -> set[str]:
    return {one.encode_name for one in msgspec.structs.fields(struct)}


def test_bodies_have_the_fields_that_are_parsed() -> None:
    assert set(SCHEMAS["V2Header"]["properties"]) == fields(HeaderIn)
    for name in ("Binary", "Json", "Text"):
        assert set(SCHEMAS[f"V2{name}Record"]["properties"]) == fields(RecordIn)
        whole = set(SCHEMAS[f"V2{name}ProduceRequest"]["properties"])
        assert whole == fields(ProduceIn) - ABOUT_SCHEMAS
    for name in ("Avro", "JsonSchema", "Protobuf"):
        assert set(SCHEMAS[f"V2{name}Record"]["properties"]) == fields(SchemaRecordIn)
        whole = set(SCHEMAS[f"V2{name}ProduceRequest"]["properties"])
        assert whole == fields(SchemaProduceIn)


async def test_every_type_that_is_declared_is_taken(running: RunningApplication) -> None:
    await running.create_topic("t")
    schemas = {
        "avro": ('"string"', "eA=="),
        "protobuf": ('syntax = "proto3"; message M {}', {}),
        "jsonschema": ("{}", "eA=="),
    }
    for content_type in PRODUCE_BODY["content"]:
        sent: dict[str, object] = {"records": [{"value": "eA=="}]}
        for kind, (schema, value) in schemas.items():
            if f".{kind}." in content_type:
                sent = {"records": [{"value": value}], "value_schema": schema}
                await running.client.put("/config", json={"compatibility": "NONE"})
        body = json.dumps(sent).encode()
        headers = {"content-type": content_type}
        answer = await running.client.post("/topics/t", content=body, headers=headers)

        assert answer.status_code == 200
        declared = SCHEMAS["V2ProduceResponse"]["properties"]
        assert answer.json().keys() == declared.keys()
        offsets = set(SCHEMAS["V2ProducedOffset"]["properties"])
        assert answer.json()["offsets"][0].keys() <= offsets


async def test_records_have_the_fields_that_are_declared(running: RunningApplication) -> None:
    await running.create_topic("t")
    body = b'{"records":[{"value":"eA==","headers":[{"key":"h"}]},{"key":"eA=="}]}'
    await running.client.post("/topics/t", content=body, headers={"content-type": ""})
    for kind, name in (("binary", "Binary"), ("json", "Json"), ("text", "Text")):
        instance = InstanceV2(running, name=kind)
        await instance.create(format=kind)
        await instance.ask("POST", "/assignments", partitions(("t", 0)))

        answer = await instance.poll()

        schema = SCHEMAS[f"V2{name}ConsumedRecord"]
        assert answer.headers["content-type"] in POLL_RESPONSES[200]["content"]
        for shown in answer.json():
            assert set(schema["required"]) <= shown.keys() <= schema["properties"].keys()
