"""Frames of the server, as they are encoded and documented.

What answers a request carries its ``id``; what the server sends of its own accord has none.
Records frames are written by hand for speed (``rendering``, ``columns``); their classes here say
what they look like, and tests hold the bytes to them.

Pure. Called by: codec, connection, asyncapi. Calls: limits.
"""

import msgspec

from app.api.ws.limits import LimitsOut

Id = int | str


class PartitionOut(msgspec.Struct, frozen=True):
    """One partition."""

    topic: str
    partition: int


class PositionOut(msgspec.Struct, frozen=True):
    """A partition and the next offset to be read in it."""

    topic: str
    partition: int
    offset: int


class ServerFrame(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", kw_only=True):
    """What every frame of the server may carry."""


class Welcome(ServerFrame, frozen=True, tag="welcome", kw_only=True):
    """The first frame."""

    session: str
    server_id: int
    cluster_id: str
    principal: str
    limits: LimitsOut


class Ok(ServerFrame, frozen=True, tag="ok", kw_only=True):
    """Done."""

    id: Id | None = None
    sub: str | None = None


class Subscribed(ServerFrame, frozen=True, tag="subscribed", kw_only=True):
    """A subscription stands."""

    id: Id | None = None
    sub: str
    epoch: int
    resumed: bool
    """Whether it goes on behind what the token came with."""

    reason: str | None = None
    """Why it does not."""

    resume: str
    instance_id: str | None = None


class Assigned(ServerFrame, frozen=True, tag="assigned", kw_only=True):
    """Partitions that are the subscription's from now on, and where it begins in them."""

    sub: str
    partitions: list[PartitionOut]


class Revoking(ServerFrame, frozen=True, tag="revoking", kw_only=True):
    """Partitions that will be someone else's: commit what is done of them."""

    sub: str
    partitions: list[PartitionOut]
    deadline_ms: int


class Revoked(ServerFrame, frozen=True, tag="revoked", kw_only=True):
    """Partitions that are not the subscription's any more."""

    sub: str
    partitions: list[PartitionOut]


class Lost(ServerFrame, frozen=True, tag="lost", kw_only=True):
    """Likewise, without a warning: others may have read on already."""

    sub: str
    partitions: list[PartitionOut]


class DataOut(msgspec.Struct, frozen=True):
    """A key or a value: a JSON text, a string, or base64."""

    type: str
    data: msgspec.Raw


class HeaderOut(msgspec.Struct, frozen=True):
    """A header; its value is base64, or null."""

    name: str
    value: str | None


class RecordOut(msgspec.Struct, frozen=True):
    """A record."""

    offset: int
    timestamp: int
    """Milliseconds since 1970."""

    key: DataOut | None
    value: DataOut | None
    headers: list[HeaderOut] = []


class SkippedOut(msgspec.Struct, frozen=True):
    """A record that was left out, for it is not what was asked for."""

    offset: int
    reason: str


class SliceOut(msgspec.Struct, frozen=True):
    """Records of one partition, in their order."""

    topic: str
    partition: int
    epoch: int
    """Its seek epoch: void if the partition was sought since, to a later one."""

    records: list[RecordOut]
    next_offset: int
    """Where to go on: what to commit once these are done."""

    high_watermark: int
    leader_epoch: int
    skipped: list[SkippedOut] = []


class BinarySliceOut(msgspec.Struct, frozen=True):
    """Records of one partition that stand behind the header of a binary frame."""

    topic: str
    partition: int
    epoch: int
    """Its seek epoch: void if the partition was sought since, to a later one."""

    count: int
    size: int
    """Bytes of them; the next slice's follow at a multiple of eight."""

    columns: list[str]
    """Beside offsets, timestamps, and sizes of keys and values: ``headers`` if any record has
    some. Nothing of a slice of batches."""

    first_offset: int
    """Of batches: records below it are not meant."""

    end_offset: int
    """Of batches: records from it on are not meant."""

    next_offset: int
    high_watermark: int
    leader_epoch: int


class CreditOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may still be sent; what is not counted is missing."""

    records: int | None = None
    bytes: int | None = None


class FilterOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the records that a filter has looked at, since the subscription began."""

    scanned: int
    matched: int
    failed: int
    """Of which it could say nothing, so they were not sent."""

    first_failure: str | None = None


class Records(ServerFrame, frozen=True, tag="records", kw_only=True):
    """Records of a subscription, of one or more partitions."""

    sub: str
    seq: int
    """Counts the records frames of the subscription from 1; ``ack`` names it."""

    epoch: int
    slices: list[SliceOut]
    credit: CreditOut
    filter: FilterOut | None = None
    resume: str


class BinaryRecords(msgspec.Struct, frozen=True, tag_field="type", tag="records"):
    """The header of a binary records frame."""

    sub: str
    seq: int
    epoch: int
    slices: list[BinarySliceOut]
    credit: CreditOut
    resume: str
    filter: FilterOut | None = None


class Sought(ServerFrame, frozen=True, tag="sought", kw_only=True):
    """The seek is done: records of older epochs are void."""

    id: Id | None = None
    sub: str
    epoch: int


class CommittedOut(ServerFrame, frozen=True, tag="committed", kw_only=True):
    """The offsets are durable."""

    id: Id | None = None
    sub: str
    offsets: list[PositionOut]
    resume: str


class End(ServerFrame, frozen=True, tag="end", kw_only=True):
    """All was sent that an ``until`` asked for."""

    sub: str
    resume: str


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of some records in a row."""

    count: int
    partition: int | None = None
    base_offset: int | None = None
    """Of the first of them; the others follow without a gap."""

    error_code: int | None = None
    message: str | None = None
    retriable: bool = False
    outcome_unknown: bool = False
    """Whether they may have been appended all the same."""


class Receipt(ServerFrame, frozen=True, tag="receipt", kw_only=True):
    """What became of the records of a produce, in their order."""

    id: Id | None = None
    topic: str
    outcomes: list[Run]


class Producer(ServerFrame, frozen=True, tag="producer", kw_only=True):
    """The id of an idempotent producer; its sequences begin at 0 in every partition."""

    id: Id | None = None
    producer_id: int
    epoch: int


class Error(ServerFrame, frozen=True, tag="error", kw_only=True):
    """A request is refused, or a subscription has ended."""

    id: Id | None = None
    sub: str | None = None
    error_code: int
    message: str
    retriable: bool = False
    ended: bool = False
    """Whether the subscription is no more."""


class ClosingOut(ServerFrame, frozen=True, tag="closing", kw_only=True):
    """The socket is about to be closed by the server."""

    code: int
    reason: str
    retry_ms: int | None = None
    resume: dict[str, str]
    """By subscription: the token to go on with."""


ServerFrames = (
    Welcome
    | Ok
    | Subscribed
    | Assigned
    | Revoking
    | Revoked
    | Lost
    | Records
    | Sought
    | CommittedOut
    | End
    | Receipt
    | Producer
    | Error
    | ClosingOut
)
