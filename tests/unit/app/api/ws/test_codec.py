"""Codec: messages to frames and back; whatever else comes in is refused in a bounded way."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.client_frames import Ack, InitProducer, Produce
from app.api.ws.codec import (
    ALIGNMENT,
    PREFIX,
    BadFrame,
    Kind,
    decode_binary,
    decode_text,
    encode_binary,
    encode_frame,
    padding,
)
from app.api.ws.server_frames import Ok

HEADER = b'{"id":7,"topic":"t","partition":0,"count":2}'


def test_a_text_message_is_a_frame() -> None:
    assert decode_text('{"type":"ack","sub":"s","seq":3,"id":"x"}') == Ack(id="x", sub="s", seq=3)
    assert decode_text(' {"id":null,"type":"init_producer"}\n') == InitProducer()


@pytest.mark.parametrize(
    ("text", "frame_id"),
    [
        ('{"type":"ack","sub":"s","id":5}', 5),
        ('{"type":"what","id":"a"}', "a"),
        ('{"type":"ack","sub":"s","seq":1,"id":[1]}', None),
        ("nothing", None),
        ("", None),
        ("{}{}", None),
        ("[" * 1_000_000, None),
        ('{"type":"ack","sub":' + "[" * 200 + "]" * 200 + "}", None),
    ],
)
def test_what_is_no_frame_is_refused_with_the_id_if_it_can_be_read(
    text: str, frame_id: int | str | None
) -> None:
    with pytest.raises(BadFrame) as raised:
        decode_text(text)

    assert raised.value.frame_id == frame_id


def test_what_nests_too_deep_for_any_reader_is_refused() -> None:
    def produce(depth: int) -> str:
        value = "[" * depth + "]" * depth
        data = f'{{"type":"JSON","data":{value}}}'
        return f'{{"type":"produce","topic":"t","records":[{{"value":{data}}}]}}'

    assert isinstance(decode_text(produce(128)), Produce)
    with pytest.raises(BadFrame, match="deeper"):
        decode_text(produce(100_000))


@given(st.text())
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    try:
        decode_text(text)
    except BadFrame as error:
        said = str(error)
    else:
        said = ""
    assert len(said) < 400


@given(st.binary(max_size=60), st.sampled_from(Kind))
def test_a_binary_message_is_read_as_it_was_written(payload: bytes, kind: Kind) -> None:
    message = encode_binary(kind, HEADER, [payload, padding(len(payload)), b"end"])

    assert PREFIX.unpack_from(message)[0] == kind
    if kind in (Kind.RECORD_COLUMNS, Kind.RECORD_BATCHES):
        with pytest.raises(BadFrame, match="kind 3 or 4"):
            decode_binary(message)
        return
    found, header, rest = decode_binary(message)
    assert (found, header.id, header.topic, header.count) == (kind, 7, "t", 2)
    assert bytes(rest) == payload + padding(len(payload)) + b"end"
    assert (len(message) - len(rest)) % ALIGNMENT == 0


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        decode_binary(data)


@pytest.mark.parametrize("header", [b"{}", b'{"topic":1}', b"[", b'{"topic":"t","what":1}'])
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises(BadFrame):
        decode_binary(encode_binary(Kind.PRODUCE_COLUMNS, header, []))


def test_a_header_longer_than_its_frame_or_askew_is_refused() -> None:
    message = bytearray(encode_binary(Kind.PRODUCE_BATCH, HEADER, [b"12345678"]))
    for size in (len(message), 2**32 - 1, len(HEADER)):
        PREFIX.pack_into(message, 0, Kind.PRODUCE_BATCH, size)

        with pytest.raises(BadFrame, match="size"):
            decode_binary(bytes(message))


def test_a_frame_of_the_server_is_one_json_object() -> None:
    assert json.loads(encode_frame(Ok(id=1, sub="s"))) == {"type": "ok", "id": 1, "sub": "s"}
    assert msgspec.json.decode(encode_frame(Ok())) == {"type": "ok"}
