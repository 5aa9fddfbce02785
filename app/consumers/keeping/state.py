"""What is kept of a durable session, and the rule by which a kept position counts.

A group's commit says where to go on. Two things are newer than it and would be lost with the
memory: where the client sought to, and where the session began when nothing was committed. They
are remembered together with the commit that the group had then, and count exactly as long as it
has no other: whoever commits, commits a place that was chosen later.
Pure. Called by: session, records. Calls: nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.consumers.model import Position, SessionSettings, Subscription, TopicPartition
from app.security.principal import ANONYMOUS, Principal

NOTHING_COMMITTED = -1


class Remembered(NamedTuple):
    """A position that counts until something is committed."""

    position: Position
    topic_id: str
    commit_log_offset: int
    """The group's commit at that time: where it stands in the log of commits; -1 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """What a session is, apart from what its group has committed."""

    settings: SessionSettings
    principal: Principal = ANONYMOUS
    """Who made it; it reads and commits in their name, by what they showed and whence they came
    when they asked last."""

    subscription: Subscription | None = None
    assigned: tuple[TopicPartition, ...] | None = None
    """What the client has assigned itself; None if it has not."""

    remembered: Mapping[TopicPartition, Remembered] = field(default_factory=dict)
    epoch: int = 0
    """The last seek epoch that a client was told."""

    def with_remembered(
        self, remembered: Collection[Remembered], epoch: int, read: Collection[TopicPartition]
    ) -> "SessionState":
        """Return the state with more to remember; what is not read any more is forgotten."""
        merged = dict(self.remembered)
        merged |= {one.position.topic_partition: one for one in remembered}
        kept = {one: place for one, place in merged.items() if one in read}
        return replace(self, remembered=kept, epoch=max(epoch, self.epoch))

    def place(
        self, partition: TopicPartition, topic_id: str, commit_log_offset: int
    ) -> Position | None:
        """Return the position remembered for a partition if it counts, else None."""
        found = self.remembered.get(partition)
        if found is None or found.topic_id != topic_id:
            return None
        return found.position if found.commit_log_offset == commit_log_offset else None
