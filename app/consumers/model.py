"""What sessions are made of: settings, subscriptions, positions, and what a poll hands out.

Pure values; the doors parse into these and render from them.
Source: the names and defaults of Kafka's ``ConsumerConfig``, where it has one.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from app.consumers.errors import InvalidSettings
from storage.format.batch import BatchHeader, Buffer

NO_LEADER_EPOCH = -1

NAME_CHARS_MAX = 255
GROUP_CHARS_MAX = 255
EXTRA_CHARS_MAX = 4_096
ASSIGNORS_EAGER = ("sticky", "range", "roundrobin")
"""What a session joins a group with unless it is told: Kafka's clients all know the last two."""

ASSIGNOR_COOPERATIVE = "cooperative-sticky"


class TopicPartition(NamedTuple):
    """One partition; the same as the pair of a topic's name and a number."""

    topic: str
    partition: int


class Position(NamedTuple):
    """Where to read on in a partition."""

    topic: str
    partition: int
    offset: int
    """The next record's."""

    leader_epoch: int = NO_LEADER_EPOCH
    """Of the last record before it, if known."""

    @property
    def topic_partition(self) -> TopicPartition:
        """The partition alone."""
        return TopicPartition(self.topic, self.partition)


class OffsetToCommit(NamedTuple):
    """What to commit for a partition."""

    offset: int
    """The next one to read, not the last one that was read."""

    leader_epoch: int = NO_LEADER_EPOCH
    metadata: str = ""


class Committed(NamedTuple):
    """What a group has committed for a partition."""

    offset: int
    leader_epoch: int
    metadata: str


class DecodePolicy(Enum):
    """What a door does with a record that is not what the session's format says."""

    RAW = "raw"
    """Hand its bytes out, marked as such."""

    SKIP = "skip"
    """Leave it out, and say so beside the others."""

    FAIL = "fail"
    """Refuse the poll; the session stays before the record until it is told to seek."""


class OffsetReset(Enum):
    """Where to begin when nothing is committed, or what is committed is not there any more."""

    EARLIEST = "earliest"
    LATEST = "latest"
    NONE = "none"
    """Nowhere: the poll is refused until somebody seeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """What a client chooses when it makes a session; checked when they are made.

    Raises:
        InvalidSettings: One is out of its bounds.
    """

    group: str | None = None
    """None: it reads what it is told to (``assign``) and commits nothing."""

    name: str = ""
    """Unique in its group. With a group it is also the member's ``group.instance.id`` if the
    session is durable."""

    is_durable: bool = False
    """Whether it outlives the server; it needs a group and a name."""

    client_id: str = "cauce-session"
    format: str = "binary"
    """How the door renders its records; nothing to the session."""

    decode_policy: DecodePolicy = DecodePolicy.RAW
    auto_offset_reset: OffsetReset | int = OffsetReset.LATEST
    """A number: the first record at or after this time, in milliseconds."""

    auto_commit: bool = True
    auto_commit_interval_ms: int = 5_000
    is_committed: bool = False
    """Whether only records of committed transactions are read (``isolation.level``)."""

    fetch_min_bytes: int = 1
    request_wait_ms: int = 1_000
    """How long a poll waits if its client does not say."""

    request_bytes_max: int = 64 * 1024 * 1024
    """How much a poll hands out if its client does not say."""

    assignors: tuple[str, ...] = ASSIGNORS_EAGER
    """In the order of preference; ``cooperative-sticky`` only by itself. The default gives way to
    it in a group that has it."""

    session_timeout_ms: int = 45_000
    """How long the group waits for a member whose server is away."""

    rebalance_wait_ms: int = 5_000
    """How long a rebalance waits for the client to be done with what was handed out."""

    idle_timeout_ms: int = 300_000
    """How long a session is kept that nobody asks for anything."""

    extras: Mapping[str, str] = field(default_factory=dict)
    """What else a door keeps with the session."""

    def __post_init__(self) -> None:
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidSettings(f"{name} must be {low} to {high}, not {value}")
        for what in ("name", "client_id", "format"):
            _check_text(what, getattr(self, what), NAME_CHARS_MAX)
        for key, value in self.extras.items():
            _check_text("a setting of the door", key + value, EXTRA_CHARS_MAX)
        if self.group is not None:
            _check_text("group", self.group, GROUP_CHARS_MAX)
            if not self.group:
                raise InvalidSettings("a group's id must not be empty")
        if self.is_durable and (self.group is None or not self.name):
            raise InvalidSettings("a durable session needs a group and a name")
        if isinstance(self.auto_offset_reset, int) and self.auto_offset_reset < 0:
            raise InvalidSettings("a time to begin at must not be negative")
        _check_assignors(self.assignors)


_BOUNDS = (
    ("auto_commit_interval_ms", 0, 2**31 - 1),
    ("fetch_min_bytes", -1, 10_000_000),
    ("request_wait_ms", 0, 60_000),
    ("request_bytes_max", 1, 64 * 1024 * 1024),
    ("session_timeout_ms", 1, 1_800_000),
    ("rebalance_wait_ms", 0, 300_000),
    ("idle_timeout_ms", 1_000, 2**31 - 1),
)


def _check_text(what: str, text: str, chars_max: int) -> None:
    if len(text) > chars_max:
        raise InvalidSettings(f"{what} must not have more than {chars_max} characters")
    if any(ord(one) < 0x20 or ord(one) == 0x7F or 0xD800 <= ord(one) < 0xE000 for one in text):
        raise InvalidSettings(f"{what} must not hold control characters")


def _check_assignors(names: Collection[str]) -> None:
    known = {*ASSIGNORS_EAGER, ASSIGNOR_COOPERATIVE}
    unknown = [one for one in names if one not in known]
    if unknown or not names:
        raise InvalidSettings(f"assignors are {', '.join(sorted(known))}, not {unknown or 'none'}")
    if ASSIGNOR_COOPERATIVE in names and len(names) > 1:
        raise InvalidSettings(f"{ASSIGNOR_COOPERATIVE} does not go with others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Topics by their names, or by a pattern; one of the two."""

    topics: tuple[str, ...] = ()
    pattern: str | None = None
    """A regular expression of RE2 that the whole name matches."""


