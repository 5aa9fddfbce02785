"""Reconciliation: the next step of one member from what it has to what it shall have.

It first gives up what is not its any more, and says so; only then its epoch rises, and it is given
what is free; what others still hold it gets when they have let go.

Invariants:
    A partition that somebody else holds is not given out.
    A member's epoch never falls, and rises only after it gave up what the new epoch takes away.
Called by: consumer_group. Calls: nothing (no clock, no I/O).
Source: KIP-848, "Rebalance process"; Kafka's ``CurrentAssignmentBuilder``.
"""

from collections.abc import Callable
from dataclasses import replace

from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    Current,
    Held,
    MemberState,
    Partitions,
)


def next_current(
    current: Current,
    target: Partitions,
    target_epoch: int,
    owned: Partitions | None,
    is_free: Callable[[Held], bool],
) -> Current:
    """Return where a member stands after it was heard of.

    Args:
        current: Where it stood.
        target: What it shall have in ``target_epoch``.
        target_epoch: The epoch of the newest target assignment.
        owned: What it says that it has; None: as when it last said.
        is_free: Whether nobody else holds a partition.
    """
    if current.state is MemberState.STABLE and current.epoch == target_epoch:
        return current
    is_revoking = current.state is MemberState.UNREVOKED_PARTITIONS
    if is_revoking and (owned is None or owned & current.revoking):
        return current
    kept = current.assigned & target
    revoked = current.assigned - kept
    if revoked and (owned is None or owned & revoked):
        return replace(
            current,
            state=MemberState.UNREVOKED_PARTITIONS,
            assigned=kept,
            revoking=revoked,
        )
    added = frozenset(one for one in target - kept if is_free(one))
    is_whole = kept | added == target
    is_later = target_epoch != current.epoch
    return Current(
        epoch=target_epoch,
        previous_epoch=current.epoch if is_later else current.previous_epoch,
        state=MemberState.STABLE if is_whole else MemberState.UNRELEASED_PARTITIONS,
        assigned=kept | added,
        revoking=NOTHING,
    )
