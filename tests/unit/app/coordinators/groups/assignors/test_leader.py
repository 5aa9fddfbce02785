import pytest
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from hypothesis import given
from hypothesis import strategies as st
from kafka.coordinator.assignors.sticky.user_data import StickyAssignorUserData
from kafka.protocol.consumer.metadata import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)

from app.coordinators.groups.assignors.leader import (
    ASSIGNORS,
    COOPERATIVE_STICKY,
    STICKY,
    lead,
    member_metadata,
)
from app.coordinators.groups.commands import JoinedMember
from app.coordinators.groups.subscriptions import (
    Subscription,
    decode_subscription,
    encode_subscription,
)


def joined(member_id: str, metadata: bytes) -> JoinedMember:
    return JoinedMember(member_id=member_id, instance_id=None, metadata=metadata)


def partitions(data: bytes) -> dict[str, list[int]]:
    """Read an assignment as kafka-python does."""
    read = ConsumerProtocolAssignment.decode(data, version=int.from_bytes(data[:2], "big"))
    return {one.topic: list(one.partitions) for one in read.assigned_partitions}


def kafka_python_joins(held: list[tuple[str, list[int]]], generation: int) -> bytes:
    """Return what a member of kafka-python's sticky assignor joins with."""
    data = StickyAssignorUserData(held, generation).encode(version=1)
    return bytes(ConsumerProtocolSubscription(0, ["t"], data).encode(version=0))


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
def test_every_assignor_gives_its_members_what_they_read(name: str) -> None:
    assignor = ASSIGNORS[name]
    metadata = member_metadata(assignor, ["t", "u"], {})

    found = lead(assignor, [joined("a", metadata), joined("b", metadata)], {"t": 4})

    assert sorted(one for each in found.values() for one in partitions(each)["t"]) == [0, 1, 2, 3]
    assert [len(partitions(one)["t"]) for one in found.values()] == [2, 2]


@pytest.mark.parametrize("name", ["sticky", "cooperative-sticky"])
def test_what_a_member_says_it_has_stays_with_it(name: str) -> None:
    assignor = ASSIGNORS[name]
    members = [
        joined("a", member_metadata(assignor, ["t"], {"t": (1, 3)}, 5)),
        joined("b", member_metadata(assignor, ["t"], {"t": (0, 2)}, 5)),
    ]

    found = lead(assignor, members, {"t": 4})

    assert partitions(found["a"]) == {"t": [1, 3]}
    assert partitions(found["b"]) == {"t": [0, 2]}


def test_an_eager_member_of_kafka_python_keeps_what_it_says_it_had() -> None:
    members = [
        joined("a", kafka_python_joins([("t", [1, 3])], 5)),
        joined("b", kafka_python_joins([("t", [0, 2])], 5)),
    ]

    found = lead(STICKY, members, {"t": 4})

    assert partitions(found["a"]) == {"t": [1, 3]}


def test_what_we_join_with_is_what_kafka_python_and_aiokafka_read() -> None:
    data = decode_subscription(member_metadata(STICKY, ["t"], {"t": (1, 3)}, 5))
    assert data is not None
    assert data.user_data is not None

    read = StickyAssignorUserData.decode(b"\x00\x01" + data.user_data, version=1)  # its own header
    assert [(one.topic, list(one.partitions)) for one in read.previous_assignment] == [
        ("t", [1, 3])
    ]
    assert read.generation == 5
    assert data.owned_partitions == {}  # it gave them up

    class Metadata:
        subscription = ("t",)
        user_data = data.user_data

    theirs = StickyPartitionAssignor.parse_member_metadata(Metadata)  # type: ignore[arg-type]
    assert [tuple(one) for one in theirs.partitions] == [("t", 1), ("t", 3)]
    assert theirs.generation == 5


def test_user_data_of_version_0_has_no_generation() -> None:
    held = decode_subscription(member_metadata(STICKY, ["t"], {"t": (1,)}, 5))
    assert held is not None
    assert held.user_data is not None
    old = encode_subscription(Subscription(topics=("t",), user_data=held.user_data[:-4]))
    new = member_metadata(STICKY, ["t"], {"t": (1,)}, 5)

    found = lead(STICKY, [joined("a", old), joined("b", new)], {"t": 2})

    assert partitions(found["b"]) == {"t": [1]}


def test_old_cooperative_clients_say_their_generation_beside() -> None:
    def old(generation: int) -> bytes:
        beside = generation.to_bytes(4, "big")
        held = {"t": (0,)}
        return encode_subscription(
            Subscription(topics=("t",), user_data=beside, owned_partitions=held), version=1
        )

    found = lead(COOPERATIVE_STICKY, [joined("a", old(4)), joined("b", old(5))], {"t": 1})

    assert partitions(found["a"]) == {}
    assert partitions(found["b"]) == {"t": [0]}


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
@given(data=st.binary(max_size=40), user_data=st.binary(max_size=40))
def test_a_member_that_cannot_be_read_does_not_keep_others_from_reading(
    name: str, data: bytes, user_data: bytes
) -> None:
    assignor = ASSIGNORS[name]
    members = [
        joined("a", b"\xff" + data),
        joined("b", encode_subscription(Subscription(topics=("t",), user_data=user_data))),
    ]

    found = lead(assignor, members, {"t": 2})

    assert set(found) == {"a", "b"}
    assert partitions(found["b"]).get("t", []) or decode_subscription(b"\xff" + data) is not None
