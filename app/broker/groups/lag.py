"""Verb: how far a group is behind, partition by partition.

Only partitions with a committed offset have a lag: without one, where members will begin is theirs
to decide.
"""

from dataclasses import dataclass

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.broker.groups.admin import DescribedMember, describe_group
from app.broker.groups.offsets import fetch_offsets
from app.broker.list_offsets import OffsetSpec, list_offsets
from app.security.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """How far a group is behind in one partition."""

    topic_name: str
    partition: int
    current_offset: int
    """The next one it will read."""

    log_end_offset: int
    """The next one that will be written and seen."""

    member: DescribedMember | None
    """Who reads it; None if nobody does."""

    @property
    def lag(self) -> int:
        """Records that are not read yet, at most."""
        return max(0, self.log_end_offset - self.current_offset)


def group_lags(context: BrokerContext, principal: Principal, group_id: str) -> list[PartitionLag]:
    """Return a group's lag, by topic and partition.

    Partitions that are not led here, or whose topic the principal may not DESCRIBE, are left out.

    Raises:
        BrokerError: The group cannot be asked, or may not be by this principal.
    """
    group = describe_group(context, principal, group_id)
    readers = {at: member for member in group.members for at in member.partitions}
    lags = []
    for at, fetched in sorted(fetch_offsets(context, principal, group_id, None).items()):
        try:
            end = list_offsets(context, principal, *at, OffsetSpec.LATEST).offset
        except BrokerError:
            continue
        lags.append(
            PartitionLag(
                topic_name=at[0],
                partition=at[1],
                current_offset=fetched.offset,
                log_end_offset=end,
                member=readers.get(at),
            )
        )
    return lags
