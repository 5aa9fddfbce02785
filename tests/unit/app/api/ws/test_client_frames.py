"""Frames of a client: what is taken, what is refused."""

from typing import Any

import msgspec
import pytest

from app.api.ws.client_frames import (
    Assign,
    BinaryProduce,
    ClientFrame,
    ClientFrames,
    Commit,
    CreditIn,
    Produce,
    StartIn,
    Subscribe,
)

decode = msgspec.json.Decoder[Any](ClientFrames).decode


def test_a_subscription_to_a_group_has_kafkas_defaults() -> None:
    frame = decode(b'{"type":"subscribe","id":"a","sub":"s","group":"g","topics":["t"]}')

    assert isinstance(frame, Subscribe)
    assert (frame.start, frame.auto_commit, frame.credit) == ("committed", False, None)
    assert frame.isolation_level == "read_uncommitted"


def test_credit_is_counted_or_a_word() -> None:
    head = b'{"type":"assign","sub":"s","partitions":[{"topic":"t","from":"earliest"}],"credit":'
    counted, word = decode(head + b'{"records":5}}'), decode(head + b'"auto"}')

    assert isinstance(counted, Assign)
    assert counted.credit == CreditIn(records=5)
    assert counted.partitions == [StartIn(topic="t", start="earliest")]
    assert word.credit == "auto"


def test_a_produce_keeps_its_values_as_they_came() -> None:
    value = b'{"type":"JSON","data":{"a": 1.10 }}'
    frame = decode(b'{"type":"produce","topic":"t","records":[{"value":%b}]}' % value)

    assert isinstance(frame, Produce)
    assert bytes(frame.records) == b'[{"value":%b}]' % value


def test_a_commit_names_offsets_or_none() -> None:
    offset = b'{"topic":"t","partition":0,"offset":9223372036854775807}'
    frame = decode(b'{"type":"commit","sub":"s","offsets":[%b]}' % offset)

    assert isinstance(frame, Commit)
    assert frame.offsets is not None
    assert frame.offsets[0].offset == 2**63 - 1
    assert decode(b'{"type":"commit","sub":"s"}').offsets is None


@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"nothing"}',
        b'{"id":1}',
        b'{"type":"auth"}',
        b'{"type":"auth","token":"a","tokne":"b"}',
        b'{"type":"credit","sub":"s","records":-1}',
        b'{"type":"credit","sub":"","records":1}',
        b'{"type":"ack","sub":"s","seq":9223372036854775808}',
        b'{"type":"assign","sub":"s","partitions":[]}',
        b'{"type":"assign","sub":"s","partitions":[{"topic":"t","partition":2147483648}]}',
        b'{"type":"subscribe","sub":"s","group":"g","topics":["t"],"from":"oldest"}',
        b'{"type":"produce","topic":"t"}',
        b'{"type":"ack","sub":"s","seq":1,"id":{"a":1}}',
        b'[{"type":"init_producer"}]',
    ],
)
def test_what_is_no_frame_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(text)


def test_every_frame_may_have_an_id_and_says_what_it_is_for() -> None:
    kinds = ClientFrame.__subclasses__()

    assert all("id" in kind.__struct_fields__ for kind in kinds)
    assert all(kind.__doc__ for kind in (*kinds, BinaryProduce))
