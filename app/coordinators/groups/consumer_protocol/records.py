"""The records of a consumer group in ``__consumer_offsets``: Kafka's own layouts, key by key.

A key is a 16-bit number (``PartKind``), the group id and, for what is a member's, the member id;
for what a pattern means, the pattern.
A value is version 0, flexible; unknown tagged fields are skipped.
Called by: members_at_work, replay. Calls: encoding, model.
Source: ``ConsumerGroup*Key/Value.json`` in Apache Kafka, keys 3 to 8 and 16.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from app.coordinators.encoding import MalformedRecord, Reader, Writer
from app.coordinators.groups.commands import Protocol
from app.coordinators.groups.consumer_protocol.consumer_group import PartValue
from app.coordinators.groups.consumer_protocol.model import (
    ClassicProtocols,
    Current,
    Matched,
    MemberState,
    Part,
    Partitions,
    PartKind,
    Subscription,
    Topic,
    TopicsByName,
)
from app.coordinators.groups.records import KeyValue

VALUE_VERSION = 0
CLASSIC_TAG = 0
IS_THERE = 1
"""Begins a structure that may be null."""

NAMED = (PartKind.MEMBER, PartKind.TARGET, PartKind.CURRENT, PartKind.PATTERN)
"""Of which a group has many."""

_KINDS = {one.value: one for one in PartKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerRecord:
    """What a record says of a part of a group; None: it is gone."""

    group_id: str
    part: Part
    value: PartValue | None


def encode_part(group_id: str, part: Part, value: PartValue | None) -> KeyValue:
    """Return key and value of a part."""
    kind, name = part
    key = Writer().int16(kind.value).string(group_id)
    if kind in NAMED:
        key.string(name)
    if value is None:
        return bytes(key), None
    writer = Writer(flexible=True).int16(VALUE_VERSION)
    if isinstance(value, Subscription):
        _write_subscription(writer, value)
    elif isinstance(value, Current):
        writer.int32(value.epoch).int32(value.previous_epoch).int8(value.state.value)
        _write_partitions(writer, value.assigned)
        _write_partitions(writer, value.revoking)
    elif isinstance(value, frozenset):
        _write_partitions(writer, value)
    elif isinstance(value, Matched):
        writer.array(value.topics, Writer.string).int64(value.version).int64(value.timestamp_ms)
    elif isinstance(value, int):
        writer.int32(value)
    else:
        writer.array(sorted(value.items()), _write_topic)
    if isinstance(value, Subscription) and value.classic is not None:
        writer.tags((CLASSIC_TAG, _classic_bytes(value.classic)))
    else:
        writer.tags()
    return bytes(key), bytes(writer)


def decode_consumer(key: bytes, value: bytes | None) -> ConsumerRecord | None:
    """Return what a record says; None for a kind of key that is not for this module.

    Raises:
        MalformedRecord: The bytes are not what their version says.
    """
    reader = Reader(key)
    kind = _KINDS.get(reader.int16())
    if kind is None:
        return None
    group_id = reader.string()
    name = reader.string() if kind in NAMED else ""
    found = None if value is None else _read_value(kind, value)
    return ConsumerRecord(group_id=group_id, part=(kind, name), value=found)


def _write_subscription(writer: Writer, one: Subscription) -> None:
    writer.string(one.instance_id).string(one.rack_id)
    writer.string(one.client_id).string(one.client_host)
    writer.array(one.topics, Writer.string).string(one.pattern)
    writer.int32(one.rebalance_timeout_ms).string(one.assignor)


def _write_topic(writer: Writer, item: tuple[str, Topic]) -> None:
    name, topic = item
    writer.uuid(_uuid(topic.topic_id)).string(name).int32(topic.partitions)
    writer.array((), Writer.int32).tags()


def _write_partitions(writer: Writer, partitions: Partitions) -> None:
    by_topic: dict[str, list[int]] = {}
    for topic_id, partition in sorted(partitions):
        by_topic.setdefault(topic_id, []).append(partition)

    def write(one: Writer, item: tuple[str, list[int]]) -> None:
        one.uuid(_uuid(item[0])).array(item[1], Writer.int32).tags()

    writer.array(by_topic.items(), write)


def _read_value(kind: PartKind, value: bytes) -> PartValue:
    reader = Reader(value)
    version = reader.int16()
    if version != VALUE_VERSION:
        raise MalformedRecord(f"a value of version {version} is not known")
    reader.flexible = True
    if kind is PartKind.MEMBER:
        return _read_subscription(reader)
    if kind is PartKind.CURRENT:
        return _read_current(reader)
    if kind is PartKind.TARGET:
        return _read_partitions(reader)
    if kind is PartKind.TOPICS:
        return _read_topics(reader)
    if kind is PartKind.PATTERN:
        topics = reader.array(Reader.string)
        return Matched(topics=topics, version=reader.int64(), timestamp_ms=reader.int64())
    return reader.int32()


def _read_subscription(reader: Reader) -> Subscription:
    instance_id, rack_id = reader.optional_string(), reader.optional_string()
    client_id, client_host = reader.string(), reader.string()
    topics = reader.array(Reader.string)
    pattern = reader.optional_string()
    timeout_ms, assignor = reader.int32(), reader.optional_string()
    return Subscription(
        instance_id=instance_id,
        rack_id=rack_id,
        client_id=client_id,
        client_host=client_host,
        topics=topics,
        pattern=pattern or None,
        rebalance_timeout_ms=timeout_ms,
        assignor=assignor,
        classic=_read_classic(reader.tags().get(CLASSIC_TAG)),
    )


def _classic_bytes(classic: ClassicProtocols) -> bytes:
    writer = Writer(flexible=True).int8(IS_THERE).int32(classic.session_timeout_ms)
    writer.array(classic.protocols, lambda to, one: to.string(one.name).data(one.metadata).tags())
    return bytes(writer.tags())


def _read_classic(reader: Reader | None) -> ClassicProtocols | None:
    def read(one: Reader) -> Protocol:
        protocol = Protocol(one.string(), one.data())
        one.tags()
        return protocol

    if reader is None or reader.int8() != IS_THERE:
        return None
    return ClassicProtocols(session_timeout_ms=reader.int32(), protocols=reader.array(read))


def _read_current(reader: Reader) -> Current:
    epoch, previous_epoch, state = reader.int32(), reader.int32(), reader.int8()
    if state not in {one.value for one in MemberState}:
        raise MalformedRecord(f"there is no member state {state}")
    return Current(
        epoch=epoch,
        previous_epoch=previous_epoch,
        state=MemberState(state),
        assigned=_read_partitions(reader),
        revoking=_read_partitions(reader),
    )


def _read_partitions(reader: Reader) -> Partitions:
    def read(one: Reader) -> list[tuple[str, int]]:
        topic_id = _text(one.uuid())
        numbers = one.array(Reader.int32)
        one.tags()
        return [(topic_id, number) for number in numbers]

    return frozenset(item for some in reader.array(read) for item in some)


def _read_topics(reader: Reader) -> TopicsByName:
    def read(one: Reader) -> tuple[str, Topic]:
        topic_id, name, partitions = _text(one.uuid()), one.string(), one.int32()
        one.array(_skip_racks)
        one.tags()
        return name, Topic(topic_id=topic_id, partitions=partitions)

    return dict(reader.array(read))


def _skip_racks(reader: Reader) -> None:
    reader.int32()
    reader.array(Reader.string)
    reader.tags()


def _uuid(topic_id: str) -> UUID:
    return UUID(bytes=urlsafe_b64decode(topic_id + "=="))


def _text(topic_id: UUID) -> str:
    return urlsafe_b64encode(topic_id.bytes).decode().rstrip("=")
