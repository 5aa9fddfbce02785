"""What is asked of a group in the classic protocol, and what it answers.

A ``ticket`` is the shell's name for a request that may have to wait: the answer carries it.
Called by: coordinator (makes them), membership (reads them).
Source: Kafka's JoinGroup, SyncGroup, Heartbeat and LeaveGroup (KIP-62, 134, 345, 394, 559, 814).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.coordinators.groups.error_codes import ErrorCode

UNKNOWN_MEMBER_ID = ""
"""What a member sends that has no id yet, and an administrator who removes by instance id."""

NO_GENERATION = -1


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way of assigning that a member supports; its metadata is opaque here."""

    name: str
    metadata: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A member wants to be part of the next generation."""

    ticket: int
    member_id: str
    new_member_id: str
    """The id it gets if it needs one; made by the caller, never used before."""

    instance_id: str | None = None
    """Of a static member (KIP-345)."""

    client_id: str = ""
    client_host: str = ""
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: tuple[Protocol, ...]
    """The member's preferences, best first."""

    requires_member_id: bool = True
    """Whether a new dynamic member must come back with the id it is given (KIP-394)."""

    supports_skipping_assignment: bool = True
    """Whether a returning static leader can be told to leave the assignment alone (KIP-814)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A member asks for its assignment; the leader brings everybody's."""

    ticket: int
    member_id: str
    generation: int
    instance_id: str | None = None
    protocol_type: str | None = None
    protocol_name: str | None = None
    """Both checked if given (KIP-559)."""

    assignments: Mapping[str, bytes]
    """By member id; only the leader's count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A member says that it lives, and asks whether it must join again."""

    member_id: str
    generation: int
    instance_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One member that leaves; an instance id alone removes whoever holds it."""

    member_id: str
    instance_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedMember:
    """What the leader is told of each member."""

    member_id: str
    instance_id: str | None
    metadata: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinReply:
    """The answer to ``Join``."""

    error: ErrorCode = ErrorCode.NONE
    member_id: str = UNKNOWN_MEMBER_ID
    generation: int = NO_GENERATION
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = ""
    skip_assignment: bool = False
    members: tuple[JoinedMember, ...] = ()
    """For the leader only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReply:
    """The answer to ``Sync``."""

    error: ErrorCode = ErrorCode.NONE
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


Reply = JoinReply | SyncReply


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSession:
    """Timer: a member must be heard of before it ends."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPhase:
    """Timer: how long a group waits for its members to join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPhase:
    """Timer: how long a group waits for its members to sync after they joined."""


TimerKey = MemberSession | JoinPhase | SyncPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Call ``expire(key)`` after so long; one that runs under the same key is replaced."""

    key: TimerKey
    delay_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer:
    """Forget a timer; harmless if it does not run."""

    key: TimerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentStored:
    """A generation's assignment is to be given out once it is durable."""

    generation: int
    assignments: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticMemberStored:
    """A static member came back under a new id, without a rebalance, once that is durable."""

    ticket: int
    instance_id: str
    old_member_id: str
    new_member_id: str
    old_leader: str
    skips_assignment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyStored:
    """The group is empty; nobody waits for that to be durable."""


Then = AssignmentStored | StaticMemberStored | EmptyStored
"""What follows when a write is durable, or has failed."""
