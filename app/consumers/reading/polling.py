"""Polling: waits for records in the partitions of one session, and hands them out in turn.

A poll answers at the first data (or ``fetch_min_bytes``), and empty only after the wait. It looks
first in what was read and kept, then in the log; reading may wait for a disk, so what was found is
handed out only if the session has not moved meanwhile, all in one step.

Invariants:
    One poll at a time: a later one ends an earlier one, which answers empty; so a client that
    lost its connection and asks again loses nothing to its own former question.
    A poll holds at most its limit of bytes, or one batch, and ``PARTITION_BYTES_MAX`` of each read.
    A partition in trouble does not hold up the others: its refusal is told when they have nothing.
Called by: session. Calls: broker.fetch, positions, read_ahead, shared_reads, starts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    CoordinatorLoadInProgress,
    CoordinatorNotAvailable,
    FencedLeaderEpoch,
    KafkaStorageError,
    NotCoordinator,
    NotLeaderOrFollower,
    OffsetOutOfRange,
    UnknownLeaderEpoch,
    UnknownTopicOrPartition,
)
from app.broker.fetch import (
    FetchBounds,
    FetchedPartition,
    WantedPartition,
    begin_fetch,
    read_slice,
)
from app.broker.partitions import ANY_LEADER_EPOCH
from app.consumers.errors import LogTruncated
from app.consumers.model import (
    OffsetReset,
    Polled,
    PolledSlice,
    Position,
    SessionSettings,
    TopicPartition,
)
from app.consumers.reading.batches import Cut, Limits
from app.consumers.reading.positions import Place, Positions, Standing
from app.consumers.reading.read_ahead import ReadAhead, Rest
from app.consumers.reading.shared_reads import SharedReads
from app.consumers.reading.starts import Start
from app.replication.partition import Partition
from app.replication.purgatory import Watchers, watching
from app.security.acls import Operation, topic
from app.security.principal import Principal
from storage.errors import CorruptBatch

_logger = logging.getLogger(__name__)

PARTITION_BYTES_MAX = 1024 * 1024
"""What is read of one partition at a time (``max.partition.fetch.bytes``); a batch may be more."""

RETRY_SECONDS = 0.1
"""How soon a poll looks again where something is away for the moment."""

RECHECK_SECONDS = 2.0
"""How soon a poll that waits finds out that it may not read any more."""

_PASSING = (
    UnknownTopicOrPartition,
    NotLeaderOrFollower,
    FencedLeaderEpoch,
    UnknownLeaderEpoch,
    CoordinatorLoadInProgress,
    CoordinatorNotAvailable,
    NotCoordinator,
)
"""A poll waits for the end of these, as Kafka's client does."""

FindStart = Callable[[TopicPartition, Standing], Start]
"""Finds where to begin in a partition.

Raises:
    BrokerError: Nowhere, or it cannot be asked at the moment.
"""

Began = Callable[[Sequence[Start]], Awaitable[None]]
"""Told of the places where the session begins, before anything of them is handed out."""


class _Found(NamedTuple):
    """What may be handed out of one partition."""

    partition: TopicPartition
    epoch: int
    offset: int
    rest: Rest
    cut: Cut


class _Looked(NamedTuple):
    """What one look has brought."""

    slices: tuple[PolledSlice, ...] = ()
    has_moved: bool = False
    """A position has changed, so another look may bring more at once."""

    is_passing: bool = False
    """Something is away that may be back soon."""


class PollLimits(NamedTuple):
    """How much one poll hands out, and how little is too little while it may wait."""

    records_max: int
    bytes_max: int
    bytes_min: int = 1


