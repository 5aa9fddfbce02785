from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.protocol.consumer.metadata import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)

from app.coordinators.groups.subscriptions import (
    Assignment,
    Subscription,
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
    subscribed_topics,
)

SUBSCRIPTION = Subscription(
    topics=("a", "b"),
    user_data=b"u",
    owned_partitions={"a": (0, 2)},
    generation=5,
    rack_id="r1",
)


def kafka_python(kind: Any, data: bytes) -> Any:
    return kind.decode(data, version=int.from_bytes(data[:2], "big"))


@pytest.mark.parametrize("version", range(4))
def test_a_subscription_is_what_kafka_python_reads(version: int) -> None:
    data = encode_subscription(SUBSCRIPTION, version)

    read = kafka_python(ConsumerProtocolSubscription, data)

    assert list(read.topics) == ["a", "b"]
    assert read.user_data == b"u"
    if version >= 1:
        assert [(one.topic, list(one.partitions)) for one in read.owned_partitions] == [
            ("a", [0, 2])
        ]
    if version >= 2:
        assert read.generation_id == 5
    if version >= 3:
        assert read.rack_id == "r1"


@pytest.mark.parametrize("version", range(4))
def test_a_subscription_is_read_as_far_as_its_version_goes(version: int) -> None:
    read = decode_subscription(encode_subscription(SUBSCRIPTION, version))

    assert read is not None
    assert read.topics == ("a", "b")
    assert read.owned_partitions == ({"a": (0, 2)} if version >= 1 else {})
    assert read.generation == (5 if version >= 2 else -1)
    assert read.rack_id == ("r1" if version >= 3 else None)


def test_a_subscription_of_a_version_to_come_is_read_as_the_newest_known() -> None:
    data = bytearray(encode_subscription(SUBSCRIPTION, 3)) + b"more"
    data[1] = 9

    assert decode_subscription(bytes(data)) == SUBSCRIPTION


def test_an_assignment_is_what_kafka_python_reads() -> None:
    data = encode_assignment(Assignment(partitions={"t": (1, 3)}))

    read = kafka_python(ConsumerProtocolAssignment, data)

    assert [(one.topic, list(one.partitions)) for one in read.assigned_partitions] == [
        ("t", [1, 3])
    ]
    assert decode_assignment(data) == Assignment(partitions={"t": (1, 3)})


@given(st.binary(max_size=80))
def test_bytes_of_any_kind_are_read_or_left_opaque(data: bytes) -> None:
    decode_subscription(data)
    decode_assignment(data)


def test_the_topics_of_a_group_are_known_only_if_every_member_s_are() -> None:
    one = encode_subscription(Subscription(topics=("a",)))
    two = encode_subscription(Subscription(topics=("a", "b")))

    assert subscribed_topics("consumer", [one, two]) == {"a", "b"}
    assert subscribed_topics("consumer", []) == set()
    assert subscribed_topics("consumer", [one, b"?"]) is None
    assert subscribed_topics("connect", [one]) is None
