"""The AsyncAPI document: complete, and true of frames that are sent."""

import json
from typing import Any

import jsonschema
import pytest

from app.api.ws.asyncapi import document
from app.api.ws.client_frames import ClientFrames
from app.api.ws.close_codes import CloseCode
from app.api.ws.server_frames import ServerFrames
from tests.support.application import RunningApplication
from tests.support.sockets.asgi import SocketClient

ASSIGN = {"type": "assign", "sub": "s", "partitions": [{"topic": "one", "from": "earliest"}]}
ASKED: list[dict[str, Any]] = [
    {**ASSIGN, "id": 1, "credit": "auto"},
    {
        "type": "produce",
        "id": 2,
        "topic": "one",
        "records": [{"value": {"type": "JSON", "data": [1]}, "headers": [{"name": "h"}]}],
    },
    {"type": "produce", "id": 3, "topic": "nothing", "records": [{"partition_id": 0}]},
    {"type": "seek", "id": 4, "sub": "s", "positions": [{"topic": "one", "offset": 0}]},
    {"type": "pause", "id": 5, "sub": "s", "partitions": [{"topic": "one", "partition": 0}]},
    {"type": "unpause", "id": "x", "sub": "s"},
    {"type": "ack", "id": 7, "sub": "other", "seq": 1},
    {"type": "init_producer", "id": 8},
    {"type": "credit", "sub": "s", "records": 5, "bytes": 100},
]


def check(frame: dict[str, Any], name: str) -> None:
    written = document()
    schema = {**written["components"]["schemas"][name], "components": written["components"]}
    jsonschema.validate(frame, schema, cls=jsonschema.Draft202012Validator)


def names(union: Any) -> dict[str, str]:
    return {kind.__struct_config__.tag: kind.__name__ for kind in union.__args__}


def test_every_frame_and_every_close_code_is_described() -> None:
    written = document()
    messages = written["components"]["messages"]

    for name in (*names(ClientFrames).values(), *names(ServerFrames).values()):
        assert messages[name]["summary"].endswith((".", ";", ",", ":")) or messages[name]["summary"]
    for code in CloseCode:
        assert f"- {code.value}: " in written["info"]["description"]
    asked = {one["$ref"].split("/")[-1] for one in written["operations"]["ask"]["messages"]}
    assert asked == {*names(ClientFrames).values(), "BinaryProduce"}


def test_the_records_of_a_produce_are_described_as_rest_takes_them() -> None:
    schemas = document()["components"]["schemas"]

    items = schemas["Produce"]["properties"]["records"]["items"]
    assert items == {"$ref": "#/components/schemas/RecordIn"}
    assert "partition_id" in schemas["RecordIn"]["properties"]
    with pytest.raises(jsonschema.ValidationError):
        check({"type": "produce", "topic": "t", "records": []}, "Produce")


async def test_frames_that_go_both_ways_are_as_described(app: RunningApplication) -> None:
    seen = set()
    async with SocketClient(app.front) as client:
        frames = [await client.welcome()]
        for frame in ASKED:
            check(frame, names(ClientFrames)[frame["type"]])
            client.send(json.dumps(frame))
        while not {"receipt", "records", "sought", "producer", "error"} <= seen:
            frame = await client.receive()
            seen.add(frame["type"])
            frames.append(frame)

    for frame in frames:
        check(frame, names(ServerFrames)[frame["type"]])
