"""Kafka's layouts of a consumer group's records, by hand-made bytes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.commands import Protocol
from app.coordinators.groups.consumer_protocol.consumer_group import PartValue
from app.coordinators.groups.consumer_protocol.model import (
    ClassicProtocols,
    Current,
    Matched,
    MemberState,
    PartKind,
    Subscription,
    Topic,
)
from app.coordinators.groups.consumer_protocol.records import (
    ConsumerRecord,
    decode_consumer,
    encode_part,
)

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
ID = bytes(15) + b"\x01"
INT = b"\0\0\0"
HELD = frozenset({(TOPIC_ID, 0), (TOPIC_ID, 2)})
HELD_BYTES = b"\x02" + ID + b"\x03" + INT + b"\0" + INT + b"\x02" + b"\0"
NAME = b"\0\1m"
KEYS = {3: b"", 4: b"", 5: NAME, 6: b"", 7: NAME, 8: NAME, 16: NAME}
CASES: list[tuple[int, PartValue, bytes]] = [
    (3, 7, INT + b"\x07"),
    (6, 7, INT + b"\x07"),
    (
        4,
        {"t": Topic(topic_id=TOPIC_ID, partitions=3)},
        b"\x02" + ID + b"\x02t" + INT + b"\x03" + b"\x01" + b"\0",
    ),
    (
        5,
        Subscription(
            instance_id="i",
            client_id="c",
            client_host="/h",
            topics=("t",),
            rebalance_timeout_ms=5,
            assignor="range",
        ),
        b"\x02i\0\x02c\x03/h" + b"\x02\x02t" + b"\0" + INT + b"\x05" + b"\x06range",
    ),
    (
        5,
        Subscription(client_id="c", client_host="/h", pattern="t.*", rebalance_timeout_ms=5),
        b"\0\0\x02c\x03/h" + b"\x01" + b"\x04t.*" + INT + b"\x05" + b"\0",
    ),
    (
        16,
        Matched(topics=("t", "u"), version=3, timestamp_ms=4),
        b"\x03\x02t\x02u" + bytes(7) + b"\x03" + bytes(7) + b"\x04",
    ),
    (7, HELD, HELD_BYTES),
    (
        8,
        Current(
            epoch=6,
            previous_epoch=5,
            state=MemberState.UNREVOKED_PARTITIONS,
            assigned=HELD,
            revoking=frozenset(),
        ),
        INT + b"\x06" + INT + b"\x05" + b"\x02" + HELD_BYTES + b"\x01",
    ),
]


@pytest.mark.parametrize(("number", "value", "fields"), CASES)
def test_parts_are_written_and_read_as_kafka_does(
    number: int, value: PartValue, fields: bytes
) -> None:
    kind = PartKind(number)
    part = (kind, "m" if KEYS[number] else "")
    key, raw = encode_part("g", part, value)

    assert key == bytes([0, number]) + b"\0\1g" + KEYS[number]
    assert raw == b"\0\0" + fields + b"\0"
    assert decode_consumer(key, raw) == ConsumerRecord(group_id="g", part=part, value=value)
    gone = encode_part("g", part, None)
    assert gone == (key, None)
    assert decode_consumer(*gone) == ConsumerRecord(group_id="g", part=part, value=None)


def test_racks_and_tags_of_others_are_skipped() -> None:
    key, _ = encode_part("g", (PartKind.TOPICS, ""), None)
    racks = b"\x02" + INT + b"\0" + b"\x02\x02r" + b"\0"
    raw = b"\0\0\x02" + ID + b"\x02t" + INT + b"\x03" + racks + b"\0" + b"\1\0\1x"

    found = decode_consumer(key, raw)

    assert found is not None
    assert found.value == {"t": Topic(topic_id=TOPIC_ID, partitions=3)}


def test_what_a_classic_member_told_is_a_tagged_field() -> None:
    told = Subscription(
        client_host="/h",
        topics=("t",),
        rebalance_timeout_ms=5,
        classic=ClassicProtocols(session_timeout_ms=7, protocols=(Protocol("range", b"m"),)),
    )
    fields = b"\0\0\x01\x03/h" + b"\x02\x02t" + b"\0" + INT + b"\x05" + b"\0"
    classic = b"\x01" + INT + b"\x07" + b"\x02\x06range\x02m\0" + b"\0"

    key, raw = encode_part("g", (PartKind.MEMBER, "m"), told)

    assert raw == b"\0\0" + fields + b"\x01\0" + bytes([len(classic)]) + classic
    found = decode_consumer(key, raw)
    assert found is not None
    assert found.value == told


def test_other_kinds_of_keys_are_left_to_others() -> None:
    assert decode_consumer(b"\0\2\0\1g", b"") is None


@pytest.mark.parametrize(("number", "raw"), [(3, b"\0\1"), (8, b"\0\0" + bytes(8) + b"\x09")])
def test_what_is_not_known_is_malformed(number: int, raw: bytes) -> None:
    key, _ = encode_part("g", (PartKind(number), "m"), None)

    with pytest.raises(MalformedRecord):
        decode_consumer(key, raw)


@given(number=st.sampled_from(sorted(KEYS)), raw=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(number: int, raw: bytes) -> None:
    key, _ = encode_part("g", (PartKind(number), "m"), None)

    with suppress(MalformedRecord):
        decode_consumer(key, b"\0\0" + raw)
