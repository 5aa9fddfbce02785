import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws import codec as server
from app.api.ws import server_frames as said
from app.api.ws.columns import decode_columns, encode_columns
from app.api.ws.limits import LimitsOut
from cauce.client.streaming.codec import (
    BadMessage,
    Batch,
    decode_binary,
    decode_text,
    encode_produce,
    encode_text,
)
from cauce.client.streaming.frames import ProducerIdentity, RecordsFrame
from cauce.client.streaming.records import NewRecord, TopicPartition

PLACE = said.PartitionOut(topic="t", partition=1)
FRAMES = [
    said.Welcome(session="s", server_id=1, cluster_id="c", principal="p", limits=LimitsOut()),
    said.Ok(id=3, sub="s"),
    said.Subscribed(id=1, sub="s", epoch=2, resumed=True, resume="t"),
    said.Assigned(sub="s", partitions=[PLACE]),
    said.Revoking(sub="s", partitions=[PLACE], deadline_ms=5_000),
    said.Revoked(sub="s", partitions=[PLACE]),
    said.Lost(sub="s", partitions=[PLACE]),
    said.Sought(id=4, sub="s", epoch=3),
    said.CommittedOut(
        id=5, sub="s", offsets=[said.PositionOut(topic="t", partition=1, offset=9)], resume="t"
    ),
    said.End(sub="s", resume="t"),
    said.Receipt(id=6, topic="t", outcomes=[said.Run(count=2, partition=0, base_offset=7)]),
    said.Producer(id=-1, producer_id=8, epoch=0),
    said.Error(id=7, error_code=40403, message="no", retriable=True),
    said.ClosingOut(code=1001, reason="bye", retry_ms=500, resume={"s": "t"}),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_whatever_the_server_says_is_understood(frame: said.ServerFrame) -> None:
    found = decode_text(server.encode_frame(frame))

    assert isinstance(found, msgspec.Struct)
    told = json.loads(server.encode_frame(frame))
    understood = msgspec.to_builtins(found)
    common = understood.keys() & told.keys() - {"limits", "outcomes"}
    assert "type" in common
    assert {name: understood[name] for name in common} == {name: told[name] for name in common}


def test_records_of_json_keep_their_text() -> None:
    record = {"offset": 4, "timestamp": 9, "key": None, "value": {"type": "JSON", "data": 1}}
    part = {"topic": "t", "partition": 0, "epoch": 1, "records": [record], "next_offset": 5}
    part |= {"high_watermark": 9, "leader_epoch": 0}
    frame = {"type": "records", "sub": "s", "seq": 2, "epoch": 1, "slices": [part]}
    frame |= {"credit": {}, "resume": "t"}

    found = decode_text(json.dumps(frame))

    assert isinstance(found, tuple)
    head, (one,) = found
    assert (head.seq, head.resume, one.next_offset, one.count) == (2, "t", 5, 1)
    assert json.loads(bytes(one.texts[0])) == record


def binary(*values: bytes, parts: int = 1) -> bytes:
    count = len(values)
    data = encode_columns(range(count), [5] * count, [None] * count, values, None)
    part = {"topic": "t", "partition": 0, "epoch": 1, "count": count, "size": len(data)}
    part |= {"columns": [], "next_offset": count, "high_watermark": count, "leader_epoch": 0}
    head = {"type": "records", "sub": "s", "seq": 1, "epoch": 1, "slices": [part] * parts}
    head |= {"credit": {}, "resume": "t"}
    payload: list[bytes | memoryview] = [data, server.padding(len(data))] * parts
    return server.encode_binary(server.Kind.RECORD_COLUMNS, json.dumps(head).encode(), payload)


def test_records_of_a_binary_frame_are_those_of_its_slices() -> None:
    found = decode_binary(binary(b"a", b"bcd", parts=2))

    assert found is not None
    frame, slices = found
    batch = Batch(slices=slices, seq=frame.seq)
    assert [one.value for one in batch.records()] == [b"a", b"bcd", b"a", b"bcd"]
    assert batch.count == 4


@pytest.mark.parametrize("text", ["{}", '{"type":"brand-new","x":1}'])
def test_signs_of_life_and_what_is_new_are_passed_over(text: str) -> None:
    assert decode_text(text) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type":"records"}', '{"type":"end","x":'])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        decode_text(text)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_other_bytes_are_a_frame_or_refused(junk: bytes, cut: int) -> None:
    for message in (junk, b"\1\0\0\0" + junk, binary(b"a")[:cut]):
        try:
            found = decode_binary(message)
        except BadMessage:
            continue
        assert found is None or isinstance(found[0], RecordsFrame)


def test_a_produce_is_what_the_server_reads() -> None:
    records = [NewRecord(b"v", b"k"), NewRecord(None, headers=(("h", b"1"),))]
    who = ProducerIdentity(producer_id=7, epoch=1)

    kind, header, payload = server.decode_binary(
        encode_produce(3, TopicPartition("t", 2), records, (who, 40), now_ms=5)
    )

    assert kind is server.Kind.PRODUCE_COLUMNS
    assert (header.id, header.topic, header.partition, header.count) == (3, "t", 2, 2)
    assert header.producer is not None
    assert (header.producer.producer_id, header.producer.sequence) == (7, 40)
    found = decode_columns(payload, 2, 5, timestamps=False, headers=True)
    assert [(key, value) for _, key, value, _ in found] == [(b"k", b"v"), (None, None)]


def test_a_text_frame_is_json() -> None:
    assert json.loads(encode_text({"type": "ack", "seq": 1})) == {"type": "ack", "seq": 1}
