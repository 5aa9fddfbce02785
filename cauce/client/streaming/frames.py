"""Frames: what client and server say to each other, one JSON object each.

What is asked for by name (``Subscribe``, ``Assign``, ``Start``) is also what users of the client
write. The server's frames are read leniently: fields and frames that this client does not know are
none of its business.

Invariants:
    Every frame made here is one that openapi/cauce-ws.json describes (a test holds it to that).
Pure. Called by: everything here. Calls: nothing.
Source: docs/websocket.md, openapi/cauce-ws.json.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

SUB = "s"
"""What the one subscription of a socket is called."""

Id = int
IsolationLevel = Literal["read_uncommitted", "read_committed"]
DataType = Literal["BINARY", "JSON", "STRING"]
Assignor = Literal["range", "roundrobin", "sticky", "cooperative-sticky"]


class Start(msgspec.Struct, frozen=True, omit_defaults=True):
    """A partition, or all of a topic, and where to begin: one of the four, or the end without."""

    topic: str
    partition: int | None = None
    offset: int | None = None
    timestamp: int | None = None
    """Milliseconds since 1970: the first record at or after it."""

    last: int | None = None
    """So many offsets before the end."""

    start: Literal["earliest", "latest"] | None = msgspec.field(default=None, name="from")


class Options(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How records are delivered."""

    where: str | None = None
    """Only records of which this expression of CEL is true (docs/filters.md)."""

    isolation_level: IsolationLevel = "read_uncommitted"
    key_type: DataType | None = None
    value_type: DataType | None = None
    """What a consumer that wants JSON is shown keys and values as; as what they are if None."""

    frame_records_max: int | None = None


class Subscribe(Options, frozen=True, kw_only=True, tag_field="type", tag="subscribe"):
    """Read topics as a member of a group."""

    group: str
    topics: Sequence[str] = ()
    pattern: str | None = None
    """A regular expression that whole names of topics match, in place of names."""

    instance_id: str | None = None
    start: Literal["committed", "earliest", "latest"] | int = msgspec.field(
        default="committed", name="from"
    )
    """Where to begin where nothing is committed: ``latest`` for ``committed``, or a timestamp."""

    assignors: Sequence[Assignor] | None = None
    session_timeout_ms: int = 45_000


class Assign(Options, frozen=True, kw_only=True, tag_field="type", tag="assign"):
    """Read partitions without a group."""

    partitions: Sequence[Start]
    until: Literal["end"] | None = None
    """``end``: stop at what is there now."""


Wish = Subscribe | Assign

# -- what the server says ------------------------------------------------------------------------


class Place(msgspec.Struct, frozen=True):
    """A partition."""

    topic: str
    partition: int


class OffsetPlace(msgspec.Struct, frozen=True):
    """A partition and the next offset to be read of it."""

    topic: str
    partition: int
    offset: int


class ServerFrame(msgspec.Struct, frozen=True, tag_field="type"):
    """Something that the server says."""


class Limits(msgspec.Struct, frozen=True):
    """Bounds that a client keeps."""

    frame_bytes_max: int = 8 * 1024 * 1024
    in_flight_bytes_max: int = 16 * 1024 * 1024
    produce_records_max: int = 100_000


class Welcome(ServerFrame, frozen=True, tag="welcome"):
    """The first frame."""

    session: str
    limits: Limits = Limits()


class Ok(ServerFrame, frozen=True, tag="ok"):
    """A request is done."""

    id: Id | None = None


class Subscribed(ServerFrame, frozen=True, tag="subscribed"):
    """The subscription stands."""

    epoch: int
    resumed: bool
    resume: str
    reason: str | None = None


class PartitionsFrame(ServerFrame, frozen=True):
    """Something about partitions."""

    partitions: list[Place]


class AssignedFrame(PartitionsFrame, frozen=True, tag="assigned"):
    """They are ours now."""


