"""Codec: from messages to what the server says, and from records to a produce.

Invariants:
    Whatever the bytes are, the outcome is a frame, None, or ``BadMessage``.
    Records are decoded when they are asked for, by whoever asks.
Pure. Called by: link, reading, sending. Calls: frames, records.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from cauce.client.streaming.frames import (
    FilterCounts,
    ProducerIdentity,
    RecordsFrame,
    ServerFrame,
    ServerFrames,
    SliceFrame,
)
from cauce.client.streaming.records import (
    NewRecord,
    Record,
    TopicPartition,
    decode_columns,
    encode_columns,
)

BINARY = "cauce.v1.bin"
JSON = "cauce.v1.json"
"""Subprotocols."""

PREFIX = struct.Struct("<B3xI")
ALIGNMENT = 8
RECORD_COLUMNS = 1
PRODUCE_COLUMNS = 3

_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrames)
_header_decoder = msgspec.json.Decoder(RecordsFrame)
_encode = msgspec.json.encode


class BadMessage(Exception):
    """Something came that no server of this protocol says."""


class _TypeOnly(msgspec.Struct):
    type: str = ""


_KNOWN = {str(kind.__struct_config__.tag) for kind in get_args(ServerFrames)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Records of one partition, in their order."""

    topic: str
    partition: int
    epoch: int
    count: int
    next_offset: int
    """What to commit once they are done."""

    high_watermark: int
    texts: Sequence[msgspec.Raw] = ()
    """The records as the server wrote their JSON, if JSON was asked for."""

    data: memoryview = field(default=memoryview(b""), repr=False)
    """The records in columns otherwise."""

    has_headers: bool = False

    @property
    def place(self) -> TopicPartition:
        """Whose records they are."""
        return TopicPartition(self.topic, self.partition)

    def records(self) -> list[Record]:
        """Return the records; none of a slice of JSON.

        Raises:
            BadColumns: The server's bytes are not what it says.
        """
        return decode_columns(self.place, self.data, self.count, headers=self.has_headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came in one frame."""

    slices: Sequence[Slice]
    filter: FilterCounts | None = None
    """With a filter: counts since the subscription began, or was resumed."""

    seq: int = 0
    socket: int = 0
    """Which of the sockets, one after another, brought it."""

    @property
    def count(self) -> int:
        """How many records."""
        return sum(one.count for one in self.slices)

    def records(self) -> Iterator[Record]:
        """Yield the records."""
        for one in self.slices:
            yield from one.records()


def decode_text(text: str | bytes) -> ServerFrame | tuple[RecordsFrame, list[Slice]] | None:
    """Return what a text message says; None for a sign of life or what this client does not know.

    Raises:
        BadMessage: It is no frame.
    """
    try:
        found = _decoder.decode(text)
    except msgspec.MsgspecError as error:
        try:
            kind = msgspec.json.decode(text, type=_TypeOnly).type
        except msgspec.MsgspecError:
            kind = None
        if kind is None or kind in _KNOWN:
            raise BadMessage(f"a frame does not read: {error}") from error
        return None
    if isinstance(found, RecordsFrame):
        return found, [_slice(one, len(one.records), texts=one.records) for one in found.slices]
    return found


def decode_binary(message: bytes) -> tuple[RecordsFrame, list[Slice]] | None:
    """Return the records of a binary message; None if it is of another kind.

    Raises:
        BadMessage: It is no frame.
    """
    if len(message) < PREFIX.size:
        raise BadMessage("a binary frame is cut off")
    kind, size = PREFIX.unpack_from(message)
    if kind != RECORD_COLUMNS:
        return None
    at = PREFIX.size + size
    try:
        frame = _header_decoder.decode(message[PREFIX.size : at])
    except msgspec.MsgspecError as error:
        raise BadMessage(f"a frame does not read: {error}") from error
    view = memoryview(message)
    slices = []
    for one in frame.slices:
        if at + one.size > len(message):
            raise BadMessage("a slice is longer than its frame")
        slices.append(_slice(one, one.count, data=view[at : at + one.size]))
        at += one.size + (-one.size % ALIGNMENT)
    return frame, slices


def encode_text(frame: dict[str, Any]) -> str:
    """Return the text message of a frame."""
    return _encode(frame).decode()


def encode_produce(
    number: int,
    place: TopicPartition,
    records: Sequence[NewRecord],
    producer: tuple[ProducerIdentity, int],
    now_ms: int,
) -> bytes:
    """Return the binary message of a produce.

    Args:
        number: Its id.
        place: Where to.
        records: At least one.
        producer: Whose, and the sequence of the first record.
        now_ms: The timestamp of records without one, if others have some.
    """
    columns, data = encode_columns(records, now_ms)
    identity, sequence = producer
    who = {"producer_id": identity.producer_id, "epoch": identity.epoch, "sequence": sequence}
    header = _encode(
        {
            "id": number,
            "topic": place.topic,
            "partition": place.partition,
            "count": len(records),
            "columns": columns,
            "producer": who,
        }
    )
    filled = header + b" " * (-(PREFIX.size + len(header)) % ALIGNMENT)
    return b"".join((PREFIX.pack(PRODUCE_COLUMNS, len(filled)), filled, data))


def _slice(
    one: SliceFrame,
    count: int,
    *,
    texts: Sequence[msgspec.Raw] = (),
    data: memoryview | None = None,
) -> Slice:
    return Slice(
        topic=one.topic,
        partition=one.partition,
        epoch=one.epoch,
        count=count,
        next_offset=one.next_offset,
        high_watermark=one.high_watermark,
        texts=texts,
        data=memoryview(b"") if data is None else data,
        has_headers="headers" in one.columns,
    )
