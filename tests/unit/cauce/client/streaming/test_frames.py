import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cauce.client.streaming.frames import (
    Assign,
    Start,
    Subscribe,
    acknowledging,
    opening,
    request,
    resuming,
)

DOCUMENT = json.loads((Path(__file__).parents[5] / "openapi/cauce-ws.json").read_text())
ALL = Assign(
    partitions=[
        Start("t", partition=1, offset=2),
        Start("t", timestamp=5),
        Start("t", last=3),
        Start("t", start="earliest"),
    ],
    until="end",
    where="value.n > 1",
    isolation_level="read_committed",
    key_type="JSON",
    value_type="BINARY",
    frame_records_max=7,
)
GROUP = Subscribe(
    group="g",
    topics=["t"],
    instance_id="i",
    start="earliest",
    assignors=["range"],
    session_timeout_ms=9_000,
)
PLACES = [{"topic": "t", "partition": 0}]


@pytest.mark.parametrize(
    ("schema", "frame"),
    [
        ("Assign", opening(ALL)),
        ("Assign", opening(Assign(partitions=[Start("t")]))),
        ("Subscribe", opening(GROUP)),
        ("Subscribe", opening(Subscribe(group="g", pattern="t.*", start=1_000))),
        ("Resume", resuming("token")),
        ("Ack", acknowledging(3)),
        ("Seek", request("seek", 1, positions=[{"topic": "t", "partition": 0, "offset": 4}])),
        ("Commit", request("commit", 2, offsets=[{"topic": "t", "partition": 0, "offset": 4}])),
        ("Pause", request("pause", 3, partitions=PLACES)),
        ("Unpause", request("unpause", 4, partitions=PLACES)),
        ("Release", {"type": "release", "sub": "s"}),
        ("InitProducer", {"type": "init_producer", "id": -1}),
    ],
)
def test_what_the_client_says_is_what_the_document_describes(
    schema: str, frame: dict[str, Any]
) -> None:
    resolved = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}

    jsonschema.validate(frame, resolved)


def test_nothing_of_a_wish_is_left_out() -> None:
    assert opening(ALL)["partitions"][3] == {"topic": "t", "from": "earliest"}
    assert opening(ALL)["where"] == "value.n > 1"
    assert opening(GROUP)["instance_id"] == "i"
    assert opening(GROUP)["from"] == "earliest"
