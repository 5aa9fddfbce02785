"""What consumers put into a group's opaque bytes: what they subscribe to, what they are assigned.

The server looks into them for three things only: which topics a group reads (offsets of those do
not expire), which partitions each member has (to show them), and to assign for consumers that
live on the server. Bytes that it cannot read stay opaque.
Called by: coordinator, broker verbs, consumers. Calls: encoding.
Source: ``ConsumerProtocolSubscription.json`` and ``ConsumerProtocolAssignment.json`` (KIP-429,
KIP-792, KIP-881), versions 0 to 3; none of them is flexible.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.coordinators.encoding import MalformedRecord, Reader, Writer

PROTOCOL_TYPE = "consumer"
"""The protocol type of consumers; Kafka Connect and others have their own."""

VERSION_WRITTEN = 3
NO_GENERATION = -1

PartitionsByTopic = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a member wants to read, and what it holds."""

    topics: tuple[str, ...]
    user_data: bytes | None = None
    owned_partitions: PartitionsByTopic = field(default_factory=dict)
    generation: int = NO_GENERATION
    """In which it was given what it holds."""

    rack_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a member shall read."""

    partitions: PartitionsByTopic
    user_data: bytes | None = None


def encode_subscription(subscription: Subscription, version: int = VERSION_WRITTEN) -> bytes:
    """Return a member's metadata."""
    writer = Writer().int16(version)
    writer.array(subscription.topics, Writer.string).data(subscription.user_data)
    if version >= 1:
        _write_partitions(writer, subscription.owned_partitions)
    if version >= 2:
        writer.int32(subscription.generation)
    if version >= 3:
        writer.string(subscription.rack_id)
    return bytes(writer)


def decode_subscription(data: bytes) -> Subscription | None:
    """Return what a member's metadata says, or None if it is not a subscription."""
    try:
        reader = Reader(data)
        version = reader.int16()
        topics, user_data = reader.array(Reader.string), reader.optional_bytes()
        return Subscription(
            topics=topics,
            user_data=user_data,
            owned_partitions=_read_partitions(reader) if version >= 1 else {},
            generation=reader.int32() if version >= 2 else NO_GENERATION,
            rack_id=reader.optional_string() if version >= 3 else None,
        )
    except MalformedRecord:
        return None


def encode_assignment(assignment: Assignment, version: int = VERSION_WRITTEN) -> bytes:
    """Return a member's assignment."""
    writer = Writer().int16(version)
    _write_partitions(writer, assignment.partitions)
    return bytes(writer.data(assignment.user_data))


def decode_assignment(data: bytes) -> Assignment | None:
    """Return what a member's assignment says, or None if it is not one (empty counts as none)."""
    try:
        reader = Reader(data)
        reader.int16()
        partitions = _read_partitions(reader)
        return Assignment(partitions=partitions, user_data=reader.optional_bytes())
    except MalformedRecord:
        return None


def subscribed_topics(protocol_type: str | None, metadata: Iterable[bytes]) -> set[str] | None:
    """Return the topics that members read; None if that cannot be known."""
    if protocol_type != PROTOCOL_TYPE:
        return None
    topics: set[str] = set()
    for one in metadata:
        subscription = decode_subscription(one)
        if subscription is None:
            return None
        topics.update(subscription.topics)
    return topics


def _write_partitions(writer: Writer, partitions: PartitionsByTopic) -> None:
    writer.array(
        partitions.items(), lambda one, item: one.string(item[0]).array(item[1], Writer.int32)
    )


def _read_partitions(reader: Reader) -> dict[str, tuple[int, ...]]:
    return dict(reader.array(lambda one: (one.string(), one.array(Reader.int32))))
