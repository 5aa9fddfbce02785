"""Groups as they are written down and shown: states, and what is kept of each group and member."""

from dataclasses import dataclass
from enum import Enum


class GroupType(Enum):
    """Which protocol a group's members speak."""

    CLASSIC = "classic"
    CONSUMER = "consumer"


class GroupState(Enum):
    """Where a group stands, in the words that Kafka's tools show."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"
    ASSIGNING = "Assigning"
    RECONCILING = "Reconciling"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMetadata:
    """One member of a classic group, as it is kept."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    subscription: bytes
    """The member's metadata for the protocol that was chosen."""

    assignment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadata:
    """One generation of a classic group, as it is kept."""

    protocol_type: str
    generation: int
    protocol_name: str | None
    leader: str | None
    state_timestamp_ms: int
    """When it came to this state, wall clock; -1 if unknown."""

    members: tuple[MemberMetadata, ...] = ()
