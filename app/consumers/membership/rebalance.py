"""What a member does with each answer of its group, and which partitions change hands.

Pure. Called by: member. Calls: nothing.
Source: Kafka's ``AbstractCoordinator`` and ``ConsumerCoordinator``; KIP-429 (cooperative), KIP-345
(static members).
"""

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from app.consumers.model import ASSIGNOR_COOPERATIVE, ASSIGNORS_EAGER, TopicPartition
from app.coordinators.groups.error_codes import ErrorCode


class Reaction(Enum):
    """What follows from an answer."""

    GO_ON = "go on"
    JOIN_AGAIN = "join again, under the same id"
    JOIN_LATER = "the same, after a moment: the group cannot be asked now"
    TAKE_THE_ID = "join again under the id that the group has given"
    JOIN_ANEW = "what it held is lost; join as somebody new"
    FENCED = "somebody else has its name; end"
    TRY_ANOTHER_ASSIGNOR = "the members do not know the assignors that it joined with"
    REFUSED = "tell the client, and try again after a while"


_REACTIONS = {
    ErrorCode.NONE: Reaction.GO_ON,
    ErrorCode.REBALANCE_IN_PROGRESS: Reaction.JOIN_AGAIN,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: Reaction.JOIN_LATER,
    ErrorCode.COORDINATOR_NOT_AVAILABLE: Reaction.JOIN_LATER,
    ErrorCode.NOT_COORDINATOR: Reaction.JOIN_LATER,
    ErrorCode.UNKNOWN_SERVER_ERROR: Reaction.JOIN_LATER,
    ErrorCode.MEMBER_ID_REQUIRED: Reaction.TAKE_THE_ID,
    ErrorCode.UNKNOWN_MEMBER_ID: Reaction.JOIN_ANEW,
    ErrorCode.ILLEGAL_GENERATION: Reaction.JOIN_ANEW,
    ErrorCode.FENCED_INSTANCE_ID: Reaction.FENCED,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL: Reaction.TRY_ANOTHER_ASSIGNOR,
}


def reaction(error: ErrorCode) -> Reaction:
    """Return what follows from an answer to a join, a sync or a heartbeat."""
    return _REACTIONS.get(error, Reaction.REFUSED)


class Change(NamedTuple):
    """What a new assignment changes for a member."""

    revoked: tuple[TopicPartition, ...]
    added: tuple[TopicPartition, ...]
    joins_again: bool
    """A cooperative member that gave something up joins once more, so that others may get it."""


def before_joining(
    held: Collection[TopicPartition], *, is_cooperative: bool
) -> tuple[TopicPartition, ...]:
    """Return what a member gives up before it joins: an eager one everything."""
    return () if is_cooperative else tuple(sorted(held))


def after_joining(
    held: Collection[TopicPartition],
    given: Collection[TopicPartition],
    *,
    is_cooperative: bool,
) -> Change:
    """Return what an assignment changes."""
    revoked = tuple(sorted(set(held) - set(given)))
    added = tuple(sorted(set(given) - set(held)))
    return Change(revoked, added, joins_again=is_cooperative and bool(revoked))


def other_assignors(tried: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the assignors to try next where a group does not know those that were tried.

    Args:
        tried: In vain.
        chosen: What the session's settings say; only their default gives way.
    """
    if chosen != ASSIGNORS_EAGER:
        return None
    return (ASSIGNOR_COOPERATIVE,) if tried == ASSIGNORS_EAGER else ASSIGNORS_EAGER
