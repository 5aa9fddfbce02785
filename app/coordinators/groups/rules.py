"""What an operator may choose of groups, with Kafka's defaults and names."""

from dataclasses import dataclass, field

from app.coordinators.groups.consumer_protocol.members_at_work import ConsumerGroupRules
from app.coordinators.groups.generations import MembershipLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRules:
    """All of them; KIP-848's groups have some of their own."""

    membership: MembershipLimits = field(default_factory=MembershipLimits)
    consumer: ConsumerGroupRules = field(default_factory=ConsumerGroupRules)
    """Of groups of KIP-848."""

    session_timeout_ms_min: int = 6_000
    """``group.min.session.timeout.ms``"""

    session_timeout_ms_max: int = 1_800_000
    """``group.max.session.timeout.ms``"""

    offset_metadata_bytes_max: int = 4_096
    """``offset.metadata.max.bytes``"""

    offsets_retention_ms: int = 7 * 24 * 60 * 60 * 1000
    """``offsets.retention.minutes``"""

    offsets_retention_check_ms: int = 600_000
    """``offsets.retention.check.interval.ms``"""

    groups_max: int = 100_000
    """Groups of this node; the next one is refused (Kafka has no bound here)."""
