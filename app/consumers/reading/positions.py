"""Where a session stands in each partition, what its client surely has, and whose turn it is.

A partition has three marks that only move forward between seeks:
committed <= acknowledged <= position. The position is where the next poll reads; what lies between
the last two was handed out and may not have arrived. Acknowledged is what the client showed to
have, by asking for more: only that is ever committed by itself.

States of a partition: to be looked up (in what the group has committed) -> known; known -> to be
reset (what it stood at is not there) -> known. A seek makes it known at once.

Invariants:
    An epoch is used once; it rises with every assignment and every seek, so what was begun in an
    earlier one (a read, a look-up) is told apart and dropped.
    What was handed out is handed out again only after a seek, a give-back, or a new assignment.
    Whoever was served goes behind all others.
Pure: no clock, no I/O. Called by: polling, session. Calls: nothing.
Source: Kafka's ``SubscriptionState`` and ``ConsumerCoordinator`` (auto commit).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from app.consumers.errors import NotAssigned
from app.consumers.model import (
    NO_LEADER_EPOCH,
    OffsetToCommit,
    Position,
    TopicPartition,
)


class Standing(Enum):
    """What is known of a position."""

    TO_LOOK_UP = "to look up"
    TO_RESET = "to reset"
    KNOWN = "known"


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a session stands in one partition."""

    epoch: int
    standing: Standing = Standing.TO_LOOK_UP
    topic_id: str = ""
    """Of the topic that the offsets are of; another of the same name has others."""

    offset: int = 0
    leader_epoch: int = NO_LEADER_EPOCH
    acknowledged: int = 0
    acknowledged_epoch: int = NO_LEADER_EPOCH
    committed: int | None = None
    """As far as this session knows; None: nothing, or unknown."""

    is_untouched: bool = True
    """Nothing was handed out since the position was looked up."""

    is_paused: bool = False
    is_held: bool = False
    """It is about to be taken away: nothing of it is handed out any more."""

    @property
    def is_readable(self) -> bool:
        """Whether a poll may hand out its records."""
        return self.standing is Standing.KNOWN and not (self.is_paused or self.is_held)

    def acknowledge(self, offset: int) -> None:
        """Note that the client has all before an offset."""
        self.acknowledged = offset
        is_position = offset == self.offset  # the leader epoch is known there only
        self.acknowledged_epoch = self.leader_epoch if is_position else NO_LEADER_EPOCH


