"""What a consumer group of KIP-848 is made of: members, their partitions, requests and answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from app.coordinators.groups.commands import Protocol
from app.coordinators.groups.error_codes import ErrorCode

JOINING_EPOCH = 0
LEAVING_EPOCH = -1
STATIC_LEAVING_EPOCH = -2
"""A static member goes, and will be back: its partitions are kept for it."""

Held = tuple[str, int]
"""Topic id and partition."""

Partitions = frozenset[Held]

NOTHING: Partitions = frozenset()


class MemberState(Enum):
    """How far a member is with its target, in the numbers that Kafka writes down."""

    STABLE = 1
    UNREVOKED_PARTITIONS = 2
    UNRELEASED_PARTITIONS = 3


class PartKind(Enum):
    """The kinds of records of a consumer group, by the number that their keys begin with."""

    GROUP = 3
    TOPICS = 4
    MEMBER = 5
    TARGET_EPOCH = 6
    TARGET = 7
    CURRENT = 8
    PATTERN = 16


Part = tuple[PartKind, str]
"""What one record is about: kind, and member id or pattern ("" where the whole group is meant)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a group knows of a topic that it reads."""

    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicProtocols:
    """What a member told of itself that speaks the classic protocol in a group of KIP-848."""

    session_timeout_ms: int
    protocols: tuple[Protocol, ...]
    """Its preferences, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a member told of itself."""

    instance_id: str | None = None
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    topics: tuple[str, ...] = ()
    """By name, sorted."""

    pattern: str | None = None
    """Those that it matches are read too (RE2)."""

    rebalance_timeout_ms: int = -1
    assignor: str | None = None
    """The one that it prefers."""

    classic: ClassicProtocols | None = None
    """None: it speaks KIP-848's protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What a member has."""

    epoch: int = JOINING_EPOCH
    previous_epoch: int = JOINING_EPOCH
    state: MemberState = MemberState.STABLE
    assigned: Partitions = NOTHING
    revoking: Partitions = NOTHING
    """It was told to give these up, and has not said that it did."""

    @property
    def held(self) -> Partitions:
        """Partitions that nobody else may be given."""
        return self.assigned | self.revoking


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What a pattern means to a group."""

    topics: tuple[str, ...]
    """Sorted."""

    version: int
    """Of the metadata that it was matched in."""

    timestamp_ms: int
    """When."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHeartbeat:
    """What a member says; None: as before."""

    member_id: str
    epoch: int
    instance_id: str | None = None
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    rebalance_timeout_ms: int = -1
    topics: tuple[str, ...] | None = None
    pattern: str | None = None
    """Empty: none from now on."""

    matched: Matched | None = None
    """What the pattern means now, this one or the one that the member had."""

    assignor: str | None = None
    owned: Partitions | None = None
    classic: ClassicProtocols | None = None
    """It is a join of the classic protocol."""

    @property
    def is_full(self) -> bool:
        """Whether it tells everything, as after an error; it then wants to hear everything."""
        is_told = self.topics is not None or self.pattern is not None
        return is_told and self.rebalance_timeout_ms >= 0 and self.owned is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatReply:
    """What a member is answered."""

    error: ErrorCode = ErrorCode.NONE
    message: str | None = None
    member_id: str = ""
    epoch: int = 0
    assignment: Partitions | None = None
    """None: as before."""


TopicsByName = Mapping[str, Topic]
