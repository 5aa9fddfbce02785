"""Frames of a client, as the code checks them.

One JSON object each, told apart by ``type``; requests carry an ``id`` that their answer repeats.
``openapi/cauce-ws.json`` is made from these
classes, docstrings and all, and the decoder is built from them: no frame is understood that is not
documented, and no documented field is left out.

Invariants:
    Unknown fields are refused: a misspelt option is never silently another one.
    Pure: no I/O, no clock. Called by: codec, connection, asyncapi. Calls: limits.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.api.ws.limits import (
    CREDIT_MAX,
    PARTITIONS_MAX,
    RECORDS_OF_A_PRODUCE_MAX,
    TEXT_CHARS_MAX,
)

Name = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]
Id = (
    Annotated[int, Meta(ge=-CREDIT_MAX, le=CREDIT_MAX)]
    | Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
)
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Partition = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Amount = Annotated[int, Meta(ge=0, le=CREDIT_MAX)]
Type = Literal["BINARY", "JSON", "STRING", "AVRO", "JSONSCHEMA", "PROTOBUF"]


class PartitionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One partition."""

    topic: Name
    partition: Partition


class StartIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One partition and where to begin in it: at most one of the four; the end without any."""

    topic: Name
    partition: Partition | None = None
    """All of the topic's where it is missing."""

    offset: Offset | None = None
    timestamp: Offset | None = None
    """Milliseconds since 1970: the first record at or after it."""

    last: Amount | None = None
    """So many offsets before the end."""

    start: Literal["earliest", "latest"] | None = msgspec.field(default=None, name="from")


class OffsetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An offset to commit: of the next record to be read, not of the last one that was."""

    topic: Name
    partition: Partition
    offset: Offset
    leader_epoch: int = -1
    metadata: Annotated[str, Meta(max_length=4_096)] = ""


class CreditIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much more may be sent; what is not named is not counted."""

    records: Amount | None = None
    bytes: Amount | None = None


Credit = CreditIn | Literal["auto", "unbounded"] | None


class ProducerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Makes a produce idempotent: sent again, it is answered with the offsets that it has."""

    producer_id: Offset
    epoch: Annotated[int, Meta(ge=0, le=2**15 - 1)]
    sequence: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    """Of the first record, in this partition: the number of those that came before."""


class ClientFrame(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    kw_only=True,
):
    """What every frame of a client may carry."""

    id: Id | None = None
    """Repeated in the answer."""


class Auth(ClientFrame, frozen=True, tag="auth", kw_only=True):
    """Say who is there, where no header could: the first frame, or later to be someone longer."""

    token: Annotated[str, Meta(max_length=16_384)]

    def __repr__(self) -> str:
        return f"Auth(id={self.id!r})"


class Options(ClientFrame, frozen=True, kw_only=True):
    """How a subscription delivers."""

    sub: Name
    """What the client calls it; no two of a socket are called the same."""

    credit: Credit = None
    """What may be sent at once; ``auto`` keeps a window that acknowledgements move on,
    ``unbounded`` sends what the socket takes."""

    key_type: Type | None = None
    value_type: Type | None = None
    """What keys and values are shown as in JSON; as what they are where it is missing."""

    undecodable: Literal["raw", "skip", "fail"] = "raw"
    """What is done with a record that is not of the type asked for."""

    isolation_level: Literal["read_uncommitted", "read_committed"] = "read_uncommitted"
    layout: Literal["columns", "batches"] = "columns"
    """Of binary frames: columns, or the record batches as they lie in the log."""

    frame_records_max: Annotated[int, Meta(ge=1)] | None = None
    where: Annotated[str, Meta(max_length=4_096)] | None = None
    """A filter in CEL; only records for which it is true are sent."""


class Subscribe(Options, frozen=True, tag="subscribe", kw_only=True):
    """Read topics as a member of a group."""

    group: Name
    topics: Annotated[list[Name], Meta(max_length=PARTITIONS_MAX)] = []
    pattern: Name | None = None
    """A regular expression (RE2) that whole names match, in place of topics."""

    instance_id: Name | None = None
    """Kafka's ``group.instance.id``: who comes back with it keeps what it was assigned."""

    start: Literal["committed", "earliest", "latest"] | Offset = msgspec.field(
        default="committed", name="from"
    )
    """Where to begin in a partition without a committed offset: ``latest`` for ``committed``,
    or a timestamp in milliseconds."""

    auto_commit: bool = False
    """Whether what is acknowledged is committed without being asked."""

    assignors: list[Literal["range", "roundrobin", "sticky", "cooperative-sticky"]] | None = None
    session_timeout_ms: Annotated[int, Meta(ge=1, le=1_800_000)] = 45_000
    """How long the group waits for a member that is gone to come back."""


