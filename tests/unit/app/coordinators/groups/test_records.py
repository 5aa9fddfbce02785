from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.model import GroupMetadata, MemberMetadata
from app.coordinators.groups.offsets import CommittedOffset
from app.coordinators.groups.records import (
    GroupRecord,
    OffsetRecord,
    decode,
    encode_group,
    encode_offset,
)
from tests.support.groups.kafka_records import kafka_bytes, kafka_fields

MEMBER = MemberMetadata(
    member_id="c-1",
    instance_id="i",
    client_id="c",
    client_host="/127.0.0.1",
    rebalance_timeout_ms=60_000,
    session_timeout_ms=45_000,
    subscription=b"sub",
    assignment=b"ass",
)
GROUP = GroupMetadata(
    protocol_type="consumer",
    generation=7,
    protocol_name="range",
    leader="c-1",
    state_timestamp_ms=1_700_000_000_000,
    members=(MEMBER,),
)
COMMITTED = CommittedOffset(
    offset=42, leader_epoch=3, metadata="né", commit_timestamp_ms=1_700_000_000_001
)


def test_an_offset_is_written_as_kafka_does() -> None:
    key, value = encode_offset(OffsetRecord(group_id="g", partition=("t", 5), committed=COMMITTED))

    assert value is not None
    assert kafka_fields("OffsetCommitKey", key) == (1, {"group": "g", "topic": "t", "partition": 5})
    assert kafka_fields("OffsetCommitValue", value) == (
        3,
        {
            "offset": 42,
            "leader_epoch": 3,
            "metadata": "né",
            "commit_timestamp": 1_700_000_000_001,
        },
    )


def test_an_offset_s_bytes_are_kafka_s() -> None:
    committed = CommittedOffset(offset=1, metadata="m", commit_timestamp_ms=2)

    key, value = encode_offset(OffsetRecord(group_id="g", partition=("t", 5), committed=committed))

    assert key.hex() == "000100016700017400000005"
    assert value is not None
    assert value.hex() == "00030000000000000001ffffffff00016d0000000000000002"


def test_an_offset_with_a_retention_of_its_own_is_written_in_version_1() -> None:
    committed = CommittedOffset(
        offset=1, leader_epoch=9, commit_timestamp_ms=2, expire_timestamp_ms=3
    )

    _, value = encode_offset(OffsetRecord(group_id="g", partition=("t", 0), committed=committed))

    assert value is not None
    assert kafka_fields("OffsetCommitValue", value) == (
        1,
        {"offset": 1, "metadata": "", "commit_timestamp": 2, "expire_timestamp": 3},
    )


def test_a_group_is_written_as_kafka_does() -> None:
    key, value = encode_group(GroupRecord(group_id="g", metadata=GROUP))

    assert value is not None
    assert kafka_fields("GroupMetadataKey", key) == (2, {"group": "g"})
    version, fields = kafka_fields("GroupMetadataValue", value)
    assert version == 3
    assert fields == {
        "protocol_type": "consumer",
        "generation": 7,
        "protocol": "range",
        "leader": "c-1",
        "current_state_timestamp": 1_700_000_000_000,
        "members": [
            {
                "member_id": "c-1",
                "group_instance_id": "i",
                "client_id": "c",
                "client_host": "/127.0.0.1",
                "rebalance_timeout": 60_000,
                "session_timeout": 45_000,
                "subscription": "sub",
                "assignment": "ass",
            }
        ],
    }


@pytest.mark.parametrize("version", range(5))
def test_every_version_of_an_offset_is_read(version: int) -> None:
    fields: dict[str, Any] = {"offset": 5, "metadata": "m", "commit_timestamp": 6}
    if version >= 3:
        fields["leader_epoch"] = 2
    if version == 1:
        fields["expire_timestamp"] = 9
    key = kafka_bytes("OffsetCommitKey", min(version, 1), group="g", topic="t", partition=1)

    read = decode(key, kafka_bytes("OffsetCommitValue", version, **fields))

    assert read == OffsetRecord(
        group_id="g",
        partition=("t", 1),
        committed=CommittedOffset(
            offset=5,
            leader_epoch=2 if version >= 3 else -1,
            metadata="m",
            commit_timestamp_ms=6,
            expire_timestamp_ms=9 if version == 1 else None,
        ),
    )


@pytest.mark.parametrize("version", range(5))
def test_every_version_of_a_group_is_read(version: int) -> None:
    member: dict[str, Any] = {
        "member_id": "m",
        "client_id": "c",
        "client_host": "/h",
        "session_timeout": 10,
        "subscription": b"s",
        "assignment": b"a",
    }
    fields: dict[str, Any] = {"protocol_type": "consumer", "generation": 3}
    fields |= {"protocol": None, "leader": None, "members": [member]}
    if version >= 1:
        member["rebalance_timeout"] = 20
    if version >= 2:
        fields["current_state_timestamp"] = 99
    if version >= 3:
        member["group_instance_id"] = None
    key = kafka_bytes("GroupMetadataKey", 2, group="g")

    read = decode(key, kafka_bytes("GroupMetadataValue", version, **fields))

    assert isinstance(read, GroupRecord)
    assert read.metadata is not None
    assert (read.metadata.generation, read.metadata.leader) == (3, None)
    assert read.metadata.state_timestamp_ms == (99 if version >= 2 else -1)
    assert read.metadata.members[0].rebalance_timeout_ms == (20 if version >= 1 else 10)
    assert read.metadata.members[0].assignment == b"a"


def test_a_null_value_says_that_the_thing_is_gone() -> None:
    gone_offset = OffsetRecord(group_id="g", partition=("t", 0), committed=None)
    gone_group = GroupRecord(group_id="g", metadata=None)

    assert decode(*encode_offset(gone_offset)) == gone_offset
    assert decode(*encode_group(gone_group)) == gone_group


def test_what_is_written_is_read() -> None:
    offset = OffsetRecord(group_id="g", partition=("t", 5), committed=COMMITTED)
    group = GroupRecord(group_id="g", metadata=GROUP)

    assert decode(*encode_offset(offset)) == offset
    assert decode(*encode_group(group)) == group


def test_a_key_of_another_kind_is_left_to_others() -> None:
    assert decode(b"\x00\x63rest", b"x") is None


@given(st.binary(max_size=60), st.none() | st.binary(max_size=80))
def test_bytes_of_any_kind_are_read_or_refused_by_name(key: bytes, value: bytes | None) -> None:
    with suppress(MalformedRecord):
        decode(key, value)


def test_a_value_of_an_unknown_version_is_refused() -> None:
    key, _ = encode_group(GroupRecord(group_id="g", metadata=None))

    with pytest.raises(MalformedRecord, match="version 9"):
        decode(key, b"\x00\x09")