class Poller:
    """Polls for one session."""

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        settings: SessionSettings,
        positions: Positions,
        memory: tuple[ReadAhead, SharedReads],
        starts: tuple[FindStart, Began],
    ) -> None:
        """Read what the positions say.

        Args:
            context: The broker.
            principal: Who reads.
            settings: As the client chose.
            positions: Where it stands.
            memory: What was read: by this session and not handed out, by all of them lately.
            starts: Where to begin, and who is told of it.
        """
        self._context = context
        self.principal = principal
        self._settings = settings
        self._positions = positions
        self._read_ahead, self._reads = memory
        self._find_start, self._began = starts
        self._turn = 0
        self.changed = Watchers()
        """Woken when the session has changed in any way, so that a poll looks again."""

        self.trouble: BrokerError | None = None
        """Why the session is given nothing; a poll that finds nothing is refused with it."""

    def interrupt(self) -> None:
        """End the poll that waits, if one does; it answers empty."""
        self._turn += 1
        self.changed.wake_all()

    async def poll(self, limits: PollLimits, wait_seconds: float) -> Polled:
        """Return records, or nothing after the wait.

        Raises:
            BrokerError: Nothing can be handed out before the client does something about this.
        """
        self.interrupt()
        turn = self._turn
        deadline = self._context.clock.monotonic() + wait_seconds
        while True:
            with watching([self.changed, *self._watchers()]) as operation:
                left = deadline - self._context.clock.monotonic()
                looked = await self._look(
                    limits if left > 0 else limits._replace(bytes_min=1), turn
                )
                if turn != self._turn or looked.slices:
                    return Polled(looked.slices, self._positions.epoch)
                if looked.has_moved:
                    await asyncio.sleep(0)
                elif left <= 0:
                    return Polled((), self._positions.epoch)
                else:
                    await operation.wait(
                        min(left, RETRY_SECONDS if looked.is_passing else RECHECK_SECONDS)
                    )

    def _watchers(self) -> list[Watchers]:
        replicas = [self._replica(one) for one, place in self._positions if not place.is_paused]
        return [replica.watchers for replica in replicas if replica is not None]

    def _replica(self, partition: TopicPartition) -> Partition | None:
        topic = self._context.image.topics.get(partition.topic)
        if topic is None:
            return None
        return self._context.replicas.get(topic.topic_id, partition.partition)

    # -- one look ------------------------------------------------------------------------------

    async def _look(self, limits: PollLimits, turn: int) -> _Looked:
        problems = [self.trouble] if self.trouble is not None else []
        has_moved = await self._find_starts(problems)
        kept, wanted = self._where_to_look()
        fetched = await self._fetch(wanted, limits) if wanted else {}
        for partition, answer in tuple(fetched.items()):
            has_moved |= self._take_trouble(partition, answer, problems)
        size = sum(len(one.data) - one.resume_at for one in kept.values())
        size += sum(one.found.size for one in fetched.values() if one.found is not None)
        slices: tuple[PolledSlice, ...] = ()
        if size >= max(1, limits.bytes_min):
            found = await self._read(kept, fetched, limits, problems)
            if turn != self._turn:
                return _Looked()
            slices, moved = self._hand_out(found)
            has_moved |= moved
        grave = [one for one in problems if not isinstance(one, _PASSING)]
        if grave and not slices:
            raise grave[0]
        return _Looked(slices, has_moved, is_passing=bool(problems))

    async def _find_starts(self, problems: list[BrokerError]) -> bool:
        """Look up positions that are not known; return whether one is now."""
        starts: list[tuple[int, Start]] = []
        for partition, place in self._positions:
            self._notice_another_topic(partition, place)
            if place.standing is not Standing.KNOWN:
                try:
                    found = self._find_start(partition, place.standing)
                except BrokerError as error:
                    problems.append(error)
                else:
                    starts.append((place.epoch, found))
        if starts:
            await self._began([start for _, start in starts])
        has_found = False
        for epoch, start in starts:
            partition = start.position.topic_partition
            place_now = self._positions.get(partition)
            if place_now is None or place_now.epoch != epoch:
                continue
            if place_now.standing is not Standing.KNOWN:
                self._positions.look_up(partition, start.position, start.committed, start.topic_id)
                has_found = True
        return has_found

    def _notice_another_topic(self, partition: TopicPartition, place: Place) -> None:
        """A topic was deleted and made again under its name: old offsets mean nothing in it."""
        topic = self._context.image.topics.get(partition.topic)
        if topic is None or place.topic_id == topic.topic_id:
            return
        if place.topic_id and place.standing is Standing.KNOWN:
            self._positions.reset(partition)
        place.topic_id = topic.topic_id

    def _where_to_look(
        self,
    ) -> tuple[dict[TopicPartition, Rest], list[tuple[TopicPartition, Place]]]:
        """Return what was read before, and the partitions that may have something to be read."""
        kept: dict[TopicPartition, Rest] = {}
        wanted = []
        for partition, place in self._positions:
            if not place.is_readable:
                continue
            if not self._may_read(partition.topic):
                wanted.append((partition, place))  # the fetch refuses it, in its own words
                continue
            rest = self._read_ahead.peek(partition, place.epoch, place.offset)
            if rest is not None:
                kept[partition] = rest
                continue
            replica = self._replica(partition)
            if replica is None or replica.high_watermark != place.offset:
                wanted.append((partition, place))
        return kept, wanted

    def _may_read(self, topic_name: str) -> bool:
        """Return whether the principal still may: what was read ahead is not handed out else."""
        authorize = self._context.authorizer.authorize
        return authorize(self.principal, Operation.READ, topic(topic_name))

    async def _fetch(
        self, wanted: Sequence[tuple[TopicPartition, Place]], limits: PollLimits
    ) -> dict[TopicPartition, FetchedPartition]:
        share = min(PARTITION_BYTES_MAX, max(1, limits.bytes_max // len(wanted)))
        bounds = FetchBounds(max_bytes=limits.bytes_max, is_committed=self._settings.is_committed)
        asked = [
            WantedPartition(
                topic_name=partition.topic,
                partition=partition.partition,
                offset=place.offset,
                max_bytes=share,
                last_fetched_epoch=place.leader_epoch,
            )
            for partition, place in wanted
        ]
        answer = begin_fetch(self._context, self.principal, asked, bounds)
        fetched = answer if isinstance(answer, list) else await answer
        return {partition: one for (partition, _), one in zip(wanted, fetched, strict=True)}

    # -- what was found ------------------------------------------------------------------------

    async def _read(
        self,
        kept: dict[TopicPartition, Rest],
        fetched: dict[TopicPartition, FetchedPartition],
        limits: PollLimits,
        problems: list[BrokerError],
    ) -> list[_Found]:
        """Read and cut what fits the limits, whoever waits longest first."""
        found: list[_Found] = []
        records_left, bytes_left = limits.records_max, limits.bytes_max
        for partition, place in self._positions:
            if records_left <= 0 or (bytes_left <= 0 and records_left < limits.records_max):
                break
            epoch, offset = place.epoch, place.offset
            try:
                rest = kept.get(partition) or await self._rest(fetched.get(partition), epoch)
                if rest is None or (rest.epoch, rest.offset) != (epoch, offset):
                    continue
                taken = rest.cut(offset, Limits(records_left, max(1, bytes_left)))
            except CorruptBatch as error:
                where = f"{partition.topic}-{partition.partition}"
                _logger.error("%s is damaged at offset %d: %s", where, offset, error)
                problems.append(
                    KafkaStorageError(f"the log of {where} is damaged at offset {offset}: {error}")
                )
            except BrokerError as error:
                problems.append(error)
            else:
                found.append(_Found(partition, epoch, offset, rest, taken))
                records_left -= taken.record_count
                bytes_left -= taken.size
        return found

    async def _rest(self, fetched: FetchedPartition | None, epoch: int) -> Rest | None:
        if fetched is None or fetched.found is None:
            return None
        data = await read_slice(self._context, fetched.found)
        shared = self._reads.find(data)
        if shared is not None:
            data = shared.data
        return Rest(epoch, fetched.wanted.offset, data, 0, fetched.aborted, shared)

    def _hand_out(self, found: Sequence[_Found]) -> tuple[tuple[PolledSlice, ...], bool]:
        """Move the positions; return what goes out, and whether one has moved."""
        slices = []
        has_moved = False
        for one in found:
            taken, partition = one.cut, one.partition
            after = (taken.next_offset, taken.leader_epoch)
            if taken.next_offset <= one.offset or not self._positions.hand_out(
                partition, one.epoch, one.offset, after, is_empty=not taken.record_count
            ):
                continue
            has_moved = True
            self._read_ahead.keep(partition, one.rest.after(taken))
            if taken.record_count:
                slices.append(self._slice(one))
        return tuple(slices), has_moved

    def _slice(self, one: _Found) -> PolledSlice:
        replica = self._replica(one.partition)
        return PolledSlice(
            topic=one.partition.topic,
            partition=one.partition.partition,
            epoch=one.epoch,
            data=one.rest.data,
            batches=one.cut.batches,
            record_count=one.cut.record_count,
            start_offset=one.offset,
            next_offset=one.cut.next_offset,
            leader_epoch=one.cut.leader_epoch,
            high_watermark=replica.high_watermark if replica is not None else -1,
            last_stable_offset=replica.last_stable_offset if replica is not None else -1,
            log_start_offset=replica.log_start_offset if replica is not None else -1,
            made=one.cut.made,
        )

    # -- trouble -------------------------------------------------------------------------------

    def _take_trouble(
        self, partition: TopicPartition, answer: FetchedPartition, problems: list[BrokerError]
    ) -> bool:
        """Deal with what a partition refuses; return whether its position has changed."""
        place = self._positions.get(partition)
        if place is None or place.offset != answer.wanted.offset:
            return False
        if answer.diverging is not None:
            return self._parted(partition, answer.diverging, problems)
        if isinstance(answer.error, OffsetOutOfRange):
            return self._out_of_range(partition, place, answer, problems)
        if answer.error is not None:
            problems.append(answer.error)
        return False

    def _out_of_range(
        self,
        partition: TopicPartition,
        place: Place,
        answer: FetchedPartition,
        problems: list[BrokerError],
    ) -> bool:
        if answer.log_start_offset <= place.offset <= answer.high_watermark:
            # Only the epoch is not known any more: the offset is there.
            assert place.leader_epoch != ANY_LEADER_EPOCH, "an offset in range is in range"
            place.leader_epoch = ANY_LEADER_EPOCH
        elif self._settings.auto_offset_reset is OffsetReset.NONE:
            assert answer.error is not None, "it is out of range"
            problems.append(answer.error)
            return False
        else:
            self._positions.reset(partition)
        return True

    def _parted(
        self, partition: TopicPartition, diverging: tuple[int, int], problems: list[BrokerError]
    ) -> bool:
        """The log was cut and written anew below the position (KIP-320)."""
        epoch, end_offset = diverging
        where = f"{partition.topic}-{partition.partition}"
        if self._settings.auto_offset_reset is OffsetReset.NONE:
            problems.append(
                LogTruncated(
                    f"the log of {where} is another one from offset {end_offset} on: records that "
                    "were read are gone; seek to where to go on",
                    end_offset,
                )
            )
            return False
        _logger.warning("%s was truncated: reading it again from %d on", where, end_offset)
        topic_ids = {partition.topic: self._positions.at(partition).topic_id}
        self._positions.seek([Position(*partition, end_offset, epoch)], topic_ids)
        return True