class Assign(Options, frozen=True, tag="assign", kw_only=True):
    """Read partitions without a group."""

    partitions: Annotated[list[StartIn], Meta(min_length=1, max_length=PARTITIONS_MAX)]
    until: Literal["end"] | None = None
    """``end``: stop at what is there now, and say so."""


class Resume(ClientFrame, frozen=True, tag="resume", kw_only=True):
    """Go on behind the records that came with a token, with the same settings."""

    sub: Name
    token: str
    credit: Credit = None


class Unsubscribe(ClientFrame, frozen=True, tag="unsubscribe", kw_only=True):
    """End a subscription; its member leaves the group."""

    sub: Name


class GrantCredit(ClientFrame, frozen=True, tag="credit", kw_only=True):
    """Allow more to be sent: it adds up."""

    sub: Name
    records: Amount | None = None
    bytes: Amount | None = None


class Ack(ClientFrame, frozen=True, tag="ack", kw_only=True):
    """Acknowledge a records frame and all before it."""

    sub: Name
    seq: Offset


class Pause(ClientFrame, frozen=True, tag="pause", kw_only=True):
    """Send nothing of some partitions, or of any, until they are unpaused."""

    sub: Name
    partitions: Annotated[list[PartitionIn], Meta(max_length=PARTITIONS_MAX)] = []


class Unpause(ClientFrame, frozen=True, tag="unpause", kw_only=True):
    """Send again what was paused."""

    sub: Name
    partitions: Annotated[list[PartitionIn], Meta(max_length=PARTITIONS_MAX)] = []


class Seek(ClientFrame, frozen=True, tag="seek", kw_only=True):
    """Go on elsewhere. Records of an epoch below the answer's are void."""

    sub: Name
    positions: Annotated[list[StartIn], Meta(min_length=1, max_length=PARTITIONS_MAX)]


class Commit(ClientFrame, frozen=True, tag="commit", kw_only=True):
    """Commit offsets; the answer comes when they are durable."""

    sub: Name
    offsets: Annotated[list[OffsetIn], Meta(max_length=PARTITIONS_MAX)] | None = None
    """What was acknowledged (of all that was sent, if nothing was) where it is missing."""


class Release(ClientFrame, frozen=True, tag="release", kw_only=True):
    """Be done with what is being revoked, committed or not: it need not wait for the deadline."""

    sub: Name


class Produce(ClientFrame, frozen=True, tag="produce", kw_only=True):
    """Append records; receipts come in the order of these frames."""

    topic: Name
    records: msgspec.Raw
    """Objects as REST v3 takes them (``RecordIn``), at least one; they are parsed by themselves."""

    partition: Partition | None = None
    acks: Literal["all", "leader", "none"] = "all"
    producer: ProducerIn | None = None
    """Needs ``partition``; its records are one batch, taken or refused as a whole."""


class InitProducer(ClientFrame, frozen=True, tag="init_producer", kw_only=True):
    """Ask for the id of an idempotent producer."""


ClientFrames = (
    Auth
    | Subscribe
    | Assign
    | Resume
    | Unsubscribe
    | GrantCredit
    | Ack
    | Pause
    | Unpause
    | Seek
    | Commit
    | Release
    | Produce
    | InitProducer
)


class BinaryProduce(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The header of a binary produce; its records stand behind it, as columns or as a batch."""

    id: Id | None = None
    topic: Name
    partition: Partition | None = None
    count: Annotated[int, Meta(ge=1, le=RECORDS_OF_A_PRODUCE_MAX)] = 1
    columns: list[Literal["timestamps", "headers"]] = []
    """Which of the columns are there beside sizes of keys and values."""

    acks: Literal["all", "leader", "none"] = "all"
    producer: ProducerIn | None = None
