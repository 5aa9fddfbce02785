"""Shard: the groups of one partition of ``__consumer_offsets`` that this node leads.

States: loading -> active, or loading -> failed (the log is damaged: operators are told, the others
serve); any -> closed.
Invariants:
    Nothing is written before everything was read, so the last word on each key is known.
    A group is here when something of it is written, or being written, or somebody is in it.
Called by: coordinator. Calls: journal, replay, group.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from functools import partial

from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.consumer_protocol.consumer_group import ConsumerGroup
from app.coordinators.groups.consumer_protocol.members_at_work import ConsumerGroupRules
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.group import Group
from app.coordinators.groups.journal import Journal, Spawn, Then
from app.coordinators.groups.membership import ClassicGroup
from app.coordinators.groups.model import GroupState
from app.coordinators.groups.offsets import GroupOffsets, TopicPartition
from app.coordinators.groups.records import (
    KeyValue,
    OffsetRecord,
    encode_offset,
)
from app.coordinators.groups.replay import LoadedGroup, Replay
from app.telemetry.clock import Clock
from storage.errors import DiskError, LogError

_logger = logging.getLogger(__name__)

TOMBSTONE_BYTES_MAX = 256 * 1024
"""Keys that one batch of deletions may hold; ``max.message.bytes`` is four times as much."""

Told = Callable[[ErrorCode], None]
"""What follows something that is written: its outcome."""

_Named = tuple[TopicPartition | None, KeyValue]


async def outcome_of(begin: Callable[[Told], None]) -> ErrorCode:
    """Begin something that is written, and return what became of it."""
    outcome: asyncio.Future[ErrorCode] = asyncio.get_running_loop().create_future()

    def tell(error: ErrorCode) -> None:
        if not outcome.done():  # who asked may have left
            outcome.set_result(error)

    begin(tell)
    return await outcome


class ShardState(Enum):
    """Whether the groups of a partition can be asked."""

    LOADING = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    ACTIVE = ErrorCode.NONE
    FAILED = ErrorCode.COORDINATOR_NOT_AVAILABLE
    CLOSED = ErrorCode.NOT_COORDINATOR


class Shard:
    """One partition's groups."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        spawn: Spawn,
        limits: MembershipLimits,
        consumer_rules: ConsumerGroupRules | None = None,
    ) -> None:
        """Serve nothing until ``load`` has read the partition."""
        self._clock = clock
        self._journal = journal
        self._spawn = spawn
        self._limits = limits
        self._consumer_rules = consumer_rules or ConsumerGroupRules()
        self._groups: dict[str, Group] = {}
        self.state = ShardState.LOADING

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(tuple(self._groups.values()))

    def open(self, name: str, topics: Collection[str]) -> None:
        """Read the partition: at once if it is empty, else in a task.

        Args:
            name: Of the partition, for operators.
            topics: Those there are now; see ``forget_topics``.
        """
        if self._journal.is_empty:
            self.state = ShardState.ACTIVE
        else:
            self._spawn(self._load(name, topics))

    def get(self, group_id: str) -> Group | None:
        """Return a group, or None."""
        return self._groups.get(group_id)

    def get_or_create(self, group_id: str) -> Group:
        """Return a group; a new one is written when something is decided in it."""
        found = self._groups.get(group_id)
        if found is None:
            found = self._add(group_id, ClassicGroup(self._limits), GroupOffsets())
        return found

    def be_consumer(self, group: Group) -> None:
        """Let a group that nobody is in go on with KIP-848's protocol."""
        rules = self._consumer_rules
        group.be_consumer(ConsumerGroup(rules.size_max), rules)

    def sweep(self, retention_ms: int) -> None:
        """Forget offsets that have expired, and groups of which nothing is left (KIP-211)."""
        if self.state is not ShardState.ACTIVE:
            return
        now_ms = self._clock.now_ms()
        for group in self:
            expired = group.offsets.expired(group.expiry(), now_ms, retention_ms)
            is_left = len(group.offsets) > len(expired) or not group.offsets.is_settled
            is_over = group.state is GroupState.EMPTY and not is_left
            if group.is_unused:
                self._forget(group)
            elif is_over and not group.is_writing and not group.membership.members.pending:
                self.delete(group, _nothing)
            elif expired:
                self.delete_offsets(group, expired, _nothing)

    def forget_topics(self, topics: Collection[str]) -> None:
        """Forget the offsets of topics that were deleted."""
        if self.state is not ShardState.ACTIVE:
            return
        for group in self:
            gone = [partition for partition, _ in group.offsets if partition[0] in topics]
            if gone:
                self.delete_offsets(group, gone, _nothing)

    def delete_offsets(
        self, group: Group, partitions: Collection[TopicPartition], then: Told
    ) -> None:
        """Write that offsets are gone, and forget them when that is durable."""
        for chunk, is_last in _chunks([_tombstone(group, one) for one in partitions]):
            removed = [partition for partition, _ in chunk if partition is not None]
            follow = then if is_last else _nothing
            group.write([record for _, record in chunk], partial(_removed, group, removed, follow))

    def delete(self, group: Group, then: Told) -> None:
        """Write that a group and its offsets are gone; it answers nobody from now on.

        A group of the same id that comes meanwhile is a new one: what it writes comes later.
        """
        gone = [(None, one) for one in group.gone()]
        left = _left(group)
        self._forget(group)
        errors: list[ErrorCode] = []

        def written(error: ErrorCode, _base_offset: int, *, is_last: bool) -> None:
            errors.append(error)
            if is_last:
                refused = next((one for one in errors if one is not ErrorCode.NONE), None)
                if refused is not None:
                    self._restore(group, left)
                then(refused or ErrorCode.NONE)

        records = [_tombstone(group, one) for one in group.offsets.partitions]
        for chunk, is_last in _chunks([*records, *gone]):
            self._append([record for _, record in chunk], partial(written, is_last=is_last))

    def close(self) -> None:
        """End: another node leads the partition now, or nobody does."""
        self.state = ShardState.CLOSED
        for group in self:
            self._forget(group)

    async def _load(self, name: str, topics: Collection[str]) -> None:
        replay = Replay()
        try:
            async for data, position, header in self._journal.read():
                replay.take(data, position, header)
        except (MalformedRecord, LogError, DiskError) as error:
            if self.state is ShardState.LOADING:
                self.state = ShardState.FAILED
            _logger.error("the groups of %s cannot be read: %s", name, error)
            return
        if self.state is not ShardState.LOADING:
            return
        for group_id, loaded in replay.groups.items():
            self._add_loaded(group_id, loaded)
        self.state = ShardState.ACTIVE
        known = {topic for group in self for (topic, _), _ in group.offsets}
        self.forget_topics(known - set(topics))
        _logger.info("the groups of %s are loaded: %d", name, len(self))

    def _add_loaded(self, group_id: str, loaded: LoadedGroup) -> None:
        if loaded.metadata is None:
            group = self._add(group_id, ClassicGroup(self._limits), loaded.offsets)
            if loaded.parts:
                rules = self._consumer_rules
                group.be_consumer(ConsumerGroup(rules.size_max, loaded.parts), rules)
            return
        membership, effects = ClassicGroup.loaded(self._limits, loaded.metadata)
        self._add(group_id, membership, loaded.offsets).carry_out(effects)

    def _add(self, group_id: str, membership: ClassicGroup, offsets: GroupOffsets) -> Group:
        group = Group(group_id, membership, offsets, self._clock, self._append)
        self._groups[group_id] = group
        return group

    def _append(self, records: Sequence[KeyValue], then: Then) -> bool:
        return self._journal.append(self._spawn, records, then)

    def _forget(self, group: Group) -> None:
        if self._groups.get(group.group_id) is group:
            del self._groups[group.group_id]
        group.close()

    def _restore(self, group: Group, left: LoadedGroup) -> None:
        """Take a group back whose deletion was not written."""
        if self.state is not ShardState.ACTIVE:
            return
        successor = self._groups.get(group.group_id)
        if successor is None:
            self._add_loaded(group.group_id, left)
            return
        for partition, committed in group.offsets:
            successor.offsets.put(partition, committed)