class PolledBatch(NamedTuple):
    """Where the records of one batch lie that are handed out."""

    position: int
    """Where the batch begins in the slice's data; ``decode_columns`` takes it."""

    header: BatchHeader
    first_offset: int
    """Records below it were handed out before."""

    end_offset: int
    """Records from here on are for a later poll."""

    @property
    def is_whole(self) -> bool:
        """Whether every record of the batch is meant."""
        header = self.header
        return self.first_offset <= header.base_offset and self.end_offset > header.last_offset


class Made:
    """What doors have made of some records, kept for others that show the same ones alike.

    A cache with bounds on what it holds: who finds nothing in it makes it again.
    """

    __slots__ = ("_things",)

    def __init__(self) -> None:
        self._things: dict[Hashable, object] = {}

    def get(self, how: Hashable) -> object | None:
        """Return what was made in this way, if it is kept."""
        return self._things.get(how)

    def keep(self, how: Hashable, thing: object, size: int) -> None:
        """Keep what was made in this way, if there is room for so many bytes."""
        if len(self._things) < MADE_MAX and size <= MADE_BYTES_MAX:
            self._things[how] = thing


MADE_MAX = 4
MADE_BYTES_MAX = 256 * 1024
"""Bounds of ``Made``: how many things, and bytes of each."""


class PolledSlice(NamedTuple):
    """What a poll hands out of one partition, as it lies in the log."""

    topic: str
    partition: int
    epoch: int
    """The seek epoch: records of an epoch before that of a partition's last seek are void."""

    data: Buffer
    batches: tuple[PolledBatch, ...]
    """With records for the client: markers and what was aborted are left out. May be none."""

    record_count: int
    """Records in all batches."""

    start_offset: int
    """Where the session stood before."""

    next_offset: int
    """Where it stands now."""

    leader_epoch: int
    high_watermark: int
    last_stable_offset: int
    log_start_offset: int
    made: Made | None = None
    """What was made of exactly these batches; None where no other session has the same."""

    @property
    def topic_partition(self) -> TopicPartition:
        """The partition alone."""
        return TopicPartition(self.topic, self.partition)


class Polled(NamedTuple):
    """What a poll hands out."""

    slices: tuple[PolledSlice, ...] = ()
    epoch: int = 0
    """The session's last seek epoch."""

    @property
    def record_count(self) -> int:
        """Records in all slices."""
        return sum(one.record_count for one in self.slices)
