"""The records of ``__consumer_offsets``: Kafka's own layouts, key by key.

A key begins with a 16-bit number that says what it is: 0 and 1 an offset, 2 a classic group, 3 to 8
and 16 the parts of a consumer group (``consumer_records``). A value begins with its version; a
null value says that the thing is gone.

Written: offsets in version 3, or 1 where the client chose a retention time; groups in version 3.
Read: every version there is (0 to 4); from 4 on the layout is flexible and tags are skipped.
Called by: coordinator, loading. Calls: encoding, model, offsets.
Source: ``OffsetCommitKey/Value.json`` and ``GroupMetadataKey/Value.json`` in Apache Kafka.
"""

from dataclasses import dataclass

from app.coordinators.encoding import MalformedRecord, Reader, Writer
from app.coordinators.groups.model import GroupMetadata, MemberMetadata
from app.coordinators.groups.offsets import CommittedOffset, TopicPartition

OFFSET_KEYS = (0, 1)
GROUP_KEY = 2

OFFSET_KEY_WRITTEN = 1
OFFSET_VALUE_WRITTEN = 3
OFFSET_VALUE_WITH_EXPIRY = 1
GROUP_VALUE_WRITTEN = 3
VALUE_VERSION_MAX = 4
FLEXIBLE_FROM = 4

KeyValue = tuple[bytes, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetRecord:
    """A partition's committed offset, or that there is none any more."""

    group_id: str
    partition: TopicPartition
    committed: CommittedOffset | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """A classic group, or that there is none any more."""

    group_id: str
    metadata: GroupMetadata | None


def encode_offset(record: OffsetRecord) -> KeyValue:
    """Return key and value of an offset."""
    topic, partition = record.partition
    key = Writer().int16(OFFSET_KEY_WRITTEN).string(record.group_id).string(topic).int32(partition)
    committed = record.committed
    if committed is None:
        return bytes(key), None
    if committed.expire_timestamp_ms is not None:
        value = Writer().int16(OFFSET_VALUE_WITH_EXPIRY).int64(committed.offset)
        value.string(committed.metadata).int64(committed.commit_timestamp_ms)
        value.int64(committed.expire_timestamp_ms)
    else:
        value = Writer().int16(OFFSET_VALUE_WRITTEN).int64(committed.offset)
        value.int32(committed.leader_epoch).string(committed.metadata)
        value.int64(committed.commit_timestamp_ms)
    return bytes(key), bytes(value)


def encode_group(record: GroupRecord) -> KeyValue:
    """Return key and value of a classic group."""
    key = bytes(Writer().int16(GROUP_KEY).string(record.group_id))
    metadata = record.metadata
    if metadata is None:
        return key, None
    value = Writer().int16(GROUP_VALUE_WRITTEN).string(metadata.protocol_type)
    value.int32(metadata.generation).string(metadata.protocol_name).string(metadata.leader)
    value.int64(metadata.state_timestamp_ms).array(metadata.members, _write_member)
    return key, bytes(value)


def decode(key: bytes, value: bytes | None) -> OffsetRecord | GroupRecord | None:
    """Return what a record says; None for a kind of key that is not for this module.

    Raises:
        MalformedRecord: The bytes are not what their version says.
    """
    reader = Reader(key)
    kind = reader.int16()
    if kind in OFFSET_KEYS:
        group_id, topic, partition = reader.string(), reader.string(), reader.int32()
        committed = None if value is None else _read_offset(value)
        return OffsetRecord(group_id=group_id, partition=(topic, partition), committed=committed)
    if kind == GROUP_KEY:
        metadata = None if value is None else _read_group(value)
        return GroupRecord(group_id=reader.string(), metadata=metadata)
    return None


def _write_member(writer: Writer, member: MemberMetadata) -> None:
    writer.string(member.member_id).string(member.instance_id)
    writer.string(member.client_id).string(member.client_host)
    writer.int32(member.rebalance_timeout_ms).int32(member.session_timeout_ms)
    writer.data(member.subscription).data(member.assignment)


def _versioned(value: bytes) -> tuple[int, Reader]:
    reader = Reader(value)
    version = reader.int16()
    if not 0 <= version <= VALUE_VERSION_MAX:
        raise MalformedRecord(f"a value of version {version} is not known")
    reader.flexible = version >= FLEXIBLE_FROM
    return version, reader


def _read_offset(value: bytes) -> CommittedOffset:
    version, reader = _versioned(value)
    offset = reader.int64()
    leader_epoch = reader.int32() if version >= 3 else -1
    metadata = reader.string()
    commit_timestamp_ms = reader.int64()
    expire_timestamp_ms = reader.int64() if version == 1 else -1
    return CommittedOffset(
        offset=offset,
        leader_epoch=leader_epoch,
        metadata=metadata,
        commit_timestamp_ms=commit_timestamp_ms,
        expire_timestamp_ms=expire_timestamp_ms if expire_timestamp_ms >= 0 else None,
    )


def _read_group(value: bytes) -> GroupMetadata:
    version, reader = _versioned(value)
    protocol_type, generation = reader.string(), reader.int32()
    protocol_name, leader = reader.optional_string(), reader.optional_string()
    state_timestamp_ms = reader.int64() if version >= 2 else -1
    members = reader.array(lambda one: _read_member(one, version))
    return GroupMetadata(
        protocol_type=protocol_type,
        generation=generation,
        protocol_name=protocol_name,
        leader=leader,
        state_timestamp_ms=state_timestamp_ms,
        members=members,
    )


def _read_member(reader: Reader, version: int) -> MemberMetadata:
    member_id = reader.string()
    instance_id = reader.optional_string() if version >= 3 else None
    client_id, client_host = reader.string(), reader.string()
    rebalance_timeout_ms = reader.int32() if version >= 1 else None
    session_timeout_ms = reader.int32()
    subscription, assignment = reader.data(), reader.data()
    reader.tags()
    return MemberMetadata(
        member_id=member_id,
        instance_id=instance_id,
        client_id=client_id,
        client_host=client_host,
        rebalance_timeout_ms=(
            session_timeout_ms if rebalance_timeout_ms is None else rebalance_timeout_ms
        ),
        session_timeout_ms=session_timeout_ms,
        subscription=subscription,
        assignment=assignment,
    )