def _left(group: Group) -> LoadedGroup:
    """Return what is there of a group, should its deletion fail."""
    if group.consumer is None:
        return LoadedGroup(metadata=group.membership.metadata(), offsets=group.offsets)
    consumer = group.consumer.group
    values = ((part, consumer.value(part)) for part in consumer.parts())
    parts = {part: value for part, value in values if value is not None}
    return LoadedGroup(parts=parts, offsets=group.offsets)


def _tombstone(group: Group, partition: TopicPartition) -> tuple[TopicPartition, KeyValue]:
    gone = OffsetRecord(group_id=group.group_id, partition=partition, committed=None)
    return partition, encode_offset(gone)


def _chunks(records: Sequence[_Named]) -> Iterator[tuple[list[_Named], bool]]:
    """Yield records in batches that are not too large, and with each whether it is the last."""
    chunk: list[_Named] = []
    size = 0
    for one in records:
        key = one[1][0]
        if chunk and size + len(key) > TOMBSTONE_BYTES_MAX:
            yield chunk, False
            chunk, size = [], 0
        chunk.append(one)
        size += len(key)
    yield chunk, True


def _removed(
    group: Group,
    partitions: Collection[TopicPartition],
    then: Told,
    error: ErrorCode,
    _base_offset: int,
) -> None:
    if error is ErrorCode.NONE:
        for one in partitions:
            group.offsets.remove(one)
    then(error)


def _nothing(_error: ErrorCode) -> None:
    """Wait for nothing."""
