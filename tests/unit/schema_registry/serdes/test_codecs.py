"""Codecs: found by id and GUID, compiled once, never out of date."""

import io
import json
from typing import Any

import fastavro
import pytest

from schema_registry.errors import InvalidPayload
from schema_registry.formats.framing import Identity, prefix_of
from schema_registry.serdes import codecs as module
from schema_registry.serdes.codecs import Codecs, LoadedSchema
from tests.support.registry.door import RunningRegistry

USER = {
    "type": "record",
    "name": "User",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "nick", "type": ["null", "string"], "default": None},
    ],
}
PROTO = 'syntax = "proto3"; package p; message A { int32 a = 1; } message B { string b = 1; }'


async def loaded(codecs: Codecs, identity: Identity) -> LoadedSchema:
    found = (await codecs.load([identity]))[identity]
    assert isinstance(found, LoadedSchema), found
    return found


async def test_value_is_written_as_fastavro_writes_it(registry: RunningRegistry) -> None:
    schema_id = await registry.register("t-value", json.dumps(USER))
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, fastavro.parse_schema(USER), {"id": 7, "nick": "n"})

    schema = await loaded(Codecs(registry.context), schema_id)

    written = schema.encode({"id": 7, "nick": {"string": "n"}})
    assert written == prefix_of(schema_id) + expected.getvalue()
    assert json.loads(schema.decode(expected.getvalue())) == {"id": 7, "nick": {"string": "n"}}


async def test_each_value_has_its_own_outcome(registry: RunningRegistry) -> None:
    schema_id = await registry.register("t-value", json.dumps(USER))
    schema = await loaded(Codecs(registry.context), schema_id)

    first, second, third = schema.encode_all([{"id": 1}, {"id": "x"}, {"id": 2}])

    assert (first, third) == (schema.encode({"id": 1}), schema.encode({"id": 2}))
    assert isinstance(second, InvalidPayload)
    assert second.path == "/id"


async def test_schema_is_found_by_guid(registry: RunningRegistry) -> None:
    schema_id = await registry.register("t-value", json.dumps(USER))
    guid = (await registry.ask("GET", f"/schemas/ids/{schema_id}"))["guid"]
    codecs = Codecs(registry.context)

    for _ in range(2):
        assert (await loaded(codecs, guid)).schema_id == schema_id


async def test_schema_that_is_not_there_is_none_until_it_is(registry: RunningRegistry) -> None:
    codecs = Codecs(registry.context)
    guid = "01234567-89ab-cdef-0123-456789abcdef"

    assert await codecs.load([1, guid]) == {1: None, guid: None}
    assert await codecs.load([1]) == {1: None}
    schema_id = await registry.register("t-value", '"string"')

    assert schema_id == 1
    assert (await loaded(codecs, 1)).encode("a") == b"\0\0\0\0\1\2a"


async def test_id_that_is_given_anew_is_not_what_it_was(registry: RunningRegistry) -> None:
    codecs = Codecs(registry.context)
    await registry.set("/mode/t-value", mode="IMPORT")
    await registry.register("t-value", '"string"', id=9)
    assert (await loaded(codecs, 9)).encode("a")[5:] == b"\2a"
    await registry.ask("DELETE", "/subjects/t-value")
    await registry.ask("DELETE", "/subjects/t-value?permanent=true")
    await registry.set("/mode/t-value", mode="IMPORT")
    await registry.register("t-value", '"int"', id=9)

    assert (await loaded(codecs, 9)).encode(1)[5:] == b"\2"


async def test_codec_is_compiled_once_and_kept_within_bounds(
    registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    codecs = Codecs(registry.context)
    first = await registry.register("a-value", '"string"')
    second = await registry.register("b-value", '"int"')

    assert await loaded(codecs, first) is await loaded(codecs, first)
    monkeypatch.setattr(module, "CODECS_KEPT_MAX", 1)
    before = await loaded(codecs, first)
    await loaded(codecs, second)

    assert await loaded(codecs, first) is not before


async def test_references_are_followed(registry: RunningRegistry) -> None:
    await registry.register("user", json.dumps(USER))
    text = json.dumps(
        {"type": "record", "name": "Box", "fields": [{"name": "user", "type": "User"}]}
    )
    reference = {"name": "User", "subject": "user", "version": 1}
    schema_id = await registry.register("t-value", text, references=[reference])
    schema = await loaded(Codecs(registry.context), schema_id)

    payload = schema.encode({"user": {"id": 3}})[5:]

    assert json.loads(schema.decode(payload)) == {"user": {"id": 3, "nick": None}}


async def test_protobuf_says_which_message_a_payload_is(registry: RunningRegistry) -> None:
    schema_id = await registry.register("t-value", PROTO, schemaType="PROTOBUF")
    schema = await loaded(Codecs(registry.context), schema_id)

    assert schema.record_name == "p.A"
    assert schema.name_in(b"\0\x08\1") == "p.A"
    assert schema.name_in(b"\2\2\x0a\1x") == "p.B"
    assert json.loads(schema.decode(b"\2\2\x0a\1x")) == {"b": "x"}
    for payload in (b"\2\x08", b"\xff" * 12):
        with pytest.raises(InvalidPayload):
            schema.name_in(payload)


async def test_avro_has_one_name(registry: RunningRegistry) -> None:
    schema_id = await registry.register("t-value", json.dumps(USER))

    assert (await loaded(Codecs(registry.context), schema_id)).name_in(b"") == "User"


@pytest.mark.parametrize("number", [2**64, -(2**70), 10**30])
async def test_whole_numbers_of_any_length_are_shown(
    registry: RunningRegistry, number: Any
) -> None:
    schema_id = await registry.register("t-value", '{"type":"integer"}', schemaType="JSON")
    schema = await loaded(Codecs(registry.context), schema_id)

    try:
        written = schema.encode(number)
    except InvalidPayload:
        pytest.fail("the schema takes it")
    assert json.loads(schema.decode(written[5:])) == number
