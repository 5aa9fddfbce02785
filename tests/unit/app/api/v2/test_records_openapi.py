"""The schemas written by hand say what the handlers take and answer."""

import msgspec

from app.api.v2.produce_body import HeaderIn, ProduceIn, RecordIn
from app.api.v2.records_openapi import PRODUCE_BODY, SCHEMAS
from tests.support.application import RunningApplication

ABOUT_SCHEMAS = {"key_schema", "key_schema_id", "value_schema", "value_schema_id"}
"""They may be there, and must be null so far."""


def fields(struct: type[msgspec.Struct]) -> set[str]:
    return {one.encode_name for one in msgspec.structs.fields(struct)}


def test_bodies_have_the_fields_that_are_parsed() -> None:
    assert set(SCHEMAS["V2Header"]["properties"]) == fields(HeaderIn)
    for name in ("Binary", "Json", "Text"):
        assert set(SCHEMAS[f"V2{name}Record"]["properties"]) == fields(RecordIn)
        whole = set(SCHEMAS[f"V2{name}ProduceRequest"]["properties"])
        assert whole == fields(ProduceIn) - ABOUT_SCHEMAS


async def test_every_type_that_is_declared_is_taken(running: RunningApplication) -> None:
    await running.create_topic("t")
    for content_type in PRODUCE_BODY["content"]:
        body = b'{"records":[{"value":"eA=="}]}'
        headers = {"content-type": content_type}
        answer = await running.client.post("/topics/t", content=body, headers=headers)

        assert answer.status_code == 200
        declared = SCHEMAS["V2ProduceResponse"]["properties"]
        assert answer.json().keys() == declared.keys()
        offsets = set(SCHEMAS["V2ProducedOffset"]["properties"])
        assert answer.json()["offsets"][0].keys() <= offsets