class Positions:
    """The partitions that a session reads."""

    def __init__(self, epoch: int = 0) -> None:
        """Read nothing.

        Args:
            epoch: The last one that an earlier life of the session has used.
        """
        self._places: dict[TopicPartition, Place] = {}
        self.epoch = epoch

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._places

    def __iter__(self) -> Iterator[tuple[TopicPartition, Place]]:
        """Yield all, whoever waits longest first."""
        return iter(tuple(self._places.items()))

    @property
    def assignment(self) -> tuple[TopicPartition, ...]:
        """All partitions, sorted."""
        return tuple(sorted(self._places))

    @property
    def known(self) -> Mapping[TopicPartition, Position]:
        """The positions that are known."""
        return {
            one: Position(one.topic, one.partition, place.offset, place.leader_epoch)
            for one, place in sorted(self._places.items())
            if place.standing is Standing.KNOWN
        }

    def get(self, partition: TopicPartition) -> Place | None:
        """Return a place to look at, or None."""
        return self._places.get(partition)

    def at(self, partition: TopicPartition) -> Place:
        """Return a place.

        Raises:
            NotAssigned: The session does not read it.
        """
        place = self._places.get(partition)
        if place is None:
            raise NotAssigned(f"partition {partition.topic}-{partition.partition} is not assigned")
        return place

    # -- which partitions ----------------------------------------------------------------------

    def add(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these too; those that are read already stay as they are."""
        new = [one for one in partitions if one not in self._places]
        if new:
            self.epoch += 1
            for one in new:
                self._places[one] = Place(epoch=self.epoch)

    def remove(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these no more."""
        for one in partitions:
            self._places.pop(one, None)

    def pause(self, partitions: Collection[TopicPartition], *, paused: bool = True) -> None:
        """Hand out nothing of these, or go on; all or none.

        Raises:
            NotAssigned: The session does not read one of them.
        """
        for place in [self.at(one) for one in partitions]:
            place.is_paused = paused

    def hold(self, partitions: Iterable[TopicPartition]) -> None:
        """Hand out nothing of these any more; they are about to be taken away."""
        for one in partitions:
            if one in self._places:
                self._places[one].is_held = True

    # -- where in them -------------------------------------------------------------------------

    def look_up(
        self, partition: TopicPartition, position: Position, committed: int | None, topic_id: str
    ) -> None:
        """Take a position that was found; ``committed`` is what the group has, if anything."""
        place = self.at(partition)
        assert place.standing is not Standing.KNOWN, "a known position is not looked up"
        place.standing = Standing.KNOWN
        place.topic_id = topic_id
        place.offset = place.acknowledged = position.offset
        place.leader_epoch = place.acknowledged_epoch = position.leader_epoch
        place.committed = committed
        place.is_untouched = True

    def reset(self, partition: TopicPartition) -> None:
        """Note that what a partition stood at is not there: it is to be found anew."""
        self.epoch += 1
        place = self.at(partition)
        place.epoch = self.epoch
        place.standing = Standing.TO_RESET

    def seek(self, positions: Collection[Position], topic_ids: Mapping[str, str]) -> int:
        """Go to these positions, all or none.

        Args:
            positions: Where to.
            topic_ids: Of the topics that exist, by name.

        Returns:
            The new epoch.

        Raises:
            NotAssigned: The session does not read one of them.
        """
        places = [(self.at(one.topic_partition), one) for one in positions]
        self.epoch += 1
        for place, to in places:
            place.epoch = self.epoch
            place.standing = Standing.KNOWN
            place.topic_id = topic_ids.get(to.topic, "")
            place.offset = place.acknowledged = to.offset
            place.leader_epoch = place.acknowledged_epoch = to.leader_epoch
            place.is_untouched = False
        return self.epoch

    def hand_out(
        self,
        partition: TopicPartition,
        epoch: int,
        offset: int,
        after: tuple[int, int],
        *,
        is_empty: bool = False,
    ) -> bool:
        """Move on: records are handed out from an offset on.

        Args:
            partition: Whose.
            epoch: In which they were looked for.
            offset: Where the position was then.
            after: Where it is then, and the leader epoch of the last record before.
            is_empty: Only markers and the like are passed over: there is nothing to be had.

        Returns:
            Whether they may go out: False when the session has moved meanwhile.
        """
        place = self._places.get(partition)
        if place is None or place.epoch != epoch or not place.is_readable:
            return False
        if place.offset != offset:
            return False
        assert after[0] > offset, "a poll moves on"
        has_all = place.acknowledged == place.offset
        place.offset, place.leader_epoch = after
        if is_empty:
            if has_all:
                place.acknowledge(place.offset)
            return True
        place.is_untouched = False
        del self._places[partition]
        self._places[partition] = place
        return True

    def give_back(self, partition: TopicPartition, epoch: int, offset: int) -> bool:
        """Go back to an offset: what was handed out from there on did not reach the client.

        Returns:
            False when the session has moved meanwhile, or the client has shown to have it.
        """
        place = self._places.get(partition)
        if place is None or place.epoch != epoch or place.standing is not Standing.KNOWN:
            return False
        if not place.acknowledged <= offset <= place.offset:
            return False
        if offset < place.offset:
            is_acknowledged = offset == place.acknowledged
            place.offset = offset
            place.leader_epoch = place.acknowledged_epoch if is_acknowledged else NO_LEADER_EPOCH
        return True

    # -- what the client has -------------------------------------------------------------------

    def acknowledge(self) -> None:
        """The client asks for more, so it has all that was handed out."""
        for place in self._places.values():
            if place.standing is Standing.KNOWN:
                place.acknowledge(place.offset)

    def acknowledge_to(self, partition: TopicPartition, offset: int) -> None:
        """The client says that it has all before an offset of a partition."""
        place = self._places.get(partition)
        if place is None or place.standing is not Standing.KNOWN:
            return
        if place.acknowledged < offset <= place.offset:
            place.acknowledge(offset)

    def outstanding(self, partitions: Iterable[TopicPartition] | None = None) -> bool:
        """Return whether something was handed out that the client has not shown to have."""
        meant = self._places if partitions is None else partitions
        places = [self._places[one] for one in meant if one in self._places]
        return any(
            one.standing is Standing.KNOWN and one.acknowledged < one.offset for one in places
        )

    def to_commit(self) -> dict[TopicPartition, OffsetToCommit]:
        """Return what the client surely has and the group has not committed."""
        return {
            one: OffsetToCommit(place.acknowledged, place.acknowledged_epoch)
            for one, place in self._places.items()
            if place.standing is Standing.KNOWN and place.acknowledged != place.committed
        }

    def handed_out(self) -> dict[TopicPartition, OffsetToCommit]:
        """Return all that was handed out: what a commit without offsets means."""
        return {
            one: OffsetToCommit(place.offset, place.leader_epoch)
            for one, place in self._places.items()
            if place.standing is Standing.KNOWN
        }

    def committed(self, partition: TopicPartition, offset: int) -> None:
        """Note what is committed now.

        A client that goes on after a restart commits first what it had: a position that was only
        looked up moves on with it, so that nothing committed is handed out again.
        """
        place = self._places.get(partition)
        if place is None or place.standing is not Standing.KNOWN:
            return
        place.committed = offset
        if place.is_untouched and offset > place.offset:
            place.offset = place.acknowledged = offset
            place.leader_epoch = place.acknowledged_epoch = NO_LEADER_EPOCH
        elif place.acknowledged < offset <= place.offset:
            place.acknowledge(offset)
