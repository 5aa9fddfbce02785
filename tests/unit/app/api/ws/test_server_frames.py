"""Frames of the server: told apart by their type, silent about what is not there."""

from typing import Any

import msgspec
import pytest

from app.api.ws import server_frames
from app.api.ws.limits import LimitsOut
from app.api.ws.server_frames import (
    Error,
    Receipt,
    Run,
    ServerFrame,
    ServerFrames,
    Subscribed,
    Welcome,
)

FRAMES = [
    Welcome(session="s", server_id=1, cluster_id="c", principal="User:a", limits=LimitsOut()),
    Subscribed(id=1, sub="s", epoch=0, resumed=False, resume="t"),
    Receipt(id="a", topic="t", outcomes=[Run(count=2, partition=0, base_offset=0)]),
    Error(error_code=40403, message="no", retriable=True),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_decodes_to_what_was_encoded(frame: ServerFrame) -> None:
    decoder = msgspec.json.Decoder[Any](ServerFrames)

    assert decoder.decode(msgspec.json.encode(frame)) == frame


def test_what_is_not_there_is_left_out() -> None:
    written = msgspec.json.encode(Error(error_code=1, message="no"))

    assert written == b'{"type":"error","error_code":1,"message":"no"}'


def test_offset_zero_is_there() -> None:
    written = msgspec.json.encode(Run(count=1, partition=0, base_offset=0))

    assert written == b'{"count":1,"partition":0,"base_offset":0}'


def test_every_frame_says_what_it_is_for() -> None:
    kinds = [
        kind
        for kind in vars(server_frames).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    ]

    assert len(kinds) > 20
    assert all(kind.__doc__ for kind in kinds)