class RevokingFrame(PartitionsFrame, frozen=True, tag="revoking"):
    """They will be someone else's."""

    deadline_ms: int = 0


class RevokedFrame(PartitionsFrame, frozen=True, tag="revoked"):
    """They are not ours any more."""


class LostFrame(PartitionsFrame, frozen=True, tag="lost"):
    """Likewise, without a warning."""


class Skipped(msgspec.Struct, frozen=True):
    """A record that was left out."""

    offset: int
    reason: str


class SliceFrame(msgspec.Struct, frozen=True):
    """Records of one partition: in it as JSON, or behind the header of a binary frame."""

    topic: str
    partition: int
    epoch: int
    next_offset: int
    high_watermark: int
    records: list[msgspec.Raw] = []
    count: int = 0
    size: int = 0
    columns: list[str] = []


class FilterCounts(msgspec.Struct, frozen=True):
    """What became of the records that a filter has looked at."""

    scanned: int
    matched: int
    failed: int
    """Of which it could say nothing; they were not sent."""

    first_failure: str | None = None


class RecordsFrame(ServerFrame, frozen=True, tag="records"):
    """Records, with the token of where the subscription stands behind them."""

    seq: int
    epoch: int
    slices: list[SliceFrame]
    resume: str
    filter: FilterCounts | None = None


class Sought(ServerFrame, frozen=True, tag="sought"):
    """A seek is done; records of lower epochs are void."""

    epoch: int
    id: Id | None = None


class Committed(ServerFrame, frozen=True, tag="committed"):
    """Offsets are durable."""

    offsets: list[OffsetPlace]
    resume: str
    id: Id | None = None


class EndFrame(ServerFrame, frozen=True, tag="end"):
    """All was sent that was asked for."""


class Run(msgspec.Struct, frozen=True):
    """What became of some records in a row."""

    count: int
    partition: int | None = None
    base_offset: int | None = None
    error_code: int | None = None
    message: str | None = None
    retriable: bool = False
    outcome_unknown: bool = False


class ReceiptFrame(ServerFrame, frozen=True, tag="receipt"):
    """What became of the records of a produce."""

    outcomes: list[Run]
    id: Id | None = None


class ProducerIdentity(ServerFrame, frozen=True, tag="producer"):
    """Who an idempotent producer is."""

    producer_id: int
    epoch: int
    id: Id | None = None


class ErrorFrame(ServerFrame, frozen=True, tag="error"):
    """A request is refused, or the subscription has ended."""

    error_code: int
    message: str
    id: Id | None = None
    retriable: bool = False
    ended: bool = False


class ClosingFrame(ServerFrame, frozen=True, tag="closing"):
    """The socket is about to be closed."""

    code: int
    resume: Mapping[str, str] = {}


ServerFrames = (
    Welcome
    | Ok
    | Subscribed
    | AssignedFrame
    | RevokingFrame
    | RevokedFrame
    | LostFrame
    | RecordsFrame
    | Sought
    | Committed
    | EndFrame
    | ReceiptFrame
    | ProducerIdentity
    | ErrorFrame
    | ClosingFrame
)

# -- what the client says ------------------------------------------------------------------------


def opening(wish: Wish) -> dict[str, Any]:
    """Return the frame that begins a subscription."""
    asked: dict[str, Any] = msgspec.to_builtins(wish)
    return asked | {"sub": SUB, "credit": "auto"}


def resuming(token: str) -> dict[str, Any]:
    """Return the frame that goes on behind a token."""
    return {"type": "resume", "sub": SUB, "token": token, "credit": "auto"}


def acknowledging(seq: int) -> dict[str, Any]:
    """Return the frame that moves the window on."""
    return {"type": "ack", "sub": SUB, "seq": seq}


def request(kind: str, number: Id, **fields: object) -> dict[str, Any]:
    """Return a frame about the subscription that will be answered."""
    return {"type": kind, "id": number, "sub": SUB, **fields}
